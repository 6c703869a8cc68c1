"""Experiments: whom and what they name, their batches, their images, what their systems say."""

from purereid.checks.known import check_experiment_known, check_known, check_of_network
from purereid.checks.teachers import check_teacher
from purereid.configuration import Configuration, Training
from purereid.errors import UserError
from purereid.networks.registry import check_settings


def check_names(setup: Configuration) -> None:
    """What experiments name: each other, data sets, stages.

    Raises:
        UserError: the first mistake that is found.
    """
    for experiment in setup.left_out:
        check_known(experiment, setup.all_experiments, "leave_out", "experiment")
    check_experiment_known(setup, setup.config["compare"]["reference"], "compare.reference")
    for rule in ("calibrate", "export_encoder", "similarity_maps", "plot_features"):
        for experiment in setup.config[rule]["experiments"]:
            check_known(experiment, setup.all_experiments, f"{rule}.experiments", "experiment")
    for experiment in setup.experiments:
        _check_experiment(setup, experiment)
    for experiment, entry in setup.experiments.items():
        for key, named in (("train", [setup.train(experiment)]), ("test", setup.tests(experiment))):
            where = f"experiments.{experiment}.{key}" if key in entry else "dataset"
            for dataset in named:
                check_known(dataset, setup.datasets, where, "data set")


def _check_experiment(setup: Configuration, experiment: str) -> None:
    """The networks of another experiment are as that one trains them; a stage must be there and yield an encoder."""
    entry, where = setup.experiments[experiment], f"experiments.{experiment}"
    other = entry.get("from_experiment")
    if other is not None:
        check_experiment_known(setup, other, f"{where}.from_experiment")
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
    of_training = ("system", "train", "gpus", "repeat", "generator", "purifier", "train_reid")
    of_training = [key for key in of_training if key in entry]
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


def check_maps(setup: Configuration) -> None:
    """Experiments whose maps are to be drawn have some."""
    for experiment in setup.config["similarity_maps"]["experiments"]:
        if experiment not in setup.left_out and not setup.has_map(experiment):
            what = f"the encoder of the experiment {experiment} has no map of places"
            expected = "a backbone other than colour_histogram, and of a model of timm a pooling other than own"
            raise UserError(what, where="similarity_maps.experiments", expected=expected, do="take it out")


def check_batches(setup: Configuration) -> None:
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


def check_augmentation(setup: Configuration) -> None:
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


def check_systems(setup: Configuration) -> None:
    """What systems say of their own settings, and settings at test of other systems than the experiment's."""
    for name in setup.own_experiments():
        system, settings, owner, teacher = _of_training(setup, setup.training(name), setup.train(name))
        check_settings(system, settings, owner, teacher)
        if settings.get("generated_labels") == "teacher":
            check_teacher(settings, teacher, f"train_reid.{system}.teacher of {owner}")
    for dataset, name in setup.networks_in_use():
        if setup.experiment_behind(name) is None:
            check_settings(*_of_training(setup, setup.making(name), dataset))
    for name, entry in setup.experiments.items():
        training = setup.training(name)
        of_others = setup.at_test() - set(training.about.at_test)
        whose = f"the encoder of the experiment {name}, of the system {training.system}"
        given = entry.get("extract_features", {})
        check_of_network(given, of_others, whose, f"experiments.{name}.extract_features")


def _of_training(setup: Configuration, training: Training, dataset: str) -> tuple[str, dict, str, dict | None]:
    """What ``check_settings`` asks for; a teacher is one of the first stage that learns from one."""
    learning = [stage for stage in training.about.stages if "encoder" in training.inputs(stage)]
    teacher = None
    if learning:
        experiment, _ = setup.teacher(training, learning[0])
        taught = setup.training(experiment)
        about = {"name": experiment, "train": setup.train(experiment), "classifies": taught.about.classifies}
        teacher = taught.section | about
    owner = f"the {'experiment' if training.rule == 'train_reid' else 'generator'} {training.name}"
    return training.system, training.section | {"train": dataset}, owner, teacher
