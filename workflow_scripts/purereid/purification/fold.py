"""The identities on which networks of graphs are judged: those that neither the network nor the encoder learnt from.

Features of identities that an encoder learnt from lie closer together than those of strangers: links between their
images are too easy, and what is best among them need not be the best among strangers.
"""

from pathlib import Path

import numpy as np

from purereid.data.held_out import held_out_images
from purereid.logs import log
from purereid.networks.network_file import read_configuration


def identities_of(encoder: str | Path | None) -> list[int] | None:
    """Identities that an encoder learnt from; None without its file.

    Raises:
        UserError: the file is missing, damaged or holds no encoder.
    """
    return None if encoder is None else read_configuration(encoder, "encoder")["pids"]


def fold_images(pids: np.ndarray, *, learnt: list[int] | None, share: float, seed: int, section: str) -> np.ndarray:
    """Images of the identities that are held out.

    Those that the encoder has not learnt from. If these are all or none, a random share (``held_out_images``); if none,
    a warning says so.

    Args:
        pids: int64 [N].
        learnt: identities that the encoder learnt from; None: it is not known.
        share: 0..1; 0 holds out nobody.
        seed, section: as for ``held_out_images``.

    Returns:
        bool [N].

    Raises:
        UserError: as ``held_out_images``.
    """
    unseen = np.ones(len(pids), bool) if learnt is None else ~np.isin(pids, learnt)
    if share and unseen.any() and not unseen.all():
        return unseen
    if share and not unseen.any():
        log.warning(
            "SEEN: the encoder learnt from all identities, and so from those held out: their scores say little of"
            " people whom it has not seen. Purify with an encoder that was trained with held_out above 0"
        )
    return held_out_images(pids, share=share, seed=seed, section=section)


def seen(pids: np.ndarray, learnt: list[int] | None) -> int | None:
    """Number of the identities int64 [N] that the encoder learnt from; None where it is not known."""
    return None if learnt is None else int(np.isin(np.unique(pids), learnt).sum())
