"""What purifiers kept and dropped, in numbers: how much, how good, how many of the failures injected on purpose."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from purereid.data.names import repeated
from purereid.data.purified_file import read_purified
from purereid.data.purified_table import summary
from purereid.data.truth_file import read_truth
from purereid.errors import UserError
from purereid.report.recall import OTHERS, recall_of_injected

COUNTS = ["images", "kept", "identities", "identities_kept"]
COUNTED, DROPPED = "injected_", "dropped_"  # and a kind of injected images: names of columns
FOLD = "fold_"  # and another name: the same number, of identities that no network learnt from
OF_FOLD = ("images", "share", "right_kept", "right_dropped", f"{DROPPED}all_injected", f"{DROPPED}others")


def describe_sets(
    sets: Sequence[dict[str, object]],
    kept: Sequence[Path],
    truth: Sequence[Path],
    folds: Mapping[str, Collection[int]],
) -> pd.DataFrame:
    """One row per set; before those of a generator, one of all its images, as if everything were kept.

    Args:
        sets: generator and purifier of each set, rule of the purifier, and own_encoder (bool): whether the encoder that
            judges is the one that purified.
        kept, truth: kept.parquet and truth.parquet of each set.
        folds: by generator the identities that neither encoder nor networks of graphs learnt from.

    Returns:
        generator, purifier, rule (both "" for all images), own_encoder (False for them) and the numbers of ``figures``,
        with ``fold_`` some of them of the images of these identities, where there are any; counts as Int64, others as
        float64.

    Raises:
        UserError: no set, a set given twice, files that cannot be read or show different images.
        ValueError: not as many files as sets.
    """
    names = [(each["generator"], each["purifier"]) for each in sets]
    if not names:
        raise UserError("there is no purified set to compare", expected="the sets of one purifier or more")
    if twice := repeated(" / ".join(name) for name in names):
        raise UserError(f"the set {twice[0]} is given twice", expected="each set once")
    found = {name: read_set(*paths) for name, *paths in zip(names, kept, truth, strict=True)}
    about = dict(zip(names, sets, strict=True))
    rows = []
    for (generator, purifier), images in _with_all(found).items():
        row = {"generator": generator, "purifier": purifier, "rule": "", "own_encoder": False}
        numbers = figures(images) | _of_fold(images, folds.get(generator, ()))
        rows.append(row | about.get((generator, purifier), {}) | numbers)
    table = pd.DataFrame(rows)
    counts = [*COUNTS, *(name for name in table if name.startswith(COUNTED) or name == f"{FOLD}images")]
    return table.astype(dict.fromkeys(counts, "Int64"))


def read_set(kept: Path, truth: Path) -> pd.DataFrame:
    """What was decided on the generated images and what is known of them.

    Returns:
        image, pid, kept, injected, nearest_pid, ssim_truth, l1_truth, nearest_truth (see ``truth_file``), by image.

    Raises:
        UserError: files that cannot be read or show different images.
    """
    decided, known = (
        table.sort_values("image", ignore_index=True) for table in (read_purified(kept), read_truth(truth))
    )
    if not decided[["image", "pid"]].equals(known[["image", "pid"]]):
        raise UserError(
            "what was kept and what is known are of different images",
            where=f"{kept}, {truth}",
            expected="the same images with the same identities",
            do="delete the older file, so that it is made again",
        )
    return decided[["image", "pid", "kept"]].join(known.drop(columns=["image", "pid"]))


def figures(images: pd.DataFrame) -> dict[str, float]:
    """Numbers of one set; shares in percent. A mean of no images is NaN.

    Args:
        images: columns of ``read_set``, N rows.

    Returns:
        - images, kept, share, identities (with an image), identities_kept (with a kept one).
        - right_kept, right_dropped: share of the kept and of the dropped images whose nearest_pid is their pid: the
          precision of the kept set by the scoring encoder; right_recall: share of the right images that is kept.
        - ssim_truth_kept, ssim_truth_dropped, l1_truth_kept, l1_truth_dropped: means over the images with a truth;
          nearest_truth_kept, nearest_truth_dropped: shares of these.

        Where some images are injected, also
        - injected_KIND: how many of a kind; dropped_KIND: share of them that is dropped. Kinds are those of
          ``recall_of_injected``, with all_injected and others.
        - above_others: dropped_all_injected minus dropped_others, in points; chance: see ``chance_range``.
        - precision_of_dropping: share of the dropped images that is injected, the precision of the dropping.
    """
    kept = images["kept"].to_numpy()
    right = (images["nearest_pid"] == images["pid"]).to_numpy()
    counts = summary(images)
    numbers = {**counts, "share": 100 * counts["share"]}
    numbers |= {"right_kept": 100 * _mean(right[kept]), "right_dropped": 100 * _mean(right[~kept])}
    numbers |= {"right_recall": 100 * _mean(kept[right])}
    for name, factor in (("ssim_truth", 1), ("l1_truth", 1), ("nearest_truth", 100)):
        values = factor * images[name].to_numpy()
        known = ~np.isnan(values)
        numbers |= {f"{name}_kept": _mean(values[kept & known]), f"{name}_dropped": _mean(values[~kept & known])}
    injected = images["injected"].to_numpy(str)
    return numbers | (_injected(injected, kept) if (injected != "").any() else {})


def _of_fold(images: pd.DataFrame, pids: Collection[int]) -> dict[str, float]:
    images = images[images["pid"].isin(pids)]
    numbers = figures(images) if len(images) else {}
    return {f"{FOLD}{name}": numbers[name] for name in OF_FOLD if name in numbers}


def _injected(kinds: np.ndarray, kept: np.ndarray) -> dict[str, float]:
    table = recall_of_injected(kinds, kept).set_index("kind")
    if OTHERS not in table.index:
        table.loc[OTHERS] = (0, 0, np.nan)
    table.index = table.index.str.replace(" ", "_")
    injected = kinds != ""
    return {
        **{f"{COUNTED}{kind}": int(count) for kind, count in table["images"].items()},
        **{f"{DROPPED}{kind}": 100 * share for kind, share in table["share"].items()},
        "above_others": 100 * (_mean(~kept[injected]) - _mean(~kept[~injected])),
        "chance": chance_range(np.count_nonzero(injected), np.count_nonzero(~injected), np.count_nonzero(~kept)),
        "precision_of_dropping": 100 * _mean(injected[~kept]),
    }


def chance_range(injected: int, others: int, dropped: int) -> float:
    """Points by which, in 95 % of random choices, the shares dropped of the injected and of the others differ at most.

    The number of injected among the dropped is hypergeometric; its normal approximation. NaN without others.
    """
    if not others:
        return np.nan
    number = injected + others
    return 196 * float(np.sqrt(dropped * (number - dropped) / ((number - 1) * injected * others)))


def _with_all(found: dict[tuple[str, str], pd.DataFrame]) -> dict[tuple[str, str], pd.DataFrame]:
    """The sets by generator, before them all its images."""
    result = {}
    for generator in dict.fromkeys(generator for generator, _ in found):
        own = {name: images for name, images in found.items() if name[0] == generator}
        everything = next(iter(own.values())).assign(kept=True)
        if any(not images.assign(kept=True).equals(everything) for images in own.values()):
            raise UserError(
                f"the purified sets of {generator} are of different images",
                expected="sets of the same images, with one truth",
                do="delete the older ones, so that they are made again",
            )
        result |= {(generator, ""): everything} | own
    return result


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else np.nan
