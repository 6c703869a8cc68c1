"""Draw with a generator."""

import torch
from torch import nn

from purereid.networks.precision import autocast


def draw(network: nn.Module, conditions: dict[str, torch.Tensor], precision: str) -> torch.Tensor:
    """Images uint8 [B, 3, H, W], on the CPU, of B conditions.

    Args:
        network: the generator, in evaluation mode.
        conditions: by name, see ``conditions``.
        precision: ``auto``, ``bf16`` or ``fp32``.
    """
    device = next(network.parameters()).device
    with torch.inference_mode(), autocast(precision, device):
        return network.draw(conditions).cpu()
