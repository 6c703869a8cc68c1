"""The share that one of several jobs has in the work."""

import pandas as pd

from purereid.errors import UserError
from purereid.logs import log


def range_of_shard(count: int, shard: int, shards: int) -> tuple[int, int]:
    """First row of a shard of ``count`` rows, and the first of the next; no two shards differ by more than one row."""
    return count * shard // shards, count * (shard + 1) // shards


def rows_of_shard(rows: pd.DataFrame, shard: int, shards: int, section: str) -> pd.DataFrame:
    """A contiguous range of rows; the ranges of all shards together are the rows in their order.

    Args:
        rows: of an index, those of all jobs.
        shard: number of this shard, from 0.
        shards: number of all.
        section: of the config that says ``shards``, for messages.

    Raises:
        UserError: there is no such shard, or fewer rows than shards.
    """
    if shard >= shards:
        raise UserError(
            f"there is no shard {shard} of {shards}",
            where=f"{section}.shards",
            expected=f"0-of-{shards} to {shards - 1}-of-{shards}",
        )
    if not len(rows):
        raise UserError(
            "there are no images in the splits that are asked for",
            where=f"{section}.splits",
            expected="splits that have images",
            do="name others, or look at the doctor's page for what the data set has",
        )
    if len(rows) < shards:
        raise UserError(
            f"{len(rows)} images are to be shared by {shards} job(s)",
            where=f"{section}.shards",
            expected="an image for each job",
            do="lower the number",
        )
    start, stop = range_of_shard(len(rows), shard, shards)
    log.info("shard %d-of-%d: images %d to %d of %d", shard, shards, start + 1, stop, len(rows))
    return rows.iloc[start:stop]
