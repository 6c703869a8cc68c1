"""Joints at their places, against a slow form of the published code."""

import numpy as np
import pytest

from purereid.errors import UserError
from purereid.quality.pckh import pckh

HEAD = (0, 1, 14, 15, 16, 17)


def slow(
    found: np.ndarray, found_visible: np.ndarray, target: np.ndarray, target_visible: np.ndarray
) -> tuple[int, ...]:
    right = joints = images = 0
    for image in range(len(target)):
        head = [target[image, joint] for joint in HEAD if target_visible[image, joint]]
        if len(head) < 2:
            continue
        height, width = (max(place[axis] for place in head) - min(place[axis] for place in head) for axis in (0, 1))
        images += 1
        for joint in range(18):
            if not target_visible[image, joint]:
                continue
            joints += 1
            dy, dx = (abs(found[image, joint, axis] - target[image, joint, axis]) for axis in (0, 1))
            right += bool(found_visible[image, joint] and dx < 0.5 * width and dy < 0.5 * height)
    return right, joints, images, len(target) - images


def poses(number: int, seed: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    target = rng.integers(0, 40, (number, 18, 2))
    found = target + rng.integers(-15, 16, target.shape)
    target_visible, found_visible = rng.random((number, 18)) < 0.4, rng.random((number, 18)) < 0.8
    for joints, visible in ((target, target_visible), (found, found_visible)):
        joints[~visible] = -1
    return found, found_visible, target, target_visible


def one_pose() -> tuple[np.ndarray, ...]:
    """A head 20 high and 10 wide, and one shoulder; all found where they should be."""
    target, visible = np.full((1, 18, 2), -1), np.zeros((1, 18), bool)
    for joint, place in ((0, (10, 30)), (1, (30, 35)), (14, (12, 25)), (2, (40, 20))):
        target[0, joint], visible[0, joint] = place, True
    return target.copy(), visible.copy(), target, visible


@pytest.mark.parametrize("seed", range(3))
def test_equals_the_slow_form(seed: int):
    given = poses(60, seed)
    score = pckh(*given)
    assert (score.right, score.joints, score.images, score.skipped) == slow(*given)
    assert score.value == score.right / score.joints
    assert 0 < score.skipped < 60


@pytest.mark.parametrize(
    ("offset", "right"), [((9, 0), 4), ((10, 0), 3), ((0, 4), 4), ((0, 5), 3), ((-9, -4), 4), ((-10, -4), 3)]
)
def test_half_a_head_is_too_far(offset: tuple[int, int], right: int):
    found, found_visible, target, visible = one_pose()
    found[0, 2] += offset
    assert pckh(found, found_visible, target, visible).right == right


def test_what_is_not_found_is_wrong_and_what_was_not_asked_for_does_not_count():
    found, found_visible, target, visible = one_pose()
    found_visible[0, 2] = False
    found[0, 5], found_visible[0, 5] = (40, 45), True
    score = pckh(found, found_visible, target, visible)
    assert (score.right, score.joints, score.value) == (3, 4, 0.75)


def test_a_head_without_width_makes_all_wrong():
    found, found_visible, target, visible = one_pose()
    target[..., 1] = found[..., 1] = np.where(visible, 30, -1)
    assert pckh(found, found_visible, target, visible).value == 0


def test_no_head_is_told():
    found, found_visible, target, visible = one_pose()
    visible[0, [1, 14]] = False
    with pytest.raises(UserError, match="no target pose shows two joints of the head"):
        pckh(found, found_visible, target, visible)
