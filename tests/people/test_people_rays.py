"""Rays against limb volumes, compared with slow marching through an inside test written here."""

import numpy as np
import pytest

from purereid.people.body import Volumes
from purereid.people.camera import Frame
from purereid.people.rays import FAR, body_box, cast_rays

FRAME = Frame(-1.0, -1.0, 2.0, 2.0)
LIGHT = np.array([0.0, 0.0, -1.0])


def volumes_of(rows: list[tuple]) -> Volumes:
    return Volumes(
        *(np.array(column, float if number else int) for number, column in enumerate(zip(*rows, strict=True)))
    )


def random_volumes(seed: int, count: int) -> Volumes:
    rng = np.random.default_rng(seed)
    rows = []
    for part in range(1, count + 1):
        start, end = rng.uniform(-0.6, 0.6, (2, 3))
        front = rng.normal(size=3)
        rows.append(
            (part, start, end, front, *rng.uniform(0.1, 0.3, 2), rng.uniform(0.6, 1.3), *rng.uniform(0.05, 0.3, 2))
        )
    return volumes_of(rows)


def inside(volumes: Volumes, number: int, point: np.ndarray) -> bool:
    start, end = volumes.start[number], volumes.end[number]
    length = np.linalg.norm(end - start)
    axis = (end - start) / length
    front = volumes.front[number] - axis * (volumes.front[number] @ axis)
    front /= np.linalg.norm(front)
    side = np.cross(front, axis)
    away = point - start
    x, y = away @ side / volumes.side_radius[number], away @ front / volumes.front_radius[number]
    z, taper = away @ axis / length, volumes.taper[number]
    if z < 0:
        return x**2 + y**2 + (z * length / volumes.start_cap[number]) ** 2 < 1
    if z > 1:
        return (x**2 + y**2) / taper**2 + ((z - 1) * length / volumes.end_cap[number]) ** 2 < 1
    return x**2 + y**2 < (1 + (taper - 1) * z) ** 2


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_depth_and_part_agree_with_marching(seed):
    volumes, step = random_volumes(seed, 3), 0.015
    hits = cast_rays(volumes, FRAME, 14, 10, LIGHT)
    part = np.zeros(14 * 10, int)
    part[hits.sample] = hits.part
    for row, y in enumerate(-1 + 2 * (np.arange(14) + 0.5) / 14):
        for column, x in enumerate(-1 + 2 * (np.arange(10) + 0.5) / 10):
            march = (
                (depth, number)
                for depth in np.arange(-1.5, 1.5, step)
                for number in range(3)
                if inside(volumes, number, np.array([x, y, depth]))
            )
            met = next(march, None)
            found = hits.depth[row, column]
            if met is None:  # marching may step over a grazed edge, rays may not miss what marching meets
                continue
            assert found <= met[0] + 1e-4
            assert found > met[0] - 0.25
            if found > met[0] - step - 1e-4:
                assert part[row * 10 + column] in {
                    number + 1 for number in range(3) if inside(volumes, number, np.array([x, y, met[0]]))
                }


def test_nothing_is_met_beside_the_volumes():
    volumes = random_volumes(0, 3)
    left, top, right, bottom = body_box(volumes)
    hits = cast_rays(volumes, FRAME, 64, 64, LIGHT)
    y, x = np.nonzero(hits.depth < FAR)
    x, y = -1 + 2 * (x + 0.5) / 64, -1 + 2 * (y + 0.5) / 64
    assert x.min() >= left and x.max() <= right and y.min() >= top and y.max() <= bottom
    assert x.min() < left + 0.07 and x.max() > right - 0.07 and y.min() < top + 0.07 and y.max() > bottom - 0.07


def test_sphere_depth_normals_and_turn():
    """Two half spheres on a short cylinder seen from the front: all known in closed form."""
    ball = volumes_of([(1, [0, -0.001, 0], [0, 0.001, 0], [0, 0, -1], 0.5, 0.5, 1.0, 0.5, 0.5)])
    hits = cast_rays(ball, FRAME, 40, 40, LIGHT)
    y, x = np.divmod(hits.sample, 40)
    x, y = -1 + 2 * (x + 0.5) / 40, -1 + 2 * (y + 0.5) / 40
    depth = -np.sqrt(0.25 - x**2 - y**2)
    assert np.abs(hits.depth.ravel()[hits.sample] - depth).max() < 0.01
    assert np.abs(hits.normal_light - -depth / 0.5).max() < 0.02
    assert np.abs(hits.normal_down - y / 0.5).max() < 0.02
    assert np.abs(hits.around - (0.5 + np.arctan2(x, -depth) / (2 * np.pi))).max() < 0.01
    assert np.corrcoef(hits.along, y)[0, 1] > 0.999
