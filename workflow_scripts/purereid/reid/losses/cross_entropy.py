"""Cross entropy with soft targets and a weight per image."""

import torch


def cross_entropy(logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Weighted mean over the batch of - sum_k target_k log softmax(logits)_k.

    With one-hot targets this is the usual cross entropy, with smoothed ones label smoothing (Szegedy et al. 2016),
    with uniform ones the loss of LSRO on generated images: logsumexp(x) - mean(x).

    Args:
        logits: float [B, K].
        targets: float32 [B, K], rows sum to 1.
        weights: float32 [B], not negative, not all zero.

    Returns:
        float32 scalar, at least 0.
    """
    losses = -(targets * logits.float().log_softmax(dim=1)).sum(dim=1)
    return (losses * weights).sum() / weights.sum()
