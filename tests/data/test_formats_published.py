"""Readers of the published layouts: Market-1501, DukeMTMC-reID, MSMT17, CUHK03-NP."""

import pytest
from dataset_writers import DUKE, MARKET, run, shared_data, write_images

from purereid.data.formats import cuhk03_np, dukemtmc, market1501, msmt17
from purereid.errors import UserError

MSMT = {
    "list_train.txt": ["0000/0000_000_01_0303morning_0015_0.jpg 0", "0001/0001_001_12_0303noon_0006_2.jpg 1"],
    "list_val.txt": ["0001/0001_002_15_0303noon_0006_2_ex.jpg 1"],
    "list_query.txt": ["0000/0000_000_02_0302afternoon_0100_1.jpg 0"],
    "list_gallery.txt": ["0000/0000_001_11_0302afternoon_0200_1.jpg 0", "0001/0001_001_03_0302noon_0200_1.jpg 1"],
}


def by_image(scan) -> dict:
    return {row.image: row for row in scan.rows}


def write_msmt(root, lists=MSMT, folders=("train", "test")):
    root.mkdir()
    for name, lines in lists.items():
        (root / name).write_text("\n".join(lines) + "\n")
        folder = folders[0] if name in ("list_train.txt", "list_val.txt") else folders[1]
        write_images(root / folder, [line.split()[0] for line in lines])
    return root


# --- Market-1501 -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("0002_c1s1_000451_03.jpg", (2, 0, 1, 451, "detected")),
        ("-1_c6s3_000401_11.jpg", (-1, 5, 3, 401, "detected")),
        ("0000_c3s2_000151_01.jpg.jpg", (0, 2, 2, 151, "detected")),
        ("1501_c12s1_000001_00.PNG", (1501, 11, 1, 1, "drawn")),
    ],
)
def test_market_names(name, fields):
    assert tuple(market1501.parse(name).values()) == fields


@pytest.mark.parametrize(
    "name",
    [
        "Thumbs.db",
        "002_c1s1_000451_03.jpg",
        "00002_c1s1_000451_03.jpg",
        "-2_c1s1_000451_03.jpg",
        "0002_c0s1_000451_03.jpg",
        "x0002_c1s1_000451_03.jpg",
        "0002_c1s1_000451_03.jpg.part",
        "0002_c1s1_000451_03_copy.jpg",
        "0002_c1s1_000451.jpg",
        "0002_c1s1_000451_03",
        "0005_c2_f0046985.jpg",
        "٠٠٠٢_c1s1_000451_03.jpg",
    ],
)
def test_other_names_are_no_market_names(name):
    assert market1501.parse(name) is None


def test_market_folders(tmp_path):
    folder = write_images(tmp_path, MARKET)
    scan = market1501.read(folder)
    rows = by_image(scan)
    splits = [(row.split, row.pid) for row in scan.rows]
    assert sorted(splits) == sorted(
        [
            *(("train", pid) for pid in (2, 2, 7)),
            *(("query", pid) for pid in (1, 3)),
            *(("gallery", pid) for pid in (1, 3, 0, -1)),
            ("multi", 1),
        ]
    )
    assert rows["bounding_box_test/0003_c6s3_088392_01.jpg"][3:] == (3, 5, 3, 88392, "detected", 1.0)
    assert rows["query/0001_c1s1_001051_00.jpg"].kind == "drawn"
    assert rows["gt_bbox/0001_c1s1_001051_00.jpg"].kind == "drawn"
    assert rows["query/0001_c1s1_001051_00.jpg"].path == f"{folder.as_posix()}/query/0001_c1s1_001051_00.jpg"


def test_market_without_gt_bbox_has_no_multi_split(tmp_path):
    scan = market1501.read(write_images(tmp_path, [name for name in MARKET if not name.startswith("gt_bbox")]))
    assert "multi" not in {row.split for row in scan.rows}


def test_market_junk_and_distractors_stay_in_the_gallery_alone(tmp_path):
    strays = ["bounding_box_train/0000_c1s1_1_1.jpg", "query/-1_c1s1_1_1.jpg", "gt_bbox/0000_c1s1_1_0.jpg"]
    scan = market1501.read(write_images(tmp_path, [*MARKET, *strays]))
    assert {row.split for row in scan.rows if row.pid <= 0} == {"gallery"}
    (finding,) = [each for each in scan.findings if each.severity == "warning"]
    assert finding.count == 3
    assert set(finding.examples) == set(strays)


def test_market_multi_query_images_nobody_asks_for_are_told(tmp_path):
    scan = market1501.read(write_images(tmp_path, MARKET))
    (finding,) = scan.findings
    assert finding.examples == ("gt_bbox/0002_c1s1_000451_00.jpg",)


def test_market_distractors_are_read_on_demand(tmp_path):
    write_images(tmp_path, [*MARKET, "images/0000_c1s1_000001_01.jpg", "images/-1_c2s1_000001_01.jpg"])
    assert not [row for row in market1501.read(tmp_path).rows if row.image.startswith("images/")]
    extra = [row for row in market1501.read(tmp_path, distractors=True).rows if row.image.startswith("images/")]
    assert [(row.split, row.pid) for row in extra] == [("gallery", -1), ("gallery", 0)]


def test_distractors_asked_for_but_not_there_stop(tmp_path):
    with pytest.raises(UserError, match="holds no distractors") as error:
        run(tmp_path / "out", "market1501", write_images(tmp_path / "market", MARKET), distractors=True)
    assert "set distractors to false" in str(error.value)


def test_market_other_files_are_ignored(tmp_path):
    write_images(tmp_path, MARKET)
    for name in ("bounding_box_test/Thumbs.db", "bounding_box_test/._0001_c2s1_000301_02.jpg", "query/readme.txt"):
        (tmp_path / name).touch()
    (tmp_path / "query/more").mkdir()
    scan = market1501.read(tmp_path)
    assert not scan.unparsed
    assert scan.ignored == [
        "query/readme.txt",
        "query/more/",
        "bounding_box_test/._0001_c2s1_000301_02.jpg",
        "bounding_box_test/Thumbs.db",
    ]


# --- DukeMTMC-reID ---------------------------------------------------------------------------------------------------


def test_duke(tmp_path):
    table = run(tmp_path / "out", "dukemtmc", write_images(tmp_path / "duke", DUKE)).set_index("image")
    assert table["split"].tolist() == ["train", "train", "query", "gallery", "gallery"]
    columns = ["pid", "camid", "seq", "frame", "kind"]
    assert table.loc["query/0005_c2_f0046985.jpg", columns].tolist() == [5, 1, -1, 46985, "drawn"]
    assert table.loc["bounding_box_test/4095_c5_f0100000.jpg", "pid"] == 4095


@pytest.mark.parametrize("name", ["-1_c2_f0046985.jpg", "0005_c2s1_000451_03.jpg", "0005_c2_0046985.jpg"])
def test_other_names_are_no_duke_names(name):
    assert dukemtmc.parse(name) is None


# --- MSMT17 ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folders", [("train", "test"), ("mask_train_v2", "mask_test_v2")])
def test_msmt(tmp_path, folders):
    table = run(tmp_path / "out", "msmt17", write_msmt(tmp_path / "msmt", folders=folders)).set_index("image")
    found = [(image, row.split, row.pid, row.camid, row.frame) for image, row in table.iterrows()]
    train, test = folders
    assert found == [
        (f"{train}/0000/0000_000_01_0303morning_0015_0.jpg", "train", 0, 0, 15),
        (f"{train}/0001/0001_001_12_0303noon_0006_2.jpg", "train", 1, 11, 6),
        (f"{train}/0001/0001_002_15_0303noon_0006_2_ex.jpg", "val", 1, 14, 6),
        # test identities begin behind the two of the train lists
        (f"{test}/0000/0000_000_02_0302afternoon_0100_1.jpg", "query", 2, 1, 100),
        (f"{test}/0000/0000_001_11_0302afternoon_0200_1.jpg", "gallery", 2, 10, 200),
        (f"{test}/0001/0001_001_03_0302noon_0200_1.jpg", "gallery", 3, 2, 200),
    ]


def test_msmt_label_at_odds_with_the_folder_is_told(tmp_path):
    lists = MSMT | {"list_train.txt": ["0000/0000_000_01_0303morning_0015_0.jpg 5", *MSMT["list_train.txt"][1:]]}
    scan = msmt17.read(write_msmt(tmp_path / "msmt", lists))
    assert scan.rows[0].pid == 5
    (finding,) = scan.findings
    assert "list_train.txt" in finding.what
    assert finding.examples == ("line 1: 0000/0000_000_01_0303morning_0015_0.jpg 5",)


def test_msmt_images_that_are_listed_but_missing(tmp_path):
    folder = write_msmt(tmp_path / "msmt")
    (folder / "train/0001/0001_001_12_0303noon_0006_2.jpg").unlink()
    with pytest.raises(UserError, match=r"0303noon_0006_2\.jpg: cannot be opened \(No such file"):
        run(tmp_path / "out", "msmt17", folder)


def test_msmt_lines_that_do_not_parse(tmp_path):
    folder = write_msmt(tmp_path / "msmt")
    with (folder / "list_val.txt").open("a") as file:
        file.write("0000/0000_045_1_0303morning_0006_2.jpg 0\n\n")
    with pytest.raises(UserError, match="1 bad images among 7") as error:
        run(tmp_path / "out", "msmt17", folder)
    assert "list_val.txt, line 2: 0000/0000_045_1_0303morning_0006_2.jpg 0: does not parse" in str(error.value)


def test_msmt_image_in_two_lists(tmp_path):
    lists = MSMT | {"list_val.txt": MSMT["list_train.txt"][:1]}
    with pytest.raises(UserError, match="1 images are listed more than once, such as train/0000/0000_000_01"):
        run(tmp_path / "out", "msmt17", write_msmt(tmp_path / "msmt", lists))


def test_msmt_without_lists(tmp_path):
    with pytest.raises(UserError, match="no images for train, query, gallery") as error:
        run(tmp_path / "out", "msmt17", write_images(tmp_path / "msmt", ["train/0000/a.jpg"]))
    assert "list_train.txt" in str(error.value)


def test_published_msmt_list_parses_completely(tmp_path):
    source = shared_data("msmt17/list_val.txt")
    (tmp_path / "list_val.txt").write_bytes(source.read_bytes())
    scan = msmt17.read(tmp_path)
    assert (len(scan.rows), scan.unparsed, scan.findings) == (2373, [], [])
    assert sorted({row.camid for row in scan.rows}) == list(range(15))
    assert {row.split for row in scan.rows} == {"val"}


# --- CUHK03-NP -------------------------------------------------------------------------------------------------------

CUHK = ("bounding_box_train/0001_c1_01.png", "query/0002_c1_1.png", "bounding_box_test/0002_c2_21.jpg")


@pytest.mark.parametrize(("boxes", "kind"), [("detected", "detected"), ("labeled", "drawn")])
def test_cuhk03_np(tmp_path, boxes, kind):
    folder = write_images(tmp_path / "np", [f"{each}/{name}" for each in ("detected", "labeled") for name in CUHK])
    table = run(tmp_path / "out", "cuhk03_np", folder, boxes=boxes)
    assert table["image"].tolist() == [f"{boxes}/{name}" for name in CUHK]
    assert table["pid"].tolist() == [1, 2, 2]
    assert table["camid"].tolist() == [0, 0, 1]
    assert set(table["kind"]) == {kind}


def test_cuhk03_np_boxes(tmp_path):
    with pytest.raises(UserError, match=r"option boxes is 'labelled'\n.*\n.*detected or labeled"):
        cuhk03_np.read(tmp_path, boxes="labelled")
