"""Things that stand in front of a person: pole, furniture, plant. (Another person is drawn by the renderer.)"""

import cv2
import numpy as np

from purereid.people.draws import generator


def occluder_generator(seed: int) -> np.random.Generator:
    """The generator all details of one occluder are drawn from."""
    return generator(seed, 6)


def draw_occluder(kind: str, seed: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw a thing in front.

    Args:
        kind: "pole", "furniture" or "plant".
        seed: where and what exactly.
        height, width: of the image, pixels.

    Returns:
        colour float32 RGB [height, width, 3] 0..255 and cover float32 [height, width] 0 or 1.
    """
    rng = occluder_generator(seed)
    colour, cover = np.zeros((height, width, 3), np.float32), np.zeros((height, width), np.float32)
    {"pole": _pole, "furniture": _furniture, "plant": _plant}[kind](colour, cover, rng)
    return colour, cover


def _pole(colour: np.ndarray, cover: np.ndarray, rng: np.random.Generator) -> None:
    width = cover.shape[1]
    thick = max(2, round(width * rng.uniform(0.07, 0.16)))
    left = round((width - thick) * rng.uniform(0.1, 0.9))
    shade = 1 - 0.5 * np.abs(np.linspace(-0.7, 1, thick))
    colour[:, left : left + thick] = shade[:, None] * (rng.uniform(70, 200) + rng.normal(0, 10, 3))
    cover[:, left : left + thick] = 1


def _furniture(colour: np.ndarray, cover: np.ndarray, rng: np.random.Generator) -> None:
    """A bench, counter or bonnet across the lower part."""
    height, width = cover.shape
    top = round(height * rng.uniform(0.66, 0.84))
    left, right = (
        (0, round(width * rng.uniform(0.55, 1))) if rng.random() < 0.5 else (round(width * rng.uniform(0, 0.45)), width)
    )
    paint = rng.uniform(50, 170) + rng.normal(0, 18, 3)
    colour[top:, left:right] = paint
    colour[top : top + max(1, height // 40), left:right] = paint * 1.35
    for slat in range(top + height // 12, height, max(3, height // 14)):
        colour[slat : slat + max(1, height // 64), left:right] = paint * 0.6
    cover[top:, left:right] = 1


def _plant(colour: np.ndarray, cover: np.ndarray, rng: np.random.Generator) -> None:
    height, width = cover.shape
    middle = width * (rng.uniform(-0.05, 0.25) if rng.random() < 0.5 else rng.uniform(0.75, 1.05))
    for _ in range(24):
        at = (round(rng.normal(middle, width * 0.13)), round(height * (1 - abs(rng.normal(0, 0.2)))))
        radius, green = max(1, round(width * rng.uniform(0.03, 0.08))), np.array([66, 98, 54]) * rng.uniform(0.5, 1.4)
        cv2.circle(colour, at, radius, green.tolist(), -1)
        cv2.circle(cover, at, radius, 1.0, -1)
