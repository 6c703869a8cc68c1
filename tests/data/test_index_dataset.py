"""From folder to index: what all formats share."""

import hashlib
import json
from pathlib import Path

import pytest
from dataset_writers import DUKE, MARKET, run, write_image, write_images

from purereid.errors import UserError


@pytest.fixture
def market(tmp_path) -> Path:
    return write_images(tmp_path / "market", MARKET)


def findings(out: Path) -> dict[str, dict]:
    return {each["what"]: each for each in json.loads((out / "doctor.json").read_text())["findings"]}


def test_opened_images_fill_the_table(tmp_path, market):
    write_image(market / "query/0003_c2s1_002301_00.jpg", width=20, height=50)
    table = run(tmp_path / "out", "market1501", market, threads=2, name="mine").set_index("image")
    odd = table.loc["query/0003_c2s1_002301_00.jpg"]
    assert (odd["width"], odd["height"], odd["dataset"]) == (20, 50, "mine")
    for path, digest in zip(table["path"], table["sha256"], strict=True):
        assert hashlib.sha256(Path(path).read_bytes()).hexdigest() == digest
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == ["doctor.html", "doctor.json", "index.parquet"]


def test_same_folder_gives_the_same_bytes(tmp_path, market):
    for out in ("one", "two"):
        run(tmp_path / out, "market1501", market, threads=2 if out == "one" else 1)
    for name in ("index.parquet", "doctor.json", "doctor.html"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_paths_are_relative_where_the_folder_is(tmp_path, market, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = run(tmp_path / "out", "market1501", Path("market"))
    assert table["path"].iloc[0] == "market/bounding_box_train/0002_c1s1_000451_03.jpg"


def spoil(market: Path) -> None:
    whole = (market / MARKET[0]).read_bytes()
    (market / MARKET[0]).write_bytes(whole[:-40])
    (market / "bounding_box_train/0007_c1s1_000001_01.jpg").write_bytes(b"")
    (market / "query/0001_c1s1_1.jpg").write_bytes(whole)
    (market / "query/Thumbs.db").write_bytes(b"x")


def test_bad_images_stop(tmp_path, market):
    spoil(market)
    with pytest.raises(UserError, match="3 bad images among 12") as error:
        run(tmp_path / "out", "market1501", market)
    message = str(error.value)
    assert "query/0001_c1s1_1.jpg: does not parse" in message
    assert "0002_c1s1_000451_03.jpg: cannot be decoded (image file is truncated" in message
    assert "0007_c1s1_000001_01.jpg: cannot be decoded (the file is empty)" in message
    assert "such as 0002_c1s1_000451_03.jpg" in message
    assert "set index_dataset.bad_images to skip" in message
    assert "Thumbs.db" not in message
    assert not (tmp_path / "out").exists()


def test_bad_images_are_skipped_and_told(tmp_path, market):
    spoil(market)
    table = run(tmp_path / "out", "market1501", market, bad_images="skip")
    assert MARKET[0] not in table["image"].tolist()
    assert (table["width"] > 0).all()
    told = findings(tmp_path / "out")
    unread = told["Images that are missing or cannot be read were left out."]
    assert (unread["count"], unread["severity"]) == (2, "warning")
    assert "image file is truncated" in unread["examples"][0]
    assert told["Images whose names or lines do not parse were left out."]["examples"] == ["query/0001_c1s1_1.jpg"]
    assert told["Files and folders that are no images were ignored."]["examples"] == ["query/Thumbs.db"]


def test_five_examples_are_given_of_many_bad_images(tmp_path, market):
    write_images(market / "query", [f"stray{number}.jpg" for number in range(7)])
    with pytest.raises(UserError, match="7 bad images") as error:
        run(tmp_path / "out", "market1501", market)
    assert "stray4.jpg" in str(error.value)
    assert "stray5.jpg" not in str(error.value)


def test_a_split_emptied_by_skipping_stops(tmp_path, market):
    for name in MARKET[:3]:
        (market / name).write_bytes(b"no image")
    with pytest.raises(UserError, match="no images for train; found: train 0 images, query 2 images, gallery 4 images"):
        run(tmp_path / "out", "market1501", market, bad_images="skip")


def test_empty_folder(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no images for train, query, gallery") as error:
        run(tmp_path / "out", "market1501", tmp_path / "empty")
    assert "bounding_box_train/" in str(error.value)
    assert "the folder holds 0 images" in str(error.value)


def test_a_missing_split_folder_is_named_and_the_others_shown(tmp_path):
    folder = write_images(tmp_path / "market", [name for name in MARKET if not name.startswith("query")])
    with pytest.raises(UserError, match="no images for query") as error:
        run(tmp_path / "out", "market1501", folder)
    assert "the folder holds bounding_box_test/, bounding_box_train/, gt_bbox/, 0 images" in str(error.value)


@pytest.mark.parametrize(
    ("below", "format", "names", "hint"),
    [
        ("", "msmt17", MARKET, "market looks like market1501: set format to market1501"),
        ("", "market1501", DUKE, "market looks like dukemtmc"),
        ("..", "market1501", MARKET, "market looks like market1501"),
        ("bounding_box_train", "market1501", MARKET, "market looks like market1501"),
        ("", "market1501", ["train/a/1.jpg", "query/b/1.jpg"], "market looks like folder"),
        ("", "market1501", ["detected/bounding_box_train/0001_c1_1.png"], "market looks like cuhk03_np"),
    ],
)
def test_hints_at_the_layout(tmp_path, below, format, names, hint):
    write_images(tmp_path / "data/market", names)
    with pytest.raises(UserError, match="no images for") as error:
        run(tmp_path / "out", format, tmp_path / "data/market" / below)
    assert hint in str(error.value)


@pytest.mark.parametrize(("file", "layout"), [("list_train.txt", "msmt17"), ("cuhk-03.mat", "cuhk03")])
def test_hints_at_formats_with_a_file(tmp_path, file, layout):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / file).touch()
    with pytest.raises(UserError, match=f"data looks like {layout}"):
        run(tmp_path / "out", "market1501", tmp_path / "data")


@pytest.mark.parametrize(
    ("format", "settings", "message"),
    [
        ("market", {}, "unknown format 'market'"),
        ("market1501", {"distractor": True}, "unknown option 'distractor'"),
        ("market1501", {"distractors": 1}, "option distractors is 1"),
        ("dukemtmc", {"boxes": "labeled"}, "expected: no options"),
        ("folder", {"seed": True}, "option seed is True"),
        ("folder", {"test_share": "half"}, "option test_share is 'half'"),
        ("table", {}, "option table is missing"),
        ("market1501", {"bad_images": "ignore"}, "bad_images is 'ignore'"),
        ("merge", {"distractors": True}, "unknown option 'distractors'"),
        ("merge", {}, "0 data sets to merge"),
    ],
)
def test_wrong_settings(tmp_path, market, format, settings, message):
    with pytest.raises(UserError, match=message):
        run(tmp_path / "out", format, market, **settings)


def test_unknown_options_are_answered_with_the_known_ones(tmp_path, market):
    with pytest.raises(UserError, match="expected: test_share, queries, seed, camera_pattern"):
        run(tmp_path / "out", "folder", market, share=0.5)


def test_missing_folder(tmp_path):
    with pytest.raises(UserError, match="folder does not exist") as error:
        run(tmp_path / "out", "market1501", tmp_path / "nowhere")
    assert "download and unpack" in str(error.value)
    (tmp_path / "file.zip").touch()
    with pytest.raises(UserError, match="folder is a file"):
        run(tmp_path / "out", "market1501", tmp_path / "file.zip")
    with pytest.raises(UserError, match="has no folder"):
        run(tmp_path / "out", "market1501")


def test_names_in_another_encoding(tmp_path, market):
    (market / "query/caf\udce9.jpg").touch()
    with pytest.raises(UserError, match="a file name is not UTF-8: caf") as error:
        run(tmp_path / "out", "market1501", market)
    str(error.value).encode()


def test_folder_that_may_not_be_read(tmp_path, market, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("os.scandir", refuse)
    with pytest.raises(UserError, match=r"the folder cannot be read \(Permission denied\)"):
        run(tmp_path / "out", "market1501", market)


def test_identities_shared_by_train_and_test_stop_unless_allowed(tmp_path, market):
    write_image(market / "bounding_box_train/0003_c1s1_000001_01.jpg")
    with pytest.raises(UserError, match=r"Train and test share identities.*\(1: identity 3\)") as error:
        run(tmp_path / "out", "market1501", market)
    assert "allow_shared_identities" in str(error.value)
    run(tmp_path / "out", "market1501", market, allow_shared_identities=True)
    assert "warning" in {each["severity"] for each in findings(tmp_path / "out").values()}


def test_a_test_set_without_any_match_stops(tmp_path):
    names = ["bounding_box_train/0002_c1s1_000001_01.jpg", "query/0001_c1s1_000001_00.jpg"]
    folder = write_images(tmp_path / "market", [*names, "bounding_box_test/0001_c1s1_000002_01.jpg"])
    with pytest.raises(UserError, match="No query has a match in another camera"):
        run(tmp_path / "out", "market1501", folder)
