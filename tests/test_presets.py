"""Presets: each gives a config, with the published numbers of its recipe."""

from pathlib import Path

import pytest
import torch
import yaml
from snakemake.utils import update_config
from torch.utils.flop_counter import FlopCounterMode

from configured import ROOT, configure
from purereid.configuration import Configuration
from purereid.systems.bot.encoder import OF_ENCODER
from purereid.systems.bot.networks import Encoder
from purereid.systems.flow.networks import Generator as Flow

PRESETS = sorted(path.stem for path in (ROOT / "presets").glob("*.yaml"))


@pytest.fixture
def of_preset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The config with a preset, where the preset's data are."""
    monkeypatch.chdir(tmp_path)

    def setup(name: str) -> Configuration:
        files = ROOT / "config.yaml", ROOT / "presets" / f"{name}.yaml"
        config, preset = (yaml.safe_load(file.read_text()) for file in files)
        for entry in filter(None, preset.get("datasets", {}).values()):
            if "folder" in entry:  # rendered people need none
                Path(entry["folder"]).mkdir(parents=True, exist_ok=True)
            for file in entry.get("keypoints", []):
                Path(file).touch()
        update_config(config, preset)
        return configure(config)

    return setup


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_a_config(of_preset, preset: str):
    of_preset(preset)


def test_recipe_of_lsro(of_preset):
    setup = of_preset("lsro")
    learning = ("baseline", "smoothed", "lsro", "extra_class", "pseudo")
    settings = {name: setup.training(name).settings("encoder") for name in learning}
    own = ("label_smoothing", *(name for name in settings["lsro"] if name.startswith("generated_")))
    rest = [{name: value for name, value in each.items() if name not in own} for each in settings.values()]
    assert all(each == rest[0] for each in rest) and len(setup.seeds("lsro")) >= 3
    labels = [settings[name]["generated_labels"] for name in ("lsro", "extra_class", "pseudo")]
    assert labels == ["uniform", "extra_class", "pseudo"]
    assert {setup.generator(name) for name in ("lsro", "extra_class", "pseudo")} == {"dcgan"}
    assert 751 * setup.generating("dcgan")["train"]["images_per_identity"] == pytest.approx(24_000, rel=0.01)
    lsro = settings["lsro"]
    assert (lsro["learning_rate"], lsro["learning_rate"] * lsro["backbone_factor"]) == (0.05, pytest.approx(0.01))
    assert lsro["identities_per_batch"] * lsro["images_per_identity"] == lsro["generated_per_batch"] == 32


def test_network_of_lsro(of_preset):
    settings = of_preset("lsro").training("lsro").settings("encoder")
    network = Encoder(pids=list(range(751)), **{name: settings[name] for name in OF_ENCODER})
    densenet121, bottleneck = 7_978_856 - (1024 + 1) * 1000, (1024 + 1) * 512 + 2 * 512
    parameters = sum(parameter.numel() for parameter in network.parameters())
    assert parameters == densenet121 + bottleneck + (512 + 1) * 751
    with torch.inference_mode():
        images = torch.zeros(2, 3, *settings["crop"])
        assert network.eval().embed(images).shape == (2, 1024) and network.backbone(images).shape[2:] == (8, 4)


def test_controls_differ_in_nothing_but_what_fills_the_batch(of_preset):
    setup = of_preset("controls")
    sizes = {}
    for name in set(setup.experiments) - {"baseline"}:
        settings = setup.training(name).settings("encoder")
        real = settings["identities_per_batch"] * settings["images_per_identity"]
        sizes[name] = real + settings["generated_per_batch"], settings["steps_per_epoch"], settings["epochs"]
    assert set(sizes.values()) == {(80, 32, 25)}
    assert {"more_real", "generated", "shuffled", "noise", "smoothed"} <= set(sizes)
    assert setup.generating("noise")["train"]["injected"] == {"share": 1.0, "kinds": ["only_noise"]}


@pytest.mark.parametrize("preset", ["market1501", "dukemtmc"])
def test_recipe_of_pcb(of_preset, preset: str):
    setup = of_preset(preset)
    training = setup.training("pcb")
    settings = training.settings("encoder")
    assert training.system == "pcb" and setup.section("extract_features", "pcb")["flip"]
    assert (settings["height"], settings["width"], settings["parts"], settings["part_width"]) == (384, 128, 6, 256)
    assert settings["learning_rate"] * settings["backbone_factor"] == pytest.approx(0.05)
    assert settings["identities_per_batch"] * settings["images_per_identity"] == 72
    assert setup.training("baseline").settings("encoder")["height"] == 256


def test_recipe_of_dgnet(of_preset):
    setup = of_preset("dgnet")
    settings = setup.training("dgnet").settings("joint")
    assert (settings["learning_rate"], settings["discriminator_rate"]) == (1e-4, 1e-4)
    assert (settings["encoder_rate"], settings["encoder_rate"] * settings["backbone_factor"]) == (0.02, 0.002)
    steps = settings["epochs"] * (12_936 // settings["batch"])
    assert steps == pytest.approx(100_000, rel=0.003)
    assert settings["ramp_start"] * 100_000 == 30_000 and settings["ramp_growth"] * 100_000 == 2_000
    reached = [(milestone - 1) * (12_936 // settings["batch"]) for milestone in settings["milestones"]]
    assert reached == pytest.approx([60_000, 90_000], rel=0.01)
    weights = ("adversarial", "self", "positive", "identity", "positive_identity", "drawn_identity")
    assert [settings[f"{name}_weight"] for name in weights] == [1, 5, 5, 1, 1, 0.5]
    late = ("structure", "appearance", "cycle", "primary")
    assert [settings[f"{name}_weight"] for name in late] == [1, 1, 2, 2] and settings["fine_share"] == 0.2
    assert setup.teacher(setup.training("dgnet"), "joint")[0] == "teacher"
    halves = [setup.extracting(name)["network"]["fine_weight"] for name in ("dgnet", "dgnet_primary", "dgnet_fine")]
    assert halves == [0.5, 0, -1]


def test_full_size_of_the_flow(of_preset):
    """What the estimate in the preset is made from."""
    settings = of_preset("market1501").making("flow").settings("generator")
    shape = {name: settings[name] for name in ("height", "width", "channels", "levels", "blocks", "heads")}
    with torch.device("meta"), FlopCounterMode(display=False) as counted:
        network = Flow(**shape)
        images, poses = torch.empty(1, 3, 128, 64), torch.empty(1, 18, 3)
        guide = network.guide(images, poses, poses)
        network(images, torch.empty(1), guide, torch.empty(1)).square().mean().backward()
    assert sum(each.numel() for each in network.parameters()) == 31_805_004
    assert counted.get_total_flops() == pytest.approx(50e9, rel=0.01)
    assert settings["epochs"] * settings["images_per_epoch"] == 200_000 * settings["batch"]
