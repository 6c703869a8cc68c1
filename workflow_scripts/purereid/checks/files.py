"""Files and folders that a config names, and the key points without which nothing can be drawn."""

import re
from pathlib import Path

from purereid.checks.known import check_braces, check_known
from purereid.configuration import Configuration
from purereid.dataset_sources import FILE_KEYS, MERGED, RENDERED
from purereid.errors import UserError
from purereid.networks.registry import OF_KEYPOINTS


def check_weights(setup: Configuration) -> None:
    """Settings that name a file of weights: those with a checksum beside them."""
    named = {f"the experiment {name}": setup.training(name).section for name in setup.experiments}
    named |= {f"the generator {name}": setup.making(name).section for _, name in setup.generators_in_use()}
    named |= {name: setup.config[name] for name in ("estimate_keypoints", "score_images")}
    independent = named["score_images.independent"] = setup.config["score_images"]["independent"]
    if bool(independent["backbone"]) != bool(independent["weights"]):
        raise UserError(
            f"backbone is {independent['backbone']!r} and weights is {independent['weights']!r}",
            where="score_images.independent",
            expected="both, or neither for no such judge",
        )
    for owner, settings in named.items():
        for key in settings:
            if f"{key}_sha256" in settings and settings[key] and not Path(settings[key]).is_file():
                raise UserError(
                    f"weights file not found: {settings[key]}",
                    where=f"{key} of {owner}",
                    do="correct the path, or leave it empty to go without these weights",
                )


def check_datasets(setup: Configuration) -> None:
    """Data sets that are used: their files, their sources, their key points.

    Raises:
        UserError: the first mistake that is found.
    """
    for dataset in setup.datasets_in_use():
        _check_dataset(setup, dataset, ())
    for dataset, generator in setup.generators_in_use():
        _check_poses(setup, dataset, generator)
        _check_few(setup, dataset, generator)
    for experiment in setup.experiments:
        _check_poses_of_experiment(setup, experiment)


def _check_dataset(setup: Configuration, dataset: str, within: tuple[str, ...]) -> None:
    """A data set, and those that it merges; ``within``: those that are merged from it."""
    entry = setup.datasets[dataset]
    if dataset in within:
        raise UserError("a data set cannot be merged from itself", where=f"datasets.{dataset}.sources")
    if entry["format"] == MERGED:
        for source in entry["sources"]:
            check_known(source, setup.datasets, f"datasets.{dataset}.sources", "data set")
            _check_dataset(setup, source, (*within, dataset))
    elif entry["format"] != RENDERED:
        _check_sources(dataset, entry)
    elif (images := setup.rendering(dataset)["images_per_camera"])[0] > images[1]:
        where = f"render_people.images_per_camera of the data set {dataset}"
        raise UserError(f"{images} is no interval", where=where, expected="the smaller number first")
    elif "keypoints" in entry:
        where = f"datasets.{dataset}.keypoints"
        raise UserError("rendered people bring their own key points", where=where, do="remove the key")
    _check_files(dataset, [("keypoints", path) for path in entry.get("keypoints", [])])


def _check_sources(dataset: str, entry: dict) -> None:
    needed = "table" if entry["format"] == "table" else "folder"
    if needed not in entry:
        raise UserError(
            f"data set {dataset!r} has no {needed}",
            where=f"datasets.{dataset}.{needed}",
            expected=f"the path of its {'table' if needed == 'table' else 'images'}",
        )
    for option in ("camera_pattern", "pid_pattern"):
        try:
            re.compile(entry.get(option, ""))
        except re.error as error:
            where = f"datasets.{dataset}.{option}"
            raise UserError(f"unusable pattern {entry[option]!r}: {error}", where=where) from None
    _check_files(dataset, [(key, entry[key]) for key in FILE_KEYS if key in entry])


def _check_files(dataset: str, named: list[tuple[str, str]]) -> None:
    for key, path in named:
        check_braces(path, f"datasets.{dataset}.{key}")
        if not (Path(path).is_file() or Path(path).is_dir()):  # a pipe is neither
            raise UserError(
                f"{key.replace('_', ' ')} not found: {path}",
                where=f"datasets.{dataset}.{key}",
                expected="a file or folder that exists",
                do="correct the path, or put the data there",
            )


def _check_poses(setup: Configuration, dataset: str, generator: str) -> None:
    if setup.needs_poses(generator) and not setup.can_have_keypoints(dataset):
        _refuse_without_poses(setup, f"the generator {generator}", dataset)


def _check_poses_of_experiment(setup: Configuration, experiment: str) -> None:
    dataset = setup.train(experiment)
    if _learns_from_poses(setup, experiment) and not setup.can_have_keypoints(dataset):
        _refuse_without_poses(setup, f"the experiment {experiment}", dataset)


def _learns_from_poses(setup: Configuration, experiment: str) -> bool:
    return any(name in OF_KEYPOINTS for name in setup.training(experiment).any_input())


def _refuse_without_poses(setup: Configuration, who: str, dataset: str) -> None:
    """Names all that has to go at once: one part of it without the others would be the next mistake."""
    on_it = [name for name in setup.experiments if setup.train(name) == dataset]
    using = [name for name in on_it if any(map(setup.needs_poses, setup.generators_of(name)))]
    experiments = [name for name in on_it if name in using or _learns_from_poses(setup, name)]
    from_them = [name for name in setup.generators if setup.experiment_behind(name) in experiments]
    generators = dict.fromkeys(map(setup.name_of, from_them))
    parts = {"experiments": experiments, "generators": generators}
    without = ", ".join(
        f"{key}: {{{', '.join(f'{name}: null' for name in names)}}}" for key, names in parts.items() if names
    )
    raise UserError(
        f"{who} needs key points, and the data set {dataset} has none",
        where=f"datasets.{dataset}.keypoints",
        expected="key-point files of the data set, or estimate_keypoints.weights to find them with",
        do=f"name them, or do without what needs them: {without}",
    )


def _check_few(setup: Configuration, dataset: str, generator: str) -> None:
    """Scores with few real images are compared with those of the reference."""
    reference = setup.config["compare"]["reference"]
    tested = dataset in setup.tests(reference) and setup.train(reference) == dataset and setup.learns(reference)
    if setup.is_few(generator) and dataset in setup.tested() and not tested:
        raise UserError(
            f"the experiment {reference} does not learn on {dataset} and is not tested on it",
            where="compare.reference",
            expected=f"the experiment with all real images, as the generator {generator} takes some away",
        )
