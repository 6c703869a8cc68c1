"""What does a folder hold? Hints for a user who named the wrong format or the wrong folder."""

from pathlib import Path

from purereid.data.formats import cuhk03_np, dukemtmc, market1501
from purereid.data.formats.scan import list_folder

LOOK_AT = 20
DEEPEST = 5  # folders in folders that are looked into


def layout_hint(folder: Path, format: str) -> str:
    """One sentence: which format the folder, a folder in it or the one above looks like, or what lies in it.

    Args:
        folder, format: what the user set and what does not fit.
    """
    if not folder.is_dir():
        return "correct the file or the option that names it"
    children = [folder / name for name in list_folder(folder)[1][:LOOK_AT]]
    for place in [folder, *children, folder.resolve().parent]:
        layout = guess_layout(place)
        if layout == "cuhk03_np" and (place, format) != (folder, layout):
            return _boxes_hint(place)
        if layout is not None and (place, layout) != (folder, format):
            return f"{place} looks like {layout}: set format to {layout} and folder to {place}"
    return f"correct the folder or the format; the folder holds {_contents(folder)}"


def _boxes_hint(place: Path) -> str:
    """How to name CUHK03-NP by the folder that holds its kinds of boxes, or one of them."""
    known = " or ".join(cuhk03_np.BOXES)
    if place.name not in cuhk03_np.BOXES and (place / "bounding_box_train").is_dir():
        named = f"call it {known} and set format to cuhk03_np, boxes to that name and folder to {place.parent}"
        return f"{place} looks like a half of cuhk03_np: {named}"
    folder = place.parent if place.name in cuhk03_np.BOXES else place
    found = " or ".join(name for name in cuhk03_np.BOXES if (folder / name / "bounding_box_train").is_dir())
    return f"{folder} looks like cuhk03_np: set format to cuhk03_np, folder to {folder} and boxes to {found}"


def guess_layout(folder: Path) -> str | None:
    """The format whose folders and names a folder shows, None if it shows none."""
    _, folders, others = list_folder(folder)
    if "bounding_box_train" in folders:
        return _by_name(folder / "bounding_box_train")
    if "list_train.txt" in others:
        return "msmt17"
    if {"meta.json", "splits.json"} <= set(others):
        return "openreid"
    if "cuhk-03.mat" in others:
        return "cuhk03"
    if any((folder / boxes / "bounding_box_train").is_dir() for boxes in cuhk03_np.BOXES):
        return "cuhk03_np"
    return "folder" if {"train", "train_all"} & set(folders) and {"query", "gallery"} & set(folders) else None


def _by_name(folder: Path) -> str | None:
    """Market-1501, DukeMTMC-reID and CUHK03-NP share folder names; the first image's name tells them apart."""
    names = list_folder(folder)[0][:1]
    for layout, reader in (("market1501", market1501), ("dukemtmc", dukemtmc), ("cuhk03_np", cuhk03_np)):
        if any(reader.parse(name) for name in names):
            return layout
    return None


def _contents(folder: Path) -> str:
    images, folders, others = list_folder(folder)
    named = [f"{name}/" for name in folders[:LOOK_AT]] + others[:5]
    deeper = None if images else _first_image(folder, DEEPEST)
    below = [] if deeper is None else [f"and images below it, such as {deeper.relative_to(folder).as_posix()}"]
    return ", ".join([*named, f"{len(images)} images", *below])


def _first_image(folder: Path, depth: int) -> Path | None:
    images, folders, _ = list_folder(folder)
    if images:
        return folder / images[0]
    below = folders[:LOOK_AT] if depth else []
    return next((found for name in below if (found := _first_image(folder / name, depth - 1))), None)
