"""Generators that stand for one of each seed."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

from configured import ROOT, configure, put, refused
from purereid.errors import UserError
from purereid.experiment_needs import experiment_needs
from purereid.generator_seeds import with_seeds
from purereid.planned_jobs import planned_jobs
from workflow_project import copy

DRAWN = {"generated_per_batch": 4, "generated_labels": "identity"}
GRAPHS = ("train_gcn", "train_gcn_v", "train_gcn_e")


@pytest.fixture
def drawn(config: dict) -> dict:
    """The config with a pose GAN for each seed, and images of it that are spoiled."""
    config["seeds"] = [1, 2, 3]
    config["generators"]["posegan"] = {"system": "posegan", "per_seed": True, "train_gan": {"blocks": 2}}
    config["generators"]["spoiled"] = {
        "trained_as": "posegan",
        "generate": {"train": {"injected": {"share": 0.5}}},
        "train_gcn": {"epochs": 3},
    }
    config["experiments"]["spoiled"] = {"generator": "spoiled", "seeds": [2, 7], "train_reid": DRAWN}
    return config


def test_each_seed_draws_for_itself_wherever_something_is_drawn(drawn: dict):
    setup = configure(drawn)
    assert list(setup.generators) == [
        *(f"posegan-seed{seed}" for seed in (1, 2, 3, 7)),
        "dcgan",
        *(f"spoiled-seed{seed}" for seed in (2, 7)),
    ]
    settings = setup.making("posegan-seed3").settings("generator")
    assert settings == drawn["train_gan"]["posegan"] | {"seed": 3, "blocks": 2}
    for name, seed in (("posegan-seed3", 3), ("spoiled-seed7", 7)):
        train = setup.generating(name)["train"]
        share = 0.5 if seed == 7 else 0.0
        injected = drawn["generate"]["train"]["injected"] | {"share": share}
        assert train == drawn["generate"]["train"] | {"seed": seed, "injected": injected}
        assert [setup.of_generator(rule, name)["seed"] for rule in GRAPHS] == [seed] * 3
    assert setup.of_generator("train_gcn", "spoiled-seed7")["epochs"] == 3
    assert setup.making("spoiled-seed7").settings("generator")["seed"] == 7
    assert setup.generating("dcgan")["train"] == drawn["generate"]["train"]


def test_experiments_learn_from_the_images_of_their_seed(drawn: dict):
    setup = configure(drawn)
    assert [setup.generator("posegan", seed) for seed in (1, 2, 3)] == [f"posegan-seed{seed}" for seed in (1, 2, 3)]
    assert setup.generators_of("spoiled") == ["spoiled-seed2", "spoiled-seed7"]
    assert setup.generators_of("lsro") == ["dcgan"] and setup.generators_of("baseline") == []
    networks = {name for _, name in setup.networks_in_use()}
    assert networks == {"dcgan", *(f"posegan-seed{seed}" for seed in (1, 2, 3, 7))}
    assert ("people", "posegan-seed2", "gcn") in setup.purified_in_use()
    assert setup.trained_on("spoiled")["images"] == "spoiled, all images"
    assert setup.kind_of_training_set("spoiled", name_the_network=True) == "posegan, generated"


def test_the_random_choice_is_another_for_each_seed(drawn: dict):
    drawn["purifiers"]["random"] = {"rule": "random", "share_of": "gcn", "seed": 5}
    setup = configure(drawn)
    names = ("posegan-seed1", "posegan-seed3", "dcgan")
    assert [setup.purifying_images("random", name)["seed"] for name in names] == [6, 8, 5]
    assert setup.purifying_images("gcn", "posegan-seed1") == setup.purifying("gcn")


def test_one_draw_may_be_named(drawn: dict):
    drawn["experiments"]["crossed"] = {"generator": "posegan-seed9", "train_reid": DRAWN}
    setup = configure(drawn)
    assert setup.generators_of("crossed") == ["posegan-seed9"]
    assert {setup.generator("crossed", seed) for seed in (1, 2, 3)} == {"posegan-seed9"}
    assert setup.name_of("posegan-seed9") == "posegan" and setup.name_of("dcgan") == "dcgan"
    drawn["experiments"]["crossed"]["generator"] = "posegan-seed09"
    assert "unknown generator 'posegan-seed09'" in refused(drawn)


def test_a_name_stands_for_all_its_draws(drawn: dict):
    drawn["compare_images"]["generators"] = ["posegan"]
    drawn["compare_purifiers"]["generators"] = drawn["sensitivity"]["generators"] = ["spoiled"]
    drawn["generate_one"] = {"swap": {"sources": 1, "poses": 1, "generator": "posegan"}}
    setup = configure(drawn)
    spoiled = ["spoiled-seed2", "spoiled-seed7"]
    assert [("people", name, "gcn") for name in spoiled] == [
        each for each in setup.purified_in_use() if each[1].startswith("spoiled")
    ]
    assert setup.measured_sets() == [(name, "gcn") for name in spoiled]
    assert ("people", "posegan-seed7") in setup.generators_in_use()
    assert setup.pictures_of("people", "posegan-seed7") == ["swap"] and setup.pictures_of("people", "dcgan") == []


def test_without_experiments_seeds_are_those_of_the_config_or_of_the_training(config: dict):
    config["experiments"]["both"] = {"system": "dgnet", "seeds": [4, 5]}
    config["generators"] |= {
        "unused": {"system": "flow", "per_seed": True},
        "both": {"from_experiment": "both", "per_seed": True},
        "again": {"trained_as": "both"},
    }
    setup = configure(config)
    assert setup.all_of("unused") == ["unused-seed1"] and setup.all_of("posegan") == ["posegan"]
    assert [setup.seed_behind(name) for name in setup.all_of("both")] == [4, 5]
    assert [(name, setup.trained(name)) for name in setup.all_of("again")] == [
        ("again-seed4", "both-seed4"),
        ("again-seed5", "both-seed5"),
    ]
    config["experiments"]["learner"] = {"generator": "both", "seeds": [6]}
    assert "the experiment both has no seed 6" in refused(config)


def test_seeds_of_experiments_that_are_left_out_do_not_count(drawn: dict):
    drawn["leave_out"] = ["spoiled"]
    assert configure(drawn).all_of("posegan") == [f"posegan-seed{seed}" for seed in (1, 2, 3)]


def test_messages_name_the_section_of_the_config(drawn: dict):
    drawn["experiments"]["spoiled"]["purifier"] = "gcn"
    networks = experiment_needs(configure(drawn), "people")["networks"]
    sections = {each["generator"]: each["section"] for each in networks}
    assert sections["posegan-seed1"] == "train_gcn" and sections["spoiled-seed7"] == "generators.spoiled.train_gcn"


def test_the_config_is_as_it_was():
    generators = {"a": {"system": "dcgan", "per_seed": True}, "b": {"system": "flow", "per_seed": False}}
    found, draws = with_seeds(generators, {"x": {"generator": "a", "seeds": [2]}}, [1])
    assert generators["a"] == {"system": "dcgan", "per_seed": True}
    assert list(found) == ["a-seed2", "b"] and found["b"] == {"system": "flow"} and draws == {"a": {2: "a-seed2"}}


def test_names_must_differ():
    generators = {"a": {"system": "dcgan", "per_seed": True}, "a-seed1": {"system": "dcgan"}}
    for entries in (generators, dict(reversed(generators.items()))):
        with pytest.raises(UserError, match="two generators are called a-seed1"):
            with_seeds(entries, {}, [1])


def test_names_are_short_with_their_seeds_too():
    name = "ab" * 29
    with_seeds({name: {"system": "dcgan", "per_seed": True}}, {}, [1])
    with pytest.raises(UserError, match="is too long"):
        with_seeds({name: {"system": "dcgan", "per_seed": True}}, {}, [10])


@pytest.mark.parametrize("place", ["train_gan.seed", "generate.train.seed", "train_gcn.seed"])
def test_a_seed_is_named_once(drawn: dict, place: str):
    section, _, rest = place.partition(".")
    value = {"train": {"seed": 4}} if rest.startswith("train.") else {"seed": 4}
    put(drawn, f"generators.posegan.{section}", value)
    assert f"both per_seed and {place} say with which seed the generator posegan draws" in refused(drawn)


def test_views_are_drawn_by_the_generator_of_the_seed(drawn: dict):
    drawn["experiments"]["posegan"]["evaluate"] = {"views": "posegan"}
    configure(drawn)
    drawn["experiments"]["baseline"]["seeds"] = [1, 4]
    drawn["experiments"]["baseline"]["evaluate"] = {"views": "posegan"}
    assert "unknown generator of an experiment that is trained on people 'posegan'" in refused(drawn)


def test_jobs_read_what_their_seed_has_drawn(tmp_path):
    """Dry run of the tiny workflow: each model, each network behind its images, and the comparisons."""
    tiny, mine = ROOT / "tests/config.yaml", tmp_path / "mine.yaml"
    mine.write_text(
        """
generators: {posegan: {per_seed: true}}
purifiers: {luck: {rule: random, share_of: gcn}}
compare_purifiers: {generators: [posegan]}
experiments:
  posegan: null
  purified: {seeds: [1, 2], evaluate: {views: posegan}}
  crossed: {generator: posegan-seed2, train_reid: {generated_per_batch: 4, generated_labels: identity}}
"""
    )
    jobs = planned_jobs(configfile=[tiny, mine], snakefile=ROOT / "Snakefile", directory=tmp_path, profile="none")
    read = defaultdict(set)
    for job in jobs:
        names = ("experiment", "seed", "generator", "purifier")
        key = (job.rule, *(job.wildcards[name] for name in names if name in job.wildcards))
        read[key] |= {draw for path in job.inputs for draw in re.findall(r"/(posegan[^/]*)/", path)}
    for seed in ("1", "2"):
        draw = {f"posegan-seed{seed}"}
        assert read["train_reid", "purified", seed] == read["extract_views", "purified", seed] == draw
        assert read["generate", *draw] == read["purify", *draw, "gcn"] == read["purify", *draw, "luck"] == draw
        assert read["train_reid", "crossed", seed] == {"posegan-seed2"}
    both = {"posegan-seed1", "posegan-seed2"}
    assert read["compare_purifiers",] == read["compare",] == read["compare_images",] == both
    assert {names[0] for rule, *names in read if rule == "train_gan"} == {*both, "dcgan"}


def test_a_cluster_job_holds_features_and_their_views(tmp_path: Path):
    """Jobs of one group must not wait for jobs outside of it that wait for others of the group."""
    project = copy(ROOT, tmp_path / "project")
    project.override(experiments={"baseline": {"evaluate": {"views": "posegan"}}})
    assert project.planned("results/people/compare/table.txt")["extract_views"] == 2
