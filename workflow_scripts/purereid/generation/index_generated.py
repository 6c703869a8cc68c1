"""The training set of an experiment with generated images, as an index (rule ``index_generated``)."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from purereid.data.index import read_index, write_index
from purereid.data.persons import training_persons
from purereid.data.shards import read_shard
from purereid.generation.plan import real_part
from purereid.logs import log


def index_generated(
    *, index: str | Path, shards: Sequence[str | Path], generated: str | Path, name: str, settings: dict
) -> None:
    """Write the real images that stay and all generated ones as one index.

    Images of splits in which nothing is generated all stay, so that a model sees the same real images as one without
    generated ones; only the set-up ``few`` takes some away.

    Args:
        index: the data set.
        shards: files of generated images.
        generated: Parquet file that is written; the path of a generated image is that of its shard and its name.
        name: of the data set.
        settings: the section ``generate.train`` of the config.

    Raises:
        UserError: files that cannot be read.
    """
    table = read_index(index)
    rows = training_persons(table, settings["splits"])
    real = real_part(rows, settings["setup"], settings["real_identities"], settings["seed"])
    others = table[~table["split"].isin(settings["splits"])]
    made = pd.concat([_rows(shard, name, settings["splits"][0]) for shard in shards])
    write_index(pd.concat([others, real, made]), Path(generated))
    log.info("%d real images of %d identities, %d generated", len(real), real["pid"].nunique(), len(made))


def _rows(shard: str | Path, name: str, split: str) -> pd.DataFrame:
    made = read_shard(shard)
    return pd.DataFrame(
        {
            **{column: made[column] for column in ("image", "pid", "width", "height")},
            "path": [f"{shard}/{image}" for image in made["image"]],
            "split": split,
            **{"camid": -1, "seq": -1, "frame": -1, "kind": "generated", "dataset": name, "weight": 1.0},
            "sha256": [hashlib.sha256(file).hexdigest() for file in made["bytes"]],
        }
    )
