"""What is reached with few real images: the counts, the shares, and how they are shown."""

import logging
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from purereid.data.index import write_index
from purereid.errors import UserError
from purereid.report.few_real import few_real
from purereid.report.style import new_plot
from purereid.report.training_sets import REAL_ALONE

FILES = {"table": "f.csv", "text": "f.txt", "page": "f.html", "plot": "f.png"}
ABOUT = {"camid": 0, "seq": -1, "frame": -1, "width": 8, "height": 16, "sha256": "", "dataset": "people"}


def row(name: str, pid: int, kind: str = "detected", split: str = "train") -> dict:
    return ABOUT | {"image": name, "path": name, "pid": pid, "kind": kind, "split": split}


class Folder:
    """Experiments with their indexes and scores, as files."""

    def __init__(self, path: Path):
        self.path, self.indexes, self.experiments, self.scores = path, [], [], []

    def add(self, name: str, images: list[int], mAP: float | None, kind: str = REAL_ALONE, **changed) -> None:
        """An experiment on so many real images of each identity, beside four generated, junk and a query."""
        rows = [row(f"{pid}/{n}", pid) for pid, number in enumerate(images) for n in range(number)]
        rows += [row(f"made/{n}", n % 2, "generated") for n in range(4)]
        rows += [row("junk", -1), row("query", 99, split="query"), row("val", 98, split="val")]
        self.indexes.append(self.path / f"{len(self.indexes)}.parquet")
        write_index(pd.DataFrame(rows), self.indexes[-1])
        entry = {
            "experiment": name,
            "splits": ["train"],
            "held_out": 0.0,
            "uses_generated": kind != REAL_ALONE,
            "kind": kind,
        }
        self.experiments.append(entry | {key: value for key, value in changed.items() if key in entry})
        numbers = dict.fromkeys(("difference", "difference_low", "difference_high", "difference_p"))
        numbers |= {"mAP": mAP, "mAP_sd": 0.5, "mAP_low": mAP and mAP - 3, "mAP_high": mAP and mAP + 3}
        texts = {
            "dataset": "people",
            "experiment": name,
            "seeds": "1 2",
            "common_seeds": "",
            "baseline": "whole",
            "remark": "few queries",
        }
        self.scores.append(numbers | texts | {key: value for key, value in changed.items() if key in texts})

    def make(self, reference: str = "whole", **changed) -> tuple[pd.DataFrame, str, str]:
        """Table, text and page."""
        pd.DataFrame(self.scores).to_csv(self.path / "compared.csv", index=False)
        outputs = {name: self.path / file for name, file in FILES.items()}
        inputs = {"compared": self.path / "compared.csv", "indexes": self.indexes, "experiments": self.experiments}
        few_real(**inputs | outputs | {"reference": reference} | changed)
        return pd.read_csv(outputs["table"]), outputs["text"].read_text(), outputs["page"].read_text()


@pytest.fixture(name="folder")
def three_experiments(tmp_path):
    """All real images, few of them, and few with generated ones."""
    folder = Folder(tmp_path)
    folder.add("whole", [8, 8, 4], 60)
    folder.add("few_generated", [3, 1, 1], 45, "generated")
    folder.add("few", [3, 1, 1], 30)
    return folder


def test_counts_and_shares(folder):
    table, _, _ = folder.make()
    assert table["experiment"].tolist() == ["few_generated", "few", "whole"]
    assert table["real"].tolist() == [5, 5, 20]
    assert table["identities"].tolist() == [3, 3, 3] and table["identities_several"].tolist() == [1, 1, 3]
    assert table["generated"].tolist() == [4, 0, 0]
    assert table["real_share"].tolist() == [25, 25, 100] and table["mAP_share"].tolist() == [75, 50, 100]
    assert table["kind"].tolist() == ["generated", REAL_ALONE, REAL_ALONE]
    assert set(table["dataset"]) == {"people"} and table["mAP_low"].tolist() == [42, 27, 57]


def test_other_splits_count_where_they_were_trained_on(folder):
    folder.experiments[0]["splits"] = ["train", "val"]
    table, _, _ = folder.make()
    assert table["real"].tolist() == [5, 5, 21] and table["identities"].tolist() == [3, 3, 4]


def test_what_is_shown(folder):
    _, text, page = folder.make()
    lines = [line.split() for line in text.splitlines()]
    assert ["few_generated", "generated", "5", "25.0", "1", "4", "45.0", "±0.5", "75.0", "42.0", "to", "48.0"] in lines
    assert f"<td>few</td><td>{REAL_ALONE}</td><td>5</td><td>25.0</td><td>1</td><td>0</td><td>30.0 ±0.5</td>" in page
    for said in (
        "identities with more than one real training image",
        "mAP %: its share of that of whole",
        REAL_ALONE,
        "for other persons and other seeds",
    ):
        assert said in " ".join(text.split()) and said in page
    assert text.count("few queries") == 1


def test_another_reference(folder):
    table, text, _ = folder.make(reference="few")
    assert table["mAP_share"].tolist() == [150, 100, 200] and table["real_share"].tolist() == [100, 100, 400]
    assert "that of few" in " ".join(text.split())


@pytest.mark.parametrize("score", [None, 0.0])
def test_a_share_of_no_score_is_none(tmp_path, score):
    folder = Folder(tmp_path)
    folder.add("whole", [2, 2], score)
    folder.add("few", [1, 2], 30)
    table, text, _ = folder.make()
    assert table["mAP_share"].isna().all() and table["real_share"].tolist() == [75, 100]
    assert ["few", *REAL_ALONE.split(), "3", "75.0", "1", "0", "30.0", "±0.5", "-", "27.0", "to", "33.0"] in [
        line.split() for line in text.splitlines()
    ]


def test_many_experiments_and_very_few_images(tmp_path):
    folder = Folder(tmp_path)
    for number in range(9):
        folder.add(f"e{number}", [1 + number * 20, 1], 20 + number, f"network{number}, generated")
    folder.add("whole", [400, 1], 70)
    table, _, _ = folder.make()
    assert table["real"].tolist() == [2 + number * 20 for number in range(9)] + [401]
    assert Image.open(tmp_path / "f.png").size[0] == 8 * 150


def test_a_line_joins_all_numbers_of_real_images_of_a_kind(tmp_path, monkeypatch):
    figures = []

    @contextmanager
    def kept_plot(path, height):
        with new_plot(path, height) as figure:
            figures.append(figure)
            yield figure

    monkeypatch.setattr("purereid.report.few_real_plot.new_plot", kept_plot)
    folder = Folder(tmp_path)
    for number, mAP in ((1, 20), (2, 30)):
        folder.add(f"purified_p{number}", [number, 1], mAP + 2, "generated, gcn")
        folder.add(f"generated_p{number}", [number, 1], mAP + 1, "generated")
        folder.add(f"real_p{number}", [number, 1], mAP)
    folder.add("whole", [4, 4], 60)
    folder.make()
    lines = {line.get_label(): line.get_ydata() for line in figures[0].axes[0].get_lines()}
    assert list(lines) == [REAL_ALONE, "generated", "generated, gcn", "mAP of whole"]
    assert [list(points) for points in lines.values()] == [[20, 30, 60], [21, 31], [22, 32], [60, 60]]
    assert [text.get_text() for text in figures[0].legends[0].get_texts()] == list(lines)


def test_the_text_is_at_most_100_columns_wide(tmp_path):
    folder = Folder(tmp_path)
    folder.add("w" * 70, [2, 2], 60, "k" * 80, remark="word " * 60)
    _, text, page = folder.make("w" * 70)
    assert max(map(len, text.splitlines())) <= 100 and "k" * 80 in page


def test_text_from_data_is_escaped(tmp_path):
    bad = "<script>a&b</script>"
    folder = Folder(tmp_path)
    folder.add(bad, [2, 2], 60, bad, remark=bad, dataset=bad)
    _, _, page = folder.make(bad)
    assert "<script" not in page and page.count("&lt;script&gt;a&amp;b&lt;/script&gt;") == 8


def test_same_files_same_bytes(folder):
    _, _, page = folder.make()
    assert "http" not in page and page.count('src="data:image/png;base64,') == 1
    before = [(folder.path / name).read_bytes() for name in FILES.values()]
    folder.make()
    assert [(folder.path / name).read_bytes() for name in FILES.values()] == before


def test_the_log_shows_the_table(folder, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("purereid"), "propagate", True)
    with caplog.at_level(logging.INFO, "purereid"):
        _, text, _ = folder.make()
    assert text.strip() in caplog.text


def test_a_reference_that_is_not_there(folder):
    with pytest.raises(UserError, match=r"the reference other is not among the experiments(.|\n)*whole, few_generated"):
        folder.make("other")
    with pytest.raises(UserError, match="the reference whole is not among the experiments"):
        folder.make(experiments=[], indexes=[])


def test_files_that_cannot_be_used(folder):
    with pytest.raises(UserError, match="the scores cannot be read"):
        folder.make(compared=folder.path / "nowhere.csv")
    with pytest.raises(UserError, match="the index does not exist"):
        folder.make(indexes=[folder.path / "nowhere.parquet"] * 3)
    with pytest.raises(ValueError, match="2 indexes do not fit 3 experiments"):
        folder.make(indexes=folder.indexes[:2])
    folder.experiments[1]["splits"] = ["multi"]
    with pytest.raises(UserError, match="no training images"):
        folder.make()
    assert not [name for name in FILES.values() if (folder.path / name).exists()]
