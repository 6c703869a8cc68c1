"""The SHA-256 of a file's content inside the file, by which a reader knows damage.

Safetensors, Parquet and Arrow files have a place for texts, at their beginning or end. A writer puts ``BLANK`` there,
and ``fill_digest`` the digest of all bytes of the file, those of the digest itself counted as zeros. So the digest
covers whatever a format consists of, and equal contents still give equal bytes.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from purereid.data.atomic import whole_file
from purereid.errors import UserError

KEY = "sha256"  # name of the text where a format wants one
MARK = b"purereid-sha256:"
ZEROS = b"0" * 64
BLANK = (MARK + ZEROS).decode()
EDGE = 1 << 22  # bytes at either end of a file in which the digest is looked for
CHUNK = 1 << 20  # bytes hashed at a time


@contextmanager
def digested_file(path: str | Path) -> Iterator[Path]:
    """As ``whole_file``, for a file into which the body writes ``BLANK``; it is filled in at the end."""
    with whole_file(Path(path)) as temporary:
        yield temporary
        fill_digest(temporary)


def fill_digest(path: Path) -> None:
    """Put the digest of a file into its blank.

    Raises:
        ValueError: the file has none; a mistake of whoever writes it.
    """
    place = _place(path)
    if place is None:
        raise ValueError(f"{path} was written without a blank for its digest")
    value = _digest(path, place)
    with path.open("r+b") as file:
        file.seek(place)
        file.write(value)


def check_digest(path: str | Path) -> None:
    """Compare a file with the digest in it; a file without one, which others wrote, passes.

    It costs reading the file once, 0.5 to 1 s for each GB, and nothing when this process reads the same file again.

    Raises:
        UserError: the content is not what was written.
        OSError: the file cannot be read.
    """
    about = Path(path).stat()
    if not _is_sound(str(path), (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)):
        raise UserError(
            "the file is damaged: its content is not what was written",
            where=path,
            expected="the SHA-256 that the file carries",
            do="delete the file and run the workflow, which makes it again; or copy it again from where it came",
        )


@lru_cache(maxsize=1024)
def _is_sound(path: str, state: tuple[int, ...]) -> bool:
    """``state`` tells a file from another that took its place."""
    file = Path(path)
    place = _place(file)
    if place is None:
        return True
    with file.open("rb") as opened:
        opened.seek(place)
        return opened.read(len(ZEROS)) == _digest(file, place)


def _place(path: Path) -> int | None:
    """Where the digest stands: at the first mark of the file's beginning, or else at the last of its end."""
    with path.open("rb") as file:
        found = file.read(EDGE).find(MARK)
        if found < 0:
            start = max(0, path.stat().st_size - EDGE)
            file.seek(start)
            last = file.read().rfind(MARK)
            found = last if last < 0 else start + last
    return None if found < 0 else found + len(MARK)


def _digest(path: Path, place: int) -> bytes:
    """SHA-256 (hex) of a file with zeros in place of its digest."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        left = place
        while part := file.read(min(CHUNK, left)):
            found.update(part)
            left -= len(part)
        found.update(ZEROS)
        file.seek(place + len(ZEROS))
        while part := file.read(CHUNK):
            found.update(part)
    return found.hexdigest().encode()
