"""The affinity graph in two dimensions."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from purereid.data.neighbours import Neighbours
from purereid.report import plot_graph as module
from purereid.report.plot_graph import LOOKS, choose, draw_points, layout, legend, plot_graph, strong_links
from purereid.report.style import PAPER, RED
from purereid.retrieval.neighbours import nearest_neighbours


def features(people: int, images: int, noise: float = 0.5) -> np.ndarray:
    """Features [people * images, 16] of length 1, person after person."""
    rng = np.random.default_rng(people)
    values = np.repeat(rng.normal(size=(people, 16)), images, axis=0) + noise * rng.normal(size=(people * images, 16))
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


def table(people: int, images: int) -> pd.DataFrame:
    """Images of which every third is dropped."""
    number = np.arange(people * images)
    return pd.DataFrame({"pid": 10 * (number // images), "kept": number % 3 > 0, "row": number})


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> dict[str, list]:
    """What is drawn of each identity, and the axes."""
    seen = {"points": [], "axes": []}

    def draw(axes, images, shape, colour):
        seen["points"].append((images, (shape, colour)))
        seen["axes"].append(axes)
        draw_points(axes, images, shape, colour)

    monkeypatch.setattr(module, "draw_points", draw)
    return seen


def plot(path: Path, shown: pd.DataFrame, neighbours: Neighbours, seed: int = 0) -> bytes:
    plot_graph(shown, neighbours, path, "a title", seed)
    return path.read_bytes()


@pytest.mark.parametrize(("people", "images"), [(1, 1), (1, 2), (3, 8)])
def test_the_seed_alone_decides(tmp_path, people, images):
    neighbours = nearest_neighbours(features(people + 1, images), 1)
    shown = table(people, images)
    first = plot(tmp_path / "a.png", shown, neighbours)
    assert plot(tmp_path / "b.png", shown, neighbours) == first
    if people * images > 2:
        assert plot(tmp_path / "c.png", shown, neighbours, seed=1) != first


def test_links_are_those_a_search_pair_by_pair_finds():
    values = features(6, 5, noise=1)
    neighbours = nearest_neighbours(values, 7)
    rows = np.random.default_rng(0).permutation(30)[:17]
    enough = np.median([similarity for line in neighbours.similarity for similarity in line])
    expected = {}
    for one, row in enumerate(rows.tolist()):
        for other, second in enumerate(rows.tolist()):
            if second in neighbours.indices[row]:
                similarity = neighbours.similarity[row][neighbours.indices[row].tolist().index(second)]
                if similarity >= enough and similarity > 0:
                    expected[min(one, other), max(one, other)] = similarity
    found = strong_links(neighbours, rows)
    assert len(found) == len(expected) > 5
    for link in found.itertuples():
        assert link.similarity == pytest.approx(expected[link.first, link.second], abs=1e-6)


def test_images_that_point_away_from_each_other_are_not_linked():
    neighbours = Neighbours(np.array([[1], [0]], np.int32), np.full((2, 1), -0.5, np.float32))
    assert strong_links(neighbours, np.arange(2)).empty


def test_linked_images_lie_together():
    neighbours = nearest_neighbours(features(4, 8, noise=0.2), 7)
    places = layout(32, strong_links(neighbours, np.arange(32)), seed=0)
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
    same = np.arange(32)[:, None] // 8 == np.arange(32) // 8
    assert places.shape == (32, 2) and np.isfinite(places).all()
    assert np.median(apart[same]) < 0.5 * np.median(apart[~same])


def test_images_that_are_all_alike_do_not_break_the_layout():
    neighbours = nearest_neighbours(np.tile(features(1, 1), (9, 1)), 8)
    assert np.isfinite(layout(9, strong_links(neighbours, np.arange(9)), seed=0)).all()


def test_every_identity_has_a_look_of_its_own_and_all_images_are_drawn(tmp_path, drawn):
    shown = table(20, 4)
    plot(tmp_path / "a.png", shown, nearest_neighbours(features(20, 4), 3))
    assert len({look for _, look in drawn["points"]}) == 20
    for pid, (images, _) in zip(range(0, 200, 10), drawn["points"], strict=True):
        assert set(images["pid"]) == {pid} and len(images) == 4
    everything = pd.concat([images for images, _ in drawn["points"]]).sort_values("row")
    np.testing.assert_array_equal(everything[["row", "kept"]], shown[["row", "kept"]])
    assert drawn["axes"][0].get_title(loc="left") == "a title\nshown: 80 images of 20 identities"


def test_dropped_images_are_hollow():
    axes = Figure().subplots()
    draw_points(axes, pd.DataFrame({"x": [1, 2, 3], "y": 0, "kept": [True, False, True]}), "o", RED)
    kept, dropped = axes.collections
    assert (kept.get_offsets()[:, 0].tolist(), dropped.get_offsets()[:, 0].tolist()) == ([1, 3], [2])
    assert [to_hex(points.get_facecolor()[0]) for points in (kept, dropped)] == [RED.lower(), PAPER.lower()]
    assert to_hex(dropped.get_edgecolor()[0]) == RED.lower() and dropped.get_zorder() > kept.get_zorder()


def test_more_identities_than_looks_are_not_mixed_up(tmp_path, drawn):
    people = len(LOOKS) + 5
    plot(tmp_path / "a.png", table(people, 2), nearest_neighbours(features(people, 2), 2))
    assert len(drawn["points"]) == len({look for _, look in drawn["points"]}) == len(LOOKS)
    assert drawn["axes"][0].get_title(loc="left").endswith(f"shown: {2 * len(LOOKS)} images of {len(LOOKS)} identities")


def test_of_too_many_images_each_identity_shows_as_many(monkeypatch):
    monkeypatch.setattr(module, "POINTS", 20)
    shown = table(3, 50)
    chosen = choose(shown, np.random.default_rng(0))
    assert chosen.groupby("pid").size().tolist() == [6, 6, 6] and chosen["row"].is_unique
    assert not chosen["row"].equals(choose(shown, np.random.default_rng(1))["row"])
    assert len(choose(table(3, 5), np.random.default_rng(0))) == 15


@pytest.mark.parametrize(
    ("kept", "labels"), [(True, ["kept (6)", "dropped (0)"]), (False, ["kept (0)", "dropped (6)"])]
)
def test_the_legend_counts_even_what_is_not_there(tmp_path, kept, labels):
    shown = table(2, 3).assign(kept=kept)
    assert [key.get_label() for key in legend(shown, [0, 10])] == [*labels, "pid 0", "pid 10"]
    plot(tmp_path / "a.png", shown, nearest_neighbours(features(2, 3), 2))
