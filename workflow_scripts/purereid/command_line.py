"""Snakemake's command line, as far as Snakemake answers a mistake in it with a traceback.

``profiles/default``, which Snakemake reads before all else, calls ``check_command_line``. What is not found here is
told by Snakemake in its own words.
"""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from snakemake.common import get_appdirs

from purereid.config_files import read_config
from purereid.data.formats.scan import holds
from purereid.errors import UserError

OPTIONS = {"--configfile": "files", "--configfiles": "files", "--config": "settings", "-C": "settings"}
CONFIG_FILES = (".yaml", ".yml", ".json")
NAME = re.compile(r"[a-zA-Z_][\w-]*\w")  # of a setting, to Snakemake


def check_command_line(arguments: Sequence[str]) -> None:
    """End the program with one message if Snakemake would end it with a traceback.

    Args:
        arguments: those of ``snakemake``, without its name.
    """
    try:
        refuse_unusable(arguments)
    except UserError as error:
        sys.exit(str(error))


def refuse_unusable(arguments: Sequence[str]) -> None:
    """Look at config files, settings of ``--config`` and Snakemake's cache.

    Raises:
        UserError: the first that Snakemake cannot use.
    """
    for option, values in _options(arguments):
        if OPTIONS[option] == "files":
            _check_files(values)
        else:
            for value in values:
                _check_setting(value)
    _check_cache()


def _options(arguments: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """The options that matter here, each with its values: all words up to the next option."""
    option, values = None, []
    for word in [*arguments, "--"]:
        if not word.startswith("-"):
            values.append(word)
            continue
        if option in OPTIONS:
            yield option, values
        option, given, value = word.partition("=")
        values = [value] if given else []
        if word == "--":
            return


def _check_files(values: Sequence[str]) -> None:
    for position, value in enumerate(values):
        path = Path(value)
        odd = position > 0 and path.suffix not in CONFIG_FILES and not holds(path.exists)
        if path.parts[:1] == ("results",) or odd:
            others = [each for each in values if each != value]
            raise UserError(
                f"{value} stands behind --configfile, and is taken for a config file",
                where="command line",
                expected="what is to be made before the options",
                do=f"snakemake {value} ... --configfile{' ' if others[1:] else '='}{' '.join(others) or 'mine.yaml'}",
            )
        read_config(path)


def _check_setting(text: str) -> None:
    name, given, value = text.partition("=")
    if not given:
        raise UserError(
            f"{text} stands behind --config, and is no setting",
            where="command line",
            expected="NAME=VALUE",
            do="write what is to be made before the options: snakemake TARGET ... --config NAME=VALUE",
        )
    if NAME.fullmatch(name):
        return
    *sections, last = name.split(".")
    nested = "".join(f"{section}: {{" for section in sections) + f"{last}: {value}" + "}" * len(sections)
    raise UserError(
        f"--config takes no setting called {name}",
        where="command line",
        expected="the name of a section of config.yaml; names with dots are not taken apart",
        do=f"write  {nested}  into a file, and name that with --configfile=FILE" if sections else "correct the name",
    )


def _check_cache() -> None:
    """Snakemake keeps a cache in the user's home, and ends with a traceback where it cannot."""
    folder = Path(get_appdirs().user_cache_dir, "snakemake")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        usable = os.access(folder, os.W_OK | os.X_OK)
    except OSError:
        usable = False
    if not usable:
        raise UserError(
            "the folder of Snakemake's cache cannot be written",
            where=folder,
            expected="a folder of yours",
            do="export XDG_CACHE_HOME=/a/folder/of/yours (numba and matplotlib keep theirs there too)",
        )
