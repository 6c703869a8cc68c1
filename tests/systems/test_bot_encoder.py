"""Training: it learns, it is deterministic, each switch changes what it should."""

import hashlib
import logging
import math
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from purereid.data.images import load_images
from purereid.data.index import read_index, write_index
from purereid.data.shard_writer import encode, write_shard
from purereid.errors import UserError
from purereid.networks.network_file import load_network
from purereid.reid.labels import KINDS, REAL
from purereid.reid.training_rows import training_rows
from purereid.systems.bot.encoder import Trainer
from purereid.training.stage import Inputs, train_stage
from purereid.training.trainer import Optimiser


def run(index: Path, folder: Path, settings: dict, **options: object) -> tuple[str, pd.DataFrame]:
    folder.mkdir(exist_ok=True)
    names = {"networks": "networks.safetensors", "curves": "curves.csv", "samples": "samples.parquet"}
    files = {name: folder / file for name, file in names.items()}
    train_stage(index=index, **files, system="bot", stage="encoder", settings=settings, stamp="s", **options)
    return hashlib.sha256(files["networks"].read_bytes()).hexdigest(), pd.read_csv(files["curves"])


def test_it_learns_and_leaves_no_checkpoint(index: Path, tmp_path: Path, settings: dict):
    longer = settings | {"epochs": 20, "learning_rate": 3e-3, "warmup_epochs": 1, "random_erasing": 0.0}
    _, curves = run(index, tmp_path / "a", longer)
    assert curves["cross_entropy"].iloc[0] == pytest.approx(math.log(4), abs=0.3)
    assert curves["accuracy"].iloc[-3:].mean() > 0.9
    columns = ["step", "epoch", "loss", "cross_entropy", "triplet", "accuracy", "learning_rate"]
    assert list(curves) == [*columns, "images_per_second", "waiting"]
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        ".made",
        "curves.csv",
        "networks.safetensors",
        "samples.parquet",
        "tensorboard",
    ]


def test_same_seed_same_bytes_whatever_the_decoding_threads(index: Path, tmp_path: Path, settings: dict):
    first, _ = run(index, tmp_path / "a", settings)
    second, _ = run(index, tmp_path / "b", settings, threads=2)
    other, _ = run(index, tmp_path / "c", settings | {"seed": 2})
    assert first == second != other


def test_images_in_a_mapped_file_train_the_bytes_that_images_in_memory_do(
    mixed: Path, tmp_path: Path, mixture: dict, monkeypatch: pytest.MonkeyPatch
):
    class InMemory:
        def __init__(self, file: object, **size: object):
            table = training_rows(mixed, ["train"])
            self.images = load_images(table["path"].tolist(), **size).permute(0, 2, 3, 1)

        def batch(self, rows: torch.Tensor) -> np.ndarray:
            return self.images[rows].numpy()

    mapped, _ = run(mixed, tmp_path / "a", mixture)
    monkeypatch.setattr("purereid.reid.labelled_images.shared_file", lambda write: nullcontext())
    monkeypatch.setattr("purereid.reid.labelled_images.DecodedImages", InMemory)
    assert run(mixed, tmp_path / "b", mixture)[0] == mapped


@pytest.mark.parametrize(
    "change",
    [
        {"resizing": "pillow"},
        {"last_stride": 2},
        {"bnneck": False},
        {"label_smoothing": 0.0},
        {"triplet_weight": 0.0},
        {"margin": 1.0},
        {"random_erasing": 0.0},
        {"flip": 0.0},
        {"pad": 0},
        {"warmup_epochs": 0},
        {"schedule": "constant"},
        {"sampler": "shuffle"},
        {"weight_decay": 0.0},
        {"learning_rate": 1e-4},
    ],
    ids=lambda change: next(iter(change)),
)
def test_each_switch_changes_the_result(index: Path, tmp_path: Path, settings: dict, change: dict):
    short = settings | {"epochs": 2, "precision": "fp32"}
    assert run(index, tmp_path / "a", short)[0] != run(index, tmp_path / "b", short | change)[0]


def test_untrained_network_has_its_file_and_empty_curves(index: Path, tmp_path: Path, settings: dict):
    _, curves = run(index, tmp_path / "a", settings | {"epochs": 0})
    assert curves.empty and "triplet" in curves
    assert load_network(tmp_path / "a/networks.safetensors", "encoder").configuration["pids"] == [0, 2, 4, 6]


def test_two_processes_train_one_model(index: Path, tmp_path: Path, settings: dict):
    calm = settings | {"epochs": 2, "precision": "fp32", "random_erasing": 0.0, "flip": 0.0, "pad": 0}
    run(index, tmp_path / "one", calm)
    run(index, tmp_path / "two", calm, processes=2)
    one, two = (
        load_network(tmp_path / name / "networks.safetensors", "encoder").state_dict() for name in ("one", "two")
    )
    for name in one:
        torch.testing.assert_close(two[name].float(), one[name].float(), rtol=0.05, atol=5e-3, msg=name)


def test_alarm_when_the_loss_stays_at_ln_k(
    index: Path, tmp_path: Path, settings: dict, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.WARNING, "purereid"):
        run(index, tmp_path / "a", settings | {"learning_rate": 1e-12, "alarm_after": 4})
    assert caplog.text.count("ALARM: after") == 1
    assert "gives ln K = 1.386" in caplog.text
    assert "NO PRETRAINED WEIGHTS" in caplog.text


LABELS = ["uniform", "extra_class", "pseudo", "identity"]
IDENTITIES = [0, 0, 2, 2, 4, 4, 6]


def with_generated(index: Path, pids: list[int]) -> Path:
    """The index with a shard of generated training images of the given identities."""
    shard, count = index.with_name("0-of-1.parquet"), len(pids)
    images = torch.from_numpy(np.random.default_rng(1).integers(0, 256, (count, 3, 32, 16), dtype=np.uint8))
    names = [f"generated/g/train/{number:07d}.png" for number in range(count)]
    about = {"image": names, "pid": pids, "height": 32, "width": 16}
    texts = {"source": "", "pose": "", "injected": ""}
    write_shard(shard, pd.DataFrame(about | texts | {"seed": range(count)}), encode(images, "png", 0))
    places = {"path": [f"{shard}/{name}" for name in names], "split": "train", "kind": "generated"}
    rest = {"camid": -1, "seq": -1, "frame": -1, "sha256": names, "dataset": "tiny"}
    path = index.with_name("generated.parquet")
    write_index(pd.concat([read_index(index), pd.DataFrame(about | places | rest | {"weight": 1.0})]), path)
    return path


@pytest.fixture
def mixed(index: Path) -> Path:
    return with_generated(index, IDENTITIES)


@pytest.fixture
def mixture(settings: dict) -> dict:
    """Settings of a training with 8 real and 3 generated images per batch, 3 batches per epoch."""
    return settings | {"generated_per_batch": 3, "precision": "fp32", "warmup_epochs": 0}


def trainer_of(index: Path, settings: dict) -> tuple[Trainer, np.ndarray]:
    """A trainer and the names of its rows."""
    trainer = Trainer(Inputs(index), settings, torch.device("cpu"))
    return trainer, trainer.people.rows["image"].to_numpy()


def weights_after(trainer: Trainer, steps: Iterable[int]) -> bytes:
    for step in steps:
        torch.manual_seed(step)
        trainer.step(step, trainer.batch(step))
    return b"".join(tensor.numpy().tobytes() for tensor in trainer.encoder.state_dict().values())


@pytest.mark.parametrize("labels", LABELS)
def test_generated_images_come_on_top_of_the_same_real_ones(mixed: Path, mixture: dict, labels: str):
    trainer, names = trainer_of(mixed, mixture | {"generated_labels": labels})
    plain, plain_names = trainer_of(mixed, mixture | {"generated_per_batch": 0})
    assert len(trainer.encoder.configuration["pids"]) == plain.classes == 4 and trainer.steps == plain.steps == 9
    for step in range(trainer.steps):
        rows, images = trainer.batch(step)
        assert images.shape == (11, 3, 32, 16)
        assert (names[rows[:8]] == plain_names[plain.batch(step)[0]]).all()
        assert (trainer.people.kinds[rows[:8]] == REAL).all() and (
            trainer.people.kinds[rows[8:]] == KINDS[labels]
        ).all()


@pytest.mark.parametrize("labels", LABELS)
def test_each_kind_trains_resumes_to_the_same_bytes_and_shows_its_parts(
    mixed: Path, tmp_path: Path, mixture: dict, labels: str, monkeypatch: pytest.MonkeyPatch
):
    options = mixture | {"generated_labels": labels, "generated_from_epoch": 1}
    digest, curves = run(mixed, tmp_path / "whole", options)
    columns = ["step", "epoch", "loss", "cross_entropy", "triplet", "cross_entropy_generated", "accuracy"]
    assert list(curves) == [*columns, "learning_rate", "images_per_second", "waiting"]
    assert np.isfinite(curves[columns]).all(axis=None) and (curves["cross_entropy_generated"] > 0).all()
    model = load_network(tmp_path / "whole/networks.safetensors", "encoder")
    assert model.classifier.out_features == (5 if labels == "extra_class" else 4)
    assert model.configuration["extra_class"] == (labels == "extra_class")

    whole = Trainer.step

    def broken(self: Trainer, step: int, batch: object) -> dict:
        if step == 4:
            raise KeyboardInterrupt
        return whole(self, step, batch)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Trainer, "step", broken)
        run(mixed, tmp_path / "broken", options)
    assert (tmp_path / "broken/checkpoint.safetensors").exists()
    again, resumed = run(mixed, tmp_path / "broken", options)
    assert again == digest
    pd.testing.assert_frame_equal(resumed[columns], curves[columns])


def test_the_kinds_differ(mixed: Path, mixture: dict):
    results = {weights_after(trainer_of(mixed, mixture | {"generated_labels": labels})[0], [0]) for labels in LABELS}
    assert len(results) == 4


@pytest.mark.parametrize("labels", LABELS)
def test_generated_images_change_no_loss_before_their_epoch(mixed: Path, mixture: dict, labels: str):
    options = mixture | {"generated_labels": labels}
    later, never = (options | change for change in ({"generated_from_epoch": 1}, {"generated_weight": 0.0}))
    one, two = (trainer_of(mixed, changed)[0] for changed in (later, never))
    assert weights_after(one, range(3)) == weights_after(two, range(3))
    assert weights_after(one, [3]) != weights_after(two, [3])


def test_before_its_epoch_a_pseudo_label_is_as_good_as_another(mixed: Path, mixture: dict):
    options = mixture | {"generated_from_epoch": 1}
    pseudo, uniform = (trainer_of(mixed, options | {"generated_labels": labels})[0] for labels in ("pseudo", "uniform"))
    assert weights_after(pseudo, range(3)) == weights_after(uniform, range(3))


@pytest.mark.parametrize(("begin", "step", "share"), [(0, 0, 0.1), (20, 59, 0.0), (20, 60, 0.1), (0.5, 2, 0.1)])
def test_generated_images_count_from_their_epoch_on(mixed: Path, mixture: dict, begin: float, step: int, share: float):
    trainer, _ = trainer_of(mixed, mixture | {"generated_weight": 0.1, "generated_from_epoch": begin})
    rows, _ = trainer.batch(0)
    truth = trainer.people.truth(rows, step / trainer.steps_per_epoch)
    assert trainer.steps_per_epoch == 3
    assert truth.weights[truth.generated].tolist() == pytest.approx([share] * 3)


def frozen(trainer: Trainer, logits: torch.Tensor, pooled: torch.Tensor) -> None:
    """Let the network give fixed values, and nobody change them."""
    trainer.network = lambda images: (pooled, logits)
    trainer.optimisers = {"encoder": Optimiser(torch.optim.SGD([logits, pooled]), 0.0, lambda step: 1.0)}


@pytest.mark.parametrize("weight", [1.0, 0.1])
@pytest.mark.parametrize("labels", LABELS)
def test_loss_and_parts_of_a_step_against_loops(mixed: Path, mixture: dict, labels: str, weight: float):
    options = mixture | {"generated_labels": labels, "generated_weight": weight, "label_smoothing": 0.0}
    trainer, _ = trainer_of(mixed, options)
    trainer.people.weights[:] = torch.linspace(0.5, 1.5, len(trainer.people.weights))
    rng = np.random.default_rng(3)
    logits, pooled = (torch.tensor(rng.normal(size=(11, n)), requires_grad=True) for n in (trainer.classes, 3))
    frozen(trainer, logits, pooled)
    rows, images = trainer.batch(0)
    values = trainer.step(0, (rows, images))

    x, own = logits.detach().numpy(), trainer.people.labels[rows].numpy().copy()
    normaliser = np.log(np.exp(x).sum(1))
    chosen = {"extra_class": np.full(11, 4), "pseudo": x.argmax(1)}.get(labels, own)
    parts = [normaliser[i] - (x[i, own[i]] if i < 8 else x[i, chosen[i]]) for i in range(11)]
    if labels == "uniform":
        parts[8:] = [normaliser[i] - x[i].mean() for i in range(8, 11)]
    factors = trainer.people.weights[rows].numpy() * np.where(np.arange(11) < 8, 1, weight)
    people = own if labels == "identity" else np.where(np.arange(11) < 8, own, -1)
    triplet = slow_triplet(pooled.detach().numpy(), people, factors, options["margin"])
    assert float(values["cross_entropy"]) == pytest.approx(np.mean(parts[:8]), rel=1e-5)
    assert float(values["cross_entropy_generated"]) == pytest.approx(np.mean(parts[8:]), rel=1e-5)
    assert float(values["triplet"]) == pytest.approx(triplet, rel=1e-4)
    assert float(values["loss"]) == pytest.approx(np.dot(factors, parts) / 11 + triplet, rel=1e-4)
    assert float(values["accuracy"]) == pytest.approx((x.argmax(1) == own)[:8].mean())


def slow_triplet(features: np.ndarray, labels: np.ndarray, weights: np.ndarray, margin: float) -> float:
    total = share = 0.0
    for a in np.flatnonzero(labels >= 0):
        distance = np.linalg.norm(features - features[a], axis=1)
        positive = [d for j, d in enumerate(distance) if labels[j] == labels[a] and j != a]
        negative = [d for j, d in enumerate(distance) if labels[j] >= 0 and labels[j] != labels[a]]
        total += weights[a] * max(0.0, max(positive) - min(negative) + margin)
        share += 1
    return total / share


def test_before_their_epoch_generated_images_are_no_one_s_neighbours(mixed: Path, mixture: dict):
    options = mixture | {"generated_labels": "identity", "generated_from_epoch": 1}
    trainer, _ = trainer_of(mixed, options)
    logits, pooled = (torch.randn(11, 4, requires_grad=True) for _ in range(2))
    frozen(trainer, logits, pooled)
    for step, counted in ((0, False), (3, True)):
        trainer.step(step, trainer.batch(step))
        assert bool(pooled.grad[8:].any()) == bool(logits.grad[8:].any()) == counted


def test_with_identities_a_batch_s_generated_images_show_its_own_people(mixed: Path, mixture: dict):
    few = mixture | {"generated_labels": "identity", "identities_per_batch": 2}
    trainer, _ = trainer_of(mixed, few)
    other, _ = trainer_of(mixed, few | {"generated_labels": "uniform"})
    strangers = 0
    for step in range(trainer.steps):
        rows, _ = trainer.batch(step)
        assert set(trainer.people.labels[rows[4:]].tolist()) <= set(trainer.people.labels[rows[:4]].tolist())
        pids = np.array(IDENTITIES)[other.batch(step)[0][4:]] // 2  # generated rows come first in the index
        strangers += not set(pids) <= set(other.people.labels[rows[:4]].tolist())
    assert strangers


def test_identity_labels_for_people_without_identity_are_told(index: Path, tmp_path: Path, mixture: dict):
    nobody = with_generated(index, [-1, -1, 0])
    with pytest.raises(
        UserError, match=r"2 of 3 generated images show no training identity[\s\S]*set generated_labels to"
    ):
        run(nobody, tmp_path / "a", mixture | {"generated_labels": "identity"})
    run(nobody, tmp_path / "b", mixture | {"generated_labels": "uniform", "epochs": 1})


def test_what_generated_images_are_labelled_as_is_said(mixed: Path, mixture: dict, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING, "purereid"):
        trainer_of(mixed, mixture)
        trainer_of(mixed, mixture | {"generated_labels": "pseudo", "generated_weight": 0.1, "generated_from_epoch": 20})
        trainer_of(mixed, mixture | {"generated_per_batch": 0})
    said = [line.getMessage() for line in caplog.records if "enerated" in line.getMessage().lower()]
    ratio = "GENERATED IMAGES: real : generated = 8 : 3 in each batch, labelled "
    assert said == [
        f"{ratio}uniform (as every identity alike, LSRO), weight 1",
        f"{ratio}pseudo (as whoever the model takes them for), weight 0.1 after 20 epochs, 0 before",
        "7 generated images are left out: generated_per_batch is 0",
    ]


def test_generated_images_that_are_not_asked_for_change_nothing(
    index: Path, mixed: Path, tmp_path: Path, settings: dict
):
    one, curves = run(index, tmp_path / "a", settings)
    two, _ = run(mixed, tmp_path / "b", settings | {"generated_labels": "extra_class"})
    assert one == two and "cross_entropy_generated" not in curves


@pytest.mark.parametrize("labels", LABELS)
def test_where_no_generated_image_is_left_real_ones_train_as_if_none_were_asked_for(
    index: Path, tmp_path: Path, settings: dict, labels: str, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.WARNING, "purereid"):
        plain, expected = run(index, tmp_path / "plain", settings | {"generated_labels": labels})
        assert "GENERATED" not in caplog.text
        asked = {"generated_labels": labels, "generated_per_batch": 5, "generated_from_epoch": 1}
        digest, curves = run(index, tmp_path / "asked", settings | asked)
    assert caplog.text.count("NO GENERATED IMAGES: none is left of those asked for") == 1
    assert "GENERATED IMAGES: real : generated" not in caplog.text
    timed = ["images_per_second", "waiting"]
    assert digest == plain and list(curves) == list(expected)
    assert curves.drop(columns=timed).to_csv() == expected.drop(columns=timed).to_csv()


def test_the_alarm_looks_at_real_images_alone(mixed: Path, mixture: dict, caplog: pytest.LogCaptureFixture):
    guessing = {"step": 5, "cross_entropy": math.log(5), "cross_entropy_generated": 0.1}
    learning = {"step": 5, "cross_entropy": 0.1, "cross_entropy_generated": math.log(5)}
    for row, alarms in ((learning, 0), (guessing, 1)):
        trainer, _ = trainer_of(mixed, mixture | {"generated_labels": "extra_class", "alarm_after": 5})
        with caplog.at_level(logging.WARNING, "purereid"):
            trainer.watch(row)
        assert caplog.text.count("guessing among 5 classes gives ln K = 1.609") == alarms


def test_weights_of_the_index_reach_the_loss(index: Path, settings: dict):
    table = read_index(index)
    table.loc[table["pid"] == 2, "weight"] = 0.25
    write_index(table, index)
    trainer = Trainer(Inputs(index), settings, torch.device("cpu"))
    assert set(trainer.people.weights[trainer.people.labels == 1].tolist()) == {0.25}
    assert set(trainer.people.weights[trainer.people.labels != 1].tolist()) == {1.0}


def test_augmentation_depends_on_the_step(index: Path, settings: dict):
    trainer = Trainer(Inputs(index), settings, torch.device("cpu"))
    trainer.people.batches.batch = lambda step: np.arange(8)
    first, again, other = (trainer.batch(step)[1] for step in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_optimiser_decays_all_weights_as_set(index: Path, settings: dict):
    trainer = Trainer(Inputs(index), settings, torch.device("cpu"))
    optimiser = trainer.optimisers["encoder"].torch
    assert type(optimiser) is torch.optim.Adam
    assert {group["weight_decay"] for group in optimiser.param_groups} == {settings["weight_decay"]}
    learning = sum(parameter.requires_grad for parameter in trainer.encoder.parameters())
    assert sum(len(group["params"]) for group in optimiser.param_groups) == learning


def test_fewer_gpus_than_asked_for_are_told(index: Path, tmp_path: Path, settings: dict):
    with pytest.raises(UserError, match=r"asks for 4 GPUs, the run grants 1[\s\S]*raise gpu="):
        run(index, tmp_path / "a", settings, gpus=4, granted_gpus=1)


def test_no_training_images_are_told(index: Path, tmp_path: Path, settings: dict):
    with pytest.raises(
        UserError, match=r"no training images[\s\S]*images in the split val; found train: 24, gallery: 20, query: 4"
    ):
        run(index, tmp_path / "a", settings | {"splits": ["val"]})


def test_too_few_identities_are_told(index: Path, tmp_path: Path, settings: dict):
    with pytest.raises(UserError, match="4 training identities, but a batch takes 16"):
        run(index, tmp_path / "a", settings | {"identities_per_batch": 16})
