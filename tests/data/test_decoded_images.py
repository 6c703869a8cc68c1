"""Decoded images: read back from the file as they are read one by one."""

import io
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from PIL import Image

from purereid.data import decoded_images
from purereid.data.decoded_images import DecodedImages, write_decoded
from purereid.data.images import load_images
from purereid.data.shard_writer import encode, write_shard
from purereid.errors import UserError

SIZE = (32, 16)
SIZES = [(32, 16), (16, 8), (100, 50), (8, 60), (60, 4), (64, 32), (31, 17)]  # height and width of files


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    """Files of many sizes, the last one inside a shard."""
    rng = np.random.default_rng(0)
    found = []
    for number, (height, width) in enumerate(SIZES):
        path = tmp_path / f"{number}.{'jpg' if number % 2 else 'png'}"
        Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8)).save(path)
        found.append(str(path))
    image = torch.from_numpy(rng.integers(0, 256, (1, 3, 20, 10), dtype=np.uint8))
    texts = {"image": ["generated/0.png"], "source": "", "pose": "", "injected": ""}
    about = pd.DataFrame(texts | {"pid": 0, "seed": 0, "height": 20, "width": 10})
    write_shard(tmp_path / "0-of-1.parquet", about, encode(image, "png", 0))
    return [*found, f"{tmp_path}/0-of-1.parquet/generated/0.png"]


def decoded(folder: Path, paths: list[str], threads: int = 1) -> Path:
    with (folder / "decoded.arrow").open("wb") as file:
        write_decoded(file, paths, *SIZE, threads)
    return folder / "decoded.arrow"


def opened(path: Path) -> DecodedImages:
    with path.open("rb") as file:
        return DecodedImages(file, *SIZE)


def slow(path: str) -> np.ndarray:
    """Pillow's pixels, stretched by OpenCV: area averages where there are fewer pixels than before, else bilinear."""
    with Image.open(path) as image:
        pixels = np.array(image.convert("RGB"))
    way = cv2.INTER_AREA if pixels.shape[0] * pixels.shape[1] > SIZE[0] * SIZE[1] else cv2.INTER_LINEAR
    return cv2.resize(pixels, SIZE[::-1], interpolation=way)


def test_images_of_any_size_come_back_stretched_in_any_order(
    paths: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(decoded_images, "CHUNK", 3)
    images = opened(decoded(tmp_path, paths))
    rows = torch.tensor([7, 2, 5, 0, 6, 3, 2, 1, 4])
    found = images.batch(rows)
    assert len(images) == 8 and all(image.dtype == np.uint8 for image in found)
    for image, row in zip(found[1:], rows[1:].tolist(), strict=True):
        assert np.array_equal(image, slow(paths[row]))
    expected = load_images([paths[row] for row in rows.tolist()], *SIZE)
    assert np.array_equal(np.stack(found), expected.permute(0, 2, 3, 1))


def test_images_are_stretched_as_asked_for(paths: list[str], tmp_path: Path):
    with (tmp_path / "decoded.arrow").open("w+b") as file:
        write_decoded(file, paths, *SIZE, resizing="pillow")
        file.flush()
        found = DecodedImages(file, *SIZE, "pillow").batch(torch.arange(len(paths)))
    assert np.array_equal(np.stack(found), load_images(paths, *SIZE, resizing="pillow").permute(0, 2, 3, 1))
    for image, path in zip(found, paths[:-1], strict=False):
        with Image.open(path) as file:
            assert np.array_equal(image, file.convert("RGB").resize(SIZE[::-1], Image.Resampling.BILINEAR))


def test_the_file_holds_images_at_their_own_size_or_at_the_size_asked_for(paths: list[str], tmp_path: Path):
    images = opened(decoded(tmp_path, paths))
    expected = [min(height * width, SIZE[0] * SIZE[1]) for height, width in [*SIZES, (20, 10)]]
    assert (images.heights * images.widths).tolist() == expected
    assert [len(pixels.as_py()) for pixels in images.pixels] == [3 * number for number in expected]


def test_threads_do_not_change_the_file(paths: list[str], tmp_path: Path):
    one = decoded(tmp_path, paths).read_bytes()
    assert decoded(tmp_path, paths, threads=4).read_bytes() == one


def test_a_file_whose_writing_was_interrupted_is_not_taken_for_a_whole_one(paths: list[str], tmp_path: Path):
    whole = decoded(tmp_path, paths).read_bytes()
    for end in range(1, len(whole), 97):
        (tmp_path / "decoded.arrow").write_bytes(whole[:end])
        with pytest.raises(pa.ArrowInvalid):
            opened(tmp_path / "decoded.arrow")


def test_an_image_that_cannot_be_read_is_told(paths: list[str]):
    Path(paths[3]).write_bytes(b"no image")
    with pytest.raises(UserError, match=r"image cannot be read[\s\S]*3.jpg"):
        write_decoded(io.BytesIO(), paths, *SIZE, threads=2)
