"""The mirror map of the atlas."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from purereid.people.atlas import NUMBER, SIZE, atlas_grid
from purereid.people.mirror import mirror_map
from purereid.people.plan import plan_tracks
from purereid.people.pose import Pose
from purereid.people.scene import Scene, render_scene
from purereid.people.tracks import shots_of


def test_applied_twice_it_changes_nothing():
    texels = mirror_map().ravel()
    assert np.array_equal(texels[texels], np.arange(SIZE * SIZE))


def test_sides_change_places():
    part = atlas_grid().part.ravel()
    mirrored = part[mirror_map()].reshape(part.shape)
    for one, other in (("left_thigh", "right_thigh"), ("right_hand", "left_hand"), ("chest", "chest")):
        assert set(mirrored[part == NUMBER[one]]) == {NUMBER[other]}


def reflected(pose: Pose) -> Pose:
    """The pose that is seen in a mirror."""
    changed = {}
    for name, value in asdict(pose).items():
        side, _, rest = name.partition("_")
        other = {"left": "right", "right": "left"}.get(side)
        sign = -1 if name in ("heading", "twist", "head_yaw") else 1
        changed[f"{other}_{rest}" if other else name] = sign * value
    return Pose(**changed)


@pytest.mark.parametrize("heading", [0.0, 0.6, 2.5, np.pi])
def test_it_tells_where_places_of_the_body_lie_in_a_mirrored_image(heading: float):
    numbers = {
        "train_identities": 4,
        "val_identities": 0,
        "test_identities": 2,
        "cameras": 2,
        "distractors": 0,
        "junk": 0,
    }
    track = plan_tracks(**numbers, images_per_camera=(2, 2), seed=0)[0]
    scene = shots_of(track, seed=0, height=256, width=128, quality=90)[0].scene
    view = replace(scene.view, camera=replace(scene.view.camera, roll=0.0), box_x=0.0, place_x=0.5)
    who = replace(scene.identity, outfit=replace(scene.identity.outfit, bag_kind="none"))  # it hangs on one side
    pose = replace(scene.pose, heading=heading)
    seen = render_scene(Scene(who, pose, view)).uv
    other = render_scene(Scene(who, reflected(pose), view)).uv[:, ::-1]
    both = (seen[..., 2] > 0) & (other[..., 2] > 0)
    place = np.stack(np.divmod(mirror_map()[seen[..., 1] >> 1, seen[..., 0] >> 1], SIZE), axis=-1)[both]
    true = np.stack([other[..., 1] >> 1, other[..., 0] >> 1], axis=-1)[both].astype(int)
    assert both.sum() > 5000 and (np.abs(place - true) <= 2).all(axis=1).mean() > 0.95
