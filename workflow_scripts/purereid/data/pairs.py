"""Pairs of a source image and a target image of the same person (rule ``sample_pairs``)."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
import pyarrow as pa

from purereid.data.atomic import write_text
from purereid.data.index import read_index
from purereid.data.joints import NUMBER
from purereid.data.keypoints import read_keypoints
from purereid.data.parquet import read_strictly, write_parquet
from purereid.data.persons import persons
from purereid.errors import UserError
from purereid.logs import log

NEEDED = ("right_shoulder", "left_shoulder", "right_hip", "left_hip")
SCHEMA = pa.schema([("source", pa.string()), ("target", pa.string())])


def sample_pairs(
    *,
    index: Path,
    pairs: Path,
    keypoints: Path | None = None,
    splits: Sequence[str] = ("train",),
    most: int = 0,
    seed: int = 0,
) -> None:
    """Write pairs by the rule of the published lists (Pose-Transfer, Zhu et al., CVPR 2019).

    Kept are the images of persons with both shoulders and both hips. Pairs are all ordered pairs of two different
    images of a person, of one camera too: persons in order of their first image, images in order of the key points.
    On the published key points of Market-1501 this gives the published lists.

    Junk (pid -1) and distractors are nobody's images; distractors are gallery images of a pid that no query shows. The
    published rule knows only 0000 as distractor, which is the same for Market-1501.

    Args:
        index: the data set.
        pairs: Parquet file that is written: source, target (images of the index).
        keypoints: the file of key points; None, for a data set without any: all images of persons are paired.
        splits: which images.
        most: pairs drawn at random without replacement if there are more; 0: all, in order. The published list of test
            pairs has 12,000.
        seed: of that draw.

    Raises:
        UserError: no pair, files that cannot be read.
    """
    shown = persons(read_index(index), splits)
    pids = dict(zip(shown["image"], shown["pid"].tolist(), strict=True))
    kept, known = (list(pids), "") if keypoints is None else _posed(pids, keypoints)
    found = all_pairs([pids[image] for image in kept])
    if not len(found):
        raise UserError(
            f"no pair among {len(kept)} images: of {len(pids)} images of persons in {', '.join(splits)}{known}",
            where=index if keypoints is None else keypoints,
            expected="two such images of at least one person",
            do="name other splits" if keypoints is None else "give key points of these images, or name other splits",
        )
    chosen = draw(found, most, seed)
    write_pairs(pairs, *(np.array(kept, object)[chosen[:, side]] for side in (0, 1)))
    log.info("%d pairs of %d, of %d images", len(chosen), len(found), len(kept))


def whole_torso(visible: np.ndarray) -> np.ndarray:
    """Which poses, visible bool [N, 18], have both shoulders and both hips: bool [N]."""
    return visible[:, [NUMBER[name] for name in NEEDED]].all(axis=1)


def all_pairs(persons: Sequence[int]) -> np.ndarray:
    """Ordered pairs of different rows of one person, int64 [M, 2].

    Args:
        persons: the person of each row. Persons come in order of their first row, their pairs in the order of
            ``itertools.permutations``.
    """
    rows = pd.Series(np.arange(len(persons))).groupby(np.asarray(persons, np.int64), sort=False).indices
    first = sorted(rows.values(), key=lambda of_person: of_person[0])
    return np.concatenate([np.empty((0, 2), np.int64), *(_ordered_pairs(of_person) for of_person in first)])


def draw(pairs: np.ndarray, most: int, seed: int) -> np.ndarray:
    """At most so many of the rows, in random order if it is fewer than all.

    NumPy's old generator, because the published list was drawn with it (pandas' ``sample`` with ``random_state``).
    """
    if not most or len(pairs) <= most:
        return pairs
    return pairs[np.random.RandomState(seed).permutation(len(pairs))[:most]]


def write_pairs(path: str | Path, source: Sequence[str], target: Sequence[str]) -> None:
    """Write pairs; equal arguments give equal bytes, and the file is whole or not there."""
    table = pa.table([pa.array(side, pa.string()) for side in (source, target)], schema=SCHEMA)
    write_parquet(path, table)


def read_pairs(path: str | Path) -> pd.DataFrame:
    """Columns source and target of a file of pairs.

    Raises:
        UserError: no such file, no Parquet, other columns, empty cells.
    """
    return read_strictly(Path(path), SCHEMA, "pairs", "sample_pairs").to_pandas()


def write_published_pairs(pairs: pd.DataFrame, path: Path) -> None:
    """Write pairs as the published lists are: CSV, header ``from,to``, file names."""
    lines = [
        f"{PurePosixPath(source).name},{PurePosixPath(target).name}"
        for source, target in pairs[["source", "target"]].itertuples(index=False)
    ]
    write_text(path, "\n".join(["from,to", *lines]) + "\n")


def _posed(pids: dict[str, int], keypoints: Path) -> tuple[list[str], str]:
    """Images with both shoulders and hips, in the order of the key points, and in words how many there are."""
    poses = read_keypoints(keypoints)
    complete = whole_torso(poses.visible)
    posed = [(image, whole) for image, whole in zip(poses.images, complete, strict=True) if image in pids]
    kept = [image for image, whole in posed if whole]
    return kept, f", {len(posed)} have key points, {len(kept)} of them both shoulders and both hips"


def _ordered_pairs(rows: np.ndarray) -> np.ndarray:
    source, target = (side.reshape(-1) for side in np.meshgrid(rows, rows, indexing="ij"))
    return np.stack([source, target], axis=1)[source != target]
