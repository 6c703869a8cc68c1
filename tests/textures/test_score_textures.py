"""Scores of painters, against a loop."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from purereid.errors import UserError
from purereid.networks.network_file import load_network, save_networks
from purereid.systems.san.painting import Painter
from purereid.textures.held_out import held_out_persons
from purereid.textures.import_textures import import_textures
from purereid.textures.paint_textures import painted_textures
from purereid.textures.score_textures import score_textures
from purereid.textures.texture_file import HIDDEN, VISIBLE, TextureFile

OPTIONS = {"images": 500, "rows": 2, "batch": 4, "precision": "fp32", "experiment": "mine"}


@pytest.fixture
def files(people, tmp_path: Path) -> dict[str, Path]:
    source, textures = people.folder / "people", tmp_path / "textures.arrow"
    about = {"folder": source, "scene": people.scene, "uv": source / "uv.arrow"}
    import_textures(index=people.index, textures=textures, size=16, splits=["train"], **about)
    torch.manual_seed(0)
    shape = {"backbone": "resnet_small", "last_stride": 1, "height": 32, "width": 16}
    painter = Painter(widths=[4, 4, 2, 2], pids=[], **shape)
    torch.nn.init.normal_(painter.decoder.last[1].weight, std=0.3)
    save_networks(tmp_path / "networks", {"painter": painter}, system="san", stage="texture")
    return {"painter": tmp_path / "networks", "texture_pairs": textures}


def test_held_out_persons():
    pids = np.repeat(np.arange(10), 3)
    out = held_out_persons(pids, 0.25, 1)
    assert out.sum() == 6 and len(np.unique(pids[out])) == 2
    assert not np.array_equal(out, held_out_persons(pids, 0.25, 2)) and held_out_persons(pids, 0.09, 1).sum() == 3
    assert len(np.unique(pids[~held_out_persons(pids, 1.0, 1)])) == 2


def test_scores_are_those_of_a_loop(files, tmp_path: Path):
    score_textures(
        **files,
        scores=tmp_path / "s.json",
        picture=tmp_path / "p.png",
        held_out=0.4,
        held_out_seed=3,
        seed=1,
        **OPTIONS,
    )
    found, file = json.loads((tmp_path / "s.json").read_text()), TextureFile(files["texture_pairs"])
    out = np.flatnonzero(held_out_persons(file.pids, 0.4, 3))
    network = load_network(files["painter"], "painter")
    paths = [file.paths[row] for row in out]
    painted = (
        np.concatenate(list(painted_textures(network, paths, size=16, batch=3, precision="fp32", threads=1))) / 255
    )
    persons = [pid for pid in np.unique(file.pids) if pid not in file.pids[out]]
    learnt = [file.batch(np.flatnonzero(file.pids == pid)[:1])[0] / 255 for pid in persons]
    expected = {name: {"all": [], "visible": [], "hidden": []} for name in ("painted", "mean", "nearest")}
    for row, drawn in zip(out, painted, strict=True):
        true, seen = file.batch(np.array([row]))[0] / 255, file.seen(row)
        nearest = min(learnt, key=lambda each: np.abs(each - true)[:, seen == VISIBLE].mean())
        for name, texture in (("painted", drawn), ("mean", sum(learnt) / len(learnt)), ("nearest", nearest)):
            gap = np.abs(texture - true)
            for where, places in (("all", seen >= 0), ("visible", seen == VISIBLE), ("hidden", seen == HIDDEN)):
                expected[name][where].append(gap[:, places].mean())
    for name, values in expected.items():
        assert found[name] == pytest.approx({where: np.mean(each) for where, each in values.items()}, abs=2e-3)
    assert (found["images"], found["persons"], found["learnt_from"]) == (len(out), 2, 4)
    assert cv2.imread(str(tmp_path / "p.png")).size


def test_there_must_be_persons_to_hold_out():
    with pytest.raises(UserError, match="textures of 2 persons"):
        held_out_persons(np.array([4, 4, 7]), 0.5, 1)
