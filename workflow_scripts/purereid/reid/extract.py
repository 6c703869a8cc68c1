"""Features of images by a trained encoder."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from purereid.data.features import write_features
from purereid.data.image_batches import image_batches
from purereid.data.index import read_index
from purereid.data.shard_rows import rows_of_shard
from purereid.data.transforms import normalise
from purereid.digests.values import file_digest
from purereid.logs import log
from purereid.networks.contracts import Encoder
from purereid.networks.network_file import load_network
from purereid.networks.precision import autocast
from purereid.training.distributed import first_device


def extract_features(
    *,
    index: str | Path,
    encoder: str | Path,
    features: str | Path,
    splits: list[str],
    flip: bool,
    batch: int,
    precision: str,
    shard: int,
    shards: int,
    network: dict | None = None,
    threads: int = 1,
    gpus: int = 0,
) -> None:
    """Write one feature for each image of a contiguous range of some splits.

    Args:
        index: the data set.
        encoder: file of the model.
        features: Parquet file that is written: image, feature float32 [D]; it names the encoder.
        splits: which images.
        flip: flip test: the feature combines those of the image and its mirror image.
        batch: images at once.
        precision: ``auto``, ``bf16`` or ``fp32``.
        shard, shards: number of this range, from 0, and of all.
        network: values of the encoder's configuration that take the place of its own.
        threads: image files decoded at once.
        gpus: 0 for the CPU.

    Raises:
        UserError: the encoder file is of something else, an image cannot be read, a feature is not finite, no GPU
            where one is asked for, fewer images than shards.
    """
    model = load_network(encoder, "encoder", first_device(gpus), **network or {})
    table = read_index(index)
    rows = rows_of_shard(table[table["split"].isin(splits)], shard, shards, "extract_features")
    found = encode(model, rows["path"].tolist(), flip=flip, batch=batch, precision=precision, threads=threads)
    write_features(features, rows["image"].tolist(), found, file_digest(encoder))


def encode(model: Encoder, paths: Sequence[str], *, flip: bool, batch: int, precision: str, threads: int) -> np.ndarray:
    """Features float32 [N, D] of N image files; settings as for ``extract_features``."""
    views = views_of_files(model, paths, flip=flip, batch=batch, precision=precision, threads=threads)
    return np.concatenate([model.combine(part).cpu().numpy() for part in views])


def views_of_files(
    model: Encoder, paths: Sequence[str], *, flip: bool, batch: int, precision: str, threads: int
) -> Iterator[list[torch.Tensor]]:
    """The views (``views_of``) of image files, ``batch`` of them at a time."""
    done, batches = 0, image_batches(model.configuration, paths, batch=batch, threads=threads)
    for number, views in enumerate(views_of_batches(model, batches, flip=flip, precision=precision)):
        yield views
        done += len(views[0])
        if number % 20 == 0:
            log.info("%d of %d images", done, len(paths))


def views_of_batches(
    model: Encoder, batches: Iterable[torch.Tensor], *, flip: bool, precision: str
) -> Iterator[list[torch.Tensor]]:
    """The views (``views_of``) of batches of images uint8 [b, 3, H, W]."""
    device = next(model.parameters()).device
    for images in batches:
        with torch.inference_mode(), autocast(precision, device):
            views = views_of(model, images.to(device), flip)
        yield views


def views_of(model: Encoder, images: torch.Tensor, flip: bool) -> list[torch.Tensor]:
    """Embeddings [B, D] of images uint8 [B, 3, H, W] and, with ``flip``, of their mirror images."""
    inputs = normalise(images, model.configuration["mean"], model.configuration["std"])
    return [model.embed(view) for view in ([inputs, inputs.flip(3)] if flip else [inputs])]
