"""Images as networks see them: -1..1 instead of 0..255."""

import torch


def to_range(images: torch.Tensor) -> torch.Tensor:
    """uint8 [B, 3, H, W] to float32 in -1..1, in channels-last memory."""
    return (images / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def to_levels(images: torch.Tensor) -> torch.Tensor:
    """Float [B, 3, H, W] in -1..1 to uint8, rounded, contiguous."""
    return ((images.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).contiguous()
