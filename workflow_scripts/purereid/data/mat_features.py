"""Features of a test set in the MATLAB file that scripts for Market-1501 have exchanged since 2017."""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.io import savemat

from purereid.data.atomic import whole_file
from purereid.errors import UserError

LARGEST = 2**32  # bytes of an array that such a file cannot hold
HEADER = 116  # bytes of text that begin a MATLAB 5 file; scipy writes the time into it


def write_mat_features(path: str | Path, rows: pd.DataFrame, features: np.ndarray) -> None:
    """Write ``gallery_f``, ``gallery_label``, ``gallery_cam`` and the same of ``query``; equal arguments, equal bytes.

    Args:
        path: MATLAB 5 file that is written.
        rows: N rows of the index, of which those in the splits query and gallery are written, in their order; label is
            the pid (junk: -1), cam the camid + 1, as in Market's file names, and 0 where it is not known.
        features: float32 [N, D].

    Raises:
        UserError: there are too many for such a file.
    """
    found = {}
    for split in ("gallery", "query"):
        chosen = (rows["split"] == split).to_numpy()
        found[f"{split}_f"] = features[chosen]
        found[f"{split}_label"] = rows["pid"].to_numpy(np.int64)[chosen]
        found[f"{split}_cam"] = rows["camid"].to_numpy(np.int64)[chosen] + 1
    if max(each.nbytes for each in found.values()) >= LARGEST:
        raise UserError(
            f"the features of the gallery take {found['gallery_f'].nbytes / 2**30:.1f} GiB",
            where=path,
            expected="less than 4 GiB, which is what a MATLAB 5 file holds",
            do="take features.parquet of the rule extract_features",
        )
    with whole_file(Path(path)) as temporary:
        savemat(temporary, found, appendmat=False)
        with temporary.open("r+b") as file:
            file.write(b"MATLAB 5.0 MAT-file, written by purereid".ljust(HEADER))
