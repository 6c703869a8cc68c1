"""Odd files of all kinds in a data set: what becomes of them, and what is said."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from dataset_writers import DUKE, MARKET, run, write_image, write_images
from PIL import Image

from purereid.errors import UserError

FIRST = MARKET[0]  # the image that is replaced
PATTERN = np.random.default_rng(0).integers(0, 256, (32, 16, 3), dtype=np.uint8)
OTHER = Image.fromarray(255 - PATTERN)


def picture(mode: str = "RGB", size: tuple[int, int] = (16, 32)) -> Image.Image:
    return Image.fromarray(PATTERN).resize(size).convert(mode)


def found(out: Path) -> dict[str, dict]:
    return {each["what"]: each for each in json.loads((out / "doctor.json").read_text())["findings"]}


def saved(kind: str, mode: str = "RGB", **options: object) -> Callable[[Path], None]:
    return lambda path: picture(mode).save(path, kind, **options)


@pytest.mark.parametrize(
    ("write", "severity", "what"),
    [
        (saved("GIF", save_all=True, append_images=[OTHER]), "warning", "hold several pictures"),
        (saved("PNG", save_all=True, append_images=[OTHER]), "warning", "hold several pictures"),
        (saved("WEBP", save_all=True, append_images=[OTHER], lossless=True), "warning", "hold several pictures"),
        (saved("TIFF", save_all=True, append_images=[OTHER]), "warning", "hold several pictures"),
        (lambda path: picture(size=(1, 1)).save(path), "warning", "fewer than 8 pixels"),
        (lambda path: picture(size=(7, 40)).save(path), "warning", "fewer than 8 pixels"),
        (saved("JPEG", "CMYK"), "note", "CMYK"),
        (saved("PNG", "P"), "note", "a palette of at most 256 colours"),
        (saved("AVIF"), "note", "another kind than the endings of their names say"),
        (saved("TIFF"), "note", "another kind than the endings of their names say"),
    ],
)
def test_peculiar_images_are_counted_and_told_with_what_to_do(tmp_path, write, severity, what):
    write(write_images(tmp_path / "m", MARKET) / FIRST)
    run(tmp_path / "out", "market1501", tmp_path / "m")
    (told,) = [each for text, each in found(tmp_path / "out").items() if what in text]
    assert (told["severity"], told["count"], told["examples"], bool(told["do"])) == (severity, 1, [FIRST], True)


def test_ordinary_images_are_not_peculiar(tmp_path):
    write_images(tmp_path / "m", MARKET)
    run(tmp_path / "out", "market1501", tmp_path / "m")
    told = " ".join(found(tmp_path / "out"))
    assert not [w for w in ("hold several", "fewer than 8", "CMYK", "palette", "another kind") if w in told]


def test_where_all_images_are_bad_and_skipped_they_are_told(tmp_path):
    for image in (folder := write_images(tmp_path / "m", MARKET)).rglob("*.jpg"):
        image.write_bytes(b"")
    with pytest.raises(UserError, match=r"no images for train, query, gallery.*10 images are left out, .*is empty"):
        run(tmp_path / "out", "market1501", folder, bad_images="skip")


def link(target: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.unlink()
        path.symlink_to(target)

    return write


@pytest.mark.parametrize(
    ("write", "what"),
    [
        (b"", "the file is empty"),
        (b"some words\n", "a text"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1", "git lfs pull"),
        (b"%PDF-1.4", "a PDF file"),
        (b"PK\x03\x04" + bytes(9), "a ZIP archive"),
        (b"\0\0\0\x18ftypheic" + bytes(99), "HEIC: convert it to JPEG or PNG"),
        (bytes(range(255)), "no known image format"),
        (link("/nowhere/a.jpg"), "a link to /nowhere/a.jpg: No such file"),
        (link(Path(FIRST).name), "Too many levels of symbolic links"),
    ],
)
def test_what_a_file_is_that_is_no_image_is_told(tmp_path, write, what):
    path = write_images(tmp_path / "m", MARKET) / FIRST
    write(path) if callable(write) else path.write_bytes(write)
    with pytest.raises(UserError) as error:
        run(tmp_path / "out", "market1501", tmp_path / "m")
    assert "1 bad images among 10" in str(error.value) and what in str(error.value)


@pytest.mark.parametrize("ending", ["heic", "HEIF", "jxl", "jp2", "svg", "CR2"])
def test_images_of_kinds_that_are_not_read_are_a_warning_and_where_there_are_no_others_an_error(tmp_path, ending):
    market = write_images(tmp_path / "m", MARKET)
    (market / "query" / f"0001_c1s1_000001_00.{ending}").write_bytes(b"x")
    (market / "query" / f"._0001_c1s1_000001_00.{ending}").write_bytes(b"x")
    run(tmp_path / "out", "market1501", market)
    told = found(tmp_path / "out")["Images of kinds that are not read were left out."]
    assert (told["severity"], told["examples"]) == ("warning", [f"query/0001_c1s1_000001_00.{ending}"])
    assert "JPEG or PNG" in told["do"]
    for image in market.rglob("*.jpg"):
        image.rename(image.with_suffix(f".{ending}"))
    with pytest.raises(UserError, match=rf"12 images are of kinds that are not read, .*\.{ending}(.|\n)*convert"):
        run(tmp_path / "out", "market1501", market)


@pytest.mark.parametrize("ending", ["JPG", "PNG", "jpeg", "JpEg", "gif", "avif", "tif", "BMP", "jfif", "webp"])
def test_endings_in_any_letters(tmp_path, ending):
    for person in "ab":
        for number in "12":
            write_image(tmp_path / "m" / person / f"{number}.{ending}")
    assert len(run(tmp_path / "out", "folder", tmp_path / "m")) == 4


@pytest.mark.parametrize("junk", ["__MACOSX", ".git", ".thumbnails", "@eaDir", "$RECYCLE.BIN", "lost+found"])
def test_folders_of_other_programs_are_nobody(tmp_path, junk):
    folder = write_images(tmp_path / "m", ["a/1.jpg", "a/2.jpg", "b/1.jpg", "b/2.jpg", f"{junk}/1.jpg"])
    for name in ("Thumbs.db", ".DS_Store", "desktop.ini", "Icon\r"):
        (folder / "a" / name).touch()
    table = run(tmp_path / "out", "folder", folder)
    assert sorted(table["image"]) == ["a/1.jpg", "a/2.jpg", "b/1.jpg", "b/2.jpg"]
    told = found(tmp_path / "out")["Files and folders that are no images were ignored."]
    assert told["count"] == 5 and f"{junk}/" in told["examples"]


@pytest.mark.parametrize("name", ["{x}", "*", "%s", "-v", "it's", "a b", "[1]", "{{", "\\"])
def test_names_may_hold_signs_that_mean_something_elsewhere(tmp_path, name):
    folder = write_images(tmp_path / "m", [f"{person}/{name}{i}.jpg" for person in (name, "b") for i in "12"])
    table = run(tmp_path / "out", "folder", folder)
    assert f"{name}/{name}1.jpg" in set(table["image"]) and all(map(os.path.isfile, table["path"]))


@pytest.mark.parametrize("name", ["a\nb/1.jpg", "a/1\t.jpg", "a/\x1b[31m.jpg"])
def test_names_with_line_breaks_are_refused(tmp_path, name):
    folder = write_images(tmp_path / "m", ["a/1.jpg", "a/2.jpg", "b/1.jpg", "b/2.jpg", name])
    with pytest.raises(UserError, match=r"a name holds a line break .*\\[ntx]"):
        run(tmp_path / "out", "folder", folder)


@pytest.mark.parametrize("deep", ["x/", "x/y/", "Train/"])
def test_images_that_lie_deeper_are_shown(tmp_path, deep):
    folder = write_images(tmp_path / "m", [f"{deep}{person}/{i}.jpg" for person in "ab" for i in "12"])
    if deep != "Train/":
        (folder / "notes.txt").touch()
    with pytest.raises(UserError, match=f"images below it, such as {deep}a/1.jpg"):
        run(tmp_path / "out", "folder", folder)


@pytest.mark.parametrize(
    ("format", "names", "old", "new"),
    [
        ("market1501", MARKET, "_c1s1", "_c0s1"),
        ("dukemtmc", DUKE, "_c1_", "_c0_"),
        ("dukemtmc", DUKE, "_c1_", "_c00_"),
        ("cuhk03_np", [f"detected/{name}" for name in DUKE], "_c1_f", "_c0_"),
    ],
)
def test_camera_0_is_told(tmp_path, format, names, old, new):
    folder = write_images(
        tmp_path / "m",
        [
            name.replace(old, new).replace("_f", "_") if format == "cuhk03_np" else name.replace(old, new)
            for name in names
        ],
    )
    with pytest.raises(UserError, match=rf"{new}.*\(camera 0: cameras are counted from 1\)(.|\n)*CAMERA: from 1"):
        run(tmp_path / "out", format, folder)


def test_a_camera_may_begin_with_0(tmp_path):
    folder = write_images(tmp_path / "m", [name.replace("_c", "_c0") for name in MARKET])
    assert set(run(tmp_path / "out", "market1501", folder)["camid"]) == {0, 1, 2, 3, 5}


CUHK = ("bounding_box_train/0001_c1_01.png", "query/0003_c1_01.png", "bounding_box_test/0003_c2_02.png")


@pytest.mark.parametrize(
    ("there", "format", "inside", "options"),
    [
        ("detected", "cuhk03_np", "", {"boxes": "labeled"}),
        ("labeled", "cuhk03_np", "", {}),
        ("labeled", "cuhk03_np", "labeled", {"boxes": "labeled"}),
        ("labeled", "market1501", "labeled", {}),
        ("detected", "market1501", "", {}),
        ("detected", "cuhk03", "", {}),
    ],
)
def test_the_hint_about_boxes_leads_to_an_index(tmp_path, there, format, inside, options):
    folder = write_images(tmp_path / "m", [f"{there}/{name}" for name in CUHK])
    with pytest.raises(UserError) as error:
        run(tmp_path / "out", format, folder / inside, **options)
    assert f"set format to cuhk03_np, folder to {folder} and boxes to {there}" in str(error.value)
    assert len(run(tmp_path / "out", "cuhk03_np", folder, boxes=there)) == 3


def test_half_of_cuhk03_under_another_name(tmp_path):
    folder = write_images(tmp_path / "cuhk", CUHK)
    with pytest.raises(UserError, match="call it detected or labeled and set format to cuhk03_np"):
        run(tmp_path / "out", "market1501", folder)
    shutil.move(folder, tmp_path / "in" / "labeled")
    assert len(run(tmp_path / "out", "cuhk03_np", tmp_path / "in", boxes="labeled")) == 3


TABLE = "path,pid,camid,split\n1.jpg,1,0,query\n2.jpg,1,1,gallery\n3.jpg,2,0,query\n4.jpg,2,1,gallery\n"


@pytest.fixture
def table(tmp_path):
    """Index a table of four images."""

    def index(text: str, name: str = "t.csv", images: tuple[str, ...] = ("1.jpg", "2.jpg", "3.jpg", "4.jpg")):
        write_images(tmp_path / "m", images)
        (tmp_path / "m" / name).write_text(text)
        return run(tmp_path / "out", "table", table=str(tmp_path / "m" / name))

    return index


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TABLE + "1.jpg,1,0,gallery\n", r"path is wrong in 1 rows: row 5(.|\n)*protocol: openreid"),
        (TABLE + "./1.jpg,1,0,train\n", r"path is wrong in 1 rows: row 5(.|\n)*one row for each file"),
        (TABLE.replace("1.jpg", "1.JPG"), "write the name as it is, 1.jpg"),
        (TABLE.replace("path,pid", "path,PATH"), "two columns path"),
        (TABLE.replace("1.jpg", "1" * 300), "path is wrong in 1 rows"),
        (TABLE.replace("1.jpg", "1\0.jpg"), "path is wrong in 1 rows"),
        (TABLE.splitlines()[0], "the table has no rows"),
        (TABLE.replace(",", ";"), r"commas, UTF-8"),
    ],
)
def test_odd_tables_are_refused(table, text, message):
    with pytest.raises(UserError, match=message):
        table(text)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        (TABLE.replace("path,pid,camid,split", "Path,PID,CamID,Split"), {}),
        (TABLE.replace("query", "Query"), {}),
        (TABLE.replace(",", "\t"), {"name": "t.tsv"}),
        (TABLE, {"name": "t.CSV"}),
        ("\ufeff" + TABLE, {}),
        (TABLE.replace("1.jpg", "a\\1.jpg"), {"images": ("a/1.jpg", "2.jpg", "3.jpg", "4.jpg")}),
    ],
)
def test_odd_tables_are_read(table, text, options):
    assert len(table(text, **options)) == 4


def test_a_spreadsheet_is_no_table_and_other_columns_are_told(table, tmp_path):
    with pytest.raises(UserError, match=r"unknown format(.|\n)*t\.xlsx(.|\n)*CSV"):
        table("PK", name="t.xlsx")
    table(TABLE.replace("split\n", "split,sha256\n").replace("y\n", "y,ABC\n"))
    assert found(tmp_path / "out")["Columns of the table are not read."]["examples"] == ["sha256"]
