"""The published key-point files of Market-1501 and DukeMTMC-reID (pose-gan, Pose-Transfer).

One line per image, ``NAME: [y0, ..., y17]: [x0, ..., x17]``, below the header ``name:keypoints_y:keypoints_x``. The
list of y comes first; a missing joint is -1 in both.
"""

import json
from pathlib import Path

from purereid.data.keypoint_formats.poses import Poses, poses_from, refuse_number
from purereid.errors import UserError

HEADER = "name:keypoints_y:keypoints_x"
EXPECTED = f"the header {HEADER}, then lines NAME: [18 numbers y]: [18 numbers x]"


def read(path: Path) -> Poses:
    """Read one file; the order of its lines is kept.

    Raises:
        UserError: another header, or a line that does not parse, with its number.
    """
    lines = _read_lines(path)
    names, y, x = [], [], []
    for number, line in enumerate(lines[1:], 2):
        if line.strip():
            name, first, second = _parse(line, number, path)
            names.append(name)
            y.append(first)
            x.append(second)
    return poses_from(names, y, x, path)


def _read_lines(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise UserError("the key-point file is no text in UTF-8", where=path, expected=EXPECTED) from None
    if not lines or lines[0].strip() != HEADER:
        found = lines[0][:80] if lines else ""
        raise UserError(f"the key-point file begins with {found!r}", where=path, expected=EXPECTED)
    return lines


def _parse(line: str, number: int, path: Path) -> tuple[str, list, list]:
    name, *lists = line.rsplit(":", 2)
    try:
        y, x = (json.loads(text, parse_int=float) for text in lists)  # a whole number may be larger than any float
    except (ValueError, RecursionError):
        y = x = None
    if _is_list(y) and _is_list(x) and len(y) == len(x):
        refuse_number(len(y), path, f"line {number}: ")
    if not name.strip() or not _is_list(y) or not _is_list(x) or len(y) != len(x):
        raise UserError(f"line {number} does not parse: {line[:120]}", where=path, expected=EXPECTED)
    return name.strip(), y, x


def _is_list(values: object) -> bool:
    return isinstance(values, list) and all(type(v) in (int, float) for v in values)
