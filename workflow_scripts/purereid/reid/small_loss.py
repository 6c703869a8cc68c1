"""Selection inside the training: of the generated images of a batch those count on which the model's loss is smallest.

A network learns what is right before it learns what is wrong by heart, so that images whose loss is large are those
that more probably are bad (Han et al., Co-teaching, NeurIPS 2018; here one network chooses for itself).
"""

import torch


def share_that_counts(share: float, epochs: float, epochs_done: float) -> float:
    """Share of the generated images that count: it falls in a line from 1 to ``share`` over the first ``epochs``.

    R(T) = 1 - tau min(T / T_k, 1) of Co-teaching, with tau = 1 - share and T_k = epochs.
    """
    return 1 - (1 - share) * (min(epochs_done / epochs, 1.0) if epochs else 1.0)


def small_loss(losses: torch.Tensor, generated: torch.Tensor, share: float) -> torch.Tensor:
    """Which images count.

    Args:
        losses: float [B].
        generated: bool [B].
        share: of the generated images, 0..1; their number is rounded.

    Returns:
        bool [B]: all real images, and of the generated ones those with the smallest losses, of equal ones the earlier.
    """
    counts = ~generated
    rows = generated.nonzero().squeeze(1)
    counts[rows[losses[rows].argsort(stable=True)[: round(share * len(rows))]]] = True
    return counts
