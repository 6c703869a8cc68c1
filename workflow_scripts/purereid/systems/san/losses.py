"""Triplets of the maps from which a texture is painted: persons are told apart there too (SAN, Jin et al. 2020)."""

from collections.abc import Sequence

import torch
from torch.nn import functional

from purereid.losses.triplet import batch_hard_triplet

POOLED = (8, 4)  # size to which maps are averaged before they are compared
# Published: of each anchor, the places in two neighbouring blocks of one image pair of one person, and of one of two.
PLACES = (((0, 1), (0, 4)), ((1, 2), (1, 5)), ((2, 3), (2, 6)), ((0, 3), (3, 4)))


def tap_triplets(taps: Sequence[torch.Tensor], labels: torch.Tensor, margin: float) -> torch.Tensor:
    """Mean over the maps of the batch-hard triplet loss; maps are averaged to 8 x 4 places and brought to length 1.

    Args:
        taps: maps float [B, C, h, w].
        labels: int64 [B].
        margin: at least 0; distances are 0 to 2.

    Returns:
        float32 scalar.
    """
    ones = torch.ones(len(labels), device=labels.device)
    found = []
    for tap in taps:
        pooled = functional.adaptive_avg_pool2d(tap.float(), POOLED).flatten(1)
        found.append(batch_hard_triplet(functional.normalize(pooled, dim=1), labels, ones, margin))
    return torch.stack(found).mean()


def published_triplets(taps: Sequence[torch.Tensor], images_per_identity: int, margin: float) -> torch.Tensor:
    """The published triplets: fixed places in the batch, mean squared differences, summed over anchors and maps.

    The batch holds blocks of K images of one person each. An anchor is a block but the last; each map has a pair of
    its images and a pair with the next block, see ``PLACES``, which are those of K = 4.

    Args:
        taps: four maps float [B, C, h, w]; further ones are left out.
        images_per_identity: K, at least 4.
        margin: at least 0.

    Returns:
        float32 scalar, margin times anchors times maps at the start, where maps hardly differ.
    """
    K, total = images_per_identity, taps[0].new_zeros((), dtype=torch.float32)
    for tap, (same, other) in zip(taps, PLACES, strict=False):
        (a, b), (c, d) = same, (other[0], K + other[1] - 4)
        for start in range(0, len(tap) - K, K):
            block = tap[start:].float()
            gap = (block[a] - block[b]).square().mean() - (block[c] - block[d]).square().mean()
            total = total + (gap + margin).clamp(min=0)
    return total
