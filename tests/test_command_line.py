"""Mistakes on Snakemake's command line that it would answer with a traceback."""

import os
from pathlib import Path

import pytest

from purereid.command_line import refuse_unusable
from purereid.errors import UserError

SCORES = "results/people/evaluate/baseline/seed1/scores.json"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with config files, a made artifact and a cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("a.yaml", "b.yaml", "mine", SCORES):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("{seeds: [1]}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--configfile", "nope.yaml"], r"does not exist\n  where:    nope\.yaml"),
        (["--configfile=nope.yaml"], r"does not exist\n  where:    nope\.yaml"),
        (["--configfiles", "a.yaml", "nope.yaml", "-n"], r"does not exist\n  where:    nope\.yaml"),
        (["--configfile", "."], "is a folder"),
        (
            ["--configfile", "a.yaml", "results/x/compare/table.csv"],
            r"snakemake results/x/compare/table\.csv \.\.\. --configfile=a\.yaml",
        ),
        (["--configfile", "a.yaml", SCORES], f"{SCORES} stands behind --configfile"),  # although it is there
        (["--configfile", "a.yaml", "b.yaml", SCORES], r"--configfile a\.yaml b\.yaml"),
        (["--configfile", "a.yaml", "all"], "all stands behind --configfile"),
        (["--configfile", SCORES], f"{SCORES} stands behind --configfile"),
        (["--config", "train_reid.bot.epochs=3"], "write  train_reid: {bot: {epochs: 3}}  into a file"),
        (["--config", "gpus=0", "a.b=3"], "write  a: {b: 3}  into a file"),
        (["-C", "a.b=3"], "no setting called a.b"),
        (["--config=a.b=3"], "no setting called a.b"),
        (["--config", "1=3"], "no setting called 1"),
        (["--config", "gpus=0", SCORES], f"{SCORES} stands behind --config"),
    ],
)
def test_mistakes_are_told(arguments: list[str], message: str):
    with pytest.raises(UserError, match=message):
        refuse_unusable(arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        [SCORES, "--configfile=a.yaml", "-n"],
        ["--configfile", "a.yaml", "b.yaml", "mine", "--", SCORES],
        ["--config", "gpus=0", "train_reid={height: 64}", "--cores", "all"],
        ["--configfile"],  # Snakemake tells what is missing
    ],
)
def test_what_snakemake_can_use_passes(arguments: list[str]):
    refuse_unusable(arguments)


def test_pipes_and_paths_that_cannot_be_are_told(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")  # to open it would last for ever
    with pytest.raises(UserError, match="is a pipe or a device"):
        refuse_unusable(["--configfile", "pipe"])
    with pytest.raises(UserError, match="no config file can be here"):
        refuse_unusable(["--configfile", "a" * 300])


def test_a_cache_that_cannot_be_written_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    with pytest.raises(UserError, match="XDG_CACHE_HOME"):
        refuse_unusable([])
