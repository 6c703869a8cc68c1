"""Compare what purifiers keep of generated images, and what is learnt from it (rule ``compare_purifiers``)."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from purereid.errors import UserError
from purereid.logs import log
from purereid.report.compare import comparison, judged, paired_difference, read_groups
from purereid.report.compare_purifiers_plot import draw_sets
from purereid.report.compare_purifiers_reid import PREFIXES
from purereid.report.compare_purifiers_views import as_page, as_text
from purereid.report.compared import scores_of
from purereid.report.kept_draws import over_draws
from purereid.report.kept_sets import describe_sets
from purereid.report.network_scores import read_networks, unseen_by_all
from purereid.report.runs import Run
from purereid.report.views import write_views

SET = ["generator", "purifier"]
CHANCE = "random"  # the rule that draws
GAINS = ["baseline", "common_seeds", "difference", "difference_low", "difference_high", "difference_p"]


def compare_purifiers(
    *,
    kept: Sequence[Path],
    truth: Sequence[Path],
    scores: list[Path],
    ranks: list[Path],
    networks: Sequence[Path],
    table: Path,
    text: Path,
    page: Path,
    plot: Path,
    sets: Sequence[dict[str, object]],
    experiments: Sequence[dict[str, str | None]],
    trained: Sequence[dict[str, str]],
    reference: str | None = None,
) -> None:
    """Write the comparison of all purified sets of a data set; the same inputs give the same bytes.

    Args:
        kept, truth: kept.parquet and truth.parquet of each set.
        scores, ranks: scores.json and ranks.parquet of each run on the data set, as for ``compare``.
        networks: scores.json of ``train_gcn``, ``train_gcn_v`` and ``train_gcn_e``.
        table: CSV to write, see ``rows_of_sets`` and ``gains``.
        text: plain text to write, for the terminal.
        page: HTML to write, with everything inside.
        plot: PNG to write.
        sets: generator, purifier, rule and own_encoder of each set, in the order of ``kept``, see ``describe_sets``;
            draw_of, the name of its recipe, of generators that are one with several seeds, see ``over_draws``.
        experiments: which set each experiment trained on: experiment, generator (None: real images alone), purifier
            (None: all generated images). Runs of others are left out, except those of the reference.
        trained: network and generator of each of ``networks``, in their order.
        reference: as for ``compare``.

    Raises:
        UserError: as ``describe_sets``, ``read_groups``, ``scores_of`` and ``read_networks``; no experiment, or one
            whose set is not among ``sets``.
    """
    if not experiments:
        raise UserError("there is no experiment to compare", expected="the reference, at least")
    learnt = read_networks(networks, [f"{each['network']} for {each['generator']}" for each in trained])
    folds = unseen_by_all(networks, [each["generator"] for each in trained])
    told = [{name: value for name, value in each.items() if name != "draw_of"} for each in sets]
    described = describe_sets(told, kept, truth, folds)
    draw_of = {each["generator"]: each["draw_of"] for each in sets if "draw_of" in each}
    used = {(each["generator"], each["purifier"] or "") for each in experiments}
    described = over_draws(described, draw_of, used)
    groups = read_groups(scores, ranks)
    names = [each["experiment"] for each in experiments]
    scored = scores_of(comparison(groups, reference), names, "compare_purifiers")
    rows = rows_of_sets(described, experiments, scored)
    rows = judged(rows.join(gains(rows, groups)), PREFIXES)
    draw_sets(rows, Path(plot))
    words, html = as_text(rows, learnt), as_page(rows, learnt, Path(plot).read_bytes())
    write_views(rows, words, html, table=table, text=text, page=page)
    log.info("%s", words)


def rows_of_sets(
    described: pd.DataFrame, experiments: Sequence[dict[str, str | None]], scored: pd.DataFrame
) -> pd.DataFrame:
    """One row per set and experiment that trained on it; a set on which none trained has one row too.

    Real images alone (generator and purifier "") come first, then the sets in the order of ``described``, then
    generators without purified sets. Columns: dataset and those of ``describe_sets`` and ``scores_of``; where there is
    no set or no experiment, texts are "" and others NaN.

    Raises:
        UserError: an experiment that trained on a set which is not described.
    """
    trained = pd.DataFrame([{name: each[name] or "" for name in ("experiment", *SET)} for each in experiments])
    trained = trained.merge(scored.drop(columns="dataset"), on="experiment", validate="one_to_one")
    known = list(described[SET].itertuples(index=False, name=None))
    used = list(trained[SET].itertuples(index=False, name=None))
    strange = [" / ".join(name) for name in used if name[1] and name not in known]
    if strange:
        raise UserError(f"an experiment trained on the set {strange[0]}, which is not given", expected="all sets")
    alone = [name for name in used if not name[0]]
    names = pd.DataFrame(list(dict.fromkeys([*alone, *known, *used])), columns=SET)
    rows = names.merge(described, how="left", on=SET).merge(trained, how="left", on=SET)
    rows.insert(0, "dataset", scored["dataset"].iloc[0])
    return rows.fillna(dict.fromkeys(("rule", "experiment", "seeds", "common_seeds", "baseline", "remark"), ""))


def gains(rows: pd.DataFrame, groups: list[list[Run]]) -> pd.DataFrame:
    """What each experiment on a purified set gains over its ``opponents``.

    Args:
        rows: see ``rows_of_sets``.
        groups: the runs of all experiments among them.

    Returns:
        for each row all_baseline and chance_baseline (the opponents), and the columns of ``compare.paired_difference``
        with the same prefixes: all_difference, chance_difference_low, ...
    """
    runs = {group[0].experiment: group for group in groups}
    found = []
    for _, row in rows.iterrows():
        gained: dict[str, object] = {}
        for kind, other in opponents(rows, row).items():
            against = {"baseline": other, "common_seeds": ""}
            if other:
                against |= paired_difference(runs[row["experiment"]], runs[other])
            gained |= {f"{kind}_{name}": value for name, value in against.items()}
        found.append(gained)
    return pd.DataFrame(found, rows.index, [f"{kind}_{name}" for kind in ("all", "chance") for name in GAINS])


def opponents(rows: pd.DataFrame, row: pd.Series) -> dict[str, str]:
    """Experiments of the same generator that one on a purified set has to beat; "" where there is none.

    all: the first experiment on all images. chance: that on images which the rule random chose; of several the one
    whose number of images is the most similar, of equals the first; none for the rule random itself.
    """
    others = rows[(rows["generator"] == row["generator"]) & (rows["experiment"] != "")]
    if not (row["experiment"] and row["purifier"]):
        others = others[:0]
    drawn = others[(others["rule"] == CHANCE) & (row["rule"] != CHANCE)]
    drawn = drawn.sort_values("kept", key=lambda kept: (kept - row["kept"]).abs(), kind="stable")
    kinds = {"all": others[others["purifier"] == ""], "chance": drawn}
    return {kind: next(iter(found["experiment"]), "") for kind, found in kinds.items()}
