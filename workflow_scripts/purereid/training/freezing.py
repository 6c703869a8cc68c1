"""Parts of a network that do not learn for some time."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


def freeze(module: nn.Module, frozen: bool = True) -> None:
    """Keep a module as it is; or, with ``frozen=False``, let all of it learn.

    A frozen module is in evaluation mode, so that the statistics of its batch normalisation stay and nothing is
    dropped, and its parameters have no gradients. Optimisers pass over parameters without a gradient: neither weight
    decay nor moments move them, and Adam counts their steps from the first that they take. Make the optimiser before,
    of all that is ever to learn; call this again after each ``train()`` of a whole network. With several processes,
    wrap the network in ``DistributedDataParallel`` anew when this changes: it waits for the gradients of all that
    learnt when it was made.
    """
    module.train(not frozen).requires_grad_(not frozen)
    if frozen:
        module.zero_grad()


@contextmanager
def at_rest(*networks: nn.Module) -> Iterator[None]:
    """Inside, no gradients are computed for the weights of some networks, while others may learn through them."""
    for network in networks:
        network.requires_grad_(False)
    try:
        yield
    finally:
        for network in networks:
            network.requires_grad_(True)
