"""What an image is supposed to be classified as: one distribution over the classes per image.

A real image is its identity. What a generated image is, the setting ``generated_labels`` says:

- ``uniform``: nobody in particular, every identity alike (LSRO, Zheng et al. 2017, equation 5)
- ``extra_class``: one further class K + 1, the same for all of them ("all in one" there)
- ``pseudo``: whoever the model takes it for at that moment (Lee 2013)
- ``identity``: the identity that it was made to show
- ``shuffled``: the identity that another generated image was made to show, all of these in random order; a control
- ``teacher``: whoever an encoder that was trained before takes it for, with the probability of each (DG-Net, Zheng et
  al. 2019)
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch.nn import functional

from purereid.errors import UserError

REAL, UNIFORM, EXTRA_CLASS, PSEUDO, IDENTITY, TEACHER = range(6)
KINDS = {
    "uniform": UNIFORM,
    "extra_class": EXTRA_CLASS,
    "pseudo": PSEUDO,
    "identity": IDENTITY,
    "shuffled": IDENTITY,
    "teacher": TEACHER,
}
MEANING = {
    "uniform": "as every identity alike, LSRO",
    "extra_class": "as one class of their own, K + 1",
    "pseudo": "as whoever the model takes them for",
    "identity": "as the identity they were made to show",
    "shuffled": "as identities in random order, a control",
    "teacher": "as whoever the teacher takes them for",
}


class Labels(NamedTuple):
    """What is known of N training images.

    Attributes:
        pids: the K identities of the real images, in label order.
        labels: int64 [N], 0..K-1; -1 for generated images that are labelled with no identity.
        kinds: int64 [N] of REAL, UNIFORM, EXTRA_CLASS, PSEUDO, IDENTITY, TEACHER.
    """

    pids: list[int]
    labels: torch.Tensor
    kinds: torch.Tensor


def label_rows(rows: pd.DataFrame, generated_labels: str, seed: int = 0) -> Labels:
    """Labels of training images.

    Args:
        rows: rows of an index.
        generated_labels: one of ``KINDS``.
        seed: of the random order of ``shuffled``.

    Raises:
        UserError: with ``identity`` or ``shuffled``, a generated image of nobody, or of somebody without a real image.
    """
    generated = rows["kind"] == "generated"
    pids = sorted(rows.loc[~generated, "pid"].unique().tolist())
    labels = rows["pid"].map({pid: label for label, pid in enumerate(pids)}).fillna(-1).astype(int)
    kinds = generated * KINDS[generated_labels]
    if KINDS[generated_labels] != IDENTITY:
        labels[generated] = -1
    elif (labels < 0).any():
        raise _without_identity(rows[generated], rows[labels < 0], generated_labels)
    if generated_labels == "shuffled":
        places = np.flatnonzero(generated)
        order = np.random.default_rng([seed, 3]).permutation(places)
        labels.iloc[places] = labels.iloc[order].to_numpy()
    return Labels(pids, torch.tensor(labels.to_numpy()), torch.tensor(kinds.to_numpy()))


def with_guesses(labels: torch.Tensor, kinds: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """Labels int64 [B] in which those of the kind PSEUDO are the arg max of the logits float [B, K]."""
    return torch.where(kinds == PSEUDO, logits.detach().argmax(dim=1), labels)


def targets(
    labels: torch.Tensor, kinds: torch.Tensor, classes: int, smoothing: float, told: torch.Tensor | None = None
) -> torch.Tensor:
    """Target distributions.

    Args:
        labels: int64 [B], 0..classes-1; ignored where the kind is UNIFORM, EXTRA_CLASS or TEACHER.
        kinds: int64 [B].
        classes: number of classes: K, or K + 1 where there is an extra one, the last.
        smoothing: eps of label smoothing: 1 - eps + eps / classes for an image's class, eps / classes for every other.
            All images that have a class are smoothed alike.
        told: float32 [B, classes], what the teacher says of those of the kind TEACHER; it is not smoothed.

    Returns:
        float32 [B, classes]; rows sum to 1.
    """
    known = labels.masked_fill(kinds == EXTRA_CLASS, classes - 1)
    nobody = (kinds == UNIFORM) | (kinds == TEACHER)
    one_hot = functional.one_hot(known.masked_fill(nobody, 0), classes).float()
    smoothed = one_hot * (1 - smoothing) + smoothing / classes
    found = torch.where(nobody[:, None], torch.full_like(smoothed, 1 / classes), smoothed)
    return found if told is None else torch.where((kinds == TEACHER)[:, None], told, found)


def _without_identity(generated: pd.DataFrame, unknown: pd.DataFrame, generated_labels: str) -> UserError:
    first = unknown.iloc[0]
    return UserError(
        f"{len(unknown)} of {len(generated)} generated images show no training identity,"
        f" such as {first['image']} (pid {first['pid']})",
        where=f"train_reid.generated_labels: {generated_labels}",
        expected="generated images that are made to show an identity which has real training images",
        do="if the generator makes people without identity (pid -1), set generated_labels to uniform, extra_class,"
        " pseudo or teacher",
    )
