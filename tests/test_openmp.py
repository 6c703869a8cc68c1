"""Threads of jobs sleep while they wait, unless the user has said how they wait."""

import os
from pathlib import Path

import pytest

from purereid.openmp import sleep_while_waiting
from workflow_project import Project, copy

NAMES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"OMP_WAIT_POLICY": "passive"}),
        ({"OMP_WAIT_POLICY": "active"}, {"OMP_WAIT_POLICY": "active"}),
        ({"GOMP_SPINCOUNT": "1000"}, {"GOMP_SPINCOUNT": "1000"}),
    ],
)
def test_what_the_user_has_set_stays(monkeypatch: pytest.MonkeyPatch, given: dict, expected: dict):
    monkeypatch.setattr(os, "environ", dict(given))
    sleep_while_waiting()
    assert os.environ == expected


@pytest.mark.slow
@pytest.mark.parametrize(("given", "expected"), [(None, "passive"), ("active", "active")])
def test_jobs_inherit_it(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str | None, expected: str):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    if given:
        monkeypatch.setenv("OMP_WAIT_POLICY", given)
    project: Project = copy(root, tmp_path)
    script = "workflow_scripts/render_people.py"
    told = 'import os\n\nprint("they wait", os.environ["OMP_WAIT_POLICY"])\nraise SystemExit(1)\n'
    (tmp_path / script).write_text(told)
    assert f"they wait {expected}\n" in project.run("--until", "render_people", fails=True)
