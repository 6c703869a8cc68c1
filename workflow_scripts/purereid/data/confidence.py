"""How sure a classifier is of the intended identity of generated images: Parquet, ``image`` and ``confidence``."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from purereid.data.files import Files, check_once, paths_of
from purereid.data.parquet import read_strictly, write_parquet

SCHEMA = pa.schema([("image", pa.string()), ("confidence", pa.float32())])


def write_confidence(path: str | Path, images: Sequence[str], confidence: np.ndarray) -> None:
    """Write probabilities; equal arguments give equal bytes.

    Args:
        path: where to write; replaced only once the new file is whole.
        images: N names.
        confidence: float32 [N], 0..1; NaN where the classifier does not know the identity.
    """
    table = pa.table({"image": list(images), "confidence": np.asarray(confidence, np.float32)}, schema=SCHEMA)
    write_parquet(path, table)


def read_confidence(files: Files) -> pd.Series:
    """Probabilities by image, as ``write_confidence`` takes them, of one file or of several one after another.

    Raises:
        UserError: no such file, a damaged one, other columns, empty cells, an image listed twice.
    """
    paths = paths_of(files)
    tables = [read_strictly(path, SCHEMA, "probabilities", "embed_generated") for path in paths]
    check_once(paths, [table["image"].to_pylist() for table in tables], "one probability for each image")
    return pa.concat_tables(tables).to_pandas().set_index("image")["confidence"]
