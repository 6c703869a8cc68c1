"""The single-gallery-shot CMC of the classic CUHK03 protocol."""

from itertools import product

import numpy as np
import pytest

from purereid.retrieval.distances import normalise
from purereid.retrieval.single_gallery_shot import single_gallery_shot


def unit(seed, count):
    return normalise(np.random.default_rng(seed).standard_normal((count, 8), dtype=np.float32))


def expected_cmc(distances, query_pids, gallery_pids, query_camids, gallery_camids, ranks):
    """Mean over every possible draw of one image per identity."""
    curves = []
    for q, row in enumerate(distances):
        pools = {}
        for g, pid in enumerate(gallery_pids):
            if pid != -1 and not (pid == query_pids[q] and gallery_camids[g] == query_camids[q]):
                pools.setdefault(int(pid), []).append(g)
        if query_pids[q] not in pools:
            continue
        curve, draws = np.zeros(ranks), list(product(*pools.values()))
        for draw in draws:
            order = sorted(draw, key=lambda g: (row[g], g))
            place = [gallery_pids[g] for g in order].index(query_pids[q])
            curve[place:] += 1 / len(draws)
        curves.append(curve)
    return np.mean(curves, axis=0)


def test_mean_of_many_draws_is_the_mean_of_all_draws():
    query_pids, query_camids = np.array([1, 2, 3, 9]), np.array([0, 0, 1, 0])
    gallery_pids = np.array([1, 1, 1, 2, 2, 3, 3, 4, 4, -1, 0])
    gallery_camids = np.array([0, 1, 1, 1, 0, 0, 1, 0, 1, 0, 1])
    query, gallery = unit(0, 4), unit(1, 11)
    cmc = single_gallery_shot(
        query,
        gallery,
        query_pids,
        gallery_pids,
        query_camids,
        gallery_camids,
        generator=np.random.default_rng(0),
        repeats=20_000,
        ranks=6,
    )
    expected = expected_cmc(1 - query @ gallery.T, query_pids, gallery_pids, query_camids, gallery_camids, 6)
    assert 0 < expected[0] < expected[4] == pytest.approx(1)
    np.testing.assert_allclose(cmc, expected, atol=0.01)


def test_one_image_per_identity_leaves_nothing_to_draw():
    query, gallery = unit(2, 30), unit(3, 30)
    pids = np.arange(30)
    place = np.argsort(np.argsort(1 - query @ gallery.T, axis=1), axis=1)[pids, pids]
    cmc = single_gallery_shot(query, gallery, pids, pids, generator=np.random.default_rng(0), repeats=2, ranks=30)
    np.testing.assert_allclose(cmc, [np.mean(place <= k) for k in range(30)])


@pytest.mark.parametrize("pid", [1, 2, 3])
def test_of_images_at_equal_distance_the_wrong_ones_come_first(pid):
    same = np.full((3, 4), 0.5, np.float32)
    cmc = single_gallery_shot(same[:1], same, [pid], [1, 2, 3], generator=np.random.default_rng(0), repeats=1, ranks=3)
    assert cmc.tolist() == [0, 0, 1]


def test_same_seed_same_result_and_blocks_do_not_matter():
    pids, others = np.arange(20) % 7, np.arange(50) % 7

    def cmc(seed, memory):
        generator = np.random.default_rng(seed)
        return single_gallery_shot(unit(4, 20), unit(5, 50), pids, others, generator=generator, memory=memory)

    np.testing.assert_array_equal(cmc(1, 600), cmc(1, 10**6))
    assert (cmc(1, 600) != cmc(2, 600)).any()


def test_a_query_without_a_match_is_left_out():
    query, gallery = unit(6, 2), unit(6, 2)
    cmc = single_gallery_shot(query, gallery, [1, 9], [1, 2], generator=np.random.default_rng(0), ranks=2)
    assert cmc.tolist() == [1, 1]


def test_no_query_with_a_match():
    with pytest.raises(ValueError, match="no query has a match"):
        single_gallery_shot(unit(0, 1), unit(1, 2), [1], [2, 3], generator=np.random.default_rng(0))
