"""Settings that all encoders share do what they say, and the defaults leave them out."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from encoders import run, trainer_of, weights_after
from purereid.data.transforms import MEAN
from purereid.errors import UserError
from purereid.networks.network_file import load_network
from purereid.reid.encoder_trainer import EncoderTrainer
from purereid.training.seeds import step_seed
from seeds import seeds_given_to, weights_of

OFF = {
    **{"crop": None, "vertical_shift": 0.0, "colour_jitter": [0, 0, 0, 0], "steps_per_epoch": 0},
    **{"erasing_area": [0.02, 0.4], "erasing_aspect": [0.3, 3.33], "erasing_fill": "mean", "sized_crop": None},
    **{"pooling": "mean", "bnneck": True, "bottleneck": 0, "embedding": "neck"},
    **{"soft_margin": False, "centre_weight": 0.0},
    **{"optimiser": "adam", "backbone_factor": 1.0, "frozen_epochs": 0, "clip": 0.0, "ema": 0.0},
}
STEPS = {"schedule": "steps", "milestones": [2]}


@pytest.fixture(scope="module")
def known() -> dict[str, bytes]:
    """Weights by the settings that led to them."""
    return {}


def test_what_the_defaults_leave_out_is_off(index: Path, settings: dict):
    assert weights_after(trainer_of(index, settings), range(4)) == weights_after(
        trainer_of(index, settings | OFF), range(4)
    )


@pytest.mark.parametrize(
    ("base", "change"),
    [
        *(({}, {"resizing": "pillow"}), ({}, {"last_stride": 2}), ({}, {"flip": 0.0}), ({}, {"pad": 0})),
        *(({}, {"crop": [24, 12]}), ({}, {"vertical_shift": 0.5}), ({}, {"colour_jitter": [0.5, 0, 0, 0]})),
        *(({}, {"random_erasing": 0.0}), ({}, {"erasing_area": [0.1, 0.2]}), ({}, {"erasing_aspect": [1.0, 2.0]})),
        *(({}, {"erasing_fill": "colour"}), ({}, {"sized_crop": [0.7, 0.9]})),
        *(({}, {"steps_per_epoch": 2}), ({}, {"sampler": "shuffle"})),
        *(({}, {"pooling": "max"}), ({}, {"bnneck": False}), ({}, {"bottleneck": 8})),
        ({"bottleneck": 8}, {"bottleneck_activation": "none"}),
        ({"bottleneck": 8}, {"bottleneck_dropout": 0.2}),
        *(({}, {"label_smoothing": 0.0}), ({}, {"triplet_weight": 0.0}), ({}, {"margin": 1.0})),
        *(({}, {"soft_margin": True}), ({}, {"centre_weight": 0.1})),
        ({"centre_weight": 0.1}, {"centre_learning_rate": 0.1}),
        *(({}, {"optimiser": kind}) for kind in ("amsgrad", "adamw", "sgd", "nesterov")),
        *(({}, {"learning_rate": 1e-4}), ({}, {"backbone_factor": 0.1}), ({}, {"weight_decay": 0.0})),
        *(({}, {"frozen_epochs": 1}), ({}, {"clip": 0.1}), ({}, {"ema": 0.5})),
        *(({}, {"schedule": "constant"}), ({}, {"warmup_epochs": 0}), ({}, {"warmup_start": 0.5})),
        *((STEPS, {"milestones": [3]}), (STEPS, {"gamma": 0.5})),
    ],
    ids=lambda change: "-".join(map(str, change)),
)
def test_each_switch_changes_the_result(index: Path, settings: dict, known: dict, base: dict, change: dict):
    short = settings | {"epochs": 2, "precision": "fp32"}
    key = json.dumps(base)
    if key not in known:
        known[key] = weights_after(trainer_of(index, short | base), range(4))
    assert weights_after(trainer_of(index, short | base | change), range(4)) != known[key]


def test_each_step_each_seed_and_each_kind_of_image_is_augmented_anew(mixed: Path, mixture: dict, monkeypatch):
    seeds, weights = seeds_given_to(monkeypatch, "purereid.reid.labelled_images.augment"), set()
    for seed in (1, 2):
        trainer = trainer_of(mixed, mixture | {"seed": seed})
        weights.add(weights_of(trainer))
        for step in range(2):
            trainer.batch(step)
    assert len(set(seeds)) == 8 and len(weights) == 2  # real and generated images apart
    trainer.batch(0)
    assert seeds[8:] == seeds[4:6]


# --- identities that are held out -------------------------------------------------------------------------------------


def test_identities_that_are_held_out_are_not_learnt_from(mixed: Path, mixture: dict):
    options = mixture | {"identities_per_batch": 2, "generated_labels": "identity", "held_out": 0.25}
    trainers = [trainer_of(mixed, options | {"seed": seed}) for seed in (1, 2)]
    pids = trainers[0].people.pids
    assert len(pids) == 3 and set(pids) < {0, 2, 4, 6} and trainers[0].encoder.configuration["pids"] == pids
    assert set(trainers[0].people.rows["pid"]) == set(pids)  # of real and generated images
    assert trainers[1].people.pids == pids  # whatever the seed


# --- optimisers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "made", "options"),
    [
        ("adam", torch.optim.Adam, {"amsgrad": False, "betas": (0.9, 0.999)}),
        ("amsgrad", torch.optim.Adam, {"amsgrad": True, "betas": (0.9, 0.999)}),
        ("adamw", torch.optim.AdamW, {"betas": (0.9, 0.999)}),
        ("sgd", torch.optim.SGD, {"momentum": 0.9, "nesterov": False}),
        ("nesterov", torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    ],
)
def test_optimiser_of_all_that_learns(index: Path, settings: dict, kind: str, made: type, options: dict):
    trainer = trainer_of(index, settings | {"optimiser": kind, "weight_decay": 0.01})
    optimiser = trainer.optimisers["encoder"].torch
    assert type(optimiser) is made
    for group in optimiser.param_groups:
        assert group.items() >= (options | {"weight_decay": 0.01}).items()
    learning = {id(parameter) for parameter in trainer.encoder.parameters() if parameter.requires_grad}
    assert {id(parameter) for group in optimiser.param_groups for parameter in group["params"]} == learning


def test_backbone_learns_at_a_rate_of_its_own(index: Path, settings: dict):
    options = {"learning_rate": 0.01, "backbone_factor": 0.1, "warmup_epochs": 0} | STEPS
    trainer = trainer_of(index, settings | options)
    optimiser = trainer.optimisers["encoder"].torch
    backbone, new = optimiser.param_groups
    assert set(map(id, backbone["params"])) == set(map(id, trainer.encoder.backbone.parameters()))
    assert {id(trainer.encoder.neck.weight), id(trainer.encoder.classifier.weight)} == set(map(id, new["params"]))
    for step, rate in ((0, 0.01), (3, 0.001)):
        values = trainer.step(step, trainer.batch(step))
        assert [values["learning_rate"], new["lr"], backbone["lr"]] == pytest.approx([rate, rate, 0.1 * rate])


def test_gradients_are_cut_to_a_norm(index: Path, settings: dict):
    free, cut = (gradients(trainer_of(index, settings | {"clip": clip})) for clip in (0.0, 0.25))
    assert free.norm() > 0.5
    torch.testing.assert_close(cut, 0.25 * free / free.norm(), rtol=1e-3, atol=1e-7)


def gradients(trainer: EncoderTrainer) -> torch.Tensor:
    """Of the first step, as one vector."""
    trainer.step(0, trainer.batch(0))
    return torch.cat([p.grad.flatten() for p in trainer.encoder.parameters() if p.requires_grad])


@pytest.mark.parametrize("kind", ["adam", "nesterov"])
def test_a_frozen_backbone_rests_and_then_learns(index: Path, settings: dict, kind: str):
    options = {"frozen_epochs": 2, "optimiser": kind, "pooling": "gem", "warmup_epochs": 0}
    trainer = trainer_of(index, settings | options)
    first = copied(trainer)
    weights_after(trainer, range(6))
    frozen = copied(trainer)
    weights_after(trainer, [6])
    last = copied(trainer)
    for name, value in frozen.items():
        if name.startswith("backbone."):
            assert torch.equal(value, first[name]) and not torch.equal(value, last[name]), name
        elif name != "neck.bias":
            assert not torch.equal(value, first[name]) and not torch.equal(value, last[name]), name


def copied(trainer: EncoderTrainer) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in trainer.encoder.state_dict().items()}


def test_the_average_of_the_weights_is_kept(index: Path, tmp_path: Path, settings: dict):
    options = settings | {"ema": 0.9, "precision": "fp32"}
    trainer = trainer_of(index, options)
    expected = {name: value.detach().double() for name, value in trainer.encoder.named_parameters()}
    for step in range(trainer.steps):
        torch.manual_seed(step_seed(settings["seed"], step))
        trainer.step(step, trainer.batch(step))
        kept = min(0.9, (1 + step) / (10 + step))
        for name, value in trainer.encoder.named_parameters():
            expected[name] = kept * expected[name] + (1 - kept) * value.detach()
    run(index, tmp_path / "a", options)
    found = load_network(tmp_path / "a/networks.safetensors", "encoder")
    for name, value in found.named_parameters():
        torch.testing.assert_close(value.double(), expected[name], rtol=1e-4, atol=1e-5, msg=name)
    assert not torch.allclose(found.classifier.weight, trainer.encoder.classifier.weight, rtol=0.01)
    assert torch.equal(found.neck.running_var, trainer.encoder.neck.running_var)


# --- images and epochs ------------------------------------------------------------------------------------------------

PLAIN = {"flip": 0.0, "pad": 0, "random_erasing": 0.0}


@pytest.mark.parametrize(
    "change",
    [
        {"flip": 1.0},
        {"pad": 2},
        {"vertical_shift": 1.0},
        {"sized_crop": [0.64, 0.9]},
        *({"colour_jitter": [0.5 * (i == n) for i in range(4)]} for n in range(4)),
        {"random_erasing": 1.0},
    ],
    ids=str,
)
def test_images_are_changed(index: Path, settings: dict, change: dict):
    plain, changed = (trainer_of(index, settings | PLAIN | more).batch(0)[1] for more in ({}, change))
    assert plain.shape == changed.shape == (8, 3, 32, 16)
    assert (plain != changed).flatten(1).any(dim=1).sum() > 4


def test_crops_are_learnt_from_and_the_network_sees_whole_images_later(index: Path, settings: dict):
    trainer = trainer_of(index, settings | PLAIN | {"crop": [24, 12]})
    whole = trainer_of(index, settings | PLAIN).batch(0)[1]
    crops = trainer.batch(0)[1]
    assert crops.shape == (8, 3, 24, 12)
    for image, crop in zip(whole, crops, strict=True):
        assert any(torch.equal(image[:, y : y + 24, x : x + 12], crop) for y in range(9) for x in range(5))
    assert (trainer.encoder.configuration["height"], trainer.encoder.configuration["width"]) == (32, 16)


def test_a_crop_that_does_not_fit_is_told(index: Path, tmp_path: Path, settings: dict):
    with pytest.raises(UserError, match="a crop of 40 x 16 does not fit into images of 32 x 16 with 2 pixels more"):
        run(index, tmp_path / "a", settings | {"crop": [40, 16]})


@pytest.mark.parametrize(("area", "aspect"), [(0.125, 1.0), (0.5, 2.0)])
def test_what_is_erased_has_the_area_and_shape_asked_for(index: Path, settings: dict, area: float, aspect: float):
    options = {"random_erasing": 1.0, "erasing_area": [area, area], "erasing_aspect": [aspect, aspect]}
    erased = (trainer_of(index, settings | PLAIN | options).batch(0)[1] == torch.tensor(MEAN)[:, None, None]).all(1)
    for image in erased:
        rows, columns = image.any(1).sum().item(), image.any(0).sum().item()
        assert rows * columns == image.sum() == pytest.approx(area * 32 * 16, rel=0.1)
        assert rows / columns == pytest.approx(aspect, rel=0.1)


def test_length_of_an_epoch(index: Path, settings: dict):
    trainer = trainer_of(index, settings | {"steps_per_epoch": 5})
    assert (trainer.steps_per_epoch, trainer.steps) == (5, 15) and trainer.epoch(4) == 1 and trainer.epoch(5) == 2
    images = [len(trainer.batch(step)[0]) for step in range(15)]
    assert images == [8] * 15
    assert trainer_of(index, settings).steps_per_epoch == 3  # 24 images


def test_the_published_schedule_is_in_the_curves(index: Path, tmp_path: Path, settings: dict):
    """Bag of tricks: the first of ten epochs of warm-up has 0.109 of the rate; it falls in epochs 40 and 70."""
    options = {"epochs": 71, "schedule": "steps", "milestones": [40, 70], "warmup_epochs": 10, "learning_rate": 3.5e-4}
    tiny = {"steps_per_epoch": 1, "identities_per_batch": 2, "images_per_identity": 2, "log_every": 1}
    _, curves = run(index, tmp_path / "a", settings | options | tiny)
    factors = curves.set_index("epoch")["learning_rate"] / 3.5e-4
    assert factors.index.tolist() == list(range(1, 72))
    expected = np.where(factors.index < 40, 1, np.where(factors.index < 70, 0.1, 0.01))
    expected[:10] = 0.01 + 0.099 * np.arange(1, 11)
    np.testing.assert_allclose(factors, expected, rtol=1e-5)


def test_augmentation_depends_on_the_step(index: Path, settings: dict):
    trainer = trainer_of(index, settings)
    trainer.people.batches.batch = lambda step: np.arange(8)
    first, again, other = (trainer.batch(step)[1] for step in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)
