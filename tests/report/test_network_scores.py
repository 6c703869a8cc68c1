"""Scores of the networks behind purifiers."""

import json
from pathlib import Path

import numpy as np
import pytest

from purereid.errors import UserError
from purereid.report.network_scores import METRICS, read_networks, unseen_by_all

NUMBERS = [*(name for metric in METRICS for name in (metric, f"{metric}_beside")), "steps", "largest"]
NUMBERS += ["held_out", "seen"]
LINKS = {"held_out": {"average_precision": 0.5, "recall": 0.1, "largest": 0.8}, "cosine": {"average_precision": 0.25}}
LINKS |= {"steps": 300, "held_out_identities": [4, 7], "seen": 0}
CLUSTERS = {"right": 0.9, "bcubed_f": 0.75, "pairwise_f": 0.5, "nmi": 0.1}
PLAIN = {"bcubed_f": 1 + 1e-12, "pairwise_f": 0, "nmi": 0.1}


def write(folder: Path, content: object) -> Path:
    path = folder / f"{len(list(folder.iterdir()))}.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_scores_stand_beside_those_that_they_are_compared_with(tmp_path):
    contents = [{"held_out": CLUSTERS, "cosine": PLAIN}, {"held_out": PLAIN, "gcn_v": CLUSTERS}]
    contents = [LINKS, *(content | {"steps": 20, "held_out_identities": [4], "seen": None} for content in contents)]
    table = read_networks([write(tmp_path, content) for content in contents], ["a", "b", "c"])
    assert list(table) == ["network", *NUMBERS] and table["network"].tolist() == ["a", "b", "c"]
    expected = [
        [50, 25, *[np.nan] * 4, 300, 0.8, 2, 0],
        [np.nan, np.nan, 75, 100, 50, 0, 20, np.nan, 1, np.nan],
        [np.nan, np.nan, 100, 75, 0, 50, 20, np.nan, 1, np.nan],
    ]
    np.testing.assert_allclose(table[NUMBERS].to_numpy(), expected)


@pytest.mark.parametrize("beside", ["cosine", "gcn_v"])
def test_without_held_out_identities_nothing_is_known(tmp_path, beside):
    nobody = {"held_out_identities": [], "seen": 0}
    table = read_networks([write(tmp_path, {"held_out": None, beside: None, "steps": 7} | nobody)], ["a"])
    assert table[NUMBERS].drop(columns=["steps", "held_out", "seen"]).isna().all(axis=None)
    assert table[["steps", "held_out", "seen"]].to_numpy().tolist() == [[7, 0, 0]]
    assert (table[NUMBERS].dtypes == "float64").all()


def test_identities_that_all_networks_of_a_generator_have_held_out(tmp_path):
    known = [LINKS, LINKS | {"held_out_identities": [7, 9]}, LINKS | {"seen": 2}, LINKS | {"seen": None}]
    paths = [write(tmp_path, content) for content in known]
    assert unseen_by_all(paths, ["a", "a", "b", "c"]) == {"a": {7}, "b": set(), "c": set()}


def test_no_networks():
    assert list(read_networks([], [])) == ["network", *NUMBERS]


def test_not_as_many_names_as_files(tmp_path):
    with pytest.raises(ValueError, match="zip"):
        read_networks([write(tmp_path, LINKS)], [])


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "1",
        {"held_out": None},
        {"held_out": {"recall": 0.5}, "cosine": {}},
        {"held_out": {"average_precision": 0.5}, "cosine": {}},
        {"held_out": {"average_precision": "x"}, "cosine": {"average_precision": 0.5}},
        {"held_out": {"average_precision": 1.01}, "cosine": {"average_precision": 0.5}},
        {"held_out": {"average_precision": 0.5}, "cosine": {"average_precision": np.nan}},
    ],
    ids=["empty", "list", "number", "nothing", "no score", "one", "text", "high", "nan"],
)
def test_files_of_another_kind(tmp_path, content):
    path = write(tmp_path, content)
    with pytest.raises(UserError, match="the scores of a network cannot be read") as caught:
        read_networks([path], ["a"])
    assert str(path) in str(caught.value)


def test_a_missing_file(tmp_path):
    with pytest.raises(UserError, match="the scores of a network cannot be read"):
        read_networks([tmp_path / "nowhere.json"], ["a"])
