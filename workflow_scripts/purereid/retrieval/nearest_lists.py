"""Lists of the nearest images from rows of distances, without sorting the rows."""

import numpy as np

from purereid.retrieval.compiled import compiled

GROUP = 128  # distances compared at once, before any is looked at by itself


@compiled("void(f4[:, ::1], f4[::1], i8[::1], i8[::1], i4[:, ::1], f4[:, ::1])")
def find_nearest(
    rows: np.ndarray,
    found: np.ndarray,
    right: np.ndarray,
    bounds: np.ndarray,
    nearest: np.ndarray,
    distances: np.ndarray,
) -> None:
    """The smallest finite distances of each row and of what was taken out of it, ascending.

    Of equal ones those of the row come first, and of these those of lower index.

    The smallest distances at places of each remainder modulo ``GROUP`` are as many distances. So the T-th smallest of
    them is not below the T-th smallest of all, and mostly hardly above it: few others are looked at.

    Args:
        rows: [b, G] distances; inf where an image is left out, or taken out.
        found, right: distances of the images that were taken out, and their indices, those of row i in
            ``bounds[i]:bounds[i + 1]``.
        nearest, distances: [b, T], filled; they hold inf, and stay as they are where there are fewer.
    """

    def insert(i: int, image: int, distance: float) -> None:
        """Put an image behind all that are not farther; the last one falls out."""
        place = distances.shape[1] - 1
        while place > 0 and distances[i, place - 1] > distance:
            distances[i, place], nearest[i, place] = distances[i, place - 1], nearest[i, place - 1]
            place -= 1
        distances[i, place], nearest[i, place] = distance, image

    last, whole = distances.shape[1] - 1, rows.shape[1] // GROUP * GROUP
    smallest, places = np.empty(GROUP, np.float32), np.empty(GROUP, np.int32)
    for i in range(len(rows)):
        limit = np.float32(np.inf)
        if last < GROUP:
            smallest[:] = np.inf
            for start in range(0, whole, GROUP):
                part = rows[i, start : start + GROUP]
                for j in range(GROUP):  # a number known before, here and below: twice as fast
                    smallest[j] = min(part[j], smallest[j])
            limit = np.nextafter(np.partition(smallest, last)[last], limit)
        for start in range(0, whole, GROUP):
            part, nearer = rows[i, start : start + GROUP], np.int32(0)
            for j in range(GROUP):
                nearer = np.int32(nearer + (part[j] < limit))
            if nearer == 0:  # so with most groups
                continue
            count = 0
            for j in range(GROUP):  # written always, kept by counting: a jump that cannot be foreseen is slow
                places[count] = start + j
                count += part[j] < limit
            for j in places[:count]:
                if rows[i, j] < distances[i, last]:
                    insert(i, j, rows[i, j])
            limit = min(limit, distances[i, last])
        for j in range(whole, rows.shape[1]):
            if rows[i, j] < distances[i, last]:
                insert(i, j, rows[i, j])
        for place in range(bounds[i], bounds[i + 1]):
            if found[place] < distances[i, last]:
                insert(i, right[place], found[place])
