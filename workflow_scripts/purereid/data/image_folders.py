"""Folders of images in lists of names."""

from collections.abc import Sequence
from pathlib import Path

from purereid.data.formats.scan import is_image
from purereid.errors import UserError


def with_folders(names: Sequence[str]) -> list[str]:
    """Names, in the place of each that is a folder those of the images in it, in alphabetical order.

    Raises:
        UserError: a folder without images.
    """
    found: list[str] = []
    for name in names:
        if Path(name).is_dir():
            images = sorted(str(path) for path in Path(name).iterdir() if is_image(path.name))
            if not images:
                raise UserError("there are no images in the folder", where=name, expected="a folder of image files")
            found += images
        else:
            found.append(name)
    return found
