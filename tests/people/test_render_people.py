"""The written data set: layout, names, counts, ground truth, reproducibility, bad settings."""

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from purereid.errors import UserError
from purereid.people.atlas import PARTS
from purereid.people.ground_truth import read_uv_maps
from purereid.people.scene import render_as, render_scene, scene_of
from purereid.people.texture import texture_of
from purereid.people.writer import encode, render_people

SETTINGS = {
    "train_identities": 3,
    "val_identities": 2,
    "test_identities": 4,
    "cameras": 3,
    "images_per_camera": [1, 2],
    "distractors": 9,
    "junk": 4,
    "height": 64,
    "width": 32,
    "quality": 90,
    "seed": 5,
    "processes": 1,
}
NAME = re.compile(r"^(-1|\d{4})_c(\d+)s(\d+)_(\d+)_(\d+)\.jpg$")


@pytest.fixture(scope="module")
def people(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("people")
    render_people(folder, **SETTINGS)
    return folder


@pytest.fixture(scope="module")
def scenes(people) -> pd.DataFrame:
    return pd.read_parquet(people / "scene.parquet")


def file_bytes(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_names_sizes_and_rows_agree(people, scenes):
    images = {path.relative_to(people).as_posix() for path in people.glob("*/*.jpg")}
    assert images == set(scenes["image"])
    assert scenes["image"].is_monotonic_increasing
    folders = {
        "train": "bounding_box_train",
        "val": "bounding_box_val",
        "gallery": "bounding_box_test",
        "query": "query",
        "multi": "gt_bbox",
    }
    for row in scenes.itertuples():
        folder, name = row.image.split("/")
        pid, camera, _, _, box = NAME.match(name).groups()
        assert (folder, int(pid), int(camera) - 1) == (folders[row.split], row.pid, row.camid)
        assert (box == "00") == (row.kind == "drawn") == (row.split in ("query", "multi"))
        assert cv2.imread(str(people / row.image)).shape == (64, 32, 3)


def test_counts_a_split(scenes):
    by_split = dict(list(scenes.groupby("split")))
    train, val, gallery, query, multi = (by_split[split] for split in ("train", "val", "gallery", "query", "multi"))
    persons = [set(rows["pid"]) for rows in (train, val, query)]
    assert [len(each) for each in persons] == [3, 2, 4] and len(set.union(*persons)) == 9
    assert (gallery["pid"] == 0).sum() == 9
    assert (gallery["pid"] == -1).sum() == 4
    people = gallery[gallery["pid"] > 0]
    assert set(people["pid"]) == set(query["pid"])
    for boxes in (train, val, people, multi):
        assert boxes.groupby(["pid", "camid"]).size().between(1, 2).all()
    assert len(multi) == len(people)
    assert not query.duplicated(["pid", "camid"]).any()
    assert set(map(tuple, query[["pid", "camid"]].values)) == set(map(tuple, people[["pid", "camid"]].values))


def test_every_query_has_a_match_in_another_camera(scenes):
    people = scenes[scenes["split"] == "gallery"]
    for query in scenes[scenes["split"] == "query"].itertuples():
        assert ((people["pid"] == query.pid) & (people["camid"] != query.camid)).any()


def test_query_is_also_a_multi_query_box(people, scenes):
    for image in scenes[scenes["split"] == "query"]["image"]:
        assert (people / image).read_bytes() == (people / image.replace("query", "gt_bbox")).read_bytes()


def test_distractors_are_nobody_else(scenes):
    strangers = scenes[scenes["pid"] == 0]
    assert strangers["identity"].is_unique
    assert not set(strangers["identity"]) & set(scenes[scenes["pid"] > 0]["identity"])
    assert set(scenes[scenes["pid"] == -1]["identity"]) <= set(scenes[scenes["split"] == "query"]["identity"])


def test_keypoint_files_have_the_published_format(people, scenes):
    for file, splits in (("keypoints-train.csv", ["train", "val"]), ("keypoints-test.csv", ["gallery", "query"])):
        lines = (people / file).read_text().splitlines()
        assert lines[0] == "name:keypoints_y:keypoints_x"
        assert all(re.fullmatch(r"[^:]+\.jpg: \[[-\d, ]+\]: \[[-\d, ]+\]", line) for line in lines[1:])
        table = pd.read_csv(people / file, sep=":")
        expected = scenes[scenes["split"].isin(splits)]["image"].str.split("/").str[1]
        assert sorted(table["name"]) == sorted(expected)
        y, x = (np.array([json.loads(row) for row in table[f"keypoints_{axis}"]]) for axis in "yx")
        assert y.shape == x.shape == (len(table), 18)
        assert ((y == -1) == (x == -1)).all()
        assert y.min() >= -1 and y.max() < 64 and x.min() >= -1 and x.max() < 32
        assert (y >= 0).mean() > 0.4
        for upper, lower in ((3, 4), (6, 7), (9, 10), (12, 13)):
            assert not ((y[:, upper] < 0) & (y[:, lower] >= 0)).any()


def test_keypoints_are_those_of_the_scene(people, scenes):
    table = pd.read_csv(people / "keypoints-train.csv", sep=":").set_index("name")
    for _, row in scenes[scenes["split"] == "train"].iterrows():
        rendering = render_scene(scene_of(row))
        written = table.loc[row["image"].split("/")[1]]
        points = np.stack([json.loads(written["keypoints_y"]), json.loads(written["keypoints_x"])], axis=1)
        seen = points[:, 0] >= 0
        assert seen.sum() == 0 or (seen == rendering.visible).all()
        assert (points[seen] == rendering.keypoints[seen]).all()


def test_rows_render_the_written_files_again(people, scenes):
    maps = dict(read_uv_maps(people / "uv.arrow"))
    assert set(maps) == set(scenes["image"])
    for _, row in scenes.iterrows():
        rendering = render_scene(scene_of(row))
        assert encode(rendering, row["quality"]) == (people / row["image"]).read_bytes()
        assert np.array_equal(rendering.uv, maps[row["image"]])


def test_textures_belong_to_the_identities(people, scenes):
    assert {path.stem for path in (people / "textures").iterdir()} == {f"{n:04d}" for n in scenes["identity"]}
    for _, row in scenes.drop_duplicates("identity").iterrows():
        file = cv2.imread(str(people / "textures" / f"{row['identity']:04d}.png"))[..., ::-1]
        assert np.array_equal(file, texture_of(scene_of(row).identity))


def test_render_as_puts_one_person_in_the_place_of_another(scenes):
    first, second = (rows.iloc[0] for _, rows in list(scenes[scenes["split"] == "train"].groupby("pid"))[:2])
    own, swapped = render_as(second, second), render_as(first, second)
    assert np.array_equal(own.image, render_scene(scene_of(second)).image)
    assert not np.array_equal(swapped.image, own.image)
    joints = own.visible & swapped.visible
    assert joints.sum() >= 6
    assert np.abs(own.keypoints - swapped.keypoints)[joints].max() <= 8


def test_bytes_do_not_depend_on_processes(people, tmp_path):
    told = []
    render_people(tmp_path, **SETTINGS | {"processes": 2}, progress=lambda done, total: told.append((done, total)))
    assert file_bytes(tmp_path) == file_bytes(people)
    images = len(list(people.glob("*/*.jpg")))
    assert told[-1] == (images, images)


def test_seed_changes_people_and_cameras(scenes, tmp_path):
    render_people(tmp_path, **SETTINGS | {"seed": 6})
    other = pd.read_parquet(tmp_path / "scene.parquet")
    first, second = (scene_of(rows.iloc[0]) for rows in (scenes, other))
    assert first.view.camera.gains != second.view.camera.gains
    assert not np.array_equal(texture_of(first.identity), texture_of(second.identity))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"cameras": 0}, "0 camera"),
        ({"cameras": 1}, "images of another camera"),
        ({"train_identities": 1}, "train_identities is 1"),
        ({"test_identities": 0}, "test_identities is 0"),
        ({"val_identities": 1}, "val_identities is 1"),
        ({"val_identities": -1}, "val_identities is -1"),
        ({"images_per_camera": [3, 2]}, r"images_per_camera is \[3, 2\]"),
        ({"images_per_camera": [0, 2]}, "1 <= least"),
        ({"images_per_camera": [2]}, r"images_per_camera is \[2\]"),
        ({"distractors": -1}, "distractors is -1"),
        ({"junk": -2}, "junk is -2"),
        ({"height": 16}, "at least 32 x 16"),
        ({"width": 8}, "64 x 8 pixels"),
        ({"quality": 0}, "quality is 0"),
        ({"quality": 101}, "1 to 100"),
        ({"seed": -1}, "seed is -1"),
        ({"processes": 0}, "processes is 0"),
    ],
)
def test_bad_settings_are_told(tmp_path, setting, message):
    with pytest.raises(UserError, match=message):
        render_people(tmp_path / "people", **SETTINGS | setting)
    assert not (tmp_path / "people").exists()


def test_parts_are_named_in_the_uv_file(people):
    with pa.OSFile(str(people / "uv.arrow")) as source:
        about = pa.ipc.open_file(source).schema.metadata
    assert json.loads(about[b"parts"]) == list(PARTS)
