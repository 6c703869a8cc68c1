"""Formatting and linting of everything, and the common form of rules and scripts."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest


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


def test_every_rule_has_its_script_section_log_and_benchmark_under_one_name(root: Path):
    for file in sorted((root / "rules").glob("*.smk")):
        for name, body in re.findall(r"^rule (\w+):\n(.*?)(?=^rule |\Z)", file.read_text(), re.M | re.S):
            assert (root / f"workflow_scripts/{name}.py").is_file(), name
            for needed in (f"/{name}", f'"../workflow_scripts/{name}.py"', "log:", "benchmark:", '"""'):
                assert needed in body, (name, needed)
            assert re.search(rf'code=(code_\w+\("{name}"\)|{name}_code),', body), name
            assert f"logs/{{dataset}}/{name}" in body, name


def test_texts_are_read_and_written_as_utf8_in_every_locale(root: Path):
    for file in sorted((root / "workflow_scripts").rglob("*.py")):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and handles_text(call):
                assert "encoding" in [keyword.arg for keyword in call.keywords], (file, call.lineno)


def handles_text(call: ast.Call) -> bool:
    """Whether a call opens, reads or writes a file of text, or takes in what a program prints, as text."""
    match call.func:
        case ast.Attribute(attr="open"):
            return not call.args or (isinstance(call.args[0], ast.Constant) and "b" not in call.args[0].value)
        case ast.Attribute(attr=name):
            return name in ("read_text", "write_text", "FileHandler") or "text" in [each.arg for each in call.keywords]
    return False


def test_scripts_are_thin(root: Path):
    for script in sorted((root / "workflow_scripts").glob("*.py")):
        text = script.read_text()
        assert 'if __name__ == "__main__":' in text and len(text.splitlines()) <= 25, script
