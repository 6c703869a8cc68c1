"""Rows of shards: contiguous, all of them once, none without work."""

import logging

import pandas as pd
import pytest

from purereid.data.shard_rows import rows_of_shard
from purereid.errors import UserError

SECTION = "extract_features"


@pytest.mark.parametrize(("rows", "shards"), [(1, 1), (7, 1), (7, 3), (7, 7), (100, 13)])
def test_shards_are_all_rows_in_order_and_alike_in_size(rows: int, shards: int):
    table = pd.DataFrame({"image": range(rows)}, index=range(50, 50 + rows))
    parts = [rows_of_shard(table, shard, shards, SECTION) for shard in range(shards)]
    pd.testing.assert_frame_equal(pd.concat(parts), table)
    sizes = [len(part) for part in parts]
    assert min(sizes) >= 1 and max(sizes) - min(sizes) <= 1


def test_the_log_says_which_part_it_is(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.INFO, "purereid"):
        rows_of_shard(pd.DataFrame({"image": range(10)}), 1, 3, SECTION)
    assert "shard 1-of-3: images 4 to 6 of 10" in caplog.text


@pytest.mark.parametrize(("rows", "shards"), [(2, 3), (1, 4)])
def test_more_shards_than_rows_are_told_by_every_job(rows: int, shards: int):
    for shard in range(shards):
        message = rf"{rows} images are to be shared by {shards} job\(s\)\n  where:    extract_features\.shards\n"
        with pytest.raises(UserError, match=message):
            rows_of_shard(pd.DataFrame({"image": range(rows)}), shard, shards, SECTION)


def test_splits_without_images_are_told():
    with pytest.raises(
        UserError, match=r"no images in the splits that are asked for\n  where:    extract_features\.splits"
    ):
        rows_of_shard(pd.DataFrame({"image": []}), 0, 1, SECTION)


def test_a_shard_that_there_is_not_is_told():
    with pytest.raises(UserError, match=r"there is no shard 3 of 3\n[\s\S]*expected: 0-of-3 to 2-of-3"):
        rows_of_shard(pd.DataFrame({"image": range(10)}), 3, 3, SECTION)
