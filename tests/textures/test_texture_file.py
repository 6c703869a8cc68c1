"""Textures in a file."""

from pathlib import Path

import numpy as np
import pytest

from purereid.errors import UserError
from purereid.textures.texture_file import TextureFile, write_textures

SIZE = 6
MIRROR = np.arange(SIZE * SIZE, dtype=np.int32).reshape(SIZE, SIZE)[:, ::-1]


def rows(count: int = 300) -> list[tuple]:
    draws = np.random.default_rng(0)
    return [
        (
            f"train/{n}.jpg",
            f"/data/{n}.jpg",
            n % 7,
            draws.integers(0, 256, (3, SIZE, SIZE), dtype=np.uint8),
            draws.integers(0, 3, (SIZE, SIZE), dtype=np.uint8) if n % 2 else None,
        )
        for n in range(count)
    ]


def test_what_is_written_is_read(tmp_path: Path):
    given, path = rows(), tmp_path / "textures.arrow"
    write_textures(path, given, size=SIZE, mirror=MIRROR)
    file = TextureFile(path)
    assert file.size == SIZE and np.array_equal(file.mirror, MIRROR.ravel())
    assert [file.images, file.paths, file.pids.tolist()] == [
        list(column) for column in list(zip(*given, strict=True))[:3]
    ]
    chosen = np.array([299, 0, 7])
    assert np.array_equal(file.batch(chosen), np.stack([given[row][3] for row in chosen]))
    assert file.seen(0) is None and np.array_equal(file.seen(7), given[7][4])
    assert file.rows_of(["train/5.jpg", "train/2.jpg"]).tolist() == [5, 2]


def test_textures_of_mirrored_persons(tmp_path: Path):
    given, path = rows(4), tmp_path / "textures.arrow"
    write_textures(path, given, size=SIZE, mirror=MIRROR)
    found = TextureFile(path).batch(np.array([0, 1]), np.array([False, True]))
    assert np.array_equal(found[0], given[0][3]) and np.array_equal(found[1], given[1][3][:, :, ::-1])


def test_equal_textures_give_equal_bytes(tmp_path: Path):
    for name in ("a", "b"):
        write_textures(tmp_path / name, rows(5), size=SIZE, mirror=None)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert TextureFile(tmp_path / "a").mirror is None


def test_files_that_hold_no_textures(tmp_path: Path):
    with pytest.raises(UserError, match="do not exist"):
        TextureFile(tmp_path / "none.arrow")
    write_textures(tmp_path / "good.arrow", rows(5), size=SIZE, mirror=None)
    (tmp_path / "cut.arrow").write_bytes((tmp_path / "good.arrow").read_bytes()[:400])
    with pytest.raises(UserError, match="cannot be read"):
        TextureFile(tmp_path / "cut.arrow")
    with pytest.raises(UserError, match=r"1 of 2 images have no texture, such as train/9.jpg"):
        TextureFile(tmp_path / "good.arrow").rows_of(["train/1.jpg", "train/9.jpg"])
