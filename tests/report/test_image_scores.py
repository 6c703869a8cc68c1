"""Scores of generated images, read and arranged."""

import json
from pathlib import Path

import pytest

from purereid.errors import UserError
from purereid.report.image_scores import arrange, read_image_scores


def row(score: str = "ssim", value: float = 0.5, of: str = "generator", against: str = "targets", **changed) -> dict:
    about = {"spread": 0.1, "better": "higher", "definition": f"{score} as published", "images": 100}
    size = {"height": 64, "width": 32, "weights": None, "note": ""}
    return {"score": score, "of": of, "against": against, "value": value} | about | size | changed


def write(folder: Path, generator: str, *rows: dict, **changed) -> Path:
    path = folder / f"{generator}.json"
    content = {"dataset": "people", "generator": generator, "system": generator, "scores": list(rows)}
    path.write_text(json.dumps(content | changed))
    return path


def values(table) -> dict[tuple[str, str], float]:
    return {(name, table.columns[number]["score"]): cell["value"] for (name, number), cell in table.cells.items()}


def test_a_table_for_everything_that_images_are_compared_with(tmp_path):
    a = write(tmp_path, "a", row(value=0.3), row(value=0.1, of="copy_source"), row("fid", 9, against="train"))
    b = write(tmp_path, "b", row("fid", 8, against="train"), row("dssim", 0.2, against="none", better="none"))
    targets, train, alone = arrange(read_image_scores([a, b]))
    assert [table.against for table in (targets, train, alone)] == ["targets", "train", "none"]
    assert targets.rows == ["a", "b", "copy of the source"] and train.rows == alone.rows == ["a", "b"]
    assert values(targets) == {("a", "ssim"): 0.3, ("copy of the source", "ssim"): 0.1}
    assert values(train) == {("a", "fid"): 9, ("b", "fid"): 8}
    assert values(alone) == {("b", "dssim"): 0.2}


@pytest.mark.parametrize(
    "other", [{"definition": "another"}, {"height": 128}, {"width": 64}, {"weights": "1f"}, {"better": "lower"}]
)
def test_scores_that_cannot_be_compared_have_columns_of_their_own(tmp_path, other):
    files = [
        write(tmp_path, "a", row(value=0.3), row("l1", 0.4)),
        write(tmp_path, "b", row(value=0.6, **other), row("l1", 0.7)),
    ]
    [table] = arrange(read_image_scores(files))
    assert [column["score"] for column in table.columns] == ["ssim", "ssim", "l1"]  # side by side
    assert {place: cell["value"] for place, cell in table.cells.items()} == {
        ("a", 0): 0.3,
        ("b", 1): 0.6,
        ("a", 2): 0.4,
        ("b", 2): 0.7,
    }


def test_trivial_generators_and_real_images_come_once_and_last(tmp_path):
    common = [row(value=0.2, of="real"), row(value=0.1, of="pose_neighbours")]
    files = [write(tmp_path, name, *common, row(value=0.4)) for name in ("a", "b")]
    [table] = arrange(read_image_scores(files))
    assert table.rows == ["a", "b", "mean of the nearest poses", "real images"]
    assert len(table.cells) == 4


def test_what_knows_nothing_stands_between_trivial_generators_and_real_images(tmp_path):
    scores = [row(of=of) for of in ("real", "grey", "other_person", "pose_neighbours", "copy_source", "generator")]
    [table] = arrange(read_image_scores([write(tmp_path, "a", *scores)]))
    assert table.rows[-3:] == ["real image of another person", "grey image", "real images"]


@pytest.mark.parametrize("other", [{"value": 0.3}, {"images": 50}, {"spread": None}])
def test_trivial_generators_with_other_values_keep_their_own_rows(tmp_path, other):
    files = [write(tmp_path, name, row(), row(value=0.2, of="copy_source")) for name in ("a", "b")]
    files.append(write(tmp_path, "c", row(), row(of="copy_source", **{"value": 0.2} | other)))
    [table] = arrange(read_image_scores(files))
    assert table.rows[3:] == [f"copy of the source (for {name})" for name in ("a", "b", "c")]


def test_a_generator_is_named_with_its_system(tmp_path):
    [table] = arrange(read_image_scores([write(tmp_path, "mine", row(), system="posegan")]))
    assert table.rows == ["mine (posegan)"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"of": "nobody"},
        {"against": "else"},
        {"better": "larger"},
        {"value": "0.5"},
        {"value": float("nan")},
        {"spread": float("inf")},
        {"images": 1.5},
        {"height": None},
        {"definition": None},
        {"weights": 3},
        {"note": None},
    ],
)
def test_scores_with_other_values_are_refused(tmp_path, wrong):
    path = write(tmp_path, "a", row(), row("l1", **wrong))
    [(name, _)] = wrong.items()
    with pytest.raises(UserError, match=rf"a score with {name}(.|\n)*a\.json(.|\n)*score_images"):
        read_image_scores([path])


@pytest.mark.parametrize("missing", ["score", "spread", "definition", "images", "weights"])
def test_a_score_without_all_its_facts_is_refused(tmp_path, missing):
    path = write(tmp_path, "a", {name: value for name, value in row().items() if name != missing})
    with pytest.raises(UserError, match=rf"the scores cannot be read: KeyError\('{missing}'\)"):
        read_image_scores([path])


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"dataset": "x"}', '{"dataset": 1, "scores": 2}'])
def test_files_that_are_no_scores_are_refused(tmp_path, content):
    path = tmp_path / "a.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=r"the scores cannot be read(.|\n)*a\.json(.|\n)*score_images"):
        read_image_scores([path])


def test_nothing_to_compare_is_refused(tmp_path):
    with pytest.raises(UserError, match="scores of 0 data sets"):
        read_image_scores([])
    with pytest.raises(UserError, match=r"no scores(.|\n)*a\.json"):
        read_image_scores([write(tmp_path, "a")])


def test_a_score_twice_is_refused(tmp_path):
    path = write(tmp_path, "a", row(), row(value=0.6))
    with pytest.raises(UserError, match=r"ssim of generator against targets stands there twice(.|\n)*a\.json"):
        read_image_scores([path])


def test_a_generator_twice_and_several_data_sets_are_refused(tmp_path):
    path = write(tmp_path, "a", row())
    with pytest.raises(UserError, match="a generator is given twice"):
        read_image_scores([path, path])
    with pytest.raises(UserError, match="scores of 2 data sets: other, people"):
        read_image_scores([path, write(tmp_path, "b", row(), dataset="other")])
