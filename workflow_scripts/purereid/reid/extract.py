"""Features of images by a trained encoder."""

from pathlib import Path

import numpy as np
import torch

from purereid.data.features import write_features
from purereid.data.images import load_images
from purereid.data.index import read_index
from purereid.data.transforms import normalise
from purereid.logs import log
from purereid.reid.model import ReIDModel, load_model
from purereid.training.distributed import first_device
from purereid.training.precision import autocast


def extract_features(
    *,
    index: str | Path,
    encoder: str | Path,
    features: str | Path,
    splits: list[str],
    flip: bool,
    batch: int,
    precision: str,
    threads: int = 1,
    gpus: int = 0,
) -> None:
    """Write one feature for each image of some splits.

    Args:
        index: the data set.
        encoder: file of the model.
        features: Parquet file that is written: image, feature float32 [D], L2-normalised.
        splits: which images.
        flip: flip test: the feature is the sum of those of the image and its mirror image, normalised again.
        batch: images at once.
        precision: ``auto``, ``bf16`` or ``fp32``.
        threads: image files decoded at once.
        gpus: 0 for the CPU.

    Raises:
        UserError: the encoder file is of something else, an image cannot be read, a feature is not finite, no GPU
            where one is asked for.
    """
    device = first_device(gpus)
    model = load_model(encoder).to(device, memory_format=torch.channels_last)
    table = read_index(index)
    rows = table[table["split"].isin(splits)]
    paths, found = rows["path"].tolist(), []
    for start in range(0, len(paths), batch):
        images = load_images(
            paths[start : start + batch], model.configuration["height"], model.configuration["width"], threads
        )
        with torch.inference_mode(), autocast(precision, device):
            found.append(features_of(model, images.to(device), flip).cpu().numpy())
        if start // batch % 20 == 0:
            log.info("%d of %d images", min(start + batch, len(paths)), len(paths))
    write_features(features, rows["image"].tolist(), np.concatenate(found))


def features_of(model: ReIDModel, images: torch.Tensor, flip: bool) -> torch.Tensor:
    """Features float32 [B, D] of images uint8 [B, 3, H, W]; L2-normalised."""
    inputs = normalise(images)
    features = model.features(inputs)
    if flip:
        features = torch.nn.functional.normalize(features + model.features(inputs.flip(3)), dim=1)
    return features
