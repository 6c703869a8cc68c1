"""What happens when in a training: in order, and before the training ends."""

from collections.abc import Iterator
from itertools import pairwise

from purereid.configuration import Configuration, Training
from purereid.errors import UserError

BEGINNINGS = ("frozen_epochs", "generated_from_epoch")  # settings that hold something back until then


def check_schedules(setup: Configuration) -> None:
    """Milestones rise, and intervals have their smaller end first.

    Raises:
        UserError: the first that do not.
    """
    for where, settings in _trainings(setup):
        milestones = settings.get("milestones", [])
        rises = all(early < late for early, late in pairwise(milestones))
        if settings.get("schedule") == "steps" and not rises:
            raise UserError(
                f"the milestones {milestones} do not rise",
                where=f"milestones of {where}",
                expected="numbers of epochs, each above the one before it: at each the rate is multiplied by gamma",
            )
        start, end = settings.get("identity_epochs", (0, 0))
        if start > end:
            what = f"{settings['identity_epochs']} is no interval"
            raise UserError(what, where=f"identity_epochs of {where}", expected="the smaller number first")


def unreached(setup: Configuration) -> list[str]:
    """What a training is too short for, in words; a short training may be meant, to try something out."""
    notes = []
    for where, settings in _trainings(setup):
        epochs = settings.get("epochs", 0)
        if not epochs:
            continue
        late = [each for each in settings.get("milestones", []) if each > epochs]
        if settings.get("schedule") == "steps" and late:
            notes.append(f"{where}: milestones {late} lie behind the last of {epochs} epochs")
        if settings.get("warmup_epochs", 0) > epochs:
            notes.append(f"{where}: a warm-up of {settings['warmup_epochs']} epochs is longer than the {epochs} epochs")
        notes += [
            f"{where}: {name} is {settings[name]}, and there are {epochs} epochs"
            for name in BEGINNINGS
            if settings.get(name, 0) >= epochs
        ]
    return notes


def _trainings(setup: Configuration) -> Iterator[tuple[str, dict]]:
    """Owner, in words, and settings of each training that is in use."""
    for name in setup.own_experiments():
        yield from _stages(setup.training(name), f"the experiment {name}", setup.stages_in_use(name))
    for _, name in setup.networks_in_use():
        if setup.experiment_behind(name) is None:
            training = setup.making(name)
            yield from _stages(training, f"the generator {name}", training.stages_of("generator"))
    graphs = dict.fromkeys(each for dataset in setup.datasets for each in setup.graph_networks_on(dataset))
    for generator, network in graphs:
        yield f"train_{network} for the generator {generator}", setup.of_generator(f"train_{network}", generator)


def _stages(training: Training, owner: str, stages: list[str]) -> Iterator[tuple[str, dict]]:
    for stage in stages:
        name = owner if len(training.about.stages) == 1 else f"{owner}, stage {stage}"
        yield name, training.settings(stage)
