"""The comparison of purified sets: its rows, and how they are shown."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from purereid.errors import UserError
from purereid.graph.purified_file import write_purified
from purereid.graph.truth_file import write_truth
from purereid.report.compare_purifiers import compare_purifiers

FILES = {"table": "t.csv", "text": "t.txt", "page": "t.html", "plot": "t.png"}
NUMBER = 200


class Folder:
    """Purified sets and experiments that trained on them, as files."""

    def __init__(self, path: Path):
        self.path, self.sets, self.experiments = path, [], []
        self.kept, self.truth, self.scores = [], [], []

    def add_set(self, generator: str, purifier: str, kept: object = True, spoiled: object = "", rendered=True) -> None:
        """A set of 200 images of 20 identities, every fourth of which shows another one."""
        row = np.arange(NUMBER)
        table = pd.DataFrame({"image": [f"{generator}/{number}.png" for number in row], "pid": row % 20, "kept": kept})
        known = table.assign(injected=spoiled, nearest_pid=table["pid"] + (row % 4 == 0), l1_truth=0.25)
        known = known.assign(ssim_truth=row / NUMBER if rendered else np.nan)
        names = [self.path / f"{len(self.sets)}.{what}.parquet" for what in ("kept", "truth")]
        write_purified(names[0], table.assign(score=0.0, reason=""))
        write_truth(names[1], known if rendered else known.assign(l1_truth=np.nan))
        self.kept.append(names[0])
        self.truth.append(names[1])
        self.sets.append({"generator": generator, "purifier": purifier})

    def add_experiment(self, name: str, generator=None, purifier=None, mAP: float | None = 50.0, **changed) -> None:
        """An experiment and its scores."""
        self.experiments.append({"experiment": name, "generator": generator, "purifier": purifier})
        numbers = {"mAP_sd": 0.5, "difference": None, "difference_low": None, "difference_high": None}
        if mAP is not None:
            numbers |= {"mAP_low": mAP - 3, "mAP_high": mAP + 3}
            if name != "baseline":
                numbers |= {"difference": mAP - 50, "difference_low": mAP - 52, "difference_high": mAP - 48}
        texts = {
            "dataset": "people",
            "experiment": name,
            "seeds": "1 2",
            "baseline": "baseline",
            "remark": "few queries",
        }
        empty = {"mAP_low": None, "mAP_high": None}
        self.scores.append(texts | empty | {"mAP": mAP} | numbers | changed)

    def compare(self, **changed) -> tuple[pd.DataFrame, str, str]:
        """Table, text and page."""
        pd.DataFrame(self.scores).to_csv(self.path / "compared.csv", index=False)
        outputs = {name: self.path / file for name, file in FILES.items()}
        inputs = {name: getattr(self, name) for name in ("kept", "truth", "sets", "experiments")}
        compare_purifiers(**inputs | outputs | {"compared": self.path / "compared.csv"} | changed)
        table = pd.read_csv(outputs["table"], keep_default_na=False)
        return table, outputs["text"].read_text(), outputs["page"].read_text()


@pytest.fixture(name="folder")
def two_generators(tmp_path):
    """Two generators, one with injected failures: purifiers that know them, choose by chance, keep nothing."""
    row = np.arange(NUMBER)
    spoiled = np.where(row % 5 == 0, "blur", np.where(row % 5 == 1, "noise", "")).astype(object)
    half = row < NUMBER // 2
    folder = Folder(tmp_path)
    folder.add_set("good", "half", half)
    folder.add_set("spoiled", "knowing", spoiled == "", spoiled)
    folder.add_set("spoiled", "chance", half, spoiled)
    folder.add_set("spoiled", "nothing", False, spoiled)
    folder.add_experiment("uses_half", "good", "half", 55)
    folder.add_experiment("baseline")
    folder.add_experiment("uses_half_too", "good", "half", 45)
    folder.add_experiment("all_of_good", "good", None, 52)
    folder.add_experiment("lsro", "dcgan", None, 51)
    return folder


def words(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_rows_are_sets_and_the_experiments_on_them(folder):
    table, _, _ = folder.compare()
    assert table[["generator", "purifier", "experiment"]].to_numpy().tolist() == [
        ["", "", "baseline"],
        ["good", "", "all_of_good"],
        ["good", "half", "uses_half"],
        ["good", "half", "uses_half_too"],
        ["spoiled", "", ""],
        ["spoiled", "knowing", ""],
        ["spoiled", "chance", ""],
        ["spoiled", "nothing", ""],
        ["dcgan", "", "lsro"],
    ]
    assert table["kept"].tolist() == ["", "200", "100", "100", "200", "120", "100", "0", ""]
    assert table["mAP"].tolist() == ["50", "52", "55", "45", "", "", "", "", "51"]
    assert table["dropped_blur"].tolist() == ["", "", "", "", "0", "100", "50", "100", ""]
    assert set(table["dataset"]) == {"people"}


def test_numbers_have_six_digits(tmp_path):
    folder = Folder(tmp_path)
    folder.add_set("good", "third", np.arange(NUMBER) < NUMBER // 3)
    folder.add_experiment("baseline", mAP=100 / 3)
    table, _, _ = folder.compare()
    assert table["mAP"][0] == "33.3333" and float(table["right_kept"][2]) == pytest.approx(100 * 49 / 66, abs=1e-4)


def test_text_has_a_table_of_each_kind(folder):
    _, text, page = folder.compare()
    lines = words(text)
    assert ["good,", "all", "images", "200", "200", "100.0", "20", "20"] in lines
    assert ["spoiled,", "nothing", "200", "0", "0.0", "0", "20"] in lines
    assert ["good,", "half", "75.0", "75.0", "50.0", "0.247", "0.748", "0.250", "0.250"] in lines
    assert ["spoiled,", "nothing", "-", "75.0", "0.0", "-", "0.497", "-", "0.250"] in lines
    assert ["spoiled,", "knowing", *["100.0"] * 3, "0.0", "+100.0", "±13.9", "100.0"] in lines
    assert ["baseline", "real", "images", "alone", "50.0", "±0.5", "-", "47.0", "to", "53.0"] in lines
    uses_half = ["good,", "half", "55.0", "±0.5", "+5.0", "[+3.0,", "+7.0]", "52.0", "to", "58.0"]
    assert ["uses_half", *uses_half] in lines
    assert page.count("<h2>") == 4
    assert "<td>good, half</td><td>55.0 ±0.5</td><td>+5.0 [+3.0, +7.0]</td>" in page


def test_what_is_no_better_than_chance_is_named(folder):
    _, text, page = folder.compare()
    said = "NO BETTER THAN CHANCE at telling injected failures from others: spoiled, chance; spoiled, nothing"
    assert said in " ".join(text.split()) and f"<li>{said}</li>" in page
    assert "images of spoiled: 40 blur, 40 noise, 80 all injected, 120 others" in text


def test_definitions_and_remarks_stand_below(folder):
    _, text, page = folder.compare()
    for said in (
        "share of the images right in this sense",
        "mAP minus that of baseline",
        "small-scale: 200 images of good",
    ):
        assert said in " ".join(text.split()) and said in page
    assert text.count("few queries") == 1


def test_sets_of_a_thousand_images_are_not_small(tmp_path, monkeypatch):
    monkeypatch.setattr("purereid.report.compare_purifiers_views.SMALL", NUMBER)
    folder = Folder(tmp_path)
    folder.add_set("good", "half")
    folder.add_experiment("baseline")
    assert "small-scale" not in folder.compare()[1]


def test_what_is_not_known_has_no_column(tmp_path):
    folder = Folder(tmp_path)
    folder.add_set("good", "all", rendered=False)
    folder.add_experiment("baseline")
    _, text, page = folder.compare()
    for shown in (text, page.split("<img")[0]):
        assert "SSIM" not in shown and "L1" not in shown and "injected" not in shown and "right kept" in shown


def test_a_protocol_without_map(tmp_path):
    folder = Folder(tmp_path)
    folder.add_set("good", "half")
    folder.add_experiment("baseline", mAP=None, mAP_sd=None)
    table, text, _ = folder.compare()
    assert table["mAP"].tolist() == [""] * 3
    assert ["baseline", "real", "images", "alone", "-", "-", "-"] in words(text)


def test_the_text_is_at_most_100_columns_wide(tmp_path):
    folder = Folder(tmp_path)
    kinds = np.resize([f"way_of_spoiling_number_{number}" for number in range(9)] + [""], NUMBER).astype(object)
    folder.add_set("g" * 60, "p" * 60, np.arange(NUMBER) < 30, kinds)
    folder.add_experiment("baseline", remark="word " * 60)
    folder.add_experiment("e" * 70, "g" * 60, "p" * 60)
    _, text, page = folder.compare()
    assert max(map(len, text.splitlines())) <= 100
    headers = [line for line in text.splitlines() if line.startswith("set ")]
    assert sum(line.count("way of spoiling number") for line in headers) == 9 and "p" * 60 in page


def test_text_from_data_is_escaped(tmp_path):
    bad = "<script>a&b</script>"
    folder = Folder(tmp_path)
    folder.add_set(bad, bad, np.arange(NUMBER) < 30, np.resize([bad, ""], NUMBER).astype(object))
    folder.add_experiment(bad, bad, bad, baseline=bad, remark=bad, dataset=bad)
    _, _, page = folder.compare()
    assert "<script" not in page and page.count("&lt;script&gt;a&amp;b&lt;/script&gt;") > 10


def test_the_page_needs_no_other_file(folder):
    _, _, page = folder.compare()
    assert "http" not in page and page.count('src="data:image/png;base64,') == 1


def test_the_plot_is_8_inches_wide_and_grows_with_the_rows(folder, tmp_path):
    folder.compare()
    wide, tall = Image.open(folder.path / "t.png").size
    (tmp_path / "small").mkdir()
    small = Folder(tmp_path / "small")
    small.add_set("good", "half")
    small.add_experiment("baseline")
    small.compare()
    assert Image.open(tmp_path / "small/t.png").size[0] == wide == 8 * 150
    assert Image.open(tmp_path / "small/t.png").size[1] < tall


def test_same_files_same_bytes(folder):
    folder.compare()
    before = [(folder.path / name).read_bytes() for name in FILES.values()]
    folder.compare()
    assert [(folder.path / name).read_bytes() for name in FILES.values()] == before


def test_the_log_shows_the_tables(folder, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("purereid"), "propagate", True)
    with caplog.at_level(logging.INFO, "purereid"):
        _, text, _ = folder.compare()
    assert text.strip() in caplog.text


def test_an_experiment_on_a_set_that_is_not_given(folder):
    folder.add_experiment("strange", "good", "other")
    with pytest.raises(UserError, match="trained on the set good / other, which is not given"):
        folder.compare()


def test_no_experiments(folder):
    with pytest.raises(UserError, match="there is no experiment to compare"):
        folder.compare(experiments=[])


def test_nothing_is_written_where_files_are_refused(folder):
    with pytest.raises(UserError, match="the scores cannot be read"):
        folder.compare(compared=folder.path / "nowhere.csv")
    assert not [name for name in FILES.values() if (folder.path / name).exists()]
