"""Curves of training runs."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from purereid.errors import UserError
from purereid.report import plot_curves as module
from purereid.report.plot_curves import (
    PERFORMANCE,
    draw_losses,
    draw_runs,
    loss_names,
    panels,
    plot_curves,
    read_curves,
    score_panels,
    split_losses,
)

HEADER = "step,epoch,loss,learning_rate,images_per_second,waiting"


def curves(steps: int, parts: tuple[str, ...] = ("cross_entropy", "triplet")) -> pd.DataFrame:
    columns = ["step", "epoch", "loss", *parts, "accuracy", "learning_rate", "images_per_second", "waiting"]
    rng = np.random.default_rng(steps)
    return pd.DataFrame(rng.random((steps, len(columns))), columns=columns).assign(step=np.arange(steps))


def generator(steps: int, **losses: float) -> pd.DataFrame:
    """Curves of a generator; a loss is drawn at random below its largest value."""
    rng = np.random.default_rng(steps)
    drawn = {name: most * (0.5 + rng.random(steps)) for name, most in losses.items()}
    rest = {"learning_rate": 1e-3, "images_per_second": 100.0, "waiting": 0.1}
    return pd.DataFrame({"step": np.arange(steps), "epoch": np.arange(steps) / 4, **drawn, **rest})


def links(steps: int, held_out: bool = True) -> pd.DataFrame:
    """Curves of a network that predicts links."""
    scores = ["precision", "recall", "accuracy"]
    names = ["loss", *scores, *(f"held_out_{name}" for name in scores if held_out), *PERFORMANCE]
    rng = np.random.default_rng(steps)
    return pd.DataFrame({"step": np.arange(steps), "epoch": 0.0, **{name: rng.random(steps) for name in names}})


def write(folder: Path, name: str, table: pd.DataFrame) -> Path:
    table.to_csv(folder / name, index=False)
    return folder / name


def lines(axes) -> list[np.ndarray]:
    return [line.get_ydata() for line in axes.get_lines()]


@pytest.mark.parametrize("steps", [[0], [0, 5], [3] * 9])
def test_any_number_of_runs_of_any_length(tmp_path, steps):
    files = [write(tmp_path, f"{number}.csv", curves(count)) for number, count in enumerate(steps)]
    labels = [f"_run ${number}" for number in range(len(files))]
    drawn = []
    for name in ("a.png", "b.png"):
        plot_curves(curves=files, labels=labels, plot=tmp_path / name)
        drawn.append((tmp_path / name).read_bytes())
    assert drawn[0] == drawn[1]


def test_the_numbers_of_the_file_are_drawn(tmp_path):
    table = read_curves(write(tmp_path, "a.csv", curves(6)))
    loss, accuracy = Figure().subplots(1, 2)
    draw_losses(loss, {"a": table})
    draw_runs(accuracy, {"a": table, "b": curves(3)}, "accuracy")
    for drawn, column in zip(lines(loss), ["loss", "cross_entropy", "triplet"], strict=True):
        np.testing.assert_array_equal(drawn, table[column])
    np.testing.assert_array_equal(lines(accuracy)[0], table["accuracy"])
    np.testing.assert_array_equal(lines(accuracy)[1], curves(3)["accuracy"])


def test_colours_tell_parts_of_one_run_and_runs_of_several():
    one, two = Figure().subplots(1, 2)
    draw_losses(one, {"a": curves(4)})
    draw_losses(two, {"a": curves(4), "b": curves(5)})
    assert len({line.get_color() for line in one.get_lines()}) == 3
    assert len({line.get_color() for line in two.get_lines()}) == 2
    assert len({(line.get_color(), line.get_linestyle()) for line in two.get_lines()}) == 6


def test_runs_with_other_parts_share_a_plot():
    axes = Figure().subplots()
    draw_losses(axes, {"a": curves(4), "b": curves(4, parts=("cross_entropy",))})
    assert len(axes.get_lines()) == 3 + 2


@pytest.mark.parametrize(
    ("parts", "names"),
    [((), [""]), (("cross_entropy",), ["cross entropy"]), (("triplet", "center"), ["sum", "center", "triplet"])],
)
def test_a_single_part_is_not_drawn_twice(parts, names):
    assert list(loss_names({"a": curves(2, parts)}).values()) == names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot be read"),
        ("step,loss\n1,2\n", "no column epoch, learning_rate, images_per_second, waiting"),
        ("step,epoch,learning_rate,images_per_second,waiting\n1,1,1,1,0\n", "no column of a loss"),
        (f"{HEADER}\n1,1,1,1,1,0\n2,1,1\n", "no number in each row of learning_rate, images_per_second, waiting"),
        (f"{HEADER}\n1,1,high,1,1,0\n", "no number in each row of loss"),
    ],
)
def test_files_that_are_no_curves_are_refused(tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(UserError, match=rf"{message}(.|\n)*a\.csv"):
        read_curves(tmp_path / "a.csv")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"nowhere\.csv"):
        read_curves(tmp_path / "nowhere.csv")


@pytest.mark.parametrize(
    ("losses", "steps"),
    [(["loss"], [0]), (["loss"], [1]), (["loss", "l1", "real"], [5, 0, 9]), (list("abcdefghi"), [40])],
)
def test_generators_with_any_losses_are_drawn(tmp_path, steps, losses):
    files = [
        write(tmp_path, f"{number}.csv", generator(count, **dict.fromkeys(losses, 1.0)))
        for number, count in enumerate(steps)
    ]
    for name in ("a.png", "b.png"):
        plot_curves(curves=files, labels=[f"$run_{file.name}" for file in files], plot=tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_each_loss_of_a_generator_has_a_panel_with_its_own_scale(tmp_path, monkeypatch):
    drawn = {}
    monkeypatch.setattr(module, "panels", lambda *arguments: drawn.setdefault("axes", panels(*arguments)))
    table = generator(20, loss=500.0, adversarial=1.4, l1=0.01, with_pose=1.0, with_source=1.0)
    plot_curves(curves=[write(tmp_path, "a.csv", table)], labels=["a"], plot=tmp_path / "a.png")
    axes = drawn["axes"]
    assert list(axes) == ["loss", "adversarial", "l1", "with_pose", "with_source", *PERFORMANCE]
    for name in ("loss", "adversarial", "l1"):
        np.testing.assert_allclose(lines(axes[name])[0], table[name])
        low, high = axes[name].get_ylim()
        assert high - low < 1.2 * (table[name].max() - table[name].min())
    assert len({axis.get_window_extent().y0 for axis in axes.values()}) == 3


def test_a_classifier_keeps_its_losses_in_one_panel(tmp_path, monkeypatch):
    drawn = {}
    monkeypatch.setattr(module, "panels", lambda *arguments: drawn.setdefault("axes", panels(*arguments)))
    plot_curves(curves=[write(tmp_path, "a.csv", curves(9))], labels=["a"], plot=tmp_path / "a.png")
    assert list(drawn["axes"]) == ["loss", "accuracy", *PERFORMANCE]
    assert len(lines(drawn["axes"]["loss"])) == 3 and drawn["axes"]["accuracy"].get_ylim() == (0, 1)


@pytest.mark.parametrize("steps", [[0], [1], [30], [5, 0, 9]])
@pytest.mark.parametrize("held_out", [True, False])
def test_scores_of_links_are_in_panels_of_their_own(tmp_path, monkeypatch, steps, held_out):
    drawn = {}
    monkeypatch.setattr(module, "panels", lambda *arguments: drawn.setdefault("axes", panels(*arguments)))
    tables = [links(count, held_out) for count in steps]
    files = [write(tmp_path, f"{number}.csv", table) for number, table in enumerate(tables)]
    plot_curves(curves=files, labels=[f"{number}" for number in range(len(files))], plot=tmp_path / "a.png")
    axes, groups = drawn["axes"], {"scores": ""} | ({"held_out_scores": "held_out_"} if held_out else {})
    assert list(axes) == ["loss", *groups, *PERFORMANCE]
    for panel, prefix in groups.items():
        columns = [f"{prefix}{name}" for name in ("precision", "recall", "accuracy")]
        expected = [table[column] for table in tables for column in columns]
        for found, wanted in zip(lines(axes[panel]), expected, strict=True):
            np.testing.assert_allclose(found.astype(float), wanted)
        assert axes[panel].get_ylim() == (0, 1)
        if any(steps):
            assert [text.get_text() for text in axes[panel].get_legend().get_texts()] == [
                "precision",
                "recall",
                "accuracy",
            ]
    assert len(lines(axes["loss"])) == len(steps) and axes["loss"].get_legend() is None


def test_titles_of_panels_do_not_run_into_each_other(tmp_path, monkeypatch):
    drawn = {}
    monkeypatch.setattr(module, "panels", lambda *arguments: drawn.setdefault("axes", panels(*arguments)))
    plot_curves(curves=[write(tmp_path, "a.csv", links(9))], labels=["a"], plot=tmp_path / "a.png")
    figure = drawn["axes"]["loss"].figure.figure
    for names in (["loss", "scores", "held_out_scores"], PERFORMANCE):
        boxes = [drawn["axes"][name]._left_title.get_window_extent() for name in names]
        edges = [*(box.x0 for box in boxes[1:]), figure.bbox.x1]
        assert all(box.x1 < edge for box, edge in zip(boxes, edges, strict=True))


def test_a_held_out_loss_is_drawn_beside_the_loss_and_is_no_part_of_it(tmp_path, monkeypatch):
    drawn = {}
    monkeypatch.setattr(module, "panels", lambda *arguments: drawn.setdefault("axes", panels(*arguments)))
    table = generator(8, loss=1.0, held_out_loss=1.0)
    plot_curves(curves=[write(tmp_path, "a.csv", table)], labels=["a"], plot=tmp_path / "a.png")
    axes = drawn["axes"]
    assert list(axes) == ["loss", *PERFORMANCE]
    np.testing.assert_allclose(lines(axes["loss"]), [table["loss"], table["held_out_loss"]])
    assert [text.get_text() for text in axes["loss"].get_legend().get_texts()] == ["training loss", "held-out loss"]
    parts = generator(8, loss=1.0, l1=1.0, l2=1.0, held_out_loss=1.0)
    assert list(loss_names({"a": parts}).values()) == ["sum", "l1", "l2", "held-out loss"]
    one = generator(8, loss=1.0, square_error=1.0, held_out_loss=1.0)
    assert loss_names({"a": one}) == {"loss": "square error", "held_out_loss": "held-out loss"}


@pytest.mark.parametrize("lowest", [-0.3, 0.2])
def test_curves_of_networks_that_cluster(tmp_path, monkeypatch, lowest):
    drawn = {}
    monkeypatch.setattr(module, "panels", lambda *arguments: drawn.update(axes=panels(*arguments)) or drawn["axes"])
    vertices = generator(4, loss=1.0, held_out_mse=1.0).assign(held_out_correlation=[lowest, 0.3, 0.9, 0.8])
    edges = generator(4, loss=1.0, accuracy=1.0, held_out_right=1.0)
    plot_curves(curves=[write(tmp_path, "a.csv", vertices)], labels=["a"], plot=tmp_path / "a.png")
    axes = drawn["axes"]
    assert list(axes) == ["loss", "held_out_scores", *PERFORMANCE] and len(lines(axes["loss"])) == 2
    assert axes["held_out_scores"].get_ylim() == (min(0, lowest), 1)
    assert not any("%" in label.get_text() for label in axes["held_out_scores"].get_yticklabels())
    plot_curves(curves=[write(tmp_path, "b.csv", edges)], labels=["b"], plot=tmp_path / "b.png")
    axes = drawn["axes"]
    assert list(axes) == ["loss", "scores", "held_out_scores", *PERFORMANCE] and len(lines(axes["loss"])) == 1
    assert all("%" in label.get_text() for label in axes["held_out_scores"].get_yticklabels())
    names = [[text.get_text() for text in axes[panel].get_legend().get_texts()] for panel in list(axes)[1:3]]
    assert names == [["accuracy"], ["right links"]]


def test_accuracy_alone_needs_no_legend():
    assert score_panels({"a": curves(2)}) == {"accuracy": {"accuracy": ""}}
    assert list(score_panels({"a": curves(2), "b": links(2)})) == ["scores", "held_out_scores"]
    assert score_panels({"a": generator(2, loss=1.0)}) == {}


def test_scores_are_no_losses(tmp_path):
    table = links(3).drop(columns="loss")
    with pytest.raises(UserError, match=r"no column of a loss"):
        read_curves(write(tmp_path, "a.csv", table))


def test_losses_that_are_off_are_named_and_not_drawn(tmp_path):
    on, off = generator(5, loss=1.0, l1=1.0), generator(5, loss=1.0, l1=1.0, identity=0.0)
    assert split_losses({"a": off}) == (["loss", "l1"], ["identity"])
    assert split_losses({"a": on, "b": off}) == (["loss", "l1"], ["identity"])
    assert split_losses({"a": off, "b": generator(5, identity=1.0)}) == (["loss", "l1", "identity"], [])
    assert split_losses({"a": off.head(0)}) == (["loss", "l1", "identity"], [])
    for name, table in (("on", on), ("off", off)):
        plot_curves(curves=[write(tmp_path, name, table)], labels=["a"], plot=tmp_path / f"{name}.png")
    pictures = [np.asarray(Image.open(tmp_path / f"{name}.png").convert("L")) for name in ("on", "off")]
    assert pictures[0].shape == pictures[1].shape  # the same panels, and a line of text below them
    assert (pictures[1][-30:] < 200).any() and not np.array_equal(*pictures)
