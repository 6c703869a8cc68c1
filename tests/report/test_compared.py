"""Scores of experiments as they were compared."""

from pathlib import Path

import pandas as pd
import pytest

from purereid.errors import UserError
from purereid.report.compared import NUMBERS, TEXTS, read_compared

ROW = dict.fromkeys(NUMBERS, 1.5) | {
    "dataset": "people",
    "seeds": "1 2",
    "common_seeds": "",
    "baseline": "a",
    "remark": "",
    "rank1": 7,
}


def write(folder: Path, *rows: dict) -> Path:
    path = folder / "table.csv"
    pd.DataFrame([ROW | row for row in rows]).to_csv(path, index=False)
    return path


def test_rows_come_in_the_order_asked_for(tmp_path):
    path = write(tmp_path, {"experiment": "a", "mAP": 40}, {"experiment": "b"}, {"experiment": "c", "mAP_sd": None})
    table = read_compared(path, ["c", "a"])
    assert list(table) == [*TEXTS, *NUMBERS]
    assert table["experiment"].tolist() == ["c", "a"] and table["mAP"].tolist() == [1.5, 40]
    assert table["mAP_sd"].isna().tolist() == [True, False]
    assert table["seeds"].tolist() == ["1 2", "1 2"] and table["remark"].tolist() == ["", ""]


def test_names_that_look_like_missing_values_are_names(tmp_path):
    assert read_compared(write(tmp_path, {"experiment": "NA"}, {"experiment": "1"}), ["NA", "1"])["mAP"].notna().all()


def test_an_experiment_without_scores(tmp_path):
    with pytest.raises(UserError, match=r"no scores of x, y(.|\n)*one of a, b"):
        read_compared(write(tmp_path, {"experiment": "a"}, {"experiment": "b"}), ["x", "a", "y"])


def test_an_experiment_under_two_protocols(tmp_path):
    path = write(tmp_path, {"experiment": "a"}, {"experiment": "b"}, {"experiment": "b"})
    with pytest.raises(UserError, match="scores of b under several protocols"):
        read_compared(path, ["a", "b"])
    assert len(read_compared(path, ["a"])) == 1


def test_several_data_sets(tmp_path):
    path = write(tmp_path, {"experiment": "a"}, {"experiment": "b", "dataset": "other"})
    with pytest.raises(UserError, match="scores of 2 data sets: people, other"):
        read_compared(path, ["a"])


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"experiment,mAP\na,1\n"], ids=["empty", "binary", "other"])
def test_files_of_another_kind(tmp_path, content):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match="the scores cannot be read"):
        read_compared(path, ["a"])


def test_a_file_that_is_missing_or_has_no_numbers(tmp_path):
    with pytest.raises(UserError, match="the scores cannot be read"):
        read_compared(tmp_path / "nowhere.csv", ["a"])
    with pytest.raises(UserError, match=r"the scores cannot be read(.|\n)*table.csv of compare"):
        read_compared(write(tmp_path, {"experiment": "a", "mAP": "high"}), ["a"])
