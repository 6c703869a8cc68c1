"""What is known of generated images: whom they look like and how near they are to the truth, one by one."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from skimage.metrics import structural_similarity

from purereid.data.images import load_images
from purereid.data.index import write_index
from purereid.data.shard_writer import encode, write_shard
from purereid.data.truth_file import read_truth
from purereid.errors import UserError
from purereid.networks.network_file import load_network
from purereid.people.true_pictures import TruePictures
from purereid.purification.judge_generated import judge_generated
from purereid.reid.extract import views_of

SIZE = 32, 16
SETTINGS = {"splits": ["train"], "batch": 3, "precision": "fp32", "look_alikes": 2}


class Made:
    """Two shards of generated images and an index in which one training image is junk."""

    def __init__(self, people, folder: Path):
        self.people, self.folder = people, folder
        self.table = people.table
        train = self.table.index[(self.table["split"] == "train") & (self.table["pid"] > 0)]
        self.junk = self.table.loc[train[0], "image"]
        pids = self.table["pid"].to_dict()
        self.table.loc[train[0], "pid"] = -1
        write_index(self.table, folder / "index.parquet")
        strangers = self.table.index[self.table["split"] == "query"][:2]
        # noisy mirror images of training images; the last show somebody who is not in the training set
        shown = [*train[:9], *strangers]
        generator = torch.Generator().manual_seed(0)
        pixels = self.load(self.table.loc[shown, "path"].tolist()).flip(3).int()
        noise = torch.randint(-30, 31, pixels.shape, generator=generator)
        self.pixels = (pixels + noise).clamp(0, 255).to(torch.uint8)
        self.rows = pd.DataFrame(
            {
                "image": [f"generated/g/train/{number}.png" for number in range(len(shown))],
                "source": self.table.loc[[*train[:9], *train[:2]], "image"].tolist(),
                "pose": self.table.loc[train[::-1][:11], "image"].tolist(),
                "pid": [pids[row] for row in [*train[:9], *train[:2]]],
                "seed": range(len(shown)),
                "injected": ["", "blur"] * 5 + ["wrong_identity"],
                "height": SIZE[0],
                "width": SIZE[1],
            }
        )
        self.shards = [self.write("0-of-2", slice(0, 4)), self.write("1-of-2", slice(4, None))]

    def load(self, paths: list[str]) -> torch.Tensor:
        return load_images(paths, *SIZE)

    def write(self, name: str, part: slice, **changed: object) -> Path:
        path = self.folder / f"{name}.parquet"
        write_shard(path, self.rows[part].assign(**changed), encode(self.pixels[part], "png", 0))
        return path

    def judge(self, **changed: object) -> pd.DataFrame:
        files = {"index": self.folder / "index.parquet", "shards": self.shards, "encoder": self.people.encoder}
        truth = self.folder / "truth.parquet"
        judge_generated(**(files | {"truth": truth, "settings": SETTINGS, "scene": self.people.scene} | changed))
        return read_truth(truth)


@pytest.fixture
def made(people, tmp_path: Path) -> Made:
    return Made(people, tmp_path)


def test_nearest_identities_one_by_one(made: Made):
    model = load_network(made.people.encoder, "encoder")

    def feature(image: torch.Tensor) -> np.ndarray:
        with torch.inference_mode():
            return model.combine(views_of(model, image[None], True))[0].numpy().astype(np.float64)

    rows = made.table[(made.table["split"] == "train") & (made.table["pid"] >= 0)]
    of_people = {pid: [] for pid in sorted(rows["pid"])}
    for path, pid in zip(rows["path"], rows["pid"], strict=True):
        of_people[pid].append(feature(made.load([path])[0]))
    expected = []
    for image in made.pixels:
        far = {pid: np.sum((feature(image) - np.mean(own, axis=0)) ** 2) for pid, own in of_people.items()}
        expected.append(min(far, key=far.get))
    found = made.judge()
    assert found["nearest_pid"].tolist() == expected
    assert 0 < (found["nearest_pid"] == found["pid"]).mean() < 1  # some look like others
    assert made.rows["source"][0] == made.junk and found["nearest_pid"][0] > 0  # its mirror image shows a person


def test_similarity_to_true_pictures_one_by_one(made: Made):
    found = made.judge()
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "channel_axis": 2}
    for row, (source, pose) in enumerate(zip(made.rows["source"], made.rows["pose"], strict=True)):
        truth = TruePictures(made.people.scene, SIZE).of([source], [pose])[0].permute(1, 2, 0).numpy()
        image = made.pixels[row].permute(1, 2, 0).numpy()
        expected = structural_similarity(image, truth, data_range=255, **options)
        assert found["ssim_truth"][row] == pytest.approx(expected, abs=1e-6)
        difference = np.abs((image / 127.5 - 1) - (truth / 127.5 - 1)).mean()
        assert found["l1_truth"][row] == pytest.approx(difference, abs=1e-9)


def test_who_is_nearer_to_the_true_picture_than_to_those_of_look_alikes_one_by_one(made: Made):
    asked, true = (made.rows["source"].tolist(), made.rows["pose"].tolist()), TruePictures(made.people.scene, SIZE)
    pictures = torch.cat([true.of(*asked)[:, None], true.of_look_alikes(*asked, 2)], dim=1)
    made.pixels[::2] = pictures[::2, 0]  # some are what they should be
    made.shards = [made.write("true", slice(None))]
    far = (made.pixels[:, None].double() - pictures).abs().flatten(2).mean(2)
    expected = (far[:, 0] < far[:, 1:].amin(1)).double().tolist()
    assert made.judge()["nearest_truth"].tolist() == expected and 0 < sum(expected) < len(expected)
    assert made.judge(settings=SETTINGS | {"look_alikes": 0})["nearest_truth"].isna().all()


def test_names_identities_and_what_was_injected_stay_in_order(made: Made):
    known = ["image", "pid", "injected"]
    pd.testing.assert_frame_equal(made.judge()[known], made.rows[known])


def test_without_a_scene_there_is_no_truth(made: Made):
    found, known = made.judge(scene=None), made.judge()
    assert found[["ssim_truth", "l1_truth", "nearest_truth"]].isna().all(axis=None) and known.notna().all(axis=None)
    assert found["nearest_pid"].equals(known["nearest_pid"])


def test_bytes_repeat_and_the_batch_does_not_matter(made: Made, tmp_path: Path):
    first = made.judge()
    written = (tmp_path / "truth.parquet").read_bytes()
    pd.testing.assert_frame_equal(made.judge(settings=SETTINGS | {"batch": 100}), first)
    made.judge(threads=2)
    assert (tmp_path / "truth.parquet").read_bytes() == written


# --- mistakes ---------------------------------------------------------------------------------------------------------


def test_images_of_nobody_and_no_images_are_told(made: Made):
    for shard in (made.write("nobody", slice(0, 4), pid=[1, -1, 2, 3]), made.write("none", slice(0, 0))):
        with pytest.raises(
            UserError, match=rf"show nobody in particular\n[\s\S]*{shard.name}[\s\S]*images of identiti"
        ):
            made.judge(shards=[shard])


def test_splits_without_persons_are_told(made: Made):
    with pytest.raises(UserError, match="no training images of persons"):
        made.judge(settings=SETTINGS | {"splits": ["val"]})


def test_files_that_cannot_be_read_are_told(made: Made, tmp_path: Path):
    (tmp_path / "model.json").write_text(json.dumps({}))
    with pytest.raises(UserError, match=r"model\.json"):
        made.judge(encoder=tmp_path / "model.json")
    made.shards[1].write_bytes(made.shards[1].read_bytes()[:-50])
    with pytest.raises(UserError, match="the file is damaged"):
        made.judge()
    assert not (tmp_path / "truth.parquet").exists()
