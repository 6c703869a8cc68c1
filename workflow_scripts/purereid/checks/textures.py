"""Textures: whose are learnt from, and that they are there."""

from purereid.checks.known import check_known
from purereid.configuration import Configuration, Training
from purereid.dataset_sources import PIT, RENDERED
from purereid.errors import UserError
from purereid.networks.registry import OF_TEXTURES

SIZES = (16, 32, 64, 128)  # at which the parts of the atlas of rendered people begin and end with a texel


def check_textures(setup: Configuration) -> None:
    """Data sets from whose textures experiments learn have some; maps are scored on rendered people.

    Raises:
        UserError: the first that has none.
    """
    for experiment in setup.config["score_alignment"]["experiments"]:
        check_known(experiment, setup.all_experiments, "score_alignment.experiments", "experiment")
        if experiment not in setup.left_out:
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
    setting = "trained_on" if name == "texture_pairs" else "textures"
    where = f"train_reid.{training.system}.{setting} of the experiment {training.name}"
    if name == "texture_pairs":
        dataset = setup.pairs_for(training.name, stage)
        check_known(dataset, setup.datasets, where, "data set")
    elif setup.textures_for(training.name) == "painted":
        return
    else:
        dataset = setup.train(training.name)
        _check_splits(setup, training, where)
    if not setup.has_textures(dataset):
        raise UserError(
            f"the data set {dataset} has no textures",
            where=where,
            expected=f"a data set of format {RENDERED} or {PIT}",
            do="let a painter learn from another data set (textures: painted, trained_on: its name)",
        )
    size = setup.config["import_textures"]["size"]
    if setup.is_rendered(dataset) and size not in SIZES:
        what = f"textures of rendered people of {size} texels a side"
        raise UserError(what, where="import_textures.size", expected=f"one of {', '.join(map(str, SIZES))}")


def _check_splits(setup: Configuration, training: Training, where: str) -> None:
    """Given textures are those of some splits."""
    known = setup.config["import_textures"]["splits"]
    lacking = [split for split in training.section["splits"] if split not in known]
    if lacking:
        raise UserError(
            f"images of the split {lacking[0]} are trained on, and their textures are not read",
            where=where,
            expected=f"train_reid.splits among {', '.join(known)}",
            do="name the split under import_textures.splits",
        )
