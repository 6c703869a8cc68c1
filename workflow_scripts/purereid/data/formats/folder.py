"""Folders of persons: the layout of most custom data sets, and of the "pytorch" folder that layumi and DG-Net make.

Either split folders that hold person folders (train/anna/1.jpg, query/bert/7.jpg, ...) or person folders alone, which
are then split by identity.
"""

import re
from pathlib import Path
from typing import NamedTuple

from purereid.data.formats.cameras import UNKNOWN, find_camera, number_cameras, tell_cameras
from purereid.data.formats.identity_split import split_identities
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
EXPECTED = (
    "a folder per person with images in it (anna/1.jpg), or such folders inside train/, query/ and gallery/"
    " (train/anna/1.jpg)"
)


class Picture(NamedTuple):
    """One image file: its folder below the data set's, its person folder and its own name."""

    split: str
    folder: str
    person: str
    name: str


def read(
    folder: Path, *, test_share: float = 0.5, queries: int = 1, seed: int = 0, camera_pattern: str | None = None
) -> Scan:
    """Read folders of persons.

    A person folder's name is the identity if all names are whole numbers (-1 is junk); otherwise persons are numbered
    in sorted order.

    Args:
        folder: holds split folders or person folders.
        test_share, queries, seed: how person folders alone are split, see ``split_identities``.
        camera_pattern: regular expression searched in file names, whose first group is the camera, for instance
            "_cam([0-9]+)_"; without it cameras are unknown.
    """
    scan = Scan(EXPECTED)
    splits = _split_folders(scan, folder)
    pictures = [each for name, split in splits.items() for each in _persons(scan, folder / name, name, split)]
    if not splits:
        pictures = _persons(scan, folder, "", "train")
    cameras = _find_cameras(scan, pictures, camera_pattern)
    scan.rows = _make_rows(scan, folder, pictures, cameras)
    if scan.rows and not splits:
        scan.rows = split_identities(scan.rows, test_share=test_share, queries=queries, seed=seed)
    drop_strangers(scan, least=0)
    return scan


def _split_folders(scan: Scan, root: Path) -> dict[str, str]:
    """The split folders to read; none in a folder of persons."""
    images, folders, others = list_folder(root)
    if not {"train", "train_all", "query", "gallery"} & set(folders):
        return {}
    copies = {"train_all"} if "train" in folders else {"val"} if "train_all" in folders else set()
    what = "train_all/ holds the images of train/ and val/ once more; the copies were left out."
    scan.tell("note", what, [f"{name}/" for name in folders if name in copies])
    scan.unparsed += images
    scan.ignored += others + [f"{name}/" for name in folders if name not in SPLIT_FOLDERS]
    return {name: split for name, split in SPLIT_FOLDERS.items() if name in folders and name not in copies}


def _persons(scan: Scan, place: Path, folder: str, split: str) -> list[Picture]:
    """Images of all person folders in a place; images outside of them do not parse."""
    prefix = f"{folder}/" if folder else ""
    images, persons, others = list_folder(place)
    scan.unparsed += [f"{prefix}{name}" for name in images]
    scan.ignored += [f"{prefix}{name}" for name in others]
    pictures = []
    for person in persons:
        images, folders, others = list_folder(place / person)
        scan.ignored += [f"{prefix}{person}/{name}" for name in [*others, *(f"{each}/" for each in folders)]]
        pictures += [Picture(split, folder, person, name) for name in images]
    return pictures


def _make_rows(scan: Scan, root: Path, pictures: list[Picture], cameras: dict[Picture, str]) -> list[Row]:
    pids = _number_persons(scan, {each.person for each in pictures})
    camids = number_cameras(cameras.values())
    tell_cameras(scan, camids)
    rows = []
    for each in pictures:
        if each in cameras:
            image = (Path(each.folder) / each.person / each.name).as_posix()
            path = (root / image).as_posix()
            rows.append(Row(image, path, each.split, pids[each.person], camids[cameras[each]]))
    return rows


def _number_persons(scan: Scan, persons: set[str]) -> dict[str, int]:
    """Identity of each person folder."""
    if all(re.fullmatch("-1|[0-9]{1,18}", person) for person in persons):
        pids = {person: int(person) for person in sorted(persons)}
        if len(set(pids.values())) < len(pids):
            same = next(person for person in pids if list(pids.values()).count(pids[person]) > 1)
            raise UserError(
                f"two person folders stand for the same number {pids[same]}, one of them is {same}/",
                where="data set of format folder",
                do="rename or join them",
            )
        return pids
    pids = {person: number for number, person in enumerate(sorted(persons))}
    what = "Person folders are not numbers; identities were numbered from 0 in sorted order."
    scan.tell("note", what, [f"{person} = {pid}" for person, pid in pids.items()])
    return pids


def _find_cameras(scan: Scan, pictures: list[Picture], pattern: str | None) -> dict[Picture, str]:
    """Camera of each image; images whose names the pattern does not match are left to ``scan.unparsed``."""
    if pattern is None:
        return dict.fromkeys(pictures, UNKNOWN)
    cameras = {each: find_camera(each.name, pattern) for each in pictures}
    if pictures and not any(cameras.values()):
        raise UserError(
            f"option camera_pattern {pattern!r} matches none of {len(pictures)} file names, such as {pictures[0].name}",
            where="data set of format folder",
            expected="a regular expression whose first group is the camera",
            do="correct or remove camera_pattern",
        )
    scan.unparsed += [f"{each.folder}/{each.person}/{each.name}".lstrip("/") for each in pictures if not cameras[each]]
    return {each: camera for each, camera in cameras.items() if camera}
