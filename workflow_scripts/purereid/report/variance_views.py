"""What average precisions vary with, for the eye."""

import numpy as np
import pandas as pd
from scipy.special import gammaincinv

from purereid.report.tables import Block

PARTS = ("persons", "seeds", "rest")
DEFINITIONS = [
    "persons: between persons, with their queries; seeds: of the mean over ever so many persons, from one seed to "
    "another; rest: what a seed does to single persons. The variance of an mAP of P persons and S seeds is that of "
    "persons / P + seeds / S + rest / (P S)",
]


def variance_blocks(table: pd.DataFrame, trained: pd.DataFrame | None) -> list[Block]:
    """One table for each data set and protocol with an experiment of several seeds.

    Args:
        table: see ``compare.comparison``.
        trained: what the experiments that learn are, as for ``compare_views.as_page``; ``indexes`` says of how many
            training sets, which differ where each seed has a generator of its own.
    """
    known = table[table["variance_seeds"].notna()]
    rows = known.groupby(["dataset", "protocol"], sort=False)
    return [_block(own, dataset, protocol, trained) for (dataset, protocol), own in rows]


def _block(rows: pd.DataFrame, dataset: str, protocol: str, trained: pd.DataFrame | None) -> Block:
    lines = [[row["experiment"], *(_cell(row[f"variance_{part}"]) for part in PARTS)] for _, row in rows.iterrows()]
    title = f"What scores vary with: {dataset} ({protocol}), standard deviations of the AP in points"
    remarks = [*DEFINITIONS, *_about_generators(rows, trained), *_about_few(rows), *_about_negative(rows)]
    return Block(title, [["experiment", *PARTS], *lines], remarks)


def _cell(variance: float) -> str:
    return f"{np.sqrt(max(variance, 0)):.1f}"


def _about_generators(rows: pd.DataFrame, trained: pd.DataFrame | None) -> list[str]:
    """Whose seeds train one generator each."""
    if trained is None or trained.empty:
        return []
    trained = trained[trained["experiment"].isin(rows["experiment"]) & trained["uses_generated"]]
    own = trained.get("indexes", pd.Series(1, trained.index)).fillna(1) > 1
    said = []
    if own.any():
        said.append(
            f"seeds of {', '.join(trained[own]['experiment'])}: generator, GCN, injected failures and random choice of "
            "each seed are in it (per_seed); what it is larger, in squares, than that of the same experiment on one of "
            "these generators is theirs"
        )
    if not own.all():
        said.append(
            f"seeds of {', '.join(trained[~own]['experiment'])}: the training of the encoder alone, as all seeds share "
            "the generator, its purification and what was drawn for them"
        )
    return said


def _about_few(rows: pd.DataFrame) -> list[str]:
    """How badly few seeds tell how much they differ."""
    said = []
    for number in sorted({len(seeds.split()) for seeds in rows["seeds"]}):
        low, high = (np.sqrt((number - 1) / quantile) for quantile in _chi_squared(number - 1))
        said.append(f"{number} seeds: the true one is {low:.2g} to {high:.2g} times as large")
    told = (
        "so few seeds tell little of how far apart they lie; standard deviation of their mAPs (95 %, if it is normal)"
    )
    return [f"{told}: {'; '.join(said)}"]


def _chi_squared(freedom: int) -> tuple[float, float]:
    """Its quantiles of 97.5 and 2.5 %."""
    high, low = 2 * gammaincinv(freedom / 2, [0.975, 0.025])
    return high, low


def _about_negative(rows: pd.DataFrame) -> list[str]:
    """Whose variances were estimated below 0."""
    found = [
        f"{part} of {row['experiment']}" for _, row in rows.iterrows() for part in PARTS if row[f"variance_{part}"] < 0
    ]
    return [f"shown as 0, as the estimate of the variance is negative: {', '.join(found)}"] if found else []
