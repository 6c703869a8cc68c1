"""What somebody may have meant who asked for an artifact that no rule makes.

Snakemake says that there is no rule for it, and nothing else; and it learns what was asked for only after it has read
the Snakefile. So the answer is added to its message, when it writes that to its log.
"""

import difflib
import logging
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from snakemake.io import strip_wildcard_constraints

from purereid.configuration import Configuration
from purereid.data.formats.scan import holds
from purereid.purification.purifiers.registry import NETWORKS

if TYPE_CHECKING:
    from snakemake.workflow import Workflow

MOST = 3  # suggestions


class Suggestions(logging.Filter):
    """Adds to an error of Snakemake what was probably meant by targets that no rule makes.

    Args:
        workflow: the rules, and the targets as soon as Snakemake has set them.
        setup: the config, whose names suggestions are made of.
    """

    def __init__(self, workflow: "Workflow", setup: Configuration):
        super().__init__()
        self.workflow, self.setup, self.told = workflow, setup, False

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, the first error with suggestions."""
        settings = self.workflow.dag_settings
        if record.levelno >= logging.ERROR and settings is not None and not self.told:
            self.told = True
            advice = [line for target in sorted(settings.targets) for line in self._advice(target)]
            record.msg, record.args = "\n".join([record.getMessage(), *advice]), ()
        return True

    def _advice(self, target: str) -> list[str]:
        """One line on a target, or none on one that can be made or is there."""
        if not target or holds(Path(target).exists):
            return []
        rules = {rule.name: rule for rule in self.workflow.rules}
        if target in rules:
            made = self._artifacts([rules[target]]) if rules[target].has_wildcards() else []
            return [f"The rule {target} makes several artifacts; ask for one, such as {made[0]}"] if made else []
        path = os.path.relpath(target)
        if any(rule.is_producer(path) for rule in rules.values()):
            return [f"Artifacts are named from the working folder: {path}"] if target.startswith(os.sep) else []
        return [suggestion(target, path, list(rules), self._artifacts(rules.values()))]

    def _artifacts(self, rules: Sequence) -> list[str]:
        """Artifacts that some rules make of the names in the config."""
        patterns = [strip_wildcard_constraints(str(output)) for rule in rules for output in rule.output]
        return list(artifacts(patterns, self.setup))


def suggestion(target: str, path: str, rules: Sequence[str], known: Sequence[str]) -> str:
    """What was probably meant by a target.

    Args:
        target: as it was given.
        path: the same, from the working folder.
        rules: names of all rules.
        known: artifacts that can be made.
    """
    if os.sep not in target:
        near = difflib.get_close_matches(target, rules, 1)
        return f"{target} is no rule and no artifact; " + (
            f"did you mean {near[0]}?" if near else "see snakemake --list"
        )
    inside = [each for each in known if each.startswith(f"{path}/")]
    if inside:
        return f"{target} is a folder; ask for an artifact in it, such as {', '.join(inside[:MOST])}"
    near = difflib.get_close_matches(path, known, MOST, 0.8)
    return f"{target} is no artifact; " + (f"did you mean {' or '.join(near)}?" if near else "see docs/artifacts.md")


def artifacts(patterns: Iterable[str], setup: Configuration) -> Iterator[str]:
    """Paths that patterns of rules stand for with names of the config; the parts of what is shared are left out."""
    values = _values(setup)
    stages = {("experiment", name): setup.training(name).about.stages for name in setup.experiments}
    stages |= {("generator", name): setup.making(name).about.stages for name in setup.generators}
    for pattern in dict.fromkeys(patterns):
        names = list(dict.fromkeys(re.findall(r"{(\w+)}", pattern)))
        if all(name in values for name in names):
            for chosen in product(*(values[name] for name in names)):
                given = dict(zip(names, chosen, strict=True))
                if _fit(given, setup, stages):
                    yield pattern.format(**given)


def _values(setup: Configuration) -> dict[str, list]:
    """What wildcards may be, by name."""
    stages = [stage for rule in ("train_gan", "train_reid") for stage in setup.stages(rule)]
    return {
        "dataset": list(setup.datasets),
        "experiment": list(setup.experiments),
        "seed": setup.all_seeds(),
        "stage": list(dict.fromkeys(stages)),
        "generator": list(setup.generators),
        "purifier": list(setup.purifiers),
        "network": list(NETWORKS),
        "picture": list(setup.pictures),
        "images": ["train", "test"],
        "pairs": ["train", "test"],
    }


def _fit(names: dict, setup: Configuration, stages: dict[tuple, dict]) -> bool:
    """Whether names go together: of what the config trains, tests, generates and purifies."""
    dataset, experiment, generator = (names.get(key) for key in ("dataset", "experiment", "generator"))
    if experiment is not None:
        used = [setup.train(experiment), *setup.tests(experiment)]
        return (
            dataset in used
            and names.get("seed") in (None, *setup.seeds(experiment))
            and ("stage" not in names or names["stage"] in stages["experiment", experiment])
        )
    if "purifier" in names:
        return (dataset, generator, names["purifier"]) in setup.purified_in_use()
    if generator is not None:
        used = (*setup.generators_in_use(), *setup.networks_in_use())
        known = "stage" not in names or names["stage"] in stages["generator", generator]
        return (dataset, generator) in used and known
    return True
