"""Who an image drawn in the clothes of one person and the shape of another is to be taken for."""

import torch
from torch.nn import functional

from purereid.errors import UserError


def primary_targets(
    kind: str, probable: torch.Tensor, appearance: torch.Tensor, structure: torch.Tensor
) -> torch.Tensor:
    """What the primary head is to say of an image.

    Args:
        kind: ``teacher`` (published): what the teacher says; ``pseudo``: certainly the identity that it finds most
            probable; ``appearance``: certainly that of the clothes; ``uniform``: any (LSRO); ``two``: what the teacher
            says of the identities of clothes and of shape, as if there were no others.
        probable: float32 [B, K], of the teacher; of any values where its word does not count.
        appearance, structure: int64 [B], labels of the images that gave clothes and shape.

    Returns:
        float32 [B, K], rows sum to 1.
    """
    classes = probable.shape[1]
    if kind == "teacher":
        return probable
    if kind == "pseudo":
        return functional.one_hot(probable.argmax(dim=1), classes).float()
    certain = functional.one_hot(appearance, classes).float()
    if kind == "appearance":
        return certain
    if kind == "uniform":
        return torch.full_like(probable, 1 / classes)
    if kind == "two":
        possible = probable.clamp(min=torch.finfo(torch.float32).tiny)
        possible = possible * torch.maximum(certain, functional.one_hot(structure, classes))
        return possible / possible.sum(dim=1, keepdim=True)
    raise UserError(f"unknown kind of primary labels {kind!r}", expected="teacher, pseudo, appearance, uniform or two")
