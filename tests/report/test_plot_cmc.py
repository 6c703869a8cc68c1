"""CMC curves of all experiments."""

import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from purereid.errors import UserError
from purereid.report.plot_cmc import draw_line, group, mean_ap, plot_cmc


def run(experiment: str, seed: int, dataset: str = "people", protocol: str = "market") -> dict:
    cmc = np.sort(np.random.default_rng([seed, len(experiment)]).random(50)).tolist()
    names = {"dataset": dataset, "experiment": experiment, "seed": seed, "protocol": {"name": protocol}}
    return names | {"single_query": {"mAP": 0.5 + seed / 100, "cmc": cmc}}


def write(folder: Path, runs: list[dict]) -> list[Path]:
    paths = [folder / f"{number}.json" for number in range(len(runs))]
    for path, content in zip(paths, runs, strict=True):
        path.write_text(json.dumps(content))
    return paths


def test_a_line_is_the_mean_and_the_band_the_range_of_the_seeds():
    runs = [run("a", seed) for seed in (1, 2, 4)]
    axes = Figure().subplots()
    draw_line(axes, runs, "black")
    cmc = np.array([one["single_query"]["cmc"] for one in runs])
    np.testing.assert_allclose(axes.get_lines()[0].get_ydata(), [sum(column) / 3 for column in cmc.T])
    np.testing.assert_array_equal(axes.get_lines()[0].get_xdata(), range(1, 51))
    corners = axes.collections[0].get_paths()[0].vertices
    for rank in range(50):
        at_rank = corners[corners[:, 0] == rank + 1, 1]
        assert (at_rank.min(), at_rank.max()) == (cmc[:, rank].min(), cmc[:, rank].max())


def test_one_seed_has_no_band():
    axes = Figure().subplots()
    draw_line(axes, [run("a", 1)], "black")
    assert len(axes.get_lines()) == 1 and not axes.collections


def test_the_legend_gives_map_in_percent():
    assert mean_ap([run("a", 1)]) == "mAP 51.0 %"
    assert mean_ap([run("a", 1), run("a", 4)]) == "mAP 52.5 % (51.0 to 54.0, 2 seeds)"


def test_experiments_stay_in_order_and_name_their_protocol_only_where_it_matters():
    runs = [run("z", 1), run("a", 1), run("z", 2)]
    assert {name: len(members) for name, members in group(runs).items()} == {"z": 2, "a": 1}
    assert list(group(runs)) == ["z", "a"]
    assert list(group([*runs, run("z", 1, protocol="openreid")])) == ["z (market)", "a (market)", "z (openreid)"]


def test_the_same_scores_give_the_same_bytes(tmp_path):
    scores = write(tmp_path, [run(f"_${name}", seed) for name in "abcdefgh" for seed in (1, 2)])
    for name in ("a.png", "b.png"):
        plot_cmc(scores=scores, plot=tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_scores_of_two_data_sets_are_refused(tmp_path):
    scores = write(tmp_path, [run("a", 1), run("a", 1, dataset="others")])
    with pytest.raises(UserError, match="2 data sets: others, people"):
        plot_cmc(scores=scores, plot=tmp_path / "a.png")


def test_no_scores_are_refused(tmp_path):
    with pytest.raises(UserError, match="0 data sets"):
        plot_cmc(scores=[], plot=tmp_path / "a.png")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"dataset": "a", "experiment": "b", "protocol": {"name": "c"}}'])
def test_files_that_are_no_scores_are_refused(tmp_path, content):
    (tmp_path / "scores.json").write_text(content)
    with pytest.raises(UserError, match=r"cannot be read(.|\n)*scores\.json"):
        plot_cmc(scores=[tmp_path / "scores.json"], plot=tmp_path / "a.png")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"nowhere\.json"):
        plot_cmc(scores=[tmp_path / "nowhere.json"], plot=tmp_path / "a.png")
