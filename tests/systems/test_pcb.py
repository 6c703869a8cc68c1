"""PCB: its network and its loss against plain arithmetic, its training, its errors."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from encoders import CALM, LABELS, run, run_twice, settings_of, trainer_of, weights_after
from purereid.errors import UserError
from purereid.networks.network_file import load_network, save_networks
from purereid.systems.pcb.networks import Encoder
from purereid.training.trainer import Optimiser
from terms import parts_moved

OPTIONS = {"backbone": "resnet_small", "last_stride": 1, "pids": [3, 7, 9], "height": 32, "width": 16}
OPTIONS |= {"parts": 4, "part_width": 6}


@pytest.fixture
def settings() -> dict:
    """Settings of the system pcb."""
    return settings_of("pcb")


# --- network ----------------------------------------------------------------------------------------------------------


def test_number_of_parameters_at_full_size():
    network = Encoder(backbone="resnet50", last_stride=1, pids=list(range(751)), height=384, width=128)
    resnet50 = 25_557_032 - (2048 + 1) * 1000  # He et al., without the classifier
    narrow = 2048 * 256 + 2 * 256  # and the two numbers per output of its normalisation
    classifiers = 6 * (256 + 1) * 751
    assert sum(parameter.numel() for parameter in network.parameters()) == resnet50 + narrow + classifiers == 25_190_874
    with torch.inference_mode():
        assert network.eval().embed(torch.zeros(1, 3, 384, 128)).shape == (1, 6 * 2048)


@pytest.mark.parametrize(
    ("rows", "parts", "stripes"),
    [
        (24, 6, [range(4 * part, 4 * part + 4) for part in range(6)]),
        (4, 4, [[0], [1], [2], [3]]),
        (4, 1, [range(4)]),
        (8, 3, [range(0, 3), range(2, 6), range(5, 8)]),  # neighbours share a row
    ],
)
def test_a_part_is_the_mean_of_its_rows(rows: int, parts: int, stripes: list):
    network = Encoder(**(OPTIONS | {"parts": parts, "height": 8 * rows}))
    network.backbone = nn.Identity()
    maps = torch.randn(2, 5, rows, 3)
    slow = np.stack([maps.numpy()[:, :, list(stripe)].mean(axis=(2, 3)) for stripe in stripes], axis=1)
    np.testing.assert_allclose(network.embed(maps), slow.reshape(2, parts * 5), rtol=1e-4, atol=1e-6)


def learnt() -> Encoder:
    """Any statistics of the narrow layer and any classifiers, in evaluation mode."""
    network = Encoder(**OPTIONS)
    norm = network.narrow[1]
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2)
    for parameter in (*norm.parameters(), *network.classifiers.parameters()):
        parameter.data.normal_()
    return network.eval()


def slow_logits(network: Encoder, embedded: np.ndarray) -> np.ndarray:
    """In evaluation: [B, P, K] of [B, P D]."""
    linear, norm = network.narrow[0].weight.numpy(), network.narrow[1]
    found = []
    for stripe, classifier in zip(np.split(embedded, 4, axis=1), network.classifiers, strict=True):
        x = (stripe @ linear.T - norm.running_mean.numpy()) / np.sqrt(norm.running_var.numpy() + 1e-5)
        x = np.maximum(x * norm.weight.numpy() + norm.bias.numpy(), 0)
        found.append(x @ classifier.weight.numpy().T + classifier.bias.numpy())
    return np.stack(found, axis=1)


@torch.inference_mode()
def test_logits_and_probabilities_against_numpy():
    network = learnt()
    images = torch.rand(3, 3, 32, 16)
    embedded = network.embed(images)
    logits = slow_logits(network, embedded.numpy())
    np.testing.assert_allclose(network(images), logits, rtol=1e-3, atol=1e-4)
    likely = (np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)).mean(axis=1)
    np.testing.assert_allclose(network.probabilities(embedded), likely, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(likely.sum(axis=1), 1, rtol=1e-5)


@torch.inference_mode()
def test_in_training_all_parts_are_normalised_together():
    network = Encoder(**OPTIONS).train()
    images = torch.rand(5, 3, 32, 16)
    logits = network(images)
    stripes = network.embed(images).reshape(20, -1).numpy() @ network.narrow[0].weight.numpy().T
    seen = np.maximum((stripes - stripes.mean(axis=0)) / np.sqrt(stripes.var(axis=0) + 1e-5), 0).reshape(5, 4, 6)
    for part, classifier in enumerate(network.classifiers):
        np.testing.assert_allclose(logits[:, part], seen[:, part] @ classifier.weight.numpy().T, rtol=1e-2, atol=1e-5)


def test_parts_count_alike_whatever_their_length():
    network = Encoder(**OPTIONS)
    one, two = np.random.default_rng(0).normal(size=(2, 3, 4 * 128)) * np.repeat([1, 9, 0.1, 3], 128)
    slow = (one + two).reshape(3, 4, 128)
    slow = (slow / np.linalg.norm(slow, axis=2, keepdims=True)).reshape(3, -1) / 2
    np.testing.assert_allclose(network.combine([torch.tensor(one), torch.tensor(two)]), slow, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(network.combine([torch.tensor(one + two)]), slow, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(slow, axis=1), 1)


@pytest.mark.parametrize("extra_class", [False, True])
def test_the_file_rebuilds_the_network(tmp_path: Path, extra_class: bool):
    network = Encoder(**OPTIONS, extra_class=extra_class)
    network.train()(torch.rand(4, 3, 32, 16))  # so that its statistics are not those of the start
    save_networks(tmp_path / "n.safetensors", {"encoder": network}, system="pcb", stage="encoder")
    again = load_network(tmp_path / "n.safetensors", "encoder")
    images = torch.rand(2, 3, 32, 16)
    with torch.inference_mode():
        embedded = network.eval().embed(images)
        torch.testing.assert_close(again.embed(images), embedded)
        likely = again.probabilities(embedded)
        torch.testing.assert_close(likely, network.probabilities(embedded))
    assert likely.shape == (2, 3 + extra_class) and not again.training
    assert again.configuration.items() >= (OPTIONS | {"extra_class": extra_class}).items()


# --- training ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weight", [1.0, 0.1])
@pytest.mark.parametrize("labels", LABELS)
def test_loss_is_the_sum_of_the_parts_cross_entropies(mixed: Path, mixture: dict, labels: str, weight: float):
    trainer = trainer_of(mixed, mixture | {"generated_labels": labels, "generated_weight": weight}, "pcb")
    trainer.people.weights[:] = torch.linspace(0.5, 1.5, len(trainer.people.weights))
    logits = torch.tensor(np.random.default_rng(3).normal(size=(11, 4, trainer.classes)), requires_grad=True)
    trainer.network = lambda images: logits
    trainer.optimisers["encoder"] = Optimiser(torch.optim.SGD([logits]), 0.0, lambda step: 1.0)
    rows, images = trainer.batch(0)
    values = trainer.step(0, (rows, images))

    x, own = logits.detach().numpy(), trainer.people.labels[rows].numpy()
    mean = x.mean(axis=1)
    chosen = {"extra_class": np.full(11, 4), "pseudo": mean.argmax(axis=1)}.get(labels, own)
    chosen = np.where(np.arange(11) < 8, own, chosen)
    factors = trainer.people.weights[rows].numpy() * np.where(np.arange(11) < 8, 1, weight)
    loss = sum(factors[i] * slow_cross_entropy(x[i, part], chosen[i]) for i in range(11) for part in range(4)) / 11
    assert float(values["loss"]) == pytest.approx(loss, rel=1e-5)
    parts = [slow_cross_entropy(mean[i], chosen[i]) for i in range(11)]
    assert float(values["cross_entropy"]) == pytest.approx(np.mean(parts[:8]), rel=1e-5)
    assert float(values["cross_entropy_generated"]) == pytest.approx(np.mean(parts[8:]), rel=1e-5)
    assert float(values["accuracy"]) == pytest.approx((mean.argmax(axis=1) == own)[:8].mean())


def slow_cross_entropy(x: np.ndarray, label: int) -> float:
    """Of one image; label -1: every class alike."""
    return np.log(np.exp(x).sum()) - (x.mean() if label < 0 else x[label])


def test_a_step_lowers_the_loss_and_moves_all_parts(index: Path, settings: dict):
    trainer = trainer_of(index, settings | {"optimiser": "sgd", "warmup_epochs": 0, "precision": "fp32"}, "pcb")
    batch, values = trainer.batch(0), []
    parts = {"backbone": trainer.encoder.backbone, "narrow": trainer.encoder.narrow}
    parts |= dict(trainer.encoder.classifiers.named_children())
    assert parts_moved(parts, lambda: values.append(trainer.step(0, batch)["loss"])) == set(parts)
    first, second = float(values[0]), float(trainer.step(0, batch)["loss"])
    assert first == pytest.approx(4 * math.log(4), abs=0.1) and second < first - 1e-3


def test_it_learns(index: Path, tmp_path: Path, settings: dict):
    _, curves = run(index, tmp_path, settings | {"epochs": 20, "warmup_epochs": 1, "random_erasing": 0.0}, "pcb")
    assert curves["accuracy"].iloc[-3:].mean() > 0.9
    columns = ["step", "epoch", "loss", "cross_entropy", "accuracy", "learning_rate", "images_per_second", "waiting"]
    assert list(curves) == columns


def test_it_resumes_to_the_same_bytes(mixed: Path, tmp_path: Path, mixture: dict):
    options = mixture | {"generated_labels": "identity", "generated_from_epoch": 1, "part_dropout": 0.5}
    options |= {"vertical_shift": 0.5, "optimiser": "nesterov", "backbone_factor": 0.1}
    digest, curves = run(mixed, tmp_path / "whole", options, "pcb")
    again, resumed = run_twice(mixed, tmp_path / "broken", options, "pcb", stop=4)
    assert again == digest
    pd.testing.assert_series_equal(resumed["loss"], curves["loss"])


@pytest.mark.parametrize(
    "change", [{"parts": 2}, {"part_width": 8}, {"part_dropout": 0.5}, {"label_smoothing": 0.1}, {"last_stride": 2}]
)
def test_its_settings_change_the_result(index: Path, settings: dict, change: dict):
    base = settings | {"parts": 1}
    assert weights_after(trainer_of(index, base, "pcb"), [0, 1]) != weights_after(
        trainer_of(index, base | change, "pcb"), [0, 1]
    )


def test_it_learns_from_generated_images_of_each_kind(mixed: Path, mixture: dict):
    trainers = [trainer_of(mixed, mixture | {"generated_labels": labels}, "pcb") for labels in LABELS]
    assert [trainer.classes for trainer in trainers] == [5 if labels == "extra_class" else 4 for labels in LABELS]
    assert len({weights_after(trainer, [0, 1]) for trainer in trainers}) == len(LABELS)


@pytest.mark.slow
def test_two_processes_train_one_network(index: Path, tmp_path: Path, settings: dict):
    calm = settings | CALM | {"frozen_epochs": 1}
    run(index, tmp_path / "one", calm, "pcb")
    run(index, tmp_path / "two", calm, "pcb", processes=2)
    one, two = (
        load_network(tmp_path / name / "networks.safetensors", "encoder").state_dict() for name in ("one", "two")
    )
    for name in one:
        torch.testing.assert_close(two[name], one[name], rtol=1e-3, atol=1e-4, msg=name)


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"parts": 5}, "5 parts are asked for, and the backbone gives a map of 4 rows for 32 pixels"),
        ({"last_stride": 2}, "4 parts are asked for, and the backbone gives a map of 2 rows for 32 pixels"),
        ({"backbone": "colour_histogram"}, "4 parts are asked for, and the backbone gives no map"),
    ],
)
def test_too_few_rows_are_told_before_anything_is_read(index: Path, settings: dict, change: dict, found: str):
    for image in index.parent.rglob("*.jpg"):
        image.unlink()
    with pytest.raises(UserError, match=rf"{found}[\s\S]*where: +train_reid.pcb.parts[\s\S]*lower parts"):
        trainer_of(index, settings | change, "pcb")
