"""Damage anywhere in a file that carries a digest is told; files of others are read as they are."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import save_file

from purereid.data import checkpoint
from purereid.data.arrow import arrow_writer, open_arrow
from purereid.data.content_digest import check_digest, digested_file
from purereid.data.features import read_features, write_features
from purereid.data.heatmap_file import Heatmaps, write_heatmaps
from purereid.errors import UserError
from purereid.networks.network_file import read_about, roles_of

NAMES = [f"train/{number}.jpg" for number in range(20)]
FEATURES = np.random.default_rng(0).normal(size=(20, 8)).astype(np.float32)
MAPS = torch.rand(20, 2, 8, 4, generator=torch.Generator().manual_seed(0))

FORMATS: dict[str, tuple[Callable[[Path], None], Callable[[Path], object]]] = {
    "safetensors": (
        lambda path: checkpoint.save(path, {"a": torch.arange(100.0), "b": [1, "x"]}, kind="k"),
        checkpoint.load,
    ),
    "parquet": (lambda path: write_features(path, NAMES, FEATURES, "model"), read_features),
    "arrow": (lambda path: write_heatmaps(path, ["a", "b"], (8, 4), [(NAMES, MAPS.clone())]), Heatmaps),
}


@pytest.fixture(params=FORMATS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


def test_equal_contents_equal_bytes_and_they_are_read(kind: str, tmp_path: Path):
    write, read = FORMATS[kind]
    for name in ("a", "b"):
        write(tmp_path / name)
        read(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_damage_anywhere_is_told_by_the_name_of_the_file(kind: str, tmp_path: Path):
    write, read = FORMATS[kind]
    path = tmp_path / "file"
    write(path)
    whole = path.read_bytes()
    mark = whole.index(b"purereid-sha256:")
    places = [place for place in range(0, len(whole), 37) if not mark <= place < mark + 16]  # the content is whole then
    damaged = [whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :] for place in places]
    damaged += [whole[:size] for size in (0, 7, len(whole) // 2, len(whole) - 1)]
    damaged += [whole + b"\0", whole[: len(whole) // 2].ljust(len(whole), b"\0"), bytes(len(whole))]
    for content in damaged:
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"file[\s\S]*do: "):
            read(path)


def test_damage_with_size_and_time_kept_is_told_after_the_file_was_read(kind: str, tmp_path: Path):
    write, read = FORMATS[kind]
    path = tmp_path / "file"
    write(path)
    read(path)
    about, whole = path.stat(), path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] + bytes(20) + whole[len(whole) // 2 + 20 :])
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    with pytest.raises(UserError, match="the file is damaged"):
        read(path)


def test_files_without_a_digest_are_read(tmp_path: Path):
    column = pa.FixedSizeListArray.from_arrays(pa.array(FEATURES.reshape(-1)), 8)
    pq.write_table(pa.table({"image": pa.array(NAMES), "feature": column}), tmp_path / "features.parquet")
    assert np.array_equal(read_features(tmp_path / "features.parquet")[1], FEATURES)
    save_file({"weight": torch.ones(3)}, tmp_path / "weights.safetensors")
    check_digest(tmp_path / "weights.safetensors")


def test_a_digest_is_found_behind_much_data(tmp_path: Path):
    schema = pa.schema([("bytes", pa.binary())])
    with arrow_writer(tmp_path / "large", schema) as writer:
        for part in np.random.default_rng(0).bytes(9 << 20), b"end":
            writer.write_batch(pa.record_batch([pa.array([part])], schema))
    assert open_arrow(tmp_path / "large").get_batch(1)["bytes"].to_pylist() == [b"end"]
    whole = bytearray((tmp_path / "large").read_bytes())
    whole[5 << 20] ^= 1
    (tmp_path / "large").write_bytes(whole)
    with pytest.raises(UserError, match="the file is damaged"):
        open_arrow(tmp_path / "large")


def test_a_writer_that_leaves_no_blank_is_a_mistake(tmp_path: Path):
    with pytest.raises(ValueError, match="blank"), digested_file(tmp_path / "a") as temporary:
        temporary.write_bytes(b"text")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("header", [{"roles": "{"}, {"roles": "[1]"}, {"roles": "3"}, {}])
def test_odd_json_in_a_header_is_told(header: dict, tmp_path: Path):
    checkpoint.save(tmp_path / "n", {}, kind="networks", system="bot", **header)
    with pytest.raises(UserError, match=r"roles[\s\S]*do: "):
        roles_of(tmp_path / "n")


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"structure": 3}', '{"structure": {"dict": 1}}'])
def test_an_odd_structure_is_told(text: str, tmp_path: Path):
    save_file({}, tmp_path / "c", {"purereid": text})
    with pytest.raises(UserError, match=r"weights cannot be read[\s\S]*do: "):
        checkpoint.load(tmp_path / "c")
    with pytest.raises(UserError):
        read_about(tmp_path / "c")
