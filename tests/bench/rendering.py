"""Rendering of people on one core, at 128 x 64 pixels; the floor is a copy of the pixels.

Cameras' scenes and textures are drawn on the way, in each round again.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.comparison import Row, compare, doing
from bench.floors import copying
from purereid.people.background import scene_of_camera
from purereid.people.plan import plan_tracks
from purereid.people.scene import render_scene
from purereid.people.texture import texture_of
from purereid.people.tracks import shots_of
from purereid.people.writer import render_people

NAMES = ("identities",)  # half of them for training
TINY = (2,)
SMALL, FULL = [(4,)], [(200,)]
IMAGES_PER_CAMERA = (2, 4)
SIZE = {"height": 128, "width": 64, "quality": 92}


def comparisons(identities: int) -> Iterator[list[Row]]:
    """Pictures alone, and whole data sets: files, key points, textures and ground truth."""
    halves = {"train_identities": max(2, identities // 2), "test_identities": max(2, identities - identities // 2)}
    people = halves | {"cameras": 6, "distractors": identities // 2, "junk": identities // 4, "seed": 0}
    tracks = plan_tracks(images_per_camera=IMAGES_PER_CAMERA, **people)
    scenes = [shot.scene for track in tracks for shot in shots_of(track, seed=people["seed"], **SIZE)]

    def pictures() -> None:
        forget()
        for scene in scenes:
            render_scene(scene)

    def data_set() -> None:
        forget()
        with TemporaryDirectory() as folder:
            render_people(Path(folder), images_per_camera=IMAGES_PER_CAMERA, processes=1, **people, **SIZE)

    ways = {
        "pixels copied": copying(len(scenes) * SIZE["height"] * SIZE["width"] * 3),
        "purereid, pictures alone": pictures,
        "purereid, files and truth too": data_set,
    }
    yield compare("rendering", f"{identities} people", "images", doing(len(scenes), ways))


def forget() -> None:
    """Drop what earlier rounds have drawn."""
    texture_of.cache_clear()
    scene_of_camera.cache_clear()
