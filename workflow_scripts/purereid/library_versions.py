"""Versions of libraries from which the artifacts of an experiment come."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from purereid.provenance import folders_of

SILENT = {"snakemake"}  # computes nothing that goes into an artifact
NAMED = 3  # experiments named at most


def versions_of(record: dict) -> dict[str, str]:
    """Libraries that made an artifact, by name, from its provenance."""
    found = {name: version for name, version in record.get("libraries", {}).items() if name not in SILENT and version}
    return found | {"python": record["machine"]["python"]} if "machine" in record else found


def differences(records: Iterable[dict]) -> str:
    """Libraries of which some artifacts have other versions than others, in words; "" where there are none."""
    found: dict[str, set[str]] = defaultdict(set)
    for record in records:
        for name, version in versions_of(record).items():
            found[name].add(version)
    mixed = {name: versions for name, versions in sorted(found.items()) if len(versions) > 1}
    return ", ".join(f"{name} {' and '.join(sorted(versions))}" for name, versions in mixed.items())


def mixed_experiments(records: Mapping[Path, dict]) -> list[str]:
    """Of the experiments that are scored, those that come from several versions of a library, in words.

    Args:
        records: provenance by folder, see ``provenance.all_provenance``.
    """
    made = folders_of(records)
    mixed: dict[str, list[str]] = defaultdict(list)
    for folder, record in records.items():
        if record["rule"] == "evaluate":
            names = record["wildcards"]
            words = differences(records[each] for each in _behind(folder, records, made))
            mixed[words].append(f"{names['experiment']} (seed {names['seed']}, {names['dataset']})")
    mixed.pop("", None)
    return [f"{_some(sorted(names))}: made with {words}" for words, names in sorted(mixed.items())]


def _behind(folder: Path, records: Mapping[Path, dict], made: Mapping[str, Path]) -> set[Path]:
    """Folders of an artifact and of all that it was made from."""
    found, waiting = {folder}, [folder]
    while waiting:
        inputs = {made[path] for path in records[waiting.pop()]["inputs"] if path in made} - found
        found |= inputs
        waiting += inputs
    return found


def _some(names: list[str]) -> str:
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
