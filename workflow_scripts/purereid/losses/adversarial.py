"""The adversarial loss (Goodfellow et al., Generative Adversarial Nets, NeurIPS 2014, in the non-saturating form)."""

import torch
from torch.nn import functional

REAL, FAKE = 1.0, 0.0


def adversarial(logits: torch.Tensor, target: float) -> torch.Tensor:
    """Binary cross entropy of sigmoid(logits) against a target, mean over all elements.

    Args:
        logits: float of any shape; computed in float32.
        target: ``REAL``, ``FAKE``, or, smoothed (Salimans et al., Improved Techniques for Training GANs, NeurIPS 2016,
            section 3.4), a number between them.

    Returns:
        float32 scalar, at least 0; against REAL or FAKE ln 2 = 0.693 for a discriminator that cannot tell.
    """
    logits = logits.float()
    return (target * functional.softplus(-logits) + (1 - target) * functional.softplus(logits)).mean()
