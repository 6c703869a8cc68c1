"""The layout of Open-ReID, in which FD-GAN (Ge et al., NeurIPS 2018) reads its data.

``images/`` holds files such as ``00000002_00_0001.jpg`` (identity, camera, number); ``meta.json`` lists them by
identity and camera; ``splits.json`` says which identities are for training and which for tests. ``poses/`` holds a file
of 18 lines "row column" for each image: name it under ``keypoints``.
"""

import json
from collections.abc import Callable
from pathlib import Path

from purereid.data.formats.scan import Row, Scan, list_folder
from purereid.errors import UserError

EXPECTED = (
    "images/ with images named IDENTITY_CAMERA_NUMBER.jpg, such as 00000002_00_0001.jpg, meta.json with identities, a"
    " list of lists of their names by identity and camera, and splits.json with lists of identities (trainval, query,"
    " gallery)"
)
SPLITS = ("trainval", "query", "gallery")


def read(folder: Path, *, split: int = 0, val_identities: int = 0) -> Scan:
    """Read a folder of Open-ReID.

    There every test image of a query's identity is a query, and the protocol ``openreid`` of the rule ``evaluate`` asks
    for all of them. Here, as in Market-1501, one image of each identity and camera is a query: the last, since
    Open-ReID numbers the folder of queries of Market-1501 and DukeMTMC-reID after that of the gallery. Of an identity
    with one image in each camera that of the last camera is. The other test images are the gallery.

    Args:
        folder: holds images, meta.json and splits.json.
        split: number of the split in splits.json.
        val_identities: so many of the training identities, the last ones, are for validation (published: 100; its
            final models learn from all).
    """
    scan = Scan(EXPECTED)
    names, chosen = _identities(folder / "meta.json"), _split(folder / "splits.json", split)
    _check_known(chosen, len(names), folder / "splits.json")
    _check_apart(chosen, folder / "splits.json")
    train = sorted(chosen["trainval"])
    kept = len(train) - val_identities
    if val_identities < 0:
        what, where = f"val_identities is {val_identities}", "val_identities of the data set"
        raise UserError(what, where=where, expected="0 or more")
    if kept < 1:
        what = f"{val_identities} identities for validation leave none of {len(train)} to train on"
        raise UserError(what, where="val_identities of the data set", expected=f"at most {len(train) - 1}")
    parts = {"train": train[:kept], "val": train[kept:]}
    rows = [
        _row(folder, name, part, pid, camera)
        for part, pids in parts.items()
        for pid in pids
        for camera, images in enumerate(names[pid])
        for name in images
    ]
    asked = set(chosen["query"])
    for pid in sorted(asked | set(chosen["gallery"])):
        queries = _queries(names[pid]) if pid in asked else set()
        for camera, images in enumerate(names[pid]):
            rows += [_row(folder, name, "query" if name in queries else "gallery", pid, camera) for name in images]
    scan.rows = rows
    _tell_unlisted(scan, folder, names)
    return scan


def _queries(cameras: list[list[str]]) -> set[str]:
    """The last image of each camera, or of the last camera alone where each has one image."""
    last = [images[-1] for images in cameras if images]
    return set(last if any(len(images) > 1 for images in cameras) else last[-1:])


def _row(folder: Path, name: str, split: str, pid: int, camera: int) -> Row:
    return Row(f"images/{name}", (folder / "images" / name).as_posix(), split, pid, camera)


def _identities(path: Path) -> list[list[list[str]]]:
    """File names by identity and camera."""
    content = _read_json(path)
    found = content.get("identities") if isinstance(content, dict) else None
    if not _is_list_of(found, lambda cameras: _is_list_of(cameras, lambda names: _is_list_of(names, _is_name))):
        raise UserError("meta.json lists no images by identity and camera", where=path, expected=EXPECTED)
    return found


def _split(path: Path, number: int) -> dict[str, list[int]]:
    content = _read_json(path)
    if not isinstance(content, list) or not content:
        raise UserError("splits.json is no list of splits", where=path, expected=EXPECTED)
    if not 0 <= number < len(content):
        expected = f"split: 0 to {len(content) - 1}"
        raise UserError(f"there is no split {number}", where=path, expected=expected, do="set split of the data set")
    chosen = content[number]
    if not isinstance(chosen, dict) or not all(_is_list_of(chosen.get(name), _is_number) for name in SPLITS):
        what = f"split {number} lacks lists of identities called {', '.join(SPLITS)}"
        raise UserError(what, where=path, expected=EXPECTED)
    return {name: chosen[name] for name in SPLITS}


def _check_known(chosen: dict[str, list[int]], count: int, path: Path) -> None:
    strangers = [pid for pids in chosen.values() for pid in pids if not 0 <= pid < count]
    if strangers:
        raise UserError(
            f"{len(strangers)} identities are not in meta.json, such as {strangers[0]}",
            where=path,
            expected=f"identities from 0 to {count - 1}",
            do="take both files from the same copy of the data set",
        )


def _check_apart(chosen: dict[str, list[int]], path: Path) -> None:
    shared = sorted(set(chosen["trainval"]) & {*chosen["query"], *chosen["gallery"]})
    if shared:
        what = f"{len(shared)} identities are for training and for tests, such as {shared[0]}"
        raise UserError(what, where=path, expected="trainval without the identities of query and gallery")


def _tell_unlisted(scan: Scan, folder: Path, names: list[list[list[str]]]) -> None:
    images, folders, others = list_folder(folder / "images")
    known = {name for cameras in names for images_of_camera in cameras for name in images_of_camera}
    scan.unparsed += [f"images/{name}" for name in images if name not in known]
    scan.ignored += [f"images/{name}" for name in [*others, *(f"{each}/" for each in folders)]]


def _read_json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise UserError(f"there is no {path.name}", where=path.parent, expected=EXPECTED) from None
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path.name} cannot be read: {error}", where=path, expected=EXPECTED) from None


def _is_list_of(value: object, fits: Callable[[object], bool]) -> bool:
    return isinstance(value, list) and all(fits(each) for each in value)


def _is_number(value: object) -> bool:
    return type(value) is int


def _is_name(value: object) -> bool:
    """A file in images/ and nowhere else."""
    return isinstance(value, str) and value not in ("", ".", "..") and not set(value) & {"/", "\\", "\0"}
