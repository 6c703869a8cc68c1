"""Pairs of images and textures, as the PIT data set of SAN (Jin et al., AAAI 2020) has them.

``images/`` holds the images of persons, ``textures/`` what all of their surface looks like, unrolled. A texture has the
name of its image; or ``pairs.csv`` says which texture an image has, and one texture may have several images. How the
files of PIT itself are named is not published.
"""

import csv
import hashlib
from pathlib import Path

from purereid.data.formats.scan import Row, Scan, list_folder
from purereid.errors import UserError

EXPECTED = (
    "images/ with images of persons, and textures/ with a square texture for each: of the same name (the ending may"
    " differ), or as pairs.csv says, a table with the columns image and texture"
)
COLUMNS = ["image", "texture"]


def read(folder: Path) -> Scan:
    """List the images; who has the same texture, or a copy of it, is one person, and all are for training.

    Args:
        folder: holds images, textures and, if it is there, pairs.csv.

    Raises:
        UserError: as for ``textures_of``.
    """
    scan = Scan(EXPECTED)
    images, folders, others = list_folder(folder / "images")
    textures = textures_of(folder)
    scan.unparsed = [f"images/{name}" for name in images if name not in textures]
    scan.why_unparsed = "has no texture"
    scan.ignored += [f"images/{name}" for name in [*others, *(f"{each}/" for each in folders)]]
    persons = {name: _digest(folder / "textures" / name) for name in sorted({*textures.values()})}
    pids = {digest: pid for pid, digest in enumerate(dict.fromkeys(persons.values()))}
    scan.rows = [
        Row(f"images/{name}", (folder / "images" / name).as_posix(), "train", pids[persons[textures[name]]])
        for name in images
        if name in textures
    ]
    return scan


def _digest(file: Path) -> str:
    """Equal for copies of one texture."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise UserError(f"the texture cannot be opened ({error.strerror})", where=file, expected=EXPECTED) from None


def textures_of(folder: Path) -> dict[str, str]:
    """Name of the texture of each image, by the image's name, of those that have one.

    Raises:
        UserError: two textures of one name, a table of pairs that names files that are not there or an image twice.
    """
    images, _, _ = list_folder(folder / "images")
    textures, _, _ = list_folder(folder / "textures")
    if (folder / "pairs.csv").is_file():
        return _paired(folder / "pairs.csv", set(images), set(textures))
    by_stem = {Path(name).stem: name for name in textures}
    if len(by_stem) < len(textures):
        twice = next(name for name in textures if by_stem[Path(name).stem] != name)
        what = f"two textures have one name, {twice} and {by_stem[Path(twice).stem]}"
        raise UserError(what, where=folder / "textures", expected="one texture for each image")
    return {name: by_stem[Path(name).stem] for name in images if Path(name).stem in by_stem}


def _paired(path: Path, images: set[str], textures: set[str]) -> dict[str, str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            columns, rows = table.fieldnames or [], [(row.get("image"), row.get("texture")) for row in table]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"the table of pairs cannot be read: {error}", where=path, expected=EXPECTED) from None
    if not set(COLUMNS) <= set(columns):
        expected = f"{', '.join(COLUMNS)}, with a comma between them"
        raise UserError(f"the columns are {', '.join(columns)}", where=path, expected=expected)
    for number, (image, texture) in enumerate(rows, start=2):
        for name, known, place in ((image, images, "images"), (texture, textures, "textures")):
            if name not in known:
                what = f"line {number} names {name or 'nothing'}, and there is no such file in {place}/"
                raise UserError(what, where=path, expected="names of files in images/ and textures/")
    if len({image for image, _ in rows}) < len(rows):
        raise UserError("an image has two lines", where=path, expected="one texture for each image")
    return dict(rows)
