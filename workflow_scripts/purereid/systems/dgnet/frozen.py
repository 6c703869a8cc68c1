"""Passes through a network that is to learn nothing from them, while what it is shown may learn."""

import torch
from torch import nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _BatchNorm as BatchNorm


def frozen_pass(network: nn.Module, *inputs: torch.Tensor) -> object:
    """What a network makes of some inputs as if by a copy of it that is thrown away; gradients reach the inputs.

    As in the published code of DG-Net the copy is in evaluation mode, and so drops nothing, but normalises by the
    statistics of the batch. Those that the network keeps do not change.

    Args:
        network: in training mode.
        inputs: of its ``forward``.
    """
    weights = {name: parameter.detach() for name, parameter in network.named_parameters()}
    statistics = {name: buffer.clone() for name, buffer in network.named_buffers()}
    modes = {module: module.training for module in network.modules()}
    for module in modes:
        module.training = module.training and isinstance(module, BatchNorm)
    try:
        return functional_call(network, weights | statistics, inputs)
    finally:
        for module, mode in modes.items():
            module.training = mode
