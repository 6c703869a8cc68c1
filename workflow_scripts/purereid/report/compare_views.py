"""A comparison for the eye: plain text for the terminal, a page for the browser."""

import textwrap
from collections.abc import Sequence
from html import escape

import pandas as pd

from purereid.report.runs import EXTRA, NO_SEED
from purereid.report.tables import (
    WIDTH,
    aligned,
    cut,
    html_block,
    html_page,
    html_plot,
    html_remarks,
    html_table,
    text_block,
)
from purereid.report.variance_views import variance_blocks

NAME = 24  # letters of an experiment's name that the terminal shows
COSTS = (
    "Of all stages that an encoder comes from. Images seen count as often as they came, generated ones even before "
    "they have a weight, paired ones are those of which only the textures were learnt. Parameters: the most that one "
    "stage trains, discriminators and decoders too, and those of the encoder. The training of generators, teachers and "
    "purifiers is not in it. Seconds are those of the steps alone, beside whatever else the machine did."
)
COLUMNS = ("mAP_trapezoid", "mINP", "rank1", "rank5", "rank10")
LEGEND = (
    "Scores in percent: mean over the seeds ± sample standard deviation. Difference: mAP minus that of the reference "
    "experiment, in points, over the seeds that both have, paired by person and seed, with its 95 % interval."
)


def as_text(table: pd.DataFrame, trained: pd.DataFrame | None = None, left_out: Sequence[str] = ()) -> str:
    """The same as ``as_page`` without plot, as aligned text, at most 100 columns wide."""
    parts = [_text_of(rows, *name) for name, rows in table.groupby(["dataset", "protocol"], sort=False)]
    read = [*about_intervals(table), *about_verdicts(table)]
    parts.append("\n".join(line for text in read for line in textwrap.wrap(text, WIDTH, subsequent_indent="    ")))
    parts += map(text_block, variance_blocks(table, trained))
    if trained is not None and not trained.empty:
        lines = [[cut(name, NAME), *rest] for name, *rest in _costs(trained)]
        parts.append("\n".join(["What the training took, for one seed", *aligned(lines), *textwrap.wrap(COSTS, WIDTH)]))
    return "\n\n".join([*parts, *textwrap.wrap(_missing(left_out), WIDTH)])


def as_page(table: pd.DataFrame, plot: bytes, trained: pd.DataFrame | None = None, left_out: Sequence[str] = ()) -> str:
    """The table and its plot (PNG) as one HTML page that needs no other file.

    Args:
        table: see ``comparison``.
        plot: PNG.
        trained: what each experiment that learns is, how many images it was trained on, and what that took, see
            ``training_cost``.
        left_out: experiments without scores.
    """
    tables = [_page_of(rows, *name) for name, rows in table.groupby(["dataset", "protocol"], sort=False)]
    body = f"<h1>Comparison of experiments</h1>\n<p>{LEGEND}</p>\n{''.join(tables)}"
    body += html_remarks([*about_intervals(table), *about_verdicts(table)])
    body += html_remarks([_missing(left_out)] if left_out else [])
    body += html_plot(plot, "mAP of each experiment") + "".join(map(html_block, variance_blocks(table, trained)))
    body += _page_of_trained(trained)
    return html_page("Comparison", body)


def _missing(left_out: Sequence[str]) -> str:
    return f"left out (leave_out): {', '.join(left_out)}" if left_out else ""


def _page_of_trained(trained: pd.DataFrame | None) -> str:
    if trained is None or trained.empty:
        return ""
    header = ["experiment", "system", "backbone", "height x width", "weights", "trained on", "real", "generated"]
    cells = [
        [
            *(row[name] for name in ("experiment", "system", "backbone", "size")),
            row["weights"] or "random",
            f"{row['train']}, {row['images']}",
            *(f"{row[name]:,}" for name in ("real", "generated")),
        ]
        for _, row in trained.iterrows()
    ]
    costs, *lines = _costs(trained)
    took = f"<h2>What the training took, for one seed</h2>\n{html_table(costs, lines)}{html_remarks([COSTS])}"
    return f"<h2>What was trained</h2>\n{html_table(header, cells)}{took}"


def _costs(trained: pd.DataFrame) -> list[list[str]]:
    """Header and rows."""
    names = ["updates", "real_seen", "generated_seen", *(["paired_seen"] if trained["paired_seen"].any() else [])]
    header = ["experiment", *(name.replace("_", " ") for name in names), "parameters", "at test", "seconds"]
    return [
        header,
        *(
            [
                row["experiment"],
                *(f"{round(row[name]):,}" for name in names),
                *(f"{row[name] / 1e6:.2f} M" for name in ("parameters", "parameters_at_test")),
                f"{row['seconds']:,.0f}",
            ]
            for _, row in trained.iterrows()
        ),
    ]


def _text_of(rows: pd.DataFrame, dataset: str, protocol: str) -> str:
    header = ["experiment", "seeds", "mAP", "95 % interval", "trapezoid", "mINP", "rank1", "rank5", "rank10"]
    lines = [header, *([*_cells(row), *(number_cell(row[name]) for name in COLUMNS)] for _, row in rows.iterrows())]
    names = [name for name, *_ in lines]
    distinct = len({cut(name, NAME) for name in names}) == len(set(names))
    width = NAME if distinct else max(map(len, names))
    lines = [[cut(name, width), *rest] for name, *rest in lines]
    said = [*remarks_of(rows), *(line for _, row in rows.iterrows() for line in _lines_below(row))]
    wrapped = [line for text in said for line in textwrap.wrap(text, WIDTH, subsequent_indent="    ")]
    title = textwrap.wrap(f"{dataset} ({protocol}), {queries_of(rows)}", WIDTH)
    return "\n".join([*title, "percent; mean ± standard deviation over the seeds", *aligned(lines), *wrapped])


def _lines_below(row: pd.Series) -> list[str]:
    """Figures of one experiment that stand below the table."""
    said = []
    if pd.notna(row["difference"]):
        said.append(f"{row['experiment']}: {difference_cell(row)} mAP against {row['baseline']}: {verdict_cell(row)}")
    elif row["common_seeds"] == NO_SEED:
        said.append(f"{row['experiment']}: {difference_cell(row)} with {row['baseline']}")
    for extra in _extra(row.to_frame().T):
        figures = ", ".join(f"{name} {mean_cell(row, f'{extra}_{name}')}" for name in ("mAP", "rank1"))
        said.append(f"{row['experiment']}: {_words(extra)} {figures}")
    return said


def _extra(rows: pd.DataFrame) -> list[str]:
    """Other rankings that any of the rows has scores of."""
    return [name for name in EXTRA if rows[f"{name}_mAP"].notna().any()]


def _words(extra: str) -> str:
    return extra.replace("_", "-")


def remarks_of(rows: pd.DataFrame) -> list[str]:
    """Each remark once, with the experiments that it concerns unless it concerns all."""
    owners: dict[str, list[str]] = {}
    for _, row in rows.iterrows():
        for remark in filter(None, row["remark"].split("; ")):
            owners.setdefault(remark, []).append(row["experiment"])
    return [remark if len(names) == len(rows) else f"{', '.join(names)}: {remark}" for remark, names in owners.items()]


def queries_of(rows: pd.DataFrame) -> str:
    """How many queries there are, in words."""
    return " or ".join(str(count) for count in rows["queries"].unique()) + " queries"


def _page_of(rows: pd.DataFrame, dataset: str, protocol: str) -> str:
    header = ["experiment", "seeds", "mAP", "95 % interval", "difference", "verdict", *COLUMNS]
    cells = [
        [*_cells(row), difference_cell(row), verdict_cell(row) or "-", *(mean_cell(row, name) for name in COLUMNS)]
        for _, row in rows.iterrows()
    ]
    return (
        f"<h2>{escape(dataset)}</h2>\n<p>Protocol {escape(protocol)}; {queries_of(rows)}.</p>\n"
        f"{html_table(header, cells)}{html_remarks(remarks_of(rows))}{_other_rankings(rows)}"
    )


def _other_rankings(rows: pd.DataFrame) -> str:
    """A table of its own: pooled queries and re-ranking are other tasks than the plain ranking."""
    extra = [(name, metric) for name in _extra(rows) for metric in ("mAP", "rank1")]
    if not extra:
        return ""
    header = ["experiment", *(f"{_words(name)} {metric}" for name, metric in extra)]
    cells = [
        [row["experiment"], *(mean_cell(row, f"{name}_{metric}") for name, metric in extra)]
        for _, row in rows.iterrows()
    ]
    return f"<p>Other rankings, not to be compared with the plain one:</p>\n{html_table(header, cells)}"


def _cells(row: pd.Series) -> list[str]:
    return [row["experiment"], str(len(row["seeds"].split())), mean_cell(row, "mAP"), interval_cell(row)]


def mean_cell(row: pd.Series, name: str) -> str:
    """A score with its deviation, if there is one."""
    spread = row[f"{name}_sd"]
    return number_cell(row[name]) + ("" if pd.isna(spread) else f" ±{spread:.1f}")


def interval_cell(row: pd.Series) -> str:
    """The interval of the mAP."""
    return "-" if pd.isna(row["mAP_low"]) else f"{row['mAP_low']:.1f} to {row['mAP_high']:.1f}"


def difference_cell(row: pd.Series, prefix: str = "") -> str:
    """A difference of the mAP with its interval."""
    value, low, high = (row[f"{prefix}difference{end}"] for end in ("", "_low", "_high"))
    if pd.isna(value):
        return "no common seed" if row[f"{prefix}common_seeds"] == NO_SEED else "-"
    return f"{value:+.1f} [{low:+.1f}, {high:+.1f}]"


def verdict_cell(row: pd.Series, prefix: str = "") -> str:
    """The verdict on a difference, and whether one seed alone stands behind it; "" where there is none."""
    one = row[f"{prefix}verdict"] and len(row[f"{prefix}common_seeds"].split()) == 1
    return f"{row[f'{prefix}verdict']} (one seed)" if one else row[f"{prefix}verdict"]


def about_intervals(rows: pd.DataFrame) -> list[str]:
    """How the intervals of ``comparison`` are to be read."""
    said = "95 % intervals: where the true value lies for other persons and other seeds; the gallery stays"
    single = rows["mAP"].notna() & (rows["seeds"].str.split().str.len() == 1)
    one = "; with one seed for other persons alone, so that the variation between seeds is not in it"
    return [said + (one if single.any() else "")]


def about_verdicts(rows: pd.DataFrame, prefixes: Sequence[str] = ("",)) -> list[str]:
    """How the verdicts of ``compare.judged`` are to be read, if there is any."""
    verdicts = rows[[f"{prefix}verdict" for prefix in prefixes]]
    count = int((verdicts != "").sum(axis=None))
    said = [
        "differences: over the seeds that both experiments have, paired by person and seed; verdicts: corrected for "
        f"the number of differences here, {count} (Holm), which the intervals are not; undecided: the corrected "
        "interval holds 0"
    ]
    if any(verdict_cell(row, prefix).endswith("(one seed)") for _, row in rows.iterrows() for prefix in prefixes):
        said.append("one seed: the verdict is on these networks; with other seeds it may be the opposite")
    return said if count else []


def number_cell(value: float) -> str:
    """A number in percent or points."""
    return "-" if pd.isna(value) else f"{value:.1f}"
