"""Which generators there are: each sub-package with a ``system.yaml`` is one.

``system.yaml`` says what the workflow has to know before any code of the system runs:

- ``inputs``: what its training reads besides the index, of ``INPUTS``
- ``conditions``: what an image is made from, of ``CONDITIONS`` (see ``conditions.py``); none: noise alone
- ``settings``: JSON schema of its settings, among them those of ``NEEDED``; their defaults stand in the config

Two of its modules hold the code:

- ``networks``: ``Generator(**configuration)``, an ``nn.Module`` with ``configuration`` (JSON values, among them height
  and width of its images in pixels) and ``draw(conditions) -> uint8 [B, 3, H, W]``
- ``train``: ``Trainer(data, settings, device)``, a ``trainer.GeneratorTrainer``; ``data`` is a ``TrainingData``; among
  its ``columns`` are a loss and ``learning_rate``
"""

import importlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import yaml

FOLDER = Path(__file__).parents[1] / "systems"
MAPS = ("joints", "parts")
INPUTS = (*MAPS, "pairs", "encoder")
CONDITIONS = ("source", "pose_image", *MAPS, *(f"source_{name}" for name in MAPS))
NEEDED = ("height", "width", "epochs", "images_per_epoch", "batch", "samples", "samples_over_time", "seed", "log_every")


def system_names() -> list[str]:
    """Names of all systems, sorted."""
    return sorted(path.parent.name for path in FOLDER.glob("*/system.yaml"))


@cache
def description(system: str) -> dict:
    """What a system's ``system.yaml`` says.

    Raises:
        ValueError: it is not as described above; a mistake of whoever writes the system.
    """
    path = FOLDER / system / "system.yaml"
    absent = [module for module in ("networks", "generator") if not code_of(system, module).is_file()]
    if absent:
        raise ValueError(f"{path.parent} has no {absent[0]}.py")
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    if set(found) != {"inputs", "conditions", "settings"}:
        raise ValueError(f"{path} holds {sorted(found)}, expected inputs, conditions and settings")
    lacking = [name for name in NEEDED if name not in found["settings"]]
    unknown = sorted({*found["inputs"]} - {*INPUTS} | {*found["conditions"]} - {*CONDITIONS})
    if lacking or unknown:
        raise ValueError(f"{path}: settings that are missing: {lacking}; unknown inputs or conditions: {unknown}")
    return found


def maps_needed(conditions: Sequence[str]) -> list[str]:
    """Which heat maps (``joints``, ``parts``) some conditions are read from."""
    return [name for name in MAPS if name in conditions or f"source_{name}" in conditions]


def network_class(system: str) -> type:
    """The class ``Generator`` of a system; importing it may take seconds."""
    return importlib.import_module(f"purereid.systems.{system}.networks").Generator


def trainer_class(system: str) -> type:
    """The class ``Trainer`` of a system."""
    return importlib.import_module(f"purereid.systems.{system}.generator").Trainer


def code_of(system: str, module: str) -> Path:
    """File of a system's ``networks`` or ``train``, for the digest of the code behind a job."""
    return FOLDER / system / f"{module}.py"
