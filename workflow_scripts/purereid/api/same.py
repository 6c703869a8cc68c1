"""Whether two images show one person, by what the rule ``calibrate`` found of an encoder."""

import json
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from purereid.api.encoder import load_encoder, network_file
from purereid.digests.values import file_digest
from purereid.errors import UserError

NAMED = "calibration=FILE, or --calibration FILE behind same"
AGAIN = "snakemake results/DATASET/calibrate/EXPERIMENT/seedN/calibration.json"


class Answer(NamedTuple):
    """What is said of two images.

    Attributes:
        same: whether the cosine reaches the threshold.
        cosine: of their features.
        threshold: for the rate of false accepts that was asked for.
        false_accepts: this rate.
        probability: that they show one person, where both cases were equally likely beforehand; who compares one image
            with many others must count on fewer.
    """

    same: bool
    cosine: float
    threshold: float
    false_accepts: float
    probability: float


def same(
    first: str | Path | np.ndarray,
    second: str | Path | np.ndarray,
    encoder: str | Path,
    *,
    calibration: str | Path | None = None,
    false_accepts: float = 0.01,
    device: str | None = None,
) -> Answer:
    """Decide whether two images show one person.

    Args:
        first, second: image files, or RGB images uint8 [H, W, 3].
        encoder, device: as for ``load_encoder``.
        calibration: calibration.json of this encoder; None: the one in the folder of results in which it lies.
        false_accepts: how often two persons may be taken for one, a rate for which the calibration has a threshold.

    Raises:
        UserError: no calibration, or one of another encoder; no such rate; as for ``LoadedEncoder.features``.
    """
    path = network_file(encoder)
    known = read_calibration(calibration or find_calibration(path))
    check_encoder(known, path)
    loaded = load_encoder(path, device, **known["network"])
    of_first, of_second = (loaded.features([each], flip=known["flip"])[0] for each in (first, second))
    return answer(float(of_first @ of_second), known, false_accepts)


def answer(cosine: float, calibration: dict, false_accepts: float = 0.01) -> Answer:
    """Decide by a threshold.

    Args:
        cosine: of two features of length 1.
        calibration: see ``read_calibration``.
        false_accepts: a rate for which it has a threshold.

    Raises:
        UserError: another rate.
    """
    thresholds = {each["false_accepts"]: each["threshold"] for each in calibration["thresholds"]}
    if false_accepts not in thresholds:
        expected = ", ".join(map(str, thresholds))
        raise UserError(f"there is no threshold for false accepts of {false_accepts}", expected=f"one of {expected}")
    slope, offset = (calibration["logistic"][name] for name in ("slope", "offset"))
    odds = min(max(slope * cosine + offset, -700.0), 700.0)
    threshold = thresholds[false_accepts]
    return Answer(cosine >= threshold, cosine, threshold, false_accepts, 1 / (1 + math.exp(-odds)))


def read_calibration(path: str | Path) -> dict:
    """Read calibration.json.

    Raises:
        UserError: no such file, or another one.
    """
    try:
        found = json.loads(Path(path).expanduser().read_text(encoding="utf-8"))
        pairs = [(float(each["false_accepts"]), float(each["threshold"])) for each in found["thresholds"]]
        numbers = [float(found["logistic"][name]) for name in ("slope", "offset")]
        known = bool(pairs) and isinstance(found["encoder"], str) and isinstance(found["network"], dict)
        if not known or not all(map(math.isfinite, [*numbers, *(value for pair in pairs for value in pair)])):
            raise ValueError("it says nothing")
    except OSError as error:
        raise UserError(f"the calibration cannot be read: {error.strerror}", where=path, do=AGAIN) from None
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"the file is no calibration: {error!r}", where=path, expected="calibration.json") from None
    return found


def check_encoder(calibration: dict, encoder: Path) -> None:
    """Refuse a calibration of another encoder, whose cosines mean something else.

    Raises:
        UserError: it is of another one.
    """
    if calibration["encoder"] != file_digest(encoder):
        raise UserError(
            "the calibration is of another encoder",
            where=encoder,
            expected=f"the encoder of {calibration.get('experiment')}, seed {calibration.get('seed')}, as it was then",
            do=f"make its own: {AGAIN}",
        )


def find_calibration(encoder: Path) -> Path:
    """The calibration of an encoder in a folder of results: of the data set that it was trained on, or the only one.

    Args:
        encoder: results/DATASET/train_reid/EXPERIMENT/seedN/STAGE/networks.safetensors.

    Raises:
        UserError: the encoder does not lie there; it has no calibration, or several on other data sets.
    """
    parts = encoder.expanduser().resolve().parents
    if len(parts) < 6 or parts[3].name != "train_reid":
        raise UserError(
            "the encoder does not lie in a folder of results, where its calibration would be",
            where=encoder,
            do=f"name it: {NAMED}",
        )
    seed, experiment, dataset, results = parts[1].name, parts[2].name, parts[4], parts[5]
    own = dataset / "calibrate" / experiment / seed / "calibration.json"
    found = [own] if own.is_file() else sorted(results.glob(f"*/calibrate/{experiment}/{seed}/calibration.json"))
    if len(found) != 1:
        several = f"it has {len(found)}, on other data sets than its own" if found else "it has none"
        do = f"name one: {NAMED}" if found else f"make it: snakemake {own.relative_to(results.parent)}"
        raise UserError(f"no calibration of the encoder: {several}", where=own, do=do)
    return found[0]
