"""Pictures of poses."""

import numpy as np
import pytest
from PIL import ImageColor

from purereid.data.joints import FLIP, JOINTS, NUMBER, flip_joints
from purereid.report.pictures import CELL_HEIGHT, CELL_WIDTH, fit
from purereid.report.skeleton import BACKGROUND, BONES, colour, draw_pose
from purereid.report.style import GREY

PAPER = ImageColor.getrgb(BACKGROUND)


def joints_at(**places: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Joints (y, x) by name; all others are missing."""
    joints, visible = np.full((18, 2), -1.0), np.zeros(18, bool)
    for name, place in places.items():
        joints[NUMBER[name]], visible[NUMBER[name]] = place, True
    return joints, visible


def whole_body() -> tuple[np.ndarray, np.ndarray]:
    """A person who stands and looks at the camera; the right side is on the left of the picture."""
    y = {"nose": 16, "neck": 28, "shoulder": 30, "elbow": 48, "wrist": 62, "hip": 66, "knee": 90, "ankle": 118}
    x = {"shoulder": 12, "elbow": 16, "wrist": 17, "hip": 7, "knee": 8, "ankle": 9, "eye": 2, "ear": 5}
    y |= {"eye": 14, "ear": 15}
    joints = []
    for name in JOINTS:
        side, _, part = name.rpartition("_")
        joints.append((y[part], 31.5 + {"right": -1, "left": 1, "": 0}[side] * x.get(part, 0)))
    return np.array(joints, np.float64), np.ones(18, bool)


def drawn(picture: np.ndarray) -> np.ndarray:
    return (picture != PAPER).any(axis=2)


def nearly(picture: np.ndarray, name: str) -> np.ndarray:
    """Pixels wholly of one colour."""
    return (picture == ImageColor.getrgb(name)).all(axis=2)


@pytest.mark.parametrize("size", [(128, 64), (64, 32), (300, 100), (40, 60), (3000, 7)])
def test_the_picture_fills_a_cell_and_keeps_the_proportions(size):
    picture = draw_pose(*joints_at(), size)
    assert picture.dtype == np.uint8 and picture.shape == (*fit(np.zeros((*size, 3), np.uint8)).size[::-1], 3)
    assert picture.shape[0] == CELL_HEIGHT or picture.shape[1] == CELL_WIDTH


@pytest.mark.parametrize("size", [(128, 64), (64, 32), (200, 50)])
@pytest.mark.parametrize("name", ["right_wrist", "left_knee", "nose"])
def test_a_joint_lies_where_it_lies_in_the_image(size, name):
    place = np.array([0.3 * size[0], 0.6 * size[1]])
    picture = draw_pose(*joints_at(**{name: place}), size)
    centre = np.mean(np.nonzero(drawn(picture)), axis=1)
    np.testing.assert_allclose((centre + 0.5) / picture.shape[:2], (place + 0.5) / size, atol=0.005)


def test_a_limb_needs_both_ends():
    both = draw_pose(*joints_at(right_elbow=(40, 20), right_wrist=(90, 40)), (128, 64))
    one = draw_pose(*joints_at(right_wrist=(90, 40)), (128, 64))
    middle = round(65.5 / 128 * 192), round(30.5 / 64 * 96)
    assert nearly(both, colour(NUMBER["right_wrist"]))[middle] and not drawn(one)[middle]


def test_all_limbs_of_the_body_and_no_others_are_drawn():
    bones = {frozenset((JOINTS[a], JOINTS[b])) for a, b in BONES}
    assert len(bones) == 17
    assert frozenset(("right_hip", "left_hip")) not in bones and frozenset(("right_shoulder", "right_hip")) not in bones
    reached = {"neck"}
    for _ in JOINTS:
        reached |= {name for bone in bones if bone & reached for name in bone}
    assert reached == set(JOINTS)


def test_sides_are_told_apart_by_colour():
    right, left = ({colour(n) for n, name in enumerate(JOINTS) if name.startswith(side)} for side in ("right", "left"))
    assert len(right) == len(left) == 2 and not right & left
    assert colour(NUMBER["neck"]) == colour(NUMBER["nose"]) == GREY not in right | left


def test_in_a_mirror_image_the_sides_change_their_colours():
    joints, visible = whole_body()
    joints[NUMBER["right_wrist"]] = (20, 4)
    picture = draw_pose(joints, visible, (128, 64))
    turned = draw_pose(*(values[0] for values in flip_joints(joints[None], visible[None], 64)), (128, 64))
    for joint in (NUMBER["right_wrist"], NUMBER["left_wrist"], NUMBER["right_ankle"], NUMBER["left_ankle"]):
        here, there = nearly(picture, colour(joint)), nearly(turned, colour(int(FLIP[joint])))[:, ::-1]
        assert (here & there).sum() > 0.6 * (here | there).sum() > 50  # one leg covers the other


def test_edges_are_smooth():
    picture = draw_pose(*whole_body(), (128, 64))
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 50


def test_a_pose_without_joints_says_so():
    empty = draw_pose(*joints_at(), (128, 64))
    assert 0 < drawn(empty).mean() < 0.1
    assert nearly(empty, GREY).any()
    assert not any(nearly(empty, colour(joint)).any() for joint in range(18) if colour(joint) != GREY)


def test_joints_at_and_beyond_the_border_are_drawn_as_far_as_they_are_inside():
    picture = draw_pose(*joints_at(right_wrist=(0, 0), right_elbow=(-30, 80)), (128, 64))
    assert drawn(picture)[0, 0]


def test_the_same_pose_gives_the_same_picture():
    assert draw_pose(*whole_body(), (128, 64)).tobytes() == draw_pose(*whole_body(), (128, 64)).tobytes()
