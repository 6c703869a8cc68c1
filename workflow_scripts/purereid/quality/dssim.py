"""Diversity of the images of an identity, which DG-Net publishes as "SSIM" (Zheng et al., CVPR 2019).

The score of two images is (1 - SSIM) / 2 with scikit-image's defaults: higher means more diverse. It has nothing to do
with the similarity of a generated image and its target.
"""

from dataclasses import dataclass

import numpy as np
import torch

from purereid.errors import UserError
from purereid.quality.ssim import ssim

PASSES, PAIRS = 5, 10  # pairs per identity and pass


@dataclass(frozen=True)
class Diversity:
    """Midpoint and half the spread of the means after 1, 2, .. ``PASSES`` passes, as DG-Net reports them.

    ``identities`` were counted, ``skipped`` had one image only; ``pairs`` were compared in all.
    """

    value: float
    spread: float
    identities: int
    skipped: int
    pairs: int


def diversity(images: torch.Tensor, pids: np.ndarray, rng: np.random.Generator) -> Diversity:
    """Mean of (1 - SSIM) / 2 over random pairs of two different images of an identity.

    Args:
        images: uint8 [N, 3, H, W], at least 7 x 7 pixels.
        pids: int64 [N], who is in each image; leave out what is nobody (junk, distractors).
        rng: draws the pairs: ``PAIRS`` of each identity in each of ``PASSES`` passes, each pair anew.

    Raises:
        UserError: no identity has two images, or the images are smaller than the window.
    """
    members, skipped = _identities(pids)
    if not members:
        raise UserError("no identity has two images", expected="several images of an identity, to see how they differ")
    passes = []
    for _ in range(PASSES):
        first, second = _draw(members, rng)
        passes.append((1 - ssim(images[first], images[second], window="uniform", data_range=255)).mean().item() / 2)
    means = np.cumsum(passes) / np.arange(1, PASSES + 1)
    low, high = float(means.min()), float(means.max())
    return Diversity((low + high) / 2, (high - low) / 2, len(members), skipped, PASSES * PAIRS * len(members))


def _identities(pids: np.ndarray) -> tuple[list[np.ndarray], int]:
    """Rows of each identity with two or more images, by pid, and the number of identities with one."""
    _, owner, counts = np.unique(pids, return_inverse=True, return_counts=True)
    groups = np.split(np.argsort(owner, kind="stable"), np.cumsum(counts)[:-1])
    members = [rows for rows in groups if len(rows) > 1]
    return members, len(counts) - len(members)


def _draw(members: list[np.ndarray], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the first and second images of one pass; a second is never its first."""
    first, second = [], []
    for rows in members:
        places = rng.integers(len(rows), size=PAIRS)
        first.append(rows[places])
        second.append(rows[(places + rng.integers(1, len(rows), size=PAIRS)) % len(rows)])
    return np.concatenate(first), np.concatenate(second)
