"""What purifiers drop of failures, against slow references."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from judged import judged_images
from purereid.data.purified_file import write_purified
from purereid.data.truth_file import write_truth
from purereid.errors import UserError
from purereid.report.sensitivity import figures, sensitivity

NUMBER = 60
ABOUT = {"trained": 100.0, "injected": 30.0, "steps": 300, "purifier": "gcn", "rule": "published", "link": "0.9"}


def images(seed: int, kinds: tuple[str, ...] = ("", "", "blur")) -> pd.DataFrame:
    return judged_images(NUMBER, seed, kinds)


def write(folder: Path, tables: dict[str, pd.DataFrame]) -> tuple[pd.DataFrame, str, str]:
    """Table, text and page of the sets of some generators."""
    kept, truth, sets = [], [], []
    for number, (generator, table) in enumerate(tables.items()):
        kept.append(folder / f"{number}.kept.parquet")
        truth.append(folder / f"{number}.truth.parquet")
        write_purified(kept[-1], table.assign(score=1.0, reason="so"))
        write_truth(truth[-1], table)
        sets.append({"generator": generator, "kinds": " ".join(sorted(set(table["injected"]) - {""}))} | ABOUT)
    outputs = {name: folder / f"t.{suffix}" for name, suffix in (("table", "csv"), ("text", "txt"), ("page", "html"))}
    sensitivity(kept=kept, truth=truth, sets=sets, **outputs)
    return pd.read_csv(outputs["table"]), outputs["text"].read_text(), outputs["page"].read_text()


@pytest.mark.parametrize("seed", range(4))
def test_figures_by_definition(seed: int):
    table = images(seed)
    found = figures(table)
    rows = table.to_dict("records")
    failures = {"injected": lambda row: row["injected"] != "", "wrong": lambda row: row["nearest_pid"] != row["pid"]}
    for kind, failed in failures.items():
        bad, good = [row for row in rows if failed(row)], [row for row in rows if not failed(row)]
        shares = [sum(not row["kept"] for row in part) / len(part) for part in (bad, good)]
        assert found[f"{kind}_images"] == pytest.approx(100 * len(bad) / NUMBER)
        assert [found[f"{kind}_dropped"], found[f"{kind}_others"]] == pytest.approx([100 * share for share in shares])
        assert found[f"{kind}_ratio"] == pytest.approx(shares[0] / shares[1])
    assert found["dropped"] == pytest.approx(100 * sum(not row["kept"] for row in rows) / NUMBER)


def test_nothing_to_count():
    found = figures(images(0, ("",)).assign(kept=True))
    names = ("dropped", "ratio", "chance")
    assert found["injected_images"] == 0 and all(np.isnan(found[f"injected_{name}"]) for name in names)
    assert found["wrong_dropped"] == 0 and np.isnan(found["wrong_ratio"])  # nothing is dropped of the others


def test_each_kind_of_failure_has_a_table_of_the_sets_that_have_it(tmp_path: Path):
    table, text, page = write(tmp_path, {"<spoiled>": images(0), "early": images(1, ("",))})
    assert table["generator"].tolist() == ["<spoiled>", "early"] and table["link"].tolist() == [0.9, 0.9]
    spoiled, wrong = text.split("\n\n")
    assert "spoiled on purpose" in spoiled and "early" not in spoiled and "early" in wrong and "blur" in spoiled
    ratio = f"{table.loc[0, 'injected_ratio']:.2f}"
    assert ratio in spoiled and "&lt;spoiled&gt;" in page and "<spoiled>" not in page


def test_no_sets(tmp_path: Path):
    with pytest.raises(UserError, match=r"no purified set whose failures(.|\n)*sensitivity\.generators"):
        write(tmp_path, {})
