"""Purified sets for the eye: plain text for the terminal, a page for the browser."""

from collections.abc import Iterable
from html import escape
from typing import NamedTuple

import pandas as pd

from purereid.report.compare_purifiers_reid import reid_block
from purereid.report.kept_sets import COUNTED, DROPPED, FOLD
from purereid.report.tables import Block, html_block, html_page, html_plot, text_block
from purereid.report.training_sets import set_name

SMALL = 1000  # generated images
TOGETHER = ("all_injected", "others")  # kinds that stand last


class Column(NamedTuple):
    """A column of numbers: its header, where it is found, how it is written, what it is."""

    header: str
    name: str
    form: str
    definition: str


KEPT = [
    Column("images", "images", "{:.0f}", "generated images with an intended identity"),
    Column("kept", "kept", "{:.0f}", "images that the purifier left for training"),
    Column("share", "share", "{:.1f}", "of the images that are kept, in percent"),
    Column("identities", "identities_kept", "{:.0f}", "intended identities with a kept image"),
    Column("of", "identities", "{:.0f}", "intended identities with any image"),
]
QUALITY = [
    Column(
        "right kept",
        "right_kept",
        "{:.1f}",
        "share of the kept images, in percent, for which the nearest centre of an identity's real images, in features "
        "of the scoring encoder, is that of the intended one; beside it that of the dropped images",
    ),
    Column("dropped", "right_dropped", "{:.1f}", ""),
    Column("recall", "right_recall", "{:.1f}", "share of the images right in this sense that is kept, in percent"),
    Column(
        "SSIM kept",
        "ssim_truth_kept",
        "{:.3f}",
        "mean similarity (-1 to 1, higher is better) of the kept images and their true pictures, rendered people "
        "alone; beside it that of the dropped images",
    ),
    Column("dropped", "ssim_truth_dropped", "{:.3f}", ""),
    Column(
        "L1 kept",
        "l1_truth_kept",
        "{:.3f}",
        "mean absolute difference (of values -1 to 1, lower is better) of the same",
    ),
    Column("dropped", "l1_truth_dropped", "{:.3f}", ""),
    Column(
        "nearest kept",
        "nearest_truth_kept",
        "{:.1f}",
        "share of the kept images, in percent, that are nearer (L1) to their true picture than to those of look-alikes "
        "in the same pose (score_images.look_alikes), rendered people alone: a judge without a network; beside it that "
        "of the dropped images",
    ),
    Column("dropped", "nearest_truth_dropped", "{:.1f}", ""),
]
OF_FOLD = [
    Column("images", FOLD + "images", "{:.0f}", "generated images of these identities"),
    Column("share", FOLD + "share", "{:.1f}", "of them that is kept, in percent"),
    Column("right kept", FOLD + "right_kept", "{:.1f}", "as above; beside it that of the dropped images"),
    Column("dropped", FOLD + "right_dropped", "{:.1f}", ""),
    Column("failures dropped", f"{FOLD}{DROPPED}all_injected", "{:.1f}", "share of the injected failures, in percent"),
    Column("others dropped", f"{FOLD}{DROPPED}others", "{:.1f}", "share of the images that were not injected"),
]
FAILURES = [
    Column("above others", "above_others", "{:+.1f}", "all injected minus others, in points"),
    Column(
        "by chance",
        "chance",
        "±{:.1f}",
        "the range of that difference in 95 % of random choices of as many images (normal approximation)",
    ),
    Column("precision", "precision_of_dropping", "{:.1f}", "share of the dropped images that is injected, in percent"),
]
NETWORKS = [
    Column(
        "link AP",
        "average_precision",
        "{:.1f}",
        "average precision of predicted links, in percent; beside it that of links by cosine",
    ),
    Column("beside", "average_precision_beside", "{:.1f}", ""),
    Column(
        "B-cubed F",
        "bcubed_f",
        "{:.1f}",
        "agreement of clusters and identities, in percent; beside it that of connected components by cosine, for GCN-E "
        "that of the clusters that GCN-V makes alone",
    ),
    Column("beside", "bcubed_f_beside", "{:.1f}", ""),
    Column("pairwise F", "pairwise_f", "{:.1f}", "the same agreement by pairs of images"),
    Column("beside", "pairwise_f_beside", "{:.1f}", ""),
    Column("fold", "held_out", "{:.0f}", "identities held out; beside it how many of them the encoder learnt from"),
    Column("seen", "seen", "{:.0f}", ""),
    Column("steps", "steps", "{:.0f}", "of the training"),
    Column("largest", "largest", "{:.3f}", "the largest probability of a link; no threshold above it links any image"),
]
OWN_ENCODER = "JUDGED BY ITS OWN ENCODER: 'right' is the opinion of the very encoder that purified: {sets}"


def as_text(rows: pd.DataFrame, networks: pd.DataFrame) -> str:
    """The rows of ``compare_purifiers`` and of ``read_networks`` as aligned tables, at most 100 columns wide."""
    return "\n\n".join(map(text_block, blocks(rows, networks)))


def as_page(rows: pd.DataFrame, networks: pd.DataFrame, plot: bytes) -> str:
    """The same tables and the plot (PNG) as one HTML page that needs no other file."""
    title = f"Purified sets of {rows['dataset'].iloc[0]}"
    tables = "".join(map(html_block, blocks(rows, networks)))
    body = f"<h1>{escape(title)}</h1>\n{tables}{html_plot(plot, 'Kept and dropped images, mAP')}"
    return html_page(title, body)


def blocks(rows: pd.DataFrame, networks: pd.DataFrame) -> list[Block]:
    """What is kept; how good it is; which injected failures are dropped; the networks behind it; what is learnt.

    Without injected failures or networks there is no table of them.
    """
    sets, dataset = described_sets(rows), rows["dataset"].iloc[0]
    tables = [
        _sets(f"{dataset}: purified sets of generated images", sets, KEPT, [*_about_draws(sets), *_small(sets)]),
        _sets(f"{dataset}: quality of kept and dropped images", sets, QUALITY, _own_encoder(sets)),
    ]
    if COUNTED + TOGETHER[0] in sets:
        injected = sets[sets[COUNTED + TOGETHER[0]].notna() & (sets["purifier"] != "")]
        title = f"{dataset}: share of the injected failures that is dropped, in percent"
        tables.append(_sets(title, injected, _failures(injected), _about_injected(injected)))
    if FOLD + "images" in sets:
        judged = sets[sets[FOLD + "images"].notna()]
        title = f"{dataset}: the same on identities that neither the encoder nor the networks of graphs learnt from"
        tables.append(_sets(title, judged, [column for column in OF_FOLD if column.name in sets], []))
    if len(networks):
        title = f"{dataset}: networks, on held-out real identities"
        tables.append(_block(title, "network", networks["network"], networks, NETWORKS, _about_seen(networks)))
    return [*tables, reid_block(rows[rows["experiment"] != ""])]


def described_sets(rows: pd.DataFrame) -> pd.DataFrame:
    """The sets among the rows, once each."""
    return rows[rows["images"].notna()].drop_duplicates(["generator", "purifier"])


def _sets(title: str, sets: pd.DataFrame, columns: list[Column], remarks: list[str]) -> Block:
    """Columns in which nothing is known are left out."""
    columns = [column for column in columns if sets[column.name].notna().any()]
    return _block(title, "set", _names(sets), sets, columns, remarks)


def _names(sets: pd.DataFrame) -> list[str]:
    return [set_name(row) for _, row in sets.iterrows()]


def _block(
    title: str, what: str, names: Iterable[str], rows: pd.DataFrame, columns: list[Column], remarks: list[str]
) -> Block:
    """One line per row, with its name; ``what`` is the header of the names."""
    header = [what, *(column.header for column in columns)]
    cells = [[_cell(row, column) for column in columns] for _, row in rows.iterrows()]
    lines = [[name, *line] for name, line in zip(names, cells, strict=True)]
    definitions = [f"{column.header}: {column.definition}" for column in columns if column.definition]
    return Block(title, [header, *lines], [*definitions, *remarks])


def _cell(row: pd.Series, column: Column) -> str:
    return "-" if pd.isna(row[column.name]) else column.form.format(row[column.name])


def _small(sets: pd.DataFrame) -> list[str]:
    everything = sets[(sets["purifier"] == "") & (sets["images"] < SMALL)]
    return [f"small-scale: {row['images']} images of {row['generator']}" for _, row in everything.iterrows()]


def _about_draws(sets: pd.DataFrame) -> list[str]:
    """Which rows are means."""
    if "draws" not in sets:
        return []
    drawn = sets[sets["draws"] > 1].drop_duplicates("generator")
    return [
        f"{row['generator']}: means over {row['draws']} generators, each with a seed of its own (per_seed)"
        for _, row in drawn.iterrows()
    ]


def _own_encoder(sets: pd.DataFrame) -> list[str]:
    own = sets[sets["own_encoder"].astype(bool)]
    return [OWN_ENCODER.format(sets="; ".join(_names(own)))] if len(own) else []


def _about_seen(networks: pd.DataFrame) -> list[str]:
    seen = networks[networks["seen"] > 0]["network"].tolist()
    if not seen:
        return []
    said = "SEEN: the encoder learnt from these identities, so that scores and thresholds hold for no other people"
    return [f"{said}: {'; '.join(seen)}"]


def _failures(sets: pd.DataFrame) -> list[Column]:
    definitions = {"others": "images that were not injected (false alarms)"}
    shares = [
        Column(kind.replace("_", " "), DROPPED + kind, "{:.1f}", definitions.get(kind, "")) for kind in _kinds(sets)
    ]
    return [*shares, *FAILURES]


def _kinds(sets: pd.DataFrame) -> list[str]:
    kinds = {name.removeprefix(DROPPED) for name in sets if name.startswith(DROPPED)}
    return [*sorted(kinds - set(TOGETHER)), *TOGETHER]


def _about_injected(sets: pd.DataFrame) -> list[str]:
    remarks = []
    for generator, rows in sets.groupby("generator", sort=False):
        counts = {kind.replace("_", " "): rows.iloc[0][COUNTED + kind] for kind in _kinds(sets)}
        said = ", ".join(f"{count} {kind}" for kind, count in counts.items() if pd.notna(count))
        remarks.append(f"images of {generator}: {said}")
    if f"{COUNTED}off_pose" in sets:
        remarks.append(
            "off pose: the intended person in another pose than asked for; it does no harm, no rule need find it"
        )
    weak = sets[sets["above_others"] <= sets["chance"]]
    if len(weak):
        remarks.append(f"NO BETTER THAN CHANCE at telling injected failures from others: {'; '.join(_names(weak))}")
    return remarks
