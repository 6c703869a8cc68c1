"""Features in two dimensions."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from purereid.data.features import write_features
from purereid.data.index import read_index, write_index
from purereid.errors import UserError
from purereid.report import plot_features as module
from purereid.report.plot_features import draw_points, plane, plot_features
from purereid.report.style import marks

SETTINGS = {"persons": 3, "perplexity": 30, "draw": 0, "experiment": "e$x", "seed": 1}


def draw(index: Path, **changed: object) -> pd.DataFrame:
    """Features of the tiny index in which persons are far from each other."""
    folder, table = index.parent, read_index(index)
    draws = np.random.default_rng(0)
    means = draws.normal(size=(10, 20))
    values = means[table["pid"]] + 0.05 * draws.normal(size=(len(table), 20))
    write_features(folder / "features.parquet", table["image"].tolist(), values)
    files = {"index": index, "features": [folder / "features.parquet"]}
    plot_features(**files, points=folder / "points.csv", plot=folder / "plot.png", **SETTINGS | changed)
    return pd.read_csv(folder / "points.csv")


def test_one_image_is_told(index: Path, tmp_path: Path):
    table = read_index(index)
    write_index(table[table["split"] == "query"].head(1), tmp_path / "one.parquet")
    with pytest.raises(UserError, match="there is one test image"):
        draw(tmp_path / "one.parquet")


def test_points_are_the_test_images_of_some_persons_and_those_of_one_are_near(index: Path):
    points, table = draw(index), read_index(index).set_index("image")
    assert points["pid"].nunique() == 3 and set(points["pid"]) < {1, 3, 5, 7}
    expected = table[table["split"].isin(["query", "gallery"]) & table["pid"].isin(points["pid"])]
    assert sorted(points["image"]) == sorted(expected.index)
    for name in ("pid", "camid", "split"):
        assert points[name].tolist() == table.loc[points["image"], name].tolist()
    places = points[["x", "y"]].to_numpy()
    distances = np.linalg.norm(places[:, None] - places[None], axis=2) + np.where(np.eye(len(places)), np.inf, 0)
    assert (points["pid"].to_numpy()[distances.argmin(axis=1)] == points["pid"]).mean() > 0.9


def test_the_same_inputs_give_the_same_bytes_and_another_draw_other_persons(index: Path):
    first, plot = draw(index), (index.parent / "plot.png").read_bytes()
    pd.testing.assert_frame_equal(first, draw(index))
    assert plot == (index.parent / "plot.png").read_bytes() and len(plot) > 1000
    assert set(draw(index, draw=2)["pid"]) != set(first["pid"])


def test_there_may_be_fewer_persons_than_asked_for(index: Path):
    assert set(draw(index, persons=36)["pid"]) == {1, 3, 5, 7}


def test_panels_tell_persons_cameras_and_queries(index: Path, monkeypatch):
    panels = []
    monkeypatch.setattr(module, "draw_points", lambda axes, *given: (panels.append(axes), draw_points(axes, *given)))
    points = draw(index)
    person, camera = panels
    legend = [text.get_text() for text in person.get_legend().get_texts()]
    assert legend == [f"pid {pid}" for pid in sorted(points["pid"].unique())]
    assert [text.get_text() for text in camera.get_legend().get_texts()] == ["camid 0", "camid 1", "camid 2"]
    groups = [each.get_offsets().data for each in person.collections]
    for (pid, own), gallery, query in zip(points.groupby("pid"), groups[::2], groups[1::2], strict=True):
        for split, drawn in (("gallery", gallery), ("query", query)):
            np.testing.assert_allclose(drawn, own.loc[own["split"] == split, ["x", "y"]], atol=1e-3, err_msg=str(pid))
    sizes = [each.get_sizes()[0] for each in person.collections]
    assert min(sizes[1::2]) > max(sizes[::2])


@pytest.mark.parametrize("count", [2, 3, 7])
def test_few_features_and_equal_ones_have_places(count: int):
    for features in (np.random.default_rng(0).normal(size=(count, 4)), np.ones((count, 4))):
        places, kept = plane(features.astype(np.float32), 30)
        assert places.shape == (count, 2) and np.isfinite(places).all() and 0 <= kept <= 1.0001


def test_the_share_of_the_variance_is_that_of_the_largest_components():
    features = np.random.default_rng(0).normal(size=(80, 60)).astype(np.float32)
    _, kept = plane(features, 5)
    variances = np.sort(np.linalg.eigvalsh(np.cov(features.T.astype(float))))[::-1]
    assert kept == pytest.approx(variances[:50].sum() / variances.sum(), abs=1e-6) and kept < 1


def test_kinds_of_points_are_told_apart():
    assert len(set(marks(36))) == 36 and marks(40)[36:] == marks(4)


def test_an_index_without_queries(index: Path):
    table = read_index(index)
    write_index(table[table["split"] != "query"], index)
    with pytest.raises(UserError, match="no query"):
        draw(index)
