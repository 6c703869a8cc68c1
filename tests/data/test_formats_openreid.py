"""Reading the layout of Open-ReID."""

import json
from pathlib import Path

import pytest
from dataset_writers import run, write_images

from purereid.data.import_keypoints import import_keypoints
from purereid.data.keypoints import read_keypoints
from purereid.errors import UserError
from purereid.reid.protocols import choose_sides

IMAGES = [  # by identity and camera; 0 are distractors
    [["00000000_00_0000.jpg"], ["00000000_01_0000.jpg"]],
    [["00000001_00_0000.jpg", "00000001_00_0001.jpg"], ["00000001_01_0000.jpg"]],
    [["00000002_00_0000.jpg"], []],
    [["00000003_00_0000.jpg", "00000003_00_0001.jpg"], ["00000003_01_0000.jpg", "00000003_01_0001.jpg"]],
    [[], ["00000004_01_0000.jpg", "00000004_01_0001.jpg"]],
]
SPLIT = {"trainval": [2, 1], "query": [3], "gallery": [0, 3, 4]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "market1501"
    write_images(root / "images", [name for cameras in IMAGES for names in cameras for name in names])
    write(root, "meta", {"name": "Market1501", "identities": IMAGES})
    write(root, "splits", [SPLIT, {"trainval": [4, 3], "query": [1], "gallery": [1]}])
    return root


def write(folder: Path, name: str, content: object) -> None:
    (folder / f"{name}.json").write_text(json.dumps(content))


def by_split(table) -> dict[str, list[str]]:
    return {split: sorted(rows["image"].str.removeprefix("images/")) for split, rows in table.groupby("split")}


def test_one_query_of_each_identity_and_camera(folder: Path, tmp_path: Path):
    table = run(tmp_path / "out", "openreid", folder)
    assert by_split(table) == {
        "train": sorted(name for pid in (1, 2) for names in IMAGES[pid] for name in names),
        "query": ["00000003_00_0001.jpg", "00000003_01_0001.jpg"],  # Open-ReID numbers queries after the gallery
        "gallery": sorted(
            ["00000003_00_0000.jpg", "00000003_01_0000.jpg", *IMAGES[0][0], *IMAGES[0][1], *IMAGES[4][1]]
        ),
    }
    rows = table.set_index("image")
    assert rows.loc["images/00000001_01_0000.jpg", ["pid", "camid"]].tolist() == [1, 1]


def test_the_published_protocol_asks_for_all_test_images_of_the_queries(folder: Path, tmp_path: Path):
    sides = choose_sides(run(tmp_path / "out", "openreid", folder), "openreid", folder)
    assert len(sides.query) == 4 and set(sides.query["pid"]) == {3} and len(sides.gallery) == 8


def test_the_last_training_identities_may_be_for_validation(folder: Path, tmp_path: Path):
    table = run(tmp_path / "out", "openreid", folder, val_identities=1)
    assert by_split(table)["val"] == ["00000002_00_0000.jpg"] and len(by_split(table)["train"]) == 3
    other = by_split(run(tmp_path / "other", "openreid", folder, split=1))
    assert len(other["train"]) == 6 and len(other["query"]) == 2 and len(other["gallery"]) == 1


def test_its_poses_are_read(folder: Path, tmp_path: Path):
    run(tmp_path / "out", "openreid", folder)
    (folder / "poses").mkdir()
    lines = ["3 4", "-1 -1", *(f"{number} 5" for number in range(16))]
    for name in ("00000001_00_0000", "00000003_01_0001"):
        (folder / "poses" / f"{name}.txt").write_text("\n".join(lines))
    out = tmp_path / "keypoints.parquet"
    import_keypoints(index=tmp_path / "out/index.parquet", sources=[folder / "poses"], keypoints=out)
    poses = read_keypoints(out)
    assert sorted(poses.images) == ["images/00000001_00_0000.jpg", "images/00000003_01_0001.jpg"]
    assert poses.joints[0, 0].tolist() == [3, 4] and not poses.visible[0, 1] and poses.joints[0, 2].tolist() == [0, 5]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("meta", None, "there is no meta.json"),
        ("splits", None, "there is no splits.json"),
        ("meta", {"identities": [["a.jpg"]]}, "meta.json lists no images by identity and camera"),
        ("meta", {"identities": [[["a\0.jpg"]]]}, "meta.json lists no images by identity and camera"),
        ("meta", {"identities": [[["../../secret.jpg"]]]}, "meta.json lists no images by identity and camera"),
        ("meta", [1], "meta.json lists no images by identity and camera"),
        ("splits", {}, "splits.json is no list of splits"),
        ("splits", [{"trainval": [1], "query": [3]}], "split 0 lacks lists of identities"),
        ("splits", [SPLIT | {"query": [9]}], "1 identities are not in meta.json, such as 9"),
        ("splits", [SPLIT | {"query": [10**40]}], "1 identities are not in meta.json, such as 1000"),
        ("splits", [SPLIT | {"query": [-1]}], "1 identities are not in meta.json, such as -1"),
        ("splits", [SPLIT | {"query": [1.5]}], "split 0 lacks lists of identities"),
        ("splits", [SPLIT | {"query": [3, 1]}], "1 identities are for training and for tests, such as 1"),
    ],
)
def test_files_that_are_not_as_expected(folder: Path, tmp_path: Path, name: str, content: object, message: str):
    (folder / f"{name}.json").unlink()
    if content is not None:
        write(folder, name, content)
    with pytest.raises(UserError, match=message):
        run(tmp_path / "out", "openreid", folder)


def test_text_that_is_no_json_and_a_split_that_is_not_there(folder: Path, tmp_path: Path):
    with pytest.raises(UserError, match=r"there is no split 2\n.*\n.*split: 0 to 1"):
        run(tmp_path / "out", "openreid", folder, split=2)
    with pytest.raises(UserError, match=r"there is no split -1"):
        run(tmp_path / "out", "openreid", folder, split=-1)
    with pytest.raises(UserError, match=r"val_identities is -1"):
        run(tmp_path / "out", "openreid", folder, val_identities=-1)
    for text in ("{", "[" * 100_000):
        (folder / "meta.json").write_text(text)
        with pytest.raises(UserError, match=r"meta.json cannot be read"):
            run(tmp_path / "out", "openreid", folder)


def test_an_identity_with_one_image_in_each_camera_has_one_query(folder: Path, tmp_path: Path):
    write(folder, "splits", [{"trainval": [1, 2], "query": [0], "gallery": [0, 3, 4]}])
    parts = by_split(run(tmp_path / "out", "openreid", folder))
    assert parts["query"] == ["00000000_01_0000.jpg"] and "00000000_00_0000.jpg" in parts["gallery"]


def test_validation_leaves_somebody_to_train_on(folder: Path, tmp_path: Path):
    with pytest.raises(UserError, match="2 identities for validation leave none of 2"):
        run(tmp_path / "out", "openreid", folder, val_identities=2)


def test_images_that_are_not_listed_are_told(folder: Path, tmp_path: Path):
    write_images(folder / "images", ["00000009_00_0000.jpg"])
    with pytest.raises(UserError, match="00000009_00_0000"):
        run(tmp_path / "out", "openreid", folder)
    assert len(run(tmp_path / "out", "openreid", folder, bad_images="skip")) == 12


def test_its_layout_is_recognised(folder: Path, tmp_path: Path):
    with pytest.raises(UserError, match="market1501 looks like openreid: set format to openreid"):
        run(tmp_path / "out", "msmt17", folder)
