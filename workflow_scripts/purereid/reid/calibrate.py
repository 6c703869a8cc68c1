"""How sure one may be that two images show one person, from persons that the training did not see (rule ``calibrate``).

Pairs of test images are compared whose persons are known: of persons that some query shows, so that distractors, who
may be anybody, are left out, and not of persons in the splits train and val. Where the cameras of both images are
known, pairs from different cameras alone, as in the tests.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from purereid.data.atomic import write_text
from purereid.data.features import read_encoder, read_features
from purereid.data.index import read_index
from purereid.errors import UserError
from purereid.reid.open_set import open_set
from purereid.reid.pair_thresholds import Pairs, logistic, pairs_of, thresholds
from purereid.report.plot_calibration import plot_calibration
from purereid.retrieval.distances import normalise

FALSE_ACCEPTS = (0.01, 0.001, 0.0001)
FALSE_ALARMS = (0.1, 0.01)


def calibrate(
    *,
    index: Path,
    features: Sequence[Path],
    calibration: Path,
    plot: Path,
    experiment: str,
    seed: int,
    images: int,
    bootstrap: int,
    draw: int,
    flip: bool,
    network: dict,
) -> None:
    """Write what cosines mean.

    Args:
        index: the data set on which the encoder is tested.
        features: of its test images.
        calibration: JSON that is written: ``encoder`` (digest of its file), flip and network, so that the features of
            others are not taken for these; numbers of images, persons and pairs; ``thresholds``, see
            ``pair_thresholds.thresholds``; ``logistic``, slope and offset of the log odds of one person where both
            cases are equally likely beforehand; ``open_set``, see there, where half of the persons are unknown.
        plot: PNG that is written: cosines of both kinds, and the ROC.
        experiment, seed: for the titles.
        images: at most about so many, of persons drawn at random.
        bootstrap: draws of the persons for the intervals.
        draw: seed of all draws.
        flip, network: with which the features were made, see ``extract_features``.

    Raises:
        UserError: no persons whom the training did not see, no pairs of one person, or of two.
    """
    rows = _of_unseen(read_index(index), images, draw, index)
    values = normalise(read_features(features, rows["image"].tolist())[1])
    persons, cameras = pd.factorize(rows["pid"])[0], rows["camid"].to_numpy()
    pairs = pairs_of(values, persons, cameras)
    _check_pairs(pairs, index)
    found = {
        "experiment": experiment,
        "seed": seed,
        "encoder": read_encoder(features),
        "flip": flip,
        "network": network,
        "images": len(rows),
        "images_of_unknown_camera": int((cameras < 0).sum()),
        "persons": int(rows["pid"].nunique()),
        "pairs_of_one_person": len(pairs.same),
        "pairs_of_two_persons": len(pairs.different),
        "thresholds": thresholds(pairs, FALSE_ACCEPTS, draws=bootstrap, seed=draw),
        "logistic": dict(zip(("slope", "offset"), logistic(pairs.same, pairs.different), strict=True)),
        "open_set": _open_set(rows, values, draw),
    }
    write_text(calibration, json.dumps(found, indent=1) + "\n")
    plot_calibration(pairs.same, pairs.different, found, plot)


def _of_unseen(table: pd.DataFrame, images: int, draw: int, index: Path) -> pd.DataFrame:
    """Test images of persons whom a query shows, each picture once; where there are too many, of some persons alone."""
    seen = table.loc[table["split"].isin(["train", "val"]), "pid"]
    asked = table.loc[(table["split"] == "query") & ~table["pid"].isin(seen), "pid"].unique()
    if not len(asked):
        raise UserError(
            "no query shows a person whom the training did not see",
            where=index,
            expected="queries of persons who are not in the splits train and val",
        )
    rows = table[table["split"].isin(["query", "gallery"]) & table["pid"].isin(asked)].drop_duplicates("pixels")
    order = np.random.default_rng([draw, 0]).permutation(np.unique(rows["pid"]))
    sizes = rows["pid"].value_counts().loc[order].cumsum()
    chosen = sizes.index[: max(2, int((sizes <= images).sum()))]
    return rows[rows["pid"].isin(chosen)].reset_index(drop=True)


def _check_pairs(pairs: Pairs, index: Path) -> None:
    if len(pairs.same) and len(pairs.different):
        return
    raise UserError(
        f"there is no pair of test images of {'two persons' if len(pairs.same) else 'one person'}",
        where=index,
        expected="test persons with images from several cameras, or, without cameras, with several images",
    )


def _open_set(rows: pd.DataFrame, features: np.ndarray, draw: int) -> list[dict]:
    persons = np.random.default_rng([draw, 2]).permutation(np.unique(rows["pid"]))
    enrolled = rows["pid"].isin(persons[: len(persons) // 2]).to_numpy()
    query = (rows["split"] == "query").to_numpy()
    gallery = (rows["split"] == "gallery").to_numpy() & enrolled
    sides = [rows[name].to_numpy()[side] for name in ("pid", "camid") for side in (query, gallery)]
    return open_set(features[query] @ features[gallery].T, *sides, FALSE_ALARMS)
