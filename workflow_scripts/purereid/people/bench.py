"""How many images a second one core renders: ``PYTHONPATH=workflow_scripts python -m purereid.people.bench``."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2

from purereid.people.plan import plan_tracks
from purereid.people.scene import render_scene
from purereid.people.tracks import shots_of
from purereid.people.writer import render_people

PEOPLE = {"train_identities": 20, "test_identities": 20, "cameras": 6, "distractors": 20, "junk": 10, "seed": 0}
IMAGES_PER_CAMERA = (2, 4)
SIZE = {"height": 128, "width": 64, "quality": 92}


def main() -> None:
    """Print both figures for 128 x 64 pixels; cameras' scenes and textures are drawn on the way."""
    cv2.setNumThreads(1)
    tracks = plan_tracks(images_per_camera=IMAGES_PER_CAMERA, **PEOPLE)
    scenes = [shot.scene for track in tracks for shot in shots_of(track, seed=PEOPLE["seed"], **SIZE)]
    started = time.perf_counter()
    for scene in scenes:
        render_scene(scene)
    print(f"render only: {len(scenes) / (time.perf_counter() - started):.0f} images/s ({len(scenes)} images)")
    with TemporaryDirectory() as folder:
        started = time.perf_counter()
        render_people(Path(folder), images_per_camera=IMAGES_PER_CAMERA, processes=1, **PEOPLE, **SIZE)
        print(f"everything:  {len(scenes) / (time.perf_counter() - started):.0f} images/s")


if __name__ == "__main__":
    main()
