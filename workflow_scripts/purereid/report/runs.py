"""Scored runs (one experiment, one seed) read from the files of the rule ``evaluate``."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from purereid.data.content_digest import check_digest
from purereid.errors import UserError

AGAIN = "delete the file, so that it is made again"
# rankings whose scores stand beside the plain ones
EXTRA = ("multi_query", "reranked", "centralised", "views", "verified")

NO_SEED = "none"  # in place of the seeds that two experiments have in common


@dataclass(frozen=True)
class Run:
    """One experiment with one seed.

    Attributes:
        protocol: name, distance and what was removed, in words; runs with other words are never put together.
        note: what the reader of the scores has to know.
        queries: number of queries, also those without a match.
        single: scores of the single-query ranking, fractions 0..1 or None.
        extra: scores of other rankings by name (``EXTRA``), each as ``single`` or None.
        AP: [queries with a match] average precisions, in index order.
        persons: [queries with a match] int64, whom they show.
        task: what was asked (queries, right images of each, size of the gallery); equal tasks can be paired.
    """

    dataset: str
    experiment: str
    seed: int
    protocol: str
    note: str
    queries: int
    single: dict
    extra: dict[str, dict | None]
    AP: np.ndarray
    persons: np.ndarray
    task: tuple


def read_run(scores: Path, ranks: Path) -> Run:
    """Read one run.

    Raises:
        UserError: a file is missing or of another kind, or the two are not of the same run.
    """
    content, table = _read_scores(Path(scores)), read_ranks(Path(ranks), ["image", "pid", "good", "AP"])
    counts, single = content["counts"], content["single_query"]
    matched = table["good"].to_numpy() > 0
    AP = table["AP"].to_numpy()[matched]
    other = single["mAP"] is not None and (not len(AP) or not np.isclose(AP.mean(), single["mAP"], atol=1e-9))
    if len(table) != counts["queries"] or other:
        raise UserError("scores and ranks are not of the same run", where=f"{scores}, {ranks}", do="evaluate again")
    return Run(
        dataset=content["dataset"],
        experiment=content["experiment"],
        seed=content["seed"],
        protocol=_in_words(content["protocol"]),
        note=content["protocol"]["note"],
        queries=counts["queries"],
        single=single,
        extra={name: content[name] for name in EXTRA},
        AP=AP,
        persons=table["pid"].to_numpy()[matched],
        task=(counts["gallery"], tuple(table["image"]), tuple(table["good"])),
    )


def _in_words(protocol: dict) -> str:
    removed = "" if protocol["same_camera_removed"] else ", cameras unknown"
    return f"{protocol['name']}, {protocol['distance']}{removed}"


def _read_scores(path: Path) -> dict:
    needed = {"dataset", "experiment", "seed", "protocol", "counts", "single_query", *EXTRA}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(
            f"the scores cannot be read: {error}", where=path, expected="scores.json of evaluate", do=AGAIN
        ) from None
    missing = needed - set(content) if isinstance(content, dict) else needed
    if missing:
        raise UserError(
            f"the scores lack {', '.join(sorted(missing))}", where=path, expected="scores.json of evaluate", do=AGAIN
        )
    return content


def read_ranks(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read ranks.parquet, one row per query.

    Raises:
        UserError: the file is missing, damaged or of another kind.
    """
    try:
        check_digest(path)
        return pd.read_parquet(path, columns=columns)
    except (OSError, pa.ArrowException) as error:
        raise UserError(
            f"the ranks cannot be read: {error}", where=path, expected="ranks.parquet of evaluate", do=AGAIN
        ) from None
