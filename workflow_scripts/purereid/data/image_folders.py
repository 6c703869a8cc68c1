"""Folders of images in lists of names."""

from collections.abc import Sequence
from pathlib import Path

from purereid.data.formats.scan import list_folder
from purereid.errors import UserError


def with_folders(names: Sequence[str]) -> list[str]:
    """Names, in the place of each that is a folder those of the images in it, in alphabetical order.

    Raises:
        UserError: a folder without images.
    """
    found: list[str] = []
    for name in names:
        if Path(name).is_dir():
            images, _, _ = list_folder(Path(name))
            if not images:
                raise UserError("there are no images in the folder", where=name, expected="a folder of image files")
            found += [str(Path(name) / image) for image in images]
        else:
            found.append(name)
    return found
