"""What trainings took."""

from pathlib import Path

import pytest
import torch

from encoders import run, settings_of
from purereid.errors import UserError
from purereid.networks.network_file import save_networks
from purereid.report.training_cost import training_cost
from purereid.systems.bot.networks import Encoder
from saved import save_stage


def test_stages_and_seeds_are_counted(tmp_path: Path):
    first = {"encoder": 10, "generator": 30}
    stages = [
        save_stage(tmp_path / f"{seed}{name}", updates, 8, generated, parameters)
        for seed in (1, 2)
        for name, updates, generated, parameters in (("a", 20, 0, first), ("b", 40 * seed, 2, {"encoder": 12}))
    ]
    found = training_cost(*zip(*stages, strict=True), seeds=2)
    assert found["updates"] == 20 + (40 + 80) / 2
    assert found["real_seen"] == 8 * 80 and found["generated_seen"] == 2 * 60
    assert (found["parameters"], found["parameters_at_test"]) == (40, 12)
    seconds = [10 * 8 / 100 + 10 * 8 / 50] + [n * 20 * 10 / 100 + n * 20 * 10 / 50 for n in (1, 2)]
    assert found["seconds"] == pytest.approx(seconds[0] + (seconds[1] + seconds[2]) / 2)


def test_a_training_says_what_it_took(mixed: Path, tmp_path: Path):
    settings = settings_of("bot") | {"generated_per_batch": 3, "epochs": 2}
    run(mixed, tmp_path / "a", settings)
    found = training_cost([tmp_path / "a/networks.safetensors"], [tmp_path / "a/curves.csv"], 1)
    assert (found["updates"], found["real_seen"], found["generated_seen"]) == (6, 48, 18)
    pids = [0, 2, 4, 6]
    encoder = Encoder(pids=pids, backbone="resnet_small", last_stride=1, height=32, width=16)
    assert found["parameters"] == found["parameters_at_test"] == sum(each.numel() for each in encoder.parameters())
    assert found["seconds"] > 0
    run(mixed, tmp_path / "b", settings | {"generated_per_batch": 0})
    found = training_cost([tmp_path / "b/networks.safetensors"], [tmp_path / "b/curves.csv"], 1)
    assert (found["real_seen"], found["generated_seen"]) == (48, 0)


def test_networks_that_do_not_say(tmp_path: Path):
    torch.manual_seed(0)
    network = Encoder(pids=[1], backbone="resnet_small", last_stride=1, height=32, width=16)
    save_networks(tmp_path / "n", {"encoder": network}, system="bot", stage="encoder")
    with pytest.raises(UserError, match="does not say how its networks were trained"):
        training_cost([tmp_path / "n"], [tmp_path / "c"], 1)
