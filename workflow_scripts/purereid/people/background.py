"""The place a camera looks at: one drawn scene per camera, of which each image shows a piece."""

from functools import lru_cache

import cv2
import numpy as np

from purereid.people.camera import Camera, View
from purereid.people.draws import generator

ROWS, COLUMNS = 320, 1600
HORIZON = 150


def background_of(view: View) -> np.ndarray:
    """The piece of the camera's scene behind one image, float32 RGB 0..255 [height, width, 3]."""
    scene = scene_of_camera(view.camera)
    rows = int(150 + 40 * view.place_y)
    columns = rows // 2
    # The floor starts higher in the picture the steeper the camera looks down.
    top = int(np.clip(HORIZON - rows * (0.62 - 1.1 * view.camera.pitch) + 24 * (view.place_y - 0.5), 0, ROWS - rows))
    left = int(view.place_x * (COLUMNS - columns))
    piece = scene[top : top + rows, left : left + columns]
    return cv2.resize(piece, (view.width, view.height), interpolation=cv2.INTER_AREA).astype(np.float32)


@lru_cache(maxsize=64)
def scene_of_camera(camera: Camera) -> np.ndarray:
    """Draw a camera's whole scene: wall and floor with clutter in front, uint8 RGB [320, 1600, 3]."""
    rng = generator(camera.seed, 5, camera.number)
    scene = np.empty((ROWS, COLUMNS, 3), np.float32)
    _draw_panels(scene[:HORIZON], rng, (40, 130))
    _draw_panels(scene[HORIZON:], rng, (50, 160))
    if rng.random() < 0.5:
        _draw_bricks(scene, rng)
    _draw_floor(scene, rng)
    for _ in range(int(rng.integers(26, 38))):
        draw = (_draw_door, _draw_window, _draw_tree, _draw_car, _draw_bin, _draw_sign, _draw_post)[rng.integers(7)]
        draw(scene, int(rng.integers(0, COLUMNS)), rng)
    scene *= _mottle(rng)[..., None]
    return cv2.GaussianBlur(np.clip(scene, 0, 255), (0, 0), 0.8).astype(np.uint8)


def _muted(rng: np.random.Generator, low: float, high: float) -> np.ndarray:
    return rng.uniform(low, high) + rng.normal(0, 7, 3)


def _mottle(rng: np.random.Generator) -> np.ndarray:
    """Stains and uneven light, a factor about 1."""
    factor = np.ones((ROWS, COLUMNS), np.float32)
    for cells, strength in ((20, 0.20), (70, 0.08), (300, 0.05)):
        patch = rng.normal(0, strength, (max(3, cells // 5), cells)).astype(np.float32)
        factor += cv2.resize(patch, (COLUMNS, ROWS), interpolation=cv2.INTER_CUBIC)
    return np.clip(factor, 0.4, 1.6)


def _draw_bricks(scene: np.ndarray, rng: np.random.Generator) -> None:
    rows, columns = int(rng.integers(10, 22)), int(rng.integers(24, 60))
    for number, y in enumerate(range(0, HORIZON, rows)):
        scene[y : y + 2] *= 0.82
        for x in range((number % 2) * columns // 2, COLUMNS, columns):
            scene[y : min(y + rows, HORIZON), x : x + 2] *= 0.85


def _draw_panels(strip: np.ndarray, rng: np.random.Generator, widths: tuple[int, int]) -> None:
    """Stretches of different wall or paving, side by side."""
    x = 0
    while x < COLUMNS:
        width = int(rng.integers(*widths))
        strip[:, x : x + width] = _muted(rng, 80, 185)
        strip[:, x : x + 3] *= 0.75
        x += width


def _draw_floor(scene: np.ndarray, rng: np.random.Generator) -> None:
    scene[HORIZON : HORIZON + 7] *= 0.7  # the kerb
    y, step = HORIZON + 10.0, rng.uniform(5, 12)
    while y < ROWS:
        scene[int(y) : int(y) + 2] *= 0.84
        y, step = y + step, step * 1.3
    slant = int(rng.integers(-120, 120))
    for x in range(-abs(slant), COLUMNS + abs(slant), int(rng.integers(36, 90))):
        cv2.line(scene, (x, HORIZON + 8), (x + slant, ROWS), (scene[HORIZON + 60, 5] * 0.85).tolist(), 2)


def _draw_door(scene: np.ndarray, x: int, rng: np.random.Generator) -> None:
    width, colour = int(rng.integers(34, 56)), rng.uniform(40, 140) + rng.normal(0, 22, 3)
    cv2.rectangle(scene, (x, 28), (x + width, HORIZON), colour.tolist(), -1)
    cv2.rectangle(scene, (x, 28), (x + width, HORIZON), (colour * 0.5).tolist(), 3)
    cv2.circle(scene, (x + width - 7, 92), 3, (200, 200, 190), -1)


def _draw_window(scene: np.ndarray, x: int, rng: np.random.Generator) -> None:
    y, width, height = int(rng.integers(5, 40)), int(rng.integers(40, 90)), int(rng.integers(40, 75))
    glass = rng.uniform(40, 120) + np.array([-8, 0, 14])
    cv2.rectangle(scene, (x, y), (x + width, y + height), glass.tolist(), -1)
    cv2.line(scene, (x, y + height), (x + width, y), (glass + 45).tolist(), 6)
    cv2.rectangle(scene, (x, y), (x + width, y + height), (210, 208, 200), 3)
    cv2.line(scene, (x + width // 2, y), (x + width // 2, y + height), (210, 208, 200), 2)


def _draw_tree(scene: np.ndarray, x: int, rng: np.random.Generator) -> None:
    foot = int(rng.integers(HORIZON, HORIZON + 25))
    cv2.line(scene, (x, foot), (x + int(rng.integers(-6, 7)), 40), (74, 58, 44), int(rng.integers(6, 12)))
    for _ in range(26):
        at = (x + int(rng.normal(0, 30)), int(rng.normal(45, 22)))
        green = np.array([70, 100, 56]) * rng.uniform(0.5, 1.3)
        cv2.circle(scene, at, int(rng.integers(6, 16)), green.tolist(), -1)


def _draw_car(scene: np.ndarray, x: int, rng: np.random.Generator) -> None:
    y, paint = int(rng.integers(HORIZON - 12, HORIZON + 12)), rng.uniform(40, 200) + rng.normal(0, 18, 3)
    roof = np.array([[x + 26, y - 34], [x + 84, y - 34], [x + 108, y - 14], [x + 12, y - 14]])
    cv2.fillPoly(scene, [roof], (50, 56, 64))
    cv2.rectangle(scene, (x, y - 15), (x + 126, y + 12), paint.tolist(), -1)
    cv2.line(scene, (x, y), (x + 126, y), (paint * 0.7).tolist(), 2)
    for wheel in (x + 26, x + 100):
        cv2.circle(scene, (wheel, y + 12), 12, (28, 28, 30), -1)
        cv2.circle(scene, (wheel, y + 12), 5, (140, 140, 140), -1)


def _draw_bin(scene: np.ndarray, x: int, rng: np.random.Generator) -> None:
    y, width, height = (
        int(rng.integers(HORIZON + 4, HORIZON + 40)),
        int(rng.integers(18, 40)),
        int(rng.integers(24, 50)),
    )
    colour = rng.uniform(40, 140) + rng.normal(0, 22, 3)
    cv2.rectangle(scene, (x, y - height), (x + width, y), colour.tolist(), -1)
    cv2.rectangle(scene, (x - 2, y - height), (x + width + 2, y - height + 6), (colour * 0.6).tolist(), -1)


def _draw_sign(scene: np.ndarray, x: int, rng: np.random.Generator) -> None:
    y, width, height = int(rng.integers(8, 60)), int(rng.integers(24, 60)), int(rng.integers(16, 36))
    paint = rng.uniform(40, 200) + rng.normal(0, 40, 3)
    cv2.rectangle(scene, (x, y), (x + width, y + height), paint.tolist(), -1)
    for line in range(y + 6, y + height - 3, 7):
        cv2.line(scene, (x + 4, line), (x + int(width * rng.uniform(0.5, 0.9)), line), (230, 230, 225), 2)


def _draw_post(scene: np.ndarray, x: int, rng: np.random.Generator) -> None:
    grey = rng.uniform(40, 150)
    cv2.rectangle(scene, (x, 0), (x + int(rng.integers(4, 10)), HORIZON + 30), (grey, grey, grey * 1.03), -1)
