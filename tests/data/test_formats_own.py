"""Data sets of one's own: folders of persons, tables, and indexes joined into one."""

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dataset_writers import MARKET, run, write_image, write_images

from purereid.data.formats import folder, table
from purereid.data.formats.cameras import number_cameras
from purereid.data.formats.identity_split import split_identities
from purereid.data.formats.scan import Row
from purereid.data.index import read_index
from purereid.errors import UserError

SPLIT = (
    "train/anna/1_camA.jpg",
    "train/bert/1_camB.png",
    "query/carl/1_camA.jpg",
    "gallery/carl/2_camB.jpg",
    "gallery/dora/1_camC.jpg",
)


def plain(persons: int = 6, cameras: str = "ab", images: int = 3) -> list[str]:
    names = [f"{camera}{number}.jpg" for camera in cameras for number in range(images)]
    return [f"{person:03d}/{name}" for person in range(persons) for name in names]


def told(scan) -> dict[str, tuple[str, ...]]:
    return {each.what: each.examples for each in scan.findings}


# --- folders of persons ----------------------------------------------------------------------------------------------


def test_split_folders(tmp_path):
    scan = folder.read(write_images(tmp_path, SPLIT))
    rows = {row.image: row for row in scan.rows}
    assert {image: row.split for image, row in rows.items()} == {image: image.split("/")[0] for image in SPLIT}
    assert [rows[image].pid for image in SPLIT] == [0, 1, 2, 2, 3]
    assert {row.camid for row in scan.rows} == {-1}
    assert rows[SPLIT[0]].path == (tmp_path / SPLIT[0]).as_posix()
    what = "Names of persons are not numbers; identities were numbered from 0 in sorted order."
    assert told(scan)[what] == ("anna = 0", "bert = 1", "carl = 2", "dora = 3")


def test_cameras_from_file_names(tmp_path):
    scan = folder.read(write_images(tmp_path, SPLIT), camera_pattern="_cam([A-Z])")
    assert [row.camid for row in sorted(scan.rows, key=lambda row: SPLIT.index(row.image))] == [0, 1, 0, 1, 2]
    assert told(scan)["Cameras were numbered from 0 in sorted order."] == ("A = 0", "B = 1", "C = 2")


def test_names_that_the_camera_pattern_misses_do_not_parse(tmp_path):
    scan = folder.read(write_images(tmp_path, [*SPLIT, "gallery/dora/plain.jpg"]), camera_pattern="_cam([A-Z])")
    assert scan.unparsed == ["gallery/dora/plain.jpg"]
    assert "gallery/dora/plain.jpg" not in {row.image for row in scan.rows}


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("_kamera([0-9])", "matches none of 5 file names, such as 1_camA.jpg"),
        ("_cam(", "is no regular expression"),
        ("_cam[A-Z]", "has no group"),
    ],
)
def test_wrong_camera_patterns(tmp_path, pattern, message):
    with pytest.raises(UserError, match=message):
        folder.read(write_images(tmp_path, SPLIT), camera_pattern=pattern)


def test_layout_of_the_pytorch_folder(tmp_path):
    names = ["train/0002/a.jpg", "val/0002/b.jpg", "train_all/0002/a.jpg", "train_all/0002/b.jpg", "query/0001/c.jpg"]
    names += ["gallery/0001/d.jpg", "gallery/0000/e.jpg", "gallery/-1/f.jpg", "multi-query/0001/g.jpg"]
    scan = folder.read(write_images(tmp_path, names))
    assert Counter((row.split, row.pid) for row in scan.rows) == Counter(
        [("train", 2), ("val", 2), ("query", 1), ("gallery", 1), ("gallery", 0), ("gallery", -1), ("multi", 1)]
    )
    assert list(told(scan).values()) == [("train_all/",)]


def test_train_all_stands_for_train_where_that_is_missing(tmp_path):
    names = ["train_all/2/a.jpg", "val/2/a.jpg", "query/1/c.jpg", "gallery/1/d.jpg"]
    scan = folder.read(write_images(tmp_path, names))
    assert sorted((row.split, row.image) for row in scan.rows)[2] == ("train", "train_all/2/a.jpg")
    assert "val" not in {row.split for row in scan.rows}
    assert list(told(scan).values()) == [("val/",)]


def test_junk_folders_outside_the_gallery_are_left_out(tmp_path):
    scan = folder.read(write_images(tmp_path, ["train/1/a.jpg", "train/-1/b.jpg", "query/2/c.jpg", "gallery/2/d.jpg"]))
    assert "train/-1/b.jpg" not in {row.image for row in scan.rows}
    assert ("train/-1/b.jpg",) in told(scan).values()


def test_stray_images_and_other_files(tmp_path):
    write_images(tmp_path, [*SPLIT, "cover.jpg", "query/stray.jpg", "query/carl/more/deep.jpg"])
    for name in ("notes.txt", "train/.DS_Store", "gallery/carl/Thumbs.db"):
        (tmp_path / name).touch()
    scan = folder.read(tmp_path)
    assert scan.unparsed == ["cover.jpg", "query/stray.jpg"]
    assert sorted(scan.ignored) == ["gallery/carl/Thumbs.db", "notes.txt", "query/carl/more/", "train/.DS_Store"]
    assert sorted(row.image for row in scan.rows) == sorted(SPLIT)


def test_names_too_long_for_a_number_are_texts(tmp_path):
    scan = folder.read(write_images(tmp_path, [*plain(2), f"{10**20}/a0.jpg"]))
    assert {row.pid for row in scan.rows} == {0, 1, 2}


def test_two_folders_of_one_number(tmp_path):
    with pytest.raises(UserError, match="two persons stand for the same number 1"):
        folder.read(write_images(tmp_path, ["1/a.jpg", "001/b.jpg", "2/c.jpg"]))


def test_persons_from_file_names(tmp_path):
    names = [f"{person}_cam{camera}_{number}.jpg" for person in (3, 7, 11) for camera in (1, 2) for number in range(2)]
    patterns = {"pid_pattern": "^([0-9]+)_", "camera_pattern": "_cam([0-9])_"}
    index = run(tmp_path / "out", "folder", write_images(tmp_path / "flat", names), **patterns)
    assert len(index) == 12 and set(index["pid"]) == {3, 7, 11} and set(index["camid"]) == {0, 1}
    assert all(str(pid) == name.split("_")[0] for pid, name in zip(index["pid"], index["image"], strict=True))
    assert set(index["split"]) == {"train", "query", "gallery"}


def test_persons_from_file_names_in_split_folders(tmp_path):
    names = ["train/anna-1.jpg", "train/anna-2.jpg", "query/bert-1.jpg", "gallery/bert-2.jpg", "gallery/noname.jpg"]
    scan = folder.read(write_images(tmp_path, names), pid_pattern="^([a-z]+)-")
    assert {row.image: row.pid for row in scan.rows} == dict(zip(names, (0, 0, 1, 1), strict=False))
    assert scan.unparsed == ["gallery/noname.jpg"]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("^([0-9]+)_", "option pid_pattern '.*' matches none of 5 file names"),
        ("(", "is no regular expression"),
        ("^[a-z]+", r"has no group\n.*\n.*brackets around the person"),
    ],
)
def test_wrong_pid_patterns(tmp_path, pattern, message):
    with pytest.raises(UserError, match=message):
        folder.read(write_images(tmp_path, [f"anna-{number}.jpg" for number in range(5)]), pid_pattern=pattern)


def test_a_pid_pattern_for_folders_of_persons(tmp_path):
    with pytest.raises(UserError, match=r"pid_pattern is set, and the images lie in folders such as 000/"):
        folder.read(write_images(tmp_path, plain(2)), pid_pattern="^([0-9]+)_")


def test_a_test_folder_is_parted_into_queries_and_gallery(tmp_path):
    names = [f"test/{name}" for name in plain(4)] + ["train/900/a.jpg", "train/901/a.jpg", "train/901/b.jpg"]
    scan = folder.read(write_images(tmp_path, names), camera_pattern="^([ab])")
    splits = {row.image: row.split for row in scan.rows}
    assert all((split == "train") == image.startswith("train/") for image, split in splits.items())
    asked = [row for row in scan.rows if row.split == "query"]
    assert Counter((row.pid, row.camid) for row in asked) == {(pid, camid): 1 for pid in range(4) for camid in (0, 1)}
    again, other = (folder.read(tmp_path, camera_pattern="^([ab])", seed=seed) for seed in (0, 1))
    assert again.rows == scan.rows != other.rows


def test_a_test_folder_beside_a_query_folder_is_left_alone(tmp_path):
    scan = folder.read(write_images(tmp_path, [*SPLIT, "test/carl/1.jpg"]))
    assert "test/" in scan.ignored and len(scan.rows) == len(SPLIT)


def test_person_folders_alone_are_split_by_identity(tmp_path):
    index = run(tmp_path / "out", "folder", write_images(tmp_path / "own", plain()), camera_pattern="^([ab])")
    pids = {split: set(rows["pid"]) for split, rows in index.groupby("split")}
    assert len(pids["train"]) == len(pids["query"]) == 3
    assert pids["query"] == pids["gallery"]
    assert not pids["train"] & pids["query"]
    assert index[index["split"] == "query"].groupby(["pid", "camid"]).size().tolist() == [1] * 6
    assert index[index["split"] == "gallery"].groupby(["pid", "camid"]).size().tolist() == [2] * 6


def test_without_cameras_the_doctor_says_what_that_means(tmp_path):
    run(tmp_path / "out", "folder", write_images(tmp_path / "own", plain()))
    assert "No camera is known" in (tmp_path / "out/doctor.json").read_text()


# --- the split by identity -------------------------------------------------------------------------------------------


def rows_of(cameras: dict[int, list[int]]) -> list[Row]:
    return [
        Row(f"{pid}/{number}.jpg", "", "train", pid, camid)
        for pid, camids in cameras.items()
        for number, camid in enumerate(camids)
    ]


def test_split_follows_share_queries_and_seed():
    rows = rows_of({pid: [0, 0, 0, 1, 1, 1] for pid in range(20)})
    split = split_identities(rows, test_share=0.3, queries=2, seed=1)
    assert [row._replace(split="train") for row in split] == rows
    tested = {row.pid for row in split if row.split == "gallery"}
    assert len(tested) == 6
    assert Counter(row.split for row in split) == {"train": 14 * 6, "query": 6 * 2 * 2, "gallery": 6 * 2}
    assert split == split_identities(rows, test_share=0.3, queries=2, seed=1)
    assert split != split_identities(rows, test_share=0.3, queries=2, seed=2)


def test_every_query_of_the_split_has_a_match():
    draws = np.random.default_rng(0)
    rows = rows_of({pid: draws.integers(0, 3, draws.integers(1, 6)).tolist() for pid in range(200)})
    split = split_identities(rows, test_share=0.5, queries=2, seed=0)
    gallery = {(row.pid, row.camid) for row in split if row.split == "gallery"}
    queries = [row for row in split if row.split == "query"]
    assert len(queries) > 30
    for query in queries:
        assert any(pid == query.pid and camid != query.camid for pid, camid in gallery)


def test_without_cameras_an_image_stays_in_the_gallery():
    split = split_identities(rows_of({1: [-1], 2: [-1, -1], 3: [-1] * 5}), test_share=0.99, queries=3, seed=0)
    counts = Counter((row.pid, row.split) for row in split if row.split != "train")
    assert len({pid for pid, _ in counts}) == 2
    assert counts.get((2, "query"), 1) == 1
    assert counts.get((3, "query"), 3) == 3
    assert (1, "query") not in counts


def test_a_single_image_in_every_camera_still_gives_a_query():
    split = split_identities(rows_of({pid: [0, 1] for pid in range(20)}), test_share=0.5, queries=1, seed=0)
    queries = [row for row in split if row.split == "query"]
    gallery = [row for row in split if row.split == "gallery"]
    assert len(queries) == len(gallery) == len({row.pid for row in queries}) == 10
    assert {row.pid for row in queries} == {row.pid for row in gallery}
    assert {row.camid for row in queries} == {0, 1}


def test_junk_goes_to_the_gallery():
    split = split_identities(rows_of({-1: [0, 1], 1: [0, 1], 2: [0, 1]}), test_share=0.5, queries=1, seed=0)
    assert {row.split for row in split if row.pid == -1} == {"gallery"}


@pytest.mark.parametrize(
    ("pids", "settings", "message"),
    [
        (1, {}, "1 identities cannot be split"),
        (4, {"test_share": 0.0}, "option test_share is 0.0"),
        (4, {"test_share": 1.0}, "option test_share is 1.0"),
        (4, {"queries": 0}, "option queries is 0"),
    ],
)
def test_wrong_split_settings(pids, settings, message):
    rows = rows_of({pid: [0, 1] for pid in range(pids)})
    with pytest.raises(UserError, match=message):
        split_identities(rows, **({"test_share": 0.5, "queries": 1, "seed": 0} | settings))


@pytest.mark.parametrize("camids", [[0], [0, 0, 0], [-1]])
def test_no_possible_query(camids):
    with pytest.raises(UserError, match="no query can be drawn"):
        split_identities(rows_of({1: camids, 2: camids}), test_share=0.5, queries=1, seed=0)


def test_camera_numbers():
    assert number_cameras(["10", "9", "", "9"]) == {"": -1, "10": 1, "9": 0}
    assert number_cameras(["01", "1", "2"]) == {"": -1, "01": 0, "1": 0, "2": 1}
    assert number_cameras(["10", "9", "door"]) == {"": -1, "10": 0, "9": 1, "door": 2}


# --- tables ----------------------------------------------------------------------------------------------------------

TABLE = {
    "path": ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg", "g.jpg"],
    "pid": [10, 11, 12, 12, -1, -1],
    "camid": [3, 7, 3, 7, 7, None],
    "split": ["train", "train", "query", "gallery", "gallery", "train"],
    "kind": ["", "drawn", None, "detected", "", "generated"],
    "remark": ["x"] * 6,
}


def write_table(root: Path, ending: str = "csv", **columns) -> Path:
    cells = pd.DataFrame({name: cell for name, cell in (TABLE | columns).items() if cell is not None})
    for path in cells.get("path", []):
        if path and path != "nowhere.jpg":
            write_image(root / path)
    root.mkdir(exist_ok=True)
    source = root / f"images.{ending}"
    cells.to_parquet(source) if ending == "parquet" else cells.to_csv(source, index=False)
    return source


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_table(tmp_path, ending):
    source = write_table(tmp_path / "own", ending)
    index = run(tmp_path / "out", "table", table=str(source)).set_index("image")
    assert index.loc[TABLE["path"], "pid"].tolist() == TABLE["pid"]
    assert index.loc[TABLE["path"], "camid"].tolist() == [0, 1, 0, 1, 1, -1]
    assert index.loc[TABLE["path"], "split"].tolist() == TABLE["split"]
    kinds = ["detected", "drawn", "detected", "detected", "detected", "generated"]
    assert index.loc[TABLE["path"], "kind"].tolist() == kinds
    assert index.loc["a.jpg", "path"] == (tmp_path / "own/a.jpg").as_posix()


def test_table_with_a_folder_for_its_paths(tmp_path):
    write_images(tmp_path / "pictures", TABLE["path"])
    source = tmp_path / "images.csv"
    pd.DataFrame(TABLE).to_csv(source, index=False)
    index = run(tmp_path / "out", "table", tmp_path / "pictures", table=str(source))
    assert index["path"].str.startswith((tmp_path / "pictures").as_posix()).all()
    assert sorted(index["image"]) == TABLE["path"]


def test_table_without_split_is_split_by_identity(tmp_path):
    names = plain()
    columns = {"path": names, "pid": [int(name[:3]) for name in names], "camid": [name[4] for name in names]}
    source = write_table(tmp_path / "own", **columns, split=None, kind=None, remark=None)
    index = run(tmp_path / "out", "table", table=str(source), test_share=0.34)
    assert index.groupby("split")["pid"].nunique().to_dict() == {"gallery": 2, "query": 2, "train": 4}
    assert set(index["camid"]) == {0, 1}


def test_table_without_cameras(tmp_path):
    index = run(tmp_path / "out", "table", table=str(write_table(tmp_path / "own", camid=None)))
    assert set(index["camid"]) == {-1}


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"pid": None}, "the table lacks pid; it has path, camid, split, kind, remark"),
        ({"path": None, "pid": None}, "the table lacks path and pid"),
        (
            {"pid": [10, "anna", 12, 12, 1.5, None]},
            "pid is wrong in 3 rows: row 2 has 'anna', row 5 has '1.5', row 6 has ''",
        ),
        ({"pid": [-2, 11, 12, 12, -1, -1]}, "pid is wrong in 1 rows: row 1 has '-2'"),
        ({"pid": [10**19, 11, 12, 12, -1, -1]}, "pid is wrong in 1 rows: row 1 has '10000000000000000000'"),
        ({"pid": [1e30, 11, 12, 12, -1, -1]}, "pid is wrong in 1 rows: row 1 has '1e"),
        ({"weight": [1, 1e300, 1, 1, 1, 1]}, "weight is wrong in 1 rows: row 2 has '1e"),
        ({"split": ["train", "test", "query", "gallery", "", "train"]}, "split is wrong in 2 rows: row 2 has 'test'"),
        ({"kind": ["", "fake", "", "", "", "generated"]}, "kind is wrong in 1 rows: row 2 has 'fake'"),
        ({"path": ["a.jpg", "", "c.jpg", "d.jpg", "e.jpg", "g.jpg"]}, "path is wrong in 1 rows: row 2 has ''"),
        (
            {"path": ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg", "a.jpg"]},
            "path is wrong in 1 rows: row 6 has 'a.jpg'",
        ),
        ({"path": ["a.jpg", "nowhere.jpg", "c.jpg", "d.jpg", "e.jpg", "g.jpg"]}, "row 2 has 'nowhere.jpg'"),
        ({"pid": [-1, 11, 12, 12, -1, -1]}, "split is wrong in 1 rows: row 1 has 'train'"),
        ({"split": None}, "path is wrong in 1 rows: row 6 has 'g.jpg'"),
        ({"pid": [10, 11, 12, 13, -1, -1]}, "No query has a match in another camera"),
        ({"pid": [12, 11, 12, 12, -1, -1]}, "Train and test share identities"),
    ],
)
def test_wrong_tables(tmp_path, columns, message):
    source = write_table(tmp_path / "own", **columns)
    with pytest.raises(UserError, match=message):
        run(tmp_path / "out", "table", table=str(source))


def test_wrong_cells_name_table_and_counting(tmp_path):
    with pytest.raises(UserError) as error:
        table.read(None, table=str(write_table(tmp_path, pid=["anna", 11, 12, 12, -1, -1])))
    assert str(tmp_path / "images.csv") in str(error.value)
    assert "a whole number, or -1" in str(error.value)
    assert "rows are counted from 1, without the header" in str(error.value)


def test_missing_or_unreadable_tables(tmp_path):
    with pytest.raises(UserError, match="the table does not exist"):
        table.read(None, table=str(tmp_path / "images.csv"))
    (tmp_path / "empty.csv").touch()
    with pytest.raises(UserError, match="the table cannot be read"):
        table.read(None, table=str(tmp_path / "empty.csv"))
    (tmp_path / "broken.parquet").write_bytes(b"PAR0")
    with pytest.raises(UserError, match="the table cannot be read"):
        table.read(None, table=str(tmp_path / "broken.parquet"))


def test_table_with_a_byte_order_mark(tmp_path):
    source = write_table(tmp_path)
    source.write_bytes(b"\xef\xbb\xbf" + source.read_bytes())
    assert len(table.read(None, table=str(source)).rows) == 6


def test_table_without_queries(tmp_path):
    splits = ["train", "train", "gallery", "gallery", "gallery", "train"]
    with pytest.raises(UserError, match="no images for query") as error:
        run(tmp_path / "out", "table", table=str(write_table(tmp_path / "own", split=splits)))
    assert str(tmp_path / "own/images.csv") in str(error.value)


# --- indexes joined into one -----------------------------------------------------------------------------------------


@pytest.fixture
def sources(tmp_path) -> list[Path]:
    run(tmp_path / "market", "market1501", write_images(tmp_path / "m", MARKET), name="market")
    run(tmp_path / "own", "table", table=str(write_table(tmp_path / "t")), name="own")
    return [tmp_path / name / "index.parquet" for name in ("market", "own")]


def test_merge_tells_identities_and_cameras_apart(tmp_path, sources):
    first, second = (read_index(source).set_index("image") for source in sources)
    joined = run(tmp_path / "out", "merge", sources=sources).set_index("image")
    assert len(joined) == len(first) + len(second)
    for image, row in first.iterrows():
        assert joined.loc[f"market/{image}"].equals(row)
    for image, row in second.iterrows():
        moved = joined.loc[f"own/{image}"]
        # the largest identity of the first is 7, its largest camera 5
        assert moved["pid"] == (row["pid"] if row["pid"] == -1 else row["pid"] + 8)
        assert moved["camid"] == (row["camid"] if row["camid"] == -1 else row["camid"] + 6)
        same = ["path", "split", "seq", "frame", "kind", "width", "height", "sha256", "dataset"]
        assert moved[same].equals(row[same])


def test_merged_distractors_stay_distractors(tmp_path, sources):
    joined = run(tmp_path / "out", "merge", sources=sources[::-1]).set_index("image")
    stranger = joined.loc["market/bounding_box_test/0000_c4s1_000151_01.jpg"]
    assert stranger["pid"] == 13
    assert (joined["pid"] == 13).sum() == 1


def test_merging_a_data_set_twice(tmp_path, sources):
    with pytest.raises(UserError, match="the data set 'market' is merged twice"):
        run(tmp_path / "out", "merge", sources=[sources[0], sources[0]])


def test_merging_one(tmp_path, sources):
    with pytest.raises(UserError, match="1 data sets to merge"):
        run(tmp_path / "out", "merge", sources=sources[:1])


def test_persons_beyond_64_bits_are_told(tmp_path):
    write_image(tmp_path / "a.png")
    row = {"path": "a.png", "pid": 1, "camid": 0, "split": "train"} | {"pid": 10**20}
    (tmp_path / "table.csv").write_text(",".join(row) + "\n" + ",".join(map(str, row.values())) + "\n")
    with pytest.raises(UserError, match=r"pid is wrong in 1 rows: row 1 has '1(0{20}|e\+20)'"):
        run(tmp_path / "out", "table", table=str(tmp_path / "table.csv"))


def test_numbers_beyond_64_bits_in_names_are_told(tmp_path):
    images = [f"{'1' * 25}_c1s1_000451_03.jpg", "0001_c1s1_001051_00.jpg", "0001_c2s1_000301_02.jpg"]
    for place, name in zip(("bounding_box_train", "query", "bounding_box_test"), images, strict=True):
        write_image(tmp_path / place / name)
    with pytest.raises(UserError, match=r"the pid of bounding_box_train/1+_c1s1_000451_03\.jpg is 1+\n"):
        run(tmp_path / "out", "market1501", tmp_path)


def test_what_keeps_persons_from_being_asked_for(tmp_path):
    for person in range(4):
        for number in range(2 if person % 2 else 1):
            write_image(tmp_path / "set" / f"p{person}" / f"c1_{number}.png")
    with pytest.raises(UserError, match="of 2 persons for tests 1 have one image and 1 are seen by one camera alone"):
        run(tmp_path / "out", "folder", tmp_path / "set", camera_pattern="c([0-9])", seed=1)


def test_what_is_called_like_an_image_and_is_none(tmp_path):
    for person in ("a", "b"):
        for number in range(2):
            write_image(tmp_path / "set" / person / f"{number}.png")
    os.mkfifo(tmp_path / "set/a/pipe.jpg")
    assert len(run(tmp_path / "out", "folder", tmp_path / "set")) == 4
    assert "a/pipe.jpg" in (tmp_path / "out/doctor.json").read_text()


def test_a_broken_link_is_a_missing_image(tmp_path):
    for person in ("a", "b"):
        for number in range(2):
            write_image(tmp_path / "set" / person / f"{number}.png")
    (tmp_path / "set/a/link.jpg").symlink_to(tmp_path / "missing.jpg")
    with pytest.raises(UserError, match=r"link\.jpg: cannot be opened"):
        run(tmp_path / "out", "folder", tmp_path / "set")


def test_blanks_in_the_header_of_a_table(tmp_path):
    for name in ("a", "b", "c"):
        write_image(tmp_path / f"{name}.png")
    (tmp_path / "table.csv").write_text("path , pid, split\na.png,1,train\nb.png,2,query\nc.png,2,gallery\n")
    assert run(tmp_path / "out", "table", table=str(tmp_path / "table.csv"))["pid"].tolist() == [1, 2, 2]
