"""k-reciprocal re-ranking (Zhong et al., Re-ranking Person Re-identification with k-reciprocal Encoding, CVPR 2017).

The exact result of the dense algorithm from sparse sets: nothing of size N x N is ever held. All N = Q + G images are
each other's context (the method is transductive), so its scores never stand beside plain ones under one name. The
variant computed here: cosine distance, which after the division by the row's maximum equals squared Euclidean distance
of unit features; k1 + 1 neighbours with the image itself; half lists of around(k1 / 2) + 1 entries, half to even;
float32.
"""

from collections.abc import Callable, Iterator

import numpy as np
from scipy import sparse

from purereid.retrieval.compiled import compiled
from purereid.retrieval.distances import BLOCK_BYTES, block_rows
from purereid.retrieval.given_distances import GivenDistances
from purereid.retrieval.neighbours import nearest_neighbours, similarities
from purereid.threads import in_threads, slices

CHUNK = 64  # images that a thread works on
ROUNDING = 1e-6  # a distance of features up to this may be 0

# Distances, [total], of each image to others, from these and the bounds of those of each image (see ``Ragged``).
Between = Callable[[np.ndarray, np.ndarray], np.ndarray]


def reranked_blocks(
    features: np.ndarray,
    queries: int,
    *,
    k1: int = 20,
    k2: int = 6,
    distance_weight: float = 0.3,
    memory: int = BLOCK_BYTES,
    device: str = "cpu",
) -> Iterator[np.ndarray]:
    """Re-ranked distances of consecutive queries to the whole gallery.

    The distances of all queries to the gallery, 4 Q G bytes, are held from the one pass over all pairs of images. Their
    last bits, unlike the neighbours, depend on the device and the number of threads.

    Args:
        features: [Q + G, D] float32 of length 1: the queries, then the gallery without junk.
        queries: Q.
        k1: neighbours of an image; with fewer than k1 + 1 images in all, all of them.
        k2: neighbours over which the encodings are averaged; 1 leaves that out.
        distance_weight: share of the original distance in the result (lambda in the paper).
        memory: bytes for one block of distances.
        device: computes the product of all pairs.

    Yields:
        [b, G] float32, (1 - weight) Jaccard distance + weight original distance over the query's largest.

    Raises:
        ValueError: Q, k1 or k2 out of range.
        UserError: features not finite or not of length 1.
    """
    _check_sizes(len(features), queries, k1, k2)
    if queries in (0, len(features)):
        return
    features = np.ascontiguousarray(features, np.float32)
    pairs = _Pairs(len(features), queries)
    k = _others_needed(len(features), k1, k2)
    others = nearest_neighbours(features, k, device=device, precision="fp32", visit=pairs.add).indices

    def between(members: np.ndarray, bounds: np.ndarray) -> np.ndarray:
        images, cosines = np.arange(len(features)), np.empty(len(members), np.float32)

        def compute(part: slice) -> None:
            similarities(features, images[part], members, bounds[part.start : part.stop + 1], cosines)

        in_threads(compute, slices(len(images), CHUNK))
        return 1 - cosines

    encodings = _encodings(others, between, pairs.largest, k1, k2)
    yield from _blocks(pairs.distances, encodings, pairs.largest, distance_weight, memory, out=pairs.distances)


def reranked_distances(
    query_gallery: np.ndarray,
    query_query: np.ndarray,
    gallery_gallery: np.ndarray,
    *,
    k1: int = 20,
    k2: int = 6,
    distance_weight: float = 0.3,
    memory: int = BLOCK_BYTES,
) -> Iterator[np.ndarray]:
    """As ``reranked_blocks``, from distances of any kind. Of equally near images those of lower index come first.

    The published functions square what they are given. For their result from Euclidean distances give the squares of
    these; of features of length 1 cosine distances do as well.

    Args:
        query_gallery, query_query, gallery_gallery: [Q, G], [Q, Q] and [G, G] float32; the latter two are symmetric,
            and their diagonals are not looked at. They stay as they are.
        k1, k2, distance_weight, memory: as for ``reranked_blocks``.

    Raises:
        ValueError: matrices that do not fit together, a distance that is not a finite number, k1 or k2 out of range.
    """
    given = GivenDistances(query_gallery, query_query, gallery_gallery)
    queries, count = given.queries, given.count
    _check_sizes(count, queries, k1, k2)
    if queries in (0, count):
        return
    others, farthest = given.nearest(_others_needed(count, k1, k2))
    largest = _not_0(farthest, 0)
    encodings = _encodings(others, given.between, largest, k1, k2)
    yield from _blocks(given.query_gallery, encodings, largest, distance_weight, memory)


def _check_sizes(count: int, queries: int, k1: int, k2: int) -> None:
    if not 0 <= queries <= count or k1 < 1 or k2 < 1:
        raise ValueError(f"{queries} queries among {count} images, k1 = {k1}, k2 = {k2}")


def _others_needed(count: int, k1: int, k2: int) -> int:
    """How many of the nearest others of each image are looked at."""
    return min(max(k1, k2 - 1), count - 1)


def _encodings(others: np.ndarray, between: Between, largest: np.ndarray, k1: int, k2: int) -> sparse.csr_array:
    """Encodings of all images from the nearest others of each."""
    neighbours = np.concatenate([np.arange(len(others), dtype=np.int32)[:, None], others], axis=1)
    encodings = encode(neighbours[:, : k1 + 1], between, largest, k1)
    return average(encodings, neighbours[:, :k2]) if k2 > 1 else encodings


def _blocks(
    distances: np.ndarray,
    encodings: sparse.csr_array,
    largest: np.ndarray,
    distance_weight: float,
    memory: int,
    out: np.ndarray | None = None,
) -> Iterator[np.ndarray]:
    """Blocks of the result, in the memory of ``out`` where it is given."""
    queries, gallery = distances.shape
    columns = _compressed(encodings[queries:].T.tocsr())  # image -> gallery images whose encoding holds it
    for rows in slices(queries, block_rows(gallery, memory)):
        block = np.empty((rows.stop - rows.start, gallery), np.float32) if out is None else out[rows]
        np.multiply(distances[rows], (distance_weight / largest[rows])[:, None], out=block)

        def add(part: slice, block: np.ndarray = block, start: int = rows.start) -> None:
            own = encodings[start + part.start : start + part.stop]
            add_jaccard(*_compressed(own), *columns, np.float32(1 - distance_weight), block[part])

        in_threads(add, slices(len(block), CHUNK))
        yield block


class _Pairs:
    """What is kept of the product of all pairs of images beside the neighbours.

    Attributes:
        distances: [Q, G] float32, 1 - cos, of queries to gallery images.
    """

    def __init__(self, count: int, queries: int):
        self.queries = queries
        self.distances = np.empty((queries, count - queries), np.float32)
        self._smallest = np.full(count, np.inf, np.float32)  # cosine

    def add(self, rows: slice, columns: slice, part: np.ndarray) -> None:
        """Take the cosines of some images to others. No query is met only after gallery images."""
        for images, axis in ((rows, 1), (columns, 0)):
            smallest = self._smallest[images]
            np.minimum(smallest, part.min(axis=axis), out=smallest)
        queries, skipped = max(0, self.queries - rows.start), max(0, self.queries - columns.start)
        found = part[:queries, skipped:]
        if found.size:
            column = columns.start + skipped - self.queries
            distances = self.distances[rows.start : rows.start + len(found), column : column + found.shape[1]]
            np.subtract(1, found, out=distances)

    @property
    def largest(self) -> np.ndarray:
        """[N] float32, each image's largest distance to another; 1 if all features are equal up to rounding."""
        return _not_0(1 - self._smallest, ROUNDING)


def _not_0(largest: np.ndarray, rounding: float) -> np.ndarray:
    """The largest distances, to divide by."""
    return np.where(largest > rounding, largest, np.float32(1))


def encode(neighbours: np.ndarray, between: Between, largest: np.ndarray, k1: int) -> sparse.csr_array:
    """Each image as weights of the images in its expanded k-reciprocal set (equations 3, 4 and 7).

    Returns:
        float32 [N, N] with exp(-distance) in the sets; rows sum to 1.
    """
    sets = expanded(reciprocal(neighbours), reciprocal(neighbours[:, : round(k1 / 2) + 1]))
    members, bounds = sets.indices.astype(np.int32), sets.indptr.astype(np.int64)
    rows = np.repeat(np.arange(len(neighbours)), np.diff(bounds))
    weights = np.exp(-np.where(members == rows, 0, between(members, bounds)) / largest[rows])
    sums = np.add.reduceat(weights, sets.indptr[:-1])
    return sparse.csr_array((weights / sums[rows], members, sets.indptr), shape=sets.shape)


def reciprocal(neighbours: np.ndarray) -> sparse.csr_array:
    """Pairs of images that are in each other's list: int32 0/1 [N, N] (equation 2)."""
    count, k = neighbours.shape
    starts = np.arange(0, count * k + 1, k)
    lists = sparse.csr_array((np.ones(count * k, np.int32), neighbours.ravel(), starts), shape=(count, count))
    return lists.multiply(lists.T).tocsr()


def expanded(sets: sparse.csr_array, halves: sparse.csr_array) -> sparse.csr_array:
    """Add to each set the half sets of its members that lie in it by more than two thirds (equation 3)."""
    common = (sets @ halves.T).multiply(sets).tocoo()  # |half set of j, set of i|, for j in the set of i
    sizes = np.diff(halves.indptr)
    added = 3 * common.data > 2 * sizes[common.col]
    members = (np.ones(added.sum(), np.int32), (common.row[added], common.col[added]))
    result = (sets + sparse.csr_array(members, shape=sets.shape) @ halves).tocsr()
    result.sort_indices()
    return result


def average(encodings: sparse.csr_array, neighbours: np.ndarray) -> sparse.csr_array:
    """Local query expansion: each encoding becomes the mean over the image's nearest ones (section 3.4)."""
    count, k = neighbours.shape
    share = np.full(count * k, 1 / k, np.float32)
    means = sparse.csr_array((share, neighbours.ravel(), np.arange(0, count * k + 1, k)), shape=(count, count))
    return (means @ encodings).tocsr()


def _compressed(rows: sparse.csr_array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bounds of the rows, columns and values of the entries; SciPy chooses the kind of integers by the size."""
    return rows.indptr.astype(np.int64), rows.indices.astype(np.int64), rows.data


@compiled("void(i8[::1], i8[::1], f4[::1], i8[::1], i8[::1], f4[::1], f4, f4[:, ::1])")
def add_jaccard(
    bounds: np.ndarray,
    members: np.ndarray,
    weights: np.ndarray,
    column_bounds: np.ndarray,
    images: np.ndarray,
    column_weights: np.ndarray,
    share: float,
    distances: np.ndarray,
) -> None:
    """Add a share of the Jaccard distances between encodings to the distances (equation 10).

    Args:
        bounds, members, weights: rows of the encodings, in compressed form, of b queries.
        column_bounds, images, column_weights: columns of the encodings of G images: only images that have a member in
            common with a query are walked.
        share: of the Jaccard distance.
        distances: [b, G] float32, changed.
    """
    minima = np.zeros(distances.shape[1], np.float32)
    for query in range(len(distances)):
        for place in range(bounds[query], bounds[query + 1]):
            weight = weights[place]
            for other in range(column_bounds[members[place]], column_bounds[members[place] + 1]):
                minima[images[other]] += min(weight, column_weights[other])
        for image in range(len(minima)):
            distances[query, image] += share * (1 - minima[image] / (2 - minima[image]))
        minima[:] = 0
