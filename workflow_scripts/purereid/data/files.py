"""One file of images, or several that are read as one: the shards of jobs that shared the work."""

from collections.abc import Sequence
from pathlib import Path

from purereid.data.names import repeated
from purereid.errors import UserError

Files = str | Path | Sequence[str | Path]


def paths_of(files: Files) -> list[Path]:
    """The path of one file, or the paths of several in their order."""
    return [Path(file) for file in ([files] if isinstance(files, str | Path) else files)]


def listed(files: Files) -> str:
    """All paths, for messages about what is in none of the files."""
    return ", ".join(str(path) for path in paths_of(files))


def naming(image: str, paths: Sequence[Path], names: Sequence[Sequence[str]]) -> str:
    """Those files that name an image, for messages; ``names`` holds the images of each file."""
    return listed([path for path, own in zip(paths, names, strict=True) if image in own])


def check_once(paths: Sequence[Path], names: Sequence[Sequence[str]], expected: str) -> None:
    """Refuse images that are named twice, in one file or in two.

    Args:
        paths: the files.
        names: the images of each.
        expected: what would have been right, for the message.

    Raises:
        UserError: names the first such image and the files that name it.
    """
    twice = repeated(image for own in names for image in own)
    if twice:
        where = naming(twice[0], paths, names)
        raise UserError(f"image {twice[0]} is listed twice", where=where, expected=expected)
