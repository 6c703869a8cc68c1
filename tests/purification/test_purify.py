"""One rule after the other on a pool of files, and files that do not fit together."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from purereid.data.confidence import write_confidence
from purereid.data.features import write_features
from purereid.data.graph_file import read_graph
from purereid.data.index import write_index
from purereid.data.purified_file import read_purified
from purereid.data.shard_writer import encode, write_shard
from purereid.errors import UserError
from purereid.purification.build_graph import build_graph
from purereid.purification.gcn import GCN
from purereid.purification.gcn_inference import predict_links
from purereid.purification.propagation import propagate_links
from purereid.purification.purifiers.clusters import purify_clusters
from purereid.purification.purifiers.covariance import covariance_scores
from purereid.purification.purifiers.published import purify_published
from purereid.purification.purifiers.registry import RULES
from purereid.purification.purifiers.strict import purify_strict
from purereid.purification.purify import purify
from saved import save_graph_network

PEOPLE, EACH, WIDTH = 4, 6, 8
SIZES = {"k1": 5, "k2": 2, "u": 2}
SETTINGS = {
    "threshold": 0.5,
    "link_precision": 0.0,
    "overlap": 0.1,
    "max_size": 8,
    "step": 0.6,
    "pool": "mean",
    "smallest": 2,
}
SETTINGS |= {"share": 0.5, "seed": 3}
GRAPH = {"k": 5, "method": "exact", "block": 64, "lists": 1, "probes": 1}


class Files:
    """A pool: four people with six generated images and two real ones each; the first image of each is odd."""

    def __init__(self, folder: Path):
        self.folder = folder
        rng = np.random.default_rng(0)
        self.pids = np.repeat(np.arange(PEOPLE), EACH)
        centres = np.linalg.qr(rng.normal(size=(WIDTH, WIDTH)))[0][:PEOPLE]
        made = centres[self.pids] + 0.15 * rng.normal(size=(len(self.pids), WIDTH))
        made[::EACH] = rng.normal(size=(PEOPLE, WIDTH))
        self.real_pids = np.repeat(np.arange(PEOPLE), 2)
        real = centres[self.real_pids] + 0.1 * rng.normal(size=(len(self.real_pids), WIDTH))
        self.images = [f"generated/g/train/{number:07d}.png" for number in range(len(self.pids))]
        self.real_images = [f"train/{number:04d}.jpg" for number in range(len(self.real_pids))]
        features = np.concatenate([made, real]).astype(np.float32)
        self.features = features / np.linalg.norm(features, axis=1, keepdims=True)
        self.sources = [self.real_images[2 * pid] for pid in self.pids]
        self.confidence = rng.random(len(self.pids)).astype(np.float32)
        self._write()

    def path(self, name: str) -> Path:
        return self.folder / name

    def run(self, rule: str, **options) -> pd.DataFrame:
        settings = {"rule": rule} | {name: SETTINGS[name] for name in RULES[rule].settings if name in SETTINGS}
        settings |= options.pop("settings", {})
        inputs = {name: options.pop(name, self.path(name)) for name in RULES[rule].inputs}
        if "shards" in inputs:
            inputs |= {"shards": [self.path("images.parquet")]}
        purify(index=self.path("index"), kept=self.path("kept"), settings=settings, **inputs, **options)
        return read_purified(self.path("kept"))

    def know(self, curve: dict | None) -> None:
        """Write the network with a curve of held-out links."""
        save_graph_network(self.path("gcn"), "gcn", self.gcn, SIZES | {"encoder": "an encoder", "curve": curve})

    def _write(self) -> None:
        kinds = ["generated"] * len(self.images) + ["detected"] * len(self.real_images)
        rows = {"image": self.images + self.real_images, "path": "x", "split": "train", "kind": kinds}
        rows |= {"pid": np.concatenate([self.pids, self.real_pids]), "camid": -1, "seq": -1, "frame": -1}
        rows |= {"width": 16, "height": 32, "sha256": "", "dataset": "d"}
        write_index(pd.DataFrame(rows), self.path("index"))
        write_features(self.path("features"), rows["image"], self.features, "an encoder")
        write_confidence(self.path("confidence"), self.images, self.confidence)
        pictures = torch.zeros(len(self.images), 3, 32, 16, dtype=torch.uint8)
        table = {"image": self.images, "source": self.sources, "pose": "", "pid": self.pids, "seed": 0}
        table = pd.DataFrame(table | {"injected": "", "height": 32, "width": 16})
        write_shard(self.path("images.parquet"), table, encode(pictures, "png", 0))
        build_graph(index=self.path("index"), features=self.path("features"), graph=self.path("graph"), settings=GRAPH)
        torch.manual_seed(5)
        self.gcn = GCN(features=WIDTH, widths=[6, 4])
        with torch.no_grad():  # a random network links nobody or all
            self.gcn.classifier[-1].weight.mul_(20)
        self.know(None)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def links(files: Files):
    made = files.features[: len(files.images)]
    _, graph = read_graph(files.path("graph"))
    return predict_links(files.gcn.eval(), made, graph.indices, **SIZES)


@pytest.mark.parametrize(("rule", "function"), [("published", purify_published), ("strict", purify_strict)])
def test_rules_of_lists_take_the_links_of_the_network(files: Files, rule: str, function):
    found = files.run(rule)
    assert 0 < found["kept"].sum() < len(found)
    pd.testing.assert_frame_equal(found, function(files.images, files.pids, *links(files)))


def test_a_precision_decides_the_threshold(files: Files, caplog: pytest.LogCaptureFixture):
    scores = sorted(links(files).probability.ravel().tolist(), reverse=True)[:60:10]
    precision = [1.0, 0.9, 0.95, 0.8, 0.9, 0.2]
    files.know({"score": scores, "precision": precision, "recall": [0.1, 0.3, 0.4, 0.6, 0.9, 1.0]})
    for wanted, place in ((0.95, 2), (0.9, 4), (0.1, 5)):
        found = files.run("published", settings={"link_precision": wanted, "threshold": 1.0})
        below = files.run("published", settings={"threshold": scores[place] - 1e-6})
        pd.testing.assert_frame_equal(found, below)
    files.know({"score": [0.9, 0.1], "precision": [0.7, 0.2], "recall": [0.5, 1.0]})
    assert not files.run("strict", settings={"link_precision": 0.8})["kept"].any() and "NO LINK" in caplog.text


def test_a_precision_that_nobody_measured(files: Files):
    with pytest.raises(UserError, match=r"learnt from all identities(.|\n)*purify\.link_precision"):
        files.run("published", settings={"link_precision": 0.8})


def test_a_threshold_that_no_link_passes_is_told(files: Files, caplog: pytest.LogCaptureFixture):
    files.run("published")
    assert "NO LINK" not in caplog.text
    assert not files.run("published", settings={"threshold": 1.0})["kept"].any()
    assert f"NO LINK: no probability is above 1, the largest is {links(files).probability.max():.3f}" in caplog.text


def test_clusters_take_the_links_of_the_network(files: Files):
    clusters = propagate_links(*links(files), max_size=8, step=0.6, pool="mean")
    pd.testing.assert_frame_equal(
        files.run("clusters"), purify_clusters(files.images, files.pids, clusters, smallest=2)
    )


def test_simple_rules_score_what_they_say(files: Files):
    made, real = files.features[: len(files.images)], files.features[len(files.images) :]
    centres = np.stack([real[files.real_pids == pid].mean(axis=0) for pid in range(PEOPLE)])
    expected = {
        "classifier": files.confidence,
        "centre": -np.square(made - centres[files.pids]).sum(axis=1),
        "covariance": covariance_scores(made, files.pids, real, files.real_pids),
        "source": (made * real[2 * files.pids]).sum(axis=1),
        "random": np.random.default_rng(3).random(len(made)),
    }
    for rule, scores in expected.items():
        found = files.run(rule)
        np.testing.assert_allclose(found["score"], scores, atol=1e-6)
        assert set(found.index[found["kept"]]) == set(np.argsort(-scores, kind="stable")[:12])
    assert not files.run("centre")["kept"].iloc[::EACH].any()  # the odd ones
    _, graph = read_graph(files.path("graph"))
    near = [set(row) for row in graph.indices.tolist()]
    mutual = [sum(a in near[b] for b in near[a] if files.pids[a] == files.pids[b]) / 5 for a in range(len(near))]
    np.testing.assert_allclose(files.run("mutual")["score"], mutual)


def test_features_and_probabilities_of_several_files_purify_as_those_of_one(files: Files):
    one = {rule: files.run(rule) for rule in ("published", "classifier")}
    shards = {name: [files.path(f"{name} {shard}-of-2") for shard in range(2)] for name in ("features", "confidence")}
    names = files.images + files.real_images
    for shard, rows in enumerate((slice(0, 10), slice(10, None))):
        write_features(shards["features"][shard], names[rows], files.features[rows], "an encoder")
        write_confidence(shards["confidence"][shard], files.images[rows], files.confidence[rows])
    for rule, expected in one.items():
        read = {name: paths for name, paths in shards.items() if name in RULES[rule].inputs}
        pd.testing.assert_frame_equal(files.run(rule, **read), expected)
    first = shards["confidence"][0]
    with pytest.raises(UserError, match=rf"14 of 24 images have no prob[^\n]*\n  where:    {first}\n"):
        files.run("classifier", confidence=[first])


def test_as_many_as_another_purifier_keeps(files: Files):
    number = files.run("published")["kept"].sum()
    files.path("kept").rename(files.path("other"))
    assert files.run("random", as_many_as=files.path("other"))["kept"].sum() == number


def test_every_rule_of_the_registry_is_there_and_repeats_its_bytes(files: Files):
    for rule in ("published", "clusters", "classifier", "centre", "mutual", "source", "random"):
        files.run(rule)
        first = files.path("kept").read_bytes()
        files.run(rule)
        assert files.path("kept").read_bytes() == first, rule


def test_an_empty_kept_set_is_a_result(files: Files, caplog: pytest.LogCaptureFixture):
    assert not files.run("random", settings={"share": 0.0})["kept"].any()
    assert "NOTHING IS KEPT" in caplog.text


def test_files_of_another_encoder_are_told(files: Files):
    save_graph_network(files.path("gcn"), "gcn", files.gcn, SIZES | {"encoder": "another"})
    with pytest.raises(UserError, match="the gcn stems from features of another encoder"):
        files.run("published")
    write_features(files.path("features"), files.images + files.real_images, files.features, "another")
    with pytest.raises(UserError, match="the graph stems from features of another encoder"):
        files.run("published")
    with pytest.raises(UserError, match="features of another encoder"):
        files.run("strict")


def test_features_that_are_not_finite_are_told(files: Files):
    files.features[3, 2] = np.nan
    with pytest.raises(UserError, match="not a finite number"):
        write_features(files.path("features"), files.images + files.real_images, files.features, "an encoder")


def test_files_of_other_images_are_told(files: Files):
    other = Files(files.folder / "..")
    index = pd.read_parquet(files.path("index"))
    write_index(index[index["image"] != files.images[4]], files.path("index"))
    with pytest.raises(UserError, match="the graph is one of 24 images, others than the 23 of the index"):
        files.run("mutual")
    write_confidence(files.path("confidence"), files.images[:5], other.confidence[:5])
    with pytest.raises(UserError, match="19 of 23 images have no probability"):
        files.run("classifier")
    table = pd.DataFrame({"image": files.images[:1], "source": "", "pose": "", "pid": 0, "seed": 0, "injected": ""})
    picture = encode(torch.zeros(1, 3, 32, 16, dtype=torch.uint8), "png", 0)
    write_shard(files.path("images.parquet"), table.assign(height=32, width=16), picture)
    with pytest.raises(UserError, match="22 generated images are in no shard"):
        files.run("source")


def test_an_identity_that_the_classifier_does_not_know_is_told(files: Files):
    files.confidence[files.pids == 2] = np.nan
    write_confidence(files.path("confidence"), files.images, files.confidence)
    with pytest.raises(UserError, match="the classifier does not know 1 of 4 identities, such as pid 2"):
        files.run("classifier")
