"""Nearest neighbours against sorting every row of the similarities."""

import sys
import threading
import time
import types
import warnings

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from purereid.data.neighbours import Neighbours
from purereid.errors import UserError
from purereid.retrieval import candidates, neighbours
from purereid.retrieval.distances import normalise
from purereid.retrieval.neighbours import find_neighbours, nearest_neighbours
from purereid.retrieval.torch_products import from_rows


def exact_features(count: int, seed: int = 0) -> np.ndarray:
    """Unit vectors of 16 entries -1/4 or 1/4 and 8 zeros: products and sums are exact, also in bfloat16; many ties."""
    rng = np.random.default_rng(seed)
    features = np.zeros((count, 24), np.float32)
    for row in features:
        row[rng.permutation(24)[:16]] = rng.choice([-0.25, 0.25], 16)
    return features


def random_features(count: int, width: int, seed: int = 0) -> np.ndarray:
    return normalise(np.random.default_rng(seed).standard_normal((count, width), np.float32))


def by_sorting(features: np.ndarray, k: int) -> Neighbours:
    """Plain Python on float64 similarities."""
    similarity = features.astype(np.float64) @ features.astype(np.float64).T
    order = np.array(
        [
            sorted((j for j in range(len(features)) if j != i), key=lambda j, row=row: (-row[j], j))[:k]
            for i, row in enumerate(similarity)
        ]
    )
    return Neighbours(order, np.take_along_axis(similarity, order, axis=1))


def assert_same(found: Neighbours, expected: Neighbours) -> None:
    np.testing.assert_array_equal(found.indices, expected.indices)
    np.testing.assert_array_equal(found.similarity, expected.similarity)
    assert (found.indices.dtype, found.similarity.dtype) == (np.int32, np.float32)


@pytest.mark.parametrize("precision", ["fp32", "bf16", "auto"])
@pytest.mark.parametrize("k", [1, 5, 36])
def test_equals_sorting_for_each_block_size(k: int, precision: str):
    features = exact_features(37)
    features[20:25] = features[3]
    expected = by_sorting(features, k)
    for block in [*range(1, 39), 2048]:
        assert_same(nearest_neighbours(features, k, block=block, precision=precision), expected)


@pytest.mark.parametrize("width", [3, 64, 300])
def test_same_bits_whatever_block_and_precision(monkeypatch: pytest.MonkeyPatch, width: int):
    monkeypatch.setattr(candidates, "SMALLEST", 400)
    features = random_features(400, width)
    features[150:300:7] = features[2]
    first = nearest_neighbours(features, 20, precision="fp32")
    np.testing.assert_allclose(first.similarity, by_sorting(features, 20).similarity, atol=1e-6)
    for precision in ("fp32", "bf16"):
        for block in (33, 64, 399, 400):
            assert_same(nearest_neighbours(features, 20, block=block, precision=precision), first)


def test_finds_the_true_order_of_features_that_bfloat16_cannot_tell_apart():
    rng = np.random.default_rng(1)
    features = normalise(1 + 1e-3 * rng.standard_normal((500, 32), np.float32))
    found = nearest_neighbours(features, 10, precision="bf16")
    np.testing.assert_allclose(found.similarity, by_sorting(features, 10).similarity, rtol=0, atol=3e-7)
    assert_same(found, nearest_neighbours(features, 10, precision="fp32"))


def test_an_image_is_never_its_own_neighbour_and_its_duplicates_come_by_index():
    features = random_features(60, 33)
    features[[7, 11, 50]] = features[30]
    found = nearest_neighbours(features, 4)
    assert (found.indices != np.arange(60)[:, None]).all()
    assert [found.indices[i, :3].tolist() for i in (7, 30)] == [[11, 30, 50], [7, 11, 50]]
    assert len(set(found.similarity[[7, 11, 30, 50], :3].ravel().tolist())) == 1


def test_similarities_are_the_same_in_both_directions():
    features = random_features(50, 77)
    found = nearest_neighbours(features, 49)
    full = np.zeros((50, 50), np.float32)
    full[np.arange(50)[:, None], found.indices] = found.similarity
    np.testing.assert_array_equal(full, full.T)


def test_more_equal_images_than_candidates():
    features = np.zeros((200, 8), np.float32)
    features[:, 0] = 1
    assert candidates.needed_width(features, 3, candidates.Error(0, 0)) < 199
    assert_same(nearest_neighbours(features, 3, block=50), by_sorting(features, 3))


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_too_few_candidates_change_nothing(monkeypatch: pytest.MonkeyPatch, precision: str):
    features = random_features(300, 16)
    expected = nearest_neighbours(features, 9)
    monkeypatch.setattr(candidates, "needed_width", lambda features, k, error: k)
    assert_same(nearest_neighbours(features, 9, block=64, precision=precision), expected)


@pytest.mark.parametrize("able", [True, False])
def test_auto_takes_bfloat16_only_where_it_is_computed(monkeypatch: pytest.MonkeyPatch, able: bool):
    taken = []
    from_tiles = candidates.from_tiles
    monkeypatch.setattr("purereid.networks.precision.has_bf16", lambda device: able)
    monkeypatch.setattr(candidates, "from_tiles", lambda *given: taken.append(given[3]) or from_tiles(*given))
    nearest_neighbours(exact_features(40), 39)  # all others are candidates in either precision
    assert taken == ["bf16" if able else "fp32"]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_error_of_the_product_is_below_its_bound(precision: str):
    features = random_features(200, 512)
    images, values = candidates.from_tiles(features, 199, 64, precision)
    exact = (features.astype(np.float64) @ features.astype(np.float64).T)[np.arange(200)[:, None], images]
    error = candidates.largest_error(features, precision)
    assert np.abs(values - exact).max() > 0
    assert (np.abs(values - exact) <= error.absolute + error.relative * np.abs(values)).all()


def test_whole_rows_give_the_same_candidates_as_tiles():
    features = exact_features(90)
    rows, tiles = from_rows(features, 20, 33, "cpu"), candidates.from_tiles(features, 20, 33, "fp32")
    np.testing.assert_array_equal(np.sort(rows[1], axis=1), np.sort(tiles[1], axis=1))
    for images, values in (rows, tiles):
        assert (images != np.arange(90)[:, None]).all()
        assert all(len(set(line)) == 20 for line in images.tolist())
        np.testing.assert_array_equal(np.einsum("nd,nkd->nk", features, features[images]), values)


@pytest.mark.parametrize("device", ["cpu", "cpu:0"])
@pytest.mark.parametrize("block", [1, 16, 50, 100])
@pytest.mark.parametrize("strip", [1, 7, 512])
def test_every_pair_is_shown_to_a_visitor(monkeypatch: pytest.MonkeyPatch, device: str, block: int, strip: int):
    monkeypatch.setattr(candidates, "STRIP", strip)
    features = exact_features(50)
    product = features @ features.T
    seen = np.zeros((50, 50), bool)

    def visit(rows: slice, columns: slice, part: np.ndarray) -> None:
        off = ~np.eye(50, dtype=bool)[rows, columns]  # an image itself may be marked already
        np.testing.assert_array_equal(part[off], product[rows, columns][off])
        seen[rows, columns] = True

    assert_same(nearest_neighbours(features, 4, block=block, device=device, visit=visit), by_sorting(features, 4))
    assert (seen | seen.T).all()


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_threads_work_at_once_but_never_on_one_image(monkeypatch: pytest.MonkeyPatch, precision: str):
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    features = exact_features(60)
    lock, busy, most = threading.Lock(), [], []

    def visit(rows: slice, columns: slice, part: np.ndarray) -> None:
        images = {*range(60)[rows], *range(60)[columns]}
        with lock:
            assert all(images.isdisjoint(others) for others in busy)
            busy.append(images)
            most.append(len(busy))
        time.sleep(0.01)
        with lock:
            busy.remove(images)

    found = nearest_neighbours(features, 4, block=5, precision=precision, visit=visit)
    assert_same(found, by_sorting(features, 4))
    assert max(most) > 1


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_each_thread_multiplies_without_helpers_until_all_is_done(precision: str):
    def helpers() -> set[int]:
        if precision == "bf16":
            return {torch.get_num_threads()}
        return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}

    features, seen, before = exact_features(40), set(), torch.get_num_threads()
    nearest_neighbours(features, 4)  # loads all libraries
    with threadpool_limits(3, user_api="blas"):
        torch.set_num_threads(3)
        try:
            nearest_neighbours(features, 4, precision=precision, visit=lambda *_: seen.update(helpers()))
            assert (seen, helpers()) == ({1}, {3})
            with pytest.raises(ZeroDivisionError):
                nearest_neighbours(features, 4, precision=precision, visit=lambda *_: 1 / 0)
            assert helpers() == {3}
        finally:
            torch.set_num_threads(before)


def test_more_images_than_one_window_or_chunk():
    features = exact_features(2 * max(neighbours.WINDOW, neighbours.CHUNK) + 100)
    similarity = features @ features.T
    np.fill_diagonal(similarity, -np.inf)
    some = np.arange(0, len(features), 97)
    order = np.argsort(-similarity[some], axis=1, kind="stable")[:, :7]
    found = nearest_neighbours(features, 7)
    np.testing.assert_array_equal(found.indices[some], order)
    np.testing.assert_array_equal(found.similarity[some], similarity[some[:, None], order])


@pytest.mark.parametrize("number", [1, 2, 5])
def test_small_sets_are_divided_among_the_threads(monkeypatch: pytest.MonkeyPatch, number: int):
    monkeypatch.setenv("OMP_NUM_THREADS", str(number))
    features, parts = random_features(1100, 70), []
    features[200:1100:9] = features[5]
    found = nearest_neighbours(features, 20, visit=lambda *part: parts.append(part[:2]))
    assert len(parts) == {1: 8, 2: 10, 5: 15}[number]  # 2 blocks in two strips each; 4 blocks; 5 blocks of up to 256
    monkeypatch.setattr(candidates, "SMALLEST", 2048)
    assert_same(found, nearest_neighbours(features, 20))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_same_bits_on_a_gpu():
    features = random_features(3000, 256)
    features[5:3000:9] = features[1]
    expected = nearest_neighbours(features, 30)
    assert_same(nearest_neighbours(features, 30, block=700, device="cuda"), expected)


def test_takes_features_that_are_read_only_or_in_float64():
    features = exact_features(30)
    expected = nearest_neighbours(features, 3)
    features.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for precision in ("fp32", "bf16"):
            assert_same(nearest_neighbours(features, 3, precision=precision), expected)
        assert_same(nearest_neighbours(np.asfortranarray(features, np.float64), 3), expected)


@pytest.mark.parametrize(
    ("row", "factor", "message"),
    [
        (4, np.nan, "1 features have not length 1, the first that of image 4: nan"),
        (0, np.inf, "1 features have not length 1, the first that of image 0: "),
        (9, 0, "1 features have not length 1, the first that of image 9: 0"),
        (2, 1.01, "1 features have not length 1, the first that of image 2: 1.01"),
    ],
)
@pytest.mark.parametrize("method", ["exact", "ivf"])
def test_refuses_features_that_are_not_of_length_1(method: str, row: int, factor: float, message: str):
    features = exact_features(10)
    features[row, features[row] != 0] *= factor
    with pytest.raises(UserError, match=message):
        find_neighbours(features, 3, method=method)


@pytest.mark.parametrize(
    ("count", "k", "message"),
    [
        (10, 10, r"10 neighbours of each of 10 images\n.*1 to 9"),
        (10, 0, "0 neighbours of each of 10 images"),
        (1, 1, r"1 neighbours of each of 1 images\n.*at least 2 images"),
        (0, 5, "5 neighbours of each of 0 images"),
    ],
)
def test_refuses_numbers_of_neighbours_that_no_image_has(count: int, k: int, message: str):
    with pytest.raises(UserError, match=message):
        nearest_neighbours(exact_features(count), k)


def test_refuses_other_settings():
    features = exact_features(10)
    with pytest.raises(UserError, match="blocks of 0 images"):
        nearest_neighbours(features, 3, block=0)
    with pytest.raises(UserError, match=r"precision 'fp16' on device cpu\n.*auto or fp32 or bf16"):
        nearest_neighbours(features, 3, precision="fp16")
    with pytest.raises(UserError, match=r"precision 'bf16' on device cuda:3\n.*auto or fp32"):
        nearest_neighbours(features, 3, precision="bf16", device="cuda:3")
    with pytest.raises(UserError, match="unknown method 'annoy'"):
        find_neighbours(features, 3, method="annoy")
    with pytest.raises(UserError, match="5 probes of 4 lists"):
        find_neighbours(features, 3, method="ivf", lists=4, probes=5)
    with pytest.raises(UserError, match="4 probes of 11 lists"):
        find_neighbours(features, 3, method="ivf", lists=11, probes=4)
    with pytest.raises(ValueError, match="shape"):
        nearest_neighbours(features[0], 3)


class PretendedIndex:
    """What is used of faiss.IndexIVFFlat, looking at all vectors; a search may be made to find only some."""

    limit = 10**9

    def __init__(self, quantizer: object, width: int, lists: int, metric: str):
        assert (width, metric) == (24, "inner product")
        self.trained, self.nprobe = False, 1

    def train(self, features: np.ndarray) -> None:
        self.trained = True

    def add(self, features: np.ndarray) -> None:
        assert self.trained
        self.features = features

    def search(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        assert self.nprobe == 2
        similarity = queries @ self.features.T
        order = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
        order[:, self.limit :] = -1
        return np.take_along_axis(similarity, order, axis=1), order


@pytest.fixture
def pretended_faiss(monkeypatch: pytest.MonkeyPatch) -> type[PretendedIndex]:
    names = {"IndexFlatIP": lambda width: None, "IndexIVFFlat": PretendedIndex, "METRIC_INNER_PRODUCT": "inner product"}
    monkeypatch.setitem(sys.modules, "faiss", types.SimpleNamespace(**names))
    return PretendedIndex


def test_approximate_index_leaves_out_the_image_itself(
    monkeypatch: pytest.MonkeyPatch, pretended_faiss: type[PretendedIndex]
):
    monkeypatch.setattr(neighbours, "BLOCK", 16)
    features = random_features(50, 24)
    features[[3, 40]] = features[20]
    found = find_neighbours(features, 6, method="ivf", lists=4, probes=2)
    assert_same(found, nearest_neighbours(features, 6))


def test_approximate_index_that_finds_too_little(
    monkeypatch: pytest.MonkeyPatch, pretended_faiss: type[PretendedIndex]
):
    monkeypatch.setattr(pretended_faiss, "limit", 4)
    with pytest.raises(UserError, match=r"2 of 4 lists hold only 3 others near image 0, 6 are wanted"):
        find_neighbours(random_features(50, 24), 6, method="ivf", lists=4, probes=2)


def test_approximate_index_without_faiss(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(UserError, match="needs the package faiss, which is not installed"):
        find_neighbours(exact_features(50), 6, method="ivf", lists=4, probes=2)
