"""A look at the results before a run: whether they are what was made, and what Snakemake has forgotten of them."""

from collections.abc import Callable
from pathlib import Path

from purereid.errors import UserError
from purereid.library_versions import mixed_experiments
from purereid.provenance import NAME, all_provenance
from purereid.snakemake_records import restore_records

SHOWN = 5  # damaged files named at most


def take_stock(results: Path, snakemake: Path, warn: Callable[[str], None]) -> None:
    """Look at all artifacts by their provenance; the content of files is not read.

    Args:
        results: the folder of artifacts, relative to the working folder.
        snakemake: Snakemake's folder, see ``restore_records``.
        warn: called with what the user should know.

    Raises:
        UserError: files that are there have another size than when they were made; a folder that cannot be written.
    """
    records = all_provenance(results)
    _refuse_damaged(records)
    try:
        restored, unknown = restore_records(records, snakemake)
    except OSError as error:
        raise UserError(
            f"Snakemake's folder cannot be used: {error.strerror}",
            where=error.filename,
            expected="a working folder that may be written",
            do="run in another one: snakemake --directory FOLDER",
        ) from None
    if restored:
        warn(f"Snakemake's records of {len(restored)} artifacts were lost; they are restored from {NAME} beside each.")
    if unknown:
        warn(
            f"Snakemake has no record of {len(unknown)} artifacts, such as {unknown[0]}, nor does {NAME} there: "
            "that settings or code have changed is not noticed. To be safe, delete them."
        )
    for words in mixed_experiments(records):
        warn(f"{words}. To make all of it with the versions of today: --forceall")


def _refuse_damaged(records: dict[Path, dict]) -> None:
    damaged = [
        f"{path}: {path.stat().st_size} bytes, made with {about['bytes']}"
        for folder, record in records.items()
        for name, about in record["outputs"].items()
        if (path := folder / name).is_file() and about["bytes"] not in (None, path.stat().st_size)
    ]
    if damaged:
        more = [f"and {len(damaged) - SHOWN} more"] if len(damaged) > SHOWN else []
        raise UserError(
            f"{len(damaged)} {'file is' if len(damaged) == 1 else 'files are'} damaged",
            where="\n            ".join(sorted(damaged)[:SHOWN] + more),
            expected=f"the sizes in {NAME} beside them",
            do=f"delete these files, and they are made again; or {NAME} beside a file that you changed on purpose",
        )
