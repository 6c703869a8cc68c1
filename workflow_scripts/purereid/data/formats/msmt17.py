"""MSMT17 (Wei et al., Person Transfer GAN to Bridge Domain Gap, CVPR 2018), V1 and V2 (faces masked).

Lists name the images: a line such as ``0000/0000_045_12_0303morning_0006_2.jpg 0`` holds person folder, then identity,
number, camera (two digits), date and part of the day, frame and box, and last the label, which is the identity. Test
identities begin at 0 again, so they are moved behind the train identities.
"""

import re
from pathlib import Path

from purereid.data.formats.scan import Row, Scan

FOLDERS = (("train", "test"), ("mask_train_v2", "mask_test_v2"))
LISTS = {"train": "list_train.txt", "val": "list_val.txt", "query": "list_query.txt", "gallery": "list_gallery.txt"}
LINE = re.compile(
    r"(?P<name>(?P<folder>[0-9]+)/(?P<person>[0-9]+)_[0-9]+_(?P<camera>(?!00)[0-9]{2})_[0-9]{4}(?:morning|noon|afternoon)"
    r"_(?P<frame>[0-9]+)_[0-9]+(?:_ex)?\.(?i:jpg|jpeg|png))\s+(?P<label>[0-9]+)"
)
EXPECTED = (
    "folders train/ and test/ (V1) or mask_train_v2/ and mask_test_v2/ (V2) and beside them list_train.txt,"
    " list_query.txt and list_gallery.txt, in UTF-8, with lines such as 0000/0000_045_12_0303morning_0006_2.jpg 0"
    " (the third number is the camera, from 01)"
)


def read(folder: Path) -> Scan:
    """Read the lists of MSMT17; list_val.txt becomes the split val."""
    scan = Scan(EXPECTED)
    train, test = next((pair for pair in FOLDERS if (folder / pair[0]).is_dir()), FOLDERS[0])
    for split, name in LISTS.items():
        _add_list(scan, folder, name, split, train if split in ("train", "val") else test)
    _move_test_identities(scan)
    return scan


def _add_list(scan: Scan, root: Path, name: str, split: str, folder: str) -> None:
    """Add the images that a list names; lines that do not parse and lines at odds with themselves are told."""
    disputed = []
    for number, line in enumerate(_lines(root / name), start=1):
        match = LINE.fullmatch(line)
        if match is None:
            scan.unparsed.append(f"{name}, line {number}: {line}")
            continue
        scan.rows.append(_row(match, root, folder, split))
        if len({int(match[group]) for group in ("folder", "person", "label")}) > 1:
            disputed.append(f"line {number}: {line}")
    what = f"Label, person folder and file name differ in {name}; the label was taken as identity."
    scan.tell("warning", what, disputed)


def _row(match: re.Match, root: Path, folder: str, split: str) -> Row:
    image = f"{folder}/{match['name']}"
    path = (root / image).as_posix()
    camid, frame = int(match["camera"]) - 1, int(match["frame"])
    return Row(image, path, split, pid=int(match["label"]), camid=camid, frame=frame)


def _move_test_identities(scan: Scan) -> None:
    offset = max((row.pid for row in scan.rows if row.split in ("train", "val")), default=-1) + 1
    scan.rows = [row._replace(pid=row.pid + offset) if row.split in ("query", "gallery") else row for row in scan.rows]


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        return []
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    return [line.strip() for line in text.splitlines() if line.strip()]
