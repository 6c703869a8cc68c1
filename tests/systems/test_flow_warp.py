"""A person laid into another pose."""

import numpy as np
import pytest
import torch

from purereid.data.joints import FLIP, NUMBER
from purereid.systems.flow.warp import PARTS, warp

STANDING = {
    **{
        "nose": (14, 32),
        "neck": (28, 32),
        "right_shoulder": (30, 22),
        "right_elbow": (46, 19),
        "right_wrist": (60, 18),
    },
    **{"left_shoulder": (30, 42), "left_elbow": (46, 45), "left_wrist": (60, 46), "right_hip": (64, 27)},
    **{"right_knee": (90, 26), "right_ankle": (116, 26), "left_hip": (64, 37), "left_knee": (90, 38)},
    **{"left_ankle": (116, 38)},
}


def pose(**moved: tuple[float, float] | None) -> torch.Tensor:
    """Key points float32 [1, 18, 3] of who stands upright, but for some joints that are elsewhere or missing."""
    found = torch.zeros(1, 18, 3)
    for name, place in (STANDING | moved).items():
        if place is not None:
            found[0, NUMBER[name]] = torch.tensor([*place, 1.0])
    return found


def picture(seed: int = 0, size: tuple[int, int] = (128, 64)) -> torch.Tensor:
    """A smooth picture float [1, 3, H, W] in -1..1."""
    draws = torch.rand(1, 3, 8, 4, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    return torch.nn.functional.interpolate(draws, size, mode="bicubic").clamp(-1, 1)


@pytest.mark.parametrize("size", [(128, 64), (64, 32)])
def test_in_the_same_pose_the_person_stays_where_it_is(size):
    source = picture(size=size)
    found = warp(source, pose(), pose())
    assert found.shape == (1, 4, *size) and found[:, 3].min() >= 0 and found[:, 3].max() <= 1
    known = found[0, 3] > 0.5
    assert 0.1 < known.float().mean() < 0.6
    assert torch.allclose((found[0, :3] / found[0, 3])[:, known], source[0][:, known], atol=1e-3)


def test_each_place_has_the_colour_of_the_same_place_of_its_bone():
    """Against a plain loop over pixels and parts."""
    source, wanted = picture(), pose(left_elbow=(36, 56), left_wrist=(22, 60), nose=(15, 35))
    found = warp(source, pose(), wanted)[0].numpy()
    image = source[0].numpy()
    ends = [
        [np.mean([each[0, NUMBER[name], :2].numpy() for name in names], axis=0) for names in part[:2]]
        for each in (pose(), wanted)
        for part in PARTS
    ]
    before, after = ends[: len(PARTS)], ends[len(PARTS) :]
    for y, x in [(10, 34), (30, 50), (25, 58), (45, 32), (60, 20), (100, 27), (100, 37), (5, 5)]:
        best = None
        for (begin, end), (old_begin, old_end), (*_, width) in zip(after, before, PARTS, strict=True):
            axis, old = end - begin, old_end - old_begin
            length, old_length = np.linalg.norm(axis), np.linalg.norm(old)
            away = np.array([y, x]) - begin
            along = away @ axis / length**2
            across = (away[0] * axis[1] - away[1] * axis[0]) / length
            past = max(-0.3 - along, along - 1.3, 0) * length
            nearness = np.hypot(across, past) / width
            if best is None or nearness < best[0]:
                scale = np.clip(old_length / length, 0.5, 2)
                normal = np.array([old[1], -old[0]]) / old_length
                best = nearness, old_begin + along * old + across * scale * normal
        weight, (row, column) = np.exp(-(best[0] ** 2)), best[1]
        assert found[3, y, x] == pytest.approx(weight, abs=1e-3)
        row, column = np.clip(row, 0, 127), np.clip(column, 0, 63)
        top, left = min(int(row), 126), min(int(column), 62)
        down, right = row - top, column - left
        colour = (1 - down) * ((1 - right) * image[:, top, left] + right * image[:, top, left + 1])
        colour += down * ((1 - right) * image[:, top + 1, left] + right * image[:, top + 1, left + 1])
        assert np.allclose(found[:3, y, x], weight * colour, atol=2e-3)


def test_a_moved_person_is_moved():
    source = torch.full((1, 3, 128, 64), -1.0)
    source[..., 44:49, :22] = 1.0  # a white right elbow
    moved = pose(**{name: (y, x + 12) for name, (y, x) in STANDING.items()})
    found = warp(source, pose(), moved)[0]
    assert found[0, 46, 31] > 0.5 > found[0, 46, 19] and found[0, 46, 57] < 0


def test_a_part_that_the_source_does_not_show_comes_from_the_other_side():
    source = torch.full((1, 3, 128, 64), -1.0)
    source[..., 50:60, :22] = 1.0  # a white right forearm
    hidden = pose(left_elbow=None, left_wrist=None)
    found = warp(source, hidden, pose())[0]
    assert found[0, 54, 45] > 0.5
    assert warp(source, pose(), pose())[0][0, 54, 45] < 0


def test_parts_that_nobody_shows_are_unknown():
    arms = {f"{side}_{joint}": None for side in ("left", "right") for joint in ("elbow", "wrist")}
    hidden, shown = (warp(picture(), each, pose())[0, 3, 56, 18].item() for each in (pose(**arms), pose()))
    assert hidden < 0.3 and shown > 0.9
    for none in (warp(picture(), torch.zeros(1, 18, 3), pose()), warp(picture(), pose(), torch.zeros(1, 18, 3))):
        assert not none.any()  # and no number that is none


def test_a_batch_is_made_of_its_images():
    sources, poses = torch.cat([picture(1), picture(2)]), torch.cat([pose(), pose()[:, FLIP.tolist()]])
    both = warp(sources, poses, poses.flip(0))
    alone = [warp(sources[[row]], poses[[row]], poses.flip(0)[[row]]) for row in (0, 1)]
    assert torch.allclose(both, torch.cat(alone), atol=1e-6)


def test_bones_seen_from_their_ends_are_finite():
    assert warp(picture(), pose(left_elbow=STANDING["left_shoulder"]), pose(neck=STANDING["nose"])).isfinite().all()
