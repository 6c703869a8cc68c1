"""Shards: what is written is read, pixel by pixel, and whatever is broken is told."""

import io
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from purereid.data import shards
from purereid.data.content_digest import MARK
from purereid.data.images import load_images, read_image
from purereid.data.shard_writer import encode, write_shard
from purereid.data.shards import SCHEMA, decode, image_bytes, read_shard, shard_of
from purereid.errors import UserError

IMAGES = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (6, 3, 16, 8), dtype=np.uint8))


def table(first: int = 0, count: int = 6) -> pd.DataFrame:
    names = [f"generated/g/train/{number:07d}.png" for number in range(first, first + count)]
    texts = {"image": names, "source": "train/ä.jpg", "pose": ""}
    numbers = {"pid": [-1, 2, 4, 0, 0, 7][:count], "seed": range(count)}
    injected = {"injected": ["", "blur", "", "", "noise", ""][:count]}
    return pd.DataFrame(texts | numbers | injected | {"height": 16, "width": 8})


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    path = tmp_path / "train" / "0-of-2.parquet"
    write_shard(path, table(), encode(IMAGES, "png", 0))
    return path


def paths(shard: Path, first: int = 0) -> list[str]:
    return [f"{shard}/{image}" for image in table(first)["image"]]


def test_round_trip(shard: Path):
    found = read_shard(shard)
    assert list(found) == SCHEMA.names
    pd.testing.assert_frame_equal(found.drop(columns="bytes"), table(), check_dtype=False)
    assert torch.equal(decode(found["bytes"]), IMAGES)
    assert [path.name for path in shard.parent.iterdir()] == ["0-of-2.parquet"]


def test_some_columns(shard: Path):
    assert list(read_shard(shard, ["pid", "image"])) == ["pid", "image"]


def test_a_shard_of_no_images(tmp_path: Path):
    write_shard(tmp_path / "a.parquet", table(count=0), [])
    assert read_shard(tmp_path / "a.parquet").empty


def test_equal_images_equal_bytes_whatever_the_threads_and_the_order_of_columns(shard: Path, tmp_path: Path):
    columns = table()[["seed", "pid", "width", "height", "injected", "pose", "source", "image"]]
    write_shard(tmp_path / "again.parquet", columns.set_index(np.arange(6) + 9), encode(IMAGES, "png", 0, threads=3))
    assert (tmp_path / "again.parquet").read_bytes() == shard.read_bytes()


def test_a_write_that_fails_leaves_the_old_file(shard: Path, monkeypatch: pytest.MonkeyPatch):
    before = shard.read_bytes()
    with pytest.raises(ValueError, match="Length of values"):
        write_shard(shard, table(), encode(IMAGES, "png", 0)[:4])

    def full(*_: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    with pytest.raises(OSError, match="No space left"):
        write_shard(shard, table(), encode(IMAGES, "png", 0))
    assert shard.read_bytes() == before and len(list(shard.parent.iterdir())) == 1


def test_jpeg_is_rgb_and_its_quality_counts():
    smooth = torch.zeros(2, 3, 32, 32, dtype=torch.uint8)
    smooth[:, 0] = 200
    smooth[:, 1] = torch.arange(32) * 4
    fine, coarse = (encode(smooth, "jpeg", quality) for quality in (95, 20))
    assert Image.open(io.BytesIO(fine[0])).format == "JPEG" and len(coarse[0]) < len(fine[0])
    assert (decode(fine).int() - smooth.int()).abs().max() <= 6


def test_a_path_names_a_shard_or_a_file(tmp_path: Path):
    assert shard_of("a/0-of-2.parquet/generated/x/1.png") == ("a/0-of-2.parquet", "generated/x/1.png")
    assert shard_of(Path("a/b.png")) is None and shard_of("a/0-of-2.parquet") is None
    (tmp_path / "set.parquet").mkdir()
    assert shard_of(tmp_path / "set.parquet" / "a.png") is None
    assert shard_of(f"{tmp_path}/set.parquet/1.parquet/a.png") == (f"{tmp_path}/set.parquet/1.parquet", "a.png")


def test_images_inside_shards_are_read_as_files_are(shard: Path, tmp_path: Path):
    Image.fromarray(IMAGES[3].permute(1, 2, 0).numpy()).save(tmp_path / "file.png")
    assert np.array_equal(read_image(paths(shard)[3]), read_image(tmp_path / "file.png"))
    mixed = [paths(shard)[5], str(tmp_path / "file.png"), paths(shard)[0]]
    assert torch.equal(load_images(mixed, 16, 8, threads=2), IMAGES[[5, 3, 0]])


def test_many_threads_open_each_shard_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    wanted, opened = [], []
    for number in range(3):
        path = tmp_path / f"{number}-of-3.parquet"
        write_shard(path, table(6 * number), encode(IMAGES, "png", 0))
        wanted += paths(path, 6 * number)
    reader = shards.read_strictly

    def counting(path: Path, *options: object) -> pa.Table:
        opened.append((path.name, threading.current_thread().name))
        return reader(path, *options)

    monkeypatch.setattr(shards, "read_strictly", counting)
    found = load_images(wanted, 16, 8, threads=8)
    assert torch.equal(found, IMAGES.repeat(3, 1, 1, 1))
    assert sorted(name for name, _ in opened) == ["0-of-3.parquet", "1-of-3.parquet", "2-of-3.parquet"]


def test_only_the_last_shards_stay_in_memory(tmp_path: Path):
    for number in range(shards.OPEN + 3):
        path = tmp_path / f"{number}.parquet"
        write_shard(path, table(), encode(IMAGES, "png", 0))
        read_image(paths(path)[0])
    assert shards._open.cache_info().currsize == shards.OPEN


def test_a_shard_that_was_made_again_is_read_again(shard: Path):
    assert np.array_equal(read_image(paths(shard)[0]), IMAGES[0].permute(1, 2, 0))
    write_shard(shard, table(), encode(IMAGES.flip(0), "png", 0))
    assert np.array_equal(read_image(paths(shard)[0]), IMAGES[5].permute(1, 2, 0))


def test_a_missing_image_and_a_missing_shard_are_told(shard: Path):
    with pytest.raises(UserError, match=r"the shard has no image generated/none.png\n[\s\S]*0-of-2.parquet\n"):
        image_bytes(str(shard), "generated/none.png")
    path = paths(shard)[0]
    shard.unlink()
    with pytest.raises(UserError, match=r"the generated images do not exist[\s\S]*written by generate"):
        read_image(path)
    with pytest.raises(UserError, match="the generated images do not exist"):
        read_shard(shard)


def test_every_truncated_shard_is_told(shard: Path):
    whole = shard.read_bytes()
    for end in [0, 3, *range(4, len(whole), 97), len(whole) - 1]:
        shard.write_bytes(whole[:end])
        with pytest.raises(
            UserError, match=r"damaged: [\s\S]*delete the file|cannot be read: [\s\S]*make the generated images"
        ):
            read_shard(shard)


def test_a_damaged_name_of_a_column_is_told_in_a_file_without_digest(shard: Path):
    damaged = shard.read_bytes().replace(b"injected", b"in\xc2ected").replace(MARK, b"purereid-unknown")
    shard.write_bytes(damaged)
    with pytest.raises(UserError, match="the generated images cannot be read"):
        read_shard(shard)


def test_a_foreign_file_is_told(shard: Path):
    pq.write_table(pa.table({"image": ["a"], "bytes": [b""]}), shard)
    with pytest.raises(UserError, match=r"the generated images have the columns image string, bytes binary[\s\S]*seed"):
        read_shard(shard)


def test_empty_cells_and_an_image_listed_twice_are_told(shard: Path):
    rows = pq.read_table(shard)
    empty = rows.set_column(1, "source", pa.array([None] * 6, pa.string()))
    pq.write_table(empty, shard)
    with pytest.raises(UserError, match="the generated images have empty cells"):
        read_shard(shard)
    pq.write_table(pa.concat_tables([rows, rows.slice(2, 1)]), shard)
    with pytest.raises(UserError, match=r"image generated/g/train/0000002.png is listed twice"):
        read_shard(shard)


@pytest.mark.parametrize("spoil", [lambda file: b"no image", lambda file: file[: len(file) // 2], lambda file: b""])
def test_unreadable_bytes_are_told_by_image(shard: Path, spoil):
    files = encode(IMAGES, "png", 0)
    files[2] = spoil(files[2])
    write_shard(shard, table(), files)
    message = r"image cannot be read: (?!.*object at)[\s\S]*0-of-2.parquet/generated/g/train/0000002.png[\s\S]*delete"
    with pytest.raises(UserError, match=message):
        load_images(paths(shard), 16, 8, threads=2)
    with pytest.raises(UserError, match=r"image number 2 \(from 0\) cannot be decoded"):
        decode(files)


def test_images_of_several_sizes_and_of_none_are_told():
    with pytest.raises(UserError, match="found 8 x 4, 16 x 8"):
        decode(encode(IMAGES, "png", 0) + encode(IMAGES[:, :, :8, :4], "png", 0))
    with pytest.raises(UserError, match="found none"):
        decode([])
