"""Key points as Parquet: one row per image with its joints, in the order of the file they were imported from."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from purereid.data.joints import JOINTS
from purereid.data.names import repeated
from purereid.data.parquet import read_strictly, write_parquet
from purereid.errors import UserError

SCHEMA = pa.schema(
    [
        ("image", pa.string()),
        ("joints", pa.list_(pa.list_(pa.float32(), 2), len(JOINTS))),
        ("visible", pa.list_(pa.bool_(), len(JOINTS))),
        ("height", pa.int32()),
        ("width", pa.int32()),
    ]
)
AGAIN = "make the key points again: delete the file and run the workflow"
SNAP = 1024  # parts of a pixel


class Keypoints(NamedTuple):
    """Key points of N images.

    Attributes:
        images: names of the index.
        joints: float32 [N, 18, 2] = (y, x) in pixels of the image, 0-based, in the order of ``JOINTS``;
            (-1, -1) where missing.
        visible: bool [N, 18], False where missing.
        sizes: int32 [N, 2] = height and width of each image.
    """

    images: list[str]
    joints: np.ndarray
    visible: np.ndarray
    sizes: np.ndarray

    def scaled(self, height: int, width: int) -> np.ndarray:
        """Joints float32 [N, 18, 2] in pixels of the images stretched to another size."""
        return scale_joints(self.joints, self.visible, self.sizes[:, None, :], (height, width))


def scale_joints(
    joints: np.ndarray, visible: np.ndarray, size: Sequence[int] | np.ndarray, new_size: Sequence[int] | np.ndarray
) -> np.ndarray:
    """Joints in pixels of stretched images; pixel centres go to pixel centres, corners of the image to corners.

    Args:
        joints: [N, 18, 2].
        visible: bool [N, 18].
        size, new_size: (height, width) before and after, or [N, 1, 2].

    Returns:
        float32 [N, 18, 2], (-1, -1) where missing. Values are rounded to 1/1024 pixel, so that whole numbers come
        back as whole numbers when they are scaled there and back.
    """
    factor = np.asarray(new_size, np.float64) / np.asarray(size, np.float64)
    scaled = np.round(((np.asarray(joints, np.float64) + 0.5) * factor - 0.5) * SNAP) / SNAP
    return np.where(visible[..., None], scaled, -1).astype(np.float32)


def write_keypoints(path: str | Path, keypoints: Keypoints) -> None:
    """Write key points; equal arguments give equal bytes, and the file is whole or not there."""
    joints = pa.array(np.ascontiguousarray(keypoints.joints, np.float32).reshape(-1))
    height, width = np.asarray(keypoints.sizes, np.int32).T
    columns = [
        pa.array(keypoints.images, pa.string()),
        pa.FixedSizeListArray.from_arrays(pa.FixedSizeListArray.from_arrays(joints, 2), len(JOINTS)),
        pa.FixedSizeListArray.from_arrays(pa.array(keypoints.visible.reshape(-1)), len(JOINTS)),
        pa.array(height),
        pa.array(width),
    ]
    write_parquet(path, pa.table(columns, schema=SCHEMA))


def read_keypoints(path: str | Path, images: Sequence[str] | None = None) -> Keypoints:
    """Read key points, all or those of the given images.

    Args:
        path: a file written by ``write_keypoints``.
        images: the names wanted, in the order wanted; None: all, in the order of the file.

    Raises:
        UserError: no such file, no Parquet, other columns, empty cells, an image listed twice, a joint that is not
            finite, wanted images without a row.
    """
    table = read_strictly(Path(path), SCHEMA, "key points", "import_keypoints")
    found = table["image"].to_pylist()
    keypoints = Keypoints(
        found,
        _values(table["joints"]).reshape(-1, len(JOINTS), 2),
        _values(table["visible"]).reshape(-1, len(JOINTS)),
        np.stack([table["height"].to_numpy(), table["width"].to_numpy()], axis=1),
    )
    _check(keypoints, path)
    return keypoints if images is None else select_keypoints(keypoints, images, path)


def select_keypoints(keypoints: Keypoints, images: Sequence[str], path: str | Path) -> Keypoints:
    """Key points of some images.

    Args:
        keypoints: of a data set, each image once.
        images: the names wanted, in the order wanted, also several times.
        path: the file of the key points, for the message.

    Raises:
        UserError: wanted images without a row.
    """
    number = {image: row for row, image in enumerate(keypoints.images)}
    missing = [image for image in images if image not in number]
    if missing:
        raise UserError(
            f"{len(missing)} of {len(images)} images have no key points, such as {missing[0]}",
            where=path,
            expected="key points of every image that is asked for",
            do="give a key-point file that holds them to import_keypoints",
        )
    rows = np.array([number[image] for image in images], np.int64)
    return Keypoints(list(images), keypoints.joints[rows], keypoints.visible[rows], keypoints.sizes[rows])


def _values(column: pa.ChunkedArray) -> np.ndarray:
    array = column.combine_chunks()
    while pa.types.is_fixed_size_list(array.type):
        array = array.flatten()
    return array.to_numpy(zero_copy_only=False)


def _check(keypoints: Keypoints, path: str | Path) -> None:
    twice = repeated(keypoints.images)
    if twice:
        raise UserError(f"image {twice[0]} is listed twice", where=path, expected="one row per image", do=AGAIN)
    bad = ~np.isfinite(keypoints.joints).all(axis=(1, 2))
    if bad.any():
        first = keypoints.images[int(np.argmax(bad))]
        raise UserError(f"joints of {first} are not finite numbers", where=path, do=AGAIN)
