"""Rays against limb volumes: parallel rays through a grid of samples, all volumes at once."""

from typing import NamedTuple

import numpy as np

from purereid.people.body import Volumes
from purereid.people.camera import Frame

FAR = np.float32(1e9)


class Hits(NamedTuple):
    """The first surface each ray meets, for the N samples that meet one.

    sample int [N] (row-major place in the grid); part int [N]; around, along [N] in [0, 1] (turn round the limb
    with 0.5 = front, way from cap to cap); normal_light, normal_down [N] cosines of the surface normal with the
    light and with "down"; depth float32 [rows, columns] metres, ``FAR`` where nothing was met.
    """

    sample: np.ndarray
    part: np.ndarray
    around: np.ndarray
    along: np.ndarray
    normal_light: np.ndarray
    normal_down: np.ndarray
    depth: np.ndarray


class _Local(NamedTuple):
    """Volumes in their own scale: a unit circle round an axis from 0 to 1."""

    part: np.ndarray
    middle: np.ndarray  # start point [P, 3]
    axes: np.ndarray  # rows side / side radius, front / front radius, axis / length: [P, 3, 3]
    grow: np.ndarray  # radius at the end - 1
    start_cap: np.ndarray  # cap lengths in axis lengths
    end_cap: np.ndarray


def body_box(volumes: Volumes) -> tuple[float, float, float, float]:
    """Tight box (left, top, right, bottom) round volumes in the view plane."""
    low, high = _boxes(volumes)
    return (*low.min(0), *high.max(0))


def cast_rays(volumes: Volumes, frame: Frame, rows: int, columns: int, light: np.ndarray) -> Hits:
    """Follow one ray through the middle of each of rows x columns samples of a frame.

    Args:
        volumes: in the view (see ``project_volumes``); rays run along +z.
        frame: what the grid covers.
        light: unit vector towards the lamp, in the view.
    """
    local = _local(volumes)
    x = (frame.left + frame.width * (np.arange(columns) + 0.5) / columns).astype(np.float32)
    y = (frame.top + frame.height * (np.arange(rows) + 0.5) / rows).astype(np.float32)
    windows = _windows(volumes, x, y)
    counts = np.array([len(y[window[0]]) * len(x[window[1]]) for window in windows])
    offsets = np.concatenate([[0], np.cumsum(counts)])

    origin = np.empty((3, offsets[-1]), np.float32)
    for number, window in enumerate(windows):
        _fill_origins(origin[:, offsets[number] : offsets[number + 1]], local, number, x[window[1]], y[window[0]])
    t, z = _first_hits(origin, local, counts)
    depth, winner = _nearest(t, windows, offsets, rows, columns)
    sample = np.flatnonzero(winner >= 0)
    chosen = winner.ravel()[sample]
    volume = np.searchsorted(offsets, chosen, side="right") - 1
    return _surface(local, volume, sample, origin[:, chosen], t[chosen], z[chosen], light, depth)


def _windows(volumes: Volumes, x: np.ndarray, y: np.ndarray) -> list[tuple[slice, slice]]:
    """The rows and columns of samples that can meet each volume."""
    low, high = _boxes(volumes)
    columns = zip(np.searchsorted(x, low[:, 0]), np.searchsorted(x, high[:, 0]), strict=True)
    rows = zip(np.searchsorted(y, low[:, 1]), np.searchsorted(y, high[:, 1]), strict=True)
    return [(slice(*row), slice(*column)) for row, column in zip(rows, columns, strict=True)]


def _nearest(
    t: np.ndarray, windows: list[tuple[slice, slice]], offsets: np.ndarray, rows: int, columns: int
) -> tuple[np.ndarray, np.ndarray]:
    """Depth [rows, columns] of the nearest surface, and which entry of t it is (-1 for none)."""
    depth = np.full((rows, columns), FAR, np.float32)
    winner = np.full((rows, columns), -1, np.int32)
    for window, start, stop in zip(windows, offsets[:-1], offsets[1:], strict=True):
        new = t[start:stop].reshape(depth[window].shape)
        nearer = new < depth[window]
        np.copyto(depth[window], new, where=nearer)
        np.copyto(winner[window], np.arange(start, stop, dtype=np.int32).reshape(nearer.shape), where=nearer)
    return depth, winner


def _boxes(volumes: Volumes) -> tuple[np.ndarray, np.ndarray]:
    """Boxes [P, 2] low and high of each volume in the view plane: support of its two cap ellipsoids."""
    axis, side, front = _axes(volumes)
    spread = (side[:, :2] * volumes.side_radius[:, None]) ** 2 + (front[:, :2] * volumes.front_radius[:, None]) ** 2
    reach_start = np.sqrt(spread + (axis[:, :2] * volumes.start_cap[:, None]) ** 2)
    reach_end = np.sqrt(spread * volumes.taper[:, None] ** 2 + (axis[:, :2] * volumes.end_cap[:, None]) ** 2)
    start, end = volumes.start[:, :2], volumes.end[:, :2]
    return np.minimum(start - reach_start, end - reach_end), np.maximum(start + reach_start, end + reach_end)


def _axes(volumes: Volumes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unit axis, side (the person's left for upright parts) and front vectors [P, 3], in the view."""
    axis = volumes.end - volumes.start
    axis = axis / np.linalg.norm(axis, axis=1, keepdims=True)
    front = volumes.front - axis * (volumes.front * axis).sum(1, keepdims=True)
    front = front / np.linalg.norm(front, axis=1, keepdims=True)
    # Their cross product, written out: np.cross costs ten times as much on a few rows.
    side = front[:, [1, 2, 0]] * axis[:, [2, 0, 1]] - front[:, [2, 0, 1]] * axis[:, [1, 2, 0]]
    return axis, side, front


def _local(volumes: Volumes) -> _Local:
    axis, side, front = _axes(volumes)
    length = np.linalg.norm(volumes.end - volumes.start, axis=1)
    axes = np.stack(
        [side / volumes.side_radius[:, None], front / volumes.front_radius[:, None], axis / length[:, None]], axis=1
    )
    values = (volumes.start, axes, volumes.taper - 1, volumes.start_cap / length, volumes.end_cap / length)
    return _Local(volumes.part, *(value.astype(np.float32) for value in values))


def _fill_origins(out: np.ndarray, local: _Local, number: int, x: np.ndarray, y: np.ndarray) -> None:
    """Where the rays of one volume's window pass z = 0, in the volume's own scale."""
    axes, middle = local.axes[number], local.middle[number]
    constant = -axes[:, 2] * middle[2]
    rows = axes[:, 1, None] * (y - middle[1]) + constant[:, None]
    columns = axes[:, 0, None] * (x - middle[0])
    np.add(rows[:, :, None], columns[:, None, :], out=out.reshape(3, len(y), len(x)))


def _first_hits(origin: np.ndarray, local: _Local, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Depth t and way along the axis z of each ray's entry into its volume; t = FAR where it passes by."""
    x, y, z = origin
    dx, dy, dz = local.axes[:, :, 2].T
    grow, slope = np.repeat(local.grow, counts), np.repeat(dz, counts)
    flat, square = x * np.repeat(dx, counts) + y * np.repeat(dy, counts), x * x + y * y
    across = dx * dx + dy * dy

    # The side: x^2 + y^2 = (1 + grow z)^2.
    wide = 1 + grow * z
    a = np.maximum(across - (local.grow * dz) ** 2, np.float32(1e-6))
    t = _entry(np.repeat(a, counts), flat - np.repeat(local.grow * dz, counts) * wide, square - wide * wide)
    at = z + t * slope
    t[(at < 0) | (at > 1)] = FAR
    # The caps: half ellipsoids beyond both ends.
    for end, cap, radius in ((0, local.start_cap, np.float32(1)), (1, local.end_cap, 1 + local.grow)):
        a = across / radius**2 + (dz / cap) ** 2
        shrink, pull = np.repeat(1 / radius**2 * np.ones_like(cap), counts), np.repeat(1 / cap**2, counts)
        beyond = z - end
        cap_t = _entry(
            np.repeat(a, counts), flat * shrink + beyond * slope * pull, square * shrink + beyond**2 * pull - 1
        )
        reach = beyond + cap_t * slope
        outside = reach < 0 if end == 0 else reach > 0
        np.copyto(t, cap_t, where=outside & (cap_t < t))
    return t, z + t * slope


def _entry(a: np.ndarray, half_b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Smaller root of a t^2 + 2 half_b t + c = 0; FAR where there is none."""
    root = half_b * half_b - a * c
    with np.errstate(invalid="ignore"):
        t = (-half_b - np.sqrt(root)) / a
    t[root < 0] = FAR
    return t


def _surface(
    local: _Local,
    volume: np.ndarray,
    sample: np.ndarray,
    origin: np.ndarray,
    t: np.ndarray,
    z: np.ndarray,
    light: np.ndarray,
    depth: np.ndarray,
) -> Hits:
    """Texture coordinates and normals at the hits."""
    direction = local.axes[:, :, 2].T[:, volume]
    x, y = origin[0] + t * direction[0], origin[1] + t * direction[1]
    start_cap, end_cap, grow = local.start_cap[volume], local.end_cap[volume], local.grow[volume]
    # Gradient of the implicit surface: side, front and axis component.
    below, above = z < 0, z > 1
    slope = -grow * (1 + grow * z)
    slope[below] = z[below] / start_cap[below] ** 2
    slope[above] = (z[above] - 1) / end_cap[above] ** 2 * (1 + grow[above]) ** 2
    lengths = 1 / np.square(local.axes).sum(2)  # squared radii and length, [P, 3]
    lamp, down = local.axes @ light.astype(np.float32), local.axes[:, :, 1]
    inverse = 1 / lengths[volume].T
    norm = 1 / np.sqrt(x * x * inverse[0] + y * y * inverse[1] + slope * slope * inverse[2])
    lamp, down = lamp[volume].T, down[volume].T
    return Hits(
        sample=sample,
        part=local.part[volume],
        around=np.arctan2(x, y) * np.float32(0.5 / np.pi) + np.float32(0.5),
        along=np.clip((z + start_cap) / (1 + start_cap + end_cap), 0, 1),
        normal_light=(x * lamp[0] + y * lamp[1] + slope * lamp[2]) * norm,
        normal_down=(x * down[0] + y * down[1] + slope * down[2]) * norm,
        depth=depth,
    )
