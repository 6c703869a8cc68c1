"""Ranking: against a slow sort, and what must not change it."""

import tracemalloc
from dataclasses import fields
from functools import partial

import numpy as np
import pytest

from purereid.retrieval import ranking
from purereid.retrieval.camera_pairs import camera_pairs
from purereid.retrieval.distances import block_rows, cosine_blocks, normalise
from purereid.retrieval.precision import precisions
from purereid.retrieval.ragged import Ragged
from purereid.retrieval.ranking import Ranking, rank, rank_blocks, scores
from purereid.retrieval.single_gallery_shot import single_gallery_shot


def rank_distances(distances: np.ndarray, *labels: np.ndarray, **options: object) -> Ranking:
    """Rank from a matrix of distances, which stays as it is."""
    return rank_blocks([distances], *labels, **options)


def slow_rank(distances, query_pids, gallery_pids, query_camids=None, gallery_camids=None, *, files=None, top=10):
    """One dict per query: the protocol in plain loops over a sort, wrong images first at equal distance."""
    rows = []
    for q, row in enumerate(distances):
        kept = []
        for g in sorted(range(len(row)), key=lambda g: (row[g], gallery_pids[g] == query_pids[q], g)):
            same = gallery_pids[g] == query_pids[q]
            known = query_camids is not None and query_camids[q] != -1
            same_camera = known and query_camids[q] == gallery_camids[g]
            same_file = files is not None and files[0][q] != -1 and files[0][q] == files[1][g]
            if gallery_pids[g] != -1 and not (same and (same_camera or same_file)):
                kept.append((g, bool(same)))
        places = [place for place, (_, right) in enumerate(kept, start=1) if right]
        rights, wrongs = ({row[g] for g, right in kept if right is wanted} for wanted in (True, False))
        plain = [i / r for i, r in enumerate(places, start=1)]
        before = [(i - 1) / (r - 1) if r > 1 else 1.0 for i, r in enumerate(places, start=1)]
        both = [(p + b) / 2 for p, b in zip(plain, before, strict=True)]
        rows.append(
            {
                "good": len(places),
                "first": places[0] if places else 0,
                "AP": np.mean(plain) if places else np.nan,
                "AP_trapezoid": np.mean(both) if places else np.nan,
                "INP": len(places) / places[-1] if places else np.nan,
                "tied": bool(rights & wrongs),
                "top_indices": ([g for g, _ in kept] + [-1] * top)[:top],
                "top_distances": ([row[g] for g, _ in kept] + [np.inf] * top)[:top],
                "top_right": ([right for _, right in kept] + [False] * top)[:top],
            }
        )
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def people(seed, queries=40, gallery=150, ids=12, cameras=3):
    """Labels with junk (-1), distractors (0), and query identities that the gallery lacks."""
    rng = np.random.default_rng(seed)
    return (
        rng.integers(1, ids + 4, queries),
        np.where(rng.random(gallery) < 0.1, -1, rng.integers(0, ids, gallery)),
        rng.integers(0, cameras, queries),
        rng.integers(0, cameras, gallery),
    )


def unit(seed, count, width=16):
    return normalise(np.random.default_rng(seed).standard_normal((count, width), dtype=np.float32))


def assert_same(ranking, expected):
    wanted = expected if isinstance(expected, dict) else vars(expected)
    for name, values in wanted.items():
        np.testing.assert_allclose(getattr(ranking, name), values, rtol=1e-6, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("levels", [3, 40, 10**6])
def test_rank_distances_equals_slow_reference(seed, levels):
    labels = people(seed)
    distances = np.random.default_rng(seed).integers(0, levels, (40, 150)).astype(np.float32) / levels
    expected = slow_rank(distances, *labels)
    assert expected["tied"].any() == (levels < 10**6) and (expected["good"] == 0).any()
    assert_same(rank_distances(distances, *labels), expected)


def test_rank_equals_slow_reference():
    labels = people(1)
    query, gallery = unit(2, 40), unit(3, 150)
    ranking = rank(query, gallery, *labels)
    assert_same(ranking, slow_rank(1 - query @ gallery.T, *labels))
    np.testing.assert_allclose(
        ranking.top_distances[:, 0], 1 - np.sum(query * gallery[ranking.top_indices[:, 0]], 1), atol=1e-6
    )


def test_equal_features_are_ties_with_the_wrong_image_first():
    signs = np.random.default_rng(0).choice([-0.5, 0.5], (60, 4)).astype(np.float32)  # products are exact
    labels = people(4, 20, 60)
    expected = slow_rank(1 - signs[:20] @ signs.T, *labels)
    assert expected["tied"].sum() > 5
    assert_same(rank(signs[:20], signs, *labels), expected)


def test_constant_features_count_every_matched_query_as_tied():
    same = np.full((5, 4), 0.5, np.float32)
    ranking = rank(same[:2], same, np.array([1, 2]), np.array([3, 1, 1, 2, 3]))
    assert ranking.tied.tolist() == [True, True]
    assert ranking.first.tolist() == [4, 5]
    assert ranking.top_right.tolist()[0] == [False] * 3 + [True] * 2 + [False] * 5


@pytest.mark.parametrize("spread", [1, 1e-2, 1e-4, 1e-6])
def test_nearly_parallel_features_are_ranked_as_in_float64(spread):
    rng = np.random.default_rng(26)
    features = normalise(np.ones(64) + spread * rng.standard_normal((190, 64)))
    labels, exact = people(26), features.astype(np.float64)
    distances = np.square(exact[:40, None] - exact[40:]).sum(-1) / 2
    found, wanted = rank(features[:40], features[40:], *labels), slow_rank(distances, *labels)
    assert_same(found, wanted)
    np.testing.assert_allclose(found.top_distances, wanted["top_distances"], rtol=1e-3)


@pytest.mark.parametrize(("device", "width"), [("cpu", 4), ("cpu", 100), ("cpu:0", 100)])
@pytest.mark.parametrize("reverse", [False, True])
def test_images_with_one_feature_have_one_distance_wherever_they_stand(device, width, reverse):
    pids = np.arange(1003)
    query, other = unit(27, 1, width), np.repeat(unit(28, 1, width), 1003, axis=0)
    order = pids[::-1] if reverse else pids
    ranking = rank(query, other, np.array([500]), order, device=device, top=1003)
    assert (len(set(ranking.top_distances[0].tolist())), ranking.first.tolist()) == (1, [1003])
    assert rank(other[:1], other, np.array([500]), order, device=device).top_distances.max() == 0


def test_right_images_at_equal_distance_are_no_tie():
    ranking = rank_distances(np.array([[0.5, 0.2, 0.5, 0.9]]), np.array([1]), np.array([1, 2, 1, 3]))
    assert (ranking.tied.tolist(), ranking.first.tolist()) == ([False], [2])
    assert ranking.INP.tolist() == [pytest.approx(2 / 3)]


def test_without_cameras_only_the_own_file_is_removed():
    pids = np.array([1, 1, 2, 2, 2])
    features, files = unit(0, 5), np.array([10, 11, 12, 13, 13])
    unknown = np.full(5, -1)
    ranking = rank(features, features, pids, pids, unknown, unknown, query_pictures=files, gallery_pictures=files)
    assert_same(ranking, slow_rank(1 - features @ features.T, pids, pids, files=(files, files)))
    assert ranking.good.tolist() == [1, 1, 2, 1, 1]
    assert rank(features, features, pids, pids).good.tolist() == [2, 2, 3, 3, 3]


def test_a_picture_code_of_minus_one_matches_nothing():
    pids = np.array([1, 1])
    assert rank(
        unit(0, 2), unit(0, 2), pids, pids, query_pictures=[-1, -1], gallery_pictures=[-1, 5]
    ).good.tolist() == [2, 2]


def test_an_unknown_camera_is_no_camera():
    pids = np.array([1, 1])
    assert rank(unit(0, 2), unit(0, 2), pids, pids, np.array([-1, 0]), np.array([-1, 0])).good.tolist() == [2, 1]


@pytest.mark.parametrize(
    ("pattern", "plain", "trapezoid"), [("1010", 5 / 6, 19 / 24), ("01000", 0.5, 0.25), ("1100", 1.0, 1.0)]
)
def test_average_precisions_of_known_lists(pattern, plain, trapezoid):
    hits = np.flatnonzero([letter == "1" for letter in pattern]) + 1
    AP, AP_trapezoid, _ = precisions(Ragged(hits, np.array([0, len(hits)])))
    assert pytest.approx([plain]) == AP
    assert AP_trapezoid == pytest.approx([trapezoid])


def test_scores_are_means_over_the_queries_with_a_match():
    distances = np.array([[0.1, 0.2, 0.3, 0.4], [0.1, 0.2, 0.3, 0.4], [0.1, 0.2, 0.3, 0.4]])
    result = scores(rank_distances(distances, np.array([1, 2, 9]), np.array([1, 2, 1, 3])), ranks=4)
    assert result == {
        "mAP": pytest.approx((5 / 6 + 1 / 2) / 2),
        "mAP_trapezoid": pytest.approx((19 / 24 + 1 / 4) / 2),
        "mINP": pytest.approx((2 / 3 + 1 / 2) / 2),
        "rank1": 0.5,
        "rank5": 1.0,
        "rank10": 1.0,
        "cmc": [0.5, 1.0, 1.0, 1.0],
    }


def test_cmc_leaves_out_hits_beyond_its_end():
    distances = np.arange(8.0)[None]
    assert scores(rank_distances(distances, np.array([1]), np.array([0] * 7 + [1])), ranks=3)["cmc"] == [0, 0, 0]


def test_scores_need_a_match():
    with pytest.raises(ValueError, match="no query has a match"):
        scores(rank(unit(0, 2), unit(1, 3), np.array([1, 2]), np.array([3, 4, 5])))


def test_order_of_the_gallery_does_not_matter():
    labels, order = people(6), np.random.default_rng(1).permutation(150)
    query, gallery = unit(7, 40), unit(8, 150)
    moved = rank(query, gallery[order], labels[0], labels[1][order], labels[2], labels[3][order])
    plain = rank(query, gallery, *labels)
    for name in ("good", "first", "AP", "AP_trapezoid", "INP", "top_right"):
        np.testing.assert_array_equal(getattr(moved, name), getattr(plain, name))
    np.testing.assert_array_equal(order[moved.top_indices], plain.top_indices)


def test_inserted_junk_changes_nothing():
    labels = people(9)
    query, gallery = unit(10, 40), unit(11, 150)
    plain = rank(query, gallery, *labels)
    for q, (pid, camid) in enumerate(zip(labels[0], labels[2], strict=True)):
        more = rank(  # the query itself, once of identity -1 and once of its own identity and camera
            query[q : q + 1],
            np.concatenate([gallery, query[q : q + 1], query[q : q + 1]]),
            labels[0][q : q + 1],
            np.append(labels[1], [-1, pid]),
            labels[2][q : q + 1],
            np.append(labels[3], [camid + 1, camid]),
        )
        for name in ("good", "first", "AP", "AP_trapezoid", "INP", "top_indices"):
            np.testing.assert_array_equal(getattr(more, name)[0], getattr(plain, name)[q])


def test_order_of_the_gallery_does_not_matter_with_ties_either():
    labels, order = people(6), np.random.default_rng(1).permutation(150)
    distances = np.random.default_rng(2).integers(0, 4, (40, 150)).astype(np.float32)
    moved = rank_distances(distances[:, order], labels[0], labels[1][order], labels[2], labels[3][order])
    plain = rank_distances(distances, *labels)
    for name in ("good", "first", "AP", "AP_trapezoid", "INP", "top_right", "tied"):
        np.testing.assert_array_equal(getattr(moved, name), getattr(plain, name))


def test_distractors_at_the_end_of_the_list_change_nothing():
    labels = people(12)
    distances = np.random.default_rng(13).random((40, 150), np.float32)
    far = np.concatenate([distances, np.full((40, 30), 9, np.float32)], axis=1)
    far_labels = labels[0], np.append(labels[1], np.zeros(30, int)), labels[2], np.append(labels[3], np.zeros(30, int))
    assert_same(rank_distances(far, *far_labels), rank_distances(distances, *labels))


@pytest.mark.parametrize("rows", [1, 7, 40])
def test_block_size_changes_nothing(rows):
    labels = people(14)
    signs = np.random.default_rng(15).choice([-0.5, 0.5], (190, 4)).astype(np.float32)
    assert_same(rank(signs[:40], signs[40:], *labels, memory=rows * 150 * 4), rank(signs[:40], signs[40:], *labels))


@pytest.mark.parametrize("threads", ["1", "3"])
@pytest.mark.parametrize("chunk", [1, 7 * 150 * 4])
def test_threads_change_nothing(monkeypatch, threads, chunk):
    labels = people(20)
    distances = np.random.default_rng(20).integers(0, 40, (40, 150)).astype(np.float32)
    expected = rank_distances(distances, *labels)
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    monkeypatch.setattr(ranking, "CHUNK_BYTES", chunk)
    found = rank_distances(distances, *labels)
    for field in fields(found):
        np.testing.assert_array_equal(getattr(found, field.name), getattr(expected, field.name))


@pytest.mark.parametrize("top", [0, 1, 60, 200])
def test_lists_of_any_length(top):
    labels = people(21)
    distances = np.random.default_rng(21).integers(0, 9, (40, 150)).astype(np.float32)
    expected = slow_rank(distances, *labels, top=top)
    assert_same(rank_distances(distances, *labels, top=top), expected)


def test_other_devices_compute_the_same_ranking():
    labels = people(22)
    query, gallery = unit(23, 40), unit(24, 150)
    moved = rank(query, gallery, *labels, memory=7 * 150 * 4, device="cpu:0")  # by its number it is one of PyTorch's
    assert_same(moved, rank(query, gallery, *labels))


def test_without_queries_or_gallery_nothing_is_ranked():
    pids = np.array([1, 2, 3])
    nobody, nothing = np.empty(0, np.int64), unit(0, 3)[:0]
    assert rank(nothing, unit(0, 3), nobody, pids).top_indices.shape == (0, 10)
    with pytest.raises(ValueError, match="no query has a match"):
        scores(rank(nothing, unit(0, 3), nobody, pids))
    alone = rank(unit(0, 3), nothing, pids, nobody)
    assert (alone.without_match, set(alone.top_indices.ravel().tolist())) == (3, {-1})


@pytest.mark.parametrize("device", ["cpu", "cpu:0"])
def test_features_must_have_the_same_width(device):
    pids = np.array([1, 2, 3])
    with pytest.raises(ValueError, match=r"features of queries \[3, 16\] and of the gallery \[3, 8\]"):
        rank(unit(0, 3), unit(0, 3, 8), pids, pids, device=device)


@pytest.mark.parametrize("factor", [0.0, 2.66, 1e30, np.nan, np.inf])
@pytest.mark.parametrize("side", ["queries", "the gallery"])
def test_features_must_have_length_1(side, factor):
    query, gallery = unit(0, 40), unit(1, 150)
    (query if side == "queries" else gallery)[7] *= np.float32(factor)
    for measure in (rank, partial(single_gallery_shot, generator=np.random.default_rng(0))):
        with pytest.raises(ValueError, match=rf"1 features of {side} have not length 1: number 7"):
            measure(query, gallery, *people(0))


@pytest.mark.parametrize(("rows", "columns"), [(39, 150), (41, 150), (40, 149)])
def test_distances_must_be_those_of_all_queries_to_all_images(rows, columns):
    with pytest.raises(ValueError, match="of 40 queries"):
        rank_distances(np.zeros((rows, columns), np.float32), *people(0))


def test_blocks_of_another_type_or_order_are_taken():
    labels = people(25)
    distances = np.random.default_rng(25).random((40, 150), np.float32)
    turned = rank_blocks([np.asfortranarray(distances, np.float64)], *labels)
    assert_same(turned, rank_distances(distances, *labels))


def test_given_distances_are_not_changed():
    distances = np.random.default_rng(0).random((40, 150), np.float32)
    before = distances.copy()
    rank_distances(distances, *people(0))
    np.testing.assert_array_equal(distances, before)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_distances_must_be_finite(bad):
    distances = np.random.default_rng(0).random((40, 150), np.float32)
    distances[7, 3] = bad
    with pytest.raises(ValueError, match="not a finite number"):
        rank_distances(distances, *people(0))


def test_all_gallery_images_are_junk():
    ranking = rank(unit(0, 2), unit(1, 3), np.array([1, 2]), np.array([-1, -1, -1]))
    assert ranking.without_match == 2
    assert (ranking.top_indices == -1).all() and np.isinf(ranking.top_distances).all()


def test_memory_stays_within_the_budget(monkeypatch):
    """An MSMT-like shape, scaled: the whole matrix would take 16 MB."""
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    queries, gallery, budget = 500, 8000, 2**20
    query, others = unit(0, queries, 8), unit(1, gallery, 8)
    labels = people(2, queries, gallery, ids=400, cameras=15)
    rank(query, others, *labels, memory=budget)  # loads what is compiled
    tracemalloc.start()
    rank(query, others, *labels, memory=budget)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < budget + 2 * ranking.CHUNK_BYTES + 2**19


def test_blocks_cover_all_queries_once_within_the_budget():
    query, gallery = unit(0, 11), unit(1, 100)
    blocks = [block.copy() for block in cosine_blocks(query, gallery, memory=4 * 100 * 4)]
    assert [len(block) for block in blocks] == [4, 4, 3]
    np.testing.assert_allclose(np.concatenate(blocks), 1 - query @ gallery.T, atol=1e-6)
    assert block_rows(10**9, 1) == 1


@pytest.mark.parametrize("bad", [0, np.nan, np.inf])
def test_normalise_refuses_features_without_a_direction(bad):
    with pytest.raises(ValueError, match="feature 1 has length 0 or numbers that are not finite"):
        normalise(np.array([[1.0, 0.0], [bad, 0.0]]))


def test_camera_pairs_equal_slow_reference():
    labels = people(16)
    query, gallery = unit(17, 40), unit(18, 150)
    rows = camera_pairs(rank(query, gallery, *labels, in_cameras=True), *labels[2:])
    pids, gallery_pids, camids, gallery_camids = labels
    assert [(row["query_camid"], row["gallery_camid"]) for row in rows] == [
        (a, b) for a in range(3) for b in range(3) if a != b
    ]
    for row in rows:
        mine, seen = camids == row["query_camid"], gallery_camids == row["gallery_camid"]
        expected = slow_rank(
            1 - query[mine] @ gallery[seen].T, pids[mine], gallery_pids[seen], camids[mine], gallery_camids[seen]
        )
        assert row["queries"] == np.count_nonzero(expected["good"])
        assert row["mAP"] == pytest.approx(np.nanmean(expected["AP"]))
        assert row["mAP_trapezoid"] == pytest.approx(np.nanmean(expected["AP_trapezoid"]))
        assert row["rank1"] == pytest.approx(np.mean(expected["first"][expected["good"] > 0] == 1))


def test_ranks_in_a_camera_with_ties_and_junk():
    pids, gallery_pids, camids, gallery_camids = people(20)
    distances = np.random.default_rng(0).integers(0, 4, (40, 150)).astype(np.float32)
    ranking = rank_blocks([distances.copy()], pids, gallery_pids, camids, gallery_camids, in_cameras=True)
    assert len(ranking.in_cameras) == ranking.good.sum() and ranking.in_cameras[:, 2].max() > 10
    for query, image, place in ranking.in_cameras:
        junk = (gallery_pids == -1) | ((gallery_pids == pids[query]) & (gallery_camids == camids[query]))
        seen = np.flatnonzero((gallery_camids == gallery_camids[image]) & ~junk)
        order = seen[np.lexsort((seen, gallery_pids[seen] == pids[query], distances[query, seen]))]
        assert place == 1 + order.tolist().index(image)


def test_camera_pairs_leave_out_unknown_cameras():
    pids, gallery_pids, camids, gallery_camids = people(19)
    query, gallery = unit(0, 40), unit(1, 150)
    nobody = np.full_like(camids, -1), np.full_like(gallery_camids, -1)
    assert camera_pairs(rank(query, gallery, pids, gallery_pids, *nobody, in_cameras=True), *nobody) == []
    some = camids.copy(), gallery_camids.copy()
    some[0][:5] = some[1][:20] = -1
    rows = camera_pairs(rank(query, gallery, pids, gallery_pids, *some, in_cameras=True), *some)
    assert [(row["query_camid"], row["gallery_camid"]) for row in rows] == [
        (a, b) for a in range(3) for b in range(3) if a != b
    ]
    for row in rows:
        mine, seen = some[0] == row["query_camid"], some[1] == row["gallery_camid"]
        expected = slow_rank(
            1 - query[mine] @ gallery[seen].T, pids[mine], gallery_pids[seen], some[0][mine], some[1][seen]
        )
        assert row["queries"] == np.count_nonzero(expected["good"])
        assert row["mAP"] == pytest.approx(np.nanmean(expected["AP"]))


def test_ranks_in_cameras_need_cameras_and_camera_pairs_need_these_ranks():
    labels = people(19)
    query, gallery = unit(0, 40), unit(1, 150)
    with pytest.raises(ValueError, match="no cameras to rank the images in"):
        rank(query, gallery, *labels[:2], in_cameras=True)
    with pytest.raises(ValueError, match="the ranking was made without in_cameras"):
        camera_pairs(rank(query, gallery, *labels), *labels[2:])


@pytest.mark.parametrize(("number", "side"), [(0, "queries"), (1, "gallery"), (2, "queries"), (3, "gallery")])
def test_labels_of_other_numbers(number, side):
    labels = list(people(19))
    labels[number] = np.append(labels[number], 1)
    with pytest.raises(ValueError, match=f"labels of the {side} of different shapes"):
        rank(unit(0, 40), unit(1, 150), *labels, in_cameras=True)
