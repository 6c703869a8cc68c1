"""Textures: whose are learnt from, and that they are there."""

from purereid.checks.known import check_experiment_known, check_known
from purereid.configuration import Configuration, Training
from purereid.dataset_sources import PIT, RENDERED
from purereid.errors import UserError
from purereid.networks.registry import OF_TEXTURES


def check_textures(setup: Configuration) -> None:
    """Data sets from whose textures experiments learn have some; maps are scored on rendered people.

    Raises:
        UserError: the first that has none.
    """
    for experiment in setup.config["score_alignment"]["experiments"]:
        check_experiment_known(setup, experiment, "score_alignment.experiments")
        _check_rendered(setup, experiment)
    for experiment in setup.own_experiments():
        training = setup.training(experiment)
        for stage in training.until(training.stage_with("encoder")):
            for name in (each for each in OF_TEXTURES if each in training.inputs(stage)):
                _check_dataset(setup, training, stage, name)


def _check_rendered(setup: Configuration, experiment: str) -> None:
    """Only of rendered people is it known which place of the body a pixel shows."""
    others = [name for name in setup.tests(experiment) if not setup.is_rendered(name)]
    if others:
        what = f"of the data set {others[0]} nobody knows which place of the body a pixel shows"
        raise UserError(what, where="score_alignment.experiments", expected=f"experiments on {RENDERED}")


def _check_dataset(setup: Configuration, training: Training, stage: str, name: str) -> None:
    where = f"train_reid.{training.system}.%s of the experiment {training.name}"
    if name == "texture_pairs":
        dataset, where = setup.pairs_for(training.name, stage), where % "trained_on"
        check_known(dataset, setup.datasets, where, "data set")
    elif setup.textures_for(training.name) == "painted":
        return
    else:
        dataset, where = setup.train(training.name), where % "textures"
    if not setup.has_textures(dataset):
        raise UserError(
            f"the data set {dataset} has no textures",
            where=where,
            expected=f"a data set of format {RENDERED} or {PIT}",
            do="let a painter learn from another data set (textures: painted, trained_on: its name)",
        )
