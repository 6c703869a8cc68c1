"""Cameras and single views: where a camera hangs, how it sees colours, and how one box was cut out."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from purereid.people.body import Volumes
from purereid.people.draws import generator

GOLDEN = 0.6180339887498949


@dataclass(frozen=True)
class Camera:
    """What stays the same for all images of a camera.

    pitch: looking down, radians; roll, radians; distance: metres to the person; light: unit vector towards the
    lamp (x right, y down, z away); light_strength, ambient: factors; gains: colour cast, RGB factors; gamma;
    contrast; saturation; haze: added brightness 0..1; blur: pixels at 128 rows; noise: grey levels;
    quality_loss: taken off the JPEG quality.
    """

    seed: int
    number: int
    pitch: float
    roll: float
    distance: float
    light: tuple[float, float, float]
    light_strength: float
    ambient: float
    gains: tuple[float, float, float]
    gamma: float
    contrast: float
    saturation: float
    haze: float
    blur: float
    noise: float
    quality_loss: int


@dataclass(frozen=True)
class View:
    """One cut-out of one camera, [height, width] pixels.

    box_*: the cut-out against the tight box of the body: shift in box sizes, scale and stretch as factors;
    place_*: where in the camera's scene the person stands, 0..1; exposure: factor; light_turn: radians;
    occluder: "none", "pole", "furniture", "plant" or "person", drawn from occluder_seed; noise_seed: sensor noise;
    quality: JPEG quality.
    """

    camera: Camera
    height: int
    width: int
    box_x: float
    box_y: float
    box_scale: float
    box_stretch: float
    place_x: float
    place_y: float
    exposure: float
    light_turn: float
    occluder: str
    occluder_seed: int
    noise_seed: int
    quality: int


class Frame(NamedTuple):
    """The cut-out in the view plane, metres: left, top, width, height."""

    left: float
    top: float
    width: float
    height: float


@lru_cache(maxsize=256)
def camera_of(seed: int, number: int) -> Camera:
    """Camera ``number`` (0-based) of the set. Casts are spread evenly, so that any few cameras differ clearly."""
    rng = generator(seed, 3, number)
    start = generator(seed, 4).random(4)
    hue, tone, level, side = (start + number * np.array([GOLDEN, 0.7548777, 0.5698403, 0.8191725])) % 1
    cast = np.cos(2 * np.pi * (hue - np.array([0, 1 / 3, 2 / 3])))
    light = np.array([np.cos(np.pi * side) * 0.9, rng.uniform(-0.9, -0.4), rng.uniform(-0.9, -0.2)])
    return Camera(
        seed=seed,
        number=number,
        pitch=float(0.04 + 0.42 * level),
        roll=float(rng.normal(0, 0.02)),
        distance=float(rng.uniform(5, 12)),
        light=tuple(float(value) for value in light / np.linalg.norm(light)),
        light_strength=float(rng.uniform(0.30, 0.60)),
        ambient=float(rng.uniform(0.58, 0.70)),
        gains=tuple(float(value) for value in 1 + rng.uniform(0.02, 0.05) * cast),
        gamma=float(0.88 + 0.26 * tone),
        contrast=float(rng.uniform(0.88, 1.1)),
        saturation=float(rng.uniform(0.85, 1.15)),
        haze=float(rng.uniform(0.0, 0.05)),
        blur=float(rng.uniform(0.35, 0.8)),
        noise=float(rng.uniform(1.5, 3.5)),
        quality_loss=int(rng.integers(0, 30)),
    )


def project_points(points: np.ndarray, camera: Camera) -> np.ndarray:
    """World points [..., 3] (y up, z towards the camera) in the view: x right, y down, z away, shrunk by distance."""
    seen = (points - (0, 0.95, 0)) @ _turn(camera).T
    return seen * (camera.distance / (camera.distance + seen[..., 2:]))


def project_volumes(volumes: Volumes, camera: Camera) -> Volumes:
    """The volumes in the view; each is scaled as a whole by its own distance (weak perspective)."""
    middle = ((volumes.start + volumes.end) / 2 - (0, 0.95, 0)) @ _turn(camera).T
    scale = camera.distance / (camera.distance + middle[:, 2])
    return volumes._replace(
        start=project_points(volumes.start, camera),
        end=project_points(volumes.end, camera),
        front=volumes.front @ _turn(camera).T,
        side_radius=volumes.side_radius * scale,
        front_radius=volumes.front_radius * scale,
        start_cap=volumes.start_cap * scale,
        end_cap=volumes.end_cap * scale,
    )


def frame_of(box: tuple[float, float, float, float], view: View) -> Frame:
    """The cut-out for a body's tight box (left, top, right, bottom): twice as high as wide, shifted and scaled."""
    left, top, right, bottom = box
    height = (bottom - top) * view.box_scale
    width = height / 2 * view.box_stretch
    middle_x, middle_y = (left + right) / 2 + view.box_x * width, (top + bottom) / 2 + view.box_y * height
    return Frame(middle_x - width / 2, middle_y - height / 2, width, height)


@lru_cache(maxsize=256)
def _turn(camera: Camera) -> np.ndarray:
    """Rotation from the world to the view of a camera that looks down by ``pitch``."""
    cos, sin = np.cos(camera.pitch), np.sin(camera.pitch)
    look_down = np.array([[1.0, 0.0, 0.0], [0.0, -cos, sin], [0.0, -sin, -cos]])
    cos, sin = np.cos(camera.roll), np.sin(camera.roll)
    return np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]]) @ look_down
