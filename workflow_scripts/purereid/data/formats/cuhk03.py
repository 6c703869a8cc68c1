"""CUHK03 as its makers published it (Li et al., DeepReID, CVPR 2014): all images in one file, ``cuhk-03.mat``.

The images are unpacked to PNG files named PAIR_PERSON_VIEW_NUMBER.png, such as ``1_001_1_01.png``: pair of cameras 1-5,
person within the pair, view 1 or 2, and number 1-10 (6-10 in view 2). A camera is a view; the pairs are not told apart.
"""

from pathlib import Path

from purereid.data.formats.cuhk03_mat import read_classic_split, read_new_split, unpack_images
from purereid.data.formats.cuhk03_np import BOXES, check_boxes
from purereid.data.formats.scan import Row, Scan
from purereid.errors import UserError

FILE = "cuhk-03.mat"
SPLIT_FILE = "cuhk03_new_protocol_config_{boxes}.mat"
EXPECTED = f"the file {FILE} of CUHK03 (MATLAB v7.3)"


def read(
    folder: Path,
    images: Path,
    *,
    protocol: str = "new",
    boxes: str = "detected",
    split: int = 0,
    split_file: str | None = None,
) -> Scan:
    """Unpack CUHK03 and split it.

    Args:
        folder: holds cuhk-03.mat.
        images: where the images go, those of each kind of boxes in a folder of their own.
        protocol: "new", 767 train and 700 test identities (Zhong et al., Re-ranking Person Re-identification, CVPR
            2017), or "classic", one of 20 splits with 100 test identities, all images of which are query and gallery.
        boxes: "detected" or "labeled" (drawn by hand).
        split: which classic split, 0 to 19.
        split_file: cuhk03_new_protocol_config_{boxes}.mat of the new protocol, if it does not lie in the folder.
    """
    check_boxes(boxes)
    _check_protocol(protocol, split)
    scan = Scan(EXPECTED)
    mat = folder / FILE
    if not mat.is_file():
        return scan
    if protocol == "new":
        split_path = Path(split_file) if split_file else folder / SPLIT_FILE.format(boxes=boxes)
        splits = read_new_split(split_path)
        pids = unpack_images(mat, boxes, images / boxes)
        _check_unpacked(splits, pids, split_path)
    else:
        test = read_classic_split(mat, split)
        pids = unpack_images(mat, boxes, images / boxes)
        splits = _share_out(sorted(pids), test)
    _add_splits(scan, splits, pids, images / boxes, BOXES[boxes])
    return scan


def _share_out(names: list[str], test: set[tuple[int, int]]) -> dict[str, list[str]]:
    """The classic protocol: all images of the test persons are query and gallery, all others train."""
    tested = [name for name in names if _person(name) in test]
    return {"train": [name for name in names if _person(name) not in test], "query": tested, "gallery": tested}


def _person(name: str) -> tuple[int, int]:
    pair, person = name.split("_")[:2]
    return int(pair), int(person)


def _add_splits(scan: Scan, splits: dict[str, list[str]], pids: dict[str, int], images: Path, kind: str) -> None:
    # the ids begin with the split, since one image may be query and gallery
    for split, names in splits.items():
        for name in names:
            camid = int(name.split("_")[2]) - 1
            scan.rows.append(Row(f"{split}/{name}", (images / name).as_posix(), split, pids[name], camid, kind=kind))
    unused = sorted(set(pids).difference(*splits.values()))
    scan.tell("note", "Images belong to no split of the protocol and were left out.", unused)


def _check_unpacked(splits: dict[str, list[str]], pids: dict[str, int], split_path: Path) -> None:
    missing = sorted({name for names in splits.values() for name in names} - set(pids))
    if missing:
        raise UserError(
            f"{len(missing)} images of the split are not in {FILE}, such as {missing[0]}",
            where=split_path,
            expected="the split file of the same boxes, detected or labeled",
            do="correct the option boxes or split_file",
        )


def _check_protocol(protocol: str, split: int) -> None:
    where = "data set of format cuhk03"
    if protocol not in ("new", "classic"):
        raise UserError(f"option protocol is {protocol!r}", where=where, expected="new or classic")
    if not 0 <= split <= 19:
        raise UserError(f"option split is {split}", where=where, expected="0 to 19, the classic splits")
