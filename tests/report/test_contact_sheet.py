"""The contact sheet of a data set."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from purereid.data.index import read_index, write_index
from purereid.errors import UserError
from purereid.report.contact_sheet import contact_sheet, people_blocks, split_people, spread_over_cameras


def draw(index: Path, seed: int = 0, identities: int = 4, columns: int = 4) -> bytes:
    sheet = index.parent / "sheet.png"
    contact_sheet(index=index, sheet=sheet, identities=identities, columns=columns, seed=seed)
    return sheet.read_bytes()


def with_rows(table: pd.DataFrame, **values) -> pd.DataFrame:
    """Four more gallery images with other values."""
    extra = table[table["split"] == "gallery"].head(4).assign(**values)
    return pd.concat([table, extra.assign(image=extra["image"] + f"{values['pid']}")], ignore_index=True)


def test_the_seed_alone_decides(index):
    assert draw(index, seed=1) == draw(index, seed=1)
    assert draw(index, seed=1) != draw(index, seed=2)


def test_distractors_and_junk_are_no_people(index):
    table = with_rows(with_rows(read_index(index), pid=0), pid=-1)
    people, others = split_people(table)
    assert others["what"].value_counts().to_dict() == {"distractors": 4, "junk": 4}
    assert len(people) == len(read_index(index))
    # number 0 of the training images is a person
    assert sorted(people.loc[people["side"] == "training", "pid"].unique()) == [0, 2, 4, 6]


def test_a_person_0_for_whom_somebody_asks_is_no_distractor(index):
    table = read_index(index)
    table.loc[table["pid"] == 1, "pid"] = 0
    assert split_people(table)[1].empty


def test_strips_show_distractors_and_junk(index):
    plain = draw(index)
    write_index(with_rows(read_index(index), pid=-1, camid=-1), index)
    with_junk = draw(index)
    assert with_junk != plain


@pytest.mark.parametrize(
    ("identities", "found"),
    [(1, [1]), (3, [2, 1]), (4, [2, 2]), (8, [4, 4]), (100, [4, 4])],
)
def test_half_of_the_people_are_from_each_side(index, identities, found):
    people, _ = split_people(read_index(index))
    blocks = people_blocks(people, identities, 2, np.random.default_rng(0))
    assert [len(block.rows) for block in blocks] == found


@pytest.mark.parametrize(("kept", "found"), [([0, 1, 3, 5, 7], [1, 3]), ([0, 2, 4, 6, 1], [3, 1]), ([0, 2, 4], [3])])
def test_one_side_makes_up_for_the_other(index, kept, found):
    table = read_index(index)
    people, _ = split_people(table[table["pid"].isin(kept)])
    blocks = people_blocks(people, 4, 2, np.random.default_rng(0))
    assert [len(block.rows) for block in blocks] == found


@pytest.mark.parametrize(("columns", "per_camera"), [(1, [1]), (3, [1, 1, 1]), (4, [1, 1, 2]), (9, [2, 2, 2])])
def test_images_are_spread_over_the_cameras(index, columns, per_camera):
    table = read_index(index)
    shown = spread_over_cameras(table[table["pid"] == 2], columns, np.random.default_rng(0))
    assert sorted(shown["camid"].value_counts()) == per_camera
    assert shown["camid"].is_monotonic_increasing and shown["image"].is_unique


def test_a_missing_image_is_named(index):
    path = Path(read_index(index)["path"].iloc[0])
    path.unlink()
    with pytest.raises(UserError, match=path.name):
        draw(index, identities=8, columns=6)


def test_an_index_without_anything_to_show_is_refused(index):
    write_index(read_index(index).assign(split="multi"), index)
    with pytest.raises(UserError, match=r"no image to show(.|\n)*train, val, query or gallery"):
        draw(index)
