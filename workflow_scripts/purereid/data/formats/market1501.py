"""Market-1501 (Zheng et al., Scalable Person Re-identification: A Benchmark, ICCV 2015).

A name such as ``0002_c1s1_000451_03.jpg`` holds identity (-1 junk, 0000 distractor), camera, sequence, frame and
box number; box 00 is hand-drawn, others come from a detector.
"""

import re
from pathlib import Path

from purereid.data.formats.scan import Scan, add_folder, drop_strangers
from purereid.errors import UserError

NAME = re.compile(r"(-1|[0-9]{4}|[1-9][0-9]{4,})_c0*([1-9][0-9]*)s([0-9]+)_([0-9]+)_([0-9]+)(\.(?i:jpg|jpeg|png))+")
EXPECTED = (
    "folders bounding_box_train/, query/ and bounding_box_test/ with images named"
    " IDENTITY_cCAMERAsSEQUENCE_FRAME_BOX.jpg, such as 0002_c1s1_000451_03.jpg (IDENTITY: at least four digits, or -1;"
    " CAMERA: from 1)"
)


def read(folder: Path, *, distractors: bool = False) -> Scan:
    """Read the folders of Market-1501.

    Args:
        folder: holds bounding_box_train, query, bounding_box_test and, if there, gt_bbox (multi-query) and
            bounding_box_val (validation, which Market-1501 lacks and the rendered people have).
        distractors: add the 500,000 distractors in images/ to the gallery.
    """
    scan = Scan(EXPECTED)
    add_folder(scan, folder, "bounding_box_train", "train", parse)
    add_folder(scan, folder, "bounding_box_val", "val", parse)
    add_folder(scan, folder, "query", "query", parse)
    add_folder(scan, folder, "bounding_box_test", "gallery", parse)
    add_folder(scan, folder, "gt_bbox", "multi", parse)
    if distractors:
        _add_distractors(scan, folder)
    drop_strangers(scan, least=1)
    _drop_unasked(scan)
    return scan


def parse(name: str) -> dict | None:
    """Fields of an image name; None if it does not follow the pattern from end to end."""
    match = NAME.fullmatch(name)
    if match is None:
        return None
    pid, camera, sequence, frame, box = (int(match[group]) for group in range(1, 6))
    kind = "drawn" if box == 0 else "detected"
    return {"pid": pid, "camid": camera - 1, "seq": sequence, "frame": frame, "kind": kind}


def _add_distractors(scan: Scan, folder: Path) -> None:
    before = len(scan.rows)
    add_folder(scan, folder, "images", "gallery", parse)
    if len(scan.rows) == before:
        raise UserError(
            "images/ holds no distractors",
            where=folder,
            expected="images/ with names such as 0000_c1s1_000001_01.jpg",
            do="put the 500,000 distractors there, or set distractors to false",
        )


def _drop_unasked(scan: Scan) -> None:
    """Leave out multi-query images of identities without a query (gt_bbox shows the train identities too)."""
    asked = {row.pid for row in scan.rows if row.split == "query"}
    unasked = [row for row in scan.rows if row.split == "multi" and row.pid not in asked]
    scan.rows = [row for row in scan.rows if row.split != "multi" or row.pid in asked]
    scan.tell(
        "note", "Images of gt_bbox show identities without a query and were left out.", [row.image for row in unasked]
    )
