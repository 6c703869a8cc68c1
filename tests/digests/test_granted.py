"""What the code digest takes for granted of the package."""

import ast
from pathlib import Path

import pytest
from rewriting import names_besides_messages

from purereid.digests.result_code import LEFT_OUT

APART = (
    "purereid.digests",
    "purereid.status",
    "purereid.stop",
    "purereid.upkeep",
    "purereid.api",
    "purereid.__main__",
)  # make no artifact


@pytest.fixture
def trees(root: Path) -> dict[str, ast.Module]:
    """Syntax trees of the scripts and of the modules that count, by dotted name."""
    folder = root / "workflow_scripts"
    paths = {".".join(path.relative_to(folder).with_suffix("").parts): path for path in folder.rglob("*.py")}
    return {
        name: ast.parse(path.read_text(encoding="utf-8"))
        for name, path in sorted(paths.items())
        if not name.startswith(APART) and name not in LEFT_OUT
    }


def test_what_is_left_out_is_there_and_makes_nothing_that_a_result_holds(trees: dict[str, ast.Module], root: Path):
    assert all((root / f"workflow_scripts/{name.replace('.', '/')}.py").is_file() for name in LEFT_OUT)
    imported = {
        f"{node.module}.{alias.name}"
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in LEFT_OUT
        for alias in node.names
    }
    assert imported == {
        "purereid.data.formats.layout.layout_hint",
        "purereid.errors.UserError",
        "purereid.job.job",
        "purereid.logs.log",
        "purereid.signals.heeding",
        "purereid.training.progress.Progress",
    }
    assert not [name for name, tree in trees.items() if "layout_hint" in names_besides_messages(tree)]


def test_no_code_acts_on_the_text_of_our_own_errors(trees: dict[str, ast.Module]):
    """These look at those of the system and of Pillow, or end the program with it before any rule runs."""
    readers = {
        (name, ast.unparse(handler.type))
        for name, tree in trees.items()
        for handler in ast.walk(tree)
        if isinstance(handler, ast.ExceptHandler)
        and handler.name in names_besides_messages(ast.Module(handler.body, type_ignores=[]))
    }
    assert readers == {
        ("purereid.command_line", "UserError"),
        ("purereid.data.check_images", "OSError"),
        ("purereid.data.check_images", "Exception"),
        ("purereid.training.shared_file", "OSError"),
    }


def test_annotations_are_read_only_to_refuse_options(trees: dict[str, ast.Module]):
    readers = {"annotation", "__annotations__", "get_annotations", "get_type_hints"}
    found = [name for name, tree in trees.items() if readers & names_besides_messages(tree)]
    assert found == ["purereid.data.formats.registry"]
