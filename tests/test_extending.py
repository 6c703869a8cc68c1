"""The worked examples of docs/extending.md: each patch applies to this commit, and what it adds runs."""

import json
import re
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from workflow_project import Project, copy

PAGE = "docs/extending.md"
MARKS = ("A backbone", "A loss", "A rule of purification", "A format")


def patched(root: Path, folder: Path, mark: str) -> Project:
    """A copy of the repository with the patch that follows a mark of the page."""
    text = (root / PAGE).read_text().partition(f"**{mark}**")[2]
    patch = re.search(r"```diff\n(.*?)```", text, re.S)[1]
    project = copy(root, folder)
    command = ["git", "apply", "--unidiff-zero", "-"]
    done = subprocess.run(command, cwd=folder, input=patch, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return project


@pytest.mark.parametrize("mark", MARKS)
def test_patches_apply(root: Path, tmp_path: Path, mark: str):
    patched(root, tmp_path / "project", mark)


@pytest.mark.slow
def test_a_backbone(root: Path, tmp_path: Path):
    project = patched(root, tmp_path / "project", MARKS[0])
    project.override(experiments={"mine": {"seeds": [1], "train_reid": {"backbone": "plain"}}})
    project.run("results/people/evaluate/mine/seed1/scores.json")
    scores = json.loads((project.folder / "results/people/evaluate/mine/seed1/scores.json").read_text())
    assert 0 < scores["single_query"]["mAP"] <= 1


@pytest.mark.slow
def test_a_loss(root: Path, tmp_path: Path):
    project = patched(root, tmp_path / "project", MARKS[1])
    project.override(experiments={"mine": {"seeds": [1], "train_reid": {"confidence_weight": 0.5}}})
    names = [f"results/people/train_reid/{name}/seed1/encoder/networks.safetensors" for name in ("mine", "baseline")]
    project.run(*names)
    curves = [pd.read_csv(project.folder / name.replace("networks.safetensors", "curves.csv")) for name in names]
    assert curves[0]["loss"].iloc[0] < curves[1]["loss"].iloc[0]  # the penalty is negative
    assert curves[0]["cross_entropy"].iloc[0] == pytest.approx(curves[1]["cross_entropy"].iloc[0], rel=1e-3)


@pytest.mark.slow
def test_a_rule_of_purification(root: Path, tmp_path: Path):
    project = patched(root, tmp_path / "project", MARKS[2])
    project.override(
        purifiers={"mine": {"rule": "typical", "share": 0.5}}, experiments={"purified": {"purifier": "mine"}}
    )
    target = "results/people/purify/posegan/mine/kept.parquet"
    project.run(target)
    kept = pd.read_parquet(project.folder / target)
    assert kept["kept"].mean() == 0.5 and kept["score"].between(-1.001, 1.001).all()
    assert kept["reason"].str.startswith("cosine with the mean").all()


@pytest.mark.slow
def test_a_format(root: Path, tmp_path: Path):
    project = patched(root, tmp_path / "project", MARKS[3])
    for site in ("gate", "yard"):
        (project.folder / "data/mine" / site).mkdir(parents=True)
        for person in range(6):
            pixels = np.full((32, 16, 3), 20 * person + (5 if site == "gate" else 0), np.uint8)
            cv2.imwrite(str(project.folder / "data/mine" / site / f"{person:02d}_1.png"), pixels)
    project.override(datasets={"mine": {"format": "sites", "folder": "data/mine"}})
    target = "results/mine/index_dataset/index.parquet"
    project.run(target)
    index = pd.read_parquet(project.folder / target)
    assert len(index) == 12 and set(index["pid"]) == set(range(6)) and set(index["camid"]) == {0, 1}
    assert (index["camid"] == index["image"].str.contains("yard/")).all()
    assert index.groupby("split")["pid"].nunique().to_dict() == {"train": 3, "query": 3, "gallery": 3}
