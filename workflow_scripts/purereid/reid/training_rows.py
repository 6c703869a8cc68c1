"""Which images of a data set a reID model learns from."""

from pathlib import Path

import numpy as np
import pandas as pd

from purereid.data.held_out import FOLD_SEED, held_out_images
from purereid.data.index import read_index
from purereid.errors import UserError


def training_rows(index: str | Path, splits: list[str], held_out: float = 0.0) -> pd.DataFrame:
    """Rows of an index that may be trained on: of the splits, without junk.

    Generated images (kind ``generated``) with pid -1 are those without identity and stay.

    Args:
        index: real and generated images.
        splits: which of them.
        held_out: share of the identities with several real images that are left out, real and generated images alike.

    Raises:
        UserError: no such images; fewer than two identities with several, of which a share shall be held out.
    """
    table = read_index(index)
    rows = table[table["split"].isin(splits) & ((table["pid"] > -1) | (table["kind"] == "generated"))]
    if rows.empty:
        found = ", ".join(f"{split}: {count}" for split, count in table["split"].value_counts().items())
        raise UserError(
            "no training images",
            where=index,
            expected=f"images in the split {' or '.join(splits)}; found {found}",
            do="train on another data set (train: of the experiment), or set train_reid.splits",
        )
    pids = rows.loc[rows["kind"] != "generated", "pid"].to_numpy(np.int64)
    out = pids[held_out_images(pids, share=held_out, seed=FOLD_SEED, section="train_reid")]
    return rows[~rows["pid"].isin(out)].reset_index(drop=True)
