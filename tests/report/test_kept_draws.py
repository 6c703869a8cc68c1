"""Purified sets of several draws of one generator, as one."""

import numpy as np
import pandas as pd
import pytest

from purereid.report.kept_draws import over_draws

DRAW_OF = {"g-seed1": "g", "g-seed2": "g"}


@pytest.fixture
def table() -> pd.DataFrame:
    """Two draws of one generator and another generator, all images and purified ones."""
    columns = ["generator", "purifier", "rule", "own_encoder", "images", "kept", "right_kept", "chance"]
    rows = [
        ("other", "", "", False, 5, 5, 50.0, np.nan),
        ("g-seed1", "", "", False, 10, 10, 60.0, np.nan),
        ("g-seed1", "gcn", "published", False, 10, 4, 70.0, 8.0),
        ("g-seed2", "", "", False, 12, 12, 64.0, np.nan),
        ("g-seed2", "gcn", "published", True, 12, 9, 80.0, 4.0),
    ]
    return pd.DataFrame(rows, columns=columns).astype({"images": "Int64", "kept": "Int64"})


def test_numbers_are_means_and_chance_that_of_their_mean(table: pd.DataFrame):
    found = over_draws(table, DRAW_OF, set()).set_index(["generator", "purifier"])
    assert list(found.index) == [("other", ""), ("g", ""), ("g", "gcn")]
    assert found["draws"].tolist() == [1, 2, 2] and found["own_encoder"].tolist() == [False, False, True]
    together = found.loc["g", "gcn"]
    assert (together["rule"], together["images"], together["kept"], together["right_kept"]) == ("published", 11, 6, 75)
    assert together["chance"] == pytest.approx(np.hypot(8, 4) / 2) and np.isnan(found.loc[("g", ""), "chance"])


def test_a_draw_that_an_experiment_names_stays_too(table: pd.DataFrame):
    found = over_draws(table, DRAW_OF, {("g-seed2", "gcn"), ("other", "")})
    sets = list(zip(found["generator"], found["purifier"], found["draws"], strict=True))
    assert sets == [("other", "", 1), ("g", "", 2), ("g", "gcn", 2), ("g-seed2", "gcn", 1)]
    assert found.iloc[-1]["kept"] == 9 and found["kept"].dtype == "Int64"


def test_one_draw_alone_is_no_mean(table: pd.DataFrame):
    one = table[table["generator"] != "g-seed1"]
    found = over_draws(one, {"g-seed2": "g"}, {("g-seed2", ""), ("g-seed2", "gcn")})
    assert found["generator"].tolist() == ["other", "g-seed2", "g-seed2"]


def test_one_draw_that_is_named_by_its_recipe_and_by_itself_is_both(table: pd.DataFrame):
    one = table[table["generator"] != "g-seed1"]
    found = over_draws(one, {"g-seed2": "g"}, {("g", "gcn"), ("g-seed2", "gcn")})
    named = found[found["purifier"] == "gcn"]
    assert named["generator"].tolist() == ["g", "g-seed2"] and named["kept"].tolist() == [9, 9]


def test_without_draws_nothing_changes(table: pd.DataFrame):
    pd.testing.assert_frame_equal(over_draws(table, {}, set()), table)
