"""The graph of generated images: a slow search finds the same, and real images are not in it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from purereid.data.features import read_encoder, write_features
from purereid.data.graph_file import read_graph
from purereid.data.index import write_index
from purereid.errors import UserError
from purereid.purification.build_graph import build_graph

SETTINGS = {"k": 4, "method": "exact", "block": 8, "lists": 4096, "probes": 64}
KINDS = ["generated", "detected", "generated"] * 12
PIDS = [0, 0, 1, 1, -1, 2] * 6  # the fifth of six is a real image of nobody
NOBODY = 30  # a generated image of nobody


class Files:
    """An index of real and generated images and their features, which are not of length 1."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.images = [f"train/{number:02d}.png" for number in range(len(KINDS))]
        self.pids = np.array(PIDS)
        self.pids[NOBODY] = -1
        self.features = np.random.default_rng(0).normal(size=(len(KINDS), 6)).astype(np.float32)
        self.features[1::3] = self.features[0::3] + 0.01  # real images are nearer than any generated one
        names = dict.fromkeys(("image", "path", "sha256"), self.images)
        numbers = {"camid": -1, "seq": -1, "frame": -1, "width": 1, "height": 1}
        table = pd.DataFrame(names | {"split": "train", "kind": KINDS, "pid": self.pids} | numbers | {"dataset": "toy"})
        write_index(table, folder / "index.parquet")

    @property
    def wanted(self) -> list[int]:
        return [row for row, kind in enumerate(KINDS) if kind == "generated" and self.pids[row] >= 0]

    def build(self, name: str = "graph.parquet", rows: list[int] | None = None, **changed: object) -> Path:
        """Write features of some images, in reverse, and the graph."""
        rows = list(range(len(KINDS)))[::-1] if rows is None else rows
        write_features(
            self.folder / "features.parquet", [self.images[row] for row in rows], self.features[rows], encoder="e1"
        )
        files = {"index": self.folder / "index.parquet", "features": self.folder / "features.parquet"}
        build_graph(**files, graph=self.folder / name, settings=SETTINGS | changed)
        return self.folder / name


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_neighbours_are_those_of_a_slow_search_among_generated_images(files: Files):
    images, graph = read_graph(files.build())
    assert images == [files.images[row] for row in files.wanted] and len(images) == 23
    values = files.features[files.wanted].astype(np.float64)
    for row, feature in enumerate(values):
        cosines = [feature @ other / np.linalg.norm(feature) / np.linalg.norm(other) for other in values]
        nearest = sorted(set(range(len(values))) - {row}, key=lambda other: (-cosines[other], other))[:4]
        assert graph.indices[row].tolist() == nearest
        np.testing.assert_allclose(graph.similarity[row], [cosines[other] for other in nearest], atol=1e-6)


def test_the_graph_names_the_encoder_and_equal_inputs_give_equal_bytes(files: Files):
    first, again = files.build("a.parquet"), files.build("b.parquet", block=1000)
    assert read_encoder(first) == "e1" and first.read_bytes() == again.read_bytes()


def test_features_of_several_files_make_the_graph_of_one(files: Files):
    one, shards = files.build(), [files.folder / f"{shard}-of-2.parquet" for shard in range(2)]
    for path, rows in zip(shards, (slice(0, 20), slice(20, None)), strict=True):
        write_features(path, files.images[rows], files.features[rows], encoder="e1")
    other = files.folder / "other.parquet"
    build_graph(index=files.folder / "index.parquet", features=shards, graph=other, settings=SETTINGS)
    assert other.read_bytes() == one.read_bytes()


def test_the_settings_reach_the_search(files: Files):
    assert read_graph(files.build(k=22))[1].indices.shape == (23, 22)
    with pytest.raises(UserError, match="64 probes of 63 lists"):
        files.build(method="ivf", lists=63)


def test_too_few_images_are_told(files: Files, tmp_path: Path):
    message = r"23 generated images, but each shall have 23 neighbours[\s\S]*more than 23 images[\s\S]*lower build_gra"
    with pytest.raises(UserError, match=message):
        files.build(k=23)
    assert not (tmp_path / "graph.parquet").exists()


def test_a_missing_feature_is_told(files: Files):
    with pytest.raises(UserError, match=rf"1 of 23 images have no feature, such as {files.images[2]}"):
        files.build(rows=[row for row in range(len(KINDS)) if row != 2])
    assert files.build(rows=files.wanted)  # those of other images are not needed
