"""Rendering of people on one core, at 128 x 64 pixels; the floor is what OpenCV takes for the pictures.

It looks up as many samples in a texture, shrinks them to the pixels, blurs these and adds noise: what a camera does
with people that are known at each sample.

Cameras' scenes and textures are drawn on the way, in each round again.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from bench.comparison import Row, compare, doing
from purereid.people.background import scene_of_camera
from purereid.people.plan import plan_tracks
from purereid.people.renderer import FINER
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
    halves = {
        "train_identities": max(2, identities // 2),
        "val_identities": 0,
        "test_identities": max(2, identities - identities // 2),
    }
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
        "samples looked up, shrunk, blurred": lambda: filmed(len(scenes)),
        "purereid, pictures alone": pictures,
        "purereid, files and truth too": data_set,
    }
    yield compare("rendering", f"{identities} people", "images", doing(len(scenes), ways))


def filmed(images: int) -> None:
    """So many pictures of a texture of noise."""
    rng, height, width = np.random.default_rng(0), SIZE["height"], SIZE["width"]
    texture = rng.random((height, width, 3), np.float32)
    places = rng.random((2, FINER * height, FINER * width), np.float32) * min(height, width)
    for _ in range(images):
        samples = cv2.remap(texture, *places, cv2.INTER_LINEAR)
        pixels = cv2.GaussianBlur(cv2.resize(samples, (width, height), interpolation=cv2.INTER_AREA), (0, 0), 1)
        cv2.scaleAdd(rng.standard_normal(pixels.shape, np.float32), 0.1, pixels)


def forget() -> None:
    """Drop what earlier rounds have drawn."""
    texture_of.cache_clear()
    scene_of_camera.cache_clear()
