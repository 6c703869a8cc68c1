"""What the tests of generators share: a data set of rendered people with key points, heat maps and pairs."""

from pathlib import Path

import pandas as pd
import pytest
import torch

from configured import default_config
from purereid.data.import_keypoints import import_keypoints
from purereid.data.index_dataset import index_dataset
from purereid.data.make_heatmaps import make_heatmaps
from purereid.data.pairs import sample_pairs
from purereid.people.writer import render_people
from purereid.systems.bot.networks import Encoder
from saved import save_encoder

SIZE = 32, 16
SMALL = {
    "posegan": {"channels": 4, "blocks": 1, "discriminator_channels": 4, "batch": 4, "history": 6},
    "dcgan": {"channels": 4, "batch": 8},
    "flow": {"channels": 8, "heads": 2, "batch": 4},
}


class People:
    """Files of a tiny data set of rendered people."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.index = folder / "index.parquet"
        self.keypoints = folder / "keypoints.parquet"
        self.joints, self.parts = folder / "joints.arrow", folder / "parts.arrow"
        self.train_pairs, self.test_pairs = folder / "train.parquet", folder / "test.parquet"
        self.scene = folder / "people/scene.parquet"
        self.encoder = folder / "encoder.safetensors"

    @property
    def table(self) -> pd.DataFrame:
        return pd.read_parquet(self.index)


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    """6 training and 4 test people in 2 cameras, with an untrained encoder; only to be read."""
    made = People(tmp_path_factory.mktemp("people"))
    source = made.folder / "people"
    sizes = {"height": 64, "width": 32, "quality": 90, "seed": 0, "processes": 1}
    numbers = {
        "train_identities": 6,
        "val_identities": 0,
        "test_identities": 4,
        "cameras": 2,
        "distractors": 2,
        "junk": 1,
    }
    render_people(source, **numbers, images_per_camera=[2, 2], **sizes)
    reports = {"doctor": made.folder / "doctor.json", "report": made.folder / "doctor.html"}
    index_dataset(
        index=made.index, **reports, images=made.folder, name="people", format="market1501", folder=str(source)
    )
    csv = [source / "keypoints-train.csv", source / "keypoints-test.csv"]
    import_keypoints(index=made.index, sources=csv, keypoints=made.keypoints)
    make_heatmaps(keypoints=made.keypoints, joints=made.joints, parts=made.parts, height=SIZE[0], width=SIZE[1])
    for pairs, split, most in ((made.train_pairs, "train", 0), (made.test_pairs, "gallery", 10)):
        sample_pairs(keypoints=made.keypoints, index=made.index, pairs=pairs, splits=[split], most=most)
    torch.manual_seed(0)
    shape = {"height": 32, "width": 16, "last_stride": 1, "bnneck": True, "extra_class": False}
    save_encoder(made.encoder, Encoder(backbone="resnet_small", pids=[1, 2, 3], **shape))
    return made


@pytest.fixture
def gan_settings():
    """Settings of a system for a training of a second."""

    def settings(system: str, **changed: object) -> dict:
        defaults = default_config()["train_gan"][system]
        short = {"height": SIZE[0], "width": SIZE[1], "epochs": 2, "images_per_epoch": 16, "log_every": 2}
        return defaults | short | {"samples": 3, "samples_over_time": 2} | SMALL[system] | changed

    return settings
