"""A system of two stages that yields an encoder and a generator, added as a folder and a section of the config."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import torch

from purereid.networks.network_file import load_network
from workflow_project import Project

DUO = {"height": 32, "width": 16, "batch": 8, "images_per_epoch": 16, "epochs": 2, "learning_rate": 1.0e-3}
MIX = {"feature_weight": 1.0, "samples": 2, "samples_over_time": 2}
LEARNS = {"generated_per_batch": 4, "generated_labels": "identity"}


def add_duo(project: Project, root: Path, **more: dict) -> None:
    """The folder, its section, an experiment that trains it, and one that learns from its images."""
    folder = project.folder / "workflow_scripts/purereid/systems/duo"
    shutil.copytree(root / "tests/duo", folder, ignore=shutil.ignore_patterns("__pycache__"))
    section = {name: value for name, value in DUO.items() if name not in ("height", "width")}
    experiments = {
        "duo": {"system": "duo", "seeds": [1, 2]},
        "with_duo": {"generator": "duo", "seeds": [1], "train_reid": LEARNS},
        "purified_duo": {"generator": "duo", "purifier": "gcn", "seeds": [1], "train_reid": LEARNS},
    }
    project.override(
        train_reid={"duo": section | {"mix": MIX}},
        generators={"duo": {"from_experiment": "duo"}},
        experiments=experiments,
        **more,
    )


@pytest.mark.slow
def test_a_system_of_two_stages_goes_through_the_whole_workflow(project: Project, root: Path):
    add_duo(project, root)
    planned = project.planned()
    assert planned["train_reid"] == 6 and "train_gan" not in planned and "sample_pairs" not in planned
    project.run()
    results = project.folder / "results/people"
    for seed in (1, 2):
        scores = json.loads((results / f"evaluate/duo/seed{seed}/scores.json").read_text())
        assert 0 < scores["single_query"]["mAP"] <= 1
    images = pd.concat(pd.read_parquet(path) for path in sorted((results / "generate/duo/train").glob("*/*.parquet")))
    assert len(images) == 24 and (images["pid"] >= 0).all() and images["pose"].ne("").all()
    assert "duo" in (results / "compare_images/table.txt").read_text()
    table = (results / "compare/table.txt").read_text()
    assert all(name in table for name in ("duo", "with_duo", "purified_duo", "baseline"))
    assert (results / "generate_one/duo/swap/grid.png").is_file() and (
        results / "show_images/duo/training.png"
    ).is_file()
    assert "Nothing to be done" in project.run("--dry-run")


@pytest.mark.slow
def test_only_later_stages_are_stale(project: Project, root: Path):
    add_duo(project, root)
    targets = [f"results/people/train_reid/duo/seed1/{stage}/networks.safetensors" for stage in ("know", "mix")]
    project.run(*targets)
    assert project.planned(*targets) == {}
    project.override(train_reid={"duo": {"mix": {"feature_weight": 2.0}}})
    assert project.planned(targets[0]) == {} and project.planned(*targets) == {"train_reid": 1}
    project.edit("workflow_scripts/purereid/systems/duo/mix.py", "(made - source)", "(source - made)")
    assert project.planned(targets[0]) == {}
    project.run(targets[1])
    project.edit("workflow_scripts/purereid/systems/duo/know.py", "torch.optim.Adam", "torch.optim.AdamW")
    assert project.planned(*targets) == {"train_reid": 2}


FDGAN = {"height": 32, "width": 32, "anchors_per_batch": 2, "channels": 4, "pose_features": 4, "noise": 4}
FDGAN |= {"discriminator_channels": 4, "samples": 2, "samples_over_time": 2, "steps_per_epoch": 2}
STAGES = ("verify", "generate", "joint")


def add_fdgan(project: Project) -> None:
    """FD-GAN, its own stage I, and a training on its images that its encoder judges and purifies."""
    short = {stage: {"epochs": 1} for stage in STAGES}
    experiments = {
        "fdgan": {"system": "fdgan", "seeds": [1], "train_reid": FDGAN | short},
        "early": {"from_experiment": "fdgan", "stage": "verify"},
        "with_fdgan": {"generator": "fdgan", "purifier": "nearest", "seeds": [1], "train_reid": LEARNS},
    }
    own = {"from_experiment": "fdgan", "embed_generated": {"encoder": "early"}}
    off = dict.fromkeys(("posegan", "lsro", "purified", "untrained"))
    project.override(
        generators={"fdgan": own},
        purifiers={"nearest": {"rule": "mutual", "share": 0.5}},
        score_images={"encoder": "early"},
        experiments=experiments | off,
    )


@pytest.mark.slow
def test_fdgan_draws_judges_and_purifies(project: Project):
    add_fdgan(project)
    project.run()
    results = project.folder / "results/people"
    scores = {
        name: json.loads((results / f"evaluate/{name}/seed1/scores.json").read_text())
        for name in ("fdgan", "early", "with_fdgan")
    }
    assert all(0 < found["single_query"]["mAP"] <= 1 for found in scores.values())
    assert scores["fdgan"]["verified"]["candidates"] == scores["early"]["verified"]["candidates"] == 100
    assert scores["with_fdgan"]["verified"] is None
    assert "fdgan: verified mAP" in (results / "compare/table.txt").read_text()
    assert "fdgan" in (results / "compare_images/table.txt").read_text()
    pictures = ["generate_one/fdgan/swap/grid.png", "show_images/fdgan/training.png"]
    pictures += [f"plot_curves/fdgan/{stage}/plot_curves.png" for stage in STAGES]
    assert all((results / name).is_file() for name in pictures) and not (results / "plot_curves/early").exists()
    networks = [f"results/people/train_reid/fdgan/seed1/{stage}/networks.safetensors" for stage in STAGES]
    first, last = (project.folder / networks[number] for number in (0, 2))
    stem = "backbone.stem.0.weight"
    assert not torch.equal(*(load_network(path, "encoder").state_dict()[stem] for path in (first, last)))
    found = [results / f"extract_features/{name}/seed1/0-of-1/features.parquet" for name in ("baseline", *scores)]
    assert len({str(pd.read_parquet(path)["feature"][0]) for path in found}) == len(found)
    assert "Nothing to be done" in project.run("--dry-run")
    ranked = [f"results/people/evaluate/{name}/seed1/scores.json" for name in scores]
    project.override(evaluate={"candidates": 50})
    assert project.planned(*ranked) == {"evaluate": 2}
    project.override(evaluate={"candidates": 100})
    project.override(train_reid={"fdgan": {"joint": {"verification_weight": 5.0}}})
    assert project.planned(*networks[:2]) == {} and project.planned(*networks) == {"train_reid": 1}


FLOW = {"height": 32, "width": 16, "channels": 8, "heads": 2, "epochs": 2, "images_per_epoch": 16, "batch": 8}
FLOW |= {"samples": 2, "samples_over_time": 2}


@pytest.mark.slow
def test_a_flow_draws_people_who_are_purified_and_learnt_from(project: Project):
    learns = {"generator": "flow", "purifier": "gcn", "train_reid": LEARNS}
    experiments = dict.fromkeys(("lsro", "posegan", "purified")) | {"with_flow": learns}
    several = {"several": {"sources": 2, "poses": 2, "draws": 2, "between": 1}}
    project.override(
        generators={"dcgan": None, "posegan": None, "flow": {"system": "flow"}},
        train_gan={"flow": FLOW},
        experiments=experiments,
        generate_one=several,
    )
    project.run()
    results = project.folder / "results/people"
    assert 0 < json.loads((results / "evaluate/with_flow/seed1/scores.json").read_text())["single_query"]["mAP"] <= 1
    assert "flow" in (results / "compare_images/table.txt").read_text()
    names = ["generate_one/flow/swap/grid.png", "generate_one/flow/several/grid.png", "show_images/flow/training.png"]
    assert all((results / name).is_file() for name in names)
    assert len(list((results / "generate_one/flow/several/pictures").glob("*.png"))) == 12
    network, images = (
        f"results/people/{name}"
        for name in ("train_gan/flow/generator/networks.safetensors", "generate/flow/test/0-of-1/images.parquet")
    )
    project.override(generate={"sampling_steps": 2})
    assert project.planned(network) == {} and project.planned(network, images) == {"generate": 1}


DGNET = {"height": 32, "width": 16, "dilations": [1, 1, 2], "batch": 4, "steps_per_epoch": 3, "epochs": 2}
DGNET |= {"bottleneck": 8, "structure_channels": 2, "structure_blocks": 1, "style_width": 8, "ramp_start": 0.0}
DGNET |= {"discriminator_channels": 2, "discriminator_blocks": 1, "samples": 2, "samples_over_time": 2}


@pytest.mark.slow
def test_dgnet_learns_from_a_teacher_and_draws_without_key_points(project: Project):
    plain = {"format": "market1501", "folder": "results/people/render_people"}
    own = {"train": "plain", "test": "plain", "seeds": [1]}
    halves = {"primary": 0, "fine": -1}
    experiments = {name: {"from_experiment": "dgnet", "test": "plain", "extract_features": {"fine_weight": weight}}
                   for name, weight in halves.items()}  # fmt: skip
    experiments |= {"dgnet": own | {"system": "dgnet", "train_reid": DGNET}, "baseline": own}
    learns = {"generated_per_batch": 4, "generated_labels": "identity"}
    experiments["with_dgnet"] = own | {"generator": "dgnet", "purifier": "gcn", "train_reid": learns}
    project.override(
        datasets={"plain": plain},
        generators={"dgnet": {"from_experiment": "dgnet"}},
        experiments=experiments | dict.fromkeys(("posegan", "lsro", "purified", "untrained")),
    )
    assert not {"import_keypoints", "make_heatmaps"} & set(project.planned())
    project.run()
    results = project.folder / "results/plain"
    names = ("dgnet", "primary", "fine", "with_dgnet", "baseline")
    scores = {name: (results / f"evaluate/{name}/seed1/scores.json").read_text() for name in names}
    found = {name: json.loads(text)["single_query"]["mAP"] for name, text in scores.items()}
    assert all(0 < score <= 1 for score in found.values()) and len({*found.values()}) == len(found)
    images = pd.concat(pd.read_parquet(path) for path in sorted((results / "generate/dgnet/train").glob("*/*.parquet")))
    assert (images["pid"] >= 0).all() and images["pose"].ne("").all() and images["source"].ne(images["pose"]).any()
    pictures = (
        "generate_one/dgnet/swap/grid.png",
        "show_images/dgnet/training.png",
        "plot_curves/dgnet/joint/plot_curves.png",
    )
    assert all((results / name).is_file() for name in pictures)
    assert "Nothing to be done" in project.run("--dry-run")
    target = "results/plain/evaluate/fine/seed1/scores.json"
    project.override(extract_features={"fine_weight": 0.25})
    assert project.planned(target) == {}  # it has a weight of its own
    assert project.planned("results/plain/evaluate/dgnet/seed1/scores.json") == {"extract_features": 1, "evaluate": 1}


@pytest.mark.slow
def test_a_data_set_without_key_points_trains_what_needs_none(project: Project, root: Path):
    plain = {"format": "market1501", "folder": "results/people/render_people"}
    add_duo(project, root, datasets={"plain": plain})
    own = {"train": "plain", "test": "plain", "seeds": [1]}
    off = dict.fromkeys(("posegan", "lsro", "purified", "untrained", "purified_duo"))
    changed = dict.fromkeys(("baseline", "duo", "with_duo"), own)
    project.override(experiments=off | changed)
    planned = project.planned()
    assert "make_heatmaps" not in planned and "estimate_keypoints" not in planned
    project.run()
    results = project.folder / "results/plain"
    text = (results / "compare_images/table.txt").read_text()
    assert "duo" in text and "pckh" not in text.lower()
    assert len(pd.read_parquet(results / "sample_pairs/test/pairs.parquet")) == 20
    assert (results / "generate_one/duo/swap/grid.png").is_file()
    assert "Nothing to be done" in project.run("--dry-run")


SAN = {"decoder_widths": [4, 4, 2, 2], "epochs": 2, "identities_per_batch": 4, "images_per_identity": 2}
PAINTER = {"texture": {"batch": 4, "epochs": 2, "held_out": 0.3}}


@pytest.mark.slow
def test_san_paints_one_data_set_and_learns_from_it_on_another(project: Project):
    others = {"format": "rendered_people", "render_people": {"seed": 5, "val_identities": 0, "test_identities": 2}}
    painted = {"system": "san", "seeds": [1], "train_reid": SAN | PAINTER | {"trained_on": "others"}}
    given = {"system": "san", "seeds": [1], "train_reid": SAN | {"textures": "given"}}
    off = dict.fromkeys(("posegan", "lsro", "purified", "untrained"))
    project.override(
        datasets={"others": others},
        experiments=off | {"san": painted, "given": given},
        import_textures={"size": 32},
        score_alignment={"experiments": ["baseline", "san"]},
    )
    assert {rule: count for rule, count in project.planned().items() if "texture" in rule} == {
        "import_textures": 2, "paint_textures": 1, "score_textures": 1, "compare_textures": 1}  # fmt: skip
    project.run()
    results = project.folder / "results/people"
    for name in ("san", "given"):
        assert 0 < json.loads((results / f"evaluate/{name}/seed1/scores.json").read_text())["single_query"]["mAP"] <= 1
    text = (results / "compare_textures/table.txt").read_text()
    assert "san: painted" in text and "baseline" in text and "given" not in text
    assert (results / "plot_curves/san/texture/plot_curves.png").is_file()
    assert (results / "score_textures/san/seed1/textures.png").is_file()
    assert not (results / "train_reid/given/seed1/texture").exists()
    assert "Nothing to be done" in project.run("--dry-run")
    target = "results/people/train_reid/san/seed1/joint/networks.safetensors"
    project.override(train_reid={"san": {"reconstruction_weight": 2.0}})
    assert project.planned(target) == {"train_reid": 1}
    project.override(train_reid={"san": {"texture": {"learning_rate": 1.0e-3}}})
    assert project.planned(target) == {"train_reid": 2, "paint_textures": 1}
