"""Presets: each gives a config, with the published numbers of its recipe."""

import re
from collections import Counter
from itertools import product
from pathlib import Path

import pytest
import torch
import yaml
from snakemake.utils import update_config
from torch.utils.flop_counter import FlopCounterMode

from configured import ROOT, configure
from purereid.configuration import Configuration
from purereid.planned_jobs import planned_jobs
from purereid.purification.purifiers.registry import RULES
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
    assert {setup.named_generator(name) for name in ("lsro", "extra_class", "pseudo")} == {"dcgan"}
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


def test_truth_asks_all_questions_at_an_equal_batch(of_preset):
    setup = of_preset("truth")
    names = [name for name in setup.experiments if name not in ("baseline", "fold")]
    assert all(len(setup.seeds(name)) >= 5 for name in names)
    sizes = set()
    for name in names:
        settings = setup.training(name).settings("encoder")
        real = settings["identities_per_batch"] * settings["images_per_identity"]
        sizes.add((real + settings["generated_per_batch"], settings["steps_per_epoch"], settings["epochs"]))
    assert sizes == {(80, 32, 25)}
    assert {setup.making(name).system for _, name in setup.networks_in_use()} == {"posegan", "dcgan", "flow"}
    assert all(name in setup.draws for name in ("posegan", "dcgan", "flow", "noise", "spoiled"))
    assert {"more_real", "smoothed", "shuffled", "noise", "uniform"} <= set(names)
    assert setup.generating("noise-seed1")["train"]["injected"] == {"share": 1.0, "kinds": ["only_noise"]}
    rules = {purifier: setup.purifying(purifier)["rule"] for purifier in setup.purifiers}
    pools = {(generator, rules[purifier]) for _, generator, purifier in setup.purified_in_use()}
    for seed in setup.seeds("generated"):
        assert {rule for name, rule in pools if name == f"posegan-seed{seed}"} == set(RULES)
        assert {rule for name, rule in pools if name == f"spoiled-seed{seed}"} == set(RULES)
    assert setup.generators_of("crossed") == ["posegan-seed1"]
    again, once = (setup.experiments[name] for name in ("more_real_again", "more_real"))
    assert again | {"evaluate": {"views": "posegan"}} == once | {"repeat": 1}
    roles = [setup.teacher(setup.making("posegan-seed1"), "generator"), setup.judge()]
    roles += [setup.purifying_encoder("posegan-seed1"), setup.purifying_classifier("posegan-seed1")]
    assert len(set(roles)) == 4


def test_truth_trains_as_much_as_its_first_lines_say(tmp_path: Path):
    preset = ROOT / "presets/truth.yaml"
    jobs = planned_jobs(configfile=[preset], snakefile=ROOT / "Snakefile", directory=tmp_path, profile="none")
    trained = [job for job in jobs if job.rule == "train_reid"]
    made = Counter(job.wildcards["generator"].partition("-")[0] for job in jobs if job.rule == "train_gan")
    assert made == {"posegan": 5, "dcgan": 5, "flow": 5}
    assert f"15 generators and {len(trained)} reID models" in " ".join(preset.read_text().replace("#", "").split())


def test_truth_of_your_own_photographs_takes_three_lines(tmp_path: Path):
    """Those of docs/numbers.md, in a dry run."""
    page = (ROOT / "docs/numbers.md").read_text()
    lines = re.search(r"```yaml\n(dataset: mine\n.*?)```", page, re.S)[1]
    assert len(lines.splitlines()) == 3
    for person, camera in product(range(4), range(2)):
        file = tmp_path / f"photographs/{person}/{camera}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (tmp_path / "keypointrcnn_resnet50_fpn.safetensors").touch()
    (tmp_path / "mine.yaml").write_text(lines)
    files = [ROOT / "presets/truth.yaml", tmp_path / "mine.yaml"]
    jobs = planned_jobs(configfile=files, snakefile=ROOT / "Snakefile", directory=tmp_path, profile="none")
    assert {job.wildcards.get("dataset") for job in jobs} == {"mine"}
    rules = {job.rule for job in jobs}
    assert {"estimate_keypoints", "train_gan", "purify", "train_reid", "compare"} <= rules
    assert "render_people" not in rules


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
