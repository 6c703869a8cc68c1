"""Who looks like whom: ranked lists from features."""

from typing import NamedTuple

import numpy as np

from purereid.errors import UserError
from purereid.retrieval.distances import cosine_blocks, normalise, without_length_1
from purereid.retrieval.rerank import reranked_blocks


class Nearest(NamedTuple):
    """The nearest gallery images of Q queries, nearest first.

    Attributes:
        indices: int64 [Q, T], rows of the gallery.
        distances: float32 [Q, T], ascending.
    """

    indices: np.ndarray
    distances: np.ndarray


def rank(query: np.ndarray, gallery: np.ndarray, top: int = 10) -> Nearest:
    """Nearest gallery images by cosine distance, 1 - cos, 0 to 2; equal ones in the order of the gallery.

    Who is right is not known here. In the scores of the workflow, of equal ones the wrong images come first.

    Args:
        query, gallery: features float [Q, D] and [G, D] of length 1, as ``LoadedEncoder.features`` yields them.
        top: T, how many; at most G are there.

    Raises:
        UserError: features that are no matrices of the same width, or not of length 1.
    """
    query, gallery = _checked(query, "query"), _checked(gallery, "gallery")
    _check_pair(query, gallery, top)
    return _nearest(cosine_blocks(query, gallery), len(gallery), top)


def rerank(
    query: np.ndarray, gallery: np.ndarray, top: int = 10, *, k1: int = 20, k2: int = 6, distance_weight: float = 0.3
) -> Nearest:
    """Nearest gallery images by k-reciprocal re-ranking (Zhong et al., CVPR 2017): slower, and mostly better.

    Args:
        query, gallery, top: as for ``rank``. A list depends on the other queries too.
        k1: neighbours of an image.
        k2: neighbours over which encodings are averaged.
        distance_weight: share of the cosine distance in the result, 0 to 1.

    Raises:
        UserError: as for ``rank``; k1 or k2 below 1, a weight outside of 0 to 1.
    """
    query, gallery = _checked(query, "query"), _checked(gallery, "gallery")
    _check_pair(query, gallery, top)
    numbers = all(isinstance(k, int | np.integer) and k >= 1 for k in (k1, k2))
    if not numbers or not 0 <= distance_weight <= 1:
        what = f"k1 = {k1}, k2 = {k2}, distance_weight = {distance_weight}"
        raise UserError(what, expected="k1 and k2 of 1 or more, and a weight from 0 to 1")
    options = {"k1": k1, "k2": k2, "distance_weight": distance_weight}
    return _nearest(reranked_blocks(np.concatenate([query, gallery]), len(query), **options), len(gallery), top)


def _nearest(blocks: object, gallery: int, top: int) -> Nearest:
    indices, distances = [], []
    for block in blocks:
        order = np.argsort(block, axis=1, kind="stable")[:, : min(top, gallery)]
        indices.append(order)
        distances.append(np.take_along_axis(block, order, axis=1))
    return Nearest(np.concatenate(indices), np.concatenate(distances).astype(np.float32))


def _checked(features: object, name: str) -> np.ndarray:
    try:
        found = np.asarray(features)
    except ValueError:
        found = np.empty(0)
    if found.ndim != 2 or 0 in found.shape or not np.issubdtype(found.dtype, np.floating):
        what = f"features of the {name} are {found.dtype} {list(found.shape)}"
        raise UserError(what, expected="float [N, D], of one image or more")
    found = np.ascontiguousarray(found, np.float32)
    wrong, lengths = without_length_1(found)
    if len(wrong):
        what = f"feature {wrong[0]} of the {name} has length {lengths[0]:.3g}"
        raise UserError(what, expected="features of length 1, as encoder.features yields them")
    return normalise(found)


def _check_pair(query: np.ndarray, gallery: np.ndarray, top: int) -> None:
    if query.shape[1] != gallery.shape[1]:
        what = f"features of {query.shape[1]} numbers are compared with such of {gallery.shape[1]}"
        raise UserError(what, expected="features of one encoder")
    if not isinstance(top, int | np.integer) or top < 1:
        raise UserError(f"top is {top!r}", expected="a whole number of 1 or more")
