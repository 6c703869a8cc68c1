"""A folder of FD-GAN's pose files: for each image a text file of its name, with 18 lines ``row column``.

FD-GAN (Ge et al., FD-GAN: Pose-guided Feature Distilling GAN for Robust Person Re-identification, NeurIPS 2018). The
row comes first; a missing joint is ``-1 -1``.
"""

from pathlib import Path

from purereid.data.formats.scan import EXAMPLES, list_folder
from purereid.data.keypoint_formats.poses import Poses, poses_from, refuse_number
from purereid.errors import UserError

EXPECTED = "files NAME.txt of 18 lines: row and column of a joint, -1 -1 where it is missing"


def read(folder: Path) -> Poses:
    """Read all files ``*.txt`` of a folder but hidden ones, sorted by name; names come without their ending.

    Raises:
        UserError: no such files, or one that does not parse.
    """
    _, folders, others = list_folder(folder)
    files = [folder / name for name in others if name.lower().endswith(".txt") and not name.startswith(".")]
    if not files:
        held = ", ".join([*(f"{name}/" for name in folders), *others][:EXAMPLES]) or "nothing"
        raise UserError(f"the folder holds no pose files, but {held}", where=folder, expected=EXPECTED)
    poses = [read_numbers(file) for file in files]
    return poses_from(
        [file.stem for file in files], [pose[0::2] for pose in poses], [pose[1::2] for pose in poses], folder
    )


def read_numbers(file: Path) -> list[float]:
    """36 numbers y0, x0, y1, x1, ..."""
    try:
        lines = [line.split() for line in file.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
        numbers = [float(word) for line in lines for word in line]
    except ValueError:  # also of a text that is not UTF-8
        raise UserError("a pose file holds something other than numbers", where=file, expected=EXPECTED) from None
    if lines and all(len(line) == 2 for line in lines):
        refuse_number(len(lines), file)
    else:
        raise UserError(f"a pose file has {len(numbers)} numbers on {len(lines)} lines", where=file, expected=EXPECTED)
    return numbers
