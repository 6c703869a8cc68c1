"""How sure a classifier is of the intended identity of generated images: Parquet, ``image`` and ``confidence``."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from purereid.data.atomic import whole_file
from purereid.data.names import repeated
from purereid.data.parquet import read_strictly
from purereid.errors import UserError

SCHEMA = pa.schema([("image", pa.string()), ("confidence", pa.float32())])


def write_confidence(path: str | Path, images: Sequence[str], confidence: np.ndarray) -> None:
    """Write probabilities; equal arguments give equal bytes.

    Args:
        path: where to write; replaced only once the new file is whole.
        images: N names.
        confidence: float32 [N], 0..1; NaN where the classifier does not know the identity.
    """
    table = pa.table({"image": list(images), "confidence": np.asarray(confidence, np.float32)}, schema=SCHEMA)
    with whole_file(Path(path)) as temporary:
        pq.write_table(table, temporary)


def read_confidence(path: str | Path) -> pd.Series:
    """Probabilities by image, as ``write_confidence`` takes them.

    Raises:
        UserError: no such file, a damaged one, other columns, empty cells, an image listed twice.
    """
    table = read_strictly(Path(path), SCHEMA, "probabilities", "embed_generated").to_pandas()
    if twice := repeated(table["image"]):
        raise UserError(f"image {twice[0]} is listed twice", where=path, expected="one probability for each image")
    return table.set_index("image")["confidence"]
