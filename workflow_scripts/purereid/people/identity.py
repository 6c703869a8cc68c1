"""Who a person is: body shape and outfit, drawn from a seed and a number."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from purereid.people.draws import generator

# A short list of colours on purpose: many people share them, so colour alone does not tell who is who.
SKIN = ((233, 192, 164), (213, 165, 131), (178, 125, 90), (126, 84, 58), (88, 58, 42))
HAIR = ((26, 22, 22), (48, 34, 28), (86, 58, 38), (168, 132, 84), (138, 134, 130))
CLOTH = {
    "black": (36, 36, 40),
    "white": (222, 220, 214),
    "grey": (126, 128, 132),
    "navy": (44, 56, 104),
    "red": (172, 46, 50),
    "green": (62, 116, 76),
    "blue": (104, 150, 204),
    "yellow": (212, 176, 70),
}
UPPER_SHARE = {
    "black": 0.25,
    "white": 0.21,
    "grey": 0.16,
    "navy": 0.13,
    "red": 0.09,
    "green": 0.06,
    "blue": 0.06,
    "yellow": 0.04,
}
LOWER = ((38, 38, 42), (62, 78, 118), (112, 112, 116), (158, 140, 110), (206, 202, 194))
LOWER_SHARE = (0.37, 0.35, 0.12, 0.10, 0.06)
SHOES = ((34, 32, 32), (222, 222, 222), (110, 76, 52), (160, 48, 50))
SHOES_SHARE = (0.42, 0.34, 0.14, 0.10)
BAG = ((34, 34, 38), (150, 44, 48), (56, 74, 128), (142, 116, 84), (212, 208, 196), (70, 110, 78))

PATTERNS = {
    "plain": 0.24,
    "hoops": 0.13,
    "pinstripes": 0.09,
    "checks": 0.09,
    "block": 0.11,
    "chest_band": 0.10,
    "logo": 0.10,
    "raglan": 0.09,
    "open": 0.09,
}
LOWER_KINDS = {"trousers": 0.60, "shorts": 0.20, "skirt": 0.12, "coat": 0.08}
HAIR_STYLES = {"short": 0.48, "long": 0.22, "ponytail": 0.10, "bald": 0.08, "hat": 0.12}
BAGS = {"none": 0.50, "backpack": 0.24, "shoulder": 0.18, "hand": 0.12}


@dataclass(frozen=True)
class Shape:
    """Proportions as factors of an average body (1 = average), and the height in metres."""

    height: float
    build: float
    belly: float
    legs: float
    shoulders: float
    hips: float
    head: float


@dataclass(frozen=True)
class Outfit:
    """What a person wears; colours are RGB 0..255, lengths are shares of the limb or body heights."""

    skin: tuple[int, int, int]
    hair: tuple[int, int, int]
    hair_style: str
    hair_length: float
    hat: tuple[int, int, int]
    upper: tuple[int, int, int]
    upper_second: tuple[int, int, int]
    upper_pattern: str
    pattern_scale: float
    pattern_shift: float
    sleeves: float
    hem: float
    lower_kind: str
    lower: tuple[int, int, int]
    lower_stripe: bool
    leg_length: float
    shoes: tuple[int, int, int]
    bag_kind: str
    bag: tuple[int, int, int]
    bag_side: float


@dataclass(frozen=True)
class Identity:
    """One person: the number drawn for, shape and outfit."""

    seed: int
    number: int
    shape: Shape
    outfit: Outfit


@lru_cache(maxsize=4096)
def identity_of(seed: int, number: int) -> Identity:
    """The person of this number; the same for the same (seed, number) everywhere."""
    rng = generator(seed, 1, number)
    return Identity(seed, number, _shape(rng), _outfit(rng))


def _shape(rng: np.random.Generator) -> Shape:
    heavy = rng.normal()
    return Shape(
        height=float(np.clip(rng.normal(1.71, 0.09), 1.5, 1.95)),
        build=float(np.clip(1.02 + 0.10 * heavy, 0.82, 1.3)),
        belly=float(np.clip(1 + 0.16 * heavy + 0.08 * rng.normal(), 0.8, 1.5)),
        legs=float(np.clip(rng.normal(1, 0.035), 0.92, 1.08)),
        shoulders=float(np.clip(rng.normal(1, 0.07), 0.85, 1.16)),
        hips=float(np.clip(rng.normal(1, 0.08), 0.85, 1.2)),
        head=float(np.clip(rng.normal(1, 0.04), 0.92, 1.1)),
    )


def _outfit(rng: np.random.Generator) -> Outfit:
    first = _pick(rng, UPPER_SHARE)
    second = _pick(rng, {name: share for name, share in UPPER_SHARE.items() if name != first})
    lower_kind = _pick(rng, LOWER_KINDS)
    coat = lower_kind == "coat"
    return Outfit(
        skin=SKIN[rng.choice(len(SKIN), p=(0.34, 0.32, 0.14, 0.12, 0.08))],
        hair=HAIR[rng.choice(len(HAIR), p=(0.36, 0.28, 0.18, 0.10, 0.08))],
        hair_style=_pick(rng, HAIR_STYLES),
        hair_length=float(rng.uniform(0.07, 0.17)),
        hat=CLOTH[_pick(rng, UPPER_SHARE)],
        upper=CLOTH[first],
        upper_second=CLOTH[second],
        upper_pattern=_pick(rng, PATTERNS),
        pattern_scale=float(rng.uniform(0.7, 1.5)),
        pattern_shift=float(rng.uniform(0, 1)),
        sleeves=float(rng.choice([0.03, 0.12, 0.24, 0.34], p=[0.08, 0.42, 0.10, 0.40])) if not coat else 0.34,
        hem=float(rng.uniform(0.25, 0.34)),
        lower_kind=lower_kind,
        lower=LOWER[rng.choice(len(LOWER), p=LOWER_SHARE)],
        lower_stripe=bool(rng.random() < 0.14),
        leg_length=_leg_length(lower_kind, rng),
        shoes=SHOES[rng.choice(len(SHOES), p=SHOES_SHARE)],
        bag_kind=_pick(rng, BAGS),
        bag=BAG[rng.integers(len(BAG))],
        bag_side=float(rng.choice([-1, 1])),
    )


def _leg_length(lower_kind: str, rng: np.random.Generator) -> float:
    """Where the lower garment (for a coat: the coat) ends, in body heights below the shoulder line."""
    low, high = {"trousers": (0.80, 0.90), "shorts": (0.44, 0.57), "skirt": (0.43, 0.60), "coat": (0.40, 0.56)}[
        lower_kind
    ]
    return float(rng.uniform(low, high))


def _pick(rng: np.random.Generator, shares: dict[str, float]) -> str:
    weights = np.array(list(shares.values()))
    return list(shares)[rng.choice(len(weights), p=weights / weights.sum())]
