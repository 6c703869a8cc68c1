"""Batch-hard triplet loss."""

import torch
from torch.nn import functional


def batch_hard_triplet(
    features: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor, margin: float | None
) -> torch.Tensor:
    """Batch-hard triplet loss (Hermans et al. 2017, equation 5) on Euclidean distances.

    Each image is an anchor; its farthest image of the same identity and its nearest image of another identity form
    the triplet: max(0, d_positive - d_negative + margin), or with the soft margin (section 2 of the paper)
    ln(1 + exp(d_positive - d_negative)), which goes on pulling where the triplet is far enough apart. Anchors without
    a positive or a negative are left out.

    Args:
        features: float [B, D], not normalised.
        labels: int64 [B]; an image with label -1 has no identity and takes no part.
        weights: float32 [B], weight of each anchor.
        margin: at least 0; None: the soft margin.

    Returns:
        float32 scalar: sum of weight and loss over the anchors, divided by their number; 0 where no anchor has both.
    """
    distances = pairwise_distances(features.float())
    known = labels >= 0
    same = (labels[:, None] == labels[None, :]) & known[:, None] & known[None, :]
    other = ~same & known[:, None] & known[None, :]
    positive = same & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    farthest = distances.masked_fill(~positive, -torch.inf).amax(dim=1)
    nearest = distances.masked_fill(~other, torch.inf).amin(dim=1)
    valid = positive.any(dim=1) & other.any(dim=1)
    gaps = farthest[valid] - nearest[valid]
    losses = functional.softplus(gaps) if margin is None else (gaps + margin).clamp(min=0)
    return (losses * weights[valid]).sum() / valid.sum().clamp(min=1)


def pairwise_distances(features: torch.Tensor) -> torch.Tensor:
    """Euclidean distances float32 [B, B]; bounded away from 0, where the square root has no gradient."""
    squares = features.square().sum(dim=1)
    squared = squares[:, None] + squares[None, :] - 2 * features @ features.T
    return squared.clamp(min=1e-12).sqrt()
