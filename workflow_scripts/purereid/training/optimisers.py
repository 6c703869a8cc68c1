"""Optimisers by name, groups of parameters with rates and decays of their own, and the norm of gradients."""

from collections.abc import Sequence
from functools import partial

import torch
from torch import nn

from purereid.errors import UserError


def build_optimiser(
    kind: str,
    groups: Sequence[dict],
    learning_rate: float,
    *,
    betas: Sequence[float] = (0.9, 0.999),
    momentum: float = 0.9,
) -> torch.optim.Optimizer:
    """Make an optimiser.

    - ``adam``: Kingma and Ba 2015,
    - ``amsgrad``: Adam that divides by the largest second moment so far (Reddi et al. 2018),
    - ``adamw``: Adam whose weight decay does not pass through the moments (Loshchilov and Hutter 2019),
    - ``sgd``: gradient descent with momentum,
    - ``nesterov``: the same with Nesterov's momentum (Sutskever et al. 2013).

    Args:
        kind: one of these names.
        groups: each with ``params``; ``factor``, by which the learning rate is multiplied for it; and ``weight_decay``,
            which but for ``adamw`` is added to the gradients.
        learning_rate: of a group whose factor is 1; see ``set_rate``.
        betas: of the first three, decay of the running means of gradients and of their squares.
        momentum: of the other two.

    Raises:
        UserError: unknown kind.
    """
    kinds = {
        "adam": partial(torch.optim.Adam, betas=tuple(map(float, betas))),
        "amsgrad": partial(torch.optim.Adam, betas=tuple(map(float, betas)), amsgrad=True),
        "adamw": partial(torch.optim.AdamW, betas=tuple(map(float, betas))),
        "sgd": partial(torch.optim.SGD, momentum=momentum),
        "nesterov": partial(torch.optim.SGD, momentum=momentum, nesterov=True),
    }
    if kind not in kinds:
        raise UserError(f"unknown optimiser {kind!r}", expected=", ".join(kinds))
    optimiser = kinds[kind]([dict(group) for group in groups], lr=learning_rate)
    set_rate(optimiser, learning_rate)
    return optimiser


def backbone_and_new(network: nn.Module, backbone_factor: float, weight_decay: float) -> list[dict]:
    """Groups for a network whose backbone was trained before and whose other layers are new.

    Parameters that need no gradient are left out for good. A backbone that is frozen for some epochs must get into
    its group: freeze it (``freezing.freeze``) after the optimiser is made.

    Args:
        network: its backbone is the attribute ``backbone``.
        backbone_factor: on the learning rate of the backbone; that of the others is 1.
        weight_decay: of all.
    """
    learning = [(name, parameter) for name, parameter in network.named_parameters() if parameter.requires_grad]
    groups = []
    for of_backbone, factor in ((True, backbone_factor), (False, 1)):
        chosen = [parameter for name, parameter in learning if name.startswith("backbone.") == of_backbone]
        groups.append({"params": chosen, "weight_decay": weight_decay, "factor": factor})
    return groups


def adam_with_faster_biases(
    network: nn.Module, learning_rate: float, weight_decay: float, betas: Sequence[float] = (0.9, 0.999)
) -> torch.optim.Adam:
    """Adam whose biases learn twice as fast and do not decay.

    Published code of "Generate and Purify: Efficient Person Data Generation for Re-Identification" (Lu et al.).

    Args:
        network: all its parameters learn; biases are those with ``bias`` in their names.
        learning_rate: of the other parameters.
        weight_decay: of the other parameters, added to their gradients.
        betas: as for ``build_optimiser``.
    """
    named = list(network.named_parameters())
    groups = [
        {"params": [p for name, p in named if "bias" not in name], "weight_decay": weight_decay, "factor": 1},
        {"params": [p for name, p in named if "bias" in name], "weight_decay": 0.0, "factor": 2},
    ]
    return build_optimiser("adam", groups, learning_rate, betas=betas)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Give each group of parameters a learning rate, times the group's ``factor`` where it has one."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group.get("factor", 1)


def clip_gradients(optimiser: torch.optim.Optimizer, largest: float) -> torch.Tensor:
    """Scale the gradients of all parameters of an optimiser so that their joint norm is at most ``largest``.

    Args:
        optimiser: before its step, after ``backward``.
        largest: Euclidean norm of all gradients as one vector, above 0.

    Returns:
        the norm that they had, float32 scalar.
    """
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    return nn.utils.clip_grad_norm_(parameters, largest)
