"""Experiments that stand for several."""

import pytest

from configured import configure, refused
from purereid.errors import UserError
from purereid.experiment_grids import with_grids


def test_one_experiment_for_each_combination(config: dict):
    margins, seeds = [0.3, 0.5], [[1], [2, 3]]
    config["experiments"]["tried"] = {
        "train_reid": {"epochs": 3},
        "grid": {"train_reid.margin": margins, "seeds": seeds},
    }
    setup = configure(config)
    names = [f"tried-margin{margin}-seeds{seed}" for margin in ("0_3", "0_5") for seed in ("1", "2_3")]
    assert list(setup.experiments)[-4:] == names and "tried" not in setup.experiments
    settings = [setup.training(name).settings("encoder") for name in names]
    assert [each["margin"] for each in settings] == [0.3, 0.3, 0.5, 0.5] and {each["epochs"] for each in settings} == {
        3
    }
    assert [setup.seeds(name) for name in names] == [[1], [2, 3]] * 2
    assert config["experiments"]["tried"]["train_reid"] == {"epochs": 3}  # the config is as it was


def test_others_stay_as_they_are_and_in_their_place():
    experiments = {"a": {}, "b": {"grid": {"seeds": [[1]]}}, "c": {"seeds": [2]}}
    found, grids = with_grids(experiments)
    assert found == {"a": {}, "b-seeds1": {"seeds": [1]}, "c": {"seeds": [2]}}
    assert list(found) == ["a", "b-seeds1", "c"] and grids == {"b": ["b-seeds1"]}


def test_settings_with_the_same_last_word_are_told_apart():
    grid = {"train_reid.verify.epochs": [1], "train_reid.joint.epochs": [2]}
    assert list(with_grids({"x": {"grid": grid}})[0]) == ["x-verify_epochs1-joint_epochs2"]


def test_the_name_of_a_grid_is_no_experiment(config: dict):
    config["experiments"]["baseline"] = {"grid": {"train_reid.margin": [0.3, 0.5]}}
    told = refused(config)
    assert "the experiment baseline is a grid" in told and "one of baseline-margin0_3, baseline-margin0_5" in told


@pytest.mark.parametrize("grid", [None, [], {}, {"train_reid.margin": 0.3}, {"train_reid.margin": []}])
def test_unusable_grids(grid: object):
    with pytest.raises(UserError, match=r"unusable grid(.|\n)*experiments.x.grid(.|\n)*lists of values"):
        with_grids({"x": {"grid": grid}})


def test_names_must_differ():
    with pytest.raises(UserError, match="two experiments are called x-seeds1"):
        with_grids({"x": {"grid": {"seeds": [[1], 1]}}})
    with pytest.raises(UserError, match="two experiments are called x-seeds1"):
        with_grids({"x": {"grid": {"seeds": [[1]]}}, "x-seeds1": {}})


def test_settings_that_are_not_there(config: dict):
    config["experiments"]["tried"] = {"grid": {"train_reid.margn": [0.3]}}
    assert "did you mean margin?" in refused(config)
    config["experiments"]["tried"] = {"seeds": [1], "grid": {"seeds.margin": [0.3]}}
    assert "seeds.margin is no setting: seeds has none" in refused(config)
    config["experiments"]["tried"] = {"grid": {"train_reid.margin": [0.3, "high"]}}
    assert "unusable setting 'high'" in refused(config)
