"""Write a data set of rendered people in the Market-1501 layout, with its ground truth."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import cv2

from purereid.errors import UserError
from purereid.people.ground_truth import keypoint_line, write_keypoints, write_scenes, write_uv_maps
from purereid.people.plan import plan_tracks
from purereid.people.renderer import Rendering
from purereid.people.scene import render_scene, scene_row
from purereid.people.texture import texture_of
from purereid.people.tracks import Shot, Track, shots_of

FOLDERS = ("bounding_box_train", "bounding_box_val", "bounding_box_test", "query", "gt_bbox", "textures")
SMALLEST = (32, 16)
TRACKS_A_CHUNK = 8


class _Written(NamedTuple):
    """What the parent keeps of one written image."""

    row: dict
    keypoints: str
    uv: bytes


def render_people(
    folder: Path,
    *,
    train_identities: int,
    val_identities: int,
    test_identities: int,
    cameras: int,
    images_per_camera: Sequence[int],
    distractors: int,
    junk: int,
    height: int,
    width: int,
    quality: int,
    seed: int,
    processes: int,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Render people and write them as a Market-1501 folder; the bytes depend on the settings, not on ``processes``.

    Writes bounding_box_train, bounding_box_val, bounding_box_test, query and gt_bbox (JPEG), keypoints-train.csv and
    keypoints-test.csv (published format: y list, x list, whole pixels rounded down, -1 missing), textures/NNNN.png
    (by identity number; distractors from 10000000 on), uv.arrow (image, uv uint8 [H, W, 3] = u, v, part) and
    scene.parquet (one row per image; see ``scene.scene_of``).

    Args:
        folder: made if missing.
        train_identities, test_identities: people, 2 or more each; beyond 9,999 names have five digits.
        val_identities: people of validation, none or 2 or more.
        cameras: 2 or more.
        images_per_camera: [least, most] detected images of a person in a camera.
        distractors, junk: gallery images with id 0000 and -1.
        height, width: pixels, at least 32 x 16.
        quality: JPEG quality 1..100 of the best camera.
        seed: 0 or more; fixes everything.
        processes: working processes, 1 or more.
        progress: called about once a second with (images done, images in all).

    Raises:
        UserError: for settings that make no data set.
    """
    _check(height, width, quality, seed, processes)
    tracks = plan_tracks(
        train_identities=train_identities,
        val_identities=val_identities,
        test_identities=test_identities,
        cameras=cameras,
        images_per_camera=tuple(images_per_camera),
        distractors=distractors,
        junk=junk,
        seed=seed,
    )
    folder = Path(folder)
    for name in FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    chunks = [tracks[start : start + TRACKS_A_CHUNK] for start in range(0, len(tracks), TRACKS_A_CHUNK)]
    write = partial(_write_tracks, folder, seed=seed, height=height, width=width, quality=quality)
    total = sum(_images_of(track) for track in tracks)
    rows, lines = [], []

    def uv_maps() -> Iterator[tuple[str, bytes]]:
        for written in _report(_run(write, chunks, processes), total, progress):
            rows.append(written.row)
            lines.append(written.keypoints)
            yield written.row["image"], written.uv

    write_uv_maps(folder / "uv.arrow", uv_maps(), height, width)
    write_scenes(folder / "scene.parquet", rows)
    write_keypoints(folder, [row["split"] for row in rows], lines)


def encode(rendering: Rendering, quality: int) -> bytes:
    """The JPEG bytes of a rendered image."""
    parameters = [cv2.IMWRITE_JPEG_QUALITY, quality]
    return cv2.imencode(".jpg", cv2.cvtColor(rendering.image, cv2.COLOR_RGB2BGR), parameters)[1].tobytes()


def _run(write: Callable, chunks: list[list[Track]], processes: int) -> Iterator[list[_Written]]:
    """Results in the order of the chunks, whoever finishes first."""
    if processes == 1:
        yield from map(write, chunks)
        return
    with ProcessPoolExecutor(processes, get_context("spawn"), initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        yield from pool.map(write, chunks)


def _write_tracks(
    folder: Path, tracks: list[Track], *, seed: int, height: int, width: int, quality: int
) -> list[_Written]:
    done = []
    for track in tracks:
        shots = shots_of(track, seed=seed, height=height, width=width, quality=quality)
        done += [_write_shot(folder, shot) for shot in shots]
        if track.first:
            texture = cv2.cvtColor(texture_of(shots[0].scene.identity), cv2.COLOR_RGB2BGR)
            (folder / "textures" / f"{track.identity:04d}.png").write_bytes(cv2.imencode(".png", texture)[1].tobytes())
    return done


def _write_shot(folder: Path, shot: Shot) -> _Written:
    rendering = render_scene(shot.scene)
    (folder / shot.image).write_bytes(encode(rendering, shot.scene.view.quality))
    row = {"image": shot.image, "split": shot.split, "pid": shot.pid, "camid": shot.camid, "kind": shot.kind}
    return _Written(row | scene_row(shot.scene), keypoint_line(shot.image, rendering), rendering.uv.tobytes())


def _images_of(track: Track) -> int:
    """Detected boxes, and for test people a drawn box each and one query."""
    return 2 * track.count + 1 if track.role == "test" else track.count


def _check(height: int, width: int, quality: int, seed: int, processes: int) -> None:
    if height < SMALLEST[0] or width < SMALLEST[1]:
        raise UserError(
            f"images of {height} x {width} pixels (height x width)",
            where="height, width",
            expected=f"at least {SMALLEST[0]} x {SMALLEST[1]}; 128 x 64 is usual",
            do="raise height and width",
        )
    for name, value, low, high in (
        ("quality", quality, 1, 100),
        ("seed", seed, 0, None),
        ("processes", processes, 1, None),
    ):
        if value < low or (high is not None and value > high):
            between = f"{low} or more" if high is None else f"{low} to {high}"
            raise UserError(f"{name} is {value}", where=name, expected=between, do=f"mend {name}")


def _report(
    chunks: Iterable[list[_Written]], total: int, progress: Callable[[int, int], None] | None
) -> Iterator[_Written]:
    """Hand on the images one by one and tell how far things are about once a second."""
    done, told = 0, time.monotonic()
    for chunk in chunks:
        yield from chunk
        done += len(chunk)
        if progress and (done == total or time.monotonic() - told > 1):
            progress(done, total)
            told = time.monotonic()
