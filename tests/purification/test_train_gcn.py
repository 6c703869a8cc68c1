"""Training of the network for links: what is written, that it learns, resumes byte by byte, and what it refuses."""

import copy
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from purereid.data.features import write_features
from purereid.data.index import write_index
from purereid.errors import UserError
from purereid.purification.gcn_inference import predict_links
from purereid.purification.link_scores import link_scores, same_person
from purereid.purification.train_gcn import GCNTrainer, train_gcn
from purereid.purification.training_data import GraphImages, images_with_graph, real_images
from purereid.retrieval.neighbours import nearest_neighbours
from purereid.systems.bot.networks import Encoder
from purereid.training.made import MADE
from saved import load_with_about, save_encoder
from seeds import weights_of
from terms import parts_moved

PEOPLE, IMAGES, LENGTH = 24, 6, 16
OUTPUTS = ("networks.safetensors", "curves.csv", "scores.json")
SETTINGS = {
    "k1": 8,
    "k2": 3,
    "u": 3,
    "widths": [32, 16, 16],
    "padded_statistics": False,
    "held_out": 0.25,
    "epochs": 3,
    "steps_per_epoch": 0,
    "batch": 40,
    "learning_rate": 0.01,
    "weight_decay": 5e-4,
    "schedule": "steps",
    "milestones": [2],
    "gamma": 0.6,
    "warmup_epochs": 1,
    "warmup_start": 0.5,
    "precision": "fp32",
    "seed": 1,
    "log_every": 2,
}


class Set:
    """Files of a data set: features around one centre per person, and the index."""

    def __init__(self, folder: Path, people: int = PEOPLE, length: int = LENGTH):
        self.folder = folder
        rng = np.random.default_rng(0)
        self.pids = np.repeat(np.arange(10, 10 + people), IMAGES)
        points = rng.standard_normal((people, length))[self.pids - 10]
        points = points + 0.7 * rng.standard_normal(points.shape)
        self.features = (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)
        self.images = [f"train/{pid:04d}_{number}.jpg" for pid in range(10, 10 + people) for number in range(IMAGES)]
        self.write()

    def write(self, **changed: object) -> None:
        """Write both files; a column of the first image may be changed."""
        same = {"split": "train", "camid": 0, "seq": 1, "frame": 1, "kind": "detected", "width": 1, "height": 1}
        rows = pd.DataFrame({"image": self.images, "path": self.images, "sha256": self.images, "pid": self.pids})
        rows = rows.assign(dataset="toy", **same)
        for column, value in changed.items():
            rows.loc[0, column] = value
        write_index(rows, self.folder / "index.parquet")
        write_features(self.folder / "features.parquet", self.images, self.features, encoder="ab12")

    def run(self, folder: str = "out", encoder: Path | None = None, **changed: object) -> dict[str, bytes]:
        """Train; the files that were written."""
        inputs = {name: self.folder / f"{name}.parquet" for name in ("features", "index")}
        outputs = {name.split(".")[0]: self.folder / folder / name for name in OUTPUTS}
        shutil.rmtree(self.folder / folder / MADE, ignore_errors=True)  # else what is there would not be made again
        train_gcn(**inputs, **outputs, settings=SETTINGS | changed, encoder=encoder, stamp="s")
        return {name: path.read_bytes() for name, path in zip(OUTPUTS, outputs.values(), strict=True)}


@pytest.fixture
def toy(tmp_path: Path) -> Set:
    return Set(tmp_path)


def graph_images(toy: Set) -> GraphImages:
    return images_with_graph(
        toy.features, toy.pids, {"k1": 8}, what="training", section="train_gcn", device=torch.device("cpu")
    )


def test_network_curves_and_links_are_written(toy: Set, tmp_path: Path):
    toy.run()
    network, training = load_with_about(tmp_path / "out/networks.safetensors", "gcn")
    assert network.configuration == {"features": LENGTH, "widths": [32, 16, 16], "padded_statistics": False}
    held_out = training["held_out_identities"]
    assert (training["k1"], training["k2"], training["u"]) == (8, 3, 3) and len(held_out) == 6
    assert sorted(training["identities"] + held_out) == list(range(10, 10 + PEOPLE))
    assert (training["images"], training["held_out_images"]) == (18 * IMAGES, 6 * IMAGES)
    assert training["steps"] == 9
    assert training["encoder"] == json.loads((tmp_path / "out/scores.json").read_text())["encoder"] == "ab12"
    curves = pd.read_csv(tmp_path / "out/curves.csv")
    assert curves["step"].tolist() == [2, 3, 4, 6, 8, 9]  # 108 pivots in batches of 40
    assert np.isfinite(curves).all(axis=None) and curves["held_out_accuracy"].between(0, 1).all()
    assert curves["learning_rate"].iloc[-1] == pytest.approx(0.006)
    assert not (tmp_path / "out/checkpoint.safetensors").exists()


def test_scores_are_those_of_the_held_out_images_in_a_graph_of_their_own(toy: Set, tmp_path: Path):
    toy.run()
    network, training = load_with_about(tmp_path / "out/networks.safetensors", "gcn")
    links = json.loads((tmp_path / "out/scores.json").read_text())
    assert {name: value for name, value in training.items() if name != "curve"}.items() <= links.items()
    chosen = np.isin(toy.pids, training["held_out_identities"])
    graph = nearest_neighbours(toy.features[chosen], 8)
    probability = predict_links(network, toy.features[chosen], graph.indices, k1=8, k2=3, u=3).probability
    expected = link_scores(same_person(graph.indices, toy.pids[chosen]), probability)
    assert {name: links["held_out"][name] for name in expected} == pytest.approx(expected, abs=1e-6)
    curve = links["held_out"]["curve"]
    assert curve.keys() == {"score", "precision", "recall"} and curve["recall"][-1] == 1
    assert curve["precision"][-1] == pytest.approx(expected["positives"])
    assert 0 < links["cosine"]["average_precision"] <= 1 and len(links["cosine"]["curve"]["recall"]) <= 200


def test_it_learns_to_link_people_whom_it_has_not_seen(tmp_path: Path):
    Set(tmp_path, people=120, length=32).run(epochs=12, milestones=[8])
    links = json.loads((tmp_path / "out/scores.json").read_text())
    assert links["held_out"]["accuracy"] > 0.92 > 0.7 > links["held_out"]["positives"] > 0.5
    assert links["held_out"]["average_precision"] > links["cosine"]["average_precision"]
    curves = pd.read_csv(tmp_path / "out/curves.csv")
    assert curves["loss"].iloc[-1] < 0.2 * curves["loss"].iloc[0]


@pytest.mark.parametrize(("epoch", "changed"), [(3, {}), (4, {"held_out": 0.0, "precision": "bf16"})])
def test_interrupted_training_ends_with_the_same_bytes(
    toy: Set, tmp_path: Path, monkeypatch, epoch: int, changed: dict
):
    whole = toy.run("whole", **changed)
    step, started = GCNTrainer.step, []

    def stopping(self, number, batch):
        if number == 5:
            raise KeyboardInterrupt
        return step(self, number, batch)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(GCNTrainer, "step", stopping)
        toy.run("parts", **changed)
    monkeypatch.setattr(
        GCNTrainer, "step", lambda self, number, batch: started.append(number) or step(self, number, batch)
    )
    resumed = toy.run("parts", **changed)
    assert started[0] == epoch
    for name in ("networks.safetensors", "scores.json"):
        assert resumed[name] == whole[name], name
    columns = list(pd.read_csv(tmp_path / "whole/curves.csv").columns[:-2])  # without speed and waiting
    curves = [pd.read_csv(tmp_path / folder / "curves.csv")[columns] for folder in ("whole", "parts")]
    pd.testing.assert_frame_equal(*curves)


def test_other_seed_other_network_and_other_people_held_out(toy: Set):
    first, second = (toy.run(str(seed), seed=seed) for seed in (1, 2))
    assert first["networks.safetensors"] != second["networks.safetensors"]
    assert json.loads(first["scores.json"])["identities"] != json.loads(second["scores.json"])["identities"]


def test_people_whom_the_encoder_has_not_learnt_from_are_held_out(toy: Set, tmp_path: Path):
    unseen = [12, 15, 20, 31]
    pids = [pid for pid in range(10, 10 + PEOPLE) if pid not in unseen]
    encoder = Encoder(backbone="resnet_small", last_stride=1, pids=pids, height=32, width=16)
    save_encoder(tmp_path / "encoder.safetensors", encoder)
    toy.run(encoder=tmp_path / "encoder.safetensors")
    _, training = load_with_about(tmp_path / "out/networks.safetensors", "gcn")
    assert training["held_out_identities"] == unseen and training["seen"] == 0
    links = json.loads((tmp_path / "out/scores.json").read_text())
    assert training["curve"] == links["held_out"]["curve"]
    toy.run()
    assert json.loads((tmp_path / "out/scores.json").read_text())["seen"] is None  # the encoder is not known


def test_without_held_out_people(toy: Set, tmp_path: Path):
    toy.run(held_out=0.0)
    links = json.loads((tmp_path / "out/scores.json").read_text())
    assert links["held_out"] is None and links["cosine"] is None and links["held_out_identities"] == []
    assert len(links["identities"]) == PEOPLE
    assert not [name for name in pd.read_csv(tmp_path / "out/curves.csv") if "held_out" in name]


def test_features_of_several_files_train_the_network_of_one(toy: Set, tmp_path: Path):
    expected, shards = toy.run(), [tmp_path / f"{shard}-of-2.parquet" for shard in range(2)]
    for path, rows in zip(shards, (slice(0, 50), slice(50, None)), strict=True):
        write_features(path, toy.images[rows], toy.features[rows], encoder="ab12")
    outputs = {name.split(".")[0]: tmp_path / "two" / name for name in OUTPUTS}
    train_gcn(features=shards, index=tmp_path / "index.parquet", **outputs, settings=SETTINGS, stamp="s")
    assert outputs["networks"].read_bytes() == expected["networks.safetensors"]
    toy.write(split="query")
    with pytest.raises(UserError, match=rf"of the test set[^\n]*\n  where:    {shards[0]}, {shards[1]}\n"):
        real_images(shards, tmp_path / "index.parquet")


@pytest.mark.parametrize(("steps_per_epoch", "steps"), [(0, 12), (100, 300)])
def test_every_image_is_a_pivot_once_before_any_is_one_again(toy: Set, steps_per_epoch: int, steps: int):
    data = graph_images(toy)
    trainer = GCNTrainer(data, None, SETTINGS | {"steps_per_epoch": steps_per_epoch}, torch.device("cpu"))
    assert trainer.steps == steps  # of few images too
    passes = [torch.cat([trainer.batch(step)[0] for step in range(first, first + 4)]).tolist() for first in (0, 4)]
    assert sorted(passes[0]) == sorted(passes[1]) == list(range(PEOPLE * IMAGES)) and passes[0] != passes[1]
    other = GCNTrainer(data, None, SETTINGS | {"seed": 2}, torch.device("cpu"))
    assert other.batch(0)[0].tolist() != trainer.batch(0)[0].tolist() and weights_of(other) != weights_of(trainer)


def test_a_network_that_links_nobody_is_told(toy: Set, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO")
    toy.run()
    largest = json.loads((tmp_path / "out/scores.json").read_text())["held_out"]["largest"]
    assert f"largest probability {largest:.3f}" in caplog.text and largest > 0.5 and "NO LINK" not in caplog.text
    toy.pids = np.random.default_rng(0).permutation(toy.pids)  # neighbours show one person no more often than others
    toy.write()
    toy.run(epochs=10, milestones=[])
    found = json.loads((tmp_path / "out/scores.json").read_text())["held_out"]
    assert found["largest"] <= 0.5 and found["recall"] == 0 and "NO LINK" in caplog.text


def test_a_step_makes_the_truth_about_links_likelier(toy: Set):
    data, calm = graph_images(toy), {"schedule": "constant", "warmup_epochs": 0, "weight_decay": 0.0}
    trainer = GCNTrainer(data, None, SETTINGS | calm | {"learning_rate": 1e-3}, torch.device("cpu"))
    pivots, graphs = trainer.batch(0)
    truth = torch.from_numpy(toy.pids[data.graph.indices[pivots, :8]] == toy.pids[pivots][:, None])

    @torch.no_grad()
    def likelihood() -> float:
        yes = copy.deepcopy(trainer.network)(trainer.features, graphs).softmax(dim=1)[:, 1].view(truth.shape)
        return float(torch.where(truth, yes, 1 - yes).log().mean())

    before, parts = likelihood(), {name: getattr(trainer.network, name) for name in ("convolutions", "classifier")}
    assert parts_moved(parts, lambda: trainer.step(0, (pivots, graphs))) == set(parts)
    assert likelihood() > before


def test_biases_learn_twice_as_fast_and_do_not_decay(toy: Set):
    data = graph_images(toy)
    trainer = GCNTrainer(data, None, SETTINGS | {"schedule": "constant", "warmup_epochs": 0}, torch.device("cpu"))
    trainer.step(0, trainer.batch(0))
    named = {id(parameter): name for name, parameter in trainer.network.named_parameters()}
    for group in trainer.optimisers["gcn"].torch.param_groups:
        biases = {"bias" in named[id(parameter)] for parameter in group["params"]}
        assert len(biases) == 1
        assert (group["lr"], group["weight_decay"]) == ((0.02, 0.0) if biases == {True} else (0.01, 5e-4))


def test_curves_hold_the_scores_after_the_first_step_and_after_each_epoch(toy: Set, tmp_path: Path, monkeypatch):
    scored, score = [], GCNTrainer.scores_of_held_out
    monkeypatch.setattr(GCNTrainer, "scores_of_held_out", lambda self: scored.append(score(self)) or scored[-1])
    toy.run(warmup_epochs=0)
    assert len(scored) == 4  # step 1, and steps 3, 6 and 9 of 9
    curves = pd.read_csv(tmp_path / "out/curves.csv")  # rows end with steps 2, 3, 4, 6, 8, 9
    for name in ("precision", "recall", "accuracy"):
        expected = [scored[number][f"held_out_{name}"] for number in (0, 1, 1, 2, 2, 3)]
        assert curves[f"held_out_{name}"].tolist() == pytest.approx(expected, abs=1e-5)
    assert curves["held_out_accuracy"].nunique() == 4
    links = json.loads((tmp_path / "out/scores.json").read_text())
    assert scored[-1]["held_out_accuracy"] == links["held_out"]["accuracy"]


@pytest.mark.parametrize("changed", [{"pid": -1}, {"kind": "generated"}, {"kind": "generated", "pid": -1}])
def test_junk_and_generated_images_are_left_out(toy: Set, changed: dict):
    toy.write(**changed)
    found = toy.run("with")
    toy.images, toy.pids, toy.features = toy.images[1:], toy.pids[1:], toy.features[1:]
    toy.write()
    expected = toy.run("without")
    for name in ("networks.safetensors", "scores.json"):
        assert found[name] == expected[name], name


# --- mistakes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("split", ["query", "gallery", "multi"])
def test_test_images_are_refused(toy: Set, split: str):
    toy.write(split=split)
    with pytest.raises(UserError, match=r"1 of 144 images are of the test set, such as train/0010_0\.jpg"):
        toy.run()


def test_images_of_another_index(toy: Set):
    toy.write(image="other.jpg")
    with pytest.raises(UserError, match="1 of 144 images are not in the index"):
        toy.run()


def test_too_few_images(toy: Set):
    message = r"36 images of 6 held-out identities, but each shall have 36 neighbours(.|\n)*k1, k2, u of train_gcn,"
    with pytest.raises(UserError, match=message):
        toy.run(k1=36)


def test_nobody_has_two_images(toy: Set):
    toy.pids = np.arange(len(toy.pids))
    toy.write()
    with pytest.raises(UserError, match=r"0 of 144 identities have several images(.|\n)*train_gcn\.held_out"):
        toy.run()
    message = r"no two neighbouring images of the 144 training identities show one person\n  where: +train_gcn\n"
    with pytest.raises(UserError, match=message):
        toy.run(held_out=0.0)
