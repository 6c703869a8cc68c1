"""One look, saved whole and always with the same bytes."""

from pathlib import Path

import pytest

from purereid.errors import UserError
from purereid.report.style import colours, new_plot


def plot(path: Path, title: str = "a title") -> bytes:
    with new_plot(path, 2) as figure:
        figure.subplots().set_title(title)
    return path.read_bytes()


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_the_same_plot_has_the_same_bytes_and_leaves_nothing_beside_it(tmp_path, suffix):
    assert plot(tmp_path / f"a.{suffix}") == plot(tmp_path / f"b.{suffix}")
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"a.{suffix}", f"b.{suffix}"]


def test_text_is_not_read_as_a_formula(tmp_path):
    # as a formula, \frac without its arguments would be an error
    assert plot(tmp_path / "a.png", r"$\frac$") != plot(tmp_path / "b.png", "")


def test_a_failed_plot_leaves_the_old_file(tmp_path):
    old = plot(tmp_path / "a.png")
    with pytest.raises(ZeroDivisionError), new_plot(tmp_path / "a.png", 2):
        raise ZeroDivisionError
    assert (tmp_path / "a.png").read_bytes() == old
    assert len(list(tmp_path.iterdir())) == 1


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"'.gif'(.|\n)*\.png or \.svg"):
        plot(tmp_path / "a.gif")


@pytest.mark.parametrize("count", [1, 6, 7, 30])
def test_every_line_has_its_own_colour(count):
    assert len(set(colours(count))) == count
