"""The code digest counts what can change a result, and nothing else."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from purereid import provenance


@pytest.fixture
def scripts(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the scripts and the package whose files may be edited."""
    copy = tmp_path / "workflow_scripts"
    shutil.copytree(root / "workflow_scripts", copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(provenance, "PACKAGE", copy / "purereid")
    return copy


def digests(scripts: Path) -> dict[str, str]:
    provenance._canonical.cache_clear()
    provenance._imports.cache_clear()
    return {path.stem: provenance.code_digest(path) for path in sorted(scripts.glob("*.py"))}


def changed(scripts: Path, file: str, old: str, new: str) -> set[str]:
    """Rules whose digest changes when a text in a file of the package is replaced."""
    before = digests(scripts)
    path = scripts / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    after = digests(scripts)
    return {rule for rule in before if before[rule] != after[rule]}


def test_edit_of_a_loss_touches_the_trainer_alone(scripts: Path):
    file = "purereid/losses/triplet.py"
    assert changed(scripts, file, "clamp(min=0)", "clamp(min=0.5)") == {"train_reid"}


def test_edit_of_the_ranking_touches_the_evaluation_alone(scripts: Path):
    before = digests(scripts)
    with (scripts / "purereid/retrieval/ranking.py").open("a") as file:
        file.write("\nEDITED = True\n")
    after = digests(scripts)
    assert {rule for rule in before if before[rule] != after[rule]} == {"evaluate"}


def test_comment_docstring_and_layout_do_not_count(scripts: Path):
    file = "purereid/losses/triplet.py"
    assert (
        changed(scripts, file, '"""Batch-hard triplet loss."""', '"""Another sentence."""\n\n# and a comment') == set()
    )
    assert changed(scripts, file, "Each image is an anchor", "Every image is an anchor") == set()
    assert changed(scripts, file, "    known = labels >= 0", "    known = (\n        labels >= 0\n    )") == set()


def test_edit_of_a_script_counts(scripts: Path):
    assert changed(scripts, "evaluate.py", "with job(snakemake):", "with job(snakemake) as _:") == {"evaluate"}


def test_import_inside_a_function_counts(scripts: Path):
    assert "train_reid" in changed(scripts, "purereid/vision.py", "__all__ = [", "edited = 1\n__all__ = [")


def test_relative_imports_count_and_unused_modules_do_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    package = tmp_path / "purereid"
    (package / "deep").mkdir(parents=True)
    for name, text in {
        "__init__.py": "",
        "a.py": "from .deep import b",
        "c.py": "",
        "deep/__init__.py": "",
        "deep/b.py": "from .. import c",
        "unused.py": "",
    }.items():
        (package / name).write_text(text)
    (tmp_path / "script.py").write_text("import purereid.a")
    monkeypatch.setattr(provenance, "PACKAGE", package)
    digests(tmp_path)
    found = {path.relative_to(package).as_posix() for path in provenance.import_closure(tmp_path / "script.py")}
    assert found == {"__init__.py", "a.py", "c.py", "deep/__init__.py", "deep/b.py"}


def test_digest_of_a_folder_sees_names_and_sizes_but_not_snakemakes_own_files(tmp_path: Path):
    (tmp_path / "a").write_text("1")
    first = provenance.file_digest(tmp_path)
    (tmp_path / ".snakemake_timestamp").write_text("")
    assert provenance.file_digest(tmp_path) == first
    (tmp_path / "a").write_text("12")
    second = provenance.file_digest(tmp_path)
    (tmp_path / "b").write_text("")
    assert len({first, second, provenance.file_digest(tmp_path)}) == 3


def test_provenance_tells_settings_versions_and_duration(tmp_path: Path):
    provenance.write_provenance(tmp_path, {"rule": "r", "settings": {"seed": 1}}, datetime.now(UTC))
    record = json.loads((tmp_path / "provenance.json").read_text())
    assert record["rule"] == "r" and record["settings"] == {"seed": 1}
    assert record["libraries"]["torch"].startswith("2.")
    assert set(record["package"]) == {"version", "commit", "dirty"}
    assert record["seconds"] >= 0 and record["machine"]["python"]
