"""What data sets are read from: formats that need no files of the user, keys that name files, and their state."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from purereid.digests.values import digest

RENDERED, MERGED, PIT = "rendered_people", "merge", "pit"  # formats
FILE_KEYS = ("folder", "table", "split_file")  # of a data set's entry


def state_of(paths: Iterable[str]) -> str:
    """Digest of the names, sizes and times of files and of all files below folders.

    It shows that files came, went or were replaced. Files named inside others, as by a table, are not looked at.
    """
    return digest([_state(Path(path)) for path in paths])


def _state(path: Path) -> list:
    """Relative name, size and time (ns) of a file, or of all files below a folder, linked folders too."""
    files = [path] if path.is_file() else (Path(folder, name) for folder, names in _walk(path) for name in names)
    states = ((file, file.stat()) for file in files if file.is_file() and not file.name.startswith(".snakemake"))
    return sorted([file.relative_to(path).as_posix(), state.st_size, state.st_mtime_ns] for file, state in states)


def _walk(root: Path) -> Iterator[tuple[str, list[str]]]:
    """Folders and the names of their files; a folder that was met already, through a link, is not entered again."""
    met: set[Path] = set()
    for folder, folders, names in os.walk(root, followlinks=True):
        met.add(Path(folder).resolve())
        folders[:] = [name for name in folders if Path(folder, name).resolve() not in met]
        yield folder, names
