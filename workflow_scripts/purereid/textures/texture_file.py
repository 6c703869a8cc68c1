"""Textures of images in one memory-mapped Arrow file."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from purereid.data.arrow import arrow_writer, open_arrow
from purereid.data.chunks import in_chunks
from purereid.errors import UserError

AGAIN = "delete the file, so that it is made again"
CHUNK = 256  # images written at a time
# What of a texture an image shows: parts that no image of the person shows, such as a bag that the person does not
# carry; what other images show; and what this one does.
NOWHERE, HIDDEN, VISIBLE = range(3)


def write_textures(
    path: str | Path,
    rows: Iterable[tuple[str, str, int, np.ndarray, np.ndarray | None]],
    *,
    size: int,
    mirror: np.ndarray | None,
) -> None:
    """Write textures; equal arguments give equal bytes, and the file is whole or not there.

    Args:
        path: where to write.
        rows: of each image its name in the index, its path, its person, its texture uint8 [3, S, S], RGB, and what of
            it can be seen in the image, uint8 [S, S] of ``NOWHERE``, ``HIDDEN`` and ``VISIBLE``; None: not known.
        size: S.
        mirror: int32 [S, S], see ``people.mirror.mirror_map``; None: textures cannot be mirrored.
    """
    schema = _schema(size, mirror)
    with arrow_writer(path, schema) as writer:
        for chunk in in_chunks(rows, CHUNK):
            columns = zip(
                *((i, p, n, t.tobytes(), v if v is None else v.tobytes()) for i, p, n, t, v in chunk), strict=True
            )
            arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
            writer.write_batch(pa.record_batch(arrays, schema))


class TextureFile:
    """A file by ``write_textures``, opened for reading; nothing but names and what is asked for is held in memory.

    Attributes:
        images, paths: N names and paths, in the order of the file.
        pids: int64 [N].
        size: S, texels a side.
        mirror: int32 [S * S], or None.

    Raises:
        UserError: no such file, or another one.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        table = _open(self.path)
        about = table.schema.metadata
        self.size = int(about[b"size"])
        self.mirror = np.frombuffer(about[b"mirror"], np.int32) if about[b"mirror"] else None
        self.images, self.paths = (table[name].to_pylist() for name in ("image", "path"))
        self.pids = table["pid"].to_numpy()
        self._textures, self._seen = table["texture"], table["seen"]
        self._rows = {image: row for row, image in enumerate(self.images)}

    def rows_of(self, images: Sequence[str]) -> np.ndarray:
        """Rows int64 [n] of images by their names.

        Raises:
            UserError: images that have no texture.
        """
        missing = [image for image in images if image not in self._rows]
        if missing:
            raise UserError(
                f"{len(missing)} of {len(images)} images have no texture, such as {missing[0]}",
                where=self.path,
                expected="a texture of every image that is learnt from",
                do="name all splits that are trained on under import_textures.splits",
            )
        return np.array([self._rows[image] for image in images], np.int64)

    def batch(self, rows: np.ndarray, mirrored: np.ndarray | None = None) -> np.ndarray:
        """Textures uint8 [n, 3, S, S] of some rows; those marked in ``mirrored``, bool [n], of the mirrored person."""
        found = np.stack([np.frombuffer(self._textures[row].as_buffer(), np.uint8) for row in rows.tolist()])
        found = found.reshape(len(rows), 3, -1)
        if mirrored is not None and mirrored.any():
            found[mirrored] = found[mirrored][:, :, self.mirror]
        return found.reshape(len(rows), 3, self.size, self.size)

    def seen(self, row: int) -> np.ndarray | None:
        """What of a texture can be seen in its image, uint8 [S, S], see ``write_textures``; None: not known."""
        packed = self._seen[row].as_buffer()
        return None if packed is None else np.frombuffer(packed, np.uint8).reshape(self.size, self.size)


def _schema(size: int, mirror: np.ndarray | None) -> pa.Schema:
    columns = [("image", pa.string()), ("path", pa.string()), ("pid", pa.int64())]
    columns += [("texture", pa.binary(3 * size * size)), ("seen", pa.binary())]
    return pa.schema(
        columns, {"size": str(size), "mirror": b"" if mirror is None else mirror.astype(np.int32).tobytes()}
    )


def _open(path: Path) -> pa.Table:
    if not path.is_file():
        expected = "a file written by import_textures or paint_textures"
        raise UserError("the textures do not exist", where=path, expected=expected)
    try:
        table = open_arrow(path).read_all()
        known = table.schema == _schema(int(table.schema.metadata[b"size"]), None)
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"the textures cannot be read: {error}", where=path, do=AGAIN) from None
    if not known:
        raise UserError("the file holds no textures", where=path, expected="what import_textures writes", do=AGAIN)
    return table
