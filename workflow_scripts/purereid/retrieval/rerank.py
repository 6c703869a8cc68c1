"""k-reciprocal re-ranking (Zhong et al., Re-ranking Person Re-identification with k-reciprocal Encoding, CVPR 2017).

The exact result of the dense algorithm from sparse sets: nothing of size N x N is ever held. All N = Q + G images are
each other's context (the method is transductive), so its scores never stand beside plain ones under one name. The
variant computed here: cosine distance, which after the division by the row's maximum equals squared Euclidean distance
of unit features; k1 + 1 neighbours with the image itself; half lists of around(k1 / 2) + 1 entries, half to even;
float32.
"""

from collections.abc import Iterator

import numpy as np
from scipy import sparse

from purereid.retrieval.distances import BLOCK_BYTES, cosine_blocks


def reranked_blocks(
    features: np.ndarray,
    queries: int,
    *,
    k1: int = 20,
    k2: int = 6,
    distance_weight: float = 0.3,
    memory: int = BLOCK_BYTES,
) -> Iterator[np.ndarray]:
    """Re-ranked distances of consecutive queries to the whole gallery.

    Args:
        features: [Q + G, D] float32 of length 1: the queries, then the gallery without junk.
        queries: Q.
        k1: neighbours of an image; with fewer than k1 + 1 images in all, all of them.
        k2: neighbours over which the encodings are averaged; 1 leaves that out.
        distance_weight: share of the original distance in the result (lambda in the paper).
        memory: bytes for one block of distances.

    Yields:
        [b, G] float32, (1 - weight) Jaccard distance + weight original distance over the query's largest.
    """
    neighbours, largest = nearest(features, min(max(k1 + 1, k2), len(features)), memory)
    encodings = encode(features, neighbours[:, : k1 + 1], largest, k1, memory)
    if k2 > 1:
        encodings = average(encodings, neighbours[:, :k2])
    columns = encodings[queries:].T.tocsr()  # image -> gallery images whose encoding holds it
    start = 0
    for block in cosine_blocks(features[:queries], features[queries:], memory):
        block *= (distance_weight / largest[start : start + len(block)])[:, None]
        for i in range(len(block)):
            block[i] += (1 - distance_weight) * jaccard(encodings, start + i, columns)
        start += len(block)
        yield block


def nearest(features: np.ndarray, k: int, memory: int) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest images of each, by (distance, index), itself first, and each image's largest distance.

    Returns:
        int32 [N, k] and float32 [N]; a largest distance of 0 (all features equal) is given as 1.
    """
    neighbours = np.empty((len(features), k), np.int32)
    largest = np.empty(len(features), np.float32)
    row = 0
    for block in cosine_blocks(features, features, memory):
        for distances in block:
            largest[row] = distances.max()
            distances[row] = -np.inf
            bound = np.partition(distances, k - 1)[k - 1]
            candidates = np.flatnonzero(distances <= bound)
            neighbours[row] = candidates[np.argsort(distances[candidates], kind="stable")[:k]]
            row += 1
    largest[largest <= 0] = 1
    return neighbours, largest


def encode(features: np.ndarray, neighbours: np.ndarray, largest: np.ndarray, k1: int, memory: int) -> sparse.csr_array:
    """Each image as weights of the images in its expanded k-reciprocal set (equations 3, 4 and 7).

    Returns:
        float32 [N, N] with exp(-distance) in the sets; rows sum to 1.
    """
    sets = expanded(reciprocal(neighbours), reciprocal(neighbours[:, : round(k1 / 2) + 1]))
    rows = np.repeat(np.arange(len(features)), np.diff(sets.indptr))
    distances = np.empty(len(rows), np.float32)
    pairs = max(1, memory // (8 * features.shape[1]))
    for start in range(0, len(rows), pairs):
        part = slice(start, start + pairs)
        distances[part] = 1 - np.einsum("nd,nd->n", features[rows[part]], features[sets.indices[part]])
    weights = np.exp(-np.where(sets.indices == rows, 0, distances) / largest[rows])
    sums = np.add.reduceat(weights, sets.indptr[:-1])
    return sparse.csr_array((weights / sums[rows], sets.indices, sets.indptr), shape=sets.shape)


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


def jaccard(encodings: sparse.csr_array, image: int, columns: sparse.csr_array) -> np.ndarray:
    """Jaccard distance of an image's encoding to those of the gallery (equation 10), float32 [G].

    Only images that share a member with it are walked: ``columns`` lists, for each member, who has it.
    """
    own = slice(encodings.indptr[image], encodings.indptr[image + 1])
    members, weights = encodings.indices[own], encodings.data[own]
    starts, lengths = columns.indptr[members], np.diff(columns.indptr)[members]
    places = np.repeat(starts - (lengths.cumsum() - lengths), lengths) + np.arange(lengths.sum())
    shared = np.minimum(np.repeat(weights, lengths), columns.data[places])
    minima = np.bincount(columns.indices[places], shared, minlength=columns.shape[1])
    return (1 - minima / (2 - minima)).astype(np.float32)
