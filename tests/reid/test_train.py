"""Training: it learns, it is deterministic, each switch changes what it should."""

import hashlib
import logging
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from purereid.data.index import read_index, write_index
from purereid.errors import UserError
from purereid.logs import log
from purereid.reid.model import load_model
from purereid.reid.train import ReIDTrainer, train_reid, training_rows
from purereid.training.lock import locked


def run(index: Path, folder: Path, settings: dict, **options: object) -> tuple[str, pd.DataFrame]:
    folder.mkdir(exist_ok=True)
    files = {"encoder": folder / "encoder.safetensors", "curves": folder / "curves.csv"}
    train_reid(index=index, **files, settings=settings, stamp="s", **options)
    return hashlib.sha256(files["encoder"].read_bytes()).hexdigest(), pd.read_csv(files["curves"])


def test_it_learns_and_leaves_no_checkpoint(index: Path, tmp_path: Path, settings: dict):
    longer = settings | {"epochs": 20, "learning_rate": 3e-3, "warmup_epochs": 1, "random_erasing": 0.0}
    _, curves = run(index, tmp_path / "a", longer)
    assert curves["cross_entropy"].iloc[0] == pytest.approx(math.log(4), abs=0.3)
    assert curves["accuracy"].iloc[-3:].mean() > 0.9
    columns = ["step", "epoch", "loss", "cross_entropy", "triplet", "accuracy", "learning_rate"]
    assert list(curves) == [*columns, "images_per_second", "waiting"]
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        "curves.csv",
        "encoder.safetensors",
        "tensorboard",
    ]


def test_same_seed_same_bytes_whatever_the_decoding_threads(index: Path, tmp_path: Path, settings: dict):
    first, _ = run(index, tmp_path / "a", settings)
    second, _ = run(index, tmp_path / "b", settings, threads=2)
    other, _ = run(index, tmp_path / "c", settings | {"seed": 2})
    assert first == second != other


@pytest.mark.parametrize(
    "change",
    [
        {"last_stride": 2},
        {"bnneck": False},
        {"label_smoothing": 0.0},
        {"triplet_weight": 0.0},
        {"margin": 1.0},
        {"random_erasing": 0.0},
        {"flip": 0.0},
        {"pad": 0},
        {"warmup_epochs": 0},
        {"schedule": "constant"},
        {"sampler": "shuffle"},
        {"weight_decay": 0.0},
        {"learning_rate": 1e-4},
    ],
    ids=lambda change: next(iter(change)),
)
def test_each_switch_changes_the_result(index: Path, tmp_path: Path, settings: dict, change: dict):
    short = settings | {"epochs": 2, "precision": "fp32"}
    assert run(index, tmp_path / "a", short)[0] != run(index, tmp_path / "b", short | change)[0]


def test_untrained_network_has_its_file_and_empty_curves(index: Path, tmp_path: Path, settings: dict):
    _, curves = run(index, tmp_path / "a", settings | {"epochs": 0})
    assert curves.empty and "triplet" in curves
    assert load_model(tmp_path / "a/encoder.safetensors").configuration["pids"] == [0, 2, 4, 6]


def test_two_processes_train_one_model(index: Path, tmp_path: Path, settings: dict):
    calm = settings | {"epochs": 2, "precision": "fp32", "random_erasing": 0.0, "flip": 0.0, "pad": 0}
    run(index, tmp_path / "one", calm)
    run(index, tmp_path / "two", calm, processes=2)
    one, two = (load_model(tmp_path / name / "encoder.safetensors").state_dict() for name in ("one", "two"))
    for name in one:
        torch.testing.assert_close(two[name].float(), one[name].float(), rtol=0.05, atol=5e-3, msg=name)


def test_alarm_when_the_loss_stays_at_ln_k(
    index: Path, tmp_path: Path, settings: dict, caplog: pytest.LogCaptureFixture
):
    log.propagate = True
    with caplog.at_level(logging.WARNING, "purereid"):
        run(index, tmp_path / "a", settings | {"learning_rate": 1e-12, "alarm_after": 4})
    assert caplog.text.count("ALARM: after") == 1
    assert "gives ln K = 1.386" in caplog.text
    assert "NO PRETRAINED WEIGHTS" in caplog.text


def with_generated(index: Path, pids: list[int]) -> Path:
    """The index with some test images declared generated training images of the given identities."""
    table = read_index(index)
    rows = table[table["split"] == "gallery"].head(len(pids)).copy()
    rows["pid"], rows["kind"], rows["split"] = pids, "generated", "train"
    rows["image"] = "generated/" + rows["image"]
    path = index.with_name("generated.parquet")
    write_index(pd.concat([table, rows]), path)
    return path


def test_generated_images_come_on_top_of_the_real_ones(index: Path, tmp_path: Path, settings: dict):
    mixed = with_generated(index, [-1, -1, -1, 0, 2])
    options = settings | {"generated_per_batch": 3}
    trainer = ReIDTrainer(training_rows(mixed, ["train"]), options, torch.device("cpu"), 1)
    plain = ReIDTrainer(training_rows(index, ["train"]), settings, torch.device("cpu"), 1)
    assert trainer.classes == plain.classes and trainer.steps == plain.steps
    rows, images = trainer.batch(0)
    assert images.shape == (11, 3, 32, 16)
    assert (trainer.kinds[rows[:8]] == 0).all() and (trainer.kinds[rows[8:]] > 0).all()
    assert (trainer.labels[trainer.kinds == 2] == -1).all()
    parts = trainer.step(0, (rows, images))
    assert np.isfinite([float(value) for value in parts.values()]).all()


def test_the_sampler_takes_real_images_alone_for_the_real_part(index: Path, settings: dict):
    mixed = with_generated(index, [-1, 0, 2])
    trainer = ReIDTrainer(training_rows(mixed, ["train"]), settings, torch.device("cpu"), 1)
    assert (trainer.kinds[trainer.batches.real] == 0).all() and len(trainer.batches.real) == 24
    assert (trainer.kinds[trainer.batches.generated] > 0).all() and len(trainer.batches.generated) == 3


def test_weights_of_the_index_reach_the_loss(index: Path, settings: dict):
    table = read_index(index)
    table.loc[table["pid"] == 2, "weight"] = 0.25
    write_index(table, index)
    trainer = ReIDTrainer(training_rows(index, ["train"]), settings, torch.device("cpu"), 1)
    assert set(trainer.weights[trainer.labels == 1].tolist()) == {0.25}
    assert set(trainer.weights[trainer.labels != 1].tolist()) == {1.0}


def test_augmentation_depends_on_the_step(index: Path, settings: dict):
    trainer = ReIDTrainer(training_rows(index, ["train"]), settings, torch.device("cpu"), 1)
    trainer.batches.batch = lambda step: np.arange(8)
    first, again, other = (trainer.batch(step)[1] for step in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_optimiser_decays_all_weights_as_set(index: Path, settings: dict):
    trainer = ReIDTrainer(training_rows(index, ["train"]), settings, torch.device("cpu"), 1)
    (group,) = trainer.optimiser.param_groups
    assert isinstance(trainer.optimiser, torch.optim.Adam) and group["weight_decay"] == settings["weight_decay"]
    assert len(group["params"]) == sum(parameter.requires_grad for parameter in trainer.model.parameters())


def test_fewer_gpus_than_asked_for_are_told(index: Path, tmp_path: Path, settings: dict):
    with pytest.raises(UserError, match=r"asks for 4 GPUs, the run grants 1[\s\S]*raise gpu="):
        run(index, tmp_path / "a", settings | {"gpus": 4}, granted_gpus=1)


def test_a_second_job_on_the_same_model_is_refused(index: Path, tmp_path: Path, settings: dict):
    with locked(tmp_path / "a"), pytest.raises(UserError, match="another job is making this artifact"):
        run(index, tmp_path / "a", settings)
    run(index, tmp_path / "a", settings)
    assert not (tmp_path / "a/.lock").exists()


def test_no_training_images_are_told(index: Path, tmp_path: Path, settings: dict):
    with pytest.raises(
        UserError, match=r"no training images[\s\S]*images in the split val; found train: 24, gallery: 20, query: 4"
    ):
        run(index, tmp_path / "a", settings | {"splits": ["val"]})


def test_too_few_identities_and_missing_generated_images_are_told(index: Path, tmp_path: Path, settings: dict):
    with pytest.raises(UserError, match="4 training identities, but a batch takes 16"):
        run(index, tmp_path / "a", settings | {"identities_per_batch": 16})
    with pytest.raises(UserError, match="5 generated images per batch asked for, but there are none"):
        run(index, tmp_path / "a", settings | {"generated_per_batch": 5})
