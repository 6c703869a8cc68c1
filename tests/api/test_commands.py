"""An encoder in use from the command line."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from purereid.__main__ import main
from purereid.api.same import answer
from purereid.data.features import read_encoder
from purereid.digests.values import file_digest
from purereid.errors import UserError

CALIBRATION = {
    "thresholds": [{"false_accepts": 0.01, "threshold": 0.5}, {"false_accepts": 0.001, "threshold": 0.8}],
    "logistic": {"slope": 10.0, "offset": -5.0},
    "flip": True,
    "network": {},
    "experiment": "baseline",
    "seed": 1,
}


@pytest.fixture
def folder(people, tmp_path: Path) -> Path:
    """Five images in two folders."""
    for number, path in enumerate(people.table["path"][:5]):
        place = tmp_path / "images" / ("a" if number < 2 else "b") / f"{number} <i>.jpg"
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    return tmp_path / "images"


def test_embed(people, folder: Path, tmp_path: Path, capsys):
    out = tmp_path / "features.parquet"
    assert main(["embed", str(folder), "--encoder", str(people.encoder), "--out", str(out)]) == 0
    table = pd.read_parquet(out)
    assert table["image"].tolist() == [f"{'a' if number < 2 else 'b'}/{number} <i>.jpg" for number in range(5)]
    assert np.allclose(np.linalg.norm(np.stack(table["feature"]), axis=1), 1, atol=1e-5)
    assert read_encoder([out]) == file_digest(people.encoder)
    told = capsys.readouterr()
    assert "5 features of 128 numbers" in told.out and "5 of 5 images" in told.err


@pytest.mark.parametrize("more", [[], ["--rerank"]])
def test_search(people, folder: Path, tmp_path: Path, more: list[str]):
    out = tmp_path / "page.html"
    gallery, encoder = str(folder / "b"), str(people.encoder)
    assert main(["search", str(folder), gallery, "--encoder", encoder, "--top", "2", "--out", str(out), *more]) == 0
    page = out.read_text()
    assert page.count("<figure") == 5 * 3 and page.count("query</figcaption>") == 5
    assert "<i>" not in page and "&lt;i&gt;" in page and "http" not in page.replace("http-equiv", "")
    if not more:
        own = page.split("query</figcaption>")[3]  # what follows the third query, b/2, which is in the gallery too
        assert float(re.search(r"<figcaption>(-?[\d.]+)<", own)[1]) == pytest.approx(0, abs=1e-3)  # itself comes first


def test_search_takes_one_image(people, folder: Path, tmp_path: Path):
    arguments = [
        str(folder / "a/0 <i>.jpg"),
        str(folder),
        "--encoder",
        str(people.encoder),
        "--out",
        str(tmp_path / "p"),
    ]
    assert main(["search", *arguments]) == 0 and (tmp_path / "p").read_text().count("query</figcaption>") == 1


def test_same(people, folder: Path, tmp_path: Path, capsys):
    results = tmp_path / "results/people"
    encoder = results / "train_reid/baseline/seed1/encoder/networks.safetensors"
    encoder.parent.mkdir(parents=True)
    shutil.copy(people.encoder, encoder)
    images = [str(folder / "a/0 <i>.jpg"), str(folder / "a/0 <i>.jpg")]
    command = ["same", *images, "--encoder", str(encoder.parent)]
    assert main(command) == 1
    assert "make it: snakemake results/people/calibrate/baseline/seed1/calibration.json" in capsys.readouterr().err
    place = results / "calibrate/baseline/seed1/calibration.json"
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps(CALIBRATION | {"encoder": "of another"}))
    assert main(command) == 1 and "the calibration is of another encoder" in capsys.readouterr().err
    own = CALIBRATION | {"encoder": file_digest(encoder)}
    place.write_text(json.dumps(own))
    assert main(command) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["same"] and found["cosine"] == pytest.approx(1, abs=1e-4) and found["threshold"] == 0.5
    assert found["probability"] == pytest.approx(1 / (1 + np.exp(-5)), abs=1e-3)
    assert main([*command, "--false-accepts", "0.001"]) == 0
    strict = own | {"thresholds": [{"false_accepts": 0.01, "threshold": 1.1}]}
    place.write_text(json.dumps(strict))
    assert main(command) == 3


def test_answers_of_a_threshold():
    assert answer(0.5, CALIBRATION).same and not answer(0.499, CALIBRATION).same
    assert not answer(0.5, CALIBRATION, 0.001).same
    chances = [answer(cosine, CALIBRATION).probability for cosine in (-1, 0.2, 0.5, 0.9)]
    assert chances == sorted(chances) and chances[2] == 0.5
    assert answer(1.0, {**CALIBRATION, "logistic": {"slope": 1e9, "offset": 0.0}}).probability == 1
    with pytest.raises(UserError, match=r"one of 0\.01, 0\.001"):
        answer(0.5, CALIBRATION, 0.5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["embed", "missing"], "the folder does not exist"),
        (["search", "IMAGES", "missing"], "the folder does not exist"),
        (["search", "IMAGES", "IMAGES", "--top", "0"], "--top is 0"),
        (["embed", "IMAGES", "--out", "IMAGES"], "the file to write is a folder"),
        (["search", "IMAGES", "IMAGES", "--out", "missing/page.html"], "lies in a folder that does not exist"),
        (["same", "missing.jpg", "missing.jpg", "--calibration", "FILE"], "image 0 of the list does not exist"),
        (["same", "a.jpg", "b.jpg", "--calibration", "missing"], "the calibration cannot be read"),
        (["same", "a.jpg", "b.jpg", "--calibration", "TEXT"], "the file is no calibration"),
        (["same", "a.jpg", "b.jpg"], "does not lie in a folder of results"),
    ],
)
def test_mistakes_are_told_in_one_message(people, folder: Path, tmp_path: Path, arguments, message: str, capsys):
    (tmp_path / "file.json").write_text(json.dumps(CALIBRATION | {"encoder": file_digest(people.encoder)}))
    (tmp_path / "text.json").write_text("{}")
    places = {"IMAGES": folder, "FILE": tmp_path / "file.json", "TEXT": tmp_path / "text.json"}
    filled = [str(places.get(each, each)) for each in arguments]
    assert main([*filled, "--encoder", str(people.encoder)]) == 1
    told = capsys.readouterr()
    assert message in told.err and "Traceback" not in told.err and not told.out


def test_an_encoder_of_something_else(folder: Path, tmp_path: Path, capsys):
    (tmp_path / "networks.safetensors").write_bytes(b"nothing")
    assert main(["embed", str(folder), "--encoder", str(tmp_path)]) == 1
    assert "networks.safetensors" in capsys.readouterr().err
