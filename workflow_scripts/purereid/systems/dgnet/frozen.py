"""Passes through a network that is to learn nothing from them, while what it is shown may learn."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.func import functional_call


def frozen_pass(network: nn.Module, *inputs: torch.Tensor) -> object:
    """What a network makes of some inputs as if by a copy of it that is thrown away; gradients reach the inputs.

    As in the published code of DG-Net the copy normalises by the statistics of the batch, and drops nothing. Those that
    the network keeps do not change.

    Args:
        network: in training mode.
        inputs: of its ``forward``.
    """
    weights = {name: parameter.detach() for name, parameter in network.named_parameters()}
    statistics = {name: buffer.clone() for name, buffer in network.named_buffers()}
    with _without_dropout(network):
        return functional_call(network, weights | statistics, inputs)


@contextmanager
def _without_dropout(network: nn.Module) -> Iterator[None]:
    dropouts = [module for module in network.modules() if isinstance(module, nn.Dropout)]
    modes = [module.training for module in dropouts]
    for module in dropouts:
        module.eval()
    try:
        yield
    finally:
        for module, mode in zip(dropouts, modes, strict=True):
            module.train(mode)
