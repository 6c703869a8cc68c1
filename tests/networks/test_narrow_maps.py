"""Convolutions to and from maps one pixel wide, in bfloat16."""

import pytest
import torch
from torch import nn

from purereid.networks.precision import autocast

CPU = torch.device("cpu")
# layers and the height and width of their input: those that torch 2.13.0 gets wrong, on one processor or another
LAYERS = [
    (nn.Conv2d(32, 64, 4, stride=2, padding=1), (4, 2)),
    (nn.Conv2d(32, 64, 4, stride=2, padding=1), (8, 3)),
    (nn.Conv2d(16, 16, 3, stride=2, padding=1), (8, 1)),
    (nn.Conv2d(64, 64, 3, stride=2, padding=1), (16, 2)),
    (nn.Conv2d(64, 64, 3, stride=2, padding=1, padding_mode="reflect"), (16, 2)),
    (nn.Conv2d(16, 16, 5, stride=2, padding=2), (4, 1)),
    (nn.Conv2d(16, 16, 7, stride=2, padding=3), (16, 2)),
    (nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1), (2, 1)),
    (nn.ConvTranspose2d(16, 16, 3, stride=2, padding=1, output_padding=1), (8, 1)),
]


@pytest.mark.parametrize(("layer", "size"), LAYERS, ids=str)
@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last], ids=["contiguous", "channels last"])
def test_as_in_float32(layer: nn.Module, size: tuple[int, int], memory: torch.memory_format):
    draws = torch.Generator().manual_seed(0)
    layer = layer.to(memory_format=memory)
    maps = torch.randn(64, layer.in_channels, *size, generator=draws).contiguous(memory_format=memory)

    def run(precision: str) -> list[torch.Tensor]:
        layer.zero_grad()
        start = maps.clone().requires_grad_()
        with autocast(precision, CPU):
            found = layer(start)
        found.float().square().mean().backward()
        return [found.detach().float(), start.grad, layer.weight.grad.clone()]

    expected = run("fp32")
    for _ in range(3):
        waste = [torch.full((size,), float("nan")) for size in (1000, 5000, 20_000, 100_000)]
        del waste  # memory that nobody has written since holds no numbers
        for one, other in zip(expected, run("bf16"), strict=True):
            assert torch.allclose(one, other, atol=0.03 * one.abs().max().item())
