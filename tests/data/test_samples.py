"""Samples of a generator's training."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from purereid.data.samples import SCHEMA, read_samples
from purereid.data.shard_writer import encode
from purereid.errors import UserError


def write(folder: Path, table: pd.DataFrame) -> Path:
    path = folder / "samples.parquet"
    pq.write_table(pa.Table.from_pandas(table[SCHEMA.names], SCHEMA, preserve_index=False), path)
    return path


def samples(steps: tuple[int, ...] = (20, 10), count: int = 3) -> tuple[pd.DataFrame, torch.Tensor]:
    images = torch.randint(256, (len(steps) * count, 3, 8, 4), generator=torch.Generator().manual_seed(0))
    images = images.to(torch.uint8)
    rows = [
        {"step": step, "number": number, "source": f"s{number}", "pose": f"p{number}", "target": f"t{number}"}
        for step in steps
        for number in range(count)
    ]
    return pd.DataFrame(rows).assign(bytes=encode(images, "png", 0)), images


def test_steps_and_numbers_are_in_order_and_pixels_are_those_written(tmp_path):
    table, images = samples()
    found = read_samples(write(tmp_path, table))
    assert found["step"].tolist() == [10] * 3 + [20] * 3
    assert found["number"].tolist() == [0, 1, 2] * 2
    assert found["target"].tolist() == ["t0", "t1", "t2"] * 2
    for row, number in enumerate([3, 4, 5, 0, 1, 2]):
        np.testing.assert_array_equal(found["pixels"][row], images[number].permute(1, 2, 0).numpy())


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.drop(index=1),
        lambda table: table.assign(source=[*table["source"][:5], "other"]),
        lambda table: table.assign(number=[0, 1, 1, 0, 1, 2]),
    ],
)
def test_steps_with_other_conditions_are_refused(tmp_path, change):
    path = write(tmp_path, change(samples()[0]))
    with pytest.raises(UserError, match=r"the steps show different conditions(.|\n)*samples\.parquet"):
        read_samples(path)


def test_a_file_without_samples_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"there are no samples(.|\n)*samples\.parquet"):
        read_samples(write(tmp_path, samples()[0].head(0)))


def test_a_sample_that_is_no_image_is_refused(tmp_path):
    table = samples()[0]
    table.at[2, "bytes"] = table.at[2, "bytes"][:40]
    with pytest.raises(UserError, match=r"the samples cannot be read: image number 5(.|\n)*samples\.parquet"):
        read_samples(write(tmp_path, table))


def test_files_of_another_kind_are_refused(tmp_path):
    path = write(tmp_path, samples()[0])
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match=r"the samples cannot be read(.|\n)*samples\.parquet"):
        read_samples(path)
    pd.DataFrame({"step": [1]}).to_parquet(path)
    with pytest.raises(UserError, match=r"the samples have the columns step(.|\n)*number"):
        read_samples(path)
    path.unlink()
    with pytest.raises(UserError, match=r"the samples do not exist(.|\n)*train_gan"):
        read_samples(path)
