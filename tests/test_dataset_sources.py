"""The state of files shows every change."""

from pathlib import Path

import pytest

from purereid.dataset_sources import state_of


@pytest.mark.parametrize("change", ["add", "replace", "remove"])
def test_every_change_below_a_folder_is_seen(tmp_path: Path, change: str):
    image = tmp_path / "train/anna/1.jpg"
    image.parent.mkdir(parents=True)
    image.write_bytes(b"one")
    before = state_of([tmp_path])
    assert state_of([tmp_path]) == before
    if change == "add":
        image.with_name("2.jpg").write_bytes(b"two")
    elif change == "replace":
        image.write_bytes(b"two")
    else:
        image.unlink()
    assert state_of([tmp_path]) != before


def test_an_edited_file_is_seen_and_those_of_snakemake_are_not(tmp_path: Path):
    file, table = tmp_path / ".snakemake_timestamp", tmp_path / "a.csv"
    table.write_text("1 2")
    paths = [str(table), str(tmp_path)]
    states = [[state_of([path]) for path in paths]]
    for changed in (file, table):
        changed.write_text("1 23")
        states.append([state_of([path]) for path in paths])
    assert states[0] == states[1] and not set(states[1]) & set(states[2])


def test_images_behind_linked_folders_are_seen_and_loops_end(tmp_path: Path):
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "market"
    elsewhere.mkdir()
    folder.mkdir()
    (folder / "query").symlink_to(elsewhere)
    (elsewhere / "loop").symlink_to(folder)
    before = state_of([folder])
    (elsewhere / "1.jpg").write_bytes(b"one")
    assert state_of([folder]) != before
