"""The k nearest others of each feature by cosine.

A fast product finds more candidates than are wanted; the similarities of these are then computed once more, each pair
by itself, and decide. So the result depends neither on tiles, nor on threads, nor on the device or precision of the
product. That no neighbour is missing follows from a bound on the rounding errors, checked for each image; where it
does not suffice, the image is compared with all others.
"""

import numpy as np

from purereid.data.neighbours import Neighbours
from purereid.errors import UserError
from purereid.retrieval.candidates import Candidates, Visit, find_candidates, floors, largest_error
from purereid.retrieval.compiled import compiled
from purereid.retrieval.distances import check_lengths
from purereid.retrieval.ragged import Ragged
from purereid.threads import in_threads, slices, threads

BLOCK = 2048  # images per side of a tile, at most
CHUNK = 2048  # images whose candidates a thread ranks at a time
WINDOW = 2048  # images that stay in the cache while those of a chunk are compared with some of them
WITHIN = 4  # of an image's candidates at least in a window; with fewer, windows cost more than they save
CHUNK_BYTES = 64 * 2**20  # held by a thread meanwhile
CANDIDATE_BYTES = 80  # for each candidate of such an image


def find_neighbours(
    features: np.ndarray,
    k: int,
    *,
    method: str = "exact",
    block: int = BLOCK,
    device: str = "cpu",
    lists: int = 4096,
    probes: int = 64,
) -> Neighbours:
    """Neighbours by the method of the settings: ``exact``, or ``ivf`` for millions of images (needs faiss).

    Arguments and errors as for ``nearest_neighbours`` and ``approximate_neighbours``.
    """
    if method == "exact":
        return nearest_neighbours(features, k, block=block, device=device)
    if method == "ivf":
        return approximate_neighbours(features, k, lists=lists, probes=probes)
    raise UserError(f"unknown method {method!r} of finding neighbours", expected="exact or ivf")


def nearest_neighbours(
    features: np.ndarray,
    k: int,
    *,
    block: int = BLOCK,
    device: str = "cpu",
    precision: str = "auto",
    visit: Visit | None = None,
) -> Neighbours:
    """The k nearest others of each image. An image is left out by its index, so that its duplicates stay.

    Not for two threads of a process at a time: while it runs, products in all of them are made without helpers.

    Args:
        features: [N, D] float32 of length 1 (``retrieval.distances.normalise``).
        k: neighbours of an image, 1..N - 1.
        block: images per side of a tile, at most, on a GPU rows of the product; decides about time and memory only.
        device: computes the fast product.
        precision: of the fast product: ``fp32``, ``bf16``, or ``auto``: bfloat16 on a CPU that computes with it, if
            the features are unlike enough. GPUs take ``fp32``: their bfloat16 sums have no such bound.
        visit: is shown the fast product part by part: rows, columns, float32 [b, c]; every pair of images is in one of
            the parts, in one order at least. Called by several threads, but not for one image by two at a time. A part
            is overwritten later. Its last bits depend on the device, the precision and the number of threads.

    Returns:
        The same bits whatever block, device, precision and number of threads. A similarity is the float32 dot product
        of two features, computed by itself: the same in both directions, and for pairs of equal features. Images of
        which very many others are equally near up to rounding take up to N dot products each.

    Raises:
        UserError: k or block out of range; unknown precision; features not finite or not of length 1.
    """
    features, device = _checked(features, k), str(device)
    if block < 1:
        raise UserError(f"blocks of {block} images", expected="at least 1")
    possible = ("auto", "fp32", "bf16") if device == "cpu" else ("auto", "fp32")
    if precision not in possible:
        raise UserError(f"precision {precision!r} on device {device}", expected=" or ".join(possible))
    candidates = find_candidates(features, k, block, device, precision, visit)
    result = _empty(len(features), k)
    uncertain = _settle(features, candidates, result)
    _settle_among_all(features, uncertain, result)
    return result


def approximate_neighbours(features: np.ndarray, k: int, *, lists: int, probes: int) -> Neighbours:
    """Most of the k nearest others of each image, by an inverted-file index of the package faiss.

    Args:
        features: [N, D] float32 of length 1.
        k: neighbours of an image, 1..N - 1.
        lists: clusters into which faiss sorts the images (nlist); about 4 sqrt(N).
        probes: clusters that are searched for an image (nprobe), 1..lists; more find more of the true neighbours.

    Raises:
        UserError: faiss is not installed; k, lists or probes out of range; features not finite or not of length 1; an
            image with fewer than k others in the clusters that are searched.
    """
    features = _checked(features, k)
    if not 1 <= probes <= lists <= len(features):
        raise UserError(f"{probes} probes of {lists} lists", expected=f"1 <= probes <= lists <= {len(features)} images")
    try:
        import faiss
    except ImportError:
        raise UserError(
            "the approximate index needs the package faiss, which is not installed",
            expected="the exact method, or faiss-cpu or faiss-gpu in the environment",
        ) from None
    quantizer = faiss.IndexFlatIP(features.shape[1])
    index = faiss.IndexIVFFlat(quantizer, features.shape[1], lists, faiss.METRIC_INNER_PRODUCT)
    index.train(features)
    index.add(features)
    index.nprobe = probes
    result = _empty(len(features), k)
    for start in range(0, len(features), BLOCK):
        _, found = index.search(features[start : start + BLOCK], k + 1)  # -1 where the lists searched hold fewer
        rows = np.arange(start, start + len(found))
        others = _chosen(found.astype(np.int32), (found >= 0) & (found != rows[:, None]))
        least = np.argmin(others.lengths)
        if others.lengths[least] < k:
            raise UserError(
                f"{probes} of {lists} lists hold only {others.lengths[least]} others near image {rows[least]}, {k} are "
                "wanted",
                do="search more lists, or sort the images into fewer",
            )
        _rank(features, rows, others, result)
    return result


def _settle(features: np.ndarray, candidates: Candidates, result: Neighbours) -> np.ndarray:
    """Rank the candidates of each image; return the images of which others may be as near as these."""
    images, values = candidates.images, candidates.values
    lowest = floors(values, result.indices.shape[1], candidates.error)
    certain = values.min(axis=1) < lowest
    if images.shape[1] == len(features) - 1:
        certain[:] = True
    rows = np.flatnonzero(certain)

    def settle(part: slice) -> None:
        own = rows[part]
        _rank(features, own, _chosen(images[own], values[own] >= lowest[own, None]), result)

    in_threads(settle, _chunks(len(rows), images.shape[1]))
    return np.flatnonzero(~certain)


def _settle_among_all(features: np.ndarray, rows: np.ndarray, result: Neighbours) -> None:
    """Rank, for the given images, all others that can be among the nearest."""
    error = largest_error(features, "fp32")
    everyone = np.arange(len(features), dtype=np.int32)

    def settle(part: slice) -> None:
        values = features[rows[part]] @ features.T
        values[np.arange(len(values)), rows[part]] = -np.inf
        near = values >= floors(values, result.indices.shape[1], error)[:, None]
        _rank(features, rows[part], _chosen(everyone, near), result)

    in_threads(settle, _chunks(len(rows), len(features)))


def _chunks(images: int, candidates: int) -> list[slice]:
    """What threads rank at a time of some images, of which each has so many candidates."""
    held, share = CHUNK_BYTES // (CANDIDATE_BYTES * candidates), -(-images // (4 * threads()))
    return slices(images, max(1, min(CHUNK, held, share)))


def _chosen(images: np.ndarray, mask: np.ndarray) -> Ragged:
    """Of each row of images, int32 [b, n] or [n] for all rows, those for which the mask [b, n] is true, ascending."""
    lengths = np.count_nonzero(mask, axis=1)
    ordered = np.sort(np.where(mask, images, np.iinfo(np.int32).max), axis=1)
    return Ragged(ordered[np.arange(mask.shape[1]) < lengths[:, None]], np.concatenate([[0], np.cumsum(lengths)]))


def _rank(features: np.ndarray, rows: np.ndarray, others: Ragged, result: Neighbours) -> None:
    """Put the k nearest of some others of each of some images, which has at least k of them, into the result."""
    cosines = np.empty(len(others.values), np.float32)
    similarities(features, rows, others.values, others.bounds, cosines)
    keys = np.full((len(rows), others.lengths.max()), np.iinfo(np.int64).max)
    keys[np.arange(keys.shape[1]) < others.lengths[:, None]] = (
        _ordered(0 - cosines).astype(np.int64) << 32 | others.values
    )
    keys.sort(axis=1)
    nearest = keys[:, : result.indices.shape[1]]
    result.indices[rows] = nearest & (2**32 - 1)
    result.similarity[rows] = 0 - _ordered((nearest >> 32).astype(np.int32)).view(np.float32)


def _ordered(numbers: np.ndarray) -> np.ndarray:
    """The bits of float32 numbers as int32 that are ordered as the numbers; what undoes it is the same."""
    bits = numbers.view(np.int32)
    return bits ^ (bits >> 31 & np.int32(2**31 - 1))


@compiled("void(Array(f4, 2, 'C', True), i8[::1], i4[::1], i8[::1], f4[::1])", reorder_sums=True)
def similarities(
    features: np.ndarray, rows: np.ndarray, others: np.ndarray, bounds: np.ndarray, result: np.ndarray
) -> None:
    """Dot products of the i-th of some features with ``others[bounds[i]:bounds[i + 1]]``, put in the same places.

    The others of each are ascending. A pair has the same bits wherever the two stand.
    """
    begun = bounds[:-1].copy()  # what is left of each
    size = max(WINDOW, WITHIN * len(features) * len(rows) // max(1, bounds[-1] - bounds[0]))
    for window in range(size, len(features) + size, size):  # to read from memory takes most of the time
        for i in range(len(rows)):
            start = end = begun[i]
            while end < bounds[i + 1] and others[end] < window:
                end += 1
            begun[i] = end
            own, last = features[rows[i]], end - 1
            for place in range(start, end, 4):  # four at a time, for the same reason
                b, c, d = min(place + 1, last), min(place + 2, last), min(place + 3, last)
                first, second = features[others[place]], features[others[b]]
                third, fourth = features[others[c]], features[others[d]]
                total0 = total1 = total2 = total3 = np.float32(0)
                for j in range(len(own)):
                    total0 += own[j] * first[j]
                    total1 += own[j] * second[j]
                    total2 += own[j] * third[j]
                    total3 += own[j] * fourth[j]
                result[place], result[b], result[c], result[d] = total0, total1, total2, total3


def _empty(count: int, k: int) -> Neighbours:
    return Neighbours(np.empty((count, k), np.int32), np.empty((count, k), np.float32))


def _checked(features: np.ndarray, k: int) -> np.ndarray:
    """Features as contiguous float32; each has k others."""
    features = np.ascontiguousarray(features, np.float32)
    if features.ndim != 2:
        raise ValueError(f"features of shape {features.shape}")
    if not 1 <= k < len(features):
        raise UserError(
            f"{k} neighbours of each of {len(features)} images",
            expected=f"1 to {len(features) - 1}" if len(features) > 1 else "at least 2 images",
            do="ask for fewer neighbours, or generate more images",
        )
    check_lengths(features)
    return features
