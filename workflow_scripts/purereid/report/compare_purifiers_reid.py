"""The table of what is learnt from purified sets: mAP, and what it gains over all images, chance and the reference."""

import pandas as pd

from purereid.report.compare_views import (
    about_intervals,
    about_verdicts,
    difference_cell,
    interval_cell,
    mean_cell,
    remarks_of,
    verdict_cell,
)
from purereid.report.tables import Block
from purereid.report.training_sets import set_name

SAME = 1  # points by which equal shares may differ
PREFIXES = ("all_", "chance_", "")  # of the columns of the three differences
DEFINITIONS = [
    "mAP: in percent, mean over the seeds ± sample standard deviation",
    "against: mAP minus that of another experiment, in points, over the seeds that both have, with its 95 % interval",
]
OPPONENTS = {
    "all": "against all images: the experiment on all images of the same generator",
    "chance": "against chance: the experiment on images of the same generator that were drawn by chance",
}


def reid_block(rows: pd.DataFrame) -> Block:
    """One line per experiment among the rows of ``compare_purifiers``."""
    reference, title = rows["baseline"].iloc[0], "re-identification after training on these sets"
    against = ["against all images", "against chance", f"against {reference}"]
    lines = [
        [
            *(row["experiment"], set_name(row), mean_cell(row, "mAP")),
            *(_gain_cell(row, prefix) for prefix in PREFIXES),
            interval_cell(row),
        ]
        for _, row in rows.iterrows()
    ]
    read = [*about_intervals(rows), *about_verdicts(rows, PREFIXES)]
    remarks = [*DEFINITIONS, *_about_seeds(rows), *read, *_about_opponents(rows), *remarks_of(rows)]
    header = ["experiment", "trained on", "mAP", *against, "95 % interval"]
    return Block(f"{rows['dataset'].iloc[0]}: {title}", [header, *lines], remarks)


def _about_seeds(rows: pd.DataFrame) -> list[str]:
    """What lies in the spread over the seeds."""
    drawn = rows["draws"] > 1 if "draws" in rows else pd.Series(data=False, index=rows.index)
    what = "generator, the graph's networks and, with the rule random, the draw"
    shared = f"all seeds of an experiment share the {what}: the spread and the intervals leave them out"
    own = f"each seed has its own {what}: the spread and the intervals hold them"
    if not drawn.any():
        return [f"mAP: {shared}"]
    others = rows[~drawn & (rows["generator"] != "")]["experiment"]
    said = [f"mAP of {', '.join(rows[drawn]['experiment'])}: {own}"]
    return said + ([f"mAP of {', '.join(others)}: {shared}"] if len(others) else [])


def _gain_cell(row: pd.Series, prefix: str) -> str:
    return " ".join([difference_cell(row, prefix), *filter(None, [verdict_cell(row, prefix)])])


def _about_opponents(rows: pd.DataFrame) -> list[str]:
    """Who stands for all images and for chance, and where chance kept another share."""
    remarks = []
    for kind, said in OPPONENTS.items():
        if names := list(dict.fromkeys(filter(None, rows[f"{kind}_baseline"]))):
            remarks.append(f"{said} ({', '.join(names)})")
    judged = rows[rows["chance_baseline"] != ""]
    drawn = rows.set_index("experiment")["share"][judged["chance_baseline"]].to_numpy()
    others = [
        f"{name} ({own:.1f} %, chance {by_chance:.1f} %)"
        for name, own, by_chance in zip(judged["experiment"], judged["share"], drawn, strict=True)
        if abs(own - by_chance) > SAME
    ]
    return [*remarks, *([f"CHANCE KEPT ANOTHER SHARE of the images: {'; '.join(others)}"] if others else [])]
