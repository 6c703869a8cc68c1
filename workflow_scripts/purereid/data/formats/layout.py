"""What does a folder hold? Hints for a user who named the wrong format or the wrong folder."""

from pathlib import Path

from purereid.data.formats import cuhk03_np, dukemtmc, market1501
from purereid.data.formats.scan import list_folder

LOOK_AT = 20


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
        if layout is not None and (place, layout) != (folder, format):
            return f"{place} looks like {layout}: set format to {layout} and folder to {place}"
    return f"correct the folder or the format; the folder holds {_contents(folder)}"


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
    return ", ".join([*named, f"{len(images)} images"])
