"""The person of a source laid into a wanted pose, bone by bone.

After Siarohin et al., Deformable GANs for Pose-based Human Image Generation, CVPR 2018, section 3.2, who warp the maps
of a network by an affine transform of each part of the body. Here the picture itself is warped: what the network need
not learn to move it can paint from the first step.
"""

import torch
from torch.nn import functional

from purereid.data.heatmaps import FRAME
from purereid.data.joints import FLIP, NUMBER

# begin and end of each part, the mean of some joints each, and its half width, in pixels of a picture of 128 x 64
PARTS = (
    (("nose",), ("neck",), 7.0),
    (("neck",), ("right_hip", "left_hip"), 11.0),
    *(
        ((f"{side}_{begin}",), (f"{side}_{end}",), width)
        for side in ("right", "left")
        for begin, end, width in (
            ("shoulder", "elbow", 4.0),
            ("elbow", "wrist", 4.0),
            ("hip", "knee", 6.0),
            ("knee", "ankle", 5.0),
        )
    ),
)
NARROWEST, WIDEST = 0.5, 2.0  # of the ratio of two lengths of a bone; beyond, it is foreshortened
BEYOND = 0.3  # of its length, so far a part reaches beyond both ends of its bone


def warp(sources: torch.Tensor, from_pose: torch.Tensor, to_pose: torch.Tensor) -> torch.Tensor:
    """Lay each person into another pose.

    A place of the new picture belongs to the nearest of its bones, seen in half widths of the parts. Its colour is that
    at the same place along and across this bone in the source. A part that the source does not show is taken from the
    other side of the body.

    Args:
        sources: float [B, 3, H, W] in -1..1.
        from_pose, to_pose: float32 [B, 18, 3], poses of the sources and those wanted, as the condition ``keypoints``.

    Returns:
        float32 [B, 4, H, W]: the colours, 0 where nothing is known, and how much is known there, 0..1.
    """
    size = sources.shape[2:]
    wanted, there = bones(to_pose)
    known, shown = bones(from_pose)
    other, other_shown = bones(from_pose[:, FLIP.tolist()])
    known = torch.where(shown[..., None, None], known, other)
    there = there & (shown | other_shown)
    places = _places(size, sources.device)
    along, across, distance = _seen_from(wanted, places)
    begin, axis = known[..., 0, :], known[..., 1, :] - known[..., 0, :]
    scale = (_length(axis) / _length(wanted[..., 1, :] - wanted[..., 0, :])).clamp(NARROWEST, WIDEST)
    unit = axis / _length(axis)[..., None]
    normal = torch.stack([unit[..., 1], -unit[..., 0]], dim=-1)
    spread = (across * scale[..., None, None])[..., None] * normal[..., None, None, :]
    found = begin[..., None, None, :] + along[..., None] * axis[..., None, None, :] + spread
    width = torch.tensor([each[2] for each in PARTS], device=sources.device)[:, None, None]
    nearness = torch.where(there[..., None, None], -((distance / width) ** 2), -torch.inf)
    best = nearness.max(dim=1, keepdim=True)
    chosen = found.gather(1, best.indices[..., None].expand(-1, 1, -1, -1, 2))[:, 0]
    weight = best.values.exp()
    colours = functional.grid_sample(sources.float(), _grid(chosen), padding_mode="border", align_corners=False)
    return torch.cat([colours * weight, weight], dim=1)


def bones(keypoints: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Begin and end of each part float32 [B, P, 2, 2] = (y, x), and whether both are visible, bool [B, P]."""
    ends, seen = [], []
    for *both, _ in PARTS:
        joints = [keypoints[:, [NUMBER[name] for name in names]] for names in both]
        ends.append(torch.stack([each[..., :2].mean(dim=1) for each in joints], dim=1))
        seen.append(torch.stack([each[..., 2].amin(dim=1) for each in joints], dim=1).amin(dim=1) > 0)
    return torch.stack(ends, dim=1), torch.stack(seen, dim=1)


def _places(size: tuple[int, int], device: torch.device) -> torch.Tensor:
    """Where the pixels of a picture lie in one of 128 x 64, float32 [H, W, 2] = (y, x)."""
    sides = [
        (torch.arange(side, device=device) + 0.5) * (of / side) - 0.5 for side, of in zip(size, FRAME, strict=True)
    ]
    return torch.stack(torch.meshgrid(*sides, indexing="ij"), dim=-1)


def _seen_from(ends: torch.Tensor, places: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Of each place [H, W, 2], as float32 [B, P, H, W] for bones [B, P, 2, 2]: its share of the way along the bone, its
    distance from the line to one side, and from the bone."""
    begin, axis = ends[..., 0, :], ends[..., 1, :] - ends[..., 0, :]
    length = _length(axis)[..., None, None]
    unit = axis[..., None, None, :] / length[..., None]
    offset = places - begin[..., None, None, :]
    along = (offset * unit).sum(dim=-1) / length
    across = offset[..., 0] * unit[..., 1] - offset[..., 1] * unit[..., 0]
    beyond = (along - along.clamp(-BEYOND, 1 + BEYOND)) * length
    return along, across, (across**2 + beyond**2).sqrt()


def _length(axis: torch.Tensor) -> torch.Tensor:
    """At least one pixel, so that a bone seen from its end has a direction."""
    return axis.norm(dim=-1).clamp(min=1.0)


def _grid(places: torch.Tensor) -> torch.Tensor:
    """Places [B, H, W, 2] = (y, x) of a picture of 128 x 64 as ``grid_sample`` takes them."""
    frame = torch.tensor(FRAME, device=places.device)
    return ((places + 0.5) / frame * 2 - 1).flip(-1)
