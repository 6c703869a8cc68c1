"""Snakemake's reasons to run a job, in a few words."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

from purereid.status.plan import Job

FILES = re.compile(r"(Missing output|Incomplete output|Updated input) files: (.*?)(?=; [A-Z]|$)")
WORDS = {"Missing output": "missing output", "Incomplete output": "incomplete output", "Updated input": "changed data"}
PARAMS = re.compile(r"Params have changed .*?before: (.*) now: (.*?) ?(?:; Software environment|$)")
DIGEST = re.compile(r"(?:^|(?<=,))'([0-9a-f]{64}|off)'(?:,|$)")  # a param of its own, not a value within settings
NOTHING = "<nothing exclusive>"
NAMED, LENGTH = 3, 20  # settings named at most, characters of a value shown at most


def why(job: Job) -> str:
    """Why an artifact is stale, for example ``changed settings: epochs 3 -> 4``."""
    words = [f"{WORDS[kind]}: {_first(files.split(', '))}" for kind, files in FILES.findall(job.reason)]
    if "Set of input files has changed" in job.reason:
        words.append("other inputs")
    params = PARAMS.search(job.reason)
    if params:
        words += changed_params(*params.groups(), code=_recorded_code(job.folder))
    if "Software environment definition has changed" in job.reason:
        words.append("changed environment")
    return ", ".join(words) or job.reason


def changed_params(before: str, now: str, code: str | None) -> list[str]:
    """Tell settings, code and the user's data apart, all of which are params of the rules.

    Args:
        before: params that the artifact was made with and that are not those of now, joined by commas.
        now: the other way round.
        code: digest of the code that made the artifact, from its provenance.
    """
    digests = DIGEST.findall(before)
    words = ["changed code"] if code in digests else []
    if set(digests) - {code}:
        words.append("changed data" if code else "changed code or data")
    old, new = (DIGEST.sub("", text).rstrip(",").replace(NOTHING, "") for text in (before, now))
    if old or new or not words:
        words.append("changed settings" + _named(old, new))
    return words


def _named(old: str, new: str) -> str:
    """Names and values of the settings that differ."""
    try:
        found = list(_differences(ast.literal_eval(old), ast.literal_eval(new)))
    except (ValueError, SyntaxError):  # several settings, or values such as inf
        return ""
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


def _first(files: list[str]) -> str:
    return files[0] if len(files) == 1 else f"{files[0]} and {len(files) - 1} more"


def _recorded_code(folder: Path) -> str | None:
    try:
        return json.loads((folder / "provenance.json").read_text(encoding="utf-8"))["code"]
    except (OSError, ValueError, KeyError):
        return None
