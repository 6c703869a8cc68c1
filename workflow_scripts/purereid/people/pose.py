"""How a person stands or walks: joint angles and heading."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Pose:
    """Angles in radians.

    heading: 0 walks towards the camera, pi/2 to the right of the image, pi away from it.
    *_hip, *_shoulder: forward swing of thigh and upper arm; *_knee, *_elbow: bend;
    *_spread: upper arm away from the body; *_inward: forearm turned in front of the body;
    lean: upper body forward; twist: shoulders against hips; head_yaw, head_pitch: head against shoulders.
    """

    heading: float
    right_hip: float
    left_hip: float
    right_knee: float
    left_knee: float
    right_shoulder: float
    left_shoulder: float
    right_elbow: float
    left_elbow: float
    right_spread: float
    left_spread: float
    right_inward: float
    left_inward: float
    lean: float
    twist: float
    head_yaw: float
    head_pitch: float


def walking_pose(heading: float, phase: float, stride: float, rng: np.random.Generator) -> Pose:
    """A moment of a walk.

    Args:
        heading: direction of the walk (see ``Pose``).
        phase: place in the cycle, 0..2 pi; right leg foremost at pi/2.
        stride: 0 stands, 1 strides out.
        rng: for arm carriage and small differences from step to step.
    """
    swing = 0.46 * stride
    right, left = swing * np.sin(phase), swing * np.sin(phase + np.pi)
    elbows = 0.25 + 0.35 * rng.random(2)
    inward = 0.25 * rng.random(2)
    shoulders = np.array([-0.95 * right, -0.95 * left]) + rng.normal(0, 0.06, 2)
    if rng.random() < 0.22:  # holds a phone, a strap, or has a hand in the pocket
        arm = rng.integers(2)
        shoulders[arm] = rng.uniform(-0.1, 0.5)
        elbows[arm] = rng.uniform(0.9, 2.1)
        inward[arm] = rng.uniform(0.3, 0.8)
    return Pose(
        heading=float(heading + rng.normal(0, 0.05)),
        right_hip=float(right + 0.06),
        left_hip=float(left + 0.06),
        right_knee=float(_knee(phase, stride)),
        left_knee=float(_knee(phase + np.pi, stride)),
        right_shoulder=float(shoulders[0]),
        left_shoulder=float(shoulders[1]),
        right_elbow=float(elbows[0]),
        left_elbow=float(elbows[1]),
        right_spread=float(rng.uniform(0.06, 0.24)),
        left_spread=float(rng.uniform(0.06, 0.24)),
        right_inward=float(inward[0]),
        left_inward=float(inward[1]),
        lean=float(rng.normal(0.05, 0.04)),
        twist=float(-0.22 * stride * np.sin(phase) + rng.normal(0, 0.03)),
        head_yaw=float(rng.normal(0, 0.28)),
        head_pitch=float(rng.normal(0.08, 0.10)),
    )


def _knee(phase: float, stride: float) -> float:
    """Bend of the knee: nearly straight on the ground, bent while the leg swings forward."""
    return 0.08 + stride * (0.12 + 0.85 * max(0.0, np.cos(phase + 0.35)) ** 2 * 0.8)
