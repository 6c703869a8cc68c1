"""The table of training sets by test sets."""

from pathlib import Path

import pandas as pd
import pytest

from purereid.errors import UserError
from purereid.report.compare_datasets import compare_datasets

VIEWS = ("table", "text", "page")


def compared(folder: Path, dataset: str, scores: dict[str, tuple], protocol: str = "market, cosine") -> Path:
    """A table of compare: mAP, its deviation and rank-1 of each experiment."""
    rows = [
        {"dataset": dataset, "experiment": name, "protocol": protocol, "seeds": "1 2", "queries": 9, "mINP": 1}
        | {"mAP": mAP, "mAP_sd": spread, "rank1": rank1, "rank1_sd": spread}
        for name, (mAP, spread, rank1) in scores.items()
    ]
    path = folder / f"{dataset}.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def about(name: str, train: str, sources: tuple = (), learns: bool = True, **other: object) -> dict:
    kind = {"system": "bot", "backbone": "resnet50", "size": "256 x 128", "images": "real images alone"} | other
    return {"experiment": name, "train": train, "sources": list(sources), "learns": learns} | kind


def run(folder: Path, tables: list[Path], experiments: list[dict]) -> dict[str, str]:
    files = {name: folder / name for name in VIEWS}
    compare_datasets(compared=tables, experiments=experiments, **files)
    return {name: path.read_text() for name, path in files.items()}


def cells(text: str, start: str) -> list[str]:
    """Cells of the line that begins so."""
    (line,) = [line for line in text.splitlines() if line.startswith(start)]
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


@pytest.fixture
def views(tmp_path: Path) -> dict[str, str]:
    on_a = {"of_a": (60, 1.5, 80), "of_b": (20, None, 30), "of_both": (65, 1, 85), "raw": (2, None, 3)}
    tables = [compared(tmp_path, "a", on_a), compared(tmp_path, "b", {"of_a": (15, 2, 25), "of_b": (50, None, 70)})]
    both = about("of_both", "both", ("a", "b"))
    return run(tmp_path, tables, [about("of_a", "a"), about("of_b", "b"), both, about("raw", "a", learns=False)])


def test_rows_are_training_sets_and_columns_test_sets(views: dict[str, str]):
    text = views["text"]
    header = ["experiment", "seeds", "a mAP", "a rank1", "b mAP", "b rank1"]
    assert [line.split("  ")[0] for line in text.splitlines()].count("trained on") == 2
    assert all(name in text for name in header)
    assert cells(text, "a ") == ["a", "of_a", "2", "60.0 ±1.5*", "80.0 ±1.5*", "15.0 ±2.0", "25.0 ±2.0"]
    assert cells(text, "b ") == ["b", "of_b", "2", "20.0", "30.0", "50.0*", "70.0*"]
    assert cells(text, "both") == ["both (a + b)", "of_both", "2", "65.0 ±1.0*", "85.0 ±1.0*", "-", "-"]
    assert cells(text, "nothing") == ["nothing", "raw", "2", "2.0", "3.0", "-", "-"]
    assert (
        text.index("bot, resnet50, 256 x 128: real images alone")
        < text.index("both (a + b)")
        < text.index("not trained")
    )
    assert "a: 9 queries (market, cosine)" in text and max(map(len, text.splitlines())) <= 100


def test_the_csv_holds_each_score(views: dict[str, str], tmp_path: Path):
    table = pd.read_csv(tmp_path / "table")
    assert len(table) == 6
    row = table.set_index(["experiment", "dataset"]).loc[("of_a", "b")]
    assert (row["train"], row["mAP"], row["mAP_sd"], row["rank1"]) == ("a", 15, 2, 25)
    assert table.set_index("experiment").loc["of_both", "sources"] == "a b"


def test_systems_and_backbones_have_tables_of_their_own(tmp_path: Path):
    scores = dict.fromkeys(("x", "y", "z"), (1, None, 2))
    tables = [compared(tmp_path, name, scores) for name in ("a", "b")]
    kinds = [about("x", "a"), about("y", "a", system="pcb"), about("z", "a", backbone="resnet18")]
    text = run(tmp_path, tables, kinds)["text"]
    assert [text.count(f"{name}, 256 x 128") for name in ("bot, resnet50", "pcb, resnet50", "bot, resnet18")] == [
        1,
        1,
        1,
    ]


def test_protocols_have_columns_of_their_own(tmp_path: Path):
    one = compared(tmp_path, "a", {"x": (1, None, 2)})
    other = pd.read_csv(one).assign(experiment="y", protocol="openreid, cosine")
    pd.concat([pd.read_csv(one), other]).to_csv(one, index=False)
    text = run(tmp_path, [one, compared(tmp_path, "b", {"x": (5, None, 6)})], [about("x", "b"), about("y", "b")])[
        "text"
    ]
    assert "a (market, cosine) mAP" in text and "a (openreid, cosine) mAP" in text and "b mAP" in text


def test_names_are_escaped(tmp_path: Path):
    tables = [compared(tmp_path, name, {"x": (1, None, 2)}) for name in ("a", "b")]
    page = run(tmp_path, tables, [about("x", "a", backbone="timm:<b>")])["page"]
    assert "timm:&lt;b&gt;" in page and "<b>" not in page


def test_experiments_that_do_not_learn_alone(tmp_path: Path):
    tables = [compared(tmp_path, name, {"x": (1, None, 2)}) for name in ("a", "b")]
    text = run(tmp_path, tables, [about("x", "a", learns=False)])["text"]
    assert cells(text, "nothing")[3:] == ["1.0", "2.0", "1.0", "2.0"] and "*" not in text


def test_experiments_with_one_training_set_stand_together(tmp_path: Path):
    tables = [compared(tmp_path, name, dict.fromkeys(("x", "y", "z"), (1, None, 2))) for name in ("a", "b")]
    text = run(tmp_path, tables, [about("x", "a"), about("y", "b"), about("z", "a")])["text"]
    assert text.index(" x ") < text.index(" z ") < text.index(" y ")


def test_scores_without_map(tmp_path: Path):
    tables = [compared(tmp_path, name, {"x": (None, None, 2)}) for name in ("a", "b")]
    assert cells(run(tmp_path, tables, [about("x", "a")])["text"], "a ")[3:] == ["-", "2.0*", "-", "2.0"]


def test_a_table_of_another_kind(tmp_path: Path):
    (tmp_path / "a.csv").write_text("x\n1\n")
    with pytest.raises(UserError, match=r"cannot be read(.|\n)*a\.csv"):
        run(tmp_path, [tmp_path / "a.csv"], [about("x", "a")])
