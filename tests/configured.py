"""Configs for tests: that of the repository, and what becomes of it when it is changed."""

import copy
from functools import cache, reduce
from pathlib import Path

import pytest
import yaml

from purereid.checks.check import check
from purereid.configuration import Configuration
from purereid.errors import UserError

ROOT = Path(__file__).parents[1]


def default_config() -> dict:
    """The config of the repository, with the generators and experiments of the showcase, to be changed."""
    return copy.deepcopy(_config())


def configure(config: dict) -> Configuration:
    """Check a config against the schema of the repository."""
    setup = Configuration(config, ROOT / "rules/schemas/config.schema.yaml")
    check(setup)
    return setup


def refused(config: dict) -> str:
    """What is said of a config that is refused."""
    with pytest.raises(UserError) as error:
        configure(config)
    return str(error.value)


def get(config: dict, path: str) -> object:
    """What stands at a dotted path."""
    return reduce(lambda part, name: part[name], path.split("."), config)


def put(config: dict, path: str, value: object) -> None:
    """Set what stands at a dotted path."""
    parent, _, last = path.rpartition(".")
    (get(config, parent) if parent else config)[last] = value


@cache
def _config() -> dict:
    config, showcase = (yaml.safe_load((ROOT / name).read_text()) for name in ("config.yaml", "presets/showcase.yaml"))
    for name in ("generators", "experiments"):
        config[name] |= showcase[name]
    return config
