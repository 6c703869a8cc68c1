"""Folders of persons: the layout of most custom data sets, and of the "pytorch" folder that layumi and DG-Net make.

Either split folders that hold person folders (train/anna/1.jpg, query/bert/7.jpg, ...; train/ and test/ are enough), or
person folders alone, which are then split by identity. Instead of a folder, the file name may tell the person.
"""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from purereid.data.formats.cameras import UNKNOWN, find_in_name, number_cameras, tell_cameras
from purereid.data.formats.identity_split import choose_queries, split_identities
from purereid.data.formats.scan import Row, Scan, drop_strangers, list_folder
from purereid.errors import UserError

# split of the index by folder; train_all holds train and val together and is read where train is missing
SPLIT_FOLDERS = {
    "train": "train",
    "train_all": "train",
    "val": "val",
    "query": "query",
    "gallery": "gallery",
    "multi": "multi",
    "multi-query": "multi",
}
TEST = "test"  # a folder whose images are parted into queries and gallery
EXPECTED = (
    "a folder per person with images in it (anna/1.jpg), or such folders inside train/, query/ and gallery/"
    " (train/anna/1.jpg; these names in small letters); with pid_pattern, images without folders of persons. Any other"
    " layout: a table of the images (format table)"
)


class Picture(NamedTuple):
    """One image file: its split, its path below the data set's folder, and its person."""

    split: str
    image: str
    person: str

    @property
    def name(self) -> str:
        """The file's own name."""
        return Path(self.image).name


def read(
    folder: Path,
    *,
    test_share: float = 0.5,
    queries: int = 1,
    seed: int = 0,
    camera_pattern: str | None = None,
    pid_pattern: str | None = None,
) -> Scan:
    """Read folders of persons.

    A person's name is the identity if all names are whole numbers (-1 is junk); otherwise persons are numbered in
    sorted order.

    Args:
        folder: holds split folders or person folders.
        test_share, queries, seed: how persons without split folders are split, see ``split_identities``; queries and
            seed also how a folder test/ is, where there are neither query/ nor gallery/.
        camera_pattern: regular expression searched in file names, whose first group is the camera, for instance
            "_cam([0-9]+)_"; without it cameras are unknown.
        pid_pattern: regular expression searched in file names, whose first group is the person, for instance
            "^([0-9]+)_"; the images then lie in no folders of persons.
    """
    scan = Scan(EXPECTED)
    splits = _split_folders(scan, folder)
    places = splits or {"": "train"}
    pictures = [each for name, split in places.items() for each in _pictures(scan, folder, name, split, pid_pattern)]
    cameras = _find_cameras(scan, pictures, camera_pattern)
    scan.rows = _make_rows(scan, folder, pictures, cameras)
    if scan.rows and not splits:
        scan.rows = split_identities(scan.rows, test_share=test_share, queries=queries, seed=seed)
    if TEST in splits:
        tests = [row for row in scan.rows if row.split == TEST]
        chosen = choose_queries(tests, queries=queries, draws=np.random.default_rng(seed)) if tests else []
        scan.rows = [row for row in scan.rows if row.split != TEST] + chosen
    drop_strangers(scan, least=0)
    return scan


def _split_folders(scan: Scan, root: Path) -> dict[str, str]:
    """The split folders to read; none in a folder of persons."""
    images, folders, others = list_folder(root)
    known = SPLIT_FOLDERS | ({} if {"query", "gallery"} & set(folders) else {TEST: TEST})
    if not {"train", "train_all", "query", "gallery"} & set(folders):
        return {}
    copies = {"train_all"} if "train" in folders else {"val"} if "train_all" in folders else set()
    what = "train_all/ holds the images of train/ and val/ once more; the copies were left out."
    scan.tell("note", what, [f"{name}/" for name in folders if name in copies])
    scan.unparsed += images
    scan.ignored += others + [f"{name}/" for name in folders if name not in known]
    return {name: split for name, split in known.items() if name in folders and name not in copies}


def _pictures(scan: Scan, root: Path, folder: str, split: str, pid_pattern: str | None) -> list[Picture]:
    """Images of one split folder, or of the whole ("")."""
    found = _named(scan, root, folder, pid_pattern) if pid_pattern else _persons(scan, root, folder)
    return [Picture(split, image, person) for image, person in found]


def _named(scan: Scan, root: Path, folder: str, pattern: str) -> list[tuple[str, str]]:
    """Paths and persons of images whose names tell the person; the others do not parse."""
    images, folders, others = list_folder(root / folder)
    if folders and not images:
        what = f"pid_pattern is set, and the images lie in folders such as {folders[0]}/"
        where = root / folder
        raise UserError(what, where=where, expected="images without folders of persons", do="remove pid_pattern")
    scan.ignored += [_below(folder, name) for name in [*others, *(f"{each}/" for each in folders)]]
    persons = {name: find_in_name(name, pattern, "pid_pattern") for name in images}
    _check_some(persons, pattern, "pid_pattern", "person")
    scan.unparsed += [_below(folder, name) for name, person in persons.items() if not person]
    return [(_below(folder, name), person) for name, person in persons.items() if person]


def _persons(scan: Scan, root: Path, folder: str) -> list[tuple[str, str]]:
    """Paths and persons of the images of all person folders in a place; images outside of them do not parse."""
    images, persons, others = list_folder(root / folder)
    scan.unparsed += [_below(folder, name) for name in images]
    scan.ignored += [_below(folder, name) for name in others]
    found = []
    for person in persons:
        place = _below(folder, person)
        images, folders, others = list_folder(root / place)
        scan.ignored += [_below(place, name) for name in [*others, *(f"{each}/" for each in folders)]]
        found += [(_below(place, name), person) for name in images]
    return found


def _below(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _make_rows(scan: Scan, root: Path, pictures: list[Picture], cameras: dict[Picture, str]) -> list[Row]:
    pids = _number_persons(scan, {each.person for each in pictures})
    camids = number_cameras(cameras.values())
    tell_cameras(scan, camids)
    rows = []
    for each in pictures:
        if each in cameras:
            path = (root / each.image).as_posix()
            rows.append(Row(each.image, path, each.split, pids[each.person], camids[cameras[each]]))
    return rows


def _number_persons(scan: Scan, persons: set[str]) -> dict[str, int]:
    """Identity of each person folder."""
    if all(re.fullmatch("-1|[0-9]{1,18}", person) for person in persons):
        pids = {person: int(person) for person in sorted(persons)}
        if len(set(pids.values())) < len(pids):
            same = next(person for person in pids if list(pids.values()).count(pids[person]) > 1)
            raise UserError(
                f"two persons stand for the same number {pids[same]}, one of them is called {same}",
                where="data set of format folder",
                do="rename or join them",
            )
        return pids
    pids = {person: number for number, person in enumerate(sorted(persons))}
    what = "Names of persons are not numbers; identities were numbered from 0 in sorted order."
    scan.tell("note", what, [f"{person} = {pid}" for person, pid in pids.items()])
    return pids


def _find_cameras(scan: Scan, pictures: list[Picture], pattern: str | None) -> dict[Picture, str]:
    """Camera of each image; images whose names the pattern does not match are left to ``scan.unparsed``."""
    if pattern is None:
        return dict.fromkeys(pictures, UNKNOWN)
    cameras = {each: find_in_name(each.name, pattern, "camera_pattern") for each in pictures}
    _check_some({each.image: camera for each, camera in cameras.items()}, pattern, "camera_pattern", "camera")
    scan.unparsed += [each.image for each in pictures if not cameras[each]]
    return {each: camera for each, camera in cameras.items() if camera}


def _check_some(found: dict[str, str], pattern: str, option: str, what: str) -> None:
    """A pattern must match some of the names, if there are any."""
    if found and not any(found.values()):
        first = Path(next(iter(found))).name
        raise UserError(
            f"option {option} {pattern!r} matches none of {len(found)} file names, such as {first}",
            where="data set of format folder",
            expected=f"a regular expression whose first group is the {what}",
            do=f"correct or remove {option}",
        )
