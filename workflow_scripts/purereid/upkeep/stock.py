"""A look at the results before a run: whether they are what was made, and what Snakemake has forgotten of them."""

from collections.abc import Callable, Mapping
from pathlib import Path

from purereid.errors import UserError
from purereid.library_versions import mixed_experiments
from purereid.provenance import NAME, all_provenance
from purereid.upkeep.snakemake_records import have_made_again, is_as_recorded, kept_records, restore_records

SHOWN = 5  # damaged files named at most


def take_stock(results: Path, snakemake: Path, warn: Callable[[str], None]) -> None:
    """Look at all artifacts by their provenance; the content of files is not read.

    Args:
        results: the folder of artifacts, relative to the working folder.
        snakemake: Snakemake's folder, see ``kept_records``.
        warn: called with what the user should know.

    Raises:
        UserError: Snakemake's folder cannot be written.
    """
    found = all_provenance(results)
    records = {folder: record for folder, record in found.items() if record}
    try:
        kept = kept_records(snakemake)
        restored = restore_records(records, kept)
        damaged = _damaged(records)
        as_recorded = [path for path in damaged if is_as_recorded(path, kept)]
        for path in as_recorded:
            have_made_again(path, kept)
    except OSError as error:
        raise UserError(
            f"Snakemake's folder cannot be used: {error.strerror}",
            where=error.filename,
            expected="a working folder that may be written",
            do="run in another one: snakemake --directory FOLDER",
        ) from None
    if restored:
        warn(f"Snakemake's records of {len(restored)} artifacts were lost; they are restored from {NAME} beside each.")
    if unknown := sorted(found.keys() - records.keys()):
        warn(
            f"{NAME} of {len(unknown)} artifacts, such as {unknown[0]}, is damaged or of an older version of purereid: "
            "whether these are what was made is not known."
        )
    if as_recorded:
        warn(f"Damaged, and to be made again: {_named(as_recorded, damaged)}.")
    if changed := [path for path in damaged if path not in as_recorded]:
        warn(
            f"Not what was made, so that nothing is made from it: {_named(changed, damaged)}. Delete it, and it is "
            f"made again; or delete {NAME} beside it, if you changed it on purpose."
        )
    for words in mixed_experiments(records):
        warn(f"{words}. To make all of it with the versions of today: --forceall")


def _damaged(records: Mapping[Path, dict]) -> dict[Path, str]:
    """Files of another size than when they were made, with both sizes in words."""
    found = {}
    for folder, record in records.items():
        for name, about in record["outputs"].items():
            path, made = folder / name, about["bytes"]
            if made is not None and path.is_file() and path.stat().st_size != made:
                found[path] = f"{path} ({path.stat().st_size} bytes, made with {made})"
    return found


def _named(paths: list[Path], words: Mapping[Path, str]) -> str:
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    return ", ".join(words[path] for path in paths[:SHOWN]) + more
