"""Machine code: made at the first call, kept where there is a place, by several processes at once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from purereid.retrieval import compiled

MODULE = """
import sys
from purereid.retrieval.compiled import compiled

@compiled("i8(i8)")
def twice(number):
    return 2 * number

before = "numba" in sys.modules
print(before, twice(21), "numba" in sys.modules)
"""


def start(folder: Path, **environment: str) -> subprocess.Popen:
    """A process that compiles, or loads, the function of a module and calls it."""
    path = os.pathsep.join([str(folder), str(Path(compiled.__file__).parents[2])])
    command = [sys.executable, "-c", "import module"]
    return subprocess.Popen(
        command, env=os.environ | {"PYTHONPATH": path} | environment, stdout=subprocess.PIPE, text=True
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "module.py").write_text(MODULE)
    return tmp_path


def test_processes_that_compile_at_once_leave_one_machine_code(folder: Path):
    for process in [start(folder) for _ in range(3)]:
        assert process.communicate()[0] == "False 42 True\n"
    made = {path.suffix: path.read_bytes() for path in (folder / "__pycache__").glob("*.nb?")}
    assert made.keys() == {".nbi", ".nbc"} == {path.suffix for path in (folder / "__pycache__").glob("*.nb*")}
    assert start(folder).communicate()[0] == "False 42 True\n"
    assert made == {path.suffix: path.read_bytes() for path in (folder / "__pycache__").glob("*.nb?")}


@pytest.mark.parametrize("ending", [".nbi", ".nbc"])
def test_damaged_machine_code_is_made_again(folder: Path, ending: str):
    assert start(folder).communicate()[0] == "False 42 True\n"
    (kept,) = (folder / "__pycache__").glob(f"*{ending}")
    whole = kept.read_bytes()
    kept.write_bytes(b"")
    assert start(folder).communicate()[0] == "False 42 True\n"
    assert len(kept.read_bytes()) == len(whole)


def test_without_a_place_for_machine_code_it_is_made_again(folder: Path):
    (folder / "__pycache__").touch()  # a file: neither there nor in the user's folder can anything be written
    nowhere = str(folder / "module.py" / "cache")
    process = start(folder, HOME=nowhere, XDG_CACHE_HOME=nowhere, PYTHONDONTWRITEBYTECODE="1")
    assert process.communicate()[0] == "False 42 True\n"
    assert not list(folder.rglob("*.nb?"))
