"""Cross entropy with soft targets and a weight per image."""

import torch


def cross_entropy(logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None = None) -> torch.Tensor:
    """Sum over the batch of weight times - sum_k target_k log softmax(logits)_k, divided by the number of images.

    With one-hot targets this is the usual cross entropy, logsumexp(x) - x_y, with smoothed ones label smoothing
    (Szegedy et al. 2016), with uniform ones the loss of LSRO on generated images (Zheng et al. 2017, equation 5):
    logsumexp(x) - mean(x).

    The sum is divided by the number of images, not by that of the weights, as the code published with LSRO does: a
    generated image that counts less must not make the real ones count more.

    Args:
        logits: float [B, K].
        targets: float32 [B, K], rows sum to 1.
        weights: float32 [B], not negative; None: 1 each.

    Returns:
        float32 scalar, at least 0.
    """
    losses = cross_entropies(logits, targets)
    return (losses if weights is None else losses * weights).mean()


def cross_entropies(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Cross entropy float32 [B] of each image; arguments as for ``cross_entropy``."""
    return -(targets * logits.float().log_softmax(dim=1)).sum(dim=1)
