"""How others use it: from another folder, as a module of their own workflow, as an installed package."""

import os
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from purereid.planned_jobs import planned_jobs

ENCODER = "results/people/train_reid/baseline/seed1/encoder/networks.safetensors"
INDEX = "results/people/index_dataset/index.parquet"
NOT_GENERATED = {"lsro": None, "posegan": None, "purified": None}  # nothing that needs key points
GRAPH = "results/people/rule_graph/rule_graph.svg"
# A workflow with a rule and a wildcard that are called like ours; what stands before "module" is read first.
MAIN = """
configfile: "main.yaml"

wildcard_constraints:
    dataset="a|b"

rule all:
    input: "a.txt"

rule compare:
    output: "{{dataset}}.txt"
    shell: "touch {{output}}"

module purereid:
    snakefile: "{snakefile}"
    config: config["reid"]
    {prefix}

use rule * from purereid as reid_*

assert list(config["reid"]) == {sections}, "the module changed the config of the workflow that uses it"
"""


def run(folder: Path, *command: object, fails: bool = False, **variables: str) -> str:
    """Run a module of Python in a folder; what it printed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | variables
    options = {"cwd": folder, "env": environment, "capture_output": True, "text": True, "timeout": 600}
    done = subprocess.run([sys.executable, "-m", *map(str, command)], **options)
    assert (done.returncode != 0) == fails, done.stdout + done.stderr
    return done.stdout + done.stderr


def folder_of(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


@pytest.fixture
def tiny(root: Path) -> dict:
    """The overrides of the tiny workflow."""
    return yaml.safe_load((root / "tests/config.yaml").read_text())


# --- from another folder ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_everything_but_the_defaults_is_in_the_working_folder(root: Path, tiny: dict, tmp_path: Path):
    here, work = folder_of(tmp_path / "here"), folder_of(tmp_path / "work")
    (here / "mine.yaml").write_text(yaml.safe_dump(tiny))
    place = "--snakefile", os.path.relpath(root / "Snakefile", here), "--directory", work, "--configfile", "mine.yaml"
    assert "3 of 3 steps" in run(here, "snakemake", ENCODER, *place, "--profile", root / "profiles/workstation")
    assert [path.name for path in here.iterdir()] == ["mine.yaml"]
    assert (work / ENCODER).is_file() and (work / "logs/people/train_reid/baseline/seed1/encoder.log").is_file()
    package = {"PYTHONPATH": str(root / "workflow_scripts")}
    assert "3 of 3 jobs done" in run(here, "purereid.status", ENCODER, *place, **package)
    assert "folder not found" in run(here, "purereid.status", "--directory", "nowhere", fails=True, **package)


@pytest.mark.slow
def test_data_are_looked_for_in_the_working_folder(root: Path, tiny: dict, tmp_path: Path):
    folder_of(tmp_path / "work/data/mine")
    mine = tiny | {"datasets": {"mine": {"format": "market1501", "folder": "data/mine"}}, "dataset": "mine"}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(mine | {"experiments": NOT_GENERATED}))
    command = ["snakemake", "-s", root / "Snakefile", "results/mine/index_dataset/index.parquet", "--dry-run"]
    command += ["--configfile", "mine.yaml"]
    assert "input: data/mine" in run(tmp_path, *command, "--directory", "work")
    assert "folder not found: data/mine" in run(tmp_path, *command, fails=True)


@pytest.mark.slow
def test_what_snakemake_has_no_words_for_is_one_message(root: Path, tmp_path: Path):
    place = "--snakefile", root / "Snakefile", "--dry-run", "--cores", "1"
    text = run(tmp_path, "snakemake", *place, "--config", "a.b=3", fails=True)
    assert "--config takes no setting called a.b" in text and "Traceback" not in text
    text = run(tmp_path, "snakemake", "results/people/evaluat/baseline/seed1/scores.json", *place, fails=True)
    assert "did you mean results/people/evaluate/baseline/seed1/scores.json" in text and "Traceback" not in text


@pytest.mark.slow
def test_a_config_that_nobody_reads_is_told(root: Path, tmp_path: Path):
    shutil.copy(root / "config.yaml", tmp_path)
    command = ["snakemake", "-s", root / "Snakefile", INDEX, "--dry-run"]
    unread = f"{tmp_path / 'config.yaml'} is not read"
    assert unread in run(tmp_path, *command)
    assert unread not in run(tmp_path, *command, "--configfile", "config.yaml")


# --- as a module ------------------------------------------------------------------------------------------------------


def main_workflow(folder: Path, root: Path, overrides: dict, prefix: str) -> None:
    """Write another workflow that uses this one."""
    line = f'prefix: "{prefix}"' if prefix else ""
    snakefile = MAIN.format(snakefile=root / "Snakefile", prefix=line, sections=sorted(overrides))
    (folder / "Snakefile").write_text(snakefile)
    (folder / "main.yaml").write_text(yaml.safe_dump({"samples": ["a"], "reid": overrides}))


@pytest.mark.parametrize("prefix", ["", "reid/"])
def test_rules_of_a_module_refer_to_each_other_and_to_the_users_files(
    prefix: str, root: Path, tiny: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    own = ["data/images", "data/keypoints.csv", "data/poses.txt", "data/person.jpg"]
    folder_of(tmp_path / own[0])
    for file in own[1:]:
        (tmp_path / file).touch()
    overrides = tiny | {
        "datasets": {"mine": {"format": "market1501", "folder": own[0], "keypoints": [own[1]]}},
        "generators": tiny["generators"] | {"posegan": {"generate": {"train": {"pose_list": own[2]}}}},
        "experiments": tiny["experiments"] | {"mine": {"train": "mine", "test": "mine", "generator": "posegan"}},
        "generate_one": {"swap": {"sources": [own[3]]}},
    }
    main_workflow(tmp_path, root, overrides, prefix)
    monkeypatch.chdir(tmp_path)
    jobs = planned_jobs(["reid_all"])
    assert {"reid_index_dataset", "reid_train_reid", "reid_purify", "reid_rule_graph"} < {job.rule for job in jobs}
    named = {path for job in jobs for path in (*job.inputs, *job.outputs, str(job.log), str(job.benchmark))}
    ours = tuple(f"{prefix}{part}/" for part in ("results", "logs", "benchmarks"))
    assert {path for path in named if not path.startswith(ours)} == set(own)


@pytest.mark.slow
def test_a_module_with_a_prefix_runs_beside_rules_of_the_same_name(root: Path, tiny: dict, tmp_path: Path):
    main_workflow(tmp_path, root, tiny, "reid")
    command = "snakemake", "--cores", "2"
    assert "2 of 2 steps" in run(tmp_path, *command)
    assert (tmp_path / "a.txt").is_file() and not (tmp_path / "reid").exists()
    run(tmp_path, *command, f"reid/{ENCODER}")
    assert (tmp_path / f"reid/{ENCODER}").is_file() and not (tmp_path / "results").exists()
    run(tmp_path, *command, f"reid/{INDEX}", "--report", "report.html")
    page = " ".join((tmp_path / "report.html").read_text().split()).replace("\\n", " ")
    assert "consists of and what is wrong" in page and "recognise a person again" in page


@pytest.mark.slow
def test_small_rules_of_a_module_run_on_the_login_node(root: Path, tiny: dict, tmp_path: Path):
    main_workflow(tmp_path, root, tiny, "reid")
    (folder_of(tmp_path / "bin") / "sbatch").symlink_to("/bin/false")
    command = "snakemake", "--executor", "slurm", "--jobs", "1"
    run(tmp_path, *command, f"reid/{GRAPH}", PATH=f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    assert (tmp_path / f"reid/{GRAPH}").is_file()


# --- as an installed package ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pip has installed a copy of the repository, without internet."""
    if find_spec("setuptools") is None or Version(version("setuptools")) < Version("77"):
        pytest.skip("building the package needs setuptools 77 or newer, which is not installed here")
    root, folder = Path(__file__).parents[1], tmp_path_factory.mktemp("installed")
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / file, folder_of(folder / "sources"))
    ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(root / "workflow_scripts", folder / "sources/workflow_scripts", ignore=ignore)
    offline = "--no-deps", "--no-build-isolation", "--no-index"
    run(folder, "pip", "install", *offline, "--target", folder / "site", folder / "sources")
    return folder / "site"


def test_the_installed_package_knows_its_systems_outside_the_repository(root: Path, installed: Path, tmp_path: Path):
    code = "import purereid, sys; alone = 'numpy' in sys.modules"
    code += "; from purereid.networks.registry import description, system_names"
    code += "; print(alone, purereid.__file__, purereid.__version__, [s for s in system_names() if description(s)])"
    (tmp_path / "ask.py").write_text(code)
    said = run(tmp_path, "ask", PYTHONPATH=str(installed)).split(maxsplit=3)
    named = sorted(path.parent.name for path in (root / "workflow_scripts").rglob("system.yaml"))
    metadata = next(installed.glob("purereid-*.dist-info/METADATA")).read_text()
    assert said[0] == "False" and said[1].startswith(str(installed)) and said[3] == f"{named}\n"
    assert f"\nVersion: {said[2]}\n" in metadata
    assert {path.name for path in installed.iterdir() if path.suffix != ".dist-info"} == {"purereid"}


@pytest.mark.slow
def test_another_version_that_is_installed_is_refused(root: Path, installed: Path, tmp_path: Path):
    shutil.copytree(installed / "purereid", tmp_path / "site/purereid")
    command = "snakemake", "-s", root / "Snakefile", INDEX, "--dry-run"
    site = {"PYTHONPATH": str(tmp_path / "site")}
    assert "Traceback" not in run(tmp_path, *command, **site)
    with (tmp_path / "site/purereid/losses/triplet.py").open("a") as file:
        file.write("# another version")
    said = run(tmp_path, *command, fails=True, **site)
    assert "another version of purereid is installed" in said and f"where:    {tmp_path}/site" in said


def test_the_package_asks_for_what_is_pinned(root: Path):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    groups = (project["dependencies"], *project["optional-dependencies"].values())
    asked = [Requirement(line) for lines in groups for line in lines]
    lines = (root / "envs/requirements.txt").read_text().split("# development")[0].splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert {requirement.name for requirement in asked} == set(pins) and len(asked) == len(pins)
    for requirement in asked:
        assert {bound.operator for bound in requirement.specifier} == {">="}, requirement
        assert pins[requirement.name] in requirement.specifier, requirement
