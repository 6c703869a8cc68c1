"""CUHK03-NP: the 767/700 protocol of CUHK03 repacked into the folders of Market-1501.

Zhong et al., Re-ranking Person Re-identification with k-reciprocal Encoding, CVPR 2017. A name such as
``0001_c1_01.png`` holds identity, camera (the view inside a pair of cameras) and image number.
"""

import re
from pathlib import Path

from purereid.data.formats.scan import Scan, add_folder
from purereid.errors import UserError

# kind of the index by the name of the folder
BOXES = {"detected": "detected", "labeled": "drawn"}
NAME = re.compile(r"([0-9]{4})_c0*([1-9][0-9]*)(?:s[0-9]+)?(?:_[0-9]+)+(\.(?i:jpg|jpeg|png))+")
EXPECTED = (
    "folders {boxes}/bounding_box_train/, {boxes}/query/ and {boxes}/bounding_box_test/ with images named"
    " IDENTITY_cCAMERA_NUMBER.png, such as 0001_c1_01.png (IDENTITY: four digits; CAMERA: from 1)"
)


def read(folder: Path, *, boxes: str = "detected") -> Scan:
    """Read the folders of CUHK03-NP.

    Args:
        folder: holds detected/ and labeled/.
        boxes: which of the two: the boxes of a detector, or those drawn by hand.
    """
    check_boxes(boxes)
    scan = Scan(EXPECTED.format(boxes=boxes))
    for subfolder, split in (("bounding_box_train", "train"), ("query", "query"), ("bounding_box_test", "gallery")):
        add_folder(scan, folder, f"{boxes}/{subfolder}", split, parse)
    scan.rows = [row._replace(kind=BOXES[boxes]) for row in scan.rows]
    return scan


def parse(name: str) -> dict | None:
    """Identity and camera of an image name; None if it does not follow the pattern from end to end."""
    match = NAME.fullmatch(name)
    return None if match is None else {"pid": int(match[1]), "camid": int(match[2]) - 1}


def check_boxes(boxes: str) -> None:
    """Raise a UserError if there are no such boxes."""
    if boxes not in BOXES:
        raise UserError(f"option boxes is {boxes!r}", where="data set CUHK03", expected=" or ".join(BOXES))
