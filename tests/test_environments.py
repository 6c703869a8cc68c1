"""Environments on a cluster: versions for conda, modules, containers, planning without torch, installation offline."""

import ast
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

from purereid.configuration import Configuration
from purereid.errors import UserError
from workflow_project import Project, copy

RENDERED = "results/people/render_people/scene.parquet"
OPTIONAL = {"timm", "faiss"}  # what asks for them says so where they are missing, or does without


@pytest.fixture
def fresh(root: Path, tmp_path: Path) -> Project:
    """The workflow in a folder where nothing was made yet."""
    return copy(root, tmp_path / "fresh")


def pins(root: Path) -> list[str]:
    """What the jobs need, as envs/requirements.txt pins it."""
    lines = (root / "envs/requirements.txt").read_text().split("# development")[0].splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def program(path: Path, text: str) -> None:
    """A program that stands for another one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/bash\n{text}")
    path.chmod(0o755)


# --- conda ------------------------------------------------------------------------------------------------------------


def conda_dependencies(root: Path) -> tuple[list[str], list[str]]:
    """What envs/purereid.yaml takes from conda, and what from pip."""
    dependencies = yaml.safe_load((root / "envs/purereid.yaml").read_text())["dependencies"]
    pip = next(entry["pip"] for entry in dependencies if isinstance(entry, dict))
    return [entry for entry in dependencies if isinstance(entry, str)], pip


def test_conda_file_has_the_versions_of_the_requirements(root: Path):
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9.]+", pin) for pin in pins(root))
    assert conda_dependencies(root)[1] == pins(root)


def test_conda_file_has_the_least_python_that_everything_else_names(root: Path):
    least = re.search(r'requires-python = ">=([0-9.]+)"', (root / "pyproject.toml").read_text())[1]
    assert conda_dependencies(root)[0] == [f"python={least}", "pip"]
    makefile = (root / "Makefile").read_text()
    assert f"({least.replace('.', ', ')})" in makefile and f"Python {least} or newer" in makefile


def test_snakefile_asks_for_the_pinned_snakemake(root: Path):
    least = re.search(r'min_version\("([0-9.]+)"\)', (root / "Snakefile").read_text())[1]
    assert any(pin.startswith(f"snakemake=={least}.") for pin in pins(root))


def test_pins_hold_every_package_that_the_workflow_imports_and_every_executor_of_a_profile(root: Path):
    distributions = packages_distributions()
    pinned = {pin.partition("==")[0] for pin in pins(root)}
    for path in sorted((root / "workflow_scripts").rglob("*.py")):
        for module in imported(path) - sys.stdlib_module_names - OPTIONAL - {"purereid"}:
            assert {name.lower() for name in distributions.get(module, [module])} & pinned, (path, module)
    for profile in (root / "profiles").glob("*/config.yaml"):
        executor = yaml.safe_load(profile.read_text()).get("executor")
        assert executor is None or f"snakemake-executor-plugin-{executor}" in pinned, profile


def imported(path: Path) -> set[str]:
    """Top-level names of the modules that a file imports anywhere."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names |= {node.module}
    return {name.partition(".")[0] for name in names}


# --- modules and containers -------------------------------------------------------------------------------------------


def test_every_rule_takes_each_kind_of_environment(root: Path):
    for file in sorted((root / "rules").glob("*.smk")):
        for name, body in re.findall(r"^rule (\w+):\n(.*?)(?=^rule |\Z)", file.read_text(), re.M | re.S):
            assert (
                '    conda:\n        "../envs/purereid.yaml"\n    envmodules:\n        *config["envmodules"],\n' in body
            ), name
            assert "container:" not in body, name  # that of the Snakefile holds for all


def with_example(project: Project, name: str, *arguments: str) -> str:
    """Run Snakemake with a file of profiles/examples beside the tiny config; what it printed."""
    command = [*project.command(*arguments), f"profiles/examples/{name}.yaml"]  # a second name after --configfile
    done = subprocess.run(command, cwd=project.folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow
def test_jobs_load_the_modules_of_the_example(fresh: Project, monkeypatch: pytest.MonkeyPatch):
    modules = "--sdm", "env-modules"
    assert "rule train_reid" in with_example(fresh, "env-modules", *modules, "--profile", "slurm", "--dry-run")
    (fresh.folder / "modules.sh").write_text(f'module() {{ echo "$*" >> "{fresh.folder}/loaded"; }}')
    monkeypatch.setenv("BASH_ENV", str(fresh.folder / "modules.sh"))
    with_example(fresh, "env-modules", RENDERED, *modules)
    names = yaml.safe_load((fresh.folder / "profiles/examples/env-modules.yaml").read_text())["envmodules"]
    loaded = (fresh.folder / "loaded").read_text().splitlines()  # Snakemake loads them also to ask for their Python
    assert loaded[-2:] == ["purge", f"load {' '.join(names)}"]


@pytest.mark.slow
def test_the_container_of_the_example_is_planned(fresh: Project, monkeypatch: pytest.MonkeyPatch):
    program(fresh.folder / "bin/apptainer", "echo apptainer version 1.4.0")
    monkeypatch.setenv("PATH", f"{fresh.folder}/bin", prepend=":")
    arguments = RENDERED, "--sdm", "apptainer", "--profile", "slurm", "--dry-run"
    image = yaml.safe_load((fresh.folder / "profiles/examples/container.yaml").read_text())["container"]
    assert f"image {image} will be pulled" in with_example(fresh, "container", *arguments)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("container", ["a.sif"], "unusable setting ['a.sif']\n  where:    container\n  expected: text"),
        ("container", None, "unusable setting null\n  where:    container\n  expected: text"),
        ("envmodules", "CUDA", "unusable setting 'CUDA'\n  where:    envmodules\n  expected: list"),
        ("envmodules", [12.8], "unusable setting 12.8\n  where:    envmodules.0\n  expected: text"),
    ],
)
def test_unusable_environments_are_told(root: Path, key: str, value: object, message: str):
    config = yaml.safe_load((root / "config.yaml").read_text()) | {key: value}
    with pytest.raises(UserError) as error:
        Configuration(config, root / "rules/schemas/config.schema.yaml")
    assert message in str(error.value)


# --- login nodes ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_planning_for_a_cluster_needs_neither_torch_nor_a_gpu(fresh: Project, monkeypatch: pytest.MonkeyPatch):
    for name in ("torch", "torchvision"):
        (fresh.folder / f"missing/{name}.py").parent.mkdir(exist_ok=True)
        (fresh.folder / f"missing/{name}.py").write_text(f'raise ImportError("planning imports {name}")')
    monkeypatch.setenv("PYTHONPATH", str(fresh.folder / "missing"))
    blocked = subprocess.run([sys.executable, "-c", "import torch"], capture_output=True, text=True)
    assert "planning imports torch" in blocked.stderr
    assert "gpu=2" in fresh.run("--dry-run", "--profile", "slurm", "--config", "gpus=2")


# --- installation without internet ------------------------------------------------------------------------------------


@pytest.fixture
def sources(root: Path, tmp_path: Path) -> Path:
    """What make needs, and an environment whose pip notes what it is asked for and makes one wheel."""
    (tmp_path / "envs").mkdir()
    shutil.copy(root / "Makefile", tmp_path)
    shutil.copy(root / "envs/requirements.txt", tmp_path / "envs")
    program(tmp_path / ".venv/bin/pip", "")
    pip = 'mkdir -p bundle/wheels; echo wheel > bundle/wheels/a.whl; echo "$*" >> asked; [ ! -e no-internet ]'
    program(tmp_path / ".venv/bin/python", f'if [ "$1" = -m ]; then {pip}; else exec {sys.executable} "$@"; fi')
    return tmp_path


def make(sources: Path, *arguments: str, fails: bool = False) -> str:
    """Run make without settings of the outer one; what it printed."""
    env = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "OFFLINE")}
    done = subprocess.run(["make", *arguments], cwd=sources, capture_output=True, text=True, env=env)
    assert (done.returncode != 0) == fails, done.stdout + done.stderr
    return done.stdout + done.stderr


def asked(sources: Path) -> list[str]:
    """The last arguments of pip."""
    return (sources / "asked").read_text().splitlines()[-1].split()


def test_the_bundle_installs_without_an_index(sources: Path):
    (sources / "bundle/weights").mkdir(parents=True)
    (sources / "bundle/weights/resnet 50.safetensors").write_text("weights")
    assert "bundle/ is complete" in make(sources, "bundle")
    assert asked(sources)[:3] == ["-m", "pip", "wheel"]
    listed = {line[66:] for line in (sources / "bundle/SHA256SUMS").read_text().splitlines()}
    assert listed == {"./wheels/a.whl", "./weights/resnet 50.safetensors", "./requirements.txt", "./made_for.txt"}
    make(sources, ".venv/.ready", "OFFLINE=bundle")
    words = asked(sources)
    assert words[:3] == ["-m", "pip", "install"] and "--no-index" in words
    assert words[words.index("--find-links") + 1] == "bundle/wheels"
    assert words[words.index("--requirement") + 1] == "envs/requirements.txt"


def test_without_a_bundle_the_index_is_asked(sources: Path):
    make(sources, ".venv/.ready")
    assert asked(sources)[:3] == ["-m", "pip", "install"] and not {"--no-index", "--find-links"} & set(asked(sources))


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("bundle/SHA256SUMS", None, "'bundle' is no complete bundle"),
        ("bundle/wheels/a.whl", "cut", "'bundle' is not as make bundle left it"),
        ("envs/requirements.txt", "torch==1.0", "'bundle' holds other versions than envs/requirements.txt"),
    ],
)
def test_a_bundle_that_does_not_fit_is_told(sources: Path, file: str, text: str | None, message: str):
    make(sources, "bundle")
    (sources / file).unlink()
    if text is not None:
        (sources / file).write_text(text)
    assert message in make(sources, ".venv/.ready", "OFFLINE=bundle", fails=True)
    assert asked(sources)[2] == "wheel" and not (sources / ".venv/.ready").exists()


def test_a_bundle_for_another_python_is_told(sources: Path):
    make(sources, "bundle")
    other = "Python 3.99 on linux-s390x"
    program(sources / ".venv/bin/python", f"echo {other}")
    text = make(sources, ".venv/.ready", "OFFLINE=bundle", fails=True)
    assert "'bundle' is for Python 3." in text and f"and this is {other}" in text


def test_a_download_that_fails_leaves_no_complete_bundle(sources: Path):
    make(sources, "bundle")
    (sources / "no-internet").touch()
    assert "bundle/ is not complete; pip says above why" in make(sources, "bundle", fails=True)
    assert not (sources / "bundle/SHA256SUMS").exists() and (sources / "bundle/wheels/a.whl").exists()
    (sources / "no-internet").unlink()
    make(sources, "bundle")
    assert (sources / "bundle/SHA256SUMS").exists()


def test_bundle_and_environment_start_from_a_python_that_is_named(root: Path, tmp_path: Path):
    (tmp_path / "envs").mkdir()
    shutil.copy(root / "Makefile", tmp_path)
    (tmp_path / "envs/requirements.txt").touch()
    assert "-m venv .venv" in make(tmp_path, "-n", "bundle") and "pip wheel" in make(tmp_path, "-n", "bundle")
    assert "'no-python' was not found" in make(tmp_path, "bundle", "PYTHON=no-python", fails=True)
