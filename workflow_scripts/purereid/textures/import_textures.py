"""Bring the textures that a data set has to one file (rule ``import_textures``)."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from purereid.data.formats.pit import textures_of
from purereid.data.images import read_image
from purereid.data.index import read_index
from purereid.errors import UserError
from purereid.people.atlas import SIZE, atlas_grid
from purereid.people.ground_truth import read_scenes, read_uv_maps
from purereid.people.mirror import mirror_map
from purereid.textures.texture_file import HIDDEN, NOWHERE, VISIBLE, write_textures

MIRROR = "mirror.npy"
SPREAD = 2  # a person who fills an image has about half of all texels a side turned to it, so pixels lie so far apart


def import_textures(
    *,
    index: Path,
    textures: Path,
    folder: Path,
    size: int,
    splits: list[str],
    scene: Path | None = None,
    uv: Path | None = None,
) -> None:
    """Write the textures of the images of some splits.

    Args:
        index: the data set.
        textures: Arrow file that is written, see ``texture_file``.
        folder: holds textures/, square images of one size; of other data sets than rendered people it is a folder of
            the format pit, and ``mirror.npy``, if it is there, says which texel lies where on a mirrored person: int
            [A, A], row times A plus column, for textures of A texels a side.
        size: S, texels a side of what is written; A must be a multiple of it where there is a mirror map.
        splits: whose images.
        scene, uv: of rendered people, whose persons have numbers and whose visible texels are known.

    Raises:
        UserError: images without a texture, textures of several sizes or none that is square, an unusable mirror map.
    """
    rows = read_index(index)
    rows = rows[rows["split"].isin(splits) & (rows["pid"] >= 0)]
    names = _of_rendered(scene) if scene else textures_of(folder)
    keys = rows["image"].map(str if scene else lambda image: Path(image).name)
    missing = [image for image, key in zip(rows["image"], keys, strict=True) if key not in names]
    if missing or rows.empty:
        raise UserError(
            f"{len(missing)} of {len(rows)} images have no texture" + (f", such as {missing[0]}" if missing else ""),
            where=folder,
            expected=f"a texture of each image of the splits {', '.join(splits)}",
            do="add the missing textures, or name other splits under import_textures.splits",
        )
    files = [folder / "textures" / names[key] for key in keys]
    whole_size, small = _read_small(files, size)
    mirror = mirror_map() if scene else _read_mirror(folder, whole_size)
    seen = _seen_texels(uv, rows.set_index("image")["pid"], size) if uv else {}
    columns = (rows["image"], rows["path"], rows["pid"], files)
    written = (
        (image, path, pid, small[file], seen.get(image)) for image, path, pid, file in zip(*columns, strict=True)
    )
    write_textures(textures, written, size=size, mirror=None if mirror is None else shrunk(mirror, size))


def shrunk(mirror: np.ndarray, size: int) -> np.ndarray:
    """The mirror map int32 [S, S] of textures made smaller, from that of the whole ones int [A, A].

    Raises:
        UserError: A is no multiple of S, or the map mixes the texels of one place.
    """
    step, rest = divmod(len(mirror), size)
    if rest:
        raise UserError(
            f"textures of {len(mirror)} texels cannot be mirrored at {size}",
            where="import_textures.size",
            expected=f"a size that {len(mirror)} is a multiple of",
        )
    row, column = (place // step for place in np.divmod(mirror, len(mirror)))
    blocks = (row * size + column).reshape(size, step, size, step)
    small = blocks[:, :1, :, :1]
    if (blocks != small).any():
        raise UserError(
            f"at {size} texels a side the mirror map mixes texels of several places",
            where="import_textures.size",
            expected="a size at which parts of the atlas begin and end with a texel",
            do="raise the size",
        )
    return np.ascontiguousarray(small.reshape(size, size), np.int32)


def _of_rendered(scene: Path) -> dict[str, str]:
    """Name of the texture of each rendered image."""
    rows = read_scenes(scene, ["image", "identity"])
    return {image: f"{identity:04d}.png" for image, identity in rows.itertuples(index=False)}


def _read_small(files: list[Path], size: int) -> tuple[int, dict[Path, np.ndarray]]:
    """Texels a side of the files, and their textures made smaller, uint8 [3, S, S], each once."""
    found, first = {}, None
    for file in dict.fromkeys(files):
        texture = _read(file)
        first = first or texture.shape
        if texture.shape != first or first[0] != first[1]:
            raise UserError(
                f"the texture has {texture.shape[0]} x {texture.shape[1]} texels",
                where=file,
                expected=f"square textures of one size; the first has {first[0]} x {first[1]}",
                do="bring all textures to one size",
            )
        small = cv2.resize(texture, (size, size), interpolation=cv2.INTER_AREA)
        found[file] = np.ascontiguousarray(small.transpose(2, 0, 1))
    return first[0], found


def _read(file: Path) -> np.ndarray:
    try:
        return read_image(file)
    except UserError:
        raise UserError("the texture cannot be read", where=file, expected="an image", do="replace it") from None


def _read_mirror(folder: Path, size: int) -> np.ndarray | None:
    """The mirror map of a folder, int [A, A]; None where there is none."""
    path, misplaced = folder / MIRROR, folder / "textures" / MIRROR
    if misplaced.is_file():
        raise UserError(f"{MIRROR} lies among the textures", where=misplaced, expected=f"{path}", do="move it there")
    if not path.is_file():
        return None
    expected = f"whole numbers [{size}, {size}], row times {size} plus column, that undo themselves when applied twice"
    try:
        mirror = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"the mirror map cannot be read: {error}", where=path, expected=expected) from None
    fits = mirror.shape == (size, size) and np.issubdtype(mirror.dtype, np.integer)
    if not fits or mirror.min() < 0 or mirror.max() >= size * size:
        raise UserError(f"a mirror map of {mirror.dtype} {mirror.shape}", where=path, expected=expected)
    if not np.array_equal(mirror.ravel()[mirror.ravel()], np.arange(size * size)):
        raise UserError("the mirror map applied twice is not where it began", where=path, expected=expected)
    return mirror


def _seen_texels(uv: Path, pids: pd.Series, size: int) -> dict[str, np.ndarray]:
    """What of its person's texture each image shows, uint8 [S, S], see ``write_textures``.

    Between the places of two pixels lie texels that no pixel hits. They count as seen too: what lies within the
    spacing of pixels beside a visible texel of the same part.
    """
    part = cv2.resize(atlas_grid().part, (size, size), interpolation=cv2.INTER_NEAREST)
    visible = {}
    for image, place in read_uv_maps(uv):
        if image in pids.index:
            visible[image] = _near_pixels(place, part, size)
    shown: dict[int, set] = {}
    for image, mask in visible.items():
        shown.setdefault(pids[image], set()).update(np.unique(part[mask]).tolist())
    seen = {}
    for image, mask in visible.items():
        on_person = np.isin(part, list(shown[pids[image]]))
        seen[image] = np.where(mask, VISIBLE, np.where(on_person, HIDDEN, NOWHERE)).astype(np.uint8)
    return seen


def _near_pixels(place: np.ndarray, part: np.ndarray, size: int) -> np.ndarray:
    person = place[..., 2] > 0
    column, row = (place[..., axis][person].astype(int) * size // (2 * SIZE) for axis in (0, 1))
    hit = np.zeros((size, size), np.uint8)
    hit[row, column] = 1
    spacing = -(-SPREAD * size // place.shape[0])
    kernel = np.ones((2 * spacing + 1, 2 * spacing + 1), np.uint8)
    near = np.zeros((size, size), bool)
    for number in np.unique(part[hit > 0]):
        own = part == number
        near |= own & (cv2.dilate(np.where(own, hit, 0).astype(np.uint8), kernel) > 0)
    return near
