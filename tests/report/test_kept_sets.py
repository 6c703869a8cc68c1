"""Numbers of purified sets against slow references."""

import math
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from judged import KINDS, judged_images
from purereid.data.purified_file import write_purified
from purereid.data.truth_file import write_truth
from purereid.errors import UserError
from purereid.report.kept_sets import chance_range, describe_sets, figures, read_set


def write(folder: Path, name: str, table: pd.DataFrame) -> tuple[Path, Path]:
    """Both files of a set; the rows of the second in another order."""
    kept, truth = folder / f"{name}.kept.parquet", folder / f"{name}.truth.parquet"
    write_purified(kept, table.assign(score=1.0, reason="so"))
    write_truth(truth, table.iloc[::-1])
    return kept, truth


def describe(folder: Path, sets: dict[tuple[str, str], pd.DataFrame], **folds: set[int]) -> pd.DataFrame:
    files = [write(folder, f"{generator}-{purifier}", table) for (generator, purifier), table in sets.items()]
    names = [
        {"generator": generator, "purifier": purifier, "rule": "centre", "own_encoder": True}
        for generator, purifier in sets
    ]
    return describe_sets(names, [kept for kept, _ in files], [truth for _, truth in files], folds)


def slow_mean(values: list) -> float:
    return sum(values) / len(values) if values else math.nan


def slow_figures(table: pd.DataFrame) -> dict[str, float]:
    rows = table.to_dict("records")
    kept, dropped = [row for row in rows if row["kept"]], [row for row in rows if not row["kept"]]
    found = {
        "images": len(rows),
        "kept": len(kept),
        "share": 100 * len(kept) / len(rows),
        "identities": len({row["pid"] for row in rows}),
        "identities_kept": len({row["pid"] for row in kept}),
        "right_kept": 100 * slow_mean([row["pid"] == row["nearest_pid"] for row in kept]),
        "right_dropped": 100 * slow_mean([row["pid"] == row["nearest_pid"] for row in dropped]),
        "right_recall": 100 * slow_mean([row["kept"] for row in rows if row["pid"] == row["nearest_pid"]]),
    }
    for name, factor in (("ssim_truth", 1), ("l1_truth", 1), ("nearest_truth", 100)):
        found[f"{name}_kept"] = slow_mean([factor * row[name] for row in kept if row[name] == row[name]])
        found[f"{name}_dropped"] = slow_mean([factor * row[name] for row in dropped if row[name] == row[name]])
    groups = {kind: [row for row in rows if row["injected"] == kind] for kind in KINDS[1:]}
    groups |= {"all_injected": [row for row in rows if row["injected"]]}
    groups |= {"others": [row for row in rows if not row["injected"]]}
    for kind, members in groups.items():
        found[f"injected_{kind}"] = len(members)
        found[f"dropped_{kind}"] = 100 * slow_mean([not row["kept"] for row in members])
    found["above_others"] = found["dropped_all_injected"] - found["dropped_others"]
    found["precision_of_dropping"] = 100 * slow_mean([row["injected"] != "" for row in dropped])
    return found


@pytest.mark.parametrize("seed", range(3))
def test_figures_equal_slow_reference(seed):
    table = judged_images(60, seed)
    found = figures(table)
    assert found.pop("chance") > 0
    expected = slow_figures(table)
    assert set(found) == set(expected)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, nan_ok=True), name


@pytest.mark.parametrize("kept", [False, True])
def test_keeping_nothing_and_keeping_everything_are_results(kept):
    table = judged_images(40).assign(kept=kept)
    found = figures(table)
    present, absent = ("kept", "dropped") if kept else ("dropped", "kept")
    assert found["share"] == found["right_recall"] == found["kept"] / 40 * 100 == 100 * kept
    assert found["identities_kept"] == (5 if kept else 0)
    for name in ("right", "ssim_truth", "l1_truth", "nearest_truth"):
        assert math.isnan(found[f"{name}_{absent}"])
        assert found[f"{name}_{present}"] == pytest.approx(slow_figures(table)[f"{name}_{present}"])
    assert found["above_others"] == found["chance"] == 0
    assert found["dropped_all_injected"] == found["dropped_others"] == 100 * (not kept)
    assert math.isnan(found["precision_of_dropping"]) == kept


def test_without_injected_images_nothing_is_said_of_them():
    assert not [
        name for name in figures(judged_images(20, kinds=[""])) if "inject" in name or name.startswith("dropped")
    ]


def test_where_all_images_are_injected_nothing_is_compared():
    found = figures(judged_images(20, kinds=["blur"]))
    assert found["injected_others"] == 0 and found["injected_all_injected"] == 20
    assert all(math.isnan(found[name]) for name in ("dropped_others", "above_others", "chance"))


def test_chance_range_holds_the_spread_of_all_choices():
    injected, others, dropped = 3, 5, 4
    shares = []
    for chosen in combinations(range(injected + others), dropped):
        bad = sum(number < injected for number in chosen)
        shares.append(100 * (bad / injected - (dropped - bad) / others))
    assert chance_range(injected, others, dropped) == pytest.approx(1.96 * np.std(shares))


def test_chance_range_holds_95_percent_of_random_choices():
    rng = np.random.default_rng(0)
    injected = np.arange(600) < 150
    differences = []
    for _ in range(4000):
        dropped = rng.permutation(600) < 200
        differences.append(100 * (dropped[injected].mean() - dropped[~injected].mean()))
    outside = np.mean(np.abs(differences) > chance_range(150, 450, 200))
    assert 0.03 < outside < 0.07


def test_all_images_of_a_generator_come_before_its_sets(tmp_path):
    first, other = judged_images(30), judged_images(20, 1)
    sets = {("a", "x"): first, ("b", "x"): other, ("a", "y"): first.assign(kept=~first["kept"])}
    table = describe(tmp_path, sets)
    names = list(zip(table["generator"], table["purifier"], strict=True))
    assert names == [("a", ""), ("a", "x"), ("a", "y"), ("b", ""), ("b", "x")]
    assert table["rule"].tolist() == ["", "centre", "centre", "", "centre"]
    assert table["own_encoder"].tolist() == [False, True, True, False, True]
    assert table["kept"].tolist()[::3] == [30, 20]
    assert table["images"].tolist() == [30, 30, 30, 20, 20]
    everything = slow_figures(first.assign(kept=True))
    assert table["right_kept"][0] == pytest.approx(everything["right_kept"])
    assert table["right_kept"][1] == pytest.approx(slow_figures(first)["right_kept"])
    assert {str(table[name].dtype) for name in ("images", "kept", "injected_blur")} == {"Int64"}


def test_images_are_matched_by_name(tmp_path):
    table = judged_images(25)
    found = read_set(*write(tmp_path, "a", table.sample(frac=1, random_state=0)))
    pd.testing.assert_frame_equal(found, table, check_dtype=False)


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.iloc[1:],
        lambda table: table.assign(pid=table["pid"] + 1),
        lambda table: pd.concat([table, table.iloc[:1]]),
    ],
    ids=["images", "identities", "twice"],
)
def test_files_of_different_images(tmp_path, change):
    table = judged_images(10)
    kept, truth = write(tmp_path, "a", table)
    write_truth(truth, change(table))
    with pytest.raises(UserError, match="what was kept and what is known are of different images") as caught:
        read_set(kept, truth)
    assert str(kept) in str(caught.value) and str(truth) in str(caught.value)


def test_identities_that_no_network_learnt_from_have_numbers_of_their_own(tmp_path):
    sets = {("a", "x"): judged_images(60), ("b", "x"): judged_images(60, 1)}
    table = describe(tmp_path, sets, a={1, 3}).set_index(["generator", "purifier"])
    rows = [row for row in sets["a", "x"].to_dict("records") if row["pid"] in (1, 3)]
    found = table.loc[("a", "x")]
    assert found["fold_images"] == len(rows) > 10
    assert found["fold_share"] == pytest.approx(100 * slow_mean([row["kept"] for row in rows]))
    kept, bad = [row for row in rows if row["kept"]], [row for row in rows if row["injected"]]
    right = slow_mean([row["nearest_pid"] == row["pid"] for row in kept])
    assert found["fold_right_kept"] == pytest.approx(100 * right)
    assert found["fold_dropped_all_injected"] == pytest.approx(100 * slow_mean([not row["kept"] for row in bad]))
    assert table.loc[("a", ""), "fold_share"] == 100 and table.loc["b", "fold_images"].isna().all()
    assert not [name for name in describe(tmp_path, sets) if name.startswith("fold_")]


def test_sets_of_one_generator_of_different_images(tmp_path):
    for other in (judged_images(11), judged_images(10, 1)):
        with pytest.raises(UserError, match="the purified sets of a are of different images"):
            describe(tmp_path, {("a", "x"): judged_images(10), ("a", "y"): other})


def test_no_sets_and_sets_given_twice(tmp_path):
    with pytest.raises(UserError, match="there is no purified set to compare"):
        describe_sets([], [], [], {})
    names = {"generator": "a", "purifier": "x"}
    kept, truth = write(tmp_path, "a", judged_images(10))
    with pytest.raises(UserError, match="the set a / x is given twice"):
        describe_sets([names, names], [kept, kept], [truth, truth], {})
    with pytest.raises(ValueError, match="zip"):
        describe_sets([names], [kept, kept], [truth], {})


def test_files_that_are_missing_or_damaged(tmp_path):
    kept, truth = write(tmp_path, "a", judged_images(10))
    with pytest.raises(UserError, match="the purified images do not exist"):
        read_set(tmp_path / "nowhere", truth)
    with pytest.raises(UserError, match="the true values do not exist"):
        read_set(kept, tmp_path / "nowhere")
    truth.write_bytes(truth.read_bytes()[:100])
    with pytest.raises(UserError, match="the true values cannot be read"):
        read_set(kept, truth)
