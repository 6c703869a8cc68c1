"""Which systems there are: each folder of ``systems`` with a ``system.yaml`` is one.

``system.yaml`` says what the workflow has to know before any code of the system runs:

- ``rule``: ``train_reid`` where the system yields an encoder, ``train_gan`` where it only generates
- ``conditions``: what an image of its generator is made from, of ``CONDITIONS``; none: noise alone
- ``gpus``: how many GPUs may share a training: ``one`` or ``several``
- ``multiple_of``, if there is any: what height and width of its images must be multiples of
- ``at_test``, if there is any: JSON schema of settings of ``extract_features`` that its encoder is rebuilt with
- ``at_drawing``, if there is any: JSON schema of settings of ``generate`` that its generator is rebuilt with
- ``classifies``, if it is false: its encoder has no classifier
- ``mixes``, if it is true: the generator draws persons between two others, see ``contracts``
- ``settings``: JSON schema of the settings of all its stages; ``includes``, if there is any, names files with more of
  them, which systems share. Nothing that is learnt may depend on those of ``training.logged``
- ``stages``: in running order, by name: ``after``, the stage that it continues, or null; ``inputs``, what it reads
  besides the index, of ``INPUTS``; ``roles``, the networks that its file holds; and, if there is any, ``settings``, its
  own; ``needed_for``: by input, the settings that make it needless where all of them are 0 or null; ``where``:
  settings with the value that they must have, or else the stage is left out; and ``reads``: which settings of the
  system concern it beside its own, if not all do

The section of the config under ``rule`` and the system's name holds these settings, those of a stage in a section of
the stage's name. What describes the encoder of any system stands directly under ``train_reid``.

The code lies in the same folder:

- ``networks.py``: ``ROLES``, the class of each role; it is built from its ``configuration`` (JSON values)
- ``STAGE.py``, one for each stage: ``Trainer(inputs, settings, device)``, a ``training.trainer.BaseTrainer``
- ``checks.py``, if there is any: ``check(settings, owner, teacher)``, which raises ``UserError`` for settings that the
  schema passes and that are of no use; ``owner`` says of which experiment or generator; both dicts also hold ``train``,
  the data set; ``teacher`` also its ``name`` and ``classifies``, and is None without an encoder that is learnt from.
  The module is imported with each start of the workflow, so without torch
"""

import importlib
import itertools
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from purereid.strict_yaml import read_yaml

FOLDER = Path(__file__).parents[1] / "systems"
DEFAULT_SYSTEM = "bot"  # of experiments that name none
RULES = ("train_gan", "train_reid")
GUIDES = ("joints", "parts", "keypoints")  # what says a pose: heat maps of two kinds, and the key points themselves
OF_TEXTURES = ("texture_pairs", "textures")  # images with textures to learn from, and textures of the training images
INPUTS = (*GUIDES, "pairs", "encoder", "generated", *OF_TEXTURES)
CONDITIONS = ("source", "pose_image", *GUIDES, *(f"source_{name}" for name in GUIDES))
OF_KEYPOINTS = (*GUIDES, "pairs")  # inputs that are made from key points
NEEDED = {"train_gan": ("height", "width", "epochs", "seed", "log_every"), "train_reid": ("epochs",)}
OF_GRAPHS = "purification"  # stands for a system in files of networks that purifiers use
TO_DRAW = ("samples", "samples_over_time")  # settings of stages that train a generator


class Stage(NamedTuple):
    """One training: one job, one artifact, one checkpoint."""

    after: str | None
    inputs: tuple[str, ...]
    roles: tuple[str, ...]
    settings: dict
    needed_for: dict[str, tuple[str, ...]]
    where: dict[str, object]
    reads: tuple[str, ...] | None


class System(NamedTuple):
    """What ``system.yaml`` says."""

    rule: str
    conditions: tuple[str, ...]
    gpus: str
    multiple_of: int
    at_test: dict
    at_drawing: dict
    classifies: bool
    mixes: bool
    settings: dict
    stages: dict[str, Stage]

    def stage_with(self, role: str) -> str | None:
        """The last stage whose file holds a network of a role."""
        return next((name for name, stage in reversed(self.stages.items()) if role in stage.roles), None)

    def until(self, last: str) -> list[str]:
        """A stage and those that it continues, in running order."""
        before = self.stages[last].after
        return [*(self.until(before) if before else []), last]

    @property
    def inputs(self) -> tuple[str, ...]:
        """What any of the stages reads."""
        return tuple(dict.fromkeys(name for stage in self.stages.values() for name in stage.inputs))

    @property
    def sections(self) -> dict[str, dict]:
        """Settings of the stages that have some of their own."""
        return {name: stage.settings for name, stage in self.stages.items() if stage.settings}


def system_names(rule: str | None = None) -> tuple[str, ...]:
    """Names of all systems, or of those of one rule, sorted."""
    names = sorted(path.parent.name for path in FOLDER.glob("*/system.yaml"))
    return tuple(name for name in names if rule is None or description(name).rule == rule)


@cache
def description(system: str) -> System:
    """What a system's ``system.yaml`` says.

    Raises:
        ValueError: it is not as described above; a mistake of whoever writes the system.
    """
    path = FOLDER / system / "system.yaml"
    text = read_yaml(path)
    try:
        stages = {
            name: Stage(
                stage["after"],
                _names(stage["inputs"]),
                _names(stage["roles"]),
                stage.get("settings", {}),
                {key: _names(weights) for key, weights in stage.get("needed_for", {}).items()},
                stage.get("where", {}),
                _names(stage["reads"]) if "reads" in stage else None,
            )
            for name, stage in text["stages"].items()
        }
        shared = [read_yaml(FOLDER / f"{name}.yaml") for name in text.get("includes", [])]
        settings = {name: schema for part in (text["settings"], *shared) for name, schema in part.items()}
        about = (text["rule"], _names(text["conditions"]), text["gpus"], text.get("multiple_of", 1))
        about += (text.get("at_test", {}), text.get("at_drawing", {}))
        about += (text.get("classifies", True), text.get("mixes", False))
        found = System(*about, settings, stages)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} lacks {error}") from None
    wrong = [*_unknown(text), *_mistakes(found), *_absent(system, found)]
    if wrong:
        raise ValueError(f"{path}: {'; '.join(wrong)}")
    return found


def code_of(system: str, module: str) -> Path:
    """File of a system's (or ``OF_GRAPHS``) ``networks`` or of a stage, for the digest of the code behind a job."""
    return (FOLDER.parent if system == OF_GRAPHS else FOLDER) / system / f"{module}.py"


def guides_needed(conditions: Sequence[str]) -> list[str]:
    """Which of ``GUIDES`` some conditions are read from."""
    return [name for name in GUIDES if name in conditions or f"source_{name}" in conditions]


def trainer_class(system: str, stage: str) -> type:
    """The class ``Trainer`` of a stage; importing it may take seconds."""
    return importlib.import_module(f"purereid.systems.{system}.{stage}").Trainer


def check_settings(system: str, settings: dict, owner: str, teacher: dict | None) -> None:
    """What a system itself has to say against its settings, see above.

    Raises:
        UserError: they are of no use.
    """
    if code_of(system, "checks").is_file():
        importlib.import_module(f"purereid.systems.{system}.checks").check(settings, owner, teacher)


def network_class(system: str, role: str) -> type | None:
    """The class of a system's networks of a role; None where there is none."""
    if system not in (OF_GRAPHS, *system_names()):
        return None
    place = system if system == OF_GRAPHS else f"systems.{system}"
    return importlib.import_module(f"purereid.{place}.networks").ROLES.get(role)


def _unknown(text: dict) -> list[str]:
    """Keys that nobody reads: a mistyped ``settings`` would be lost in silence."""
    wrong = [f"unknown key {key}" for key in text if key not in (*System._fields, "includes")]
    stages = text["stages"].items()
    return wrong + [
        f"unknown key {key} of the stage {name}" for name, stage in stages for key in stage if key not in Stage._fields
    ]


def _names(given: object) -> tuple[str, ...]:
    if not isinstance(given, list):  # the letters of a text would be taken for names
        raise TypeError(f"a list in place of {given!r}")
    return tuple(given)


def _mistakes(found: System) -> list[str]:
    wrong = [] if found.rule in RULES else [f"rule {found.rule}, expected one of {', '.join(RULES)}"]
    wrong += [f"unknown condition {name}" for name in found.conditions if name not in CONDITIONS]
    wrong += [f"gpus {found.gpus}, expected one or several"] * (found.gpus not in ("one", "several"))
    before: list[str] = []
    for name, stage in found.stages.items():
        wrong += [f"stage {name} is after {stage.after}"] * (stage.after not in (None, *before))
        wrong += [f"unknown input {key} of the stage {name}" for key in stage.inputs if key not in INPUTS]
        needed = (*NEEDED.get(found.rule, ()), *(TO_DRAW if "generator" in stage.roles else ()))
        needed += (*(["teacher"] if "encoder" in stage.inputs else []), *itertools.chain(*stage.needed_for.values()))
        needed += (*(["trained_on"] if "texture_pairs" in stage.inputs else []), *stage.where)
        needed += ("textures",) if "textures" in stage.inputs else ()
        known = found.settings | stage.settings
        wrong += [f"the stage {name} lacks the setting {key}" for key in needed if key not in known]
        wrong += [f"the stage {name} reads {key}, which is no setting" for key in stage.reads or () if key not in known]
        wrong += [f"the name {name} of a stage is no name of a module"] * (not name.isidentifier())
        wrong += [f"the stage {name} is called like a setting"] * (name in known or name == "networks")
        guides = guides_needed(found.conditions) if "generator" in stage.roles else []
        wrong += [
            f"the stage {name} draws from {key} and lacks this input" for key in guides if key not in stage.inputs
        ]
        wrong += [f"the stage {name} has generated images"] * (
            "generated" in stage.inputs and found.rule == "train_gan"
        )
        before.append(name)
    role = "encoder" if found.rule == "train_reid" else "generator"
    return wrong + [f"no stage has the role {role}"] * (found.stage_with(role) is None)


def _absent(system: str, found: System) -> list[str]:
    modules = ["networks", *found.stages]
    return [f"there is no {module}.py" for module in modules if not code_of(system, module).is_file()]
