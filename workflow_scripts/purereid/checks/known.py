"""Names in a config that must be those of something else in it."""

import difflib
import re
from collections.abc import Iterable

from purereid.configuration import Configuration
from purereid.errors import UserError


def check_experiment_known(setup: Configuration, name: str, where: str) -> None:
    """Refuse a name that is of no experiment, of a grid or of one that is left out.

    Raises:
        UserError: the first mistake that is found.
    """
    if name in setup.grids:
        what = f"the experiment {name} is a grid, which stands for several"
        raise UserError(what, where=where, expected=f"one of {', '.join(setup.grids[name])}")
    if name in setup.left_out and name in setup.all_experiments:
        what = f"the experiment {name} is needed, and leave_out names it"
        do = f"take {name} out of leave_out, or leave out what needs it too; in a setting, name another"
        raise UserError(what, where=where, do=do)
    check_known(name, setup.experiments, where, "experiment")


def check_generator_known(setup: Configuration, name: str, where: str) -> None:
    """Refuse a name that is of no generator, and stands for none.

    Raises:
        UserError: there is none.
    """
    check_known(name, [*setup.generators, *setup.draws], where, "generator")


def check_braces(path: str, where: str) -> None:
    """Refuse a file or folder in whose path Snakemake would fill in wildcards.

    Raises:
        UserError: the path holds a name in curly brackets.
    """
    if re.search(r"\{.+?\}", path):
        do = "rename it, or make a symbolic link to it under another name"
        raise UserError(f"{path} holds curly brackets", where=where, expected="a path without {...}", do=do)


def check_known(name: str, known: Iterable[str], where: str, kind: str) -> None:
    """Refuse a name that is not among those that are known; ``kind`` says of what, ``where`` in which setting.

    Raises:
        UserError: the first mistake that is found.
    """
    if name not in known:
        near = difflib.get_close_matches(name, list(known), 1)
        raise UserError(
            f"unknown {kind} {name!r}",
            where=where,
            expected=f"one of {', '.join(known)}",
            do=f"did you mean {near[0]}?"
            if near
            else f"name one of these, or add it under {kind.partition(' of ')[0].replace(' ', '')}s",
        )


def check_of_network(given: Iterable[str], of_others: set[str], whose: str, where: str) -> None:
    """Refuse settings with which only networks of other systems are rebuilt; ``whose`` says which network it is.

    Raises:
        UserError: the first of them.
    """
    strange = [key for key in given if key in of_others]
    if strange:
        raise UserError(f"{whose}, has no {strange[0]}", where=f"{where}.{strange[0]}", do="remove it")
