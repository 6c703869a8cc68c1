"""Curves of training runs."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from purereid.errors import UserError
from purereid.report.plot_curves import draw_losses, draw_runs, loss_names, plot_curves, read_curves


def curves(steps: int, parts: tuple[str, ...] = ("cross_entropy", "triplet")) -> pd.DataFrame:
    columns = ["step", "epoch", "loss", *parts, "accuracy", "learning_rate", "images_per_second", "waiting"]
    rng = np.random.default_rng(steps)
    return pd.DataFrame(rng.random((steps, len(columns))), columns=columns).assign(step=np.arange(steps))


def write(folder: Path, name: str, table: pd.DataFrame) -> Path:
    table.to_csv(folder / name, index=False)
    return folder / name


def lines(axes) -> list[np.ndarray]:
    return [line.get_ydata() for line in axes.get_lines()]


@pytest.mark.parametrize("steps", [[0], [1], [0, 5], [3] * 9])
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
    ("text", "message"), [("", "cannot be read"), ("step,loss\n1,2\n", "no column epoch, accuracy")]
)
def test_files_that_are_no_curves_are_refused(tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(UserError, match=rf"{message}(.|\n)*a\.csv"):
        read_curves(tmp_path / "a.csv")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"nowhere\.csv"):
        read_curves(tmp_path / "nowhere.csv")
