"""Files that are either whole or not there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary name beside a file; what was written under it takes the file's place at the end.

    A process killed in between leaves the old file, or none, but never half of one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write a file of text, in UTF-8, that is either whole or not there."""
    with whole_file(Path(path)) as temporary:
        temporary.write_text(text, encoding="utf-8")
