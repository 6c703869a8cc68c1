"""How good trained networks of the graph are on held-out real identities, as their training wrote it."""

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from purereid.errors import UserError

METRICS = ["average_precision", "bcubed_f", "pairwise_f"]
OF_TRAINING = ["steps", "largest", "held_out", "seen"]
WRITER = "scores.json of train_gcn, train_gcn_v or train_gcn_e"
AGAIN = "delete the file, so that it is made again"


def read_networks(paths: Sequence[Path], names: Sequence[str]) -> pd.DataFrame:
    """Read what is known of networks.

    Args:
        paths: scores.json of ``train_gcn``, ``train_gcn_v`` and ``train_gcn_e``.
        names: one for each.

    Returns:
        network (its name); average_precision of links (GCN), bcubed_f and pairwise_f of clusters (GCN-V and GCN-E); the
        same with ``_beside``, of links or connected components by cosine, for GCN-E of the clusters that GCN-V makes
        alone; steps of the training; largest probability of a link, 0..1 (GCN); held_out, number of the held-out
        identities, and seen, how many of these the encoder learnt from. float64, the scores in percent; NaN where it is
        not known, as no identities were held out or for the other networks.

    Raises:
        UserError: a file that is missing, damaged or of another kind.
        ValueError: not as many names as files.
    """
    rows = [{"network": name} | _read(Path(path)) for path, name in zip(paths, names, strict=True)]
    numbers = [*(name for metric in METRICS for name in (metric, f"{metric}_beside")), *OF_TRAINING]
    return pd.DataFrame(rows, columns=["network", *numbers]).astype(dict.fromkeys(numbers, "float64"))


def unseen_by_all(paths: Sequence[Path], generators: Sequence[str]) -> dict[str, set[int]]:
    """Identities of which it is known that neither the encoder nor any network of a generator learnt from them.

    Args:
        paths: as for ``read_networks``, which has read them.
        generators: of each network.
    """
    found: dict[str, set[int]] = {}
    for path, generator in zip(paths, generators, strict=True):
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        fold = set(content["held_out_identities"]) if content["seen"] == 0 else set()
        found[generator] = found.get(generator, fold) & fold
    return found


def _read(path: Path) -> dict[str, float]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found, plain = content["held_out"], content["cosine" if "cosine" in content else "gcn_v"]
        known = {"steps": float(content["steps"]), "held_out": len(content["held_out_identities"])}
        known |= {} if content["seen"] is None else {"seen": float(content["seen"])}
        if found is None:
            return known
        metrics = [metric for metric in METRICS if metric in found]
        scores = {metric: 100 * float(found[metric]) for metric in metrics}
        scores |= {f"{metric}_beside": 100 * float(plain[metric]) for metric in metrics}
        if not metrics or not all(0 <= round(score, 6) <= 100 for score in scores.values()):
            raise ValueError("no score, or one that is no number from 0 to 1")
        known |= {"largest": float(found["largest"])} if "largest" in found else {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"the scores of a network cannot be read: {error!r}", where=path, expected=WRITER, do=AGAIN
        ) from None
    return scores | known
