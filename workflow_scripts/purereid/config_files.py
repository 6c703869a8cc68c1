"""Config files: what is wrong with one that Snakemake cannot take, told with its file and line."""

import difflib
import json
from pathlib import Path

import yaml

from purereid.errors import UserError
from purereid.strict_yaml import read_yaml

EXPECTED = "a YAML file (or JSON) of settings, such as presets/market1501.yaml"


def read_config(path: str | Path) -> dict:
    """Read a config file.

    Args:
        path: a regular file: several readers read it, and a pipe can be read once alone.

    Raises:
        UserError: it is not there, is a pipe, no text, no YAML, empty, or no section of settings, or a key stands twice
            in it.
    """
    path = Path(path)
    try:
        _check_regular(path)
    except OSError as error:
        raise UserError(f"no config file can be here: {error.strerror}", where=path, do="correct the path") from None
    content = _content(path)
    if content is None:
        do = "write settings into it, or leave out --configfile"
        raise UserError("the config file is empty", where=path, expected=EXPECTED, do=do)
    if not isinstance(content, dict):
        what = f"the config file holds {'a list' if isinstance(content, list) else 'one value'}, and no settings"
        raise UserError(what, where=path, expected="YAML lines such as  seeds: [1, 2]")
    return content


def _check_regular(path: Path) -> None:
    if path.is_dir():
        raise UserError("the config file is a folder", where=path, expected=EXPECTED)
    if not path.exists():
        raise UserError("the config file does not exist", where=path, expected=EXPECTED, do=_near(path))
    if not path.is_file():
        what = "the config file is a pipe or a device, which can be read once alone"
        raise UserError(what, where=path, expected=EXPECTED, do="write its content into a file")


def _content(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.suffix == ".json" else read_yaml(path)
    except OSError as error:
        raise UserError(
            f"the config file cannot be read ({error.strerror})", where=path, do="allow to read it"
        ) from None
    except UnicodeDecodeError:
        raise UserError("the config file is no text in UTF-8", where=path, expected=EXPECTED) from None
    except json.JSONDecodeError as error:
        where = f"{path}, line {error.lineno}, column {error.colno}"
        raise UserError(f"the config file is no JSON: {error.msg}", where=where, do="correct it") from None
    except yaml.MarkedYAMLError as error:
        raise _no_yaml(error, path) from None
    except (yaml.YAMLError, ValueError) as error:  # control characters; numbers and dates that there cannot be
        raise UserError(f"the config file is no YAML: {error}", where=path, do="correct it") from None
    except RecursionError:
        what = "the config file has too many sections inside each other, or one that holds itself"
        raise UserError(what, where=path, do="correct it") from None


def _no_yaml(error: yaml.MarkedYAMLError, path: Path) -> UserError:
    mark, begin = error.problem_mark or error.context_mark, error.context_mark
    where = f"{path}, line {mark.line + 1}, column {mark.column + 1}"
    begun = f"; what is not complete there begins in line {begin.line + 1}" if begin and begin.line < mark.line else ""
    tab = "\\t" in str(error.problem)
    do = "indent with blanks instead of tabs" if tab else "correct the line, or the one before it"
    words = ", ".join(filter(None, [error.context, error.problem]))
    return UserError(f"the config file is no YAML: {words}", where=where + begun, do=do)


def _near(path: Path) -> str:
    names = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, names, 1)
    return f"did you mean {path.parent / near[0]}?" if near else "correct the path"
