"""Nearest images and single distances among queries and gallery, of which three matrices of distances are given."""

import numpy as np

from purereid.retrieval.distances import CHUNK_BYTES, block_rows
from purereid.retrieval.nearest_lists import find_nearest
from purereid.threads import in_threads, slices


class GivenDistances:
    """N = Q + G images, the queries first.

    Args:
        query_gallery, query_query, gallery_gallery: [Q, G], [Q, Q] and [G, G]; diagonals are not looked at.

    Raises:
        ValueError: matrices that do not fit together.
    """

    def __init__(self, query_gallery: np.ndarray, query_query: np.ndarray, gallery_gallery: np.ndarray):
        matrices = [np.asarray(matrix, np.float32) for matrix in (query_gallery, query_query, gallery_gallery)]
        self.query_gallery, self.query_query, self.gallery_gallery = matrices
        shapes = [matrix.shape for matrix in matrices]
        sides = shapes[0] if len(shapes[0]) == 2 else (0, 0)
        if shapes != [sides, (sides[0],) * 2, (sides[1],) * 2]:
            raise ValueError("distances {}, {} and {} do not fit together".format(*map(list, shapes)))
        self.queries, self.count = sides[0], sum(sides)

    def nearest(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest others of each image, int32 [N, k], and its largest distance to another, float32 [N].

        Of equally near ones those of lower index come first.

        Raises:
            ValueError: a distance is not a finite number.
        """
        others, values = np.empty((self.count, k), np.int32), np.full((self.count, k), np.inf, np.float32)
        largest = np.empty(self.count, np.float32)
        nothing = np.empty(0, np.float32), np.empty(0, np.int64)

        def work(images: slice) -> None:
            rows, own = self._rows(images), np.arange(images.start, images.stop)
            place = own - images.start
            rows[place, own] = 0
            largest[images] = rows.max(axis=1)
            if not (np.isfinite(largest[images]).all() and np.isfinite(rows.min())):
                raise ValueError(f"a distance of images {images.start} to {images.stop - 1} is not a finite number")
            rows[place, own] = np.inf
            find_nearest(rows, *nothing, np.zeros(len(rows) + 1, np.int64), others[images], values[images])

        rows = block_rows(self.count, CHUNK_BYTES)
        sides = slices(self.queries, rows), slices(self.count - self.queries, rows)
        gallery = [slice(self.queries + part.start, self.queries + part.stop) for part in sides[1]]
        in_threads(work, [*sides[0], *gallery])
        return others, largest

    def between(self, members: np.ndarray, bounds: np.ndarray) -> np.ndarray:
        """Distances of image i to ``members[bounds[i]:bounds[i + 1]]``, [total]; that to itself is anything."""
        images = np.repeat(np.arange(self.count), np.diff(bounds))
        low, high = np.minimum(images, members), np.maximum(images, members)
        found, last = np.empty(len(members), np.float32), self.queries
        for matrix, chosen, row, column in (
            (self.query_query, high < last, images, members),
            (self.query_gallery, (low < last) & (high >= last), low, high - last),
            (self.gallery_gallery, low >= last, images - last, members - last),
        ):
            found[chosen] = matrix[row[chosen], column[chosen]]
        return found

    def _rows(self, images: slice) -> np.ndarray:
        """Distances of some images, all of one side, to all: a copy [b, N] in consecutive memory."""
        if images.stop <= self.queries:
            parts = self.query_query[images], self.query_gallery[images]
        else:
            part = slice(images.start - self.queries, images.stop - self.queries)
            parts = self.query_gallery[:, part].T, self.gallery_gallery[part]
        return np.concatenate(parts, axis=1, out=np.empty((images.stop - images.start, self.count), np.float32))
