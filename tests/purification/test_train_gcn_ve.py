"""Training of GCN-V and GCN-E: what is written, that they learn, resume byte by byte, and what they refuse."""

import json
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from purereid.data.features import write_features
from purereid.data.index import write_index
from purereid.errors import UserError
from purereid.purification.choose_parents import choose_parents, confident_images
from purereid.purification.cluster_scores import cluster_scores
from purereid.purification.connect import best_threshold, components, connect, ranks, similar_components
from purereid.purification.graph_trainer import GraphTrainer
from purereid.purification.train_gcn_e import EdgeData, GCNETrainer, train_gcn_e
from purereid.purification.train_gcn_v import GCNVTrainer, correlation, train_gcn_v
from purereid.purification.training_data import GraphImages
from purereid.purification.vertex_confidence import margins, vertex_confidence
from purereid.retrieval.neighbours import nearest_neighbours
from purereid.training.made import MADE
from saved import load_with_about
from terms import parts_moved

CPU = torch.device("cpu")
PEOPLE, IMAGES, LENGTH = 48, 8, 12
COMMON = {
    "epochs": 6,
    "weight_decay": 1e-5,
    "schedule": "steps",
    "milestones": [4],
    "gamma": 0.1,
    "warmup_epochs": 1,
    "warmup_start": 0.5,
    "seed": 1,
    "log_every": 3,
}
OF_V = COMMON | {"k": 7, "width": 24, "held_out": 0.25, "steps_per_epoch": 8, "learning_rate": 0.1}
OF_E = COMMON | {"k": 10, "widths": [24, 16, 8], "train_share": 0.5, "share": 0.4, "batch": 32, "learning_rate": 0.2}
OF_E |= {"steps_per_epoch": 0}


class Set:
    """Files of a data set, and what is trained with it: features around one centre per person, some of them blurred."""

    def __init__(self, folder: Path, people: int = PEOPLE):
        self.folder, rng = folder, np.random.default_rng(0)
        self.pids = np.repeat(np.arange(10, 10 + people), IMAGES)
        points = rng.standard_normal((people, LENGTH))[self.pids - 10]
        points = points + 0.4 * rng.standard_normal(points.shape)
        blurred = rng.random(len(points)) < 0.25  # these are like each other, and of low confidence
        points[blurred] = 0.4 * points[blurred] + 3 * np.eye(LENGTH)[0]
        self.features = (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)
        self.images = [f"train/{pid:04d}_{number}.jpg" for number, pid in enumerate(self.pids)]
        self.write()

    def write(self, **changed: object) -> None:
        """Write both files; a column of the first image may be changed."""
        same = {"split": "train", "camid": 0, "seq": 1, "frame": 1, "kind": "detected", "width": 1, "height": 1}
        rows = pd.DataFrame({"image": self.images, "path": self.images, "sha256": self.images, "pid": self.pids})
        rows = rows.assign(dataset="toy", **same)
        for column, value in changed.items():
            rows.loc[0, column] = value
        write_index(rows, self.folder / "index.parquet")
        write_features(self.folder / "features.parquet", self.images, self.features)

    def train_v(self, folder: str = "v", **changed: object) -> dict[str, bytes]:
        """Train GCN-V; the files that were written."""
        return self._train(train_gcn_v, folder, OF_V | changed)

    def train_e(self, folder: str = "e", **changed: object) -> dict[str, bytes]:
        """Train GCN-E after GCN-V; the files that were written."""
        train = partial(train_gcn_e, gcn_v=self.folder / "v/networks.safetensors")
        return self._train(train, folder, OF_E | changed)

    def _train(self, train: object, folder: str, settings: dict) -> dict[str, bytes]:
        inputs = {name: self.folder / f"{name}.parquet" for name in ("features", "index")}
        files = {"networks": "networks.safetensors", "curves": "curves.csv", "scores": "scores.json"}
        outputs = {key: self.folder / folder / file for key, file in files.items()}
        shutil.rmtree(self.folder / folder / MADE, ignore_errors=True)  # else what is there would not be made again
        train(**inputs, **outputs, settings=settings, stamp="s")
        return {key: path.read_bytes() for key, path in outputs.items()}

    def part(self, pids: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """Features and identities of some people."""
        chosen = np.isin(self.pids, pids)
        return self.features[chosen], self.pids[chosen]


@pytest.fixture
def toy(tmp_path: Path) -> Set:
    return Set(tmp_path)


def read_scores(files: dict[str, bytes]) -> dict:
    return json.loads(files["scores"])


# --- GCN-V ------------------------------------------------------------------------------------------------------------


def test_gcn_v_is_written_with_what_it_was_trained_on(toy: Set, tmp_path: Path):
    scores = read_scores(toy.train_v())
    network, training = load_with_about(tmp_path / "v/networks.safetensors", "gcn_v")
    assert network.configuration == {"features": LENGTH, "width": 24}
    assert training.items() <= scores.items() and training["k"] == 7 and training["encoder"] == ""
    assert len(training["held_out_identities"]) == 12 and training["held_out_images"] == 12 * IMAGES
    assert sorted(training["identities"] + training["held_out_identities"]) == list(range(10, 10 + PEOPLE))
    curves = pd.read_csv(tmp_path / "v/curves.csv")
    assert list(curves)[2:6] == ["loss", "held_out_mse", "held_out_correlation", "learning_rate"]
    assert curves["step"].tolist()[:4] == [3, 6, 8, 9] and curves["epoch"].iloc[-1] == 6
    assert curves["learning_rate"].iloc[-1] == pytest.approx(0.01)
    assert not (tmp_path / "v/checkpoint.safetensors").exists()


def test_gcn_v_scores_are_those_of_the_held_out_images_in_a_graph_of_their_own(toy: Set, tmp_path: Path):
    scores = read_scores(toy.train_v())
    network, training = load_with_about(tmp_path / "v/networks.safetensors", "gcn_v")
    features, pids = toy.part(training["identities"])
    margin = margins(nearest_neighbours(features, 7), pids)
    mean, scale = (margin / np.abs(margin).max()).mean(), np.abs(margin).max()
    features, pids = toy.part(training["held_out_identities"])
    graph = nearest_neighbours(features, 7)
    true, predicted = margins(graph, pids) / scale, vertex_confidence(network, features, graph, k=7)
    expected = {
        "mse": np.mean((true - predicted) ** 2),
        "mse_of_mean": np.mean((true - mean) ** 2),
        "correlation": np.corrcoef(true, predicted)[0, 1],
    }
    clusters = cluster_scores(pids, connect(predicted, graph, training["tau"]))
    expected |= {"bcubed_f": clusters.bcubed.f, "pairwise_f": clusters.pairwise.f, "nmi": clusters.nmi}
    assert {name: scores["held_out"][name] for name in expected} == pytest.approx(expected, abs=1e-5)
    threshold, plain = best_threshold(graph.similarity, partial(similar_components, graph), pids)
    assert scores["cosine"]["threshold"] == threshold
    assert scores["cosine"]["bcubed_f"] == pytest.approx(plain.bcubed.f)


def test_gcn_v_learns_the_confidence_of_people_whom_it_has_not_seen(tmp_path: Path):
    files = Set(tmp_path, people=100).train_v(epochs=30, milestones=[20])
    held_out = read_scores(files)["held_out"]
    assert held_out["correlation"] > 0.7 and held_out["mse"] < 0.6 * held_out["mse_of_mean"]
    curves = pd.read_csv(tmp_path / "v/curves.csv")
    assert curves["loss"].iloc[-1] < 0.2 * curves["loss"].iloc[0]


def test_without_held_out_people_tau_is_that_of_the_training(toy: Set, tmp_path: Path):
    scores = read_scores(toy.train_v(held_out=0.0))
    assert scores["held_out"] is None and scores["cosine"] is None and scores["held_out_identities"] == []
    network, training = load_with_about(tmp_path / "v/networks.safetensors", "gcn_v")
    graph = nearest_neighbours(toy.features, 7)
    found = connect(vertex_confidence(network, toy.features, graph, k=7), graph, training["tau"])
    assert cluster_scores(toy.pids, found).bcubed.f > 0.5
    assert not [name for name in pd.read_csv(tmp_path / "v/curves.csv") if "held_out" in name]


def test_correlation_of_a_constant_is_zero():
    assert correlation(np.ones(4), np.arange(4)) == 0
    assert correlation(np.arange(4), -2 * np.arange(4)) == pytest.approx(-1)


# --- GCN-E ------------------------------------------------------------------------------------------------------------


def test_gcn_e_is_written_with_the_scores_of_its_clusters(toy: Set, tmp_path: Path):
    toy.train_v()
    scores = read_scores(toy.train_e())
    vertex, known = load_with_about(tmp_path / "v/networks.safetensors", "gcn_v")
    network, training = load_with_about(tmp_path / "e/networks.safetensors", "gcn_e")
    assert network.configuration == {"features": LENGTH, "widths": [24, 16, 8]}
    assert training.items() <= scores.items() and (training["k"], training["share"]) == (10, 0.4)
    for name in ("identities", "held_out_identities", "images", "held_out_images"):
        assert training[name] == known[name]
    features, pids = toy.part(training["held_out_identities"])
    graph = nearest_neighbours(features, 10)
    confidence = vertex_confidence(vertex, features, graph, k=7)
    parents = choose_parents(network, features, graph, confidence, k=10, share=0.4)
    clusters = cluster_scores(pids, components(parents, training["tau"]))
    assert scores["held_out"]["bcubed_f"] == pytest.approx(clusters.bcubed.f)
    assert scores["held_out"]["pairwise_f"] == pytest.approx(clusters.pairwise.f)
    curves = pd.read_csv(tmp_path / "e/curves.csv")
    assert list(curves)[2:6] == ["loss", "accuracy", "held_out_right", "learning_rate"]
    assert np.isfinite(curves).all(axis=None)


def test_gcn_e_learns(tmp_path: Path):
    toy = Set(tmp_path, people=100)
    toy.train_v()
    toy.train_e(epochs=20, milestones=[15])
    curves = pd.read_csv(tmp_path / "e/curves.csv")
    assert curves["loss"].iloc[-1] < 0.6 * curves["loss"].iloc[0]
    assert curves["accuracy"].iloc[-1] > 0.9


def test_gcn_e_sees_each_image_once_per_epoch(toy: Set, monkeypatch: pytest.MonkeyPatch):
    toy.train_v()
    seen, step = [], GraphTrainer.update
    monkeypatch.setattr(
        GraphTrainer, "update", lambda self, n, batch: seen.append(batch.images.tolist()) or step(self, n, batch)
    )
    toy.train_e(epochs=2)
    half = len(seen) // 2
    first, second = ([image for batch in part for image in batch] for part in (seen[:half], seen[half:]))
    assert half > 1 and sorted(first) == sorted(second) and first != second and len(set(first)) == len(first)


# --- both -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "changed"), [("v", {}), ("v", {"held_out": 0.0}), ("e", {})])
def test_interrupted_training_ends_with_the_same_bytes(
    toy: Set, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, changed: dict
):
    toy.train_v()
    train = toy.train_v if kind == "v" else toy.train_e
    whole = train("whole", **changed)
    step, started = GraphTrainer.update, []

    def stopping(self, number, batch):
        if number == 2 * self.steps_per_epoch + 1:
            raise KeyboardInterrupt
        return step(self, number, batch)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(GraphTrainer, "update", stopping)
        train("parts", **changed)
    monkeypatch.setattr(
        GraphTrainer,
        "update",
        lambda self, number, batch: started.append(number / self.steps_per_epoch) or step(self, number, batch),
    )
    resumed = train("parts", **changed)
    assert started[0] == 2
    for name in whole.keys() - {"curves"}:
        assert resumed[name] == whole[name], name
    columns = list(pd.read_csv(tmp_path / "whole/curves.csv").columns[:-2])  # without speed and waiting
    curves = [pd.read_csv(tmp_path / folder / "curves.csv")[columns] for folder in ("whole", "parts")]
    pd.testing.assert_frame_equal(*curves)


@pytest.mark.parametrize(("kind", "column", "score"), [("v", "held_out_mse", "mse"), ("e", "held_out_right", "right")])
def test_curves_end_with_the_scores_of_the_network_that_is_written(
    toy: Set, tmp_path: Path, kind: str, column: str, score: str
):
    files = {"v": toy.train_v(), "e": toy.train_e()}[kind]
    curves = pd.read_csv(tmp_path / kind / "curves.csv")
    assert curves[column].iloc[-1] == pytest.approx(read_scores(files)["held_out"][score], rel=1e-5)
    assert curves[column].notna().all() and curves[column].nunique() > 1
    changed = curves.loc[curves[column].diff().fillna(0) != 0, "epoch"]
    assert len(changed) and (changed % 1 == 0).all()


CALM = {"schedule": "constant", "warmup_epochs": 0, "weight_decay": 0.0, "learning_rate": 1e-3}


def test_a_step_brings_confidences_nearer_to_the_true_ones(toy: Set):
    graph = nearest_neighbours(toy.features, 7)
    margin = np.array([
        sum(similarity if toy.pids[j] == toy.pids[i] else -similarity for j, similarity in zip(*row, strict=True))
        for i, row in enumerate(zip(graph.indices, graph.similarity, strict=True))
    ])  # fmt: skip
    data = GraphImages(toy.features, toy.pids, graph, toy.pids[graph.indices] == toy.pids[:, None])
    trainer = GCNVTrainer(data, None, OF_V | CALM, CPU)

    def error() -> float:
        found = vertex_confidence(trainer.network, toy.features, graph, k=7)
        return float(np.square(found - margin / np.abs(margin).max()).mean())

    before, parts = error(), dict(trainer.network.named_children())
    assert parts_moved(parts, lambda: trainer.step(0, None)) == set(parts)
    assert error() < before


def test_a_step_makes_the_truth_about_candidates_likelier(toy: Set):
    graph, confidence = nearest_neighbours(toy.features, 10), np.random.default_rng(0).random(len(toy.pids))
    choosing = confident_images(graph, ranks(confidence), 0.5)
    data = EdgeData(toy.features, toy.pids, graph, confidence, choosing)
    trainer = GCNETrainer(data, None, OF_E | CALM, CPU)
    batch = trainer.batch(0)
    truth = torch.from_numpy(toy.pids[batch.candidates] == toy.pids[batch.images][:, None])

    @torch.no_grad()
    def likelihood() -> float:
        """Mean logarithm over the candidates of an image, and then over the images."""
        yes = trainer.network(trainer.features, batch).softmax(dim=2)[..., 1]
        said = torch.where(truth, yes, 1 - yes).log()
        return float(np.mean([said[row, real].mean() for row, real in enumerate(batch.real)]))

    before, parts = likelihood(), dict(trainer.network.named_children())
    assert parts_moved(parts, lambda: trainer.step(0, batch)) == set(parts)
    assert likelihood() > before


def test_other_seed_other_networks(toy: Set):
    first, second = (toy.train_v(seed=seed) for seed in (1, 2))
    assert first["networks"] != second["networks"]
    assert read_scores(first)["identities"] != read_scores(second)["identities"]
    assert toy.train_e("e1", seed=1)["networks"] != toy.train_e("e2", seed=2)["networks"]


# --- mistakes ---------------------------------------------------------------------------------------------------------


def test_test_images_are_refused(toy: Set):
    toy.write(split="query")
    with pytest.raises(UserError, match="of the test set"):
        toy.train_v()


def test_too_few_images(toy: Set):
    message = r"96 images of 12 held-out identities, but each shall have 96 (.|\n)*lower k of train_gcn_{kind},"
    with pytest.raises(UserError, match=message.format(kind="v")):
        toy.train_v(k=96)
    toy.train_v()
    with pytest.raises(UserError, match=message.format(kind="e")):
        toy.train_e(k=96)


def test_nobody_has_two_images(toy: Set):
    toy.pids = np.arange(len(toy.pids))
    toy.write()
    with pytest.raises(UserError, match=r"0 of 384 identities have several images(.|\n)*train_gcn_v\.held_out"):
        toy.train_v()
    message = r"no two neighbouring images of the 384 training identities show one person\n  where: +train_gcn_v\n"
    with pytest.raises(UserError, match=message):
        toy.train_v(held_out=0.0)


def test_learning_too_fast(toy: Set):
    with pytest.raises(UserError, match="the loss is not finite"):
        toy.train_v(learning_rate=1e6)


def test_gcn_v_of_other_people(toy: Set):
    toy.train_v()
    toy.pids = toy.pids + 1
    toy.write()
    with pytest.raises(UserError, match="2 identities are known to either the images or GCN-V alone, such as 10"):
        toy.train_e()


def test_features_of_another_encoder_than_that_of_gcn_v(toy: Set):
    toy.train_v()
    toy.features = np.ascontiguousarray(toy.features[:, ::2])
    toy.features /= np.linalg.norm(toy.features, axis=1, keepdims=True)
    toy.write()
    with pytest.raises(UserError, match="the features have 6 numbers, the network takes 12"):
        toy.train_e()


def test_nobody_has_a_choice(toy: Set):
    toy.train_v()
    with pytest.raises(UserError, match="of the most confident 0% of 288 training images none has two candidates"):
        toy.train_e(train_share=0.0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_gpu_trains_too(toy: Set, tmp_path: Path):
    inputs = {name: tmp_path / f"{name}.parquet" for name in ("features", "index")}
    files = {"networks": tmp_path / "v.safetensors", "curves": tmp_path / "c.csv", "scores": tmp_path / "s.json"}
    train_gcn_v(**inputs, **files, settings=OF_V, stamp="s", gpus=1)
    assert json.loads(files["scores"].read_text())["held_out"]["mse"] < 1
