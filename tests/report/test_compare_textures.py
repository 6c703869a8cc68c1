"""The table of maps and painters."""

import json
from pathlib import Path

import pandas as pd
import pytest

from purereid.report.compare_textures import compare_textures


def test_means_and_spreads_over_the_seeds(tmp_path: Path):
    def write(name: str, content: dict) -> Path:
        (tmp_path / name).write_text(json.dumps(content))
        return tmp_path / name

    maps = [
        write(f"m{n}", {"coordinates": value, "part": 0.5, "most_frequent_part": 0.1, "cells": 9})
        for n, value in enumerate((0.2, 0.4))
    ]
    scores = {"all": 0.25, "visible": 0.125}
    painter = write("p", {"painted": scores, "mean": scores, "nearest": scores, "images": 3})
    views = {name: tmp_path / name for name in ("table", "text", "page")}
    names = {"map_names": ["a<b", "a<b"], "painter_names": ["san"]}
    compare_textures(maps=maps, painters=[painter], dataset="people", **names, **views)
    table = pd.read_csv(views["table"]).set_index(["experiment", "score"])
    row = table.loc[("a<b", "coordinates")]
    assert (row["seeds"], row["mean"]) == (2, pytest.approx(0.3)) and row["spread"] == pytest.approx(0.1414, abs=1e-4)
    assert table.loc[("san", "painted_visible"), "mean"] == 0.125
    text, page = views["text"].read_text(), views["page"].read_text()
    assert "0.300 ±0.141" in text and "san: painted  0.250    0.125" in text and "hidden  " not in text
    assert "a&lt;b" in page and "a<b" not in page
