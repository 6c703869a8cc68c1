"""The code digest counts what can change a result, and nothing else."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from package_copy import PackageCopy
from rewriting import more_talkative, reworded

from purereid.digests.result_code import LEFT_OUT

IN_C = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
SILENT = {f"{name.replace('.', '/')}.py" for name in LEFT_OUT}
POSES = {"check_experiments", "estimate_keypoints", "generate", "generate_one", "import_keypoints", "judge_generated"}
POSES |= {"make_heatmaps", "render_people", "sample_pairs", "score_images", "show_images", "train_gan", "train_reid"}
POSES |= {"extract_views", "import_textures", "score_alignment"}
TRAINERS = {"train_gan", "train_reid", "train_gcn", "train_gcn_v", "train_gcn_e"}


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Digests of the scripts and of every module as they are."""
    package = PackageCopy(Path(__file__).parents[2], tmp_path_factory.mktemp("untouched"))
    return package.digests(counting(package))


@pytest.fixture
def package(root: Path, tmp_path: Path) -> PackageCopy:
    return PackageCopy(root, tmp_path)


def counting(package: PackageCopy) -> list[str]:
    """The scripts and every module that counts, as if it were a script."""
    return [file for file in package.files("**/*.py") if file not in SILENT]


def changed(package: PackageCopy, untouched: dict[str, str]) -> set[str]:
    """Rules whose digest is another now."""
    digests = package.digests(package.files("*.py"))
    return {Path(script).stem for script, digest in digests.items() if digest != untouched[script]}


# --- what does not count ----------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rewrite", "kinds"),
    [(reworded, {"texts", "annotations", "docstrings", "versions"}), (more_talkative, {"lines"})],
    ids=["reworded", "more talkative"],
)
def test_no_word_of_the_package_counts(
    package: PackageCopy, untouched: dict[str, str], rewrite: Callable[[str], tuple[str, Counter]], kinds: set[str]
):
    counts = Counter()
    for file in package.files("**/*.py"):
        text, count = rewrite((package.folder / file).read_text(encoding="utf-8"))
        package.write(file, text)
        counts += count
    assert set(counts) == kinds
    assert package.digests(counting(package)) == untouched


def test_modules_that_only_speak_do_not_count(package: PackageCopy, untouched: dict[str, str]):
    for file in SILENT:
        package.append(file, "EDITED = len(__name__)")
    assert changed(package, untouched) == set()


def test_the_locale_does_not_count(package: PackageCopy):
    package.write("script.py", "from purereid import signs\nprint('für')")
    package.write("purereid/signs.py", "NAMES = {'größe': 'Δ'}\nprint(NAMES)")
    before = package.digest("script.py")
    assert package.digest("script.py", **IN_C) == before
    package.edit("purereid/signs.py", "Δ", "Γ")
    assert package.digest("script.py", **IN_C) != before


# --- what counts ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "old", "new", "rules"),
    [
        ("evaluate.py", "with job(snakemake):", "with job(snakemake) as _:", {"evaluate"}),
        ("purereid/losses/triplet.py", "clamp(min=0)", "clamp(min=0.5)", {"train_reid"}),
        ("purereid/data/joints.py", 'f"left_{part}"', 'f"right_{part}"', POSES),
        ("purereid/training/schedule.py", "= 0.1,", "= 0.2,", TRAINERS),
        ("purereid/reid/evaluate.py", 'f"rank{k}"', 'f"Rank{k}"', {"evaluate"}),
        ("purereid/data/graph_file.py", '"neighbours"', '"neighbors"', {"build_graph", "purify", "show_purified"}),
    ],
)
def test_an_edit_concerns_the_rules_that_use_it(
    package: PackageCopy, untouched: dict[str, str], file: str, old: str, new: str, rules: set[str]
):
    package.edit(file, old, new)
    assert changed(package, untouched) == rules


def test_imports_count_wherever_they_stand_but_those_for_type_checkers(package: PackageCopy):
    files = {
        "purereid/a.py": "from typing import TYPE_CHECKING\nfrom .deep import b\n"
        "if TYPE_CHECKING:\n    from .typed import T",
        "purereid/c.py": "",
        "purereid/deep/__init__.py": "",
        "purereid/deep/b.py": "def b():\n    from .. import c",
        "purereid/typed.py": "",
        "purereid/unused.py": "",
        "script.py": "import purereid.a",
    }
    for file, text in files.items():
        package.write(file, text)
    found = []
    for file in files:
        before = package.digest("script.py")
        package.append(file, "print(1)")
        found += [file] if package.digest("script.py") != before else []
    assert found == [file for file in files if file not in ("purereid/typed.py", "purereid/unused.py")]


def test_a_module_whose_name_is_known_late_counts(package: PackageCopy, untouched: dict[str, str]):
    files = "evaluate.py", "purereid/losses/triplet.py"
    before = package.digest(*files)
    assert before != untouched["evaluate.py"]
    package.edit("purereid/losses/triplet.py", "clamp(min=0)", "clamp(min=0.5)")
    assert package.digest(*files) != before


def test_a_constant_for_messages_counts_where_another_module_uses_it_for_more(package: PackageCopy):
    raising = "from purereid.errors import UserError\n{}\ndef f():\n    raise UserError(AGAIN)"
    files = {
        "purereid/a.py": raising.format("AGAIN = 'delete it'"),
        "purereid/b.py": raising.format("from purereid.a import AGAIN"),
        "purereid/c.py": "from purereid.a import AGAIN\nprint(AGAIN)",
        "purereid/d.py": "from purereid import a\nprint(a.AGAIN)",
        "purereid/e.py": "from purereid import a\nprint(getattr(a, 'AGAIN'))",
    }
    for file, text in files.items():
        package.write(file, text)
    before = package.digests(list(files))
    package.edit("purereid/a.py", "delete it", "make it again")
    after = package.digests(list(files))
    assert [before[file] == after[file] for file in files] == [True, True, False, False, False]
