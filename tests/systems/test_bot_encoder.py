"""Training with the bag of tricks: it learns, it is deterministic, its losses are those of the papers."""

import logging
import math
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from encoders import CALM, IDENTITIES, LABELS, run, run_twice, settings_of, trainer_of, weights_after, with_generated
from purereid.data.images import load_images
from purereid.data.index import read_index, write_index
from purereid.errors import UserError
from purereid.networks.network_file import load_network
from purereid.networks.registry import trainer_class
from purereid.reid.labels import KINDS, REAL
from purereid.reid.training_rows import training_rows
from purereid.systems.bot.encoder import Trainer
from purereid.systems.bot.networks import Encoder
from purereid.training.stage import Inputs
from purereid.training.trainer import Optimiser
from saved import save_encoder
from terms import parts_moved


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


def test_same_seed_same_bytes_whatever_the_decoding_threads_and_what_is_logged(
    index: Path, tmp_path: Path, settings: dict
):
    first, _ = run(index, tmp_path / "a", settings)
    second, _ = run(index, tmp_path / "b", settings | {"log_every": 1, "alarm_after": 1}, threads=2)
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


def test_untrained_network_has_its_file_and_empty_curves(index: Path, tmp_path: Path, settings: dict):
    _, curves = run(index, tmp_path / "a", settings | {"epochs": 0})
    assert curves.empty and "triplet" in curves
    assert load_network(tmp_path / "a/networks.safetensors", "encoder").configuration["pids"] == [0, 2, 4, 6]


@pytest.mark.slow
@pytest.mark.parametrize("more", [{}, {"frozen_epochs": 1, "centre_weight": 0.5, "ema": 0.5}])
def test_two_processes_train_one_model(index: Path, tmp_path: Path, settings: dict, more: dict):
    calm = settings | CALM | more
    run(index, tmp_path / "one", calm)
    run(index, tmp_path / "two", calm, processes=2)
    one, two = (
        load_network(tmp_path / name / "networks.safetensors", "encoder").state_dict() for name in ("one", "two")
    )
    for name in one:
        torch.testing.assert_close(two[name], one[name], rtol=1e-3, atol=1e-4, msg=name)


def test_alarm_when_the_loss_stays_at_ln_k(
    index: Path, tmp_path: Path, settings: dict, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.WARNING, "purereid"):
        run(index, tmp_path / "a", settings | {"learning_rate": 1e-12, "alarm_after": 4})
    assert caplog.text.count("ALARM: after") == 1
    assert "gives ln K = 1.386" in caplog.text
    assert "NO PRETRAINED WEIGHTS" in caplog.text


@pytest.mark.parametrize("labels", LABELS)
def test_generated_images_come_on_top_of_the_same_real_ones(mixed: Path, mixture: dict, labels: str):
    trainer = trainer_of(mixed, mixture | {"generated_labels": labels})
    plain = trainer_of(mixed, mixture | {"generated_per_batch": 0})
    names, plain_names = (each.people.rows["image"].to_numpy() for each in (trainer, plain))
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
    mixed: Path, tmp_path: Path, mixture: dict, labels: str
):
    options = mixture | {"generated_labels": labels, "generated_from_epoch": 1}
    digest, curves = run(mixed, tmp_path / "whole", options)
    columns = ["step", "epoch", "loss", "cross_entropy", "triplet", "cross_entropy_generated", "accuracy"]
    assert list(curves) == [*columns, "learning_rate", "images_per_second", "waiting"]
    assert np.isfinite(curves[columns]).all(axis=None) and (curves["cross_entropy_generated"] > 0).all()
    model = load_network(tmp_path / "whole/networks.safetensors", "encoder")
    assert model.classifier.out_features == (5 if labels == "extra_class" else 4)
    assert model.configuration["extra_class"] == (labels == "extra_class")

    again, resumed = run_twice(mixed, tmp_path / "broken", options, stop=4)
    assert again == digest
    pd.testing.assert_frame_equal(resumed[columns], curves[columns])


def test_the_kinds_differ(mixed: Path, mixture: dict):
    results = {weights_after(trainer_of(mixed, mixture | {"generated_labels": labels}), [0]) for labels in LABELS}
    assert len(results) == 4


@pytest.mark.parametrize("labels", LABELS)
def test_generated_images_change_no_loss_before_their_epoch(mixed: Path, mixture: dict, labels: str):
    options = mixture | {"generated_labels": labels}
    later, never = (options | change for change in ({"generated_from_epoch": 1}, {"generated_weight": 0.0}))
    one, two = (trainer_of(mixed, changed) for changed in (later, never))
    assert weights_after(one, range(3)) == weights_after(two, range(3))
    assert weights_after(one, [3]) != weights_after(two, [3])


def test_before_its_epoch_a_pseudo_label_is_as_good_as_another(mixed: Path, mixture: dict):
    options = mixture | {"generated_from_epoch": 1}
    pseudo, uniform = (trainer_of(mixed, options | {"generated_labels": labels}) for labels in ("pseudo", "uniform"))
    assert weights_after(pseudo, range(3)) == weights_after(uniform, range(3))


@pytest.mark.parametrize(("begin", "step", "share"), [(0, 0, 0.1), (20, 59, 0.0), (20, 60, 0.1), (0.5, 2, 0.1)])
def test_generated_images_count_from_their_epoch_on(mixed: Path, mixture: dict, begin: float, step: int, share: float):
    trainer = trainer_of(mixed, mixture | {"generated_weight": 0.1, "generated_from_epoch": begin})
    rows, _ = trainer.batch(0)
    truth = trainer.people.truth(rows, step / trainer.steps_per_epoch)
    assert trainer.steps_per_epoch == 3
    assert truth.weights[truth.generated].tolist() == pytest.approx([share] * 3)


def give(trainer: Trainer, logits: torch.Tensor, pooled: torch.Tensor, rate: float = 0.0) -> None:
    """Let the network give these values, and let them alone learn."""
    trainer.network = lambda images: (pooled, logits)
    trainer.optimisers["encoder"] = Optimiser(torch.optim.SGD([logits, pooled]), rate, lambda step: 1.0)


def outputs(trainer: Trainer) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits and features of a batch."""
    rng = np.random.default_rng(3)
    width = trainer.encoder.features
    return tuple(torch.tensor(rng.normal(size=(11, n)), requires_grad=True) for n in (trainer.classes, width))


def weigh(trainer: Trainer) -> None:
    trainer.people.weights[:] = torch.linspace(0.5, 1.5, len(trainer.people.weights))


@pytest.mark.parametrize("more", [{}, {"soft_margin": True, "triplet_weight": 0.5, "centre_weight": 0.25}])
@pytest.mark.parametrize("weight", [1.0, 0.1])
@pytest.mark.parametrize("labels", LABELS)
def test_loss_and_parts_of_a_step_against_loops(mixed: Path, mixture: dict, labels: str, weight: float, more: dict):
    options = mixture | {"generated_labels": labels, "generated_weight": weight, "label_smoothing": 0.0} | more
    trainer = trainer_of(mixed, options)
    weigh(trainer)
    logits, pooled = outputs(trainer)
    centres = trainer.networks["centres"].centres.detach().numpy().copy() if more else None
    give(trainer, logits, pooled)
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
    features = pooled.detach().numpy()
    triplet = slow_triplet(features, people, factors, None if more else options["margin"])
    loss = np.dot(factors, parts) / 11 + options["triplet_weight"] * triplet
    if more:
        centre = slow_centre(features, people, factors, centres)
        loss += 0.25 * centre
        assert float(values["centre"]) == pytest.approx(centre, rel=1e-4)
    assert float(values["cross_entropy"]) == pytest.approx(np.mean(parts[:8]), rel=1e-5)
    assert float(values["cross_entropy_generated"]) == pytest.approx(np.mean(parts[8:]), rel=1e-5)
    assert float(values["triplet"]) == pytest.approx(triplet, rel=1e-4)
    assert float(values["loss"]) == pytest.approx(loss, rel=1e-4)
    assert float(values["accuracy"]) == pytest.approx((x.argmax(1) == own)[:8].mean())


def slow_triplet(features: np.ndarray, labels: np.ndarray, weights: np.ndarray, margin: float | None) -> float:
    total = share = 0.0
    for a in np.flatnonzero(labels >= 0):
        distance = np.linalg.norm(features - features[a], axis=1)
        positive = [d for j, d in enumerate(distance) if labels[j] == labels[a] and j != a]
        negative = [d for j, d in enumerate(distance) if labels[j] >= 0 and labels[j] != labels[a]]
        gap = max(positive) - min(negative)
        total += weights[a] * (math.log(1 + math.exp(gap)) if margin is None else max(0.0, gap + margin))
        share += 1
    return total / share


def slow_centre(features: np.ndarray, labels: np.ndarray, weights: np.ndarray, centres: np.ndarray) -> float:
    rows = np.flatnonzero(labels >= 0)
    return sum(weights[row] * ((features[row] - centres[labels[row]]) ** 2).sum() for row in rows) / len(rows)


@pytest.mark.parametrize("weight", [5e-4, 2.0])
def test_centres_move_by_the_published_rule_whatever_their_weight(mixed: Path, mixture: dict, weight: float):
    options = {"centre_weight": weight, "centre_learning_rate": 0.25, "generated_labels": "identity"}
    trainer = trainer_of(mixed, mixture | options)
    weigh(trainer)
    logits, pooled = outputs(trainer)
    give(trainer, logits, pooled)
    step = trainer.steps - 1  # the rate of the others has fallen by then
    rows, images = trainer.batch(step)
    before = trainer.networks["centres"].centres.detach().clone()
    trainer.step(step, (rows, images))
    labels, weights = trainer.people.labels[rows], trainer.people.weights[rows]
    for label, (old, new) in enumerate(zip(before, trainer.networks["centres"].centres, strict=True)):
        own = labels == label
        gradient = 2 * (weights[own, None] * (old - pooled.detach()[own])).sum(0) / 11
        torch.testing.assert_close(new, (old - 0.25 * gradient).float(), rtol=1e-4, atol=1e-5)
    assert not torch.equal(before, trainer.networks["centres"].centres)


@pytest.mark.parametrize(
    ("loss", "options"),
    [
        ("cross_entropy", {"triplet_weight": 0.0}),
        ("cross_entropy_generated", {"triplet_weight": 0.0}),
        ("triplet", {}),
        ("triplet", {"soft_margin": True}),
        ("centre", {"triplet_weight": 0.0, "centre_weight": 1.0}),
    ],
)
def test_a_step_lowers_each_loss(mixed: Path, mixture: dict, loss: str, options: dict):
    """Cross entropy alone acts on logits; of the two others, one at a time on features."""
    trainer = trainer_of(mixed, mixture | options)
    give(trainer, *outputs(trainer), rate=0.1)
    batch = trainer.batch(0)
    trainer.optimisers.pop("centres", None)  # they stay where they are
    first, second = (float(trainer.step(0, batch)[loss]) for _ in range(2))
    assert second < first - 1e-4


@pytest.mark.parametrize(
    ("term", "moves"),
    [
        ("cross_entropy", {"backbone", "neck", "classifier"}),
        ("triplet", {"backbone"}),
        ("centre", {"backbone", "centres"}),
    ],
)
def test_which_parts_a_loss_moves(index: Path, settings: dict, monkeypatch: pytest.MonkeyPatch, term: str, moves: set):
    weights = {"triplet_weight": float(term == "triplet"), "centre_weight": float(term == "centre")}
    trainer = trainer_of(index, settings | weights | {"weight_decay": 0.0, "precision": "fp32"})
    if term != "cross_entropy":  # which has no weight
        monkeypatch.setattr("purereid.systems.bot.encoder.cross_entropy", lambda logits, *truth: 0 * logits.sum())
    parts = dict(trainer.encoder.named_children())
    parts |= {name: network for name, network in trainer.networks.items() if name == "centres"}
    learning = {name: part for name, part in parts.items() if any(True for _ in part.parameters())}
    assert parts_moved(learning, lambda: trainer.step(0, trainer.batch(0))) == moves


EVERYTHING = {
    **{"pooling": "gem", "bottleneck": 8, "embedding": "pooled", "soft_margin": True, "centre_weight": 0.5},
    **{"optimiser": "nesterov", "backbone_factor": 0.5, "clip": 1.0, "ema": 0.9, "steps_per_epoch": 4},
    **{"crop": [28, 14], "vertical_shift": 0.5, "colour_jitter": [0.3, 0.3, 0.3, 0.1], "sized_crop": [0.7, 0.9]},
}


@pytest.mark.parametrize("frozen", [1, 2])
def test_everything_that_the_defaults_leave_out_resumes_to_the_same_bytes(
    mixed: Path, tmp_path: Path, mixture: dict, frozen: int
):
    """The checkpoint is made after the first epoch: at the end of the frozen ones, or among them."""
    options = mixture | EVERYTHING | {"frozen_epochs": frozen}
    digest, curves = run(mixed, tmp_path / "whole", options)
    again, resumed = run_twice(mixed, tmp_path / "broken", options, stop=6)
    assert again == digest and len(curves) == 6
    columns = [name for name in curves if name not in ("images_per_second", "waiting")]
    pd.testing.assert_frame_equal(resumed[columns], curves[columns])


def test_before_their_epoch_generated_images_are_no_one_s_neighbours(mixed: Path, mixture: dict):
    options = mixture | {"generated_labels": "identity", "generated_from_epoch": 1, "centre_weight": 0.5}
    trainer = trainer_of(mixed, options)
    logits, pooled = outputs(trainer)
    give(trainer, logits, pooled)
    for step, count in ((0, 8), (3, 11)):
        centres = trainer.networks["centres"].centres.detach().numpy().copy()
        rows, images = trainer.batch(step)
        values = trainer.step(step, (rows, images))
        assert bool(pooled.grad[8:].any()) == bool(logits.grad[8:].any()) == (count == 11)
        labels = trainer.people.labels[rows].numpy()[:count]
        centre = slow_centre(pooled.detach().numpy(), labels, np.ones(11), centres)
        assert float(values["centre"]) == pytest.approx(centre, rel=1e-4)


def test_with_identities_a_batch_s_generated_images_show_its_own_people(mixed: Path, mixture: dict):
    few = mixture | {"generated_labels": "identity", "identities_per_batch": 2}
    trainer = trainer_of(mixed, few)
    other = trainer_of(mixed, few | {"generated_labels": "uniform"})
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
        trainer = trainer_of(mixed, mixture | {"generated_labels": "extra_class", "alarm_after": 5})
        with caplog.at_level(logging.WARNING, "purereid"):
            trainer.watch(row)
        assert caplog.text.count("guessing among 5 classes gives ln K = 1.609") == alarms


def test_weights_of_the_index_reach_the_loss(index: Path, settings: dict):
    table = read_index(index)
    table.loc[table["pid"] == 2, "weight"] = 0.25
    write_index(table, index)
    trainer = trainer_of(index, settings)
    assert set(trainer.people.weights[trainer.people.labels == 1].tolist()) == {0.25}
    assert set(trainer.people.weights[trainer.people.labels != 1].tolist()) == {1.0}


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


@pytest.mark.parametrize("system", ["bot", "pcb"])
def test_generated_images_are_whoever_the_teacher_takes_them_for(mixed: Path, tmp_path: Path, system: str):
    settings = settings_of(system) | {"generated_per_batch": 3, "generated_labels": "teacher", "precision": "fp32"}
    torch.manual_seed(0)
    shape = {"backbone": "resnet_small", "last_stride": 1, "height": 32, "width": 16}
    teacher = Encoder(pids=[0, 2, 4, 6], mean=[0.5] * 3, std=[0.4] * 3, **shape)
    torch.nn.init.normal_(teacher.classifier.weight)
    save_encoder(tmp_path / "teacher", teacher.eval())
    inputs = Inputs(mixed, {"encoder": tmp_path / "teacher"})
    trainer = trainer_class(system, "encoder")(inputs, settings, torch.device("cpu"))
    rows, _ = trainer.batch(0)
    truth = trainer.people.truth(rows, 0.0)
    table = training_rows(mixed, ["train"])
    paths = table["path"].iloc[rows[-3:].tolist()].tolist()
    pixels = (load_images(paths, 32, 16).float() / 255 - 0.5) / 0.4
    with torch.no_grad():
        wanted = sum(teacher.probabilities(teacher.embed(view)) for view in (pixels, pixels.flip(3))) / 2
    logits = torch.zeros(len(rows), 4)
    found = truth.targets(logits, smoothing=0.2)
    torch.testing.assert_close(found[-3:], wanted, atol=1e-4, rtol=1e-3)
    assert found[:-3].amax(dim=1).tolist() == pytest.approx([0.85] * (len(rows) - 3))
    assert (truth.known[-3:] == -1).all()  # of nobody, where triplets are formed
    assert np.isfinite(float(trainer.step(0, trainer.batch(0))["loss"]))
