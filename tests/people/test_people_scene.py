"""Scenes as rows: exact both ways, also through Parquet."""

import pandas as pd

from purereid.people.plan import plan_tracks
from purereid.people.scene import scene_of, scene_row
from purereid.people.tracks import shots_of

PEOPLE = {
    "train_identities": 2,
    "val_identities": 0,
    "test_identities": 2,
    "cameras": 3,
    "images_per_camera": (1, 3),
    "distractors": 3,
    "junk": 2,
}


def all_shots(seed: int) -> list:
    tracks = plan_tracks(seed=seed, **PEOPLE)
    return [shot for track in tracks for shot in shots_of(track, seed=seed, height=64, width=32, quality=80)]


def test_rows_are_the_exact_inverse_also_through_parquet(tmp_path):
    scenes = [shot.scene for shot in all_shots(1)]
    assert [scene_of(scene_row(scene)) for scene in scenes] == scenes
    pd.DataFrame([scene_row(scene) for scene in scenes]).to_parquet(tmp_path / "scene.parquet")
    table = pd.read_parquet(tmp_path / "scene.parquet")
    assert [scene_of(row) for _, row in table.iterrows()] == scenes


def test_one_walk_shares_camera_and_nearly_its_heading():
    tracks = [track for track in plan_tracks(seed=2, **PEOPLE) if track.count == 3 and track.role == "train"]
    for track in tracks:
        scenes = [shot.scene for shot in shots_of(track, seed=2, height=64, width=32, quality=80)]
        headings = [scene.pose.heading for scene in scenes]
        assert max(headings) - min(headings) < 0.7
        assert len({scene.view.camera for scene in scenes}) == 1
        assert len({scene.pose for scene in scenes}) == 3
    assert tracks


def test_images_do_not_depend_on_how_many_others_there_are():
    """The draw of an image depends on its identity, camera, frame and moment alone."""
    track = plan_tracks(seed=3, **PEOPLE)[0]
    long, short = (
        shots_of(type(track)(**vars(track) | {"count": count}), seed=3, height=64, width=32, quality=80)
        for count in (5, 2)
    )
    assert long[:2] == short


def test_labels_mix_train_and_test():
    many = PEOPLE | {"train_identities": 30, "val_identities": 0, "test_identities": 30}
    tracks = plan_tracks(seed=0, **many)
    labels = {role: sorted({track.pid for track in tracks if track.role == role}) for role in ("train", "test")}
    assert sorted(labels["train"] + labels["test"]) == list(range(1, 61))
    assert labels["train"][0] < labels["test"][-1] and labels["test"][0] < labels["train"][-1]


def test_whom_one_trains_on_does_not_depend_on_the_others():
    def walks(**numbers: int) -> list:
        return [track for track in plan_tracks(seed=0, **PEOPLE | numbers) if track.role == "train"]

    assert walks() == walks(val_identities=3, test_identities=9, distractors=0, junk=5) != []
