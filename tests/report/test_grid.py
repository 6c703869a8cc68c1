"""The swap grid."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from purereid.report.grid import cut_to_column, draw_grid
from purereid.report.pictures import CELL_HEIGHT, CELL_WIDTH, PITCH, SMALL, letters


def plain(level: int) -> np.ndarray:
    return np.full((64, 32, 3), (level, 200, level), dtype=np.uint8)


def draw(path: Path, label: str = "pose", **changed) -> np.ndarray:
    """Draw two persons in three poses, each image in a colour of its own."""
    asked = {
        "sources": [plain(100 + row) for row in range(2)],
        "poses": [plain(10 + column) for column in range(3)],
        "cells": [[plain(20 * (row + 1) + 120 + column) for column in range(3)] for row in range(2)],
        "row_labels": [f"person {row}" for row in range(2)],
        "column_labels": [f"{label} {column}" for column in range(3)],
    }
    draw_grid(path=path, title="title", remark="remark", **asked | changed)
    return np.asarray(Image.open(path))


def place_of(sheet: np.ndarray, level: int) -> tuple[int, int]:
    """Upper left corner of a plain image, which is there once and whole."""
    rows, columns = np.nonzero((sheet == (level, 200, level)).all(axis=2))
    assert len(rows) == CELL_HEIGHT * CELL_WIDTH, level
    return int(rows.min()), int(columns.min())


def test_every_person_meets_every_pose(tmp_path):
    sheet = draw(tmp_path / "grid.png")
    tops = [place_of(sheet, 100 + row)[0] for row in range(2)]
    lefts = [place_of(sheet, 10 + column)[1] for column in range(3)]
    for row in range(2):
        for column in range(3):
            assert place_of(sheet, 20 * (row + 1) + 120 + column) == (tops[row], lefts[column])
    assert place_of(sheet, 100)[1] < lefts[0] < lefts[1] < lefts[2]
    assert place_of(sheet, 10)[0] < tops[0] < tops[1]


@pytest.mark.parametrize("name", ["sources", "poses", "cells", "row_labels", "column_labels"])
def test_lists_that_do_not_fit_together_are_refused(tmp_path, name):
    with pytest.raises(ValueError, match=r"argument . is|images in 0 poses"):
        draw(tmp_path / "grid.png", **{name: []})
    assert not (tmp_path / "grid.png").exists()


def test_long_names_leave_the_next_column_alone(tmp_path):
    name = "results/people/a_very_long_name_of_a_pose.txt"
    assert cut_to_column("pid 12") == "pid 12"
    assert letters(SMALL).getlength(cut_to_column(name)) <= PITCH
    assert cut_to_column(name).endswith("…") and name.startswith(cut_to_column(name)[:-1])
    assert draw(tmp_path / "grid.png", label=name).shape == draw(tmp_path / "grid.png").shape


def test_the_same_grid_has_the_same_bytes(tmp_path):
    for name in ("a.png", "b.png"):
        draw(tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
