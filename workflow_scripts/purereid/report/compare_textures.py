"""What the maps of encoders tell of the body, and how well painters paint (rule ``compare_textures``)."""

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path

import pandas as pd

from purereid.report.tables import Block, html_block, html_page, text_block
from purereid.report.views import write_views

OF_MAPS = ("coordinates", "part", "most_frequent_part")
ABOUT_MAPS = (
    "On test persons, by a linear map from the features of a cell of the last map, fitted on training persons:"
    " coordinates is the share of the variance of the texture coordinates u and v that it explains (0: as their"
    " mean), part the share of the cells whose part of the body it names; most_frequent_part names one part alone."
)
ABOUT_PAINTERS = (
    "Mean difference of colours, 0 to 1, over all texels, over those seen in the image, and over hidden ones of parts"
    " that other images of the person show. mean: the mean texture of the persons learnt from; nearest: of their"
    " textures the one nearest to the true one, which nobody finds who does not know the truth."
)


def compare_textures(
    *,
    maps: Sequence[Path],
    map_names: Sequence[str],
    painters: Sequence[Path],
    painter_names: Sequence[str],
    dataset: str,
    table: Path,
    text: Path,
    page: Path,
) -> None:
    """Write means and standard deviations over the seeds.

    Args:
        maps: scores by ``score_alignment``, of all seeds of some experiments.
        map_names: the experiment of each.
        painters: scores by ``score_textures``.
        painter_names: the experiment of each.
        dataset: for the title.
        table: CSV that is written: experiment, score, seeds, mean, spread (empty with one seed).
        text, page: the same for terminal and browser.
    """
    rows = [
        {"experiment": name, "score": score, "value": scores[score]}
        for name, path in zip(map_names, maps, strict=True)
        for scores in [_read(path)]
        for score in OF_MAPS
    ]
    rows += [
        {"experiment": name, "score": f"{method}_{where}", "value": value}
        for name, path in zip(painter_names, painters, strict=True)
        for method, values in _read(path).items()
        if isinstance(values, dict)
        for where, value in values.items()
    ]
    frame = pd.DataFrame(rows, columns=["experiment", "score", "value"])
    groups = frame.groupby(["experiment", "score"], sort=False)["value"]
    means = groups.agg(seeds="count", mean="mean", spread="std").reset_index()
    blocks = [_of_maps(means), _of_painters(means)]
    title = f"{dataset}: maps and textures"
    body = "".join(html_block(block) for block in blocks if block)
    words = "\n\n".join([title, *(text_block(block) for block in blocks if block)])
    html = html_page(title, f"<h1>{escape(title)}</h1>\n{body}")
    write_views(means, words, html, table=table, text=text, page=page)


def _of_maps(means: pd.DataFrame) -> Block | None:
    rows = means[means["score"].isin(OF_MAPS)]
    names = list(dict.fromkeys(rows["experiment"]))
    lines = [[name, *(_value(rows, name, score) for score in OF_MAPS)] for name in names]
    return Block("What the maps of encoders tell", [["experiment", *OF_MAPS], *lines], [ABOUT_MAPS]) if names else None


def _of_painters(means: pd.DataFrame) -> Block | None:
    rows = means[~means["score"].isin(OF_MAPS)]
    places = [where for where in ("all", "visible", "hidden") if (rows["score"] == f"painted_{where}").any()]
    lines = [
        [f"{name}: {method}", *(_value(rows, name, f"{method}_{where}") for where in places)]
        for name in dict.fromkeys(rows["experiment"])
        for method in ("painted", "mean", "nearest")
    ]
    heading = "Textures of persons not learnt from"
    return Block(heading, [["painter", *places], *lines], [ABOUT_PAINTERS]) if lines else None


def _value(rows: pd.DataFrame, experiment: str, score: str) -> str:
    found = rows[(rows["experiment"] == experiment) & (rows["score"] == score)]
    if found.empty:
        return "-"
    mean, spread = found["mean"].iloc[0], found["spread"].iloc[0]
    return f"{mean:.3f}" + ("" if pd.isna(spread) else f" ±{spread:.3f}")


def _read(path: Path) -> dict:
    return json.loads(Path(path).read_text(encoding="utf-8"))
