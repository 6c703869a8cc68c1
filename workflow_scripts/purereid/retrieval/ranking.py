"""Rank a gallery for every query: ranks of the right images, average precisions, nearest images.

Of images at the same distance the wrong ones come before the right ones: what an encoder cannot tell apart counts
against it, in every score alike, and no score depends on the order of the gallery. The mean over all orders of the
equal ones would be fair too, but no list of images shows it, and an encoder that gives all images one feature would get
the score of chance.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from purereid.retrieval.compiled import compiled
from purereid.retrieval.distances import BLOCK_BYTES, CHUNK_BYTES, block_rows, cosine_blocks
from purereid.retrieval.matches import JUNK, matches
from purereid.retrieval.nearest_lists import find_nearest
from purereid.retrieval.precision import precisions
from purereid.retrieval.ragged import Ragged
from purereid.threads import in_threads, slices


@dataclass(frozen=True)
class Ranking:
    """What became of Q queries after junk was removed; metrics, tables and pictures read this.

    Attributes:
        good: [Q] int32, number of right gallery images; 0 is a query without a match.
        first: [Q] int32, rank of the first right image, 1-based; 0 without a match.
        AP, AP_trapezoid, INP: [Q] float64 in 0..1; NaN without a match.
        tied: [Q] bool, whether a right and a wrong image lie at the same distance.
        top_indices: [Q, T] int32, gallery indices of the nearest images; -1 beyond the end of the list.
        top_distances: [Q, T] float32, ascending; inf beyond the end. Of equal ones the wrong come first, then those of
            lower index.
        top_right: [Q, T] bool.
        in_cameras: [M, 3] int64: query, right image, and its rank, 1-based, among the gallery images of its camera
            alone; for all right images if it was asked for, else for none.
    """

    good: np.ndarray
    first: np.ndarray
    AP: np.ndarray
    AP_trapezoid: np.ndarray
    INP: np.ndarray
    tied: np.ndarray
    top_indices: np.ndarray
    top_distances: np.ndarray
    top_right: np.ndarray
    in_cameras: np.ndarray

    @property
    def without_match(self) -> int:
        """Number of queries that have no right gallery image."""
        return int(np.count_nonzero(self.good == 0))


def rank(
    query: np.ndarray,
    gallery: np.ndarray,
    query_pids: np.ndarray,
    gallery_pids: np.ndarray,
    query_camids: np.ndarray | None = None,
    gallery_camids: np.ndarray | None = None,
    *,
    query_pictures: np.ndarray | None = None,
    gallery_pictures: np.ndarray | None = None,
    memory: int = BLOCK_BYTES,
    top: int = 10,
    in_cameras: bool = False,
    device: str = "cpu",
) -> Ranking:
    """Rank the gallery for each query by cosine distance, 1 - cos.

    Junk (see ``matches``) is removed; of images at the same distance the wrong ones come first. Small distances are
    exact (see ``cosine_blocks``), and equal features are at exactly the same distance.

    Args:
        query, gallery: [Q, D] and [G, D] float32 features of length 1 (see ``normalise``).
        query_pids, gallery_pids, query_camids, gallery_camids, query_pictures, gallery_pictures: see ``matches``.
        memory: bytes for one block of distances.
        top: how many nearest images to keep for each query.
        in_cameras: whether right images are ranked among the images of their own camera too, for ``camera_pairs``.
        device: computes the distances.

    Raises:
        ValueError: features of different width, not finite or not of length 1.
    """
    pictures = {"query_pictures": query_pictures, "gallery_pictures": gallery_pictures}
    blocks = cosine_blocks(query, gallery, memory, device)
    options = pictures | {"top": top, "in_cameras": in_cameras}
    return rank_blocks(blocks, query_pids, gallery_pids, query_camids, gallery_camids, **options)


def rank_blocks(
    blocks: Iterable[np.ndarray],
    query_pids: np.ndarray,
    gallery_pids: np.ndarray,
    query_camids: np.ndarray | None = None,
    gallery_camids: np.ndarray | None = None,
    *,
    query_pictures: np.ndarray | None = None,
    gallery_pictures: np.ndarray | None = None,
    top: int = 10,
    in_cameras: bool = False,
) -> Ranking:
    """As ``rank``, from distances of consecutive queries, [b, G] each; a given matrix is one block of them.

    Raises:
        ValueError: a distance is not a finite number; other numbers of distances than of labels, ``in_cameras`` without
            cameras.
    """
    labels = matches(query_pids, gallery_pids, query_camids, gallery_camids, query_pictures, gallery_pictures)
    if in_cameras and gallery_camids is None:
        raise ValueError("no cameras to rank the images in")
    return _rank_blocks(blocks, np.asarray(gallery_pids), *labels, top, gallery_camids if in_cameras else None)


def scores(ranking: Ranking, ranks: int = 50) -> dict:
    """Means over the queries that have a match, as fractions 0..1 (plain floats, ready for JSON).

    Returns:
        mAP, mAP_trapezoid, mINP, rank1, rank5, rank10 and ``cmc``, a list of ``ranks`` values: the share of queries
        whose first right image is among the first k.

    Raises:
        ValueError: no query has a match.
    """
    found = ranking.good > 0
    if not found.any():
        raise ValueError("no query has a match in the gallery")
    hits = np.bincount(np.minimum(ranking.first[found], ranks + 1), minlength=ranks + 2)[1:-1]
    cmc = np.cumsum(hits) / np.count_nonzero(found)
    return {
        "mAP": float(ranking.AP[found].mean()),
        "mAP_trapezoid": float(ranking.AP_trapezoid[found].mean()),
        "mINP": float(ranking.INP[found].mean()),
        **{f"rank{k}": float(np.mean(ranking.first[found] <= k)) for k in (1, 5, 10)},
        "cmc": cmc.tolist(),
    }


def _rank_blocks(
    blocks: Iterable[np.ndarray],
    gallery_pids: np.ndarray,
    right: Ragged,
    junk: Ragged,
    top: int,
    camids: np.ndarray | None,
) -> Ranking:
    """Rank consecutive blocks of distances [b, G].

    Only what decides a score is ranked: the right images, by counting; nothing is sorted.
    """
    queries = len(right.lengths)
    ranks = np.empty(len(right.values), np.int64)
    tied = np.zeros(queries, bool)
    cameras = None if camids is None else _Cameras.of(np.asarray(camids))
    in_camera = np.empty(0 if camids is None else len(right.values), np.int64)
    nearest = np.full((queries, top), -1, np.int32)
    distances = np.full((queries, top), np.inf, np.float32)
    never = np.flatnonzero(gallery_pids == JUNK)
    first = 0
    for block in blocks:
        if block.shape[1:] != gallery_pids.shape or first + len(block) > queries:
            raise ValueError(f"distances {list(block.shape)} of {queries} queries to {len(gallery_pids)} images")

        def rank_rows(part: slice, block: np.ndarray = block, first: int = first) -> None:
            rows = np.array(block[part], np.float32, order="C")  # a copy that stays in the cache, to be changed
            part = slice(first + part.start, first + part.stop)
            if rows.size and not (np.isfinite(rows.max()) and np.isfinite(rows.min())):
                raise ValueError(f"a distance of queries {part.start} to {part.stop - 1} is not a finite number")
            rows[:, never] = np.inf
            bounds = junk.bounds[part.start : part.stop + 1]
            owners = np.repeat(np.arange(len(rows)), np.diff(bounds))
            rows[owners, junk.values[bounds[0] : bounds[-1]]] = np.inf
            own = slice(*right.bounds[[part.start, part.stop]])
            images, bounds = right.values[own], right.bounds[part.start : part.stop + 1] - own.start
            owners = np.repeat(np.arange(len(rows)), np.diff(bounds))
            found = rows[owners, images]
            rows[owners, images] = np.inf  # what is left are the wrong images
            rank_right(rows, found, bounds, ranks[own], tied[part])
            if cameras is not None:
                rank_in_camera(rows, found, images, bounds, *cameras, in_camera[own])
            if top:
                find_nearest(rows, found, images, bounds, nearest[part], distances[part])

        in_threads(rank_rows, slices(len(block), block_rows(len(gallery_pids), CHUNK_BYTES)))
        first += len(block)
    if first < queries:
        raise ValueError(f"distances of {first} of {queries} queries")
    return _summary(ranks, tied, nearest, distances, right, in_camera)


@compiled("void(f4[:, ::1], f4[::1], i8[::1], i8[::1], b1[::1])")
def rank_right(rows: np.ndarray, found: np.ndarray, bounds: np.ndarray, ranks: np.ndarray, tied: np.ndarray) -> None:
    """1-based rank of each right image, and whether a wrong one lies at the same distance.

    The rank is the number of wrong images that are not farther, plus that of right ones before it, plus one.

    Args:
        rows: [b, G] distances of wrong images, inf elsewhere.
        found: distances of the right images, those of query i in ``bounds[i]:bounds[i + 1]``, by index.
        ranks, tied: filled.
    """
    for i in range(len(rows)):
        row = rows[i]
        for place in range(bounds[i], bounds[i + 1]):
            distance = found[place]
            smaller, equal = np.int32(0), np.int32(0)  # 32 bits: twice as many per instruction as 64
            for j in range(len(row)):
                smaller = np.int32(smaller + (row[j] < distance))
                equal = np.int32(equal + (row[j] == distance))
            ranks[place] = smaller + equal + 1
            for other in range(bounds[i], bounds[i + 1]):
                ranks[place] += found[other] < distance or (found[other] == distance and other < place)
            tied[i] |= equal > 0


@compiled("void(f4[:, ::1], f4[::1], i8[::1], i8[::1], i8[::1], i8[::1], i8[::1], i8[::1], i8[::1])")
def rank_in_camera(
    rows: np.ndarray,
    found: np.ndarray,
    right: np.ndarray,
    bounds: np.ndarray,
    images: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    places: np.ndarray,
    ranks: np.ndarray,
) -> None:
    """``rank_right`` among the gallery images of the right image's camera; right: indices; see ``_Cameras``."""
    grouped = np.empty(len(images), np.float32)
    for i in range(len(rows)):
        for j in range(len(images)):
            grouped[j] = rows[i, images[j]]
        for item in range(bounds[i], bounds[i + 1]):
            start, end = starts[places[right[item]]], ends[places[right[item]]]
            distance, rank = found[item], np.int32(1)
            for j in range(start, end):
                rank = np.int32(rank + (grouped[j] <= distance))
            for other in range(bounds[i], bounds[i + 1]):
                before = found[other] < distance or (found[other] == distance and other < item)
                rank = np.int32(rank + (before and start <= places[right[other]] < end))
            ranks[item] = rank


class _Cameras(NamedTuple):
    """Gallery images ordered by camera and index."""

    images: np.ndarray  # [G] gallery index at each place
    starts: np.ndarray  # [G] first place of the camera of each place
    ends: np.ndarray  # [G] the place behind its last
    places: np.ndarray  # [G] place of each image

    @classmethod
    def of(cls, camids: np.ndarray) -> "_Cameras":
        images = np.argsort(camids, kind="stable")
        ordered, places = camids[images], np.empty_like(images)
        places[images] = np.arange(len(images))
        return cls(images, *(np.searchsorted(ordered, ordered, side=side) for side in ("left", "right")), places)


def _summary(
    ranks: np.ndarray,
    tied: np.ndarray,
    nearest: np.ndarray,
    distances: np.ndarray,
    right: Ragged,
    in_camera: np.ndarray,
) -> Ranking:
    owners = right.owners
    hits = Ragged(np.sort(owners << 32 | ranks) & (2**32 - 1), right.bounds)
    found = hits.lengths > 0
    first = np.zeros(len(found), np.int32)
    first[found] = hits.values[hits.bounds[:-1][found]]
    AP, AP_trapezoid, INP = precisions(hits)
    pairs, shown = owners << 32 | right.values, np.arange(len(nearest))[:, None] << 32 | nearest
    places = np.searchsorted(pairs, shown)
    return Ranking(
        good=hits.lengths.astype(np.int32),
        first=first,
        AP=AP,
        AP_trapezoid=AP_trapezoid,
        INP=INP,
        tied=tied,
        top_indices=nearest,
        top_distances=distances,
        top_right=(np.append(pairs, -1)[places] == shown) & (nearest >= 0),
        in_cameras=np.stack([owners[: len(in_camera)], right.values[: len(in_camera)], in_camera], axis=1),
    )
