"""Paint a person's texture: skin, hair, clothes, shoes and bag in the fixed atlas."""

from functools import lru_cache

import cv2
import numpy as np

from purereid.people.atlas import NUMBER, SIZE, AtlasGrid, atlas_grid
from purereid.people.draws import generator
from purereid.people.identity import Identity, Outfit

TORSO = ("shoulders", "chest", "pelvis")
ARMS = ("right_upper_arm", "left_upper_arm", "right_forearm", "left_forearm")
LEGS = ("right_thigh", "left_thigh", "right_shin", "left_shin")


@lru_cache(maxsize=512)
def texture_of(identity: Identity) -> np.ndarray:
    """Paint the texture of one person.

    Returns:
        uint8 RGB [128, 128, 3], read-only; texel (v, u) is the same place of the body for everyone (see ``atlas``).
    """
    rng = generator(identity.seed, 2, identity.number)
    grid, outfit = atlas_grid(), identity.outfit
    canvas = np.empty((SIZE, SIZE, 3), np.float32)
    canvas[:] = outfit.skin
    _paint_head(canvas, grid, outfit)
    _paint_legs(canvas, grid, outfit)
    _paint_upper(canvas, grid, outfit)
    _paint_feet_and_bag(canvas, grid, outfit)
    texture = np.clip(canvas * _folds(rng)[..., None], 0, 255).astype(np.uint8)
    texture.setflags(write=False)
    return texture


def _paint_head(canvas: np.ndarray, grid: AtlasGrid, outfit: Outfit) -> None:
    head, side = _on(grid, "head"), np.abs(grid.angle)
    shade = np.array(outfit.skin, np.float32)
    canvas[head & (np.abs(side - 0.17) < 0.07) & (np.abs(grid.along - 0.47) < 0.045)] = shade * 0.35
    canvas[head & (np.abs(side - 0.17) < 0.10) & (np.abs(grid.along - 0.38) < 0.025)] = shade * 0.6
    canvas[head & (side < 0.05) & (np.abs(grid.along - 0.58) < 0.04)] = shade * 0.82
    canvas[head & (side < 0.11) & (np.abs(grid.along - 0.73) < 0.03)] = shade * (0.75, 0.55, 0.55)
    hair = (grid.along < 0.26) | ((side > 0.52) & (grid.along < 0.72)) | ((side > 0.42) & (grid.along < 0.5))
    if outfit.hair_style != "bald":
        canvas[head & hair] = outfit.hair
    canvas[_on(grid, "hair")] = outfit.hat if outfit.hair_style == "hat" else outfit.hair
    canvas[_on(grid, "long_hair")] = outfit.hair


def _paint_legs(canvas: np.ndarray, grid: AtlasGrid, outfit: Outfit) -> None:
    # Below a skirt the legs are bare, below a coat there are trousers.
    length = {"skirt": outfit.leg_length - 0.04, "coat": 0.9}.get(outfit.lower_kind, outfit.leg_length)
    covered = _on(grid, "pelvis") | (_on(grid, *LEGS) & (grid.drop < length))
    canvas[covered] = outfit.lower
    canvas[_on(grid, "skirt")] = outfit.lower
    if outfit.lower_stripe:
        outer = np.where(_on(grid, "right_thigh", "right_shin"), -0.5, 0.5)
        canvas[covered & _on(grid, *LEGS) & (np.abs(grid.angle - outer) < 0.11)] = _contrast(outfit.lower)


def _paint_upper(canvas: np.ndarray, grid: AtlasGrid, outfit: Outfit) -> None:
    coat = outfit.lower_kind == "coat"
    covered = _on(grid, *TORSO) & (grid.drop < (1.0 if coat else outfit.hem))
    covered |= _on(grid, *ARMS) & (grid.drop < outfit.sleeves)
    covered |= _on(grid, "right_thigh", "left_thigh") & (grid.drop < outfit.hem)
    if coat:
        covered |= _on(grid, "skirt")
    colours = np.where(_second_colour(grid, outfit)[..., None], outfit.upper_second, outfit.upper)
    canvas[covered] = colours[covered]
    neckline = (_on(grid, "chest") & (np.abs(grid.angle) < 0.20) & (grid.along < 0.09)) | _on(grid, "neck")
    canvas[neckline] = outfit.skin


def _second_colour(grid: AtlasGrid, outfit: Outfit) -> np.ndarray:
    """Where the upper garment has its second colour."""
    drop, scale, shift = grid.drop, outfit.pattern_scale, outfit.pattern_shift
    # The shoulder piece runs from right to left: there the way along it is the way across the chest.
    angle = np.where(_on(grid, "shoulders"), grid.along - 0.5, grid.angle)
    front, arms = np.abs(angle), _on(grid, *ARMS)
    if outfit.upper_pattern == "hoops":
        return (drop / (0.10 * scale) + shift) % 1 < 0.45
    if outfit.upper_pattern == "pinstripes":
        return (angle / (0.26 * scale) + shift) % 1 < 0.36
    if outfit.upper_pattern == "checks":
        return ((drop / (0.11 * scale) + shift) % 1 < 0.5) ^ ((angle / (0.40 * scale) + shift) % 1 < 0.5)
    if outfit.upper_pattern == "block":
        return (drop > 0.08 + 0.09 * shift) & ~arms
    if outfit.upper_pattern == "chest_band":
        return np.abs(drop - 0.07 - 0.07 * shift) < 0.030 * scale
    if outfit.upper_pattern == "logo":
        flat = np.minimum(front, 1 - front) if shift > 0.35 else front  # on both sides, or on the front alone
        return (flat < 0.18 * scale) & (np.abs(drop - 0.10) < 0.045 * scale) & ~arms
    if outfit.upper_pattern == "raglan":
        return arms | _on(grid, "shoulders")
    if outfit.upper_pattern == "open":
        return (front < 0.13 + 0.10 * shift) & ~arms
    return np.zeros(drop.shape, bool)


def _paint_feet_and_bag(canvas: np.ndarray, grid: AtlasGrid, outfit: Outfit) -> None:
    feet = _on(grid, "right_foot", "left_foot")
    canvas[feet] = outfit.shoes
    canvas[feet & (np.abs(grid.angle) > 0.75)] = _contrast(outfit.shoes)  # the sole
    bag = _on(grid, "bag")
    canvas[bag] = outfit.bag
    canvas[bag & (np.abs(grid.along - 0.45) < 0.05)] = np.array(outfit.bag) * 0.6
    chest, front = _on(grid, "chest", "shoulders"), np.abs(grid.angle)
    if outfit.bag_kind == "backpack":
        canvas[chest & (np.abs(front - 0.26) < 0.055) & (grid.drop < 0.17)] = outfit.bag
    if outfit.bag_kind == "shoulder":
        across = outfit.bag_side * np.where(front < 0.5, grid.angle, np.sign(grid.angle) - grid.angle)
        strap = np.abs(across - (grid.drop - 0.1) * 3.2) < 0.075
        canvas[_on(grid, "chest", "pelvis") & strap & (grid.drop < 0.26)] = outfit.bag


def _folds(rng: np.random.Generator) -> np.ndarray:
    """Folds and wear: slow light and dark patches, a factor about 1 for each texel."""
    coarse = cv2.resize(rng.normal(0, 0.07, (16, 16)).astype(np.float32), (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    fine = cv2.resize(rng.normal(0, 0.06, (48, 48)).astype(np.float32), (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
    return 1 + coarse + fine


def _contrast(colour: tuple[int, int, int]) -> tuple[int, int, int]:
    return (224, 224, 220) if sum(colour) < 380 else (60, 60, 66)


def _on(grid: AtlasGrid, *names: str) -> np.ndarray:
    return np.isin(grid.part, [NUMBER[name] for name in names])
