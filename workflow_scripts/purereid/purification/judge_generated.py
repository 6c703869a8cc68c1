"""What is known of the generated training images, to judge purifiers by (rule ``judge_generated``)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from purereid.data.index import read_index
from purereid.data.persons import training_persons
from purereid.data.shards import decode, read_shard
from purereid.data.truth_file import write_truth
from purereid.errors import UserError
from purereid.logs import log
from purereid.networks.network_file import load_network
from purereid.people.true_pictures import TruePictures
from purereid.quality.consistency import nearest_centres
from purereid.quality.pixels import l1, nearer_than_all
from purereid.quality.ssim import ssim
from purereid.reid.extract import encode
from purereid.training.distributed import first_device


def judge_generated(
    *,
    index: str | Path,
    shards: Sequence[str | Path],
    encoder: str | Path,
    truth: str | Path,
    settings: dict,
    scene: str | Path | None = None,
    threads: int = 1,
    gpus: int = 0,
) -> None:
    """Write whom each generated image looks like and, of rendered people, how near it is to the true picture.

    Args:
        index: the data set, all its real images.
        shards: files of generated images.
        encoder: of the scores; best another than that which purifies, so that no purifier is its own judge.
        truth: Parquet file that is written, see ``truth_file``.
        settings: splits of the real images, precision, batch, the images at once, and look_alikes, how many other
            persons' true pictures an image is compared with.
        scene: of rendered people, if the data set is one.
        threads: files decoded at once.
        gpus: 0 for the CPU.

    Raises:
        UserError: files that cannot be read, no generated or no real images of persons.
    """
    model = load_network(encoder, "encoder", first_device(gpus))
    parts = [read_shard(shard) for shard in shards]
    made = pd.concat(parts, ignore_index=True)
    if (made["pid"] < 0).any() or made.empty:
        raise UserError("generated images show nobody in particular", where=shards[0], expected="images of identities")
    rows = training_persons(read_index(index), settings["splits"])
    paths = [f"{shard}/{image}" for shard, part in zip(shards, parts, strict=True) for image in part["image"]]
    options = {"flip": True, "threads": threads} | {name: settings[name] for name in ("batch", "precision")}
    real, generated = (encode(model, files, **options) for files in (rows["path"].tolist(), paths))
    nearest = nearest_centres(generated, real, rows["pid"].to_numpy(np.int64))
    found = made.assign(nearest_pid=nearest, ssim_truth=np.nan, l1_truth=np.nan, nearest_truth=np.nan)
    if scene is not None:
        found = found.assign(**_against_truth(made, scene, settings["look_alikes"], settings["batch"], threads))
    write_truth(truth, found)
    log.info("%.1f %% of %d images look like whom they should show", 100 * (nearest == made["pid"]).mean(), len(made))


def _against_truth(
    made: pd.DataFrame, scene: str | Path, look_alikes: int, batch: int, threads: int
) -> dict[str, np.ndarray]:
    """Columns of ``truth_file`` that tell of the intended person, rendered in the intended pose; float64 [N] each."""
    size = int(made["height"].iloc[0]), int(made["width"].iloc[0])
    scores: dict[str, list[np.ndarray]] = {}
    pictures = TruePictures(scene, size)
    for start in range(0, len(made), batch):
        part = made.iloc[start : start + batch]
        images, asked = decode(part["bytes"], threads), (part["source"], part["pose"])
        true = pictures.of(*asked)
        found = {"ssim_truth": ssim(images, true, data_range=255), "l1_truth": l1(images, true)}
        if look_alikes:
            nearest = nearer_than_all(images, true, pictures.of_look_alikes(*asked, look_alikes))
            found["nearest_truth"] = nearest.double()
        for name, values in found.items():
            scores.setdefault(name, []).append(values.numpy())
        log.info("%d of %d true pictures", start + len(part), len(made))
    return {name: np.concatenate(values) for name, values in scores.items()}
