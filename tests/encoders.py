"""What the tests of trainings of encoders share: settings, runs, and a data set with generated images."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from configured import configure, default_config
from interrupted import stopped_at
from purereid.data.index import read_index, write_index
from purereid.data.shard_writer import encode, write_shard
from purereid.networks.registry import trainer_class
from purereid.reid.encoder_trainer import EncoderTrainer
from purereid.training.stage import Inputs, train_stage

SMALL = {"height": 32, "width": 16, "pad": 2, "identities_per_batch": 4, "images_per_identity": 2, "epochs": 3}
# without augmentation, whose draws each process makes for itself, and without Adam, which enlarges small gradients
CALM = {"random_erasing": 0.0, "flip": 0.0, "pad": 0, "optimiser": "sgd", "learning_rate": 0.02, "warmup_epochs": 0}
CALM |= {"epochs": 2, "precision": "fp32"}
LABELS = ["uniform", "extra_class", "pseudo", "identity"]
IDENTITIES = [0, 0, 2, 2, 4, 4, 6]  # of the generated images


def settings_of(system: str) -> dict:
    """Settings of a system's encoder for a training of a second: 3 batches of 8 images in each epoch."""
    config = default_config()
    config["experiments"]["mine"] = {"system": system}
    defaults = configure(config).training("mine").settings("encoder")
    return defaults | SMALL | {"seed": 1, "log_every": 2, "alarm_after": 10_000}


def run(index: Path, folder: Path, settings: dict, system: str = "bot", **options: object) -> tuple[str, pd.DataFrame]:
    """Train an encoder; the digest of its file and the curves."""
    folder.mkdir(exist_ok=True)
    names = {"networks": "networks.safetensors", "curves": "curves.csv", "samples": "samples.parquet"}
    files = {name: folder / file for name, file in names.items()}
    about = {"system": system, "stage": "encoder", "roles": ["encoder"], "settings": settings, "stamp": "s"}
    train_stage(index=index, **files, **about, **options)
    return hashlib.sha256(files["networks"].read_bytes()).hexdigest(), pd.read_csv(files["curves"])


def run_twice(index: Path, folder: Path, settings: dict, system: str = "bot", *, stop: int) -> tuple[str, pd.DataFrame]:
    """The same of a training that breaks at a step and goes on from its checkpoint."""
    with stopped_at(trainer_class(system, "encoder"), stop, "step"):
        run(index, folder, settings, system)
    assert (folder / "checkpoint.safetensors").exists()
    return run(index, folder, settings, system)


def trainer_of(index: Path, settings: dict, system: str = "bot") -> EncoderTrainer:
    """A training that tests run step by step."""
    return trainer_class(system, "encoder")(Inputs(index), settings, torch.device("cpu"))


def weights_after(trainer: EncoderTrainer, steps: Iterable[int]) -> bytes:
    """The encoder that would be written after some steps."""
    for step in steps:
        torch.manual_seed(step)
        trainer.step(step, trainer.batch(step))
    return b"".join(tensor.numpy().tobytes() for tensor in trainer.written("encoder").state_dict().values())


def with_generated(index: Path, pids: list[int]) -> Path:
    """The index with a shard of generated training images of the given identities."""
    shard, count = index.with_name("0-of-1.parquet"), len(pids)
    images = torch.from_numpy(np.random.default_rng(1).integers(0, 256, (count, 3, 32, 16), dtype=np.uint8))
    names = [f"generated/g/train/{number:07d}.png" for number in range(count)]
    about = {"image": names, "pid": pids, "height": 32, "width": 16}
    texts = {"source": "", "pose": "", "injected": ""}
    write_shard(shard, pd.DataFrame(about | texts | {"seed": range(count)}), encode(images, "png", 0))
    places = {"path": [f"{shard}/{name}" for name in names], "split": "train", "kind": "generated"}
    rest = {"camid": -1, "seq": -1, "frame": -1, "sha256": names, "dataset": "tiny"}
    path = index.with_name("generated.parquet")
    write_index(pd.concat([read_index(index), pd.DataFrame(about | places | rest | {"weight": 1.0})]), path)
    return path


@pytest.fixture
def settings() -> dict:
    """Settings of the system bot."""
    return settings_of("bot")


@pytest.fixture
def mixed(index: Path) -> Path:
    """The tiny data set with generated images."""
    return with_generated(index, IDENTITIES)


@pytest.fixture
def mixture(settings: dict) -> dict:
    """Settings of a training with 8 real and 3 generated images per batch, 3 batches per epoch."""
    return settings | {"generated_per_batch": 3, "precision": "fp32", "warmup_epochs": 0}
