"""Render one person in one pose and view, with exact key points and visible texture coordinates."""

from typing import NamedTuple

import cv2
import numpy as np

from purereid.people.atlas import atlas_coordinates, look_up
from purereid.people.background import background_of
from purereid.people.body import Figure, Volumes, pose_body
from purereid.people.camera import Frame, View, frame_of, project_points, project_volumes
from purereid.people.film import expose
from purereid.people.identity import Identity, identity_of
from purereid.people.occluder import draw_occluder, occluder_generator
from purereid.people.pose import Pose, walking_pose
from purereid.people.rays import FAR, Hits, body_box, cast_rays
from purereid.people.texture import texture_of
from purereid.people.visibility import visible_joints

FINER = 2  # samples a pixel and direction
STRANGERS = 1_000_000  # numbers of people who only pass in front of others start here


class Rendering(NamedTuple):
    """One rendered image.

    image: uint8 RGB [H, W, 3].
    uv: uint8 [H, W, 3]: u, v (atlas coordinates, texel = value // 2) and part number (0 = no body here; see
        ``atlas.PARTS``), of the person in front of occluders only.
    keypoints: int64 [18, 2] (y, x) of ALL joints in the published order, the pixel that holds the joint
        (rounded down); may lie outside of the image.
    visible: bool [18]: inside the image and neither covered nor turned away.
    """

    image: np.ndarray
    uv: np.ndarray
    keypoints: np.ndarray
    visible: np.ndarray


class _Layer(NamedTuple):
    """A person on a transparent ground: colour times cover [H, W, 3], cover [H, W] 0..1, uv, depth [H, W] metres."""

    colour: np.ndarray
    cover: np.ndarray
    uv: np.ndarray
    depth: np.ndarray


def render(identity: Identity, pose: Pose, view: View) -> Rendering:
    """Render a person; the same arguments give the same pixels.

    Args:
        identity: who (see ``identity_of``).
        pose: how the person stands.
        view: camera, cut-out, place, occluder and noise.
    """
    figure = pose_body(identity, pose)
    volumes = project_volumes(figure.volumes, view.camera)
    frame = frame_of(body_box(volumes), view)
    layer = _draw_person(identity, volumes, frame, view)

    scene = background_of(view)
    _darken_floor(scene, figure, frame, view)
    scene = layer.colour + scene * (1 - layer.cover[..., None])
    scene, covered = _put_in_front(scene, frame, view)

    uv = np.where(covered[..., None], np.uint8(0), layer.uv)
    joints = project_points(figure.joints, view.camera)
    keypoints = _pixels(joints, frame, view)
    return Rendering(
        expose(scene, view), uv, keypoints, visible_joints(keypoints, joints[:, 2], uv[..., 2], layer.depth)
    )


def _draw_person(identity: Identity, volumes: Volumes, frame: Frame, view: View) -> _Layer:
    rows, columns = view.height * FINER, view.width * FINER
    hits = cast_rays(volumes, frame, rows, columns, _light(view))
    u, v = atlas_coordinates(hits.part, hits.around, hits.along)
    shade = _shade(hits, view)
    fine = np.zeros((rows * columns, 4), np.float32)
    fine[hits.sample, :3] = look_up(texture_of(identity), u, v) * shade[:, None]
    fine[hits.sample, 3] = 1
    coarse = cv2.resize(fine.reshape(rows, columns, 4), (view.width, view.height), interpolation=cv2.INTER_AREA)
    uv = np.zeros((rows * columns, 3), np.uint8)
    uv[hits.sample, 0], uv[hits.sample, 1], uv[hits.sample, 2] = u, v, hits.part
    # Of a pixel's samples the lower right one, nearest below its middle, speaks for the pixel.
    middle = np.s_[FINER // 2 :: FINER, FINER // 2 :: FINER]
    return _Layer(
        coarse[..., :3], coarse[..., 3], uv.reshape(rows, columns, 3)[middle].copy(), hits.depth[middle].copy()
    )


def _light(view: View) -> np.ndarray:
    """Direction of the lamp, turned a little about the upright axis as the person moves under it."""
    x, y, z = view.camera.light
    cos, sin = np.cos(view.light_turn), np.sin(view.light_turn)
    return np.array([cos * x + sin * z, y, cos * z - sin * x])


def _shade(hits: Hits, view: View) -> np.ndarray:
    """Brightness of each hit: sky from above, a lamp, and dark gaps where something near stands in front."""
    camera = view.camera
    light = camera.ambient * (1 - 0.32 * hits.normal_down) + camera.light_strength * np.maximum(hits.normal_light, 0)
    size = max(3, view.height * FINER // 24) | 1
    found = (hits.depth < FAR).astype(np.float32)
    near = cv2.boxFilter(hits.depth * found, -1, (size, size)) / np.maximum(
        cv2.boxFilter(found, -1, (size, size)), 1e-3
    )
    behind = (hits.depth.ravel() - near.ravel())[hits.sample]
    return light * (1 - 0.38 * np.clip(behind * 4.0, 0, 1))


def _darken_floor(scene: np.ndarray, figure: Figure, frame: Frame, view: View) -> None:
    """A soft shadow where the feet stand."""
    ankles = project_points(figure.joints[[10, 13]] * (1, 0, 1), view.camera)
    (x, y), spread = ankles[:, :2].mean(0), np.abs(ankles[0, 0] - ankles[1, 0]) / 2
    columns = np.exp(-(((_samples(frame.left, frame.width, view.width) - x) / (0.28 + spread)) ** 2))
    rows = np.exp(-(((_samples(frame.top, frame.height, view.height) - y) / (0.07 + 0.25 * view.camera.pitch)) ** 2))
    scene *= (1 - 0.5 * np.outer(rows, columns)).astype(np.float32)[..., None]


def _put_in_front(scene: np.ndarray, frame: Frame, view: View) -> tuple[np.ndarray, np.ndarray]:
    """Draw the occluder; returns the scene and which pixels are covered."""
    if view.occluder == "none":
        return scene, np.zeros(scene.shape[:2], bool)
    if view.occluder == "person":
        colour, cover = _passer_by(frame, view)
    else:
        colour, cover = draw_occluder(view.occluder, view.occluder_seed, view.height, view.width)
        colour = colour * cover[..., None]
    return colour + scene * (1 - cover[..., None]), cover > 0.5


def _passer_by(frame: Frame, view: View) -> tuple[np.ndarray, np.ndarray]:
    rng = occluder_generator(view.occluder_seed)
    stranger = identity_of(view.camera.seed, STRANGERS + int(rng.integers(100_000)))
    pose = walking_pose(rng.uniform(0, 2 * np.pi), rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 1), rng)
    volumes = pose_body(stranger, pose).volumes
    shift = np.array([rng.choice([-1, 1]) * rng.uniform(0.28, 0.5), rng.uniform(-0.35, -0.05), 0.7])
    volumes = volumes._replace(start=volumes.start + shift, end=volumes.end + shift)
    layer = _draw_person(stranger, project_volumes(volumes, view.camera), frame, view)
    return layer.colour, layer.cover


def _samples(start: float, length: float, count: int) -> np.ndarray:
    return start + length * (np.arange(count) + 0.5) / count


def _pixels(joints: np.ndarray, frame: Frame, view: View) -> np.ndarray:
    """The pixel (y, x) that holds each projected joint."""
    y = (joints[:, 1] - frame.top) / frame.height * view.height
    x = (joints[:, 0] - frame.left) / frame.width * view.width
    return np.floor(np.stack([y, x], axis=1)).astype(np.int64)
