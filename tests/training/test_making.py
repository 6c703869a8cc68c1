"""What a training made is not made again until Snakemake knows of it."""

import os
from pathlib import Path

import pytest

from purereid.training.made import forget
from purereid.training.making import making


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "people/train_reid/baseline/encoder.safetensors"


def make(output: Path, stamp: str, text: str) -> None:
    with making([output], stamp) as needed:
        assert needed
        output.write_text(text)


def test_a_success_removes_the_checkpoint_and_keeps_links(output: Path):
    make(output, "a", "first")
    (output.parent / "checkpoint.safetensors").touch()
    make(output, "b", "second")
    assert {path.name for path in output.parent.iterdir()} == {"encoder.safetensors", ".made"}
    assert output.samefile(output.parent / ".made/encoder.safetensors")


def test_a_failure_leaves_the_checkpoint_and_keeps_nothing(output: Path):
    with pytest.raises(RuntimeError), making([output], "a"):
        output.touch()
        (output.parent / "checkpoint.safetensors").touch()
        raise RuntimeError
    assert (output.parent / "checkpoint.safetensors").exists()
    make(output, "a", "again")


def test_what_nobody_took_notice_of_is_not_made_again(output: Path, tmp_path: Path):
    make(output, "a", "first")
    output.unlink()  # as Snakemake does before it runs a job again
    with making([output], "a") as needed:
        assert not needed
    assert output.read_text() == "first"
    forget(tmp_path)  # as the Snakefile does when a run comes to its end
    output.unlink()
    make(output, "a", "second")


def test_what_was_made_with_other_settings_is_made_again(output: Path):
    make(output, "a", "first")
    make(output, "b", "second")
    assert output.read_text() == "second"


def test_what_snakemake_threw_away_is_kept_when_the_run_ends(output: Path, tmp_path: Path):
    make(output, "a", "first")
    output.unlink()  # as Snakemake does with outputs older than their input
    forget(tmp_path)
    with making([output], "a") as needed:
        assert not needed
    assert output.read_text() == "first"


@pytest.mark.parametrize("damaged", ["encoder.safetensors", "stamp"])
@pytest.mark.parametrize("content", ["", "fir\0t"])
def test_what_is_kept_and_damaged_is_made_again(output: Path, damaged: str, content: str):
    make(output, "a", "first")
    output.unlink()
    (output.parent / ".made" / damaged).write_text(content)
    make(output, "a", "again")
    assert output.read_text() == "again"


def test_all_outputs_must_have_been_kept(output: Path):
    make(output, "a", "first")
    with making([output, output.with_name("curves.csv")], "a") as needed:
        assert needed
        output.touch()
        output.with_name("curves.csv").touch()


def test_outputs_that_another_run_deleted_meanwhile_are_an_error_and_the_checkpoint_stays(output: Path):
    with pytest.raises(FileNotFoundError), making([output], "a"):
        (output.parent / "checkpoint.safetensors").touch()
    assert (output.parent / "checkpoint.safetensors").exists()
    make(output, "a", "again")


def test_without_links_it_is_made_again(output: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    for _ in range(2):
        make(output, "a", "text")
        assert [path.name for path in output.parent.iterdir()] == ["encoder.safetensors"]


def test_what_is_there_and_was_not_kept_is_made_again(output: Path):
    output.parent.mkdir(parents=True)
    output.touch()
    make(output, "a", "text")


def test_forget_looks_at_trainings_alone(output: Path, tmp_path: Path):
    make(output, "a", "text")
    other = tmp_path / "people/render_people/.made"
    other.mkdir(parents=True)
    forget(tmp_path)
    assert other.exists() and not (output.parent / ".made").exists()
