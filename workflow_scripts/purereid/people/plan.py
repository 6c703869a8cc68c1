"""Who walks past which camera: the tracks of a whole rendered data set."""

import numpy as np

from purereid.errors import UserError
from purereid.people.draws import generator
from purereid.people.tracks import FRAMES_APART, Track

STRANGER = 10_000_000  # distractors are persons with numbers from here on


def plan_tracks(
    *,
    train_identities: int,
    val_identities: int,
    test_identities: int,
    cameras: int,
    images_per_camera: tuple[int, int],
    distractors: int,
    junk: int,
    seed: int,
) -> list[Track]:
    """Draw the tracks of all people, sorted by role, label and camera.

    Every identity passes at least two cameras, so each query has a match. Train and test labels are mixed, as in
    Market-1501: people to train on have the odd numbers, those of validation and then those of the test the even ones.
    So whom one trains on does not depend on how many others there are.

    Raises:
        UserError: for settings that make no data set.
    """
    _check(train_identities, val_identities, test_identities, cameras, images_per_camera, distractors, junk)
    others = range(2, 2 * (val_identities + test_identities) + 1, 2)
    pids = {
        "train": range(1, 2 * train_identities, 2),
        "val": others[:val_identities],
        "test": others[val_identities:],
    }
    tracks = []
    for number, role in enumerate(pids):
        rng = generator(seed, 12, number)
        tracks += [track for pid in pids[role] for track in _walks(role, pid, cameras, images_per_camera, rng)]
    rng = generator(seed, 12, len(pids))
    for number in range(distractors):
        identity, camera = STRANGER + number, int(rng.integers(cameras))
        tracks.append(Track("distractor", 0, identity, camera, 1, number * FRAMES_APART, first=True))
    walked = [track for track in tracks if track.role == "test"]
    for number in range(junk):
        seen = walked[rng.integers(len(walked))]
        tracks.append(Track("junk", -1, seen.identity, seen.camera, 1, number * FRAMES_APART))
    return tracks


def _walks(role: str, pid: int, cameras: int, images: tuple[int, int], rng: np.random.Generator) -> list[Track]:
    """The walks of one person past at least two, mostly nearly all cameras."""
    passed = np.flatnonzero(rng.random(cameras) < 0.85)
    if len(passed) < 2:
        passed = np.sort(rng.choice(cameras, 2, replace=False))
    tracks = []
    for camera in passed:
        count, frame = int(rng.integers(images[0], images[1] + 1)), int(rng.integers(0, 80_000))
        tracks.append(Track(role, pid, pid, int(camera), count, frame, first=not tracks))
    return tracks


def _check(train: int, val: int, test: int, cameras: int, images: tuple[int, int], distractors: int, junk: int) -> None:
    if cameras < 2:
        raise UserError(
            f"{cameras} camera(s) for the rendered people",
            where="cameras",
            expected="2 or more: a query is matched with images of another camera",
            do="raise cameras",
        )
    for name, count in (("train_identities", train), ("test_identities", test)):
        if count < 2:
            raise UserError(
                f"{name} is {count}", where=name, expected="2 or more people to tell apart", do=f"raise {name}"
            )
    if len(images) != 2 or not 1 <= images[0] <= images[1]:
        raise UserError(
            f"images_per_camera is {list(images)}",
            where="images_per_camera",
            expected="[least, most] with 1 <= least <= most",
            do="mend the two numbers",
        )
    if val < 0 or val == 1:
        expected = "0, or 2 or more people to tell apart"
        raise UserError(f"val_identities is {val}", where="val_identities", expected=expected, do="mend val_identities")
    for name, count in (("distractors", distractors), ("junk", junk)):
        if count < 0:
            raise UserError(f"{name} is {count}", where=name, expected="0 or more images", do=f"raise {name}")
