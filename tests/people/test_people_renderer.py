"""Rendered pictures against what is known about the body: joints, parts, sides, colours."""

from dataclasses import replace

import numpy as np
import pytest

from purereid.data.joints import JOINTS
from purereid.people.atlas import NUMBER, look_up
from purereid.people.camera import View, camera_of
from purereid.people.identity import identity_of
from purereid.people.pose import walking_pose
from purereid.people.renderer import Rendering, render
from purereid.people.texture import texture_of
from purereid.people.visibility import expected_parts

SEED = 3
RIGHT_LEFT = [(2, 5), (8, 11), (14, 15), (16, 17)]


def plain_view(**changes) -> View:
    camera = replace(camera_of(SEED, 0), pitch=0.1, roll=0.0)
    values = {"box_x": 0.0, "box_y": 0.0, "box_scale": 1.1, "box_stretch": 1.0, "place_x": 0.4, "place_y": 0.5}
    values |= {"exposure": 1.0, "light_turn": 0.0, "occluder": "none", "occluder_seed": 0, "noise_seed": 1}
    return View(**{"camera": camera, "height": 128, "width": 64, "quality": 90} | values | changes)


def walk(heading: float, draw: int = 0, number: int = 7, **changes) -> Rendering:
    rng = np.random.default_rng(draw)
    pose = replace(walking_pose(heading, rng.uniform(0, 6), 0.6, rng), head_yaw=0.0, twist=0.0)
    return render(identity_of(SEED, number), pose, plain_view(**changes))


@pytest.mark.parametrize("draw", range(6))
def test_right_and_left_in_front_and_back_views(draw):
    front, back = walk(0.0, draw), walk(np.pi, draw)
    for right, left in RIGHT_LEFT:
        assert JOINTS[right].replace("right", "left") == JOINTS[left]
        assert front.keypoints[left, 1] > front.keypoints[right, 1]
        assert back.keypoints[left, 1] < back.keypoints[right, 1]


def test_published_joint_order():
    assert JOINTS[:2] == ("nose", "neck")
    assert [JOINTS[number] for number in (2, 4, 8, 10)] == ["right_shoulder", "right_wrist", "right_hip", "right_ankle"]
    assert JOINTS[14:] == ("right_eye", "left_eye", "right_ear", "left_ear")


def test_face_is_seen_from_the_front_only():
    front = np.array([walk(0.0, draw, number).visible for draw in range(3) for number in range(5)])
    back = np.array([walk(np.pi, draw, number).visible for draw in range(3) for number in range(5)])
    assert front[:, [0, 14, 15]].mean() > 0.9
    assert not back[:, [0, 14, 15]].any()


def test_side_view_shows_the_near_ear():
    to_the_right = np.array([walk(np.pi / 2, draw, 8).visible for draw in range(4)])
    to_the_left = np.array([walk(-np.pi / 2, draw, 8).visible for draw in range(4)])
    assert not to_the_right[:, 17].any() and not to_the_left[:, 16].any()


def test_body_is_upright():
    points = walk(0.3).keypoints
    assert points[0, 0] < points[1, 0] < points[8, 0] < points[9, 0] < points[10, 0]


@pytest.mark.parametrize("heading", np.linspace(0, 2 * np.pi, 9))
def test_visible_joints_lie_on_their_parts(heading):
    for number in range(6):
        rendering = walk(heading, number, number)
        for joint in np.flatnonzero(rendering.visible):
            y, x = rendering.keypoints[joint]
            assert rendering.uv[y, x, 2] in {NUMBER[part] for part in expected_parts(JOINTS[joint])}
        assert rendering.visible.sum() >= 6


def test_knee_pixel_shows_the_leg_of_its_side():
    rendering = walk(0.0, 1, 2)
    assert rendering.visible[[9, 12]].all()
    shown = [rendering.uv[y, x, 2] for y, x in rendering.keypoints[[9, 12]]]
    assert shown[0] in (NUMBER["right_thigh"], NUMBER["right_shin"], NUMBER["skirt"])
    assert shown[1] in (NUMBER["left_thigh"], NUMBER["left_shin"], NUMBER["skirt"])


def test_front_shows_the_front_of_the_texture():
    """u runs over the atlas rectangle of the chest: its middle is the front, its edges the back."""
    for heading, front in ((0.0, True), (np.pi, False)):
        uv = walk(heading, 2, 7).uv
        chest = uv[uv[..., 2] == NUMBER["chest"]]
        across = chest[:, 0] / 2 / 64 * 2 - 1
        assert np.mean(np.abs(across) < 0.5) > 0.9 if front else np.mean(np.abs(across) > 0.5) > 0.9


def test_left_of_the_texture_is_left_of_the_body():
    uv = walk(0.0, 2, 7).uv
    y, x = np.nonzero(uv[..., 2] == NUMBER["chest"])
    assert np.corrcoef(x, uv[y, x, 0])[0, 1] > 0.9


def test_pixels_have_the_colour_of_the_texture():
    """Under a neutral camera a pixel is the texel at its (u, v) times a grey shade."""
    neutral = {"gains": (1.0, 1.0, 1.0), "gamma": 1.0, "contrast": 1.0, "saturation": 1.0, "haze": 0.0, "noise": 0.0}
    camera = replace(camera_of(SEED, 0), blur=0.05, light_strength=0.3, ambient=0.5, **neutral)
    for number in range(4):
        rendering = walk(0.5, number, number, camera=camera)
        inside = rendering.uv[..., 2] > 0
        texel = (
            look_up(texture_of(identity_of(SEED, number)), rendering.uv[..., 0], rendering.uv[..., 1])[inside] + 20.0
        )
        pixel = rendering.image[inside] + 20.0
        gap = pixel / pixel.sum(1, keepdims=True) - texel / texel.sum(1, keepdims=True)
        assert np.median(np.abs(gap)) < 0.01
        assert np.mean(np.abs(gap).max(1) < 0.05) > 0.85


def test_one_texture_for_all_images_of_a_person():
    """Where two views show the same texel, its colour relative to the rest agrees."""
    assert texture_of(identity_of(SEED, 1)) is texture_of(identity_of(SEED, 1))
    assert not np.array_equal(texture_of(identity_of(SEED, 1)), texture_of(identity_of(SEED, 2)))
    assert not np.array_equal(texture_of(identity_of(SEED, 1)), texture_of(identity_of(SEED + 1, 1)))


def test_rendering_is_a_function_of_its_arguments():
    first, again, other = walk(1.0), walk(1.0), walk(1.0, noise_seed=2)
    assert np.array_equal(first.image, again.image)
    assert not np.array_equal(first.image, other.image)
    assert np.array_equal(first.uv, other.uv)


def test_box_shifts_move_joints_and_hide_those_outside():
    middle, moved = walk(0.0), walk(0.0, box_x=0.25)
    shift = middle.keypoints[:, 1] - moved.keypoints[:, 1]
    assert np.abs(shift - 16).max() <= 1
    gone = walk(0.0, box_x=3.0)
    assert not gone.visible.any() and not gone.uv.any()


@pytest.mark.parametrize("kind", ["pole", "furniture", "plant", "person"])
def test_occluders_hide_body_and_joints(kind):
    free = walk(0.0)
    hidden = [walk(0.0, occluder=kind, occluder_seed=seed) for seed in range(5)]
    assert all((view.uv[..., 2] > 0).sum() <= (free.uv[..., 2] > 0).sum() for view in hidden)
    assert any((view.uv[..., 2] > 0).sum() < (free.uv[..., 2] > 0).sum() for view in hidden)
    assert all((view.visible <= free.visible).all() for view in hidden)


@pytest.mark.parametrize("size", [(256, 128), (64, 32), (32, 16), (160, 60)])
def test_any_size_shows_the_same_picture(size):
    small, usual = walk(0.4, height=size[0], width=size[1]), walk(0.4)
    assert small.image.shape == (*size, 3) and small.uv.shape == (*size, 3)
    scale = np.array(size) / (128, 64)
    assert np.abs((small.keypoints + 0.5) / scale - (usual.keypoints + 0.5)).max() <= (0.5 / scale + 0.5).max()
