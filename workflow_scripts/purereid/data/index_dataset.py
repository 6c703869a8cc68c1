"""From a data set on disk to its index and to the doctor's report about it (rule ``index_dataset``)."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from purereid.data.atomic import write_text
from purereid.data.check_images import TINY, Checked, check_images
from purereid.data.doctor import diagnose
from purereid.data.doctor_html import doctor_html
from purereid.data.formats.merge import merge
from purereid.data.formats.registry import scan_dataset
from purereid.data.formats.scan import Finding, Scan, finding
from purereid.data.index import sort_index, write_index
from purereid.data.requirements import (
    require_good_images,
    require_no_errors,
    require_numbers,
    require_splits,
    require_unique,
)
from purereid.errors import UserError
from purereid.logs import log

# What ``Checked.odd`` names: severity, what, and what to do
PECULIAR = {
    "turned": (
        "note",
        "Images lie on their side or are mirrored, as their EXIF data say; they are turned upright.",
        "",
    ),
    "blank": ("warning", "Images have one colour alone.", "take them out: they show nobody."),
    "tiny": (
        "warning",
        f"Images have fewer than {TINY} pixels on a side.",
        "take them out, or put the originals in their place: nobody can be told apart in them.",
    ),
    "animated": (
        "warning",
        "Image files hold several pictures; the first of each is taken.",
        "save the pictures as files of their own, if the others shall be used too.",
    ),
    "cmyk": (
        "note",
        "Images are in CMYK, the colours of printers; they were converted without a colour profile.",
        "convert them to RGB with their profile, if their colours look wrong.",
    ),
    "palette": (
        "note",
        "Images have a palette of at most 256 colours.",
        "put the originals in their place, if there are any with all colours.",
    ),
    "misnamed": (
        "note",
        "Images are of another kind than the endings of their names say; they are read as what they are.",
        "rename them, if other programs shall read them.",
    ),
}


def index_dataset(
    *,
    index: Path,
    doctor: Path,
    report: Path,
    images: Path,
    name: str,
    format: str,
    folder: str | None = None,
    sources: Sequence[Path] = (),
    bad_images: str = "stop",
    threads: int = 1,
    allow_shared_identities: bool = False,
    **options: object,
) -> None:
    """Write the index of a data set, and what the doctor says about it.

    Args:
        index: where ``index.parquet`` goes, see ``write_index``.
        doctor: where ``doctor.json`` goes, see ``diagnose``.
        report: where the same goes as an HTML page.
        images: folder for images that a data set keeps packed in one file (format cuhk03).
        name: the data set's name, column ``dataset`` of the index.
        format: a name of ``formats.registry.FORMATS``, or "merge".
        folder: where the data set lies.
        sources: the indexes that format "merge" joins.
        bad_images: "stop" at images that cannot be read or whose names do not parse, or "skip" them.
        threads: how many images are opened at a time.
        allow_shared_identities: go on with a warning where train and test share identities.
        options: the options of the format.

    Raises:
        UserError: whatever keeps the data set from being used; the message says what to mend.
    """
    if bad_images not in ("stop", "skip"):
        where = "setting index_dataset.bad_images"
        raise UserError(f"bad_images is {bad_images!r}", where=where, expected="stop or skip")
    if format == "merge":
        table, findings = merge(sources, options), []
    else:
        scan = scan_dataset(format, folder, Path(images), options)
        table, findings = open_images(scan, name, skip=bad_images == "skip", threads=threads)
    diagnosis = diagnose(table, findings, allow_shared_identities=allow_shared_identities)
    require_no_errors(diagnosis, name)
    write_text(doctor, json.dumps(diagnosis, indent=1) + "\n")
    write_text(report, doctor_html(diagnosis))
    write_index(table, Path(index))
    tell(diagnosis, name)


def open_images(scan: Scan, name: str, *, skip: bool, threads: int) -> tuple[pd.DataFrame, list[Finding]]:
    """Open all images that a reader listed.

    Args:
        scan: what the reader found.
        name: the data set's name.
        skip: leave bad images out rather than stop at them.
        threads: how many images are opened at a time.

    Returns:
        the index, and findings about whatever is not in it.

    Raises:
        UserError: an empty split, an image listed twice, or bad images that are not to be skipped.
    """
    require_splits(scan)
    require_unique(scan)
    require_numbers(scan)
    checked = check_images((row.path for row in scan.rows), threads)
    faults = [f"{row.path}: {checked[row.path].fault}" for row in scan.rows if checked[row.path].fault]
    if not skip:
        require_good_images(scan, faults)
    good = replace(scan, rows=[row for row in scan.rows if not checked[row.path].fault])
    require_splits(good, before=scan, faults=faults)
    return make_table(good, checked, name), scan.findings + left_out(scan, faults) + peculiar(good, checked)


def make_table(scan: Scan, checked: dict[str, Checked], name: str) -> pd.DataFrame:
    """The index as a table: what the reader found and what the opened files told."""
    table = pd.DataFrame(scan.rows)
    seen = [checked[row.path] for row in scan.rows]
    table["width"] = [each.width for each in seen]
    table["height"] = [each.height for each in seen]
    table["sha256"] = [each.sha256 for each in seen]
    table["pixels"] = [each.pixels for each in seen]
    table["dataset"] = name
    return sort_index(table)


def left_out(scan: Scan, faults: list[str]) -> list[Finding]:
    """Findings about files that are not in the index."""
    found = [
        finding("warning", "Images whose names or lines do not parse were left out.", scan.unparsed),
        finding("warning", "Images that are missing or cannot be read were left out.", faults),
        finding(
            "warning",
            "Images of kinds that are not read were left out.",
            scan.unread,
            "convert them to JPEG or PNG, for instance with ImageMagick: magick mogrify -format png FILES",
        ),
        finding("note", "Files and folders that are no images were ignored.", scan.other),
    ]
    return [each for each in found if each.count]


def peculiar(scan: Scan, checked: dict[str, Checked]) -> list[Finding]:
    """Findings about images that are not used as they lie in their files, or that show nothing."""
    found = [
        finding(severity, what, [row.image for row in scan.rows if name in checked[row.path].odd], do)
        for name, (severity, what, do) in PECULIAR.items()
    ]
    return [each for each in found if each.count]


def tell(diagnosis: dict, name: str) -> None:
    """Say what the data set holds in one line of the log."""
    splits = ", ".join(
        f"{split} {each['images']} images of {each['identities']} identities"
        for split, each in diagnosis["splits"].items()
    )
    found = [each["severity"] for each in diagnosis["findings"]]
    log.info("%s: %s; %d warnings, %d notes", name, splits, found.count("warning"), found.count("note"))
