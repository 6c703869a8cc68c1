"""Walks of people past cameras: the scenes of all boxes cut out of one walk."""

from dataclasses import dataclass, replace

import numpy as np

from purereid.people.camera import View, camera_of
from purereid.people.draws import generator
from purereid.people.identity import identity_of
from purereid.people.pose import walking_pose
from purereid.people.scene import Scene

FRAMES_APART = 12
OCCLUDER_SHARE = {"none": 0.87, "pole": 0.035, "furniture": 0.035, "plant": 0.02, "person": 0.04}


@dataclass(frozen=True)
class Track:
    """One walk past one camera, of which boxes are cut out.

    role: "train", "val", "test", "distractor" or "junk"; pid: label in the file names (0 distractor, -1 junk);
    identity: number of the rendered person; camera: 0-based; count: moments; frame: of the first moment.
    """

    role: str
    pid: int
    identity: int
    camera: int
    count: int
    frame: int
    first: bool = False  # the identity's first track, which also writes the texture


@dataclass(frozen=True)
class Shot:
    """One image to render: where it goes and what it shows."""

    image: str
    split: str
    pid: int
    camid: int
    kind: str
    scene: Scene


def shots_of(track: Track, *, seed: int, height: int, width: int, quality: int) -> list[Shot]:
    """All images of a track, by moments; the draw depends on (seed, identity, camera, moment) only."""
    shots = []
    for moment in range(track.count):
        scene, rng = _moment(track, moment, seed, (height, width), quality)
        name = f"{_label(track.pid)}_c{track.camera + 1}s1_{track.frame + moment * FRAMES_APART:06d}"
        if track.role in ("train", "val"):
            image = f"bounding_box_{track.role}/{name}_01.jpg"
            shots.append(_shot(track, image, track.role, _detected(scene, rng)))
        elif track.role == "test":
            drawn = _hand_drawn(scene, rng)
            shots.append(_shot(track, f"bounding_box_test/{name}_01.jpg", "gallery", _detected(scene, rng)))
            shots.append(_shot(track, f"gt_bbox/{name}_00.jpg", "multi", drawn, "drawn"))
            if moment == track.count // 2:
                shots.append(_shot(track, f"query/{name}_00.jpg", "query", drawn, "drawn"))
        elif track.role == "distractor":
            shots.append(_shot(track, f"bounding_box_test/{name}_01.jpg", "gallery", _distracting(scene, rng)))
        else:
            shots.append(_shot(track, f"bounding_box_test/{name}_02.jpg", "gallery", _badly_cut(scene, rng)))
    return shots


def _moment(
    track: Track, moment: int, seed: int, size: tuple[int, int], quality: int
) -> tuple[Scene, np.random.Generator]:
    """The person at one moment of the walk, the box still exact."""
    walk = generator(seed, 10, track.identity, track.camera)
    camera = camera_of(seed, track.camera)
    heading, phase, stride, place_x, place_y, speed = walk.random(6)
    exposure, light_turn = walk.normal(1, 0.07), walk.normal(0, 0.5)
    rng = generator(seed, 11, track.identity, track.camera, track.frame, moment)
    pose = walking_pose(
        heading=2 * np.pi * heading + 0.12 * moment * (speed - 0.5),
        phase=2 * np.pi * phase + moment * (1.3 + speed) + rng.normal(0, 0.5),
        stride=0.25 + 0.75 * stride,
        rng=rng,
    )
    view = View(
        camera=camera,
        height=size[0],
        width=size[1],
        box_x=0.0,
        box_y=0.0,
        box_scale=1.0,
        box_stretch=1.0,
        place_x=float((place_x + 0.02 * moment * np.sin(2 * np.pi * heading)) % 1),
        place_y=float(place_y),
        exposure=float(np.clip(exposure + rng.normal(0, 0.03), 0.75, 1.3)),
        light_turn=float(light_turn),
        occluder=str(rng.choice(list(OCCLUDER_SHARE), p=list(OCCLUDER_SHARE.values()))),
        occluder_seed=int(rng.integers(2**31)),
        noise_seed=int(rng.integers(2**31)),
        quality=max(30, quality - camera.quality_loss),
    )
    return Scene(identity_of(seed, track.identity), pose, view), rng


def _hand_drawn(scene: Scene, rng: np.random.Generator) -> Scene:
    shift = rng.normal(0, 0.012, 2)
    return _cut(scene, shift, rng.normal(1.04, 0.015), rng.normal(1, 0.03), rng)


def _detected(scene: Scene, rng: np.random.Generator) -> Scene:
    shift = rng.normal(0, (0.045, 0.025))
    return _cut(scene, shift, rng.normal(1.09, 0.06), rng.normal(1, 0.05), rng)


def _badly_cut(scene: Scene, rng: np.random.Generator) -> Scene:
    shift = rng.choice([-1, 1], 2) * rng.uniform(0.22, 0.5, 2)
    return _cut(scene, shift, rng.choice([rng.uniform(0.4, 0.7), rng.uniform(1.5, 1.9)]), rng.normal(1, 0.1), rng)


def _distracting(scene: Scene, rng: np.random.Generator) -> Scene:
    """Another person, part of one, or a piece of the background."""
    kind = rng.random()
    if kind < 0.6:
        return _detected(scene, rng)
    if kind < 0.8:
        return _badly_cut(scene, rng)
    return _cut(scene, (rng.choice([-1, 1]) * rng.uniform(2.2, 3), 0.0), rng.uniform(0.7, 1.2), 1.0, rng)


def _cut(scene: Scene, shift, scale: float, stretch: float, rng: np.random.Generator) -> Scene:
    view = replace(
        scene.view,
        box_x=float(shift[0]),
        box_y=float(shift[1]),
        box_scale=float(np.clip(scale, 0.35, 2.0)),
        box_stretch=float(np.clip(stretch, 0.8, 1.25)),
        noise_seed=int(rng.integers(2**31)),
    )
    return scene._replace(view=view)


def _shot(track: Track, image: str, split: str, scene: Scene, kind: str = "detected") -> Shot:
    return Shot(image, split, track.pid, track.camera, kind, scene)


def _label(pid: int) -> str:
    return "-1" if pid == -1 else f"{pid:04d}"
