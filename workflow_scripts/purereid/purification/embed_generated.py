"""Features of training images, and what a classifier makes of generated ones (rule ``embed_generated``)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from purereid.data.confidence import write_confidence
from purereid.data.features import write_features
from purereid.data.index import read_index
from purereid.data.shard_rows import rows_of_shard
from purereid.digests.values import file_digest
from purereid.errors import UserError
from purereid.networks.contracts import Encoder
from purereid.networks.network_file import load_network
from purereid.reid.extract import views_of_files
from purereid.training.distributed import first_device


def embed_generated(
    *,
    index: str | Path,
    encoder: str | Path,
    features: str | Path,
    confidence: str | Path,
    splits: Sequence[str],
    flip: bool,
    batch: int,
    precision: str,
    shard: int,
    shards: int,
    classifier: str | Path | None = None,
    threads: int = 1,
    gpus: int = 0,
) -> None:
    """Write a feature for each training image, and for generated ones the probability of the intended identity.

    Of the images, the job takes a contiguous range.

    Args:
        index: real and generated images.
        encoder: file of the model.
        features: Parquet file that is written, see ``data.features``; it names the encoder.
        confidence: Parquet file that is written, see ``data.confidence``.
        splits: which images, those without person (junk) apart.
        flip: flip test: the feature combines those of image and mirror image, the probability is the mean of both.
        batch: images at once.
        precision: ``auto``, ``bf16`` or ``fp32``.
        shard, shards: number of this range, from 0, and of all.
        classifier: file of the model that gives the probabilities; None: the encoder.
        threads: image files decoded at once.
        gpus: 0 for the CPU.

    Raises:
        UserError: the encoder file is of something else, there is no generated image, an image cannot be read, a
            feature is not finite, no GPU where one is asked for, fewer images than shards.
    """
    model = load_network(encoder, "encoder", first_device(gpus))
    table = read_index(index)
    rows = table[table["split"].isin(splits) & (table["pid"] >= 0)]
    if not (rows["kind"] == "generated").any():
        expected = "generated images that are made to show somebody"
        raise UserError("there are no generated images with an identity", where=index, expected=expected)
    rows = rows_of_shard(rows, shard, shards, "embed_generated")
    settings = {"flip": flip, "batch": batch, "precision": precision, "threads": threads}
    found, probable = embedded(model, rows, **settings)
    write_features(features, rows["image"].tolist(), found, file_digest(encoder))
    generated = (rows["kind"] == "generated").to_numpy()
    rows, probable = rows[generated], probable[generated]
    if classifier is not None and len(rows):
        _, probable = embedded(load_network(classifier, "encoder", first_device(gpus)), rows, **settings)
    write_confidence(confidence, rows["image"].tolist(), probable)


def embedded(model: Encoder, rows: pd.DataFrame, *, batch: int, **settings: object) -> tuple[np.ndarray, np.ndarray]:
    """Features float32 [N, D] and the probability of the intended identity float32 [N] of N rows of an index."""
    labels = label_of(model, rows["pid"].to_numpy())
    found, probable = [], []
    for number, views in enumerate(views_of_files(model, rows["path"].tolist(), batch=batch, **settings)):
        found.append(model.combine(views).cpu().numpy())
        probable.append(probability(model, views, labels[number * batch :][: len(views[0])]))
    return np.concatenate(found), np.concatenate(probable)


def label_of(model: Encoder, pids: np.ndarray) -> np.ndarray:
    """Class of each identity, int64 [N]; -1 for those that the model was not trained on."""
    number = {pid: label for label, pid in enumerate(model.configuration["pids"])}
    return np.array([number.get(pid, -1) for pid in pids.tolist()], np.int64)


@torch.inference_mode()
def probability(model: Encoder, views: list[torch.Tensor], labels: np.ndarray) -> np.ndarray:
    """Probability float32 [B] of a class for each image, the mean over its views.

    NaN where the class is -1, and everywhere if the encoder has no classifier.
    """
    found = [model.probabilities(view) for view in views]
    if found[0] is None:
        return np.full(len(labels), np.nan, np.float32)
    classes = torch.stack(found).mean(dim=0).cpu().numpy()
    return np.where(labels >= 0, classes[np.arange(len(labels)), labels], np.nan).astype(np.float32)
