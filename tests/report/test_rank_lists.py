"""Ranked lists as pictures."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageColor

from purereid.data.index import read_index
from purereid.errors import UserError
from purereid.report.pictures import CELL_HEIGHT, CELL_WIDTH, FRAME
from purereid.report.rank_lists import choose, rank_lists
from purereid.report.style import BLUE, GREEN, RED


def write_ranks(index: Path, depth: int = 10, **values) -> Path:
    """Ranks of the four queries of the tiny index: all of the gallery in its order, cut after ``depth``."""
    table = read_index(index)
    gallery = table[table["split"] == "gallery"]
    rows = []
    for number, query in enumerate(table[table["split"] == "query"].itertuples()):
        right = (gallery["pid"] == query.pid).tolist()
        row = {"image": query.image, "pid": query.pid, "camid": query.camid, "good": 5, "first": 1 + right.index(True)}
        row |= {"AP": 0.2 * (number + 1), "AP_trapezoid": 0.1, "INP": 0.1}
        row |= {"top_images": gallery["image"].tolist()[:depth], "top_right": right[:depth]}
        rows.append(row | {"top_distances": np.linspace(0, 1, len(right))[:depth]} | values)
    path = index.parent / "ranks.parquet"
    pd.DataFrame(rows).to_parquet(path)
    return path


def draw(index: Path, ranks: Path, lists: int = 1) -> Path:
    sheet = index.parent / "sheet.png"
    rank_lists(index=index, ranks=ranks, sheet=sheet, lists=lists, experiment="baseline", seed=1)
    return sheet


def frames(sheet: Path, colour: str) -> int:
    """Number of frames of a colour; the upper and lower bar of each are ``FRAME`` runs of its whole width."""
    same = (np.asarray(Image.open(sheet)) == ImageColor.getrgb(colour)).all(axis=2).astype(int)
    edges = np.diff(same, axis=1, prepend=0, append=0)
    lengths = np.nonzero(edges == -1)[1] - np.nonzero(edges == 1)[1]
    return int((lengths == CELL_WIDTH + 2 * FRAME).sum()) // (2 * FRAME)


def scored(count: int, pids: int = 100) -> pd.DataFrame:
    """Queries from best to worst."""
    numbers = np.arange(count)
    return pd.DataFrame({"image": [f"{n:03d}" for n in numbers], "pid": numbers % pids, "AP": 1 - numbers / count})


def picked(table: pd.DataFrame, lists: int) -> dict[str, list[int]]:
    return {name.split()[0]: [int(image) for image in rows["image"]] for name, rows in choose(table, lists)}


@pytest.mark.parametrize(
    ("count", "lists", "expected"),
    [
        (99, 2, {"best": [0, 1], "median": [48, 49], "worst": [97, 98]}),
        (9, 3, {"best": [0, 1, 2], "median": [3, 4, 5], "worst": [6, 7, 8]}),
        (8, 3, {"best": [0, 1], "median": [3, 4], "worst": [6, 7]}),
        (3, 5, {"best": [0], "median": [1], "worst": [2]}),
        (2, 5, {"best": [0], "worst": [1]}),
        (1, 5, {"best": [0]}),
    ],
)
def test_best_median_and_worst_are_chosen_and_none_twice(count, lists, expected):
    assert picked(scored(count), lists) == expected


def test_equal_queries_are_taken_by_name():
    assert picked(scored(9).assign(AP=0.5), 1) == {"best": [0], "worst": [1], "median": [4]}


def test_of_one_person_one_query_is_shown():
    assert picked(scored(99, pids=3).sort_values("image"), 2)["best"] == [0, 1]
    assert len(picked(scored(99, pids=1), 2)["best"]) == 1


def test_frames_say_what_is_right(index):
    ranks = write_ranks(index)
    sheet = draw(index, ranks)
    shown = pd.read_parquet(ranks).sort_values("AP").iloc[[0, 2, 3]]
    right = sum(sum(flags) for flags in shown["top_right"])
    assert frames(sheet, BLUE) == 3
    assert (frames(sheet, GREEN), frames(sheet, RED)) == (right, 30 - right)


def test_short_lists_are_drawn(index):
    sheet = draw(index, write_ranks(index, depth=2))
    assert frames(sheet, BLUE) == 3
    assert Image.open(sheet).height > 3 * CELL_HEIGHT


def test_the_same_ranks_give_the_same_bytes(index):
    ranks = write_ranks(index)
    assert draw(index, ranks).read_bytes() == draw(index, ranks).read_bytes()


def test_queries_without_a_match_are_left_out(index):
    with pytest.raises(UserError, match="no query with a right gallery image"):
        draw(index, write_ranks(index, AP=np.nan, good=0, first=0))


def test_ranks_of_another_index_are_refused(index):
    with pytest.raises(UserError, match=r"'other.jpg' is not in the index(.|\n)*evaluate"):
        draw(index, write_ranks(index, image="other.jpg"))


def test_missing_ranks_are_named(index):
    with pytest.raises(UserError, match=r"nowhere\.parquet"):
        draw(index, index.parent / "nowhere.parquet")
