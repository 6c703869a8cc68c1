"""Formatting and linting of everything, and versions named once."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "workflow_scripts", "tests"],
        ["ruff", "format", "--check", "workflow_scripts", "tests"],
        ["snakefmt", "--check", "Snakefile", "rules"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_code_is_formatted_and_linted(command: list[str], root: Path):
    run = subprocess.run(
        [Path(sys.executable).parent / command[0], *command[1:]], cwd=root, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_conda_file_has_the_versions_of_the_requirements(root: Path):
    lines = (root / "envs/requirements.txt").read_text().split("# development")[0].splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9.]+", pin) for pin in pins)
    dependencies = yaml.safe_load((root / "envs/purereid.yaml").read_text())["dependencies"]
    pip = next(entry["pip"] for entry in dependencies if isinstance(entry, dict))
    assert pip == pins


def test_every_rule_has_its_script_section_log_and_benchmark_under_one_name(root: Path):
    for file in sorted((root / "rules").glob("*.smk")):
        for name, body in re.findall(r"^rule (\w+):\n(.*?)(?=^rule |\Z)", file.read_text(), re.M | re.S):
            assert (root / f"workflow_scripts/{name}.py").is_file(), name
            for needed in (f"/{name}", f'"../workflow_scripts/{name}.py"', "log:", "benchmark:", '"""'):
                assert needed in body, (name, needed)
            assert f'code=code_digest("{name}")' in body or f"code={name}_code" in body, name
            assert f"logs/{{dataset}}/{name}" in body or f"logs/{name}" in body, name


def test_scripts_are_thin(root: Path):
    for script in sorted((root / "workflow_scripts").glob("*.py")):
        text = script.read_text()
        assert 'if __name__ == "__main__":' in text and len(text.splitlines()) <= 25, script
