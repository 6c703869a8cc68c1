"""Reading images."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from purereid.data.images import load_images, read_image, resize
from purereid.errors import UserError


@pytest.fixture
def picture(tmp_path: Path) -> tuple[Path, np.ndarray]:
    pixels = np.random.default_rng(0).integers(0, 256, (24, 12, 3), dtype=np.uint8)
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), pixels[:, :, ::-1])
    return path, pixels


def test_read_image_is_rgb(picture: tuple[Path, np.ndarray]):
    path, pixels = picture
    assert np.array_equal(read_image(path), pixels)


def test_grey_image_gets_three_channels(tmp_path: Path):
    cv2.imwrite(str(tmp_path / "g.png"), np.full((4, 4), 9, np.uint8))
    assert read_image(tmp_path / "g.png").shape == (4, 4, 3)


def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path: Path):
    ramp = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    cv2.imwrite(str(tmp_path / "g.png"), ramp)
    assert np.abs(read_image(tmp_path / "g.png")[:, :, 1].astype(int) - ramp // 257).max() <= 1


def test_load_images_keeps_order_whatever_the_threads(picture: tuple[Path, np.ndarray], tmp_path: Path):
    path, pixels = picture
    other = tmp_path / "b.png"
    cv2.imwrite(str(other), 255 - pixels[:, :, ::-1])
    one, two = (load_images([str(path), str(other)], 24, 12, threads) for threads in (1, 2))
    assert one.shape == (2, 3, 24, 12)
    assert np.array_equal(one[0].permute(1, 2, 0), pixels) and np.array_equal(one[1].permute(1, 2, 0), 255 - pixels)
    assert (one == two).all()


def test_shrinking_averages_areas():
    pixels = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    means = pixels.reshape(2, 2, 3, 2, 3).mean(axis=(1, 3))
    assert np.abs(resize(pixels, 2, 3) - means).max() <= 0.5
    assert resize(pixels, 8, 9).shape == (8, 9, 3)


def test_missing_and_truncated_files_are_told(tmp_path: Path):
    with pytest.raises(UserError, match=r"image file not found[\s\S]*none.jpg"):
        read_image(tmp_path / "none.jpg")
    path = tmp_path / "t.jpg"
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 256, (64, 32, 3), dtype=np.uint8))
    path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(UserError, match=r"image cannot be read: .*truncated[\s\S]*bad_images to skip"):
        read_image(path)
    broken = tmp_path / "b.png"
    cv2.imwrite(str(broken), np.zeros((8, 8, 3), np.uint8))
    broken.write_bytes(broken.read_bytes().replace(b"IDAT", b"XX?T"))
    with pytest.raises(UserError, match="image cannot be read"):
        read_image(broken)
    path.write_text("no image")
    with pytest.raises(UserError, match="image cannot be read"):
        load_images([str(path)], 4, 4)
