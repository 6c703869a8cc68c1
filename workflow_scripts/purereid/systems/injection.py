"""Failure injection: which of the planned images are bad on purpose, so that one can count what a purifier drops."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from purereid.errors import UserError
from purereid.systems.spoil import SPOILED

WRONG_IDENTITY = "wrong_identity"
KINDS = (WRONG_IDENTITY, *SPOILED)
WHERE = "generate.train.injected"


def plan_injection(plan: pd.DataFrame, share: float, kinds: Sequence[str], seed: int) -> pd.DataFrame:
    """Choose a random share of the planned images to be bad, equally many of each kind, give or take one.

    An image of ``wrong_identity`` shows the source of a planned image of another identity in its own pose: a good
    picture of the wrong person. The other kinds are spoiled after they are drawn, see ``spoil``.

    Args:
        plan: all planned images, with the columns source and pid; what is asked for stays in them.
        share: of the images, 0..1; the number is rounded.
        kinds: some of ``KINDS``.
        seed: of the choice.

    Returns:
        the plan with two more columns: injected (the kind, "" where none) and shown (the source that the generator is
        given).

    Raises:
        UserError: a share outside 0..1, an unknown kind or none, images of fewer than two identities where one is to be
            wrong.
    """
    _check(share, kinds)
    rng = np.random.default_rng([seed, 2])  # 0 and 1 are those of the plan
    rows = rng.permutation(len(plan))[: round(share * len(plan))]
    injected = np.full(len(plan), "", object)
    injected[rows] = np.resize(np.asarray(kinds, object), len(rows))
    shown = plan["source"].to_numpy(object, copy=True)
    if share and WRONG_IDENTITY in kinds:
        _check_identities(plan)
        wrong = np.flatnonzero(injected == WRONG_IDENTITY)
        shown[wrong] = plan["source"].to_numpy(object)[_of_others(plan["pid"].to_numpy(), wrong, rng)]
    return plan.assign(injected=injected, shown=shown)


def _of_others(pids: np.ndarray, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """For each of some rows a random row of another identity: int64, as many."""
    order = np.argsort(pids, kind="stable")
    first, last = (np.searchsorted(pids[order], pids[rows], side) for side in ("left", "right"))
    drawn = rng.integers(0, len(pids) - (last - first))  # among the sorted rows without those of the identity
    return order[drawn + np.where(drawn < first, 0, last - first)]


def _check(share: float, kinds: Sequence[str]) -> None:
    if not 0 <= share <= 1:
        raise UserError(
            f"the share of images to inject is {share}", where=f"{WHERE}.share", expected="a number from 0 to 1"
        )
    unknown = ", ".join(kind for kind in kinds if kind not in KINDS)
    if unknown or not kinds:
        what = f"images cannot be injected as {unknown}" if unknown else "no kind of images to inject is named"
        raise UserError(what, where=f"{WHERE}.kinds", expected=f"some of {', '.join(KINDS)}")


def _check_identities(plan: pd.DataFrame) -> None:
    if (plan["pid"] < 0).all():
        raise UserError(
            "the generator takes no source, so that its images have no identity to get wrong",
            where=f"{WHERE}.kinds",
            expected=f"some of {', '.join(SPOILED)}",
            do=f"leave {WRONG_IDENTITY} out of the kinds of this generator",
        )
    if plan["pid"].nunique() < 2:
        raise UserError(
            "images are generated of one identity alone, so that none can show another",
            where=f"{WHERE}.kinds",
            expected=f"{WRONG_IDENTITY} where images of at least two identities are generated",
            do=f"leave {WRONG_IDENTITY} out of the kinds, or generate more identities",
        )
