"""What docs/using-an-encoder.md shows runs as it stands."""

import inspect
import json
import re
import shutil
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import pytest

import purereid
from purereid.__main__ import main
from purereid.api.encoder import LoadedEncoder
from purereid.digests.values import file_digest
from purereid.networks.onnx_model import onnx_model

PAGE = "docs/using-an-encoder.md"


def prepare(people, folder: Path) -> None:
    encoder = folder / "results/people/train_reid/baseline/seed1/encoder"
    encoder.mkdir(parents=True)
    shutil.copy(people.encoder, encoder / "networks.safetensors")
    for name, rows in (("query", people.table["path"][:2]), ("gallery", people.table["path"][2:8])):
        (folder / "data" / name).mkdir(parents=True)
        for path in rows:
            shutil.copy(path, folder / "data" / name)


def test_the_example_in_python(root: Path, people, tmp_path: Path, monkeypatch, capsys):
    prepare(people, tmp_path)
    monkeypatch.chdir(tmp_path)
    code = re.search(r"```python\n(.*?)```", (root / PAGE).read_text(), re.S)[1]
    exec(compile(code, PAGE, "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and all(line.count(".jpg'") == 5 for line in lines)


@pytest.mark.slow
def test_the_example_with_onnx(root: Path, people, tmp_path: Path, monkeypatch, capsys):
    encoder = purereid.load_encoder(people.encoder, device="cpu")
    model = tmp_path / "results/people/export_encoder/baseline/seed1/encoder.onnx"
    model.parent.mkdir(parents=True)
    model.write_bytes(onnx_model(encoder.network, flip=True, about={}))
    for name, path in zip("AB", people.table["path"][:2], strict=True):
        shutil.copy(path, tmp_path / f"{name}.jpg")
    monkeypatch.chdir(tmp_path)
    _, code = re.findall(r"```python\n(.*?)```", (root / PAGE).read_text(), re.S)
    exec(compile(code, PAGE, "exec"), {})
    first, second = encoder.features([Path("A.jpg"), Path("B.jpg")], precision="fp32")
    assert float(capsys.readouterr().out.split()[1]) == pytest.approx(first @ second, abs=1e-4)


def test_the_commands(root: Path, people, tmp_path: Path, monkeypatch):
    prepare(people, tmp_path)
    monkeypatch.chdir(tmp_path)
    lines = [
        line.partition("#")[0]
        for line in (root / PAGE).read_text().splitlines()
        if line.startswith("python -m purereid")
    ]
    words = {"FOLDER": "data", "QUERY": "data/query", "GALLERY": "data/gallery", "A.jpg": "a", "B.jpg": "b"}
    words |= {"$ENCODER": "results/people/train_reid/baseline/seed1/encoder"}
    commands = [[words.get(word, word) for word in line.split()[3:]] for line in lines]
    assert [command[0] for command in commands] == ["embed", "search", "same"]
    assert [main(command) for command in commands] == [0, 0, 1]  # there is no calibration yet
    assert (tmp_path / "features.parquet").is_file() and (tmp_path / "search.html").is_file()


def test_the_table_names_all_arguments(root: Path):
    text = (root / PAGE).read_text()
    functions = {name: getattr(purereid, name) for name in purereid.__all__ if name != "UserError"}
    functions["encoder.features"] = LoadedEncoder.features
    for name, function in functions.items():
        shown = re.search(rf"`{re.escape(name)}\((.*?)\)`", text)[1]
        known = [each for each in inspect.signature(function).parameters.values() if each.name != "self"]
        expected = [
            f"**{each.name}"
            if each.kind is each.VAR_KEYWORD
            else each.name
            if each.default is each.empty
            else f"{each.name}={each.default!r}".replace("'", '"')
            for each in known
        ]
        assert shown.split(", ") == expected


def test_the_notebook(root: Path, people, tmp_path: Path, monkeypatch, capsys):
    prepare(people, tmp_path)
    results = tmp_path / "results/people"
    (results / "render_people").symlink_to(people.folder / "people")
    calibration = results / "calibrate/baseline/seed1/calibration.json"
    calibration.parent.mkdir(parents=True)
    rates = [{"false_accepts": 0.01, "threshold": -1.0}]
    about = {"encoder": file_digest(people.encoder), "flip": True, "network": {}}
    calibration.write_text(json.dumps(about | {"thresholds": rates, "logistic": {"slope": 1.0, "offset": 0.0}}))
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path / "docs")
    monkeypatch.setattr(sys, "path", [*sys.path])
    shown = []
    monkeypatch.setattr(plt, "show", lambda: shown.append(plt.gcf()))
    notebook = nbformat.read(root / "docs/using_an_encoder.ipynb", as_version=4)
    nbformat.validate(notebook)
    names = {}
    for number, cell in enumerate(each for each in notebook.cells if each.cell_type == "code"):
        assert not cell.outputs
        exec(compile(cell.source, f"cell {number}", "exec"), names)
    (figure,) = shown
    assert len(figure.axes) == len(names["queries"]) * 9
    assert capsys.readouterr().out.count("one person: cosine") == len(names["queries"])
    plt.close(figure)
