"""The doctor finds what was put wrong on purpose, and nothing in a sound data set."""

import json
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from purereid.data.doctor import count_matches, diagnose
from purereid.data.doctor_html import doctor_html
from purereid.data.formats.scan import finding


def make_index(rows: list[tuple], **columns: object) -> pd.DataFrame:
    """Rows of (split, pid, camid); everything else as in a sound data set."""
    table = pd.DataFrame(rows, columns=["split", "pid", "camid"])
    names = [f"{split}/{number}.jpg" for number, split in enumerate(table["split"])]
    rest = {
        "image": names,
        "path": names,
        "seq": -1,
        "frame": -1,
        "kind": "detected",
        "width": 64,
        "height": 128,
        "sha256": names,
        "pixels": names,
        "dataset": "test",
    }
    return table.assign(**(rest | columns))


SOUND = [("train", 1, camid) for camid in (0, 0, 1, 1)]
SOUND += [("query", 2, 0), ("query", 3, 1), ("gallery", 2, 1), ("gallery", 3, 0)]


def find(index: pd.DataFrame, start: str, **options: object) -> dict:
    """The one finding whose sentence begins so."""
    (found,) = [each for each in diagnose(index, **options)["findings"] if each["what"].startswith(start)]
    return found | {"examples": tuple(found["examples"])}


def test_a_sound_data_set_has_no_findings():
    assert diagnose(make_index(SOUND))["findings"] == []


def test_a_gallery_of_one_identity_is_told():
    alone = [row for row in SOUND if row[1] != 3]
    assert find(make_index(alone), "The gallery shows a single identity")["examples"] == ("identity 2",)


def test_numbers_of_each_split():
    rows = [*SOUND, ("gallery", -1, 0), ("gallery", 0, 4), ("gallery", 9, 4), ("gallery", 9, -1), ("gallery", 3, 2)]
    index = make_index([*rows, ("train", 8, 1), ("train", -1, -1)])
    index.loc[index.index[-1], "kind"] = "generated"
    index["height"] = np.arange(len(index)) + 100
    splits = diagnose(index)["splits"]
    assert list(splits) == ["train", "query", "gallery"]
    gallery = splits["gallery"]
    assert (gallery["images"], gallery["identities"], gallery["cameras"], gallery["junk"]) == (7, 2, 4, 1)
    assert (gallery["distractors"], gallery["distractor_identities"]) == (3, 2)
    assert gallery["images_per_identity"] == {"min": 1, "median": 1.5, "max": 2}
    assert gallery["identities_with_one_image"] == 1
    assert gallery["height"] == {"min": 106, "median": 109.0, "max": 112}
    train = splits["train"]
    assert (train["images"], train["identities"], train["junk"], train["generated"]) == (6, 2, 0, 1)
    assert train["images_per_identity"] == {"min": 1, "median": 2.5, "max": 4}


def test_findings_are_sorted_by_severity_and_json_able():
    index = make_index([*SOUND, ("train", 2, 0)])
    diagnosis = diagnose(index, [finding("note", "First of the reader.", ["x"]), finding("warning", "Second.", ["y"])])
    assert [each["severity"] for each in diagnosis["findings"]] == ["error", "warning", "note", "note"]
    assert json.loads(json.dumps(diagnosis)) == diagnosis


def test_shared_identities():
    index = make_index([*SOUND, ("train", 2, 0), ("val", 3, 0), ("gallery", -1, 0), ("train", -1, 0)])
    found = find(index, "Train and test share identities")
    assert (found["severity"], found["count"], found["examples"]) == ("error", 2, ("identity 2", "identity 3"))
    assert find(index, "Train and test share", allow_shared_identities=True)["severity"] == "warning"


def test_queries_without_a_match():
    index = make_index([*SOUND, ("query", 3, 0), ("query", 7, 0)])
    found = find(index, "Queries without a match in another camera")
    assert (found["severity"], found["count"]) == ("warning", 2)
    assert found["examples"] == ("query/8.jpg", "query/9.jpg")


def test_no_query_with_a_match_is_an_error():
    index = make_index([("train", 1, 0), ("query", 2, 0), ("gallery", 2, 0)])
    assert find(index, "No query has a match")["severity"] == "error"


def test_matches_agree_with_counting_one_by_one():
    draws = np.random.default_rng(0)

    def draw(split: str, number: int) -> pd.DataFrame:
        table = make_index([(split, 0, 0)] * number)
        files = [f"file{each}" for each in draws.integers(0, 30, number)]
        return table.assign(pid=draws.integers(0, 5, number), camid=draws.integers(-1, 3, number), pixels=files)

    query, gallery = draw("query", 60), draw("gallery", 80)
    expected = [
        sum(
            other.pid == one.pid and other.pixels != one.pixels and (one.camid < 0 or other.camid != one.camid)
            for other in gallery.itertuples()
        )
        for one in query.itertuples()
    ]
    assert count_matches(query, gallery).tolist() == expected
    assert len(set(expected)) > 5


def test_no_cameras():
    index = make_index([(split, pid, -1) for split, pid, _ in SOUND])
    found = find(index, "No camera is known")
    assert (found["severity"], found["count"]) == ("warning", 4)
    assert "own picture is taken off" in found["what"]
    assert "camera_pattern" in found["do"]


def test_some_cameras_unknown():
    index = make_index([*SOUND, ("gallery", 2, -1)])
    assert find(index, "The camera of some query or gallery images is unknown")["examples"] == ("gallery/8.jpg",)


def test_duplicates():
    rows = [*SOUND, ("train", 1, 1), ("gallery", 3, 2), ("query", 3, 2)]
    index = make_index(rows)
    index.loc[8, "pixels"] = index.loc[0, "pixels"]
    assert find(index, "The same picture lies in a split more than once.")["examples"] == ("train/0.jpg = train/8.jpg",)
    index = make_index(rows)
    index.loc[9, "pixels"] = index.loc[0, "pixels"]
    assert find(index, "The same picture lies in train and test.")["examples"] == ("train/0.jpg = gallery/9.jpg",)
    assert find(index, "The same picture stands under different identities.")["count"] == 1
    index = make_index(rows)
    index.loc[10, "pixels"] = index.loc[9, "pixels"]
    assert diagnose(index)["findings"] == []  # of one camera


def test_queries_whose_own_picture_lies_in_the_gallery():
    for camid in (1, -1):
        index = make_index([*SOUND, ("gallery", 3, camid), ("query", 3, 2)])
        index.loc[9, "pixels"] = index.loc[8, "pixels"]
        found = find(index, "Queries lie in the gallery too")
        assert (found["severity"], found["examples"]) == ("warning", ("query/9.jpg",))


def test_small_train_identities():
    found = find(make_index([*SOUND, ("train", 5, 0), ("train", 6, 0), ("train", 6, 1)]), "Train identities have fewer")
    assert (found["severity"], found["examples"]) == ("note", ("identity 5: 1", "identity 6: 2"))


def test_odd_shapes():
    index = make_index(SOUND, width=[64, 64, 130, 20, 64, 64, 64, 64])
    assert find(index, "Images are wider than tall")["examples"] == ("train/2.jpg: 130 x 128", "train/3.jpg: 20 x 128")


def test_five_examples_of_many():
    index = make_index([*SOUND, *(("query", 100 + number, 0) for number in range(8))])
    found = find(index, "Queries without a match")
    assert (found["count"], len(found["examples"])) == (8, 5)
    assert "and 3 more" in doctor_html(diagnose(index))


class Outline(HTMLParser):
    """Tags of a page, and whether each that is opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        assert not any(name in ("src", "href", "onclick") for name, _ in attrs)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("rows", [SOUND, [*SOUND, ("train", 2, 0)]])
def test_page_is_whole_and_escapes_texts_of_the_data(rows):
    index = make_index(rows, dataset="<script>alert(1)</script>")
    told = finding("note", "Odd <b>names</b>.", ['<img src="x">.jpg'], "rename <i>them</i>")
    page = doctor_html(diagnose(index, [told]))
    outline = Outline()
    outline.feed(page)
    assert not outline.open
    assert not outline.seen & {"script", "img", "i", "link"}
    for text in ("&lt;script&gt;alert(1)&lt;/script&gt;", "&lt;b&gt;names", "&lt;img src=&quot;x&quot;&gt;.jpg"):
        assert text in page


def test_page_of_a_sound_data_set():
    page = doctor_html(diagnose(make_index(SOUND)))
    assert "None: the data set looks sound." in page
    assert "<td>64 / 64 / 64</td>" in page
