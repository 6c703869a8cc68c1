"""The first page of the report: scores, what was trained, and how to read the rest."""

from collections.abc import Sequence

import pandas as pd

from purereid.report.compare_views import mean_cell, queries_of

HOW_TO_READ = """\
purereid trains models that recognise a person again in another camera (person re-identification, reID), scores all of
them under one protocol and compares them.

**Data** shows the images and what is wrong with them, **Training** the curves, **Results** the scores of all
experiments over their seeds, **Ranked lists** what a model takes for the same person, **Generated images** what the
generators made and how good it is, **Purification** which of these were kept and why, and **Workflow** which rule made
what from what.

A score depends on the data set, the protocol and the number of queries, all of which are named beside it: compare
scores only where these are the same.

Scores on further data sets stand under **Results**.
"""

RENDERED = """\
Rendered people do not exist: scores on them show that the workflow does what it should, and say nothing about scores
on photographs.
"""


def as_first_page(
    table: pd.DataFrame, trained: pd.DataFrame, left_out: Sequence[str] = (), *, rendered: bool = False
) -> str:
    """The first page of the report, reStructuredText: scores, what was trained, and how to read the rest.

    Args:
        table, left_out: as for ``compare``.
        trained: what the experiments are, and how many images they were trained on.
        rendered: whether the test images show rendered people.
    """
    about = {} if trained.empty else trained.set_index("experiment").to_dict("index")
    groups = table.groupby(["dataset", "protocol"], sort=False)
    parts = [_list_table(rows, about, *name) for name, rows in groups]
    parts += [f"Left out (``leave_out``): {', '.join(map(_literal, left_out))}."] if left_out else []
    return "\n\n".join([*parts, HOW_TO_READ, *([RENDERED] if rendered else [])])


def _list_table(rows: pd.DataFrame, about: dict[str, dict], dataset: str, protocol: str) -> str:
    lines = [["experiment", "seeds", "mAP", "rank1", "network", "trained on"]]
    for _, row in rows.iterrows():
        known = about.get(row["experiment"])
        scores = [row["seeds"], mean_cell(row, "mAP"), mean_cell(row, "rank1")]
        learnt = _trained_cells(known) if known else ["not trained", "nothing"]
        lines.append([_literal(row["experiment"]), *scores, *learnt])
    cells = "\n".join(f"   {'  ' if place else '* '}- {cell}" for line in lines for place, cell in enumerate(line))
    title = f"Scores on {_literal(dataset)} in percent ({protocol}; {queries_of(rows)}), and what was trained:"
    return f"{title}\n\n.. list-table::\n   :header-rows: 1\n\n{cells}"


def _trained_cells(about: dict) -> list[str]:
    network = f"{about['system']}, {about['backbone']}, {about['size']}, {about['weights'] or 'random'} weights"
    images = f"{about['real']:,} real + {about['generated']:,} generated images"
    return [_literal(network), f"{_literal(about['train'])}: {images}"]


def _literal(text: str) -> str:
    """Text that reStructuredText shows as it is."""
    return "``" + text.replace("`", "'") + "``"
