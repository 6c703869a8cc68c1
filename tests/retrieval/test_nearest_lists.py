"""Lists of the nearest images are those of a sort."""

import numpy as np
import pytest

from purereid.retrieval.nearest_lists import GROUP, find_nearest


@pytest.mark.parametrize("top", [1, 10, GROUP, GROUP + 1, 900])
@pytest.mark.parametrize("levels", [2, 50, 10**6])
@pytest.mark.parametrize("columns", [5, GROUP, 6 * GROUP + 7])
def test_lists_are_the_beginning_of_a_stable_sort(top: int, levels: int, columns: int):
    rng = np.random.default_rng(top)
    rows = (rng.integers(0, levels, (9, columns)) / levels - 0.5).astype(np.float32)
    rows[1] = np.sort(rows[1])
    rows[2] = np.sort(rows[2])[::-1]
    rows[3, rng.random(columns) < 0.9] = np.inf  # left out
    rows[4] = np.inf
    bounds = np.concatenate([[0], np.cumsum(rng.integers(0, 4, 9))])
    found = (rng.integers(0, levels, bounds[-1]) / levels - 0.5).astype(np.float32)
    right = np.arange(columns, columns + bounds[-1])  # taken out
    nearest, distances = np.full((9, top), -1, np.int32), np.full((9, top), np.inf, np.float32)
    find_nearest(rows, found, right, bounds, nearest, distances)
    for i, row in enumerate(rows):
        own = slice(bounds[i], bounds[i + 1])
        values, images = np.append(row, found[own]), np.append(np.arange(columns), right[own])
        order = [j for j in np.argsort(values, kind="stable") if values[j] < np.inf][:top]
        assert nearest[i, : len(order)].tolist() == images[order].tolist()
        assert distances[i, : len(order)].tolist() == values[order].tolist()
        assert (nearest[i, len(order) :] == -1).all() and np.isinf(distances[i, len(order) :]).all()
