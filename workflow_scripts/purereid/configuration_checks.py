"""Checks of a config beyond its schema: names that exist, files that are there, settings that go together.

What no experiment uses is not looked at, so that a config may hold data sets that are not on this machine.
"""

import difflib
import re
from collections.abc import Iterable
from pathlib import Path

from purereid.configuration import Configuration, Training
from purereid.dataset_sources import FILE_KEYS, MERGED, RENDERED
from purereid.errors import UserError
from purereid.networks.registry import OF_KEYPOINTS, check_settings
from purereid.purification.purifiers.registry import DECIDING, RULES


def check(setup: Configuration) -> None:
    """Refuse a config before any job is run, or removes an artifact that it then cannot make again.

    Raises:
        UserError: the first mistake that is found.
    """
    _check_names(setup)
    _check_batches(setup)
    _check_augmentation(setup)
    _check_generators(setup)
    _check_systems(setup)
    _check_purifiers(setup)
    _check_weights(setup)
    _check_datasets(setup)


def _check_names(setup: Configuration) -> None:
    for experiment in setup.left_out:
        _check_known(experiment, setup.all_experiments, "leave_out", "experiment")
    _check_experiment_known(setup, setup.config["compare"]["reference"], "compare.reference")
    for experiment in setup.experiments:
        _check_experiment(setup, experiment)
    for experiment, entry in setup.experiments.items():
        for key, named in (("train", [setup.train(experiment)]), ("test", setup.tests(experiment))):
            where = f"experiments.{experiment}.{key}" if key in entry else "dataset"
            for dataset in named:
                _check_known(dataset, setup.datasets, where, "data set")


def _check_experiment(setup: Configuration, experiment: str) -> None:
    """The networks of another experiment are as that one trains them; a stage must be there and yield an encoder."""
    entry, where = setup.experiments[experiment], f"experiments.{experiment}"
    other = entry.get("from_experiment")
    if other is not None:
        _check_experiment_known(setup, other, f"{where}.from_experiment")
        _check_shares(setup, experiment, other)
    if "stage" not in entry:
        return
    about = setup.training(experiment).about
    with_encoder = [name for name, stage in about.stages.items() if "encoder" in stage.roles]
    if entry["stage"] not in with_encoder:
        what = f"the system {setup.training(experiment).system} has no stage {entry['stage']} that yields an encoder"
        raise UserError(what, where=f"{where}.stage", expected=f"one of {', '.join(with_encoder)}")


def _check_shares(setup: Configuration, experiment: str, other: str) -> None:
    entry, where = setup.experiments[experiment], f"experiments.{experiment}"
    if "from_experiment" in setup.experiments[other]:
        what = f"the experiment {other} trains no networks of its own"
        raise UserError(what, where=f"{where}.from_experiment", expected="an experiment without from_experiment")
    of_training = [key for key in ("system", "train", "gpus", "generator", "purifier", "train_reid") if key in entry]
    if of_training:
        raise UserError(
            f"an experiment that uses the networks of another is not trained, and {of_training[0]} belongs to training",
            where=f"{where}.{of_training[0]}",
            do=f"set it in experiments.{other}, or remove from_experiment",
        )
    strange = [seed for seed in setup.seeds(experiment) if seed not in setup.seeds(other)]
    if strange:
        known = ", ".join(map(str, setup.seeds(other)))
        what = f"the experiment {other} is not trained with the seed {strange[0]}"
        raise UserError(what, where=f"{where}.seeds", expected=f"some of {known}")


def _check_batches(setup: Configuration) -> None:
    """A batch is shared by the GPUs of a training in equal parts."""
    for experiment in setup.experiments:
        training, gpus = setup.training(experiment), setup.gpus(experiment)
        if gpus > 1 and training.about.gpus == "one":
            raise UserError(
                f"the system {training.system} trains on one GPU, and the experiment {experiment} asks for {gpus}",
                where=f"gpus of the experiment {experiment}",
                expected="0 for the CPU, or 1",
            )
        settings = training.section
        if gpus < 2 or "identities_per_batch" not in settings:
            continue
        real = settings["identities_per_batch"] * settings["images_per_identity"]
        batch = real + settings.get("generated_per_batch", 0)
        if batch % gpus:
            most = max(number for number in range(1, gpus) if batch % number == 0)
            raise UserError(
                f"a batch of {batch} images cannot be shared by {gpus} GPUs",
                where=f"gpus of the experiment {experiment}",
                expected="a batch size that is a multiple of the number of GPUs",
                do=f"set gpus to {most}, or change identities_per_batch, images_per_identity or generated_per_batch",
            )


def _check_augmentation(setup: Configuration) -> None:
    """Images have a size that their system takes, crops fit into them, intervals have their smaller end first."""
    for experiment in setup.experiments:
        training = setup.training(experiment)
        settings, step = training.section, training.about.multiple_of
        if any(settings[side] % step for side in ("height", "width")):
            raise UserError(
                f"the system {training.system} takes no images of {settings['height']} x {settings['width']}",
                where=f"train_reid.height and width of the experiment {experiment}",
                expected=f"multiples of {step}",
            )
        crop, where = settings["crop"], f"train_reid.crop of the experiment {experiment}"
        largest = [settings[side] + 2 * settings["pad"] for side in ("height", "width")]
        if crop and any(size > most for size, most in zip(crop, largest, strict=True)):
            what = f"a crop of {crop[0]} x {crop[1]} does not fit into images of {largest[0]} x {largest[1]}"
            raise UserError(what, where=where, expected="at most height and width with pad added on each side")
        if crop and settings["backbone"].startswith("timm:"):
            what = "models of timm are built for one size of their input"
            raise UserError(what, where=where, expected="null, or a backbone of torchvision")
        for name in ("erasing_area", "erasing_aspect", "sized_crop"):
            if settings[name] and settings[name][0] > settings[name][1]:
                where = f"train_reid.{name} of the experiment {experiment}"
                raise UserError(f"{settings[name]} is no interval", where=where, expected="the smaller number first")


def _check_systems(setup: Configuration) -> None:
    """What systems say of their own settings, and settings at test of other systems than the experiment's."""
    for name in setup.own_experiments():
        check_settings(*_of_training(setup, setup.training(name), setup.train(name)))
    for dataset, name in setup.networks_in_use():
        if setup.experiment_behind(name) is None:
            check_settings(*_of_training(setup, setup.making(name), dataset))
    for name, entry in setup.experiments.items():
        about = setup.training(name)
        strange = [
            key for key in entry.get("extract_features", {}) if key in setup.at_test() - set(about.about.at_test)
        ]
        if strange:
            what = f"the encoder of the experiment {name}, of the system {about.system}, has no {strange[0]}"
            raise UserError(what, where=f"experiments.{name}.extract_features.{strange[0]}", do="remove it")


def _of_training(setup: Configuration, training: Training, dataset: str) -> tuple[str, dict, str, dict | None]:
    """What ``check_settings`` asks for; a teacher is one of the first stage that learns from one."""
    learning = [stage for stage in training.about.stages if "encoder" in training.inputs(stage)]
    teacher = None
    if learning:
        experiment, _ = setup.teacher(training, learning[0])
        taught = setup.training(experiment)
        teacher = taught.section | {"system": taught.system, "train": setup.train(experiment), "name": experiment}
    owner = f"the {'experiment' if training.rule == 'train_reid' else 'generator'} {training.name}"
    return training.system, training.section | {"system": training.system, "train": dataset}, owner, teacher


def check_deployment(config: dict, methods: Iterable[str]) -> None:
    """Refuse ``--sdm`` without what it deploys: jobs would run in another environment than the user believes.

    Args:
        config: with the keys container and envmodules.
        methods: names that were given to ``--sdm``.

    Raises:
        UserError: the key is empty.
    """
    for method, key in (("apptainer", "container"), ("env-modules", "envmodules")):
        if method in methods and not config[key]:
            raise UserError(
                f"--sdm {method} is given, and {key} is empty",
                where=key,
                expected="what the jobs are to run in",
                do="name it in your config (profiles/examples has an example), and pass that with --configfile",
            )


def _check_experiment_known(setup: Configuration, name: str, where: str) -> None:
    if name in setup.grids:
        what = f"the experiment {name} is a grid, which stands for several"
        raise UserError(what, where=where, expected=f"one of {', '.join(setup.grids[name])}")
    if name in setup.left_out and name in setup.all_experiments:
        what = f"the experiment {name} is needed, and leave_out names it"
        raise UserError(what, where=where, do=f"take {name} out of leave_out, or leave out what needs it too")
    _check_known(name, setup.experiments, where, "experiment")


def _check_known(name: str, known: Iterable[str], where: str, kind: str) -> None:
    if name not in known:
        near = difflib.get_close_matches(name, list(known), 1)
        raise UserError(
            f"unknown {kind} {name!r}",
            where=where,
            expected=f"one of {', '.join(known)}",
            do=f"did you mean {near[0]}?" if near else f"name one of these, or add it under {kind.replace(' ', '')}s",
        )


# --- generators -------------------------------------------------------------------------------------------------------


def _check_generators(setup: Configuration) -> None:
    for generator in setup.generators:
        _check_trained_as(setup, generator)
    for experiment in setup.experiments:
        _check_generator_of(setup, experiment)
    used = [generator for _, generator in setup.generators_in_use()]
    if used:
        _check_early_encoder(setup, setup.config["score_images"]["encoder"], "score_images.encoder")
    for generator in used:
        _check_pose_list(setup, generator)
        _check_injected(setup, generator)
        _check_teachers(setup, setup.making(generator), f"the generator {generator}")
    for experiment in setup.experiments:
        _check_teachers(setup, setup.training(experiment), f"the experiment {experiment}")


def _check_teachers(setup: Configuration, training: Training, owner: str) -> None:
    """Encoders that stages learn from must be there before them."""
    for stage in training.about.stages:
        if "encoder" in training.inputs(stage):
            encoder = training.settings(stage)["encoder"]
            where = f"{training.rule}.{training.system}.encoder of {owner}"
            _check_early_encoder(setup, encoder, where)
            _check_no_circle(setup, training, encoder, where)


def _check_no_circle(setup: Configuration, training: Training, teacher: str, where: str) -> None:
    """Who teaches must not learn, through others or not, from whom it teaches."""
    seen = [training.name] if training.rule == "train_reid" else []
    while teacher not in seen:
        seen.append(teacher)
        learnt = setup.training(teacher)
        stages = [stage for stage in learnt.about.stages if "encoder" in learnt.inputs(stage)]
        if not stages:
            return
        teacher = learnt.settings(stages[0])["encoder"]
        _check_experiment_known(setup, teacher, where)
    raise UserError(
        f"the experiments {', '.join(seen)} learn from each other in a circle",
        where=where,
        expected="an encoder that is there before",
        do="name an experiment of a system that learns from no encoder",
    )


def _check_trained_as(setup: Configuration, generator: str) -> None:
    """A generator has a network of its own, or uses that of another, or of an experiment."""
    entry = setup.generators[generator]
    where, other = f"generators.{generator}.trained_as", entry.get("trained_as")
    named = [key for key in ("system", "trained_as", "from_experiment") if key in entry]
    if len(named) != 1:
        raise UserError(
            f"the generator {generator} names {' and '.join(named) or 'nothing that makes its images'}",
            where=f"generators.{generator}",
            expected="one of them: a system that is trained, trained_as with a generator whose network is used, or "
            "from_experiment with an experiment whose system trains a generator too",
        )
    if "from_experiment" in entry:
        _check_from_experiment(setup, generator)
    elif "seed" in entry:
        what = "a seed is named here, and there is no experiment to which it belongs"
        raise UserError(what, where=f"generators.{generator}.seed", do="set train_gan.seed of the generator")
    if other is None:
        return
    _check_known(other, setup.generators, where, "generator")
    if "trained_as" in setup.generators[other]:
        what = f"the generator {other} has no network of its own"
        raise UserError(what, where=where, expected="a generator that names a system or an experiment")
    if "train_gan" in entry:
        raise UserError(
            "a generator that uses the network of another is not trained",
            where=f"generators.{generator}.train_gan",
            do=f"move these settings to the generator {other}, or name a system instead of trained_as",
        )


def _check_from_experiment(setup: Configuration, generator: str) -> None:
    """The experiment must train a generator, and must not wait for its images."""
    entry, where = setup.generators[generator], f"generators.{generator}.from_experiment"
    experiment = entry["from_experiment"]
    _check_experiment_known(setup, experiment, where)
    training = setup.training(experiment)
    if training.name != experiment:
        what = f"the experiment {experiment} trains no networks of its own"
        raise UserError(what, where=where, expected=f"the experiment that it takes them from: {training.name}")
    if training.stage_with("generator") is None:
        what = f"the system {training.system} of the experiment {experiment} trains no generator"
        raise UserError(what, where=where, expected="an experiment with a system that trains one")
    _check_early_encoder(setup, experiment, where)
    strange = [
        used for used, name in setup.generators_in_use() if name == generator and used != setup.train(experiment)
    ]
    if strange:
        what = f"the experiment {experiment} does not train on {strange[0]}, where its generator is used"
        raise UserError(what, where=where, do="add an experiment of that system that trains there")
    seeds = setup.seeds(experiment)
    if "seed" in entry and entry["seed"] not in seeds:
        what = f"the experiment {experiment} has no seed {entry['seed']}"
        raise UserError(what, where=f"generators.{generator}.seed", expected=f"one of {', '.join(map(str, seeds))}")
    if "train_gan" in entry:
        raise UserError(
            "a generator from an experiment is trained with the settings of that experiment",
            where=f"generators.{generator}.train_gan",
            do=f"move these settings to experiments.{experiment}.train_reid",
        )


def _check_generator_of(setup: Configuration, experiment: str) -> None:
    """Generated images need a generator, and labels of persons one that knows them."""
    generator, training = setup.generator(experiment), setup.training(experiment)
    settings, where = training.section, f"experiments.{experiment}"
    if generator is None:
        if setup.uses_generated(experiment):
            raise UserError(
                f"no generator is named, and generated_per_batch is {settings['generated_per_batch']}",
                where=where,
                expected="a generator whose images these are",
                do="name one (generator: of the experiment), or set generated_per_batch to 0",
            )
        return
    _check_known(generator, setup.generators, f"{where}.generator", "generator")
    if "generated" not in training.about.inputs:
        what = f"the system {training.system} does not train on images of a generator"
        raise UserError(what, where=f"{where}.generator", do="remove the generator, or name another system")
    if settings.get("generated_labels") == "identity" and "source" not in setup.takes(generator):
        raise UserError(
            f"the generator {generator} makes people without identity",
            where=f"{where}.train_reid.generated_labels",
            expected="uniform, extra_class or pseudo",
        )


def _check_encoder(setup: Configuration, experiment: str, where: str) -> None:
    """Features that judge generated images must not be learnt from them."""
    _check_experiment_known(setup, experiment, where)
    if setup.uses_generated(experiment):
        raise UserError(
            f"the experiment {experiment} is itself trained on generated images",
            where=where,
            expected="an experiment that learns from real images alone",
        )


def _check_early_encoder(setup: Configuration, experiment: str, where: str) -> None:
    """An encoder that is needed before images are generated must not wait for any."""
    _check_encoder(setup, experiment, where)
    generator = setup.generator(experiment)
    if generator:
        what = f"the experiment {experiment} waits for the images of the generator {generator}"
        raise UserError(what, where=where, expected="an experiment without a generator")


def _check_pose_list(setup: Configuration, generator: str) -> None:
    path = setup.pose_list(generator)
    if path and not Path(path).is_file():
        where = f"generate.train.pose_list of the generator {generator}"
        raise UserError(f"file not found: {path}", where=where, do="correct the path")


def _check_injected(setup: Configuration, generator: str) -> None:
    """Images spoiled on purpose can show a wrong person or pose only where one is asked for."""
    injected, takes = setup.generating(generator)["train"]["injected"], setup.takes(generator)
    lacking = {} if "source" in takes else {"wrong_identity": "identity"}
    lacking |= {} if any(name != "source" for name in takes) else {"off_pose": "pose"}
    named = [kind for kind in lacking if kind in injected["kinds"]]
    if injected["share"] and named:
        raise UserError(
            f"the generator {generator} is asked for no {lacking[named[0]]}, so that none can be wrong",
            where=f"generate.train.injected.kinds of the generator {generator}",
            expected=f"kinds other than {' and '.join(lacking)}, or the share 0",
            do=f"name those that remain in generators.{generator}.generate.train.injected, or set its share to 0",
        )


# --- purifiers --------------------------------------------------------------------------------------------------------


def _check_purifiers(setup: Configuration) -> None:
    for purifier in setup.purifiers:
        _check_purifier(setup, purifier)
    for experiment in setup.experiments:
        if setup.purifier(experiment):
            _check_purifier_of(setup, experiment)
    used = [generator for _, generator in setup.generators_in_use()]
    for generator in setup.config["compare_purifiers"]["generators"]:
        _check_known(generator, used, "compare_purifiers.generators", "generator of an experiment")
        _check_purifiable(setup, generator, "compare_purifiers.generators")
    for _, generator, purifier in setup.purified_in_use():
        counted = setup.purifying(purifier).get("share_of")
        for name in filter(None, (purifier, counted)):
            _check_graph(setup, generator, setup.purifying(name)["rule"])


def _check_purifier(setup: Configuration, purifier: str) -> None:
    """An entry holds settings of its rule alone, and a share of its own or that of a purifier which decides one."""
    where, entry, settings = f"purifiers.{purifier}", setup.purifiers[purifier], setup.purifying(purifier)
    known = ("rule", *RULES[settings["rule"]].settings)
    if "share" in entry and entry.get("share_of"):
        what = "both share and share_of say how many images stay"
        raise UserError(what, where=where, expected="one of them")
    strange = [name for name in entry if name not in known]
    if strange:
        what = f"the rule {settings['rule']} has no setting {strange[0]}"
        raise UserError(what, where=where, expected=", ".join(known))
    other = settings.get("share_of")
    if other:
        _check_known(other, setup.purifiers, f"{where}.share_of", "purifier")
        if setup.purifying(other)["rule"] not in DECIDING:
            raise UserError(
                f"the purifier {other} does not decide by itself how many images it keeps",
                where=f"{where}.share_of",
                expected=f"a purifier with one of the rules {', '.join(DECIDING)}",
            )


def _check_purifier_of(setup: Configuration, experiment: str) -> None:
    """What is purified must be there, and used."""
    where, generator = f"experiments.{experiment}.purifier", setup.generator(experiment)
    _check_known(setup.purifier(experiment), setup.purifiers, where, "purifier")
    if generator is None:
        what = "no generator is named, and so there is nothing to purify"
        raise UserError(what, where=where, do="name one (generator: of the experiment), or remove the purifier")
    _check_purifiable(setup, generator, where)
    if not setup.uses_generated(experiment):
        what = "generated images are purified, and generated_per_batch is 0"
        raise UserError(what, where=where, do="raise train_reid.generated_per_batch, or remove the purifier")


def _check_purifiable(setup: Configuration, generator: str, where: str) -> None:
    """Images that show known persons, and an encoder that tells these apart."""
    if "source" not in setup.takes(generator):
        raise UserError(
            f"the generator {generator} makes people without identity, whom no rule can compare with one",
            where=where,
            expected="a generator that takes a source image",
        )
    encoder = setup.of_generator("embed_generated", generator)["encoder"]
    named = f"embed_generated.encoder of the generator {generator}"
    _check_encoder(setup, encoder, named)
    if not setup.learns(encoder):
        what = f"the experiment {encoder} does not learn (epochs: 0), so that its features tell no persons apart"
        raise UserError(what, where=named, expected="an experiment that learns from real images")


def _check_graph(setup: Configuration, generator: str, rule: str) -> None:
    """The graph must hold the neighbours that the networks look at."""
    found = setup.of_generator("build_graph", generator)["k"]
    for network in RULES[rule].networks:
        settings = setup.of_generator(f"train_{network}", generator)
        needed = {name: settings[name] for name in ("k1", "k2", "u", "k") if name in settings}
        name = max(needed, key=needed.get)
        if needed[name] > found:
            raise UserError(
                f"build_graph.k is {found}, and train_{network}.{name} is {needed[name]}",
                where=f"generator {generator}, purified by the rule {rule}",
                expected="a graph with as many neighbours as the network looks at",
                do=f"raise build_graph.k to {needed[name]}, or lower train_{network}.{name}",
            )


# --- files ------------------------------------------------------------------------------------------------------------


def _check_weights(setup: Configuration) -> None:
    """Settings that name a file of weights: those with a checksum beside them."""
    named = {f"the experiment {name}": setup.training(name).section for name in setup.experiments}
    named |= {f"the generator {name}": setup.making(name).section for _, name in setup.generators_in_use()}
    named |= {name: setup.config[name] for name in ("estimate_keypoints", "score_images")}
    for owner, settings in named.items():
        for key in settings:
            if f"{key}_sha256" in settings and settings[key] and not Path(settings[key]).is_file():
                raise UserError(
                    f"weights file not found: {settings[key]}",
                    where=f"{key} of {owner}",
                    do="correct the path, or leave it empty to go without these weights",
                )


def _check_datasets(setup: Configuration) -> None:
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
            _check_known(source, setup.datasets, f"datasets.{dataset}.sources", "data set")
            _check_dataset(setup, source, (*within, dataset))
    elif entry["format"] != RENDERED:
        _check_sources(dataset, entry)
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
        if not Path(path).exists():
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
    using = [name for name in on_it if setup.generator(name) and setup.needs_poses(setup.generator(name))]
    experiments = [name for name in on_it if name in using or _learns_from_poses(setup, name)]
    generators = [name for name in setup.generators if setup.experiment_behind(name) in experiments]
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
