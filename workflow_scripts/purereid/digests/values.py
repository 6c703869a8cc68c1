"""Digests of values, files and folders."""

import hashlib
import json
from pathlib import Path


def digest(value: object) -> str:
    """SHA-256 (hex) of a value made of dicts, lists, texts and numbers; the order of dict keys does not count."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def file_digest(path: str | Path) -> str:
    """SHA-256 (hex) of a file's bytes; of a folder: of the names and sizes of the files in it.

    Reading all bytes of a data set for its record would take longer than indexing it, and the index holds the digest of
    each image.
    """
    path = Path(path)
    if path.is_dir():
        files = (file for file in path.rglob("*") if file.is_file() and not file.name.startswith(".snakemake"))
        return digest({file.relative_to(path).as_posix(): file.stat().st_size for file in files})
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
