"""The formats of data sets by name, and the check of what a user asks of them."""

import inspect
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from purereid.data.formats import cuhk03, cuhk03_np, dukemtmc, folder, market1501, msmt17, openreid, pit, table
from purereid.data.formats.scan import Scan
from purereid.errors import UserError

# read(folder, [images,] *, options) -> Scan
FORMATS: dict[str, Callable[..., Scan]] = {
    "market1501": market1501.read,
    "dukemtmc": dukemtmc.read,
    "msmt17": msmt17.read,
    "cuhk03": cuhk03.read,
    "cuhk03_np": cuhk03_np.read,
    "openreid": openreid.read,
    "pit": pit.read,
    "folder": folder.read,
    "table": table.read,
}


def scan_dataset(format: str, root: str | None, images: Path, options: dict) -> Scan:
    """List the images of a data set.

    Args:
        format: a name of ``FORMATS``.
        root: the data set's folder; only the format table can do without.
        images: where a format that packs its images into one file unpacks them.
        options: keyword arguments of the format's reader.

    Raises:
        UserError: no such format, folder or option, or an option of another type.
    """
    if format not in FORMATS:
        raise UserError(
            f"unknown format {format!r}", where="format of the data set", expected=_listing([*FORMATS, "merge"])
        )
    reader = FORMATS[format]
    check_options(reader, options, format)
    place = _find_folder(root, format)
    unpacks = "images" in inspect.signature(reader).parameters
    scan = reader(place, images, **options) if unpacks else reader(place, **options)
    return replace(scan, format=format, where=scan.where or place)


def check_options(reader: Callable[..., object], options: dict, format: str) -> None:
    """Compare options with the keyword-only arguments of a reader.

    Raises:
        UserError: an option that is unknown, missing or of another type.
    """
    known = {
        each.name: each for each in inspect.signature(reader).parameters.values() if each.kind is each.KEYWORD_ONLY
    }
    where = f"data set of format {format}"
    for name, value in options.items():
        if name not in known:
            raise UserError(f"unknown option {name!r}", where=where, expected=_listing(known) or "no options")
        if not _fits(value, known[name].annotation):
            kind = known[name].annotation
            raise UserError(f"option {name} is {value!r}", where=where, expected=getattr(kind, "__name__", str(kind)))
    for name, each in known.items():
        if each.default is each.empty and name not in options:
            raise UserError(f"option {name} is missing", where=where, expected=f"a {each.annotation.__name__}")


def _fits(value: object, kind: type) -> bool:
    # Python counts True as an integer, and a share of 1.0 may be written as 1
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, kind) or (kind is float and isinstance(value, int))


def _find_folder(root: str | None, format: str) -> Path | None:
    if root is None and format == "table":
        return None
    if root is None:
        raise UserError(f"the data set of format {format} has no folder", do="set its folder")
    place = Path(root)
    if not place.is_dir():
        found = "is a file" if place.exists() else "does not exist"
        raise UserError(
            f"the data set's folder {found}",
            where=place,
            expected=f"a folder with data of format {format}",
            do="correct the folder, or download and unpack the data set there",
        )
    return place


def _listing(names: object) -> str:
    return ", ".join(names)
