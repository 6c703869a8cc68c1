"""What the reader of a format finds in a data set's folder, before any image is opened."""

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from purereid.errors import UserError

IMAGE_ENDINGS = (".jpg", ".jpeg", ".jfif", ".png", ".bmp", ".webp", ".gif", ".avif", ".tif", ".tiff")
UNREAD_ENDINGS = (".heic", ".heif", ".jxl", ".jp2", ".svg", ".psd", ".dng", ".cr2", ".cr3", ".nef", ".arw")
# Folders that archivers, disks and servers make, beside all hidden ones; nobody is called so.
NO_DATA = ("__macosx", "@eadir", "$recycle.bin", "system volume information", "lost+found", "__pycache__")
CAMERA_0 = re.compile("_c0+(?![0-9])")
EXAMPLES = 5


class Row(NamedTuple):
    """One image of the index, as far as names and lists tell."""

    image: str
    path: str
    split: str
    pid: int
    camid: int = -1
    seq: int = -1
    frame: int = -1
    kind: str = "detected"
    weight: float = 1.0


@dataclass(frozen=True)
class Finding:
    """Something about a data set that its user should know.

    Attributes:
        severity: "error" (the index is not written), "warning" or "note".
        what: one sentence.
        count: how many images, identities or lines it concerns.
        examples: up to five of them.
        do: what to do about it, where that is not plain.
    """

    severity: str
    what: str
    count: int
    examples: tuple[str, ...]
    do: str = ""


@dataclass
class Scan:
    """What a reader hands back.

    Attributes:
        expected: folders and file names of the format, in words, for messages.
        where, format: the data set's folder (or table) and format, for messages.
        rows: the images.
        unparsed: image files whose name does not follow the format, or that lack what it asks for: why_unparsed.
        ignored: files and folders that are no images.
        findings: anything else worth telling.
    """

    expected: str
    where: Path | None = None
    format: str = ""
    rows: list[Row] = field(default_factory=list)
    unparsed: list[str] = field(default_factory=list)
    why_unparsed: str = "does not parse"
    ignored: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def unread(self) -> list[str]:
        """Of the ignored files, images of kinds that are not read."""
        return [name for name in self.ignored if name.lower().endswith(UNREAD_ENDINGS) and not _is_hidden(name)]

    @property
    def other(self) -> list[str]:
        """The other ignored files and folders."""
        unread = set(self.unread)
        return [name for name in self.ignored if name not in unread]

    def tell(self, severity: str, what: str, items: Iterable[object]) -> None:
        """Add a finding about some items; about none, nothing is said."""
        items = list(items)
        if items:
            self.findings.append(finding(severity, what, items))


def finding(severity: str, what: str, items: Iterable[object], do: str = "") -> Finding:
    """A finding that counts its items and shows the first of them."""
    items = [str(item) for item in items]
    return Finding(severity, what, len(items), tuple(items[:EXAMPLES]), do)


def list_folder(folder: Path) -> tuple[list[str], list[str], list[str]]:
    """Sorted names of a folder's images, sub-folders and other files (hidden ones too); empty if it is missing.

    Hidden folders and those of ``NO_DATA`` count as other files, with / behind their names. Snakemake's own time stamps
    are left out: they lie in every folder that a rule made.

    Raises:
        UserError: the folder may not be read, or holds a name that is not UTF-8.
    """
    images, folders, others = [], [], []
    for entry in _entries(folder) if holds(folder.is_dir) else []:
        if holds(entry.is_dir):
            no_data = entry.name.startswith(".") or entry.name.lower() in NO_DATA
            (others if no_data else folders).append(entry.name + "/" * no_data)
        elif entry.name != ".snakemake_timestamp":
            # a pipe may be called like an image, and reading it would never end; a broken link is a missing image
            usable = is_image(entry.name) and (holds(entry.is_file) or entry.is_symlink())
            (images if usable else others).append(entry.name)
    for name in [*images, *folders]:
        if any(ord(letter) < 32 for letter in name):
            what = f"a name holds a line break or another sign that cannot be printed: {name!r}"
            raise UserError(what, where=folder, expected="names in one line", do="rename it")
    return sorted(images), sorted(folders), sorted(others)


def is_image(name: str) -> bool:
    """By its ending; hidden files such as macOS's ``._name.jpg`` are no images."""
    return name.lower().endswith(IMAGE_ENDINGS) and not name.startswith(".")


def add_folder(scan: Scan, root: Path, folder: str, split: str, parse: Callable[[str], dict | None]) -> None:
    """Add the images of one sub-folder to a split.

    Args:
        scan: what was found so far.
        root: the data set's folder.
        folder: sub-folder below it, as it shall stand in the image ids; a missing one adds nothing.
        split: the split of its images.
        parse: reads the fields of a ``Row`` from a file name, None if the name does not follow the format.
    """
    images, folders, others = list_folder(root / folder)
    scan.ignored += [f"{folder}/{name}" for name in others] + [f"{folder}/{name}/" for name in folders]
    place = (root / folder).as_posix()
    for name in images:
        fields = parse(name)
        if fields is None:
            scan.unparsed.append(f"{folder}/{name}{reason(name)}")
        else:
            scan.rows.append(Row(image=f"{folder}/{name}", path=f"{place}/{name}", split=split, **fields))


def drop_strangers(scan: Scan, least: int) -> None:
    """Leave images without an ordinary identity out of every split but the gallery, and say so.

    Args:
        scan: what was found.
        least: the smallest ordinary identity: 1 where 0 means distractor, otherwise 0.
    """
    strangers = [row for row in scan.rows if row.split != "gallery" and row.pid < least]
    scan.rows = [row for row in scan.rows if row.split == "gallery" or row.pid >= least]
    scan.tell(
        "warning",
        "Junk (-1) or distractor (0) images lie outside the gallery and were left out.",
        [row.image for row in strangers],
    )


def reason(name: str) -> str:
    """Why a name does not follow a format that counts cameras from 1, in brackets; "" where that is not known."""
    return " (camera 0: cameras are counted from 1)" if CAMERA_0.search(name) else ""


def _is_hidden(path: str) -> bool:
    return path.rpartition("/")[2].startswith(".")


def holds(question: Callable[[], bool]) -> bool:
    """What a file says of itself; nothing is true of links to themselves, too long names and what may not be seen."""
    try:
        return question()
    except OSError:
        return False


def _entries(folder: Path) -> list[os.DirEntry]:
    try:
        with os.scandir(folder) as entries:
            found = list(entries)
    except OSError as error:
        raise UserError(f"the folder cannot be read ({error.strerror})", where=folder, do="allow to read it") from None
    for entry in found:
        if not entry.name.isascii() and entry.name != entry.name.encode(errors="replace").decode():
            raise UserError(
                f"a file name is not UTF-8: {entry.name.encode(errors='replace').decode()}",
                where=folder,
                expected="names in UTF-8",
                do="rename the files, for instance with convmv, or unpack the archive with the right encoding",
            )
    return found
