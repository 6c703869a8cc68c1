"""Compare experiments over their seeds: one table, one page, one plot."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from purereid.data.atomic import write_text
from purereid.errors import UserError
from purereid.logs import log
from purereid.report.compare_plot import draw_comparison
from purereid.report.compare_views import as_page, as_text
from purereid.report.first_page import as_first_page
from purereid.report.intervals import Components, Estimate, components, estimate, holm
from purereid.report.runs import EXTRA, NO_SEED, Run, read_run
from purereid.report.training_cost import training_cost
from purereid.report.training_images import training_images
from purereid.report.views import write_views

METRICS = ("mAP", "mAP_trapezoid", "mINP", "rank1", "rank5", "rank10")
SMALL = 1000  # queries
ERROR = 0.05  # share of tables that may call a difference where there is none


def compare(
    *,
    scores: list[Path],
    ranks: list[Path],
    table: Path,
    text: Path,
    page: Path,
    plot: Path,
    first_page: Path,
    reference: str | None = None,
    indexes: Sequence[Path] = (),
    networks: Sequence[Path] = (),
    curves: Sequence[Path] = (),
    trained: Sequence[dict] = (),
    left_out: Sequence[str] = (),
    rendered: bool = False,
) -> None:
    """Write the comparison of all runs; the same inputs give the same bytes.

    Args:
        scores, ranks: scores.json and ranks.parquet of each run, in the same order.
        table: CSV to write, see ``comparison``.
        text: plain text to write, for the terminal.
        page: HTML to write, with everything inside.
        plot: PNG to write.
        first_page: text to write for the first page of the report, reStructuredText.
        reference: experiment that the others are compared with; without it, or where it was not scored, the first.
        indexes: what each of the experiments that learn was trained on, see ``training_images``.
        trained: what they are, in the same order: experiment, system, backbone, size, weights, train, images (in
            words); what ``training_images`` needs; seeds and stages, how many each has.
        networks, curves: files of each stage of each seed of each of them, in the same order.
        left_out: experiments that the config leaves out.
        rendered: whether the test images show rendered people.

    Raises:
        UserError: no runs, a file that cannot be read, a run given twice, seeds scored on different queries.
    """
    groups = read_groups(scores, ranks)
    compared = judged(comparison(groups, reference))
    draw_comparison(compared, groups, Path(plot))
    about = _about(trained, indexes, list(networks), list(curves))
    words, html = as_text(compared, about, left_out), as_page(compared, Path(plot).read_bytes(), about, left_out)
    write_text(first_page, as_first_page(compared, about, left_out, rendered=rendered))
    write_views(compared, words, html, table=table, text=text, page=page, numbers="%.4f")
    log.info("comparison\n%s", words)


def _about(trained: Sequence[dict], indexes: Sequence[Path], networks: list[Path], curves: list[Path]) -> pd.DataFrame:
    """What each experiment is, how many images it was trained on, and what that took."""
    found, start = [], 0
    for each, counted in zip(trained, training_images(indexes, trained), strict=True):
        end = start + each["seeds"] * each["stages"]
        cost = training_cost(networks[start:end], curves[start:end], each["seeds"])
        found.append(each | counted | cost)
        start = end
    return pd.DataFrame(found)


def read_groups(scores: list[Path], ranks: list[Path]) -> list[list[Run]]:
    """Read runs and put those together that differ only in their seed, see ``group_runs``.

    Args:
        scores, ranks: scores.json and ranks.parquet of each run, in the same order.

    Raises:
        UserError: no runs, a file that cannot be read, a run given twice, seeds scored on different queries.
    """
    if not scores or len(scores) != len(ranks):
        raise UserError(f"{len(scores)} scores and {len(ranks)} ranks", expected="both of each run, of one run or more")
    return group_runs([read_run(*paths) for paths in zip(scores, ranks, strict=True)])


def group_runs(runs: list[Run]) -> list[list[Run]]:
    """Runs that differ only in their seed, by seed; groups in the order of their first run.

    Raises:
        UserError: a seed twice in a group, or its seeds had other queries or another gallery.
    """
    groups: dict[tuple, list[Run]] = {}
    for run in runs:
        groups.setdefault((run.dataset, run.experiment, run.protocol), []).append(run)
    for name, group in groups.items():
        group.sort(key=lambda run: run.seed)
        if len({run.seed for run in group}) < len(group):
            raise UserError("a seed is given twice", where=", ".join(name), expected="one run per seed")
        if any(run.task != group[0].task for run in group):
            raise UserError("the seeds were scored on different images", where=", ".join(name), do="evaluate again")
    return list(groups.values())


def comparison(groups: list[list[Run]], reference: str | None) -> pd.DataFrame:
    """One row per data set, experiment and protocol.

    Scores are in percent: mean over the seeds, ``_sd`` sample standard deviation (empty for one seed), ``_min`` and
    ``_max``. ``mAP_low`` and ``mAP_high`` bound the 95 % interval over persons and seeds, of one seed over persons
    alone. ``variance_persons``, ``variance_seeds`` and ``variance_rest``, in squared points, say what average
    precisions vary with (``intervals.Components``), empty for one seed. ``difference`` and what goes with it is the
    ``paired_difference`` to the reference on the same data set, without a verdict: see ``judged``.
    ``multi_query_``, ``reranked_``, ``centralised_``, ``views_`` and ``verified_`` columns are scores of pooled
    queries, of the re-ranking, of the neighbour feature centralisation, of averages over generated views and of what a
    verifier orders; they stand beside the plain ones, never for them.
    """
    references = {}
    for group in sorted(groups, key=lambda group: group[0].experiment != reference):
        references.setdefault(group[0].dataset, group)
    return pd.DataFrame([_row(group, references[group[0].dataset]) for group in groups])


def judged(table: pd.DataFrame, prefixes: Sequence[str] = ("",)) -> pd.DataFrame:
    """The table with a verdict on each of its differences, corrected for how many there are (``holm``).

    Args:
        table: with the columns of ``paired_difference``.
        prefixes: of these columns, each with differences of its own.

    Returns:
        also ``difference_holm``, the corrected p-value, and ``verdict``: better, worse, undecided (the corrected 95 %
        interval holds 0), "" where there is no difference.
    """
    p_values = table[[f"{prefix}difference_p" for prefix in prefixes]].to_numpy(np.float64)
    known = ~np.isnan(p_values)
    corrected = np.full(p_values.shape, np.nan)
    corrected[known] = holm(p_values[known])
    table = table.copy()
    for prefix, own in zip(prefixes, corrected.T, strict=True):
        direction = np.where(table[f"{prefix}difference"] > 0, "better", "worse")
        verdict = np.where(own > ERROR, "undecided", np.where(np.isnan(own), "", direction))
        place = table.columns.get_loc(f"{prefix}difference_p")
        table.insert(place + 1, f"{prefix}difference_holm", own)
        table.insert(place + 2, f"{prefix}verdict", verdict)
    return table


def _row(group: list[Run], baseline: list[Run]) -> dict:
    run = group[0]
    return {
        "dataset": run.dataset,
        "experiment": run.experiment,
        "protocol": run.protocol,
        "seeds": " ".join(str(each.seed) for each in group),
        "queries": run.queries,
        "persons": len(np.unique(run.persons)),
        **_spreads([each.single for each in group], ""),
        **_interval(group),
        **_variances(group),
        **paired_difference(group, baseline),
        "baseline": baseline[0].experiment,
        **{key: value for name in EXTRA for key, value in _extra_spreads(group, name).items()},
        "remark": "; ".join(_remarks(group, baseline)),
    }


def _spreads(scores: list[dict], prefix: str) -> dict[str, float]:
    return {
        f"{prefix}{metric}{suffix}": value
        for metric in METRICS
        for suffix, value in _spread([each[metric] for each in scores]).items()
    }


def _extra_spreads(group: list[Run], name: str) -> dict[str, float]:
    """Spreads of another ranking; NaN unless all seeds have it."""
    scores = [run.extra[name] for run in group]
    return _spreads(scores if all(scores) else [dict.fromkeys(METRICS)] * len(group), f"{name}_")


def _spread(fractions: list[float | None]) -> dict[str, float]:
    """Mean, spread and limits in percent; NaN where there is no score."""
    percent = 100 * np.array(fractions, np.float64)
    deviation = percent.std(ddof=1) if len(percent) > 1 else np.nan
    return {"": percent.mean(), "_sd": deviation, "_min": percent.min(), "_max": percent.max()}


def _interval(group: list[Run]) -> dict[str, float]:
    """The 95 % interval of the mAP, in percent; NaN where there is no mAP."""
    low, high = np.nan, np.nan
    if group[0].single["mAP"] is not None:
        low, high = np.clip(_estimate([run.AP for run in group], group).interval(), 0, 100)
    return {"mAP_low": low, "mAP_high": high}


def _variances(group: list[Run]) -> dict[str, float]:
    """What average precisions vary with; NaN for one seed, and where there is no mAP."""
    found = Components(np.nan, np.nan, np.nan)
    if len(group) > 1 and group[0].single["mAP"] is not None:
        found = components(100 * np.array([run.AP for run in group]), group[0].persons)
    return {f"variance_{name}": value for name, value in found._asdict().items()}


def paired_difference(group: list[Run], other: list[Run]) -> dict[str, float | str]:
    """mAP of one experiment minus that of another, over the seeds that both have, paired by person and seed.

    Args:
        group, other: runs of an experiment that differ only in their seed.

    Returns:
        ``common_seeds``, ``NO_SEED`` if there is none; ``difference`` in points; ``difference_low`` and
        ``difference_high``, its 95 % interval over persons and seeds, with one common seed over persons alone;
        ``difference_p``, its p-value. The numbers are NaN without a common seed. They are so too, and ``common_seeds``
        is "", for the same group, and where there is no mAP or protocol, queries or gallery are not the same.
    """
    names = ("difference", "difference_low", "difference_high", "difference_p")
    if group is other or group[0].single["mAP"] is None or not _same_task(group, other):
        return {"common_seeds": ""} | dict.fromkeys(names, np.nan)
    others = {run.seed: run for run in other}
    common = [run for run in group if run.seed in others]
    if not common:
        return {"common_seeds": NO_SEED} | dict.fromkeys(names, np.nan)
    gained = _estimate([run.AP - others[run.seed].AP for run in common], group)
    numbers = dict(zip(names, (gained.mean, *gained.interval(), gained.p_value()), strict=True))
    return {"common_seeds": " ".join(str(run.seed) for run in common), **numbers}


def _estimate(scores: list[np.ndarray], group: list[Run]) -> Estimate:
    """Of scores (fractions) of each seed for each query with a match, in percent."""
    return estimate(100 * np.array(scores), group[0].persons)


def _same_task(group: list[Run], other: list[Run]) -> bool:
    return group[0].protocol == other[0].protocol and group[0].task == other[0].task


def _remarks(group: list[Run], baseline: list[Run]) -> list[str]:
    run, notes = group[0], list(dict.fromkeys(each.note for each in group if each.note))
    if run.queries < SMALL:
        notes.insert(0, f"small-scale: {run.queries} queries")
    if not _same_task(group, baseline):
        what = "other queries or another gallery" if run.protocol == baseline[0].protocol else "another protocol"
        notes.insert(0, f"not comparable with {baseline[0].experiment}: {what}")
    for name in EXTRA:
        if len({each.extra[name] is None for each in group}) > 1:
            notes.append(f"no {name} scores: not all seeds have them")
    return notes
