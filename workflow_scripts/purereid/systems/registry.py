"""Which generators there are: each sub-package with a ``system.yaml`` is one.

``system.yaml`` says what the workflow has to know before any code of the system runs:

- ``inputs``: what its training reads besides the index: ``joints``, ``parts``, ``pairs``, ``encoder``
- ``conditions``: what an image is made from: ``source`` (who), ``joints`` or ``parts`` (which pose); none: noise alone
- ``settings``: JSON schema of its settings; their defaults stand in the config, under ``train_gan``

Two of its modules hold the code:

- ``networks``: ``Generator(**configuration)``, an ``nn.Module`` with ``configuration`` and ``draw(conditions)``
- ``train``: ``Trainer(data, settings, device)``, a ``trainer.GeneratorTrainer``
"""

import importlib
from functools import cache
from pathlib import Path

import yaml

FOLDER = Path(__file__).parent


def system_names() -> list[str]:
    """Names of all systems, sorted."""
    return sorted(path.parent.name for path in FOLDER.glob("*/system.yaml"))


@cache
def description(system: str) -> dict:
    """What a system's ``system.yaml`` says."""
    return yaml.safe_load((FOLDER / system / "system.yaml").read_text(encoding="utf-8"))


def network_class(system: str) -> type:
    """The class ``Generator`` of a system; importing it may take seconds."""
    return importlib.import_module(f"purereid.systems.{system}.networks").Generator


def trainer_class(system: str) -> type:
    """The class ``Trainer`` of a system."""
    return importlib.import_module(f"purereid.systems.{system}.train").Trainer


def code_of(system: str, module: str) -> Path:
    """File of a system's ``networks`` or ``train``, for the digest of the code behind a job."""
    return FOLDER / system / f"{module}.py"
