"""One pose given by the user."""

from pathlib import Path

import numpy as np
import pytest

from purereid.errors import UserError
from purereid.poses.pose_file import read_pose

POSE = [(7 * joint, 3 * joint) for joint in range(18)]
POSE[4] = (-1, -1)


def write_txt(path: Path, pose: list[tuple]) -> Path:
    path.write_text("".join(f"{y} {x}\n" for y, x in pose))
    return path


def write_csv(path: Path, *poses: list[tuple]) -> Path:
    rows = [f"{number}.jpg: {[y for y, _ in pose]}: {[x for _, x in pose]}" for number, pose in enumerate(poses)]
    path.write_text("\n".join(["name:keypoints_y:keypoints_x", *rows]) + "\n")
    return path


@pytest.mark.parametrize(("write", "name"), [(write_txt, "pose.txt"), (write_csv, "pose.csv"), (write_txt, "P.TXT")])
def test_both_formats(tmp_path: Path, write, name: str):
    joints, visible = read_pose(write(tmp_path / name, POSE), 128, 64)
    np.testing.assert_array_equal(joints, np.array(POSE))
    assert joints.dtype == np.float32 and visible.dtype == bool
    assert np.flatnonzero(~visible).tolist() == [4]


def test_only_the_named_file_is_read(tmp_path: Path):
    (tmp_path / "another.txt").write_text("no pose")
    assert read_pose(str(write_txt(tmp_path / "pose.txt", POSE)), 128, 64)[1].sum() == 17


def test_joints_outside_the_picture_are_named(tmp_path: Path):
    pose = list(POSE)
    pose[0], pose[9], pose[17] = (0, 64), (-2, 5), (127.5, 63.5)
    message = r"2 joints of the pose lie outside the picture of 128 x 64: nose at y 0, x 64; right_knee at y -2, x 5\n"
    with pytest.raises(UserError, match=message):
        read_pose(write_txt(tmp_path / "pose.txt", pose), 128, 64)
    with pytest.raises(UserError, match=r"left_ear at y 127\.5, x 63\.5"):
        read_pose(write_txt(tmp_path / "pose.txt", pose), 127, 65)


def test_a_pose_without_joints(tmp_path: Path):
    with pytest.raises(UserError, match="all joints of the pose are missing"):
        read_pose(write_txt(tmp_path / "pose.txt", [(-1, -1)] * 18), 128, 64)


def test_not_exactly_one_pose(tmp_path: Path):
    for poses in ((), (POSE, POSE)):
        with pytest.raises(UserError, match=f"the pose file holds {len(poses)} poses"):
            read_pose(write_csv(tmp_path / "pose.csv", *poses), 128, 64)


def test_files_that_do_not_parse(tmp_path: Path):
    with pytest.raises(UserError, match=r"the pose file does not exist[\s\S]*18 lines row and column"):
        read_pose(tmp_path / "none.txt", 128, 64)
    (tmp_path / "pose.json").write_text("{}")
    with pytest.raises(UserError, match="a pose file of unknown format"):
        read_pose(tmp_path / "pose.json", 128, 64)
    with pytest.raises(UserError, match="17 joints, COCO's"):
        read_pose(write_txt(tmp_path / "pose.txt", POSE[:17]), 128, 64)
    with pytest.raises(UserError, match=r"joint 3 \(right_elbow\) of pose is missing in one list: y -1, x 5"):
        read_pose(write_txt(tmp_path / "pose.txt", [*POSE[:3], (-1, 5), *POSE[4:]]), 128, 64)
    with pytest.raises(UserError, match="begins with 'y,x'"):
        (tmp_path / "pose.csv").write_text("y,x\n1,2\n")
        read_pose(tmp_path / "pose.csv", 128, 64)
