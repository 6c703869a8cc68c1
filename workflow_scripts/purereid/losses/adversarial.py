"""The adversarial loss (Goodfellow et al., Generative Adversarial Nets, NeurIPS 2014, in the non-saturating form)."""

import torch
from torch.nn import functional


def adversarial(logits: torch.Tensor, real: bool) -> torch.Tensor:
    """Binary cross entropy of sigmoid(logits) against "real" (1) or "fake" (0), mean over all elements.

    Args:
        logits: float of any shape; computed in float32.

    Returns:
        float32 scalar, at least 0; ln 2 = 0.693 for a discriminator that cannot tell.
    """
    logits = logits.float()
    return functional.softplus(-logits if real else logits).mean()
