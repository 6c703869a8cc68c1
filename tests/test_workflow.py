"""The workflow as its user runs it, on the tiny config: what is made, what is made again, what is resumed."""

import json
import logging
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import psutil
import pytest
import yaml
from snakemake_executor_plugin_slurm.partitions import get_best_partition, read_partition_file

from purereid.data.heatmap_file import Heatmaps
from workflow_project import Project, copy

TRAINED = "results/people/train_reid/baseline/seed1/encoder"
GPU_RULES = {"train_gan", "generate", "generate_one", "score_images", "embed_generated", "build_graph", "train_gcn"}
GPU_RULES |= {"train_gcn_v", "train_gcn_e", "purify", "judge_generated", "train_reid", "extract_features"}
OF_REFERENCE = {"similarity_maps", "plot_features"}  # pictures of that experiment alone
AFTER_FEATURES = {"evaluate", "compare", "plot_cmc", "rank_lists", "compare_purifiers"} | OF_REFERENCE
AFTER_TRAINING = {"extract_features", "plot_curves"} | AFTER_FEATURES
AFTER_GENERATOR = {"generate", "index_generated", "score_images", "compare_images", "show_images", "plot_gan_curves"}
PURIFICATION = {"embed_generated", "build_graph", "train_gcn", "purify", "index_purified", "judge_generated"}
PURIFICATION |= {"show_purified", "plot_links", "plot_gcn_curves"}
GENERATED = "results/people/generate/posegan"


# --- what is made -----------------------------------------------------------------------------------------------------


def test_everything_is_made_with_provenance(finished: Project):
    results = finished.folder / "results"
    scores = json.loads((results / "people/evaluate/baseline/seed1/scores.json").read_text())
    assert scores["counts"]["queries"] == 12 and scores["counts"]["junk"] == 3
    assert 0 < scores["single_query"]["mAP"] <= 1 and scores["multi_query"] is not None
    text = (results / "people/compare/table.txt").read_text()
    assert "baseline" in text and "untrained" in text and "small-scale" in text
    for folder in {path.parent for path in results.rglob("*.*") if path.suffix in (".parquet", ".safetensors", ".png")}:
        if not re.search(r"render_people/\w+$|/pictures$", folder.as_posix()):
            record = json.loads((folder / "provenance.json").read_text())
            assert record["rule"] in folder.as_posix() and len(record["code"]) == 64
            assert all((finished.folder / benchmark).exists() for benchmark in record["benchmark"])
    assert not list(results.rglob("checkpoint.safetensors")) and not list(results.rglob("*.part"))
    assert list((finished.folder / f"{TRAINED}/tensorboard").iterdir())


def test_second_run_has_nothing_to_do(finished: Project):
    assert "Nothing to be done" in finished.run("--dry-run")


@pytest.mark.slow
def test_same_config_same_bytes(finished: Project, tmp_path: Path):
    again = copy(Path(__file__).parents[1], tmp_path)
    target = "results/people/evaluate/baseline/seed1/ranks.parquet"
    again.run(target, "--set-threads", "render_people=1")
    ours, first = again.digests(), finished.digests()
    assert target in ours and f"{TRAINED}/networks.safetensors" in ours and len(ours) >= 6
    assert ours == {name: first[name] for name in ours}


def test_report_has_every_picture_with_its_caption(finished: Project):
    finished.run("--report", "report.zip")
    with zipfile.ZipFile(finished.folder / "report.zip") as archive:
        page = archive.read("report/report.html").decode()
    for category in (
        "1 Data",
        "2 Training",
        "3 Results",
        "4 Ranked lists",
        "5 Generated images",
        "6 Purification",
        "7 Workflow",
    ):
        assert category in page
    for caption in ("consists of and what is wrong", "Cumulative matching", "has a blue frame", "rrow leads from"):
        assert caption in " ".join(page.split()).replace("\\n", " "), caption
    for name in (
        "doctor.html",
        "contact_sheet.png",
        "plot_cmc.png",
        "rank_lists-baseline-seed1.png",
        "similarity_maps-baseline-seed1.png",
        "table.html",
        "rule_graph.svg",
        "findings.html",
    ):
        assert name in page, name


@pytest.mark.slow
def test_every_rule_asks_slurm_for_fitting_resources(finished: Project):
    text = finished.run("--dry-run", "--forceall", "--profile", "slurm")
    jobs = re.findall(r"^ *(?:local)?rule (\w+):\n(.*?)(?=^ *\[|\Z)", text, re.M | re.S)
    assert {rule for rule, _ in jobs} >= AFTER_TRAINING | {"render_people", "index_dataset", "train_reid", "all"}
    for rule, body in jobs:
        if rule != "all":
            assert re.search(r"mem_mb=\d+", body) and re.search(r"runtime=\d+", body), (rule, body)
        assert ("gpu=0" in body) == (rule in GPU_RULES), rule


def test_retries_are_for_the_profile_alone(root: Path):
    """In a rule they would run the job again in the same allocation, with the same memory and time."""
    assert not any("retries:" in path.read_text() for path in (root / "rules").glob("*.smk"))
    assert yaml.safe_load((root / "profiles/slurm/config.yaml").read_text())["retries"] == 2


@pytest.mark.parametrize(("gpus", "partition"), [(0, "cpu"), (1, "gpu"), (4, "gpu")])
def test_the_example_of_partitions_tells_gpu_jobs_from_others(root: Path, gpus: int, partition: str):
    known = read_partition_file(root / "profiles/examples/partitions.yaml")
    resources = {"gpu": gpus, "mem_mb": 24000, "runtime": 480, "nodes": 1}
    job = SimpleNamespace(name="train_reid", threads=8, resources=resources)
    assert get_best_partition(known, job, logging.getLogger()) == partition


@pytest.mark.slow
def test_gpus_of_an_experiment_reach_its_jobs(project: Project):
    project.override(experiments={"baseline": {"gpus": 2}, "colour_histogram": None, "untrained": {"seeds": [1]}})
    text = project.run(f"{TRAINED}/networks.safetensors", "--dry-run", "--forceall", "--profile", "slurm")
    assert "gpu=2" in text


@pytest.mark.slow
def test_a_copied_results_folder_is_what_it_was(project: Project, tmp_path: Path):
    clone = copy(Path(__file__).parents[1], tmp_path / "clone")
    shutil.copy(project.folder / "tests/config.yaml", clone.folder / "tests/config.yaml")
    shutil.copytree(project.folder / "results", clone.folder / "results", copy_function=shutil.copyfile)  # other times
    assert clone.planned() == {}
    shutil.rmtree(clone.folder / ".snakemake")
    clone.override(purify={"threshold": 0.3})
    assert "purify" in clone.planned() and "train_gcn" not in clone.planned()
    encoder = clone.folder / TRAINED / "networks.safetensors"
    about = encoder.stat()
    encoder.write_bytes(b"")
    os.utime(encoder, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert clone.planned(f"{TRAINED}/networks.safetensors") == {"train_reid": 1}


# --- what is made again -----------------------------------------------------------------------------------------------


def test_edit_of_a_loss_concerns_the_trainers_and_what_follows(project: Project):
    project.edit("workflow_scripts/purereid/losses/triplet.py", "clamp(min=0)", "clamp(min=0.0001)")
    planned = project.planned()
    # the generator posegan learns from an encoder, and all image scores are taken in its features
    assert set(planned) == {"train_reid", "train_gan", "generate_one"} | AFTER_TRAINING | AFTER_GENERATOR | PURIFICATION
    assert planned["train_reid"] == 6 and planned["train_gan"] == planned["plot_gan_curves"] == 1


@pytest.mark.slow
def test_edit_of_a_generator_concerns_that_generator(project: Project):
    project.edit("workflow_scripts/purereid/systems/dcgan/generator.py", "betas=(0.5, 0.999)", "betas=(0.5, 0.99)")
    planned = project.planned()
    assert set(planned) == ({"train_gan", "train_reid"} | AFTER_TRAINING | AFTER_GENERATOR) - OF_REFERENCE
    assert planned["train_gan"] == planned["train_reid"] == 1 and planned["generate"] == 2


@pytest.mark.slow
def test_edit_of_an_encoder_concerns_all_who_load_it(project: Project):
    project.edit("workflow_scripts/purereid/systems/bot/networks.py", "softmax(dim=1)", "softmax(dim=-1)")
    scores = "results/people/evaluate/baseline/seed1/scores.json"
    project.run("results/people/train_reid/baseline/seed1/encoder/networks.safetensors")
    assert project.planned(scores)["extract_features"] == 1
    planned = project.planned()
    assert {"score_images", "embed_generated", "judge_generated", "train_gan"} < set(planned)


@pytest.mark.slow
def test_a_setting_of_the_images_for_training_leaves_those_of_the_test(project: Project):
    project.override(generators={"posegan": {"generate": {"train": {"seed": 5}}}})
    planned = project.planned()
    assert planned["generate"] == planned["train_reid"] == 2 and "train_gan" not in planned
    assert "show_images" not in planned and planned["score_images"] == 1


def test_an_edit_of_words_concerns_nothing(project: Project):
    project.edit("workflow_scripts/purereid/losses/triplet.py", '"""Batch-hard', '"""The batch-hard')
    project.edit("workflow_scripts/train_reid.py", "if __name__", "# a comment\nif __name__")
    project.edit("workflow_scripts/purereid/__init__.py", '__version__ = "', '__version__ = "99.')
    project.edit("workflow_scripts/purereid/training/loop.py", '"going on from step', '"on it goes from step')
    project.edit("workflow_scripts/purereid/training/schedule.py", 'UserError(f"unknown', 'UserError(f"no such')
    project.edit("workflow_scripts/purereid/training/progress.py", "images/s", "images per second")
    project.edit("workflow_scripts/purereid/data/index_dataset.py", "%d warnings", "warnings: %d")
    assert project.planned() == {}


def test_one_setting_concerns_its_rule_and_what_follows(project: Project):
    project.override(extract_features={"flip": False})
    assert set(project.planned()) == {"extract_features"} | AFTER_FEATURES


@pytest.mark.slow
def test_shards_are_jobs_of_their_own(project: Project):
    for shard in range(2):
        log = project.folder / f"logs/people/embed_generated/posegan/{shard}-of-2.log"
        assert f"shard {shard}-of-2: images" in log.read_text()
    project.override(extract_features={"shards": 3}, embed_generated={"shards": 3})
    planned = project.planned()
    assert planned["extract_features"] == 3 * planned["evaluate"]
    assert planned["embed_generated"] == 3 and planned["build_graph"] == planned["train_gcn"] == planned["purify"] == 1


def test_a_setting_of_one_experiment_concerns_that_experiment(project: Project):
    project.override(
        experiments={"colour_histogram": None, "untrained": {"seeds": [1], "evaluate": {"protocol": "openreid"}}}
    )
    planned = project.planned()
    assert planned["evaluate"] == 1 and "train_reid" not in planned and "extract_features" not in planned


@pytest.mark.slow
def test_experiments_are_ranked_on_validation_images_without_any_training(project: Project):
    project.override(evaluate={"protocol": "validation"})
    target = "results/people/compare/table.txt"
    assert {"train_reid", "extract_features"} & set(project.planned(target)) == set()
    project.run(target)
    scores = json.loads((project.folder / "results/people/evaluate/baseline/seed1/scores.json").read_text())
    assert scores["counts"]["queries"] == 4 and 0 < scores["single_query"]["mAP"] <= 1  # 2 people, 2 cameras
    assert "validation" in (project.folder / target).read_text()


@pytest.mark.slow
def test_swapped_values_of_two_settings_are_noticed(project: Project):
    project.override(train_reid={"bot": {"margin": 0.1, "label_smoothing": 0.3}})
    assert "train_reid" in project.planned()


@pytest.mark.slow
def test_resources_concern_nothing(project: Project):
    project.override(resources={"train_reid": {"threads": 2, "mem_mb": 9000}})
    assert project.planned() == {}


@pytest.mark.slow
def test_what_is_logged_and_drawn_and_the_order_of_seeds_concern_nothing(project: Project):
    drawn = {"samples": 3, "samples_over_time": 4, "log_every": 2}
    project.override(seeds=[2, 1], train_gan={"posegan": drawn, "dcgan": drawn})
    project.override(**{rule: {"log_every": 2} for rule in ("train_gcn", "train_gcn_v", "train_gcn_e")})
    project.override(train_reid={"log_every": 1, "alarm_after": 1})
    assert project.planned() == {}
    networks = project.folder / f"{TRAINED}/networks.safetensors"
    before, curves = networks.read_bytes(), networks.with_name("curves.csv")
    curves.unlink()
    project.run(f"{TRAINED}/curves.csv")
    assert pd.read_csv(curves)["step"].tolist() == list(range(1, 13)) and networks.read_bytes() == before


@pytest.mark.slow
def test_the_digest_can_be_switched_off(project: Project):
    path = project.folder / "tests/config.yaml"
    path.write_text(path.read_text() + "code_digest: false\n")
    project.run("--touch")
    planned = project.planned()
    project.edit("workflow_scripts/purereid/losses/triplet.py", "clamp(min=0)", "clamp(min=0.0001)")
    assert project.planned() == planned


@pytest.mark.slow
def test_one_deleted_artifact_is_one_job(project: Project):
    artifact = "results/people/evaluate/baseline/seed2/scores.json"
    before = (project.folder / artifact).read_bytes()
    (project.folder / artifact).unlink()
    assert project.planned(artifact) == {"evaluate": 1}
    project.run(artifact)
    assert (project.folder / artifact).read_bytes() == before


@pytest.mark.slow
def test_a_missing_artifact_in_between_is_made_again(project: Project):
    """Snakemake alone would say that nothing is to be done after a killed job, as later results are still there."""
    (project.folder / f"{TRAINED}/networks.safetensors").unlink()
    planned = project.planned()
    assert planned["train_reid"] >= 1 and "extract_features" in planned
    shard = project.folder / f"{GENERATED}/train/1-of-2/images.parquet"
    shard.unlink()
    project.override(train_reid={"bot": {"generated_weight": 0.5}})
    assert project.planned("results/people/train_reid/posegan/seed1/encoder/networks.safetensors")["generate"] >= 1


@pytest.mark.slow
def test_a_shard_that_is_not_there_is_told(project: Project):
    for name in ("5-of-2", "0-of-7"):
        text = project.run(f"{GENERATED}/train/{name}/images.parquet", fails=True)
        assert "there is no shard" in text and "0-of-2 to 1-of-2" in text and "Traceback" not in text


@pytest.mark.slow
def test_an_added_image_is_noticed(project: Project, tmp_path: Path):
    images = tmp_path / "mine"
    own = shutil.ignore_patterns(".snakemake_timestamp")
    shutil.copytree(project.folder / "results/people/render_people", images, ignore=own)
    project.override(datasets={"mine": {"format": "market1501", "folder": str(images)}})
    index = "results/mine/index_dataset/index.parquet"
    project.run(index)
    assert project.planned(index) == {}
    time.sleep(1.1)  # times of folders are compared in seconds
    new = sorted((images / "bounding_box_train").glob("*.jpg"))[0]
    shutil.copy(new, new.with_name(new.name.replace("_01.jpg", "_99.jpg")))
    assert project.planned(index) == {"index_dataset": 1}


@pytest.mark.slow
def test_an_image_replaced_deep_in_a_folder_is_noticed(project: Project):
    write_people_folder(project)
    project.override(**yaml.safe_load((project.folder / "mine.yaml").read_text()))
    index = "results/mine/index_dataset/index.parquet"
    project.run(index)
    assert project.planned(index) == {}
    first, second = sorted((project.folder / "data/my_people").glob("*/*.jpg"))[:2]
    first.write_bytes(second.read_bytes())
    assert project.planned(index) == {"index_dataset": 1}


@pytest.mark.slow
def test_another_reference_or_order_of_experiments_is_noticed(project: Project):
    project.override(compare={"reference": "untrained"})
    assert set(project.planned()) == {"compare", "plot_cmc", "compare_purifiers"} | OF_REFERENCE


@pytest.mark.slow
def test_gpus_beyond_the_profile_are_told(project: Project):
    project.override(train_reid={"bot": {"epochs": 1}})
    config = project.folder / "tests/config.yaml"
    config.write_text(config.read_text() + "gpus: 2\n")
    text = project.run(f"{TRAINED}/networks.safetensors", "--resources", "gpu=1", fails=True)
    assert "the experiment asks for 2 GPUs, the run grants 1" in text and "Traceback" not in text


@pytest.mark.slow
def test_a_failed_experiment_does_not_cost_the_comparison(project: Project):
    diverging = {"optimiser": "sgd", "learning_rate": 10.0, "backbone_factor": 10.0, "weight_decay": 1.0}
    project.override(experiments={"lsro": {"train_reid": diverging | {"warmup_epochs": 0, "epochs": 20}}})
    text = project.run(fails=True)
    assert "Not scored: lsro." in text and '--config "leave_out=[lsro]"' in text
    assert "leave_out" not in project.run(f"{GENERATED}/none.parquet", fails=True)  # no comparison was asked for
    text = project.run("--config", "leave_out=[lsro]")
    table = (project.folder / "results/people/compare/table.txt").read_text()
    assert "left out (leave_out): lsro" in table and "purified: " in table and "lsro: " not in table


@pytest.mark.slow
def test_what_an_experiment_lacks_stops_all_trainings(project: Project):
    project.override(experiments={"lsro": {"train_reid": {"identities_per_batch": 99}}})
    project.override(train_reid={"bot": {"epochs": 4}})
    text = project.run(f"{TRAINED}/networks.safetensors", fails=True)
    assert "8 training identities, but a batch takes 99. (lsro)" in text and "before anything was trained" in text
    assert "Set experiments.lsro.train_reid.identities_per_batch to at most 8" in text and "Traceback" not in text


# --- what is resumed --------------------------------------------------------------------------------------------------


def kill_trainer(project: Project, run: subprocess.Popen, script: str) -> None:
    """SIGKILL for the script of the training, as the kernel does when memory runs out."""
    processes = psutil.Process(run.pid).children(recursive=True)
    (found,) = [each for each in processes if script in " ".join(each.cmdline()[1:2])]  # not the shell around it
    found.kill()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "job", "checkpoints"),
    [
        ("train_reid", "baseline/seed1/encoder", 0),
        ("train_reid", "baseline/seed1/encoder", 1),
        ("train_reid", "baseline/seed1/encoder", 4),
        ("train_gan", "dcgan/generator", 2),
    ],
)
def test_killed_trainer_ends_with_the_same_bytes(project: Project, rule: str, job: str, checkpoints: int):
    project.override(train_reid={"bot": {"epochs": 160}}, generators={"dcgan": {"train_gan": {"epochs": 120}}})
    folder = f"people/{rule}/{job}"
    target = f"results/{folder}/networks.safetensors"
    checkpoint = project.folder / f"results/{folder}/checkpoint.safetensors"
    log = project.folder / f"logs/{folder}.log"
    log.unlink()
    run = project.start(target)
    seen = set()
    while len(seen) < checkpoints or not (log.exists() and "images on cpu" in log.read_text()):
        assert run.poll() is None, "the training ended before it could be killed"
        if checkpoint.exists():
            seen.add(checkpoint.stat().st_mtime_ns)
        time.sleep(0.002)
    kill_trainer(project, run, f"{rule}.py")
    assert run.wait() != 0
    assert not (project.folder / target).exists()
    project.run(target)
    resumed = project.digests(f"{folder}/*")
    assert ("going on from step" in log.read_text()) == (checkpoints > 0)
    shutil.rmtree(project.folder / f"results/{folder}")
    project.run(target)
    assert project.digests(f"{folder}/*") == resumed


@pytest.mark.slow
def test_a_training_that_outlived_snakemake_is_not_made_again(project: Project):
    project.override(train_reid={"bot": {"epochs": 60}})
    folder = project.folder / TRAINED
    log = project.folder / "logs/people/train_reid/baseline/seed1/encoder.log"
    log.unlink()
    run = project.start(f"{TRAINED}/networks.safetensors")
    while not (log.exists() and "images on cpu" in log.read_text()):
        assert run.poll() is None
        time.sleep(0.01)
    run.kill()
    run.wait()
    while (folder / ".lock").exists():
        time.sleep(0.1)
    made = project.digests("people/train_reid/baseline/seed1/encoder/*")
    project.run("--unlock")
    project.run(f"{TRAINED}/networks.safetensors")
    assert "another job has made it already" in log.read_text() and "epoch" not in log.read_text()
    assert project.digests("people/train_reid/baseline/seed1/encoder/*") == made
    assert not (folder / ".made").exists()


# --- a user's mistakes ------------------------------------------------------------------------------------------------


def test_a_key_that_stands_twice_is_one_message(project: Project):
    config = project.folder / "tests/config.yaml"
    config.write_text(config.read_text() + "\nseeds: [2]\n")
    text = project.run("--dry-run", fails=True)
    assert "the key seeds stands twice" in text and "tests/config.yaml, lines " in text and "Traceback" not in text


def test_unknown_key_is_one_message(project: Project):
    project.override(train_reid={"bot": {"epoch": 3}})
    text = project.run("--dry-run", fails=True)
    assert "unknown config key 'epoch'" in text and "did you mean epochs?" in text and "Traceback" not in text


def test_missing_folder_is_one_message(project: Project):
    project.override(
        datasets={"market": {"format": "market1501", "folder": "/nowhere"}},
        experiments={"baseline": {"train": "market"}},
    )
    text = project.run("--dry-run", fails=True)
    assert "folder not found: /nowhere" in text and "Traceback" not in text


@pytest.mark.slow
def test_truncated_image_is_shown_from_the_failed_jobs_log(project: Project, tmp_path: Path):
    images = tmp_path / "mine"
    shutil.copytree(project.folder / "results/people/render_people", images)
    broken = sorted((images / "query").glob("*.jpg"))[0]
    broken.write_bytes(broken.read_bytes()[:300])
    (images / "query/stray name.jpg").write_bytes(broken.read_bytes())
    project.override(datasets={"mine": {"format": "market1501", "folder": str(images)}})
    text = project.run("results/mine/index_dataset/index.parquet", fails=True)
    assert "2 bad images" in text and broken.name in text and "stray name.jpg" in text
    assert "set index_dataset.bad_images to skip" in text and "Traceback" not in text
    project.override(index_dataset={"bad_images": "skip"})
    project.run("results/mine/index_dataset/index.parquet")
    doctor = (project.folder / "results/mine/index_dataset/doctor.json").read_text()
    assert broken.name in doctor and "stray name.jpg" in doctor


@pytest.mark.slow
def test_encoder_of_another_model_is_shown(project: Project):
    target = "results/people/extract_features/baseline/seed1/0-of-1/features.parquet"
    encoder = project.folder / TRAINED / "networks.safetensors"
    shutil.copy(encoder, project.folder / "kept")
    encoder.write_bytes(b"something else")
    text = project.run(target, "--forcerun", "extract_features", "--rerun-triggers", "mtime", fails=True)
    assert "this input is damaged" in text and str(encoder.name) in text and "Traceback" not in text


# --- other data -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_own_table_without_cameras_and_training_on_two_sets(project: Project, tmp_path: Path):
    index = pd.read_parquet(project.folder / "results/people/index_dataset/index.parquet")
    rows = index[index["split"].isin(["train", "query", "gallery"]) & (index["pid"] > 0)]
    paths = [str(project.folder / path) for path in rows["path"]]
    table = pd.DataFrame({"path": paths, "pid": rows["pid"], "split": rows["split"]})
    table.to_csv(tmp_path / "mine.csv", index=False)
    project.override(
        datasets={
            "mine": {"format": "table", "table": str(tmp_path / "mine.csv")},
            "both": {"format": "merge", "sources": ["people", "mine"]},
        },
        experiments={"cross": {"train": "both", "test": "mine", "seeds": [3]}},
    )
    project.run()
    across = pd.read_csv(project.folder / "results/people/compare_datasets/table.csv").set_index("experiment")
    assert across.loc["cross", ["train", "sources", "dataset"]].tolist() == ["both", "people mine", "mine"]
    assert set(across["dataset"]) == {"people", "mine"} and "untrained" in across.index
    scores = json.loads((project.folder / "results/mine/evaluate/cross/seed3/scores.json").read_text())
    assert scores["protocol"]["same_camera_removed"] is False
    assert "cameras unknown" in scores["protocol"]["note"]
    merged = pd.read_parquet(project.folder / "results/both/index_dataset/index.parquet")
    assert set(merged["dataset"]) == {"people", "mine"}
    trained = merged[merged["split"] == "train"]
    assert trained["pid"].nunique() == 16


def test_key_point_stages_describe_the_same_images(finished: Project):
    names = ("import_keypoints/keypoints.parquet", "make_heatmaps/parts.arrow", "sample_pairs/train/pairs.parquet")
    keypoints, parts, pairs = (finished.folder / f"results/people/{name}" for name in names)
    images = pd.read_parquet(keypoints)["image"]
    maps = Heatmaps(parts)
    assert maps[images[0]].shape == (6, 32, 16) and len(images) == len(maps.images)
    assert len(pd.read_parquet(pairs)) and set(pd.read_parquet(pairs)["source"]) <= set(images)


# --- generators -------------------------------------------------------------------------------------------------------


def test_generated_images_are_in_the_training(finished: Project):
    index = pd.read_parquet(finished.folder / "results/people/index_generated/posegan/index.parquet")
    assert index[index["split"] == "train"]["kind"].value_counts().to_dict() == {"detected": 38, "generated": 24}
    curves = pd.read_csv(finished.folder / "results/people/train_reid/posegan/seed1/encoder/curves.csv")
    assert curves["cross_entropy_generated"].notna().all()
    assert "cross_entropy_generated" not in pd.read_csv(finished.folder / f"{TRAINED}/curves.csv")
    log = (finished.folder / "logs/people/train_reid/lsro/seed1/encoder.log").read_text()
    assert "labelled uniform" in log


@pytest.mark.slow
def test_a_person_in_a_pose_by_name(project: Project, tmp_path: Path):
    pose = tmp_path / "pose.txt"
    pose.write_text("20 32\n30 32\n" + "-1 -1\n" * 16)
    project.override(generate_one={"jump": {"sources": ["pid:9"], "poses": [str(pose), "pid:10"]}})
    folder = "results/people/generate_one/posegan/jump"
    project.run(f"{folder}/grid.png")
    assert sorted(path.name for path in (project.folder / folder / "pictures").iterdir())[-2:] == ["0-0.png", "0-1.png"]
    assert project.planned(f"{folder}/grid.png") == {}
    pose.write_text("500 32\n" + "-1 -1\n" * 17)
    text = project.run(f"{folder}/grid.png", fails=True)
    assert "lie outside the picture of 128 x 64: nose at y 500" in text and "Traceback" not in text


@pytest.mark.slow
def test_an_edited_list_of_poses_is_noticed(project: Project, tmp_path: Path):
    names = pd.read_parquet(project.folder / f"{GENERATED}/train/0-of-2/images.parquet")["pose"].unique()
    poses = tmp_path / "poses.txt"
    poses.write_text(names[0])
    project.override(generators={"posegan": {"generate": {"train": {"pose_list": str(poses)}}}})
    targets = [f"{GENERATED}/train/{shard}-of-2/images.parquet" for shard in range(2)]
    project.run(*targets)
    assert set(pd.read_parquet(project.folder / targets[1])["pose"]) == {names[0]}
    assert project.planned(*targets) == {}
    time.sleep(1.1)
    poses.write_text("\n".join(names[:2]))
    assert project.planned(*targets) == {"generate": 2}
    poses.unlink()
    text = project.run(*targets, "--dry-run", fails=True)
    assert "file not found" in text and "pose_list" in text and "Traceback" not in text


@pytest.mark.slow
def test_a_truncated_shard_is_told(project: Project):
    shard = project.folder / f"{GENERATED}/train/1-of-2/images.parquet"
    shard.write_bytes(shard.read_bytes()[:-50])
    target = "results/people/index_generated/posegan/index.parquet"
    text = project.run(target, "--forcerun", "index_generated", "--rerun-triggers", "mtime", fails=True)
    assert "damaged" in text and "1-of-2/images.parquet" in text and "Traceback" not in text


@pytest.mark.slow
def test_few_real_identities(project: Project):
    few = {"setup": "few", "real_identities": 3, "images_per_identity": 2}
    project.override(generators={"posegan": {"generate": {"train": few}}})
    project.run("results/people/train_reid/posegan/seed1/encoder/networks.safetensors")
    index = pd.read_parquet(project.folder / "results/people/index_generated/posegan/index.parquet")
    index = index[index["split"] == "train"]
    real, made = index[index["kind"] == "detected"], index[index["kind"] == "generated"]
    assert len(made) == 10 and made["pid"].nunique() == 5
    assert (real["pid"].value_counts()[made["pid"].unique()] == 1).all() and real["pid"].nunique() == 8


@pytest.mark.slow
def test_a_data_set_without_key_points_is_told(project: Project):
    project.override(
        datasets={"both": {"format": "merge", "sources": ["people", "other"]}, "other": {"format": "rendered_people"}}
    )
    text = project.run("results/both/import_keypoints/keypoints.parquet", fails=True)
    assert "no key-point file is given" in text and "keypoints of the data set" in text and "Traceback" not in text
    text = project.run("results/both/make_heatmaps/parts.arrow", fails=True)
    assert "no weights to estimate them with" in text and "Traceback" not in text


# --- README, docs and presets -----------------------------------------------------------------------------------------


def written_commands() -> list[str]:
    """Commands of the bash blocks of README and docs, each once, without comments."""
    root = Path(__file__).parents[1]
    texts = [path.read_text() for path in (root / "README.md", *sorted((root / "docs").glob("*.md")))]
    blocks = [block for text in texts for block in re.findall(r"```bash\n(.*?)```", text, re.S)]
    lines = [line.partition("#")[0].strip() for block in blocks for line in block.splitlines()]
    # tests/api/test_page.py runs those of its page, tests/test_presets.py truth.yaml; pip takes internet
    elsewhere = ("export ", "python -m purereid", "pip download")
    lines = [line for line in lines if "presets/truth.yaml" not in line]
    return list(dict.fromkeys(line for line in lines if line and not line.startswith(elsewhere)))


@pytest.mark.slow
@pytest.mark.parametrize("command", written_commands())
def test_commands_that_are_written(command: str, project: Project, root: Path, tmp_path: Path):
    if command.startswith("make "):
        subprocess.run([*command.split(), "--dry-run"], cwd=root, check=True, capture_output=True)
    elif command.startswith("source "):
        assert command == "source .venv/bin/activate" and "-m venv .venv" in (root / "Makefile").read_text()
    else:
        write_people_folder(project)
        if "=presets/" in command:  # on the data of config.yaml, and too large to be run
            command = command.replace("--configfile=presets/", f"--dry-run --configfile {root}/presets/")
        if "--report" in command:  # of the run that there is
            command = command.replace("--configfile=mine.yaml", "")
        arguments = shlex.split(command.replace("--configfile=", "--configfile tests/config.yaml "))[1:]
        if "--configfile" not in command:
            arguments += ["--configfile", "tests/config.yaml"]
        whole = not any(argument in arguments for argument in ("--dry-run", "--report")) and "results/" not in command
        arguments += ["--dry-run"] if whole else []
        run = [sys.executable, "-m", "snakemake", *arguments, "--cores", "2"]
        done = subprocess.run(run, cwd=project.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_reports_are_named_from_the_folder_that_snakemake_works_in(root: Path):
    """With ``--directory showcase`` a report showcase/report.zip would have to lie in showcase/showcase."""
    lines = [line.split() for line in (root / "Makefile").read_text().splitlines() if "--report" in line]
    for words in lines:
        folder = words[words.index("--directory") + 1] if "--directory" in words else "."
        assert not words[words.index("--report") + 1].startswith(f"{folder}/")
    assert len(lines) == 2


def test_links_of_readme_and_docs_lead_somewhere(root: Path):
    for page in (root / "README.md", *(root / "docs").glob("*.md")):
        links = re.findall(r"\]\(([^)#]+)\)", page.read_text())
        assert all((page.parent / link).is_file() for link in links), page
        assert page.name != "README.md" or len(links) > 9


def test_every_page_is_named_in_the_readme(root: Path):
    text = (root / "README.md").read_text()
    assert all(f"(docs/{page.name})" in text for page in (root / "docs").glob("*.md"))


def write_people_folder(project: Project) -> None:
    """The README's own data: one folder per person, and mine.yaml."""
    for path in sorted((project.folder / "results/people/render_people/bounding_box_train").glob("*.jpg")):
        target = project.folder / "data/my_people" / path.name[:4] / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    text = (Path(__file__).parents[1] / "README.md").read_text()
    mine = re.search(r"```yaml\n(.*?)```", text, re.S)[1]
    config = yaml.safe_load(re.sub(r"^   ", "", mine, flags=re.M))
    config["experiments"]["posegan"] = None  # the tiny config has this one more
    (project.folder / "mine.yaml").write_text(yaml.safe_dump(config))


@pytest.mark.slow
@pytest.mark.parametrize("preset", sorted(path.name for path in (Path(__file__).parents[1] / "presets").glob("*.yaml")))
def test_presets_plan_a_run_on_their_data(preset: str, root: Path, tmp_path: Path):
    copied = copy(root, tmp_path)
    settings = yaml.safe_load((root / "presets" / preset).read_text())
    name = settings.get("dataset", "people")
    if name != "people":
        (tmp_path / settings["datasets"][name]["folder"]).mkdir(parents=True)
        for file in settings["datasets"][name].get("keypoints", []):
            (tmp_path / file).touch()
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--cores",
        "2",
        "--dry-run",
        "--configfile",
        root / "presets" / preset,
    ]
    done = subprocess.run(command, cwd=copied.folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"results/{name}/compare/table.csv" in done.stdout
    assert ("gpu=1" in done.stdout) == (name != "people")
    rendered = name == "people" or settings["datasets"].get("people") is not None  # cuhk03: textures of rendered people
    assert ("results/people" in done.stdout) == rendered
