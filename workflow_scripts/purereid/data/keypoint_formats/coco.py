"""COCO key points (17 joints) as JSON, mapped to the 18 joints; the neck is the middle of the shoulders.

Two forms: annotations, ``{"images": [{"id", "file_name"}], "annotations": [{"image_id", "keypoints"}]}``; and results
of a pose estimator, ``[{"image_id", "keypoints", "score"}]``, in which the file name is the ``image_id`` or stands
beside it as ``file_name``. ``keypoints`` is [x, y, v] 17 times: v is 0 (missing), 1 or 2 in annotations and a
confidence in results.
"""

import json
from pathlib import Path

import numpy as np

from purereid.data.joints import JOINTS, NUMBER
from purereid.data.keypoint_formats.poses import MISSING, Poses
from purereid.errors import UserError

COCO_JOINTS = (
    *("nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder"),
    *("left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip"),
    *("left_knee", "right_knee", "left_ankle", "right_ankle"),
)
EXPECTED = "COCO annotations (images with file_name, and annotations) or a list of COCO results with file names"


def read(path: Path, least_score: float) -> Poses:
    """Read one file, images in the order in which it names them.

    Args:
        path: JSON file.
        least_score: a joint counts as missing unless its v is above this.

    Returns:
        one pose per image: the person of the highest ``score``, or where there is none of the most joints, or the
        first. An image of the list ``images`` in which nobody was found has a pose without joints.

    Raises:
        UserError: no JSON, no file names, or an entry without 17 key points.
    """
    content = _read_json(path)
    people = _people_of_annotations(content, path) if isinstance(content, dict) else _people_of_results(content, path)
    poses = [strongest_person(found, least_score) for found in people.values()]
    joints = np.array([pose[0] for pose in poses]).reshape(-1, len(JOINTS), 2)
    return Poses(list(people), joints, np.array([pose[1] for pose in poses], bool).reshape(-1, len(JOINTS)))


def _read_json(path: Path) -> dict | list:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UserError(f"the key-point file is no JSON: {error}", where=path, expected=EXPECTED) from None
    listed = isinstance(content, dict) and all(isinstance(content.get(key), list) for key in ("images", "annotations"))
    if not isinstance(content, list) and not listed:
        openpose = isinstance(content, dict) and "people" in content
        raise UserError(
            "the JSON file holds no COCO key points" + (", but OpenPose's output of one image" if openpose else ""),
            where=path,
            expected=EXPECTED,
            do="write its 18 joints into a .csv file (name:keypoints_y:keypoints_x)" if openpose else None,
        )
    return content


def _people_of_annotations(content: dict, path: Path) -> dict[str, list[tuple[float, np.ndarray]]]:
    """(score, [17, 3]) of everybody in each image."""
    try:
        names = {image["id"]: _name(image["file_name"]) for image in content["images"]}
    except (KeyError, TypeError):
        raise UserError("an entry of images lacks id or file_name, a text", where=path, expected=EXPECTED) from None
    people = {name: [] for name in names.values()}
    for number, entry in enumerate(content["annotations"]):
        person = _person(entry, number, path)
        image = entry.get("image_id")
        if isinstance(image, list | dict) or image not in names:
            raise UserError(
                f"entry {number} is of image {image!r}, which is not listed",
                where=path,
                expected=EXPECTED,
            )
        people[names[image]].append(person)
    return people


def _name(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no file name")
    return value


def _people_of_results(content: list, path: Path) -> dict[str, list[tuple[float, np.ndarray]]]:
    people: dict[str, list] = {}
    for number, entry in enumerate(content):
        person = _person(entry, number, path)
        name = entry.get("file_name", entry.get("image_id"))
        if not isinstance(name, str):
            raise UserError(
                f"entry {number} names its image by the number {name!r}",
                where=path,
                expected=EXPECTED,
                do="write the file name as file_name into each entry",
            )
        people.setdefault(name, []).append(person)
    return people


def _person(entry: object, number: int, path: Path) -> tuple[float, np.ndarray]:
    try:
        given = np.array(entry["keypoints"], np.float64).reshape(-1)
        score = float(entry.get("score", 0))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        given, score = np.array([np.nan]), 0.0
    if given.size != 3 * len(COCO_JOINTS) and np.isfinite(given).all():
        openpose = given.size == 3 * len(JOINTS)
        raise UserError(
            f"entry {number} has {given.size} numbers" + (", as 18 joints, OpenPose's, have" if openpose else ""),
            where=path,
            expected="keypoints: [x, y, v] of COCO's 17 joints, 51 numbers",
            do="write 18 joints into a .csv file (name:keypoints_y:keypoints_x)" if openpose else None,
        )
    values = given.reshape(-1, 3) if given.size == 3 * len(COCO_JOINTS) else np.array(np.nan)
    if not np.isfinite(values).all() or not np.isfinite(score):
        raise UserError(
            f"entry {number} has no usable key points", where=path, expected="keypoints: [x, y, v] of 17 joints"
        )
    return score, values


def strongest_person(people: list[tuple[float, np.ndarray]], least_score: float) -> tuple[np.ndarray, np.ndarray]:
    """Joints [18, 2] and visible [18] of one person."""
    joints, visible = np.full((len(JOINTS), 2), float(MISSING)), np.zeros(len(JOINTS), bool)
    if people:
        best = max(people, key=lambda person: (person[0], np.count_nonzero(person[1][:, 2] > least_score)))[1]
        order = [NUMBER[name] for name in COCO_JOINTS]
        visible[order] = best[:, 2] > least_score
        joints[order] = best[:, 1::-1]
        shoulders = [NUMBER["right_shoulder"], NUMBER["left_shoulder"]]
        visible[NUMBER["neck"]] = visible[shoulders].all()
        joints[NUMBER["neck"]] = joints[shoulders].mean(axis=0)
        joints[~visible] = MISSING
    return joints, visible
