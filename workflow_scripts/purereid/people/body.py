"""The body: 18 joints and the limb volumes round them, for a shape, an outfit and a pose."""

from typing import NamedTuple

import numpy as np

from purereid.data.joints import JOINTS
from purereid.people.atlas import NUMBER
from purereid.people.identity import Identity
from purereid.people.pose import Pose

THIGH, SHIN, UPPER_ARM, FOREARM, HAND, TORSO = 0.245, 0.235, 0.165, 0.145, 0.045, 0.295
SIDES = (("right", -1.0), ("left", 1.0))
UP, FORWARD = np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0])


class Volumes(NamedTuple):
    """Tapered capsules with elliptic cross-section; all lengths in metres.

    part int [P]; start, end, front [P, 3] (front need not be square to the axis); side and front radius at the
    start [P]; taper [P] = radius at the end / at the start; lengths of the two rounded caps [P].
    """

    part: np.ndarray
    start: np.ndarray
    end: np.ndarray
    front: np.ndarray
    side_radius: np.ndarray
    front_radius: np.ndarray
    taper: np.ndarray
    start_cap: np.ndarray
    end_cap: np.ndarray


class Figure(NamedTuple):
    """A posed person in the world: x to the right of the image, y up, z towards the camera; feet near y = 0."""

    joints: np.ndarray
    volumes: Volumes


def pose_body(identity: Identity, pose: Pose) -> Figure:
    """Joints [18, 3] in metres and volumes of a person in a pose, turned to the pose's heading."""
    points = _skeleton(identity, pose)
    rows = [*_head_rows(identity, pose, points), *_torso_rows(identity, points), *_limb_rows(identity, pose, points)]
    rows += [*_skirt_rows(identity, points), *_bag_rows(identity, points)]
    turn = _about_y(pose.heading) * np.float64(identity.shape.height)
    joints = np.array([points[name] for name in JOINTS])
    ground = min(points["right_ankle"][1], points["left_ankle"][1]) - 0.045
    return Figure((joints - (0, ground, 0)) @ turn.T, _stack(rows, ground, turn, identity.shape.height))


def _skeleton(identity: Identity, pose: Pose) -> dict[str, np.ndarray]:
    """Named points in body heights, the person facing +z with the pelvis in the origin; +x is the person's LEFT."""
    shape = identity.shape
    spine = np.array([0.0, np.cos(pose.lean), np.sin(pose.lean)])
    across = _about_y(pose.twist) @ np.array([1.0, 0.0, 0.0])
    points = {"pelvis": np.zeros(3), "spine": spine, "across": across, "neck": spine * TORSO}
    for name, side in SIDES:
        hip, knee = getattr(pose, f"{name}_hip"), getattr(pose, f"{name}_knee")
        points[f"{name}_hip"] = np.array([side * 0.046 * shape.hips, -0.005, 0.0])
        points[f"{name}_knee"] = points[f"{name}_hip"] + THIGH * shape.legs * _down(hip, side * 0.03)
        points[f"{name}_ankle"] = points[f"{name}_knee"] + SHIN * shape.legs * _down(hip - knee, side * 0.01)
        points[f"{name}_toe"] = points[f"{name}_ankle"] + _toe(hip - knee, side)
        swing, bend = getattr(pose, f"{name}_shoulder"), getattr(pose, f"{name}_elbow")
        spread, inward = getattr(pose, f"{name}_spread"), getattr(pose, f"{name}_inward")
        points[f"{name}_shoulder"] = points["neck"] + side * 0.098 * shape.shoulders * across - 0.020 * spine
        points[f"{name}_elbow"] = points[f"{name}_shoulder"] + UPPER_ARM * _down(swing, side * spread)
        forearm = _down(swing + bend, side * (spread - inward - 0.1))
        points[f"{name}_wrist"] = points[f"{name}_elbow"] + FOREARM * forearm
        points[f"{name}_finger"] = points[f"{name}_wrist"] + HAND * forearm
    points["head"] = points["neck"] + 0.105 * spine + (0, 0, 0.012)
    turn = _about_y(pose.twist + pose.head_yaw) @ _about_x(pose.head_pitch + pose.lean)
    face = {"nose": (0, -0.008, 0.041), "eye": (0.019, 0.010, 0.036), "ear": (0.038, 0.002, 0.0)}
    points["nose"] = points["head"] + turn @ face["nose"]
    for name, side in SIDES:
        for organ in ("eye", "ear"):
            points[f"{name}_{organ}"] = points["head"] + turn @ (np.array(face[organ]) * (side, 1, 1))
    return points | {"head_turn": turn}


def _head_rows(identity: Identity, pose: Pose, points: dict) -> list[tuple]:
    """Rows (part, start, end, front, side radius, front radius, taper, start cap, end cap), in body heights."""
    size, style, turn, head = identity.shape.head, identity.outfit.hair_style, points["head_turn"], points["head"]
    front, up, throat = turn[:, 2], turn[:, 1], points["neck"] + 0.06 * points["spine"]
    rows = [
        ("head", head + 0.022 * up, head - 0.026 * up, front, 0.042 * size, 0.050 * size, 0.88, 0.042, 0.030),
        ("neck", throat, throat - 0.07 * points["spine"], front, 0.028, 0.031, 1.2, 0.01, 0.01),
    ]
    if style != "bald":
        thick = 0.050 if style == "hat" else 0.046
        top, low = head + 0.030 * up - 0.010 * front, head + 0.002 * up - 0.016 * front
        rows.append(("hair", top, low, front, thick * size, 0.052 * size, 1.0, 0.044, 0.022))
    if style == "long":
        low = head - (0.02 + identity.outfit.hair_length) * up - 0.040 * front
        rows.append(("long_hair", head + 0.01 * up - 0.024 * front, low, front, 0.047, 0.030, 1.02, 0.03, 0.02))
    if style == "ponytail":
        low = head - (0.02 + 0.7 * identity.outfit.hair_length) * up - 0.070 * front
        rows.append(("long_hair", head + 0.02 * up - 0.062 * front, low, front, 0.019, 0.019, 0.8, 0.02, 0.02))
    return rows


def _torso_rows(identity: Identity, points: dict) -> list[tuple]:
    shape, spine = identity.shape, points["spine"]
    forward = np.cross(points["across"], spine)
    waist, hips = 0.085 * spine, np.array([0.0, -0.035, 0.0])
    wide, deep = 0.092 * shape.shoulders * shape.build**0.5, 0.058 * shape.build
    right, left = (points[f"{name}_shoulder"] for name, _ in SIDES)
    waist_wide, belly = 0.074 * shape.build, 0.056 * shape.belly
    hips_wide = 0.094 * shape.hips * shape.build**0.5 / (waist_wide * 1.03)
    return [
        ("shoulders", right, left, forward, 0.030, 0.036 * shape.build**0.5, 1.0, 0.026, 0.026),
        ("chest", points["neck"] - 0.050 * spine, waist, forward, wide, deep, waist_wide / wide, 0.050, 0.03),
        ("pelvis", waist + 0.02 * spine, hips, FORWARD, waist_wide * 1.03, belly, hips_wide, 0.03, 0.04),
    ]


def _limb_rows(identity: Identity, pose: Pose, points: dict) -> list[tuple]:
    build, outfit, rows = identity.shape.build**0.7, identity.outfit, []
    loose = {"trousers": 1.12, "shorts": 1.12, "coat": 1.1, "skirt": 0.95}[outfit.lower_kind]
    flared = 1.22 if outfit.lower_kind == "shorts" else 1.0
    upper_sleeve = 1.12 if outfit.sleeves > 0.1 else 1.0
    lower_sleeve = 1.16 if outfit.sleeves > 0.25 else 1.0
    for name, _ in SIDES:
        shoulder, elbow, wrist, finger = (points[f"{name}_{at}"] for at in ("shoulder", "elbow", "wrist", "finger"))
        hip, knee, ankle, toe = (points[f"{name}_{at}"] for at in ("hip", "knee", "ankle", "toe"))
        arm, lower = 0.028 * build * upper_sleeve, 0.024 * build * lower_sleeve
        thigh, shin = 0.047 * build * loose, 0.036 * build * (loose if flared == 1.0 else 1.0)
        thigh, end = thigh * flared, 0.03 if flared == 1.0 else 0.005
        heel = ankle + (toe - ankle) * 0.05 - (0, 0.012, 0)
        rows += [
            (f"{name}_upper_arm", shoulder, elbow, _limb_front(shoulder, elbow), arm, arm * 1.05, 0.86, arm, arm),
            (f"{name}_forearm", elbow, wrist, _limb_front(elbow, wrist), lower, lower, 0.72, lower, 0.01),
            (f"{name}_hand", wrist, finger, _limb_front(wrist, finger), 0.014, 0.019, 0.9, 0.012, 0.018),
            (f"{name}_thigh", hip, knee, _limb_front(hip, knee), thigh, thigh * 1.08, 0.72, thigh, end),
            (f"{name}_shin", knee, ankle, _limb_front(knee, ankle), shin, shin * 1.08, 0.68, shin, 0.015),
            (f"{name}_foot", heel, toe, UP, 0.026, 0.027, 0.85, 0.030, 0.024),
        ]
    return rows


def _skirt_rows(identity: Identity, points: dict) -> list[tuple]:
    """Skirt, or the lower half of a long coat: a bell from the waist down."""
    outfit, shape = identity.outfit, identity.shape
    if outfit.lower_kind not in ("skirt", "coat"):
        return []
    reach = (outfit.leg_length - 0.30) / THIGH  # 1 = to the knees
    low = (points["right_knee"] + points["left_knee"]) / 2 * reach
    spread = np.abs(points["right_knee"] - points["left_knee"])[2] / 2 * reach
    wide, deep = 0.090 * shape.hips * shape.build**0.5, 0.062 * shape.build
    open_wide = float(np.clip((spread + 0.055 * shape.build) / deep, 1.25, 2.2))
    return [("skirt", 0.05 * points["spine"], low, FORWARD, wide, deep, open_wide, 0.02, 0.01)]


def _bag_rows(identity: Identity, points: dict) -> list[tuple]:
    outfit, spine, across = identity.outfit, points["spine"], points["across"]
    if outfit.bag_kind == "backpack":
        back = np.cross(spine, across)
        top, low = 0.245 * spine + 0.088 * back, 0.105 * spine + 0.094 * back
        return [("bag", top, low, -back, 0.072, 0.046, 1.08, 0.03, 0.03)]
    if outfit.bag_kind == "shoulder":
        at = np.array([outfit.bag_side * 0.118 * identity.shape.hips, 0.03, -0.01])
        return [("bag", at, at - (0, 0.10, 0), FORWARD, 0.026, 0.066, 1.0, 0.015, 0.015)]
    if outfit.bag_kind == "hand":
        at = points["left_finger" if outfit.bag_side > 0 else "right_finger"]
        low = at - (0, 0.15, 0)
        return [("bag", at - (0, 0.04, 0), low, FORWARD, 0.022, 0.062, 1.1, 0.01, 0.012)]
    return []


def _stack(rows: list[tuple], ground: float, turn: np.ndarray, height: float) -> Volumes:
    part, start, end, front, *lengths = zip(*rows, strict=True)
    side, deep, taper, start_cap, end_cap = np.array(lengths)
    lift = np.array([0.0, ground, 0.0])
    return Volumes(
        part=np.array([NUMBER[name] for name in part]),
        start=(np.array(start) - lift) @ turn.T,
        end=(np.array(end) - lift) @ turn.T,
        front=np.array(front) @ turn.T,
        side_radius=side * height,
        front_radius=deep * height,
        taper=taper,
        start_cap=start_cap * height,
        end_cap=end_cap * height,
    )


def _down(swing: float, sideways: float) -> np.ndarray:
    """Unit vector of a hanging limb swung forward and sideways."""
    return np.array([np.sin(sideways), -np.cos(sideways) * np.cos(swing), np.cos(sideways) * np.sin(swing)])


def _toe(shin: float, side: float) -> np.ndarray:
    """From ankle to toe: the foot stands flat while the shin is upright and tips with it when the leg swings back."""
    tip = np.clip(shin, -0.9, 0.25) * 0.75
    return np.array([side * 0.012, -0.022 * np.cos(tip) + 0.09 * np.sin(tip), 0.085 * np.cos(tip)])


def _limb_front(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The side of a limb that faces forward while it hangs, square to the limb when it swings."""
    swing = np.arctan2(end[2] - start[2], start[1] - end[1])
    return np.array([0.0, np.sin(swing), np.cos(swing)])


def _about_y(angle: float) -> np.ndarray:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, 0.0, sin], [0.0, 1.0, 0.0], [-sin, 0.0, cos]])


def _about_x(angle: float) -> np.ndarray:
    """Positive angles nod forward: the top moves towards +z."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[1.0, 0.0, 0.0], [0.0, cos, -sin], [0.0, sin, cos]])
