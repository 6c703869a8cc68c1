"""A small fault in the package, and the list of those that the tests must notice."""

from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True)
class Fault:
    """One text of the package in place of another.

    Attributes:
        file: in the package.
        old: text that stands there once.
        new: the faulty text.
        tests: files or folders in ``tests`` that must notice it, separated by spaces.
    """

    file: str
    old: str
    new: str
    tests: str

    def __str__(self) -> str:
        return f"{self.file}: {_line(self.old)} -> {_line(self.new) or 'nothing'}"

    def put_into(self, text: str) -> str:
        """The text of the file with the fault in it.

        Raises:
            ValueError: the old text is not there, or several times; it equals the new one.
        """
        found = text.count(self.old)
        if found != 1 or self.old == self.new:
            raise ValueError(f"{self}: the old text is there {found} times; once, and another than the new, is needed")
        return text.replace(self.old, self.new)

    @property
    def tested_by(self) -> list[str]:
        """Paths of the tests, from the folder of the project."""
        return [f"tests/{path}" for path in self.tests.split()]


def read_faults(path: Path) -> list[Fault]:
    """The faults of a YAML list of mappings with the attributes of a fault."""
    return [Fault(**each) for each in yaml.safe_load(path.read_text(encoding="utf-8"))]


def _line(text: str) -> str:
    return " ".join(text.split())
