"""Key points: three formats read, joined to the images of an index, written and read again."""

import json
import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dataset_writers import shared_data

from purereid.data.import_keypoints import import_keypoints
from purereid.data.index import write_index
from purereid.data.joints import FLIP, JOINTS, NUMBER, flip_joints
from purereid.data.keypoint_formats import annotation_csv, coco, pose_files
from purereid.data.keypoints import Keypoints, read_keypoints, scale_joints, write_keypoints
from purereid.errors import UserError

HEADER = "name:keypoints_y:keypoints_x"
IMAGES = ("train/b.jpg", "train/a.jpg", "query/c.jpg", "gallery/d.png", "multi/c.jpg")


def make_index(path: Path, images=IMAGES, height: int = 128, width: int = 64, **columns: object) -> Path:
    """Write an index; the picture of an image is told by its file name."""
    numbers = {"pid": 1, "camid": 0, "seq": 0, "frame": 0, "height": height, "width": width}
    rows = [
        {"image": image, "path": image, "split": image.split("/")[0], "sha256": Path(image).name} for image in images
    ]
    write_index(pd.DataFrame(rows).assign(kind="detected", dataset="test", **(numbers | columns)), path)
    return path


def some_joints(seed: int, size: tuple[int, int] = (128, 64)) -> tuple[list[int], list[int]]:
    """y and x of 18 joints, some of them missing."""
    rng = np.random.default_rng(seed)
    there = rng.random(18) < 0.7
    return tuple(np.where(there, rng.integers(0, side, 18), -1).tolist() for side in size)


def write_csv(path: Path, poses: dict[str, tuple[list, list]]) -> Path:
    path.write_text("\n".join([HEADER, *(f"{name}: {y}: {x}" for name, (y, x) in poses.items())]) + "\n")
    return path


def run(tmp_path: Path, *sources: Path, index: Path | None = None, **settings: object) -> Keypoints:
    index = index or make_index(tmp_path / "index.parquet")
    import_keypoints(index=index, sources=sources, keypoints=tmp_path / "keypoints.parquet", **settings)
    return read_keypoints(tmp_path / "keypoints.parquet")


# --- joints ----------------------------------------------------------------------------------------------------------


def test_a_mirror_swaps_every_right_joint_with_its_left_one():
    pairs = {(2, 5), (3, 6), (4, 7), (8, 11), (9, 12), (10, 13), (14, 15), (16, 17)}
    assert {(a, b) for a, b in enumerate(FLIP.tolist()) if a < b} == pairs
    assert FLIP[FLIP].tolist() == list(range(18)) and FLIP[0] == 0 and FLIP[1] == 1


def test_flipping_moves_joints_and_keeps_missing_ones_missing():
    joints = np.full((1, 18, 2), -1, np.float32)
    joints[0, NUMBER["right_wrist"]] = 50, 10
    visible = joints[..., 0] >= 0
    mirrored, seen = flip_joints(joints, visible, 64)
    assert np.argwhere(seen).tolist() == [[0, NUMBER["left_wrist"]]]
    assert mirrored[0, NUMBER["left_wrist"]].tolist() == [50, 53]
    assert (mirrored[~seen] == -1).all() and mirrored.dtype == np.float32
    np.testing.assert_array_equal(flip_joints(mirrored, seen, 64)[0], joints)


def test_published_joints_14_and_16_are_the_right_eye_and_ear():
    y, x = annotation_csv.read(shared_data("keypoints/market-annotation-train.csv")).joints.transpose(2, 0, 1)
    for right, left in (("right_eye", "left_eye"), ("right_ear", "left_ear")):
        a, b, c, d = (NUMBER[name] for name in (right, left, "right_shoulder", "left_shoulder"))
        seen = (y[:, [a, b, c, d]] >= 0).all(axis=1)
        front = seen & (x[:, d] - x[:, c] > 12)
        assert np.count_nonzero(front) > 1000
        assert np.mean(x[front, a] < x[front, b]) > 0.999


# --- formats ---------------------------------------------------------------------------------------------------------


def test_csv_keeps_the_order_of_its_lines(tmp_path):
    poses = {f"{name}.jpg": some_joints(seed) for seed, name in enumerate("bca")}
    found = annotation_csv.read(write_csv(tmp_path / "k.csv", poses))
    assert found.names == list(poses)
    for (y, x), joints, visible in zip(poses.values(), found.joints, found.visible, strict=True):
        assert joints.tolist() == [list(place) for place in zip(y, x, strict=True)]
        assert visible.tolist() == [value >= 0 for value in y]


def test_pose_files_have_row_before_column(tmp_path):
    for seed, name in enumerate(("b", "a.jpg")):
        lines = [f"{y} {x}" for y, x in zip(*some_joints(seed), strict=True)]
        (tmp_path / f"{name}.txt").write_text("\n".join(lines) + "\n")
    found = pose_files.read(tmp_path)
    assert found.names == ["a.jpg", "b"]
    for seed, joints in ((1, found.joints[0]), (0, found.joints[1])):
        np.testing.assert_array_equal(joints, np.transpose(some_joints(seed)))


def coco_person(shift: float = 0.0, v: float = 2, **changed: float) -> list[float]:
    """17 joints at x = 2 k + shift, y = 3 k; ``changed`` sets the v of some."""
    values = [v] * 17
    for name, value in changed.items():
        values[coco.COCO_JOINTS.index(name)] = value
    return [number for k in range(17) for number in (2 * k + shift, 3 * k, values[k])]


def test_coco_joints_go_to_their_places_and_the_neck_between_the_shoulders(tmp_path):
    content = {
        "images": [{"id": 7, "file_name": "a.jpg"}, {"id": 3, "file_name": "nobody.jpg"}],
        "annotations": [{"image_id": 7, "keypoints": coco_person(left_wrist=0, nose=1)}],
    }
    (tmp_path / "k.json").write_text(json.dumps(content))
    found = coco.read(tmp_path / "k.json", 0.0)
    assert found.names == ["a.jpg", "nobody.jpg"]
    assert not found.visible[1].any() and (found.joints[1] == -1).all()
    seen = {name: found.joints[0, k].tolist() for k, name in enumerate(JOINTS) if found.visible[0, k]}
    assert len(seen) == 17 and "left_wrist" not in seen
    # COCO's joints 1, 2 are the left and right eye, 5, 6 the left and right shoulder
    assert seen["nose"] == [0, 0] and seen["left_eye"] == [3, 2] and seen["right_eye"] == [6, 4]
    assert seen["left_shoulder"] == [15, 10] and seen["right_shoulder"] == [18, 12] and seen["neck"] == [16.5, 11]
    assert seen["right_ankle"] == [48, 32] and seen["left_ankle"] == [45, 30]


def test_no_neck_without_both_shoulders(tmp_path):
    content = [{"image_id": "a.jpg", "keypoints": coco_person(v=0.9, left_shoulder=0.2), "score": 1}]
    (tmp_path / "k.json").write_text(json.dumps(content))
    assert coco.read(tmp_path / "k.json", 0.0).visible[0, NUMBER["neck"]]
    found = coco.read(tmp_path / "k.json", 0.3)
    assert not found.visible[0, [NUMBER["neck"], NUMBER["left_shoulder"]]].any()
    assert np.count_nonzero(found.visible) == 16


def test_coco_takes_the_strongest_person(tmp_path):
    people = [
        {"image_id": "a.jpg", "keypoints": coco_person(1), "score": 0.2},
        {"image_id": "a.jpg", "keypoints": coco_person(2), "score": 0.8},
        {"image_id": 5, "file_name": "b.jpg", "keypoints": coco_person(3, nose=0)},
        {"image_id": 5, "file_name": "b.jpg", "keypoints": coco_person(4)},
    ]
    (tmp_path / "k.json").write_text(json.dumps(people))
    found = coco.read(tmp_path / "k.json", 0.0)
    assert found.names == ["a.jpg", "b.jpg"]
    assert found.joints[:, 0, 1].tolist() == [2, 4]


GOOD = ("[" + ", ".join(["5"] * 18) + "]",) * 2
BAD_CSV = [
    ("", r"begins with ''"),
    ("name,keypoints_y,keypoints_x\n", "begins with 'name,keypoints_y,keypoints_x'"),
    (f"{HEADER}\n", "has no rows"),
    (f"{HEADER}\na.jpg: [1, 2]: [3, 4]\n", "line 2: 2 joints\n.*\n.*18 joints"),
    (f"{HEADER}\na.jpg: {[5] * 17}: {[5] * 17}\n", "line 2: 17 joints, COCO's\n(.|\n)*OpenPose's(.|\n)*COCO JSON"),
    (f"{HEADER}\na.jpg: {[5] * 25}: {[5] * 25}\n", "line 2: 25 joints, those of OpenPose's BODY_25"),
    (f"{HEADER}\na.jpg: {GOOD[0]}: {GOOD[1]}\nb.jpg: {GOOD[0]}\n", "line 3 does not parse"),
    (f"{HEADER}\na.jpg: {GOOD[0]}: {GOOD[1][:-3]}\n", "line 2 does not parse"),
    (f"{HEADER}\n: {GOOD[0]}: {GOOD[1]}\n", "line 2 does not parse"),
    (f"{HEADER}\na.jpg: {GOOD[0].replace('5', 'true', 1)}: {GOOD[1]}\n", "line 2 does not parse"),
    (
        f"{HEADER}\na.jpg: {GOOD[0].replace('5', '-1', 1)}: {GOOD[1]}\n",
        r"joint 0 \(nose\) of a\.jpg is missing in one list: y -1, x 5",
    ),
    (f"{HEADER}\na.jpg: {GOOD[0].replace('5', 'NaN', 1)}: {GOOD[1]}\n", "is not a finite number"),
    (f"{HEADER}\na.jpg: {GOOD[0].replace('5', '5' * 400, 1)}: {GOOD[1]}\n", "is not a finite number"),
    (f"{HEADER}\na.jpg: {GOOD[0].replace('5', '1e400', 1)}: {GOOD[1]}\n", "is not a finite number"),
    (f"{HEADER}\na.jpg: {'[' * 100_000}: {GOOD[1]}\n", "line 2 does not parse"),
    (f"{HEADER}\n" + f"a.jpg: {GOOD[0]}: {GOOD[1]}\n" * 2, r"1 names come twice, such as a\.jpg"),
]


@pytest.mark.parametrize(("text", "message"), BAD_CSV)
def test_bad_csv(tmp_path, text, message):
    (tmp_path / "k.csv").write_text(text)
    with pytest.raises(UserError, match=message) as error:
        run(tmp_path, tmp_path / "k.csv")
    assert "k.csv" in str(error.value)
    assert not (tmp_path / "keypoints.parquet").exists()


def test_csv_that_is_no_text(tmp_path):
    (tmp_path / "k.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="no text in UTF-8"):
        run(tmp_path, tmp_path / "k.csv")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2\n" * 17, "17 joints, COCO's\n.*\n.*18 joints, OpenPose's(.|\n)*COCO JSON"),
        ("1 2 3\n" + "1 2\n" * 17, "has 37 numbers on 18 lines"),
        ("1 x\n" + "1 2\n" * 17, "something other than numbers"),
        ("-1 2\n" + "1 2\n" * 17, r"joint 0 \(nose\) of a is missing in one list"),
    ],
)
def test_bad_pose_files(tmp_path, text, message):
    (tmp_path / "poses").mkdir()
    (tmp_path / "poses/a.txt").write_text(text)
    with pytest.raises(UserError, match=message):
        run(tmp_path, tmp_path / "poses")


PERSON = {"image_id": "a.jpg", "keypoints": coco_person()}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("no json", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ({"annotations": []}, "holds no COCO key points"),
        (3, "holds no COCO key points"),
        ([], "has no rows"),
        ([PERSON | {"image_id": 12}], "entry 0 names its image by the number 12"),
        ([PERSON, PERSON | {"keypoints": [1, 2, 3]}], "entry 1 has 3 numbers"),
        ([PERSON | {"keypoints": [1, 2, 2] * 18}], "entry 0 has 54 numbers, as 18 joints, OpenPose's(.|\n)*csv"),
        ({"people": [{"pose_keypoints_2d": []}]}, "OpenPose's output of one image"),
        ([{"image_id": "a.jpg", "bbox": [1, 2, 3, 4]}], "entry 0 has no usable key points"),
        (["a.jpg"], "entry 0 has no usable key points"),
        ([PERSON | {"keypoints": coco_person(nose=10**400)}], "entry 0 has no usable key points"),
        ([PERSON | {"score": 10**400}], "entry 0 has no usable key points"),
        ({"images": 3, "annotations": []}, "holds no COCO key points"),
        ({"images": [], "annotations": 3}, "holds no COCO key points"),
        ({"images": [{"id": 1, "file_name": 5}], "annotations": []}, "an entry of images lacks id or file_name"),
        ({"images": [], "annotations": [PERSON | {"image_id": [1]}]}, r"of image \[1\], which is not listed"),
        ({"images": [{"id": 1}], "annotations": []}, "an entry of images lacks id or file_name"),
        ({"images": [{"id": 1, "file_name": 7}], "annotations": []}, "an entry of images lacks id or file_name"),
        ({"images": [{"id": 1, "file_name": "a"}], "annotations": [PERSON]}, r"of image 'a\.jpg', which is not listed"),
    ],
)
def test_bad_coco(tmp_path, content, message):
    (tmp_path / "k.json").write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(UserError, match=message):
        run(tmp_path, tmp_path / "k.json")


@pytest.mark.parametrize("name", ["a", "a.jpg", "a.JPG", "a.png"])
def test_names_may_lack_an_ending_or_have_another_one(tmp_path, name):
    index = make_index(tmp_path / "named.parquet", images=("query/a.jpg", "query/b.jpg"))
    found = run(tmp_path, write_csv(tmp_path / "k.csv", {name: some_joints(0)}), index=index)
    assert list(found.images) == ["query/a.jpg"]


def test_key_points_of_another_ending_are_not_given_to_two_images(tmp_path):
    index = make_index(tmp_path / "named.parquet", images=("query/a.jpg", "query/a.webp"))
    with pytest.raises(UserError, match=r"a\.png may belong to 2 different images"):
        run(tmp_path, write_csv(tmp_path / "k.csv", {"a.png": some_joints(0)}), index=index)


def test_byte_order_marks_hidden_files_and_endings_in_capitals_do_no_harm(tmp_path):
    poses, lines = tmp_path / "poses", "\n".join(f"{y} {x}" for y, x in zip(*some_joints(0), strict=True))
    poses.mkdir()
    (poses / "a.TXT").write_text("\ufeff" + lines)
    (poses / "._a.txt").write_bytes(b"\0\1")
    assert pose_files.read(poses).names == ["a"]
    (tmp_path / "k.json").write_text("\ufeff" + json.dumps([PERSON]))
    assert coco.read(tmp_path / "k.json", 0.0).names == ["a.jpg"]


@pytest.mark.parametrize(("file", "told"), [("1_keypoints.json", "1_keypoints.json"), ("a/1.txt", "a/")])
def test_what_a_folder_without_pose_files_holds_is_told(tmp_path, file, told):
    (tmp_path / "poses" / file).parent.mkdir(parents=True)
    (tmp_path / "poses" / file).touch()
    with pytest.raises(UserError, match=f"holds no pose files, but {told}"):
        run(tmp_path, tmp_path / "poses")


def test_sources_that_are_not_there(tmp_path):
    with pytest.raises(UserError, match="no key-point file is given"):
        run(tmp_path)
    with pytest.raises(UserError, match="the key-point file does not exist"):
        run(tmp_path, tmp_path / "none.csv")
    (tmp_path / "k.txt").write_text("")
    with pytest.raises(UserError, match="unknown format"):
        run(tmp_path, tmp_path / "k.txt")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="the folder holds no pose files"):
        run(tmp_path, tmp_path / "empty")


# --- import ----------------------------------------------------------------------------------------------------------


def test_rows_find_their_images_and_keep_their_order(tmp_path, caplog):
    first = write_csv(tmp_path / "1.csv", {"b.jpg": some_joints(0), "stranger.jpg": some_joints(1)})
    second = write_csv(tmp_path / "2.csv", {"gallery/d.png": some_joints(2), "c.jpg": some_joints(3)})
    with caplog.at_level(logging.INFO, "purereid"):
        found = run(tmp_path, first, second)
    # c.jpg lies in query and multi: it is the same picture
    assert found.images == ["train/b.jpg", "gallery/d.png", "query/c.jpg", "multi/c.jpg"]
    for row, seed in enumerate((0, 2, 3, 3)):
        np.testing.assert_array_equal(found.joints[row], np.transpose(some_joints(seed)))
        np.testing.assert_array_equal(found.visible[row], np.array(some_joints(seed)[0]) >= 0)
    assert found.joints.dtype == np.float32 and found.sizes.tolist() == [[128, 64]] * 4
    assert "1 rows of key points have no image in the index: stranger.jpg" in caplog.text
    assert "1 images of train have no key points: train/a.jpg" in caplog.text
    assert "4 images have key points, 0 of them without any joint" in caplog.text


def test_names_with_folders_are_compared_by_whole_folders(tmp_path, caplog):
    rows = {"x/c.jpg": 0, "ain/a.jpg": 1, "/data/set/gallery/d": 2, ".//train//b": 3, "..\\multi\\c.jpg": 4}
    source = write_csv(tmp_path / "1.csv", {name: some_joints(seed) for name, seed in rows.items()})
    with caplog.at_level(logging.INFO, "purereid"):
        found = run(tmp_path, source)
    assert found.images == ["gallery/d.png", "train/b.jpg", "multi/c.jpg"]
    assert "2 rows of key points have no image in the index: x/c.jpg, ain/a.jpg" in caplog.text


def test_letters_with_signs_are_the_same_however_they_are_written(tmp_path):
    index = make_index(tmp_path / "index.parquet", ("train/Jos\u00e9.jpg", "train/Zoe\u0308.jpg"))
    source = write_csv(tmp_path / "k.csv", {"Jose\u0301.jpg": some_joints(0), "train/Zo\u00eb.jpg": some_joints(1)})
    import_keypoints(index=index, sources=[source], keypoints=tmp_path / "k.parquet")
    assert sorted(read_keypoints(tmp_path / "k.parquet").images) == ["train/Jos\u00e9.jpg", "train/Zoe\u0308.jpg"]


def test_two_persons_with_files_of_one_name(tmp_path):
    """A file for all of them is good for some of them."""
    index = make_index(tmp_path / "index.parquet", ("train/anna/1.jpg", "train/anna/2.jpg"))
    names = ["anna/1.jpg", "bob/1.jpg", "train/anna/2.jpg"]
    source = write_csv(tmp_path / "k.csv", {name: some_joints(seed) for seed, name in enumerate(names)})
    import_keypoints(index=index, sources=[source], keypoints=tmp_path / "k.parquet")
    found = read_keypoints(tmp_path / "k.parquet")
    assert sorted(found.images) == ["train/anna/1.jpg", "train/anna/2.jpg"]
    row = list(found.images).index("train/anna/1.jpg")
    np.testing.assert_array_equal(found.joints[row], np.transpose(some_joints(0)))


def test_pose_files_and_coco_find_their_images(tmp_path):
    (tmp_path / "poses").mkdir()
    (tmp_path / "poses/d.txt").write_text("".join(f"{y} {x}\n" for y, x in zip(*some_joints(0), strict=True)))
    (tmp_path / "k.json").write_text(json.dumps([PERSON]))
    found = run(tmp_path, tmp_path / "poses", tmp_path / "k.json")
    assert found.images == ["gallery/d.png", "train/a.jpg"]
    np.testing.assert_array_equal(found.joints[0], np.transpose(some_joints(0)))


def test_same_files_give_the_same_bytes(tmp_path):
    source = write_csv(tmp_path / "k.csv", {"b.jpg": some_joints(0), "a.jpg": some_joints(1)})
    run(tmp_path, source)
    before = (tmp_path / "keypoints.parquet").read_bytes()
    run(tmp_path, source)
    assert (tmp_path / "keypoints.parquet").read_bytes() == before
    assert not list(tmp_path.glob(".*"))


def test_no_row_has_an_image(tmp_path):
    source = write_csv(tmp_path / "k.csv", {"x.jpg": some_joints(0), "y.jpg": some_joints(1)})
    with pytest.raises(
        UserError, match=r"none of the 2 rows of key points belongs to an image: x\.jpg, y\.jpg"
    ) as error:
        run(tmp_path, source)
    assert "such as train/a.jpg, train/b.jpg" in str(error.value)


def test_a_name_of_different_images_is_refused_unless_it_is_an_id(tmp_path):
    index = make_index(tmp_path / "index.parquet", ("train/a.jpg", "gallery/a.jpg"), sha256=["1", "2"])
    with pytest.raises(UserError, match=r"the key points of a\.jpg may belong to 2 different images") as error:
        run(tmp_path, write_csv(tmp_path / "k.csv", {"a.jpg": some_joints(0)}), index=index)
    assert "train/a.jpg, gallery/a.jpg" in str(error.value)
    found = run(tmp_path, write_csv(tmp_path / "k.csv", {"gallery/a.jpg": some_joints(0)}), index=index)
    assert found.images == ["gallery/a.jpg"]


def test_two_rows_of_one_image_are_refused(tmp_path):
    source = write_csv(tmp_path / "k.csv", {"a.jpg": some_joints(0), "train/a.jpg": some_joints(1)})
    with pytest.raises(UserError, match=r"1 images have two rows of key points: train/a\.jpg"):
        run(tmp_path, source)


def test_no_joint_at_all(tmp_path):
    nothing = ([-1] * 18, [-1] * 18)
    with pytest.raises(UserError, match="no image has any joint"):
        run(tmp_path, write_csv(tmp_path / "k.csv", {"a.jpg": nothing}))
    found = run(tmp_path, write_csv(tmp_path / "k.csv", {"a.jpg": nothing, "b.jpg": some_joints(0)}))
    assert not found.visible[0].any()


def test_joints_outside_their_picture(tmp_path, caplog):
    y, x = [5] * 18, [5] * 18
    y[3], x[17], y[9] = 128, 64, -3
    source = write_csv(tmp_path / "k.csv", {"a.jpg": (y, x), "b.jpg": ([127] * 18, [63] * 18)})
    message = r"3 joints of 1 images lie outside their picture: right_elbow of train/a\.jpg at y 128, x 5 of 128 x 64"
    with pytest.raises(UserError, match=message) as error:
        run(tmp_path, source)
    assert "import_keypoints.frame" in str(error.value) and "import_keypoints.outside to drop" in str(error.value)
    with caplog.at_level(logging.INFO, "purereid"):
        found = run(tmp_path, source, outside="drop")
    assert np.flatnonzero(~found.visible[0]).tolist() == [3, 9, 17]
    assert (found.joints[0][~found.visible[0]] == -1).all() and found.visible[1].all()
    assert "dropped: 3 joints of 1 images" in caplog.text
    with pytest.raises(UserError, match="outside is 'keep'"):
        run(tmp_path, source, outside="keep")


def test_key_points_made_on_pictures_of_another_size(tmp_path):
    index = make_index(tmp_path / "index.parquet", height=300, width=101)
    source = write_csv(tmp_path / "k.csv", {"a.jpg": some_joints(0)})
    found = run(tmp_path, source, index=index, frame=[128, 64])
    expected = (np.transpose(some_joints(0)) + 0.5) * [300 / 128, 101 / 64] - 0.5
    np.testing.assert_allclose(found.joints[0][found.visible[0]], expected[found.visible[0]], atol=1e-3)
    assert found.sizes.tolist() == [[300, 101]]
    # and back again, exactly
    np.testing.assert_array_equal(found.scaled(128, 64)[0], np.transpose(some_joints(0)))


def test_corners_and_centres_are_kept_by_scaling():
    joints = np.array([[[-0.5, -0.5], [127.5, 63.5], [63.5, 31.5], [9, 9]]])
    visible = np.array([[True, True, True, False]])
    found = scale_joints(joints, visible, (128, 64), (64, 256))
    assert found.tolist() == [[[-0.5, -0.5], [63.5, 255.5], [31.5, 127.5], [-1, -1]]]


def test_all_published_rows(tmp_path):
    sources = [shared_data(f"keypoints/market-annotation-{side}.csv") for side in ("train", "test")]
    lines = [line for source in sources for line in source.read_text().splitlines()[1:]]
    names = [line.split(":")[0] for line in lines]
    index = make_index(tmp_path / "index.parquet", [f"train/{name}" for name in names])
    found = run(tmp_path, *sources, index=index)
    assert found.images == [f"train/{name}" for name in names] and len(names) == 32_668
    assert np.count_nonzero(~found.visible[:12_936].any(axis=1)) == 419
    assert np.count_nonzero(~found.visible[12_936:].any(axis=1)) == 3_445
    for row in range(0, len(lines), 97):
        y, x = (json.loads(text) for text in lines[row].split(":")[1:])
        assert found.joints[row].T.tolist() == [y, x]


# --- the file --------------------------------------------------------------------------------------------------------


@pytest.fixture
def keypoints() -> Keypoints:
    joints = np.array([np.transpose(some_joints(seed)) for seed in range(4)], np.float32)
    return Keypoints(list("abcd"), joints, joints[..., 0] >= 0, np.full((4, 2), (128, 64), np.int32))


def test_wanted_images_come_in_the_wanted_order(tmp_path, keypoints):
    write_keypoints(tmp_path / "k.parquet", keypoints)
    found = read_keypoints(tmp_path / "k.parquet", ["d", "b"])
    assert found.images == ["d", "b"]
    np.testing.assert_array_equal(found.joints, keypoints.joints[[3, 1]])
    np.testing.assert_array_equal(found.visible, keypoints.visible[[3, 1]])
    with pytest.raises(UserError, match="2 of 3 images have no key points, such as x"):
        read_keypoints(tmp_path / "k.parquet", ["x", "a", "y"])


def test_bad_files_of_key_points(tmp_path, keypoints):
    path = tmp_path / "k.parquet"
    with pytest.raises(UserError, match="the key points do not exist"):
        read_keypoints(path)
    path.write_text("no key points")
    with pytest.raises(UserError, match="the key points cannot be read"):
        read_keypoints(path)
    pq.write_table(pa.table({"image": ["a"]}), path)
    with pytest.raises(UserError, match="the key points have the columns image string"):
        read_keypoints(path)
    write_keypoints(path, keypoints._replace(images=["a", "b", "b", "c"]))
    with pytest.raises(UserError, match="image b is listed twice"):
        read_keypoints(path)
    keypoints.joints[2, 4, 1] = np.nan
    write_keypoints(path, keypoints)
    with pytest.raises(UserError, match="joints of c are not finite numbers"):
        read_keypoints(path)
    table = pq.read_table(path)
    pq.write_table(table.set_column(0, table.field(0), pa.array(["a", None, "c", "d"])), path)
    with pytest.raises(UserError, match="the key points have empty cells"):
        read_keypoints(path)
