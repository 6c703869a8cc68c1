"""Precision and recall of predicted links."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from purereid.data.neighbours import Neighbours
from purereid.errors import UserError
from purereid.purification.link_scores import precision_recall
from purereid.purification.train_gcn import scores_of
from purereid.purification.training_data import GraphImages
from purereid.report.plot_links import draw_links, plot_links, read_links


def scores(images: int = 60, links: int = 8, height: float = 1.0) -> dict:
    """What ``train_gcn`` writes of links with random probabilities of at most ``height``."""
    rng = np.random.default_rng(images)
    right = rng.random((images, links)) < 0.4
    probability = height * (0.4 * right + 0.6 * rng.random(right.shape))
    cosine = np.sort(rng.random(right.shape))[:, ::-1]
    data = GraphImages(np.empty(0), np.empty(0), Neighbours(np.empty(0), cosine), right)
    return scores_of(data, probability)


def write(folder: Path, content: object, name: str = "links.json") -> Path:
    (folder / name).write_text(json.dumps({"k1": 8, **content} if isinstance(content, dict) else content))
    return folder / name


def draw(content: dict) -> dict[str, np.ndarray]:
    """Points [n, 2] of each line, by what the legend calls it."""
    axes = Figure().subplots()
    draw_links(axes, **content)
    return {line.get_label(): line.get_xydata() for line in axes.get_lines()}


def test_the_area_under_a_drawn_curve_is_its_average_precision():
    content = scores(images=12)
    drawn = draw(content)
    for name, method in (("GCN", "held_out"), ("cosine", "cosine")):
        average = content[method]["average_precision"]
        points = drawn[f"{name}: average precision {100 * average:.1f} %"]
        assert points[0, 0] == 0 and points[-1, 0] == 1
        area = sum((right[0] - left[0]) * right[1] for left, right in pairwise(points))
        assert area == pytest.approx(average, abs=1e-12)


def test_the_working_point_lies_on_the_curve_and_says_what_it_is():
    content = scores()
    drawn = draw(content)
    precision, recall = (content["held_out"][name] for name in ("precision", "recall"))
    label = f"GCN, probability above 0.5: precision {100 * precision:.1f} %, recall {100 * recall:.1f} %"
    np.testing.assert_array_equal(drawn[label], [[recall, precision]])
    gcn = next(points for name, points in drawn.items() if name.startswith("GCN: "))
    assert np.abs(gcn - [recall, precision]).max(axis=1).min() < 0.02  # the curve in the file is thinned


def test_linking_all_has_the_precision_of_the_last_point():
    content = scores()
    line = next(points for name, points in draw(content).items() if name.startswith("linking all"))
    assert set(line[:, 1]) == {content["held_out"]["positives"]} == {content["cosine"]["curve"]["precision"][-1]}


def test_a_network_that_links_nothing_has_no_working_point():
    drawn = draw(scores(height=0.4))
    assert drawn["GCN, probability above 0.5: no right link"].size == 0


def test_the_same_links_give_the_same_bytes_and_the_name_matters(tmp_path):
    links = write(tmp_path, scores())
    for name, label in (("a", "$gan_1"), ("b", "$gan_1"), ("c", "")):
        plot_links(links=links, plot=tmp_path / f"{name}.png", name=label)
    first, second, third = ((tmp_path / f"{name}.png").read_bytes() for name in "abc")
    assert first == second != third


def test_without_held_out_identities_the_plot_says_so(tmp_path, monkeypatch):
    remarks = []
    monkeypatch.setattr("purereid.report.plot_links.note", lambda axes, text: remarks.append(text))
    plot_links(links=write(tmp_path, {"held_out": None, "cosine": None}), plot=tmp_path / "a.png")
    assert remarks == ["no identities were held out, so that links were not scored"]
    assert (tmp_path / "a.png").is_file()


def without(content: dict, *names: str) -> dict:
    """The content without one entry of one of its parts."""
    *parents, last = names
    part = content
    for name in parents:
        part = part[name]
    del part[last]
    return content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "TypeError"),
        ({}, "held_out"),
        ({"held_out": None}, "cosine"),
        ({"held_out": scores()["held_out"], "cosine": None}, "NoneType"),
        (without(scores(), "held_out", "positives"), "positives"),
        (without(scores(), "cosine", "curve"), "curve"),
        (without(scores(), "cosine", "curve", "recall"), "recall"),
        (without(scores(), "held_out", "curve", "recall", 0), "inhomogeneous"),
        (scores() | {"cosine": {"average_precision": 0.5, "curve": {"precision": [], "recall": []}}}, "without points"),
        (scores() | {"cosine": {"average_precision": 0.5, "curve": {"precision": 1, "recall": 1}}}, "without points"),
        (scores() | {"cosine": {"average_precision": float("nan"), "curve": {"precision": [1], "recall": [1]}}}, "nan"),
        (scores() | {"cosine": {"average_precision": 0.5, "curve": {"precision": [2], "recall": [1]}}}, "2.0 instead"),
    ],
)
def test_files_that_are_no_links_are_refused(tmp_path, content, message):
    with pytest.raises(UserError, match=rf"cannot be read: .*{message}(.|\n)*links\.json(.|\n)*train_gcn"):
        read_links(write(tmp_path, content))


@pytest.mark.parametrize("content", [b"", b'{"held_out": nul', b"\xff\xfe"])
def test_damaged_files_are_refused(tmp_path, content):
    (tmp_path / "links.json").write_bytes(content)
    with pytest.raises(UserError, match=r"cannot be read(.|\n)*links\.json"):
        read_links(tmp_path / "links.json")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"nowhere\.json"):
        plot_links(links=tmp_path / "nowhere.json", plot=tmp_path / "a.png")


def test_a_single_link_is_drawn(tmp_path):
    curve = {name: values.tolist() for name, values in precision_recall(np.array([True]), np.ones(1))._asdict().items()}
    method = {"average_precision": 1.0, "curve": curve}
    held_out = method | {"links": 1, "positives": 1.0, "precision": 1.0, "recall": 1.0}
    drawn = draw({"held_out": held_out, "cosine": method})
    np.testing.assert_array_equal(drawn["cosine: average precision 100.0 %"], [[0, 1], [1, 1]])
