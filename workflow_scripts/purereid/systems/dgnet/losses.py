"""Losses of DG-Net (Zheng et al. 2019, section 3 and the published code) beside those that other systems have too.

A step has two halves, images a and images b. Losses of the paper are sums of the means over a and over b; as both have
as many images, that is twice the mean over all.
"""

from collections.abc import Sequence

import torch

REAL, FAKE = 1.0, 0.0
HALVES = 2


def least_squares(scores: Sequence[torch.Tensor], target: float) -> torch.Tensor:
    """Squared distance of a discriminator's scores from a target (Mao et al., LSGAN, ICCV 2017, equation 2).

    Args:
        scores: of each scale, float [B, 1, h, w], of both halves.
        target: ``REAL`` or ``FAKE``.

    Returns:
        float32 scalar: the means, summed over scales and halves.
    """
    return HALVES * sum((each.float() - target).square().mean() for each in scores)


def gradient_penalty(scores: Sequence[torch.Tensor], images: torch.Tensor) -> torch.Tensor:
    """How steep the scores of real images are (Mescheder et al., ICML 2018, equation 9, R1 without its half).

    Args:
        scores: of each scale, float32 [B, 1, h, w], of both halves.
        images: float32 [B, 3, H, W] that they were made from, with ``requires_grad``.

    Returns:
        float32 scalar: the squared norm of the gradient of the sum of an image's scores, its mean over the images,
        summed over scales and halves.
    """
    total = torch.zeros((), device=images.device)
    for each in scores:
        (gradient,) = torch.autograd.grad(each.sum(), images, create_graph=True)
        total = total + gradient.square().flatten(1).sum(dim=1).mean()
    return HALVES * total


def difference(found: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Mean absolute difference from what is wanted, which learns nothing; summed over the halves. Any shape."""
    return HALVES * (found.float() - wanted.detach().float()).abs().mean()


def classification(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Cross entropy of logits float [B, K] against labels int64 [B], summed over the halves."""
    return HALVES * torch.nn.functional.cross_entropy(logits.float(), targets)


def divergence(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Kullback-Leibler divergence of predictions from target distributions, summed over the halves.

    Args:
        logits: float [B, K].
        targets: float32 [B, K], rows sum to 1.

    Returns:
        float32 scalar: the mean over the images of sum_k t_k (ln t_k - ln softmax(logits)_k).
    """
    found = logits.float().log_softmax(dim=1)
    return HALVES * (torch.xlogy(targets, targets) - targets * found).sum(dim=1).mean()
