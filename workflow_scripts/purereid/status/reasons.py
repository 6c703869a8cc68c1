"""Snakemake's reasons to run a job, in a few words."""

import ast
import json
from collections.abc import Iterator, Sequence, Set
from pathlib import Path

from purereid.planned_jobs import Job

NAMED, LENGTH = 3, 20  # settings named at most, characters of a value shown at most


def why(job: Job) -> str:
    """Why an artifact is stale, for example ``changed settings: epochs 3 -> 4``."""
    reason = job.reason
    words = [f"missing output: {_first(reason.missing)}"] if reason.missing else []
    words += ["incomplete output"] if reason.incomplete else []
    words += [f"changed data: {_first(reason.updated)}"] if reason.updated else []
    words += ["other inputs"] if reason.inputs else []
    words += changed_params(reason.before, reason.now, _recorded_code(job.folder))
    words += ["changed environment"] if reason.environment else []
    return ", ".join(words)


def changed_params(before: Set[str], now: Set[str], code: str | None) -> list[str]:
    """Tell settings, code and the user's data apart, all of which are params of the rules.

    Args:
        before: params that the artifact was made with and that are not those of now, as Python literals. Those that are
            texts are digests of code or data.
        now: the other way round.
        code: digest of the code that made the artifact, from its provenance.
    """
    old, new = ([_value(text) for text in sorted(texts)] for texts in (before, now))
    digests = {value for value in old if isinstance(value, str)}
    words = ["changed code"] if code in digests else []
    if digests - {code}:
        words.append("changed data" if code else "changed code or data")
    old, new = ([value for value in values if not isinstance(value, str)] for values in (old, new))
    if old or new or (now and not words):
        words.append("changed settings" + (_named(old[0], new[0]) if len(old) == len(new) == 1 else ""))
    return words


def _value(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):  # settings with values such as inf
        return None


def _named(old: object, new: object) -> str:
    """Names and values of the settings that differ."""
    found = list(_differences(old, new))
    more = [f"{len(found) - NAMED} more"] if len(found) > NAMED else []
    return ": " + ", ".join(found[:NAMED] + more) if found else ""


def _differences(old: object, new: object, name: str = "") -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys(), key=str):
            if old.get(key) != new.get(key):
                yield from _differences(old.get(key), new.get(key), f"{name}.{key}" if name else str(key))
    elif name:
        short = max(len(str(old)), len(str(new))) <= LENGTH
        yield f"{name} {old} -> {new}" if short else name


def _first(files: Sequence[str]) -> str:
    return files[0] if len(files) == 1 else f"{files[0]} and {len(files) - 1} more"


def _recorded_code(folder: Path) -> str | None:
    try:
        return json.loads((folder / "provenance.json").read_text(encoding="utf-8"))["code"]
    except (OSError, ValueError, KeyError):
        return None
