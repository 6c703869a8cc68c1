"""What images a user gives: a folder, files, or arrays."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from purereid.data.formats.scan import IMAGE_ENDINGS, is_image
from purereid.errors import UserError

EXPECTED = "a folder, a list of image files, or RGB images uint8 [H, W, 3] in a list or as one array [N, H, W, 3]"


def images_in(folder: str | Path) -> list[Path]:
    """All image files below a folder, in the folders inside it too, in alphabetical order; hidden ones are left out.

    Raises:
        UserError: no such folder, or no images in it.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        found = "is a file" if folder.exists() else "does not exist"
        raise UserError(f"the folder {found}", where=folder, expected="a folder of images")
    inside = (path for path in sorted(folder.rglob("*")) if not _is_hidden(path.relative_to(folder)))
    found = [path for path in inside if is_image(path.name) and path.is_file()]
    if not found:
        raise UserError("there are no images in the folder", where=folder, expected=f"files {', '.join(IMAGE_ENDINGS)}")
    return found


def given_images(images: object) -> list[Path] | list[np.ndarray]:
    """Files or arrays, as they were given.

    Args:
        images: a folder; a list of files; RGB images uint8 [H, W, 3] in a list or as one array [N, H, W, 3].

    Raises:
        UserError: anything else, an empty list, a file that is not there or is no image by its name.
    """
    if isinstance(images, str | Path):
        if Path(images).expanduser().is_file():
            what = "one file, and images are asked for as a list"
            raise UserError(what, where=images, expected=EXPECTED, do="write [path] in the place of path")
        return images_in(images)
    if not isinstance(images, Sequence | np.ndarray):
        raise UserError(f"images are given as {type(images).__name__}", expected=EXPECTED)
    if len(images) == 0:
        raise UserError("no images are given", expected=EXPECTED)
    if isinstance(images, np.ndarray) and images.ndim == 3:
        what = "one image, and images are asked for as a list"
        raise UserError(what, where=f"an array {list(images.shape)}", expected=EXPECTED, do="write [image]")
    if all(isinstance(each, str | Path) for each in images):
        return [_file(Path(each).expanduser(), number) for number, each in enumerate(images)]
    return [_array(each, number) for number, each in enumerate(images)]


def _file(path: Path, number: int) -> Path:
    if not path.is_file():
        found = "is a folder" if path.is_dir() else "does not exist"
        raise UserError(f"image {number} of the list {found}", where=path, expected="a file")
    if not is_image(path.name):
        what = f"image {number} of the list is no image by its name"
        raise UserError(what, where=path, expected=f"a name that ends with one of {', '.join(IMAGE_ENDINGS)}")
    return path


def _array(image: object, number: int) -> np.ndarray:
    if not isinstance(image, np.ndarray):
        what = f"image {number} of the list is of the type {type(image).__name__}"
        raise UserError(what, expected=EXPECTED)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        what = f"image {number} is an array {image.dtype} {list(image.shape)}"
        raise UserError(what, expected="uint8 [H, W, 3], RGB, values 0 to 255")
    return image


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
