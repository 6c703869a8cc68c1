"""CUHK03 from its MATLAB files: images behind references, empty cells, both protocols."""

import h5py
import numpy as np
import pytest
from dataset_writers import run, shared_data, write_cuhk03, write_new_split
from PIL import Image

from purereid.data.formats.cuhk03_mat import read_new_split, unpack_images
from purereid.errors import UserError

NAMES = [
    *("1_001_1_01.png", "1_001_1_02.png", "1_001_2_06.png", "1_001_2_07.png"),
    "1_002_1_01.png",
    *("1_003_1_01.png", "1_003_1_02.png", "1_003_2_06.png", "1_003_2_07.png"),
    *("2_001_1_01.png", "2_001_1_02.png", "2_001_2_06.png", "2_001_2_07.png"),
    *("2_002_1_01.png", "2_002_1_02.png", "2_002_2_06.png", "2_002_2_07.png"),
]
SPLITS = {"train": [1, 2, 3, 4, 5], "query": [6, 8], "gallery": [7, 9, 10, 12]}


@pytest.fixture
def folder(tmp_path):
    write_cuhk03(tmp_path / "cuhk" / "cuhk-03.mat")
    return tmp_path / "cuhk"


def test_images_are_unpacked_under_the_published_names(tmp_path):
    pictures = write_cuhk03(tmp_path / "cuhk-03.mat")
    pids = unpack_images(tmp_path / "cuhk-03.mat", "labeled", tmp_path / "images")
    assert list(pids) == NAMES
    assert sorted(each.name for each in (tmp_path / "images").iterdir()) == NAMES
    assert [pids[name] for name in NAMES] == [1] * 4 + [2] + [3] * 4 + [4] * 4 + [5] * 4
    for name in NAMES:
        with Image.open(tmp_path / "images" / name) as image:
            assert np.array_equal(np.array(image), pictures[f"labeled/{name}"])


def test_unpacking_twice_gives_the_same_bytes(tmp_path, folder):
    first = unpack_images(folder / "cuhk-03.mat", "detected", tmp_path / "images")
    before = {path.name: path.read_bytes() for path in (tmp_path / "images").iterdir()}
    assert unpack_images(folder / "cuhk-03.mat", "detected", tmp_path / "images") == first
    assert {path.name: path.read_bytes() for path in (tmp_path / "images").iterdir()} == before


def test_new_protocol(tmp_path, folder):
    write_new_split(folder / "cuhk03_new_protocol_config_labeled.mat", NAMES, SPLITS)
    table = run(tmp_path / "out", "cuhk03", folder, boxes="labeled")
    found = {split: rows["image"].tolist() for split, rows in table.groupby("split")}
    assert found == {split: [f"{split}/{NAMES[row - 1]}" for row in rows] for split, rows in SPLITS.items()}
    row = table.set_index("image").loc["gallery/2_001_2_06.png"]
    assert (row["pid"], row["camid"], row["kind"]) == (4, 1, "drawn")
    assert row["path"] == (tmp_path / "out/images/labeled/2_001_2_06.png").as_posix()
    doctor = (tmp_path / "out/doctor.json").read_text()
    assert "Images belong to no split of the protocol and were left out." in doctor


def test_new_protocol_with_the_split_file_elsewhere(tmp_path, folder):
    write_new_split(tmp_path / "split.mat", NAMES, SPLITS)
    table = run(tmp_path / "out", "cuhk03", folder, split_file=str(tmp_path / "split.mat"))
    assert len(table) == 11
    assert set(table["kind"]) == {"detected"}


def test_classic_protocol(tmp_path, folder):
    table = run(tmp_path / "out", "cuhk03", folder, protocol="classic", split=3)
    pids = {split: sorted(set(rows["pid"])) for split, rows in table.groupby("split")}
    assert pids == {"train": [2, 3, 5], "query": [1, 4], "gallery": [1, 4]}
    query = table[table["split"] == "query"]
    gallery = table[table["split"] == "gallery"]
    assert query["path"].tolist() == gallery["path"].tolist()
    assert len(query) == 8
    assert table["image"].is_unique
    assert {"query/1_001_1_01.png", "gallery/1_001_1_01.png"} <= set(table["image"])
    first = run(tmp_path / "first", "cuhk03", folder, protocol="classic", split=0)
    assert set(first.loc[first["split"] == "query", "pid"]) == {1}


def test_classic_query_and_gallery_are_no_duplicates(tmp_path, folder):
    run(tmp_path / "out", "cuhk03", folder, protocol="classic", split=3)
    assert "same picture" not in (tmp_path / "out/doctor.json").read_text()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"protocol": "old"}, "option protocol is 'old'"),
        ({"split": 20}, "option split is 20"),
        ({"boxes": "drawn"}, "option boxes is 'drawn'"),
        ({}, "the split file of CUHK03's new protocol is missing"),
        ({"split_file": "nowhere.mat"}, "where:    nowhere.mat"),
    ],
)
def test_wrong_options(tmp_path, folder, settings, message):
    with pytest.raises(UserError, match=message):
        run(tmp_path / "out", "cuhk03", folder, **settings)


def test_split_file_of_other_images(tmp_path, folder):
    write_new_split(tmp_path / "split.mat", [*NAMES[:-1], "5_049_2_10.png"], SPLITS | {"gallery": [7, 17]})
    with pytest.raises(UserError, match=r"1 images of the split are not in cuhk-03\.mat, such as 5_049_2_10\.png"):
        run(tmp_path / "out", "cuhk03", folder, split_file=str(tmp_path / "split.mat"))


@pytest.mark.parametrize("rows", [[0, 2], [6, 99], [-1, 2], [1.5, 2], [float("nan"), 2], [1e30, 2]])
def test_split_file_with_rows_that_are_not_there(tmp_path, rows):
    write_new_split(tmp_path / "split.mat", NAMES, SPLITS | {"query": rows})
    with pytest.raises(UserError, match="the split file cannot be read"):
        read_new_split(tmp_path / "split.mat")


@pytest.mark.parametrize("person", [1.5, 0, -3, float("inf"), float("nan"), 1e30])
def test_classic_splits_with_persons_that_are_no_numbers_are_told(tmp_path, folder, person):
    with h5py.File(folder / "cuhk-03.mat", "r+") as file:
        file["#refs#/test0"][1, 0] = person
    with pytest.raises(UserError, match="is not the number of a row or person"):
        run(tmp_path / "out", "cuhk03", folder, protocol="classic")


def test_broken_files(tmp_path, folder):
    (tmp_path / "split.mat").write_bytes(b"no matlab")
    with pytest.raises(UserError, match="the split file cannot be read"):
        read_new_split(tmp_path / "split.mat")
    (folder / "cuhk-03.mat").write_bytes(b"no hdf5")
    with pytest.raises(UserError, match="the file cannot be read") as error:
        run(tmp_path / "out", "cuhk03", folder, protocol="classic")
    assert "detected, labeled and testsets" in str(error.value)


def test_folder_without_the_file(tmp_path):
    (tmp_path / "cuhk").mkdir()
    with pytest.raises(UserError, match="no images for train, query, gallery") as error:
        run(tmp_path / "out", "cuhk03", tmp_path / "cuhk")
    assert "the file cuhk-03.mat of CUHK03" in str(error.value)


@pytest.mark.parametrize(
    ("boxes", "train", "gallery"),
    [("labeled", 7368, 5328), ("detected", 7365, 5332)],
)
def test_published_new_split(boxes, train, gallery):
    splits = read_new_split(shared_data(f"cuhk03_np/cuhk03_new_protocol_config_{boxes}.mat"))
    people = {split: {name[:5] for name in names} for split, names in splits.items()}
    assert {split: len(names) for split, names in splits.items()} == {
        "train": train,
        "query": 1400,
        "gallery": gallery,
    }
    assert {split: len(persons) for split, persons in people.items()} == {"train": 767, "query": 700, "gallery": 700}
    assert people["query"] == people["gallery"]
    assert not people["train"] & people["query"]
    # one query per person and view
    assert len({name[:7] for name in splits["query"]}) == 1400
