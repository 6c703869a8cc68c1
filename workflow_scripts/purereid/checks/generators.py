"""Generators: where their networks come from, whom they learn from, what they are asked for."""

from pathlib import Path

from purereid.checks.known import (
    check_braces,
    check_experiment_known,
    check_generator_known,
    check_known,
    check_of_network,
)
from purereid.configuration import Configuration, Training
from purereid.errors import UserError


def check_generators(setup: Configuration) -> None:
    """Generators, those of experiments, and whom all of them learn from.

    Raises:
        UserError: the first mistake that is found.
    """
    for generator in setup.config["compare_images"]["generators"]:
        check_generator_known(setup, generator, "compare_images.generators")
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
        _check_drawing(setup, generator)
        _check_teachers(setup, setup.making(generator), f"the generator {generator}")
    _check_pictures(setup)
    for experiment in setup.experiments:
        _check_teachers(setup, setup.training(experiment), f"the experiment {experiment}")


def _check_pictures(setup: Configuration) -> None:
    """Persons between two others are drawn by generators that mix; folders hold images."""
    for name, entry in setup.pictures.items():
        for file in setup.named_files(name):  # a folder among them must hold images
            check_braces(file, f"generate_one.{name}")
        generator = entry.get("generator", "")
        named = [each for each in setup.all_of(generator) if each in setup.generators]
        if entry.get("between") and named and not setup.making(named[0]).about.mixes:
            raise UserError(
                f"the generator {generator}, of the system {setup.making(named[0]).system}, does not mix persons",
                where=f"generate_one.{name}.between",
                expected="0 or nothing, or a generator of a system that mixes: dgnet, flow",
                do="remove it, or name another generator",
            )


def _check_teachers(setup: Configuration, training: Training, owner: str) -> None:
    """Encoders that stages learn from must be there before them."""
    for stage in training.about.stages:
        if "encoder" in training.inputs(stage):
            encoder = training.settings(stage)["teacher"]
            where = f"{training.rule}.{training.system}.teacher of {owner}"
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
        teacher = learnt.settings(stages[0])["teacher"]
        check_experiment_known(setup, teacher, where)
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
    check_known(other, setup.generators, where, "generator")
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
    check_experiment_known(setup, experiment, where)
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
    generator, training = setup.named_generator(experiment), setup.training(experiment)
    settings, where = training.section, f"experiments.{experiment}"
    if "generated_labels" in settings and (settings["generated_labels"] == "teacher") != bool(settings["teacher"]):
        raise UserError(
            f"generated_labels is {settings['generated_labels']}, and "
            + (f"the teacher {settings['teacher']} is named" if settings["teacher"] else "no teacher is named"),
            where=f"{where}.train_reid.teacher",
            expected="a name with generated_labels: teacher, and none with other labels",
        )
    if generator is None:
        if setup.uses_generated(experiment):
            raise UserError(
                f"no generator is named, and generated_per_batch is {settings['generated_per_batch']}",
                where=where,
                expected="a generator whose images these are",
                do="name one (generator: of the experiment), or set generated_per_batch to 0",
            )
        return
    check_generator_known(setup, generator, f"{where}.generator")
    if "generated" not in training.about.inputs:
        what = f"the system {training.system} does not train on images of a generator"
        raise UserError(what, where=f"{where}.generator", do="remove the generator, or name another system")
    if settings.get("generated_labels") in ("identity", "shuffled") and "source" not in setup.takes(
        setup.all_of(generator)[0]
    ):
        raise UserError(
            f"the generator {generator} makes people without identity",
            where=f"{where}.train_reid.generated_labels",
            expected="uniform, extra_class, pseudo or teacher",
        )


def check_encoder(setup: Configuration, experiment: str, where: str) -> None:
    """Features that judge generated images must not be learnt from them."""
    check_experiment_known(setup, experiment, where)
    if setup.uses_generated(experiment):
        raise UserError(
            f"the experiment {experiment} is itself trained on generated images",
            where=where,
            expected="an experiment that learns from real images alone",
        )


def _check_early_encoder(setup: Configuration, experiment: str, where: str) -> None:
    """An encoder that is needed before images are generated must not wait for any."""
    check_encoder(setup, experiment, where)
    generator = setup.named_generator(experiment)
    if generator:
        what = f"the experiment {experiment} waits for the images of the generator {generator}"
        raise UserError(what, where=where, expected="an experiment without a generator")


def _check_pose_list(setup: Configuration, generator: str) -> None:
    path, where = setup.pose_list(generator), f"generate.train.pose_list of the generator {generator}"
    check_braces(path or "", where)
    if path and not Path(path).is_file():
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


def _check_drawing(setup: Configuration, generator: str) -> None:
    """Settings with which a generator is rebuilt belong to its own system."""
    training = setup.making(generator)
    of_others = setup.at_drawing() - set(training.about.at_drawing)
    whose = f"the generator {generator}, of the system {training.system}"
    given = setup.generators[generator].get("generate", {})
    check_of_network(given, of_others, whose, f"generators.{generator}.generate")
