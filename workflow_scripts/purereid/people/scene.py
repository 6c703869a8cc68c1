"""A scene - who, how, seen from where - as one flat table row, and back."""

from collections.abc import Mapping
from dataclasses import fields
from typing import NamedTuple

from purereid.people.camera import View, camera_of
from purereid.people.identity import Identity, identity_of
from purereid.people.pose import Pose
from purereid.people.renderer import Rendering, render

_POSE_FIELDS = tuple(field.name for field in fields(Pose))
_VIEW_FIELDS = tuple(field.name for field in fields(View) if field.name != "camera")


class Scene(NamedTuple):
    """Everything one rendered image depends on."""

    identity: Identity
    pose: Pose
    view: View


def scene_row(scene: Scene) -> dict[str, object]:
    """Flatten a scene to plain values: seed, identity and camera numbers, pose and view fields."""
    row = {"seed": scene.identity.seed, "identity": scene.identity.number, "camera": scene.view.camera.number}
    row |= {name: getattr(scene.pose, name) for name in _POSE_FIELDS}
    return row | {name: getattr(scene.view, name) for name in _VIEW_FIELDS}


def scene_of(row: Mapping) -> Scene:
    """Rebuild the scene of a row of ``scene.parquet`` (a mapping, or a row of a data frame); the exact inverse."""
    values = {name: row[name].item() if hasattr(row[name], "item") else row[name] for name in _COLUMNS}
    pose = Pose(**{name: values[name] for name in _POSE_FIELDS})
    view = View(camera=camera_of(values["seed"], values["camera"]), **{name: values[name] for name in _VIEW_FIELDS})
    return Scene(identity_of(values["seed"], values["identity"]), pose, view)


def render_scene(scene: Scene) -> Rendering:
    """Render a scene."""
    return render(*scene)


def render_as(source: Mapping, target: Mapping) -> Rendering:
    """The true picture of the person of one row in the pose and view of another.

    Args:
        source: row of ``scene.parquet`` that says who.
        target: row that says pose, camera, box, occluder and noise.
    """
    return render(scene_of(source).identity, *scene_of(target)[1:])


_COLUMNS = ("seed", "identity", "camera", *_POSE_FIELDS, *_VIEW_FIELDS)
