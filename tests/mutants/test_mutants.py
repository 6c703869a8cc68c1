"""The runner tells a fault that tests notice from one that they do not; and each listed fault can be put in."""

import ast
from pathlib import Path

import pytest
import yaml

from mutants.__main__ import FAULTS, main
from mutants.fault import Fault, read_faults
from mutants.run import PACKAGE, outcome

TESTED = """
from purereid.arithmetic import double

def test_double():
    assert double(2) == 4
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A project of one function that doubles, which is tested with the number 2 alone."""
    package, tests = tmp_path / PACKAGE, tmp_path / "tests"
    package.mkdir(parents=True)
    tests.mkdir()
    (package / "__init__.py").touch()
    (package / "arithmetic.py").write_text("def double(x):\n    return 2 * x\n")
    (tests / "test_arithmetic.py").write_text(TESTED)
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\npythonpath = ['workflow_scripts']\n")
    return tmp_path


@pytest.mark.parametrize(
    ("new", "tests", "timeout", "word"),
    [
        ("return 3 * x", "test_arithmetic.py", 60, "caught"),
        ("return x ** 2", "test_arithmetic.py", 60, "survived"),
        ("return 2 *", "test_arithmetic.py", 60, "broken"),
        ("return 3 * x", "test_missing.py", 60, "broken"),
        ("while True: pass", "test_arithmetic.py", 1, "timed out"),
    ],
)
def test_what_tests_say_of_a_fault(small: Path, new: str, tests: str, timeout: float, word: str):
    fault = Fault("arithmetic.py", "return 2 * x", new, tests)
    assert outcome(fault, small, timeout).word == word
    assert (small / PACKAGE / "arithmetic.py").read_text() == "def double(x):\n    return 2 * x\n"


@pytest.mark.parametrize("old", ["return 4 * x", "x", "return 2 * x"])
def test_a_fault_that_does_not_apply_is_an_error(small: Path, old: str):
    fault = Fault("arithmetic.py", old, "return 2 * x", "test_arithmetic.py")
    with pytest.raises(ValueError, match=r"arithmetic\.py: .* times"):
        outcome(fault, small, 60)


@pytest.mark.parametrize(
    ("tested", "said"),
    [
        (TESTED, "1 of 2 faults are caught"),
        (TESTED.replace("4", "5"), "do not pass without any fault"),
    ],
)
def test_the_command_lists_what_is_not_caught_and_fails(small: Path, monkeypatch, capsys, tested: str, said: str):
    (small / "tests/test_arithmetic.py").write_text(tested)
    about = {"file": "arithmetic.py", "old": "return 2 * x", "tests": "test_arithmetic.py"}
    (small / "faults.yaml").write_text(
        yaml.safe_dump([about | {"new": f"return {new}"} for new in ("3 * x", "x ** 2")])
    )
    monkeypatch.setattr("mutants.__main__.PROJECT", small)
    monkeypatch.setattr("mutants.__main__.FAULTS", small / "faults.yaml")
    monkeypatch.setattr("sys.argv", ["mutants", "x"])
    assert main() == 1
    text = capsys.readouterr().out
    assert said in text and ("not caught: arithmetic.py: return 2 * x -> return x ** 2" in text) == (tested == TESTED)


def test_no_fault_is_listed_twice():
    faults = read_faults(FAULTS)
    assert len(set(faults)) == len(faults) > 60


@pytest.mark.parametrize("fault", read_faults(FAULTS), ids=str)
def test_each_listed_fault_applies_and_has_its_tests(root: Path, fault: Fault):
    text = (root / PACKAGE / fault.file).read_text()
    before, after = (ast.dump(ast.parse(each)) for each in (text, fault.put_into(text)))
    assert before != after
    assert all((root / path).exists() for path in fault.tested_by)
