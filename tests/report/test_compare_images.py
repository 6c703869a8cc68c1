"""The comparison of generators by the scores of their images."""

import json
import logging
from pathlib import Path

import pandas as pd
import pytest

from purereid.errors import UserError
from purereid.report.compare_images import compare_images
from purereid.report.image_scores import FIELDS

WEIGHTS = "9ec327740f6351304f84ff1bee3a5586781ba664311f8a82e2cc67d3ea71c514"
ABOUT = {"spread": None, "better": "lower", "images": 100, "height": 64, "width": 32, "weights": None, "note": ""}


def row(score: str, value: float, of: str = "generator", against: str = "targets", **changed) -> dict:
    names = {"score": score, "of": of, "against": against, "value": value, "definition": f"{score} as published."}
    return names | ABOUT | changed


def write(folder: Path, generator: str, *rows: dict, dataset: str = "people") -> Path:
    path = folder / f"{len(list(folder.glob('*.json')))}.json"
    names = {"dataset": dataset, "generator": generator, "system": generator}
    path.write_text(json.dumps(names | {"scores": list(rows)}))
    return path


def run(folder: Path, *scores: Path) -> tuple[pd.DataFrame, str, str]:
    files = {"table": folder / "t.csv", "text": folder / "t.txt", "page": folder / "t.html"}
    compare_images(scores=list(scores), **files)
    return pd.read_csv(files["table"]), files["text"].read_text(), files["page"].read_text()


def test_rows_are_generators_and_columns_scores(tmp_path):
    scores = [
        row("ssim", 0.31251, better="higher", spread=0.04),
        row("ssim", 0.2, "copy_source", better="higher"),
        row("fid", 123.456),
        row("dssim", 0.00012, against="none", better="none"),
    ]
    _, text, page = run(tmp_path, write(tmp_path, "posegan", *scores), write(tmp_path, "dcgan", row("fid", 130)))
    lines = [line.split() for line in text.splitlines()]
    assert ["generator", "ssim", "↑", "[1]", "fid", "↓", "[2]"] in lines
    assert ["posegan", "0.313", "±0.040", "123.456"] in lines
    assert ["dcgan", "-", "130.000"] in lines
    assert ["copy", "of", "the", "source", "0.200", "-"] in lines
    assert ["generator", "dssim", "[1]"] in lines and ["posegan", "1.2e-04"] in lines
    assert "<td>posegan</td><td>0.313 ±0.040</td><td>123.456</td>" in page
    assert "<td>dcgan</td><td>-</td><td>130.000</td>" in page
    assert page.count("<h2>") == 2


def test_each_score_says_what_it_is(tmp_path):
    scores = [row("fid", 9, weights=WEIGHTS, note="small-scale: 100 images", images=77), row("l1", 0.2)]
    _, text, page = run(tmp_path, write(tmp_path, "posegan", *scores))
    for said in (" ".join(text.split()), page):
        assert f"[1] fid: fid as published; 77 images; 64 x 32 pixels; weights {WEIGHTS}; small-scale: 100 i" in said
        assert "[2] l1: l1 as published; 100 images; 64 x 32 pixels; no weights" in said


def test_other_numbers_of_images_and_notes_are_told_with_their_owners(tmp_path):
    files = [
        write(tmp_path, "a", row("fid", 9), row("fid", 3, "real", images=50, note="few")),
        write(tmp_path, "b", row("fid", 8)),
    ]
    _, text, _ = run(tmp_path, *files)
    assert "100 images (a, b), 50 images (real images); 64 x 32 pixels; no weights; few (real images)" in " ".join(
        text.split()
    )


def test_one_name_with_two_definitions_is_two_columns(tmp_path):
    files = [write(tmp_path, "a", row("fid", 9)), write(tmp_path, "b", row("fid", 8, height=128, width=64))]
    _, text, _ = run(tmp_path, *files)
    lines = [line.split() for line in text.splitlines()]
    assert ["generator", "fid", "↓", "[1]", "fid", "↓", "[2]"] in lines
    assert ["a", "9.000", "-"] in lines and ["b", "-", "8.000"] in lines
    assert "100 images; 64 x 32 pixels" in text and "100 images; 128 x 64 pixels" in text


def test_the_table_holds_all_that_is_known(tmp_path):
    scores = [row("fid", 1 / 3, weights=WEIGHTS, note="a, b"), row("l1", 0.25, "real", spread=0.5)]
    table, _, _ = run(tmp_path, write(tmp_path, "posegan", *scores))
    assert list(table) == ["dataset", "generator", "system", *FIELDS] and set(FIELDS) == set(row("fid", 0))
    first = table.iloc[0]
    assert (first["generator"], first["weights"], first["note"], first["images"]) == ("posegan", WEIGHTS, "a, b", 100)
    assert first["value"] == pytest.approx(1 / 3, abs=1e-6) and pd.isna(first["spread"])
    assert table["spread"].tolist()[1] == 0.5 and pd.isna(table["weights"][1])


def test_the_text_is_at_most_100_columns_wide(tmp_path):
    scores = [row(f"score_number_{number}", number, definition="word " * 60, note="note " * 30) for number in range(12)]
    _, text, page = run(tmp_path, write(tmp_path, "g" * 80, *scores, dataset="people " * 20))
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    headers = [line for line in lines if line.startswith("generator")]
    assert len(headers) > 1 and sum(line.count("score_number") for line in headers) == 12
    assert page.count("<th>") == 13


def test_text_from_data_is_escaped(tmp_path):
    bad = "<script>a&b</script>"
    scores = [row(bad, 1, definition=bad, note=bad, weights=bad)]
    _, _, page = run(tmp_path, write(tmp_path, bad, *scores, dataset=bad))
    assert "<script" not in page and page.count("&lt;script&gt;a&amp;b&lt;/script&gt;") == 8


def test_the_page_needs_no_other_file(tmp_path):
    _, _, page = run(tmp_path, write(tmp_path, "a", row("fid", 9)))
    assert "http" not in page and "src=" not in page


def test_same_scores_same_bytes(tmp_path):
    path = write(tmp_path, "a", row("fid", 9), row("l1", 0.1, "real"))
    run(tmp_path, path)
    before = [(tmp_path / f"t.{suffix}").read_bytes() for suffix in ("csv", "txt", "html")]
    run(tmp_path, path)
    assert [(tmp_path / f"t.{suffix}").read_bytes() for suffix in ("csv", "txt", "html")] == before


def test_the_log_shows_the_tables(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("purereid"), "propagate", True)
    with caplog.at_level(logging.INFO, "purereid"):
        _, text, _ = run(tmp_path, write(tmp_path, "a", row("fid", 9)))
    assert text.strip() in caplog.text


def test_nothing_is_written_where_the_scores_are_refused(tmp_path):
    with pytest.raises(UserError, match="the scores cannot be read"):
        run(tmp_path, tmp_path / "nowhere.json")
    assert not list(tmp_path.iterdir())
