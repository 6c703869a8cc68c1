"""Purified sets of generators that are one recipe with several seeds, as one set each."""

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd


def over_draws(table: pd.DataFrame, draw_of: Mapping[str, str], alone: Collection[tuple[str, str]]) -> pd.DataFrame:
    """Put sets of generators that are draws of one recipe together.

    Args:
        table: see ``kept_sets.describe_sets``.
        draw_of: by generator the name of its recipe, of those that are one of several draws.
        alone: generator and purifier ("" for all images) of sets that stay for themselves too.

    Returns:
        the table itself without such generators. Else with ``draws``, how many sets there are in a row: one, or those
        of a purifier with all seeds of a recipe, which is the generator then. Their numbers are means, counts rounded;
        ``chance`` is that of the mean of as many independent draws; ``own_encoder`` holds if it does for any.
    """
    if not draw_of:
        return table
    recipes = table["generator"].map(lambda name: draw_of.get(name, name))
    rows = []
    for (recipe, purifier), sets in table.groupby([recipes, table["purifier"]], sort=False):
        own = [each.to_frame().T for _, each in sets.iterrows() if (each["generator"], each["purifier"]) in alone]
        drawn = sets["generator"].isin(draw_of).any()
        asked = len(sets) > 1 or not own or (recipe, purifier) in alone
        together = [_together(sets, recipe)] if drawn and asked else []
        rows += [*together, *(own if drawn else [sets.assign(draws=1)])]
    found = pd.concat(rows, ignore_index=True).fillna({"draws": 1})
    return found[[*table, "draws"]].astype(table.dtypes.to_dict() | {"draws": "Int64"})


def _together(sets: pd.DataFrame, recipe: str) -> pd.DataFrame:
    row = sets.iloc[[0]].astype(object).assign(generator=recipe, own_encoder=sets["own_encoder"].any(), draws=len(sets))
    for name in sets.select_dtypes("number"):
        mean = sets[name].astype("float64").mean()
        row[name] = round(mean) if sets[name].dtype == "Int64" and not np.isnan(mean) else mean
    if "chance" in sets:  # 95 % of the differences of independent draws
        row["chance"] = np.sqrt((sets["chance"].astype("float64") ** 2).mean() / len(sets))
    return row
