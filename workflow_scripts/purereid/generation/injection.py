"""Failure injection: which of the planned images are bad on purpose, so that one can count what a purifier drops."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from purereid.errors import UserError
from purereid.generation.spoil import SPOILED

OF_ANOTHER = {"wrong_identity": "source", "off_pose": "pose"}  # what such an image takes from another planned one
UNLIKE = {"source": "pid", "pose": "pose"}  # the column in which the two differ
KINDS = (*OF_ANOTHER, *SPOILED)
WHERE = "generate.train.injected"


def plan_injection(plan: pd.DataFrame, share: float, kinds: Sequence[str], seed: int) -> pd.DataFrame:
    """Choose a random share of the planned images to be bad, equally many of each kind, give or take one.

    Two kinds are good pictures of something else than what is asked for; the others are spoiled after they are drawn,
    see ``spoil``:
        - ``wrong_identity``: the source of a planned image of another identity, in the pose asked for.
        - ``off_pose``: the source asked for, in another pose, that of a planned image. For re-identification a person
          in another pose than asked for is right, so that a purifier that judges persons cannot and need not find it;
          it is there to say so in numbers.

    Args:
        plan: all planned images, with the columns source, pose and pid; what is asked for stays in them.
        share: of the images, 0..1; the number is rounded.
        kinds: some of ``KINDS``.
        seed: of the choice.

    Returns:
        the plan with three more columns: injected (the kind, "" where none), shown_source and shown_pose (those that
        the generator is given).

    Raises:
        UserError: a share outside 0..1, an unknown kind or none, images of fewer than two identities or poses where one
            is to be wrong.
    """
    _check(share, kinds)
    rng = np.random.default_rng([seed, 2])  # 0 and 1 are those of the plan
    rows = rng.permutation(len(plan))[: round(share * len(plan))]
    injected = np.full(len(plan), "", object)
    injected[rows] = np.resize(np.asarray(kinds, object), len(rows))
    shown = {column: plan[column].to_numpy(object, copy=True) for column in OF_ANOTHER.values()}
    for kind, column in OF_ANOTHER.items():
        if share and kind in kinds:
            _check_others(plan, kind)
            wrong = np.flatnonzero(injected == kind)
            groups = pd.factorize(plan[UNLIKE[column]])[0]
            shown[column][wrong] = shown[column][_of_others(groups, wrong, rng)]
    return plan.assign(injected=injected, shown_source=shown["source"], shown_pose=shown["pose"])


def _of_others(groups: np.ndarray, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """For each of some rows a random row of another group: int64, as many."""
    order = np.argsort(groups, kind="stable")
    first, last = (np.searchsorted(groups[order], groups[rows], side) for side in ("left", "right"))
    drawn = rng.integers(0, len(groups) - (last - first))  # among the sorted rows without those of the group
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


def _check_others(plan: pd.DataFrame, kind: str) -> None:
    column = OF_ANOTHER[kind]
    wrong = "identity" if column == "source" else column
    given = [name for name in KINDS if name in SPOILED or (plan[OF_ANOTHER[name]] != "").any()]
    if kind not in given:
        raise UserError(
            f"the generator takes no {column}, so that its images have no {wrong} to get wrong",
            where=f"{WHERE}.kinds",
            expected=f"some of {', '.join(given)}",
            do=f"leave {kind} out of the kinds of this generator",
        )
    if plan[UNLIKE[column]].nunique() < 2:
        raise UserError(
            f"all images are to show the same {wrong}, so that none can show another",
            where=f"{WHERE}.kinds",
            expected=f"{kind} where more than one {wrong} is asked for",
            do=f"leave {kind} out of the kinds, or ask for more than one {wrong}",
        )
