"""Features of test images, averaged over generated views of each person in standard poses (rule ``extract_views``).

After Pose2ID (Yuan et al., From Poses to Identity: Training-Free Person Re-Identification via Feature Centralization,
CVPR 2025), with a generator of ours in the place of its diffusion model: what a pose does to a feature is averaged out.
Each image is treated alone, whatever else is in the test; but it is drawn again, so that its scores never stand beside
plain ones under one name.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from purereid.data.features import read_encoder, read_features, write_features
from purereid.data.image_batches import OF_INPUT
from purereid.data.images import stretched
from purereid.data.index import read_index
from purereid.data.keypoints import Keypoints, read_keypoints, select_keypoints
from purereid.data.persons import training_persons
from purereid.generation.conditions import Conditions, guide_files
from purereid.logs import log
from purereid.networks.contracts import Encoder
from purereid.networks.draw import draw
from purereid.networks.network_file import load_network
from purereid.poses.standard_poses import standard_poses
from purereid.reid.extract import views_of_batches
from purereid.retrieval.distances import normalise
from purereid.training.distributed import first_device
from purereid.training.seeds import step_seed

SIDES = ("query", "gallery")


def extract_views(
    *,
    index: str | Path,
    features: str | Path,
    encoder: str | Path,
    generator: str | Path,
    keypoints: str | Path,
    views: str | Path,
    conditions: Sequence[str],
    poses: int,
    seed: int,
    flip: bool,
    batch: int,
    precision: str,
    network: dict | None = None,
    drawing: dict | None = None,
    threads: int = 1,
    gpus: int = 0,
    **maps: str | Path,
) -> None:
    """Write the mean feature of each query and gallery image and of its views.

    The features of an image and of its views have length 1 and count alike; their sum is brought to length 1.

    Args:
        index: the data set.
        features: file of the images' own features, by the same encoder with the same settings.
        encoder: file of the model.
        generator: file of the generator.
        keypoints: key points of the data set.
        views: Parquet file that is written: image, feature float32 [D].
        conditions: what an image of the generator is made from, see ``generation.conditions``.
        poses: number of views, in ``standard_poses`` of the training images.
        seed: of these, and of the generator's draws.
        flip: flip test, as for ``extract_features``.
        batch: images at once.
        precision: ``auto``, ``bf16`` or ``fp32``.
        network: values of the encoder's configuration that take the place of its own.
        drawing: the same of the generator's.
        threads: image files decoded at once.
        gpus: 0 for the CPU.
        maps: files of heat maps, by condition.

    Raises:
        UserError: files of something else, images that cannot be read, too few poses, a feature that is not finite, no
            GPU where one is asked for.
    """
    device, table = first_device(gpus), read_index(index)
    model = load_network(encoder, "encoder", device, **network or {})
    maker = load_network(generator, "generator", device, **drawing or {})
    known = table.set_index("image")["split"]
    images, own = read_features(features)
    sides = known.reindex(images).isin(SIDES).to_numpy()
    images, total = [image for image, side in zip(images, sides, strict=True) if side], normalise(own[sides])
    size = maker.configuration["height"], maker.configuration["width"]
    asked = Conditions(conditions, table, guide_files(conditions, keypoints, maps), size, threads)
    chosen = standard_poses(_of_training(keypoints, table), poses, seed)
    for place, pose in enumerate(chosen):
        seeds = [step_seed(seed, place, number) for number in range(len(images))]
        rows = pd.DataFrame({"source": images, "pose": pose, "seed": seeds})
        for start in range(0, len(rows), batch):
            drawn = draw(maker, asked.of(rows.iloc[start : start + batch]), precision)
            total[start : start + batch] += _features(model, drawn, flip=flip, precision=precision)
        log.info("%d of %d views of %d images", place + 1, len(chosen), len(images))
    write_features(views, images, normalise(total), read_encoder(features))


def _of_training(keypoints: str | Path, table: pd.DataFrame) -> Keypoints:
    """Poses of the training persons that have key points."""
    poses = read_keypoints(keypoints)
    rows = training_persons(table, ["train"])
    having = set(poses.images)
    return select_keypoints(poses, [image for image in rows["image"] if image in having], keypoints)


def _features(model: Encoder, images: torch.Tensor, *, flip: bool, precision: str) -> np.ndarray:
    """Features float32 [B, D] of length 1 of images uint8 [B, 3, H, W] of any size."""
    pixels = images.permute(0, 2, 3, 1).contiguous().numpy()
    inputs = stretched(pixels, *(model.configuration[name] for name in OF_INPUT)).contiguous()
    [found] = views_of_batches(model, [inputs], flip=flip, precision=precision)
    return normalise(model.combine(found).float().cpu().numpy())
