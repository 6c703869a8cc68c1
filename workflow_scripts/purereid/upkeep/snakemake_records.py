"""What Snakemake knows of artifacts, told again from their provenance.

In ``.snakemake`` Snakemake keeps the settings, code and inputs of each file that it made. Where a record is lost, as in
a copied results folder, it goes by the times of files alone: what is stale passes as good, and what was copied in
another order is made again. ``restore_records`` writes the records anew, and puts in order the times of what they tell
of, so that Snakemake, its dry run and the status find stale what is stale, and nothing else.
"""

from collections.abc import Mapping
from graphlib import TopologicalSorter
from pathlib import Path

from snakemake.persistence import RECORD_FORMAT_VERSION, MetadataRecord
from snakemake.persistence.file import FilePersistence

from purereid.digests.values import file_digest
from purereid.file_times import modified, set_modified
from purereid.provenance import folders_of


def kept_records(folder: Path) -> FilePersistence:
    """Snakemake's records.

    Args:
        folder: ``.snakemake``, in the folder to which all paths are relative.
    """
    return FilePersistence(path=folder)


def restore_records(records: Mapping[Path, dict], kept: FilePersistence) -> list[Path]:
    """Restore Snakemake's records of artifacts that it has none of.

    A changed input makes an artifact older than itself, and equal ones make it newer, whatever the times were.

    Args:
        records: provenance by folder, see ``provenance.all_provenance``.
        kept: Snakemake's records.

    Returns:
        folders of artifacts whose records were restored.
    """
    lost = {folder: record for folder, record in records.items() if _is_lost(kept, folder, record)}
    made = folders_of(records)
    needs = {folder: {made[path] for path in record["inputs"] if path in made} for folder, record in lost.items()}
    found: dict[str, str | None] = {}
    for folder in TopologicalSorter(needs).static_order():
        if folder not in lost:
            continue
        record = lost[folder]
        for path in record["inputs"]:
            if path not in found:
                found[path] = _digest(Path(path), records.get(made.get(path, Path())))
        _order_times(folder, record, {path for path, old in record["inputs"].items() if found[path] not in (old, None)})
        for output in _outputs(folder, record):
            kept._write_record(output.as_posix(), _snakemake_record(record, output))
    return sorted(lost)


def is_as_recorded(path: Path, kept: FilePersistence) -> bool:
    """Whether a file has the time that it had when Snakemake recorded it: nobody wrote it since."""
    record = kept._read_record(path.as_posix())
    return record is not None and record.endtime == path.lstat().st_mtime


def have_made_again(path: Path, kept: FilePersistence) -> None:
    """Let Snakemake take a file for the rest of a job that was killed, which it makes again."""
    kept._mark_incomplete(path.as_posix(), None)


def _is_lost(kept: FilePersistence, folder: Path, record: dict) -> bool:
    """Whether Snakemake has no record of an artifact that is there, nor one that it is being made."""
    keys = [path.as_posix() for path in _outputs(folder, record)]
    unknown = [key for key in keys if not Path(kept._record_path(kept._metadata_path, key)).exists()]
    return bool(unknown) and not kept._filter_incomplete_keys(keys)


def _outputs(folder: Path, record: dict) -> list[Path]:
    return [path for name in record["outputs"] if (path := folder / name).exists()]


def _digest(path: Path, maker: dict | None) -> str | None:
    """Digest of an input as it is now, None where it is not there. Of an artifact its provenance tells it."""
    if not path.exists():
        return None
    return maker["outputs"][path.name]["sha256"] if maker else file_digest(path)


def _order_times(folder: Path, record: dict, changed: set[str]) -> None:
    """Make an artifact newer than its inputs, or older than those that have changed."""
    outputs = [path for path in (*_outputs(folder, record), *map(Path, record["benchmark"])) if path.exists()]
    inputs = [Path(path) for path in record["inputs"] if Path(path).exists()]
    oldest = min(map(modified, outputs))
    if changed:
        before = min(modified(Path(path)) for path in changed)
        if oldest >= before:
            set_modified(outputs[0], before - 1)
    elif oldest < max(map(modified, inputs), default=oldest):
        for path in outputs:
            set_modified(path)


def _snakemake_record(record: dict, output: Path) -> MetadataRecord:
    return MetadataRecord(
        rule=record["rule"],
        input=sorted(record["inputs"]),
        log=record["log"],
        params=record["params"],
        record_format_version=RECORD_FORMAT_VERSION,
        endtime=modified(output),
        starttime=modified(output) - record["seconds"],
        incomplete=False,
        input_checksums={path: f"sha256:{old}" for path, old in record["inputs"].items() if Path(path).is_file()},
    )
