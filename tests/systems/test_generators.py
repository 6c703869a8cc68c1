"""Training of generators: what is written, that it learns, that it repeats and resumes byte by byte."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from interrupted import stopped_at
from purereid.data.shards import decode
from purereid.errors import UserError
from purereid.networks.network_file import load_network
from purereid.networks.registry import description, trainer_class
from purereid.systems.dcgan.networks import ROLES
from purereid.training.stage import Inputs, train_stage

CPU = torch.device("cpu")


def files_of(people, system: str) -> dict[str, Path]:
    """What the stage reads besides the index."""
    known = {"pairs": people.train_pairs, "parts": people.parts, "keypoints": people.keypoints}
    return {name: known[name] for name in description(system).stages["generator"].inputs if name in known}


def run(people, folder: Path, system: str, settings: dict, **changed: object) -> dict[str, bytes]:
    """Train; the files that were written."""
    inputs = files_of(people, system)
    if settings.get("identity_weight"):
        inputs["encoder"] = people.encoder
    names = ("networks.safetensors", "curves.csv", "samples.parquet")
    outputs = {name.split(".")[0]: folder / name for name in names}
    found = description(system)
    about = {"system": system, "stage": "generator", "settings": settings, "stamp": "s"}
    about |= {"roles": found.stages["generator"].roles, "conditions": found.conditions}
    train_stage(**({"index": people.index, **about, **inputs, **outputs} | changed))
    return {name: (folder / name).read_bytes() for name in names}


def trainer_of(people, system: str, settings: dict):
    """The trainer of a generator without identity loss."""
    return trainer_class(system, "generator")(
        Inputs(people.index, files_of(people, system), conditions=description(system).conditions), settings, CPU
    )


@pytest.mark.parametrize("system", ["posegan", "dcgan", "flow"])
def test_generator_curves_and_samples_are_written(people, gan_settings, tmp_path, system):
    run(people, tmp_path, system, gan_settings(system))
    curves = pd.read_csv(tmp_path / "curves.csv")
    assert {"step", "loss", "learning_rate", "images_per_second"} <= set(curves) and np.isfinite(curves).all().all()
    samples = pd.read_parquet(tmp_path / "samples.parquet")
    steps = {"posegan": [4, 8], "dcgan": [2, 4], "flow": [4, 8]}[system]
    assert samples["step"].unique().tolist() == steps and samples["number"].tolist() == [0, 1, 2] * 2
    first, last = (decode(samples.loc[samples["step"] == step, "bytes"]) for step in steps)
    assert first.shape == (3, 3, 32, 16) and not torch.equal(first, last)
    named = samples[["source", "pose", "target"]]
    assert (named == "").all(axis=None) if system == "dcgan" else (named["pose"] == named["target"]).all()
    network = load_network(tmp_path / "networks.safetensors", "generator")
    assert not network.training and network.configuration["height"] == 32
    assert not (tmp_path / "checkpoint.safetensors").exists()


def test_roles_that_are_promised_in_vain_are_told_before_the_training(people, gan_settings, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="the stage generator of dcgan has no verifier"):
        run(people, tmp_path, "dcgan", gan_settings("dcgan"), roles=["generator", "verifier"])
    monkeypatch.delitem(ROLES, "discriminator")
    with pytest.raises(ValueError, match=r"networks.py of the system dcgan has no discriminator"):
        run(people, tmp_path, "dcgan", gan_settings("dcgan"), roles=["generator", "discriminator"])
    assert not (tmp_path / "networks.safetensors").exists()


@pytest.mark.parametrize(
    ("system", "changed"),
    [("posegan", {"identity_weight": 1.0, "identity_epochs": [0, 2]}), ("dcgan", {}), ("flow", {})],
)
def test_interrupted_training_ends_with_the_same_bytes(people, gan_settings, tmp_path, monkeypatch, system, changed):
    settings = gan_settings(system, **changed)
    whole = run(people, tmp_path / "whole", system, settings)
    trainer = trainer_class(system, "generator")
    update = trainer.update

    def stopping(self, step, batch):
        if step == self.steps_per_epoch + 1:
            raise KeyboardInterrupt
        return update(self, step, batch)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(trainer, "update", stopping)
        run(people, tmp_path / "parts", system, settings)
    assert (tmp_path / "parts/checkpoint.safetensors").exists()
    started = []
    monkeypatch.setattr(trainer, "update", lambda self, step, batch: started.append(step) or update(self, step, batch))
    resumed = run(people, tmp_path / "parts", system, settings)
    assert started[0] == {"posegan": 4, "dcgan": 2, "flow": 4}[system]
    for name in ("networks.safetensors", "samples.parquet"):
        assert resumed[name] == whole[name], name


@pytest.mark.parametrize("system", ["posegan", "dcgan", "flow"])
def test_what_is_logged_and_drawn_changes_no_network_and_costs_no_checkpoint(people, gan_settings, tmp_path, system):
    whole = run(people, tmp_path / "whole", system, gan_settings(system))
    with stopped_at(trainer_class(system, "generator"), {"posegan": 6, "dcgan": 3, "flow": 6}[system]):
        run(people, tmp_path / "parts", system, gan_settings(system, samples_over_time=4))
    shown = {"samples": 5, "samples_over_time": 4, "log_every": 1}
    resumed = run(people, tmp_path / "parts", system, gan_settings(system, **shown))
    assert resumed["networks.safetensors"] == whole["networks.safetensors"]
    samples, curves = (pd.read_parquet(tmp_path / "parts/samples.parquet"), pd.read_csv(tmp_path / "parts/curves.csv"))
    steps = {"posegan": [6, 8], "dcgan": [3, 4], "flow": [6, 8]}[system]  # those drawn before were of three conditions
    assert samples["step"].unique().tolist() == steps and samples["number"].tolist() == [*range(5)] * 2
    assert curves["step"].tolist()[-2:] == [steps[1] - 1, steps[1]]


def test_other_seed_other_generator(people, gan_settings, tmp_path):
    first, second = (run(people, tmp_path / str(seed), "dcgan", gan_settings("dcgan", seed=seed)) for seed in (1, 2))
    assert first["networks.safetensors"] != second["networks.safetensors"]


def test_posegan_learns_two_pairs_by_heart(people, gan_settings):
    settings = gan_settings("posegan", channels=16, blocks=2, batch=2, epochs=100, images_per_epoch=8, warmup_epochs=0)
    settings |= {"learning_rate": 2e-3, "adversarial_weight": 0.1, "precision": "fp32", "weight_decay": 0.0}
    trainer = trainer_of(people, "posegan", settings)
    trainer.data.pairs = trainer.data.pairs[[0, len(trainer.data.pairs) - 1]]
    losses = []
    for step in range(trainer.steps):
        losses.append(trainer.step(step, trainer.batch(step))["l1"].item())
        if np.mean(losses[-4:]) < 0.05:
            break
    assert losses[0] > 0.25 and np.mean(losses[-4:]) < 0.05


def test_dcgan_sees_every_image_once_before_any_comes_again(people, gan_settings):
    trainer = trainer_of(people, "dcgan", gan_settings("dcgan", flip=0.0))
    images, size = trainer.data.images, trainer.settings["batch"]
    drawn = torch.cat([trainer.batch(step)[0] for step in range(-(-2 * len(images) // size))])
    rows = [int((images == image).flatten(1).all(dim=1).nonzero()[0]) for image in drawn[: 2 * len(images)]]
    for part in (rows[: len(images)], rows[len(images) :]):
        assert sorted(part) == list(range(len(images)))


def test_posegan_says_which_losses_are_off(people, gan_settings, tmp_path, caplog):
    caplog.set_level("INFO", "purereid")
    run(people, tmp_path, "posegan", gan_settings("posegan", perceptual_weight=20.0))
    trainer_of(people, "posegan", gan_settings("posegan"))
    assert "NO IDENTITY LOSS AND NO ENCODER MAPS: train_gan.posegan.teacher names no experiment" in caplog.text
    assert "NO PERCEPTUAL LOSS: train_gan.posegan.perceptual_weights names no VGG-19 weights" in caplog.text


def test_biases_learn_twice_as_fast_and_do_not_decay(people, gan_settings):
    rates = {"learning_rate": 1e-3, "warmup_epochs": 0, "schedule": "constant"}
    settings = gan_settings("posegan", identity_weight=0.0, **rates)
    trainer = trainer_of(people, "posegan", settings)
    trainer.step(0, trainer.batch(0))
    for name, network in trainer.networks.items():
        named = {id(parameter): name for name, parameter in network.named_parameters()}
        for group in trainer.optimisers[name].torch.param_groups:
            biases = {"bias" in named[id(parameter)] for parameter in group["params"]}
            expected = (2e-3, 0.0) if biases == {True} else (1e-3, 5e-4)
            assert len(biases) == 1 and (group["lr"], group["weight_decay"]) == expected


def test_an_average_of_the_generator_is_what_is_kept_and_drawn_with(people, gan_settings, tmp_path):
    settings = gan_settings("posegan", identity_weight=0.0, learning_rate=2e-2, ema=0.0)
    plain = run(people, tmp_path / "plain", "posegan", settings)
    averaged = run(people, tmp_path / "averaged", "posegan", settings | {"ema": 0.9})
    assert plain["samples.parquet"] != averaged["samples.parquet"]
    roles = ("generator", "discriminator_pose")
    same = []
    for role in roles:
        states = [load_network(tmp_path / name / "networks.safetensors", role) for name in ("plain", "averaged")]
        one, two = (network.state_dict() for network in states)
        same.append(all(torch.equal(one[name], two[name]) for name in one))
    assert same == [False, True]


# --- mistakes ---------------------------------------------------------------------------------------------------------


def test_pairs_of_other_images(people, gan_settings, tmp_path):
    pairs = pd.read_parquet(people.train_pairs)
    pairs.loc[0, "source"] = "elsewhere/1.jpg"
    from purereid.data.pairs import write_pairs

    write_pairs(tmp_path / "pairs.parquet", pairs["source"], pairs["target"])
    with pytest.raises(UserError, match=r"1 images of the pairs are not in the index, such as elsewhere/1\.jpg"):
        run(people, tmp_path, "posegan", gan_settings("posegan"), pairs=tmp_path / "pairs.parquet")


def test_no_training_images(people, gan_settings, tmp_path):
    with pytest.raises(UserError, match="no training images for the generator"):
        run(people, tmp_path, "dcgan", gan_settings("dcgan", splits=["val"]))


def test_poses_without_heat_maps(people, gan_settings, tmp_path):
    from purereid.data.heatmap_file import write_heatmaps

    write_heatmaps(tmp_path / "parts.arrow", list("abcdef"), (32, 16), [(["other.jpg"], torch.rand(1, 6, 32, 16))])
    with pytest.raises(UserError, match="has no heat maps"):
        run(people, tmp_path, "posegan", gan_settings("posegan"), parts=tmp_path / "parts.arrow")
