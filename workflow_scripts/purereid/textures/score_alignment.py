"""Whether the last map of an encoder tells which place of the body lies where (rule ``score_alignment``).

Only rendered people allow that: of each of their pixels it is known what place of the body it shows. A linear map is
fitted from the features of a cell of the map to the places that it shows, on persons of the training set, and tried on
test persons.
"""

import json
from pathlib import Path

import numpy as np
import torch

from purereid.data.atomic import write_text
from purereid.data.image_batches import image_batches
from purereid.data.index import read_index
from purereid.data.transforms import normalise
from purereid.networks.last_map import last_map
from purereid.networks.network_file import load_network
from purereid.networks.precision import autocast
from purereid.people.atlas import PARTS
from purereid.people.ground_truth import read_uv_maps
from purereid.training.distributed import first_device

LEVELS = 256  # of an atlas coordinate
RIDGE = 1e-3  # of the squares of standardised features, for each cell


def score_alignment(
    *,
    index: Path,
    uv: Path,
    encoder: Path,
    scores: Path,
    images: int,
    seed: int,
    batch: int,
    precision: str,
    gpus: int = 0,
    threads: int = 1,
) -> None:
    """Fit on training persons, score on test persons.

    Args:
        index: the rendered people.
        uv: their visible places of the body, see ``people.ground_truth``.
        encoder: file with a network of that role.
        scores: JSON that is written: ``coordinates``, the share of the variance of the atlas coordinates u and v that a
            linear map explains (at most 1; 0: no better than their mean); ``part``, the share of the cells whose part
            of the body it names, beside ``most_frequent_part``, the share of the part that training persons show most;
            and the numbers of images and cells.
        images: at most so many of the training and of the test images, drawn at random.
        seed: of the draw.
        batch, precision, gpus, threads: as for ``extract_features``.

    Raises:
        UserError: an encoder without maps.
    """
    rows = read_index(index)
    draws = np.random.default_rng(seed)
    network = load_network(encoder, "encoder", first_device(gpus))
    options = {"batch": batch, "precision": precision, "threads": threads}
    found = {}
    for name, splits in (("train", ["train"]), ("test", ["query", "gallery"])):
        chosen = rows[rows["split"].isin(splits) & (rows["pid"] > 0)]
        chosen = chosen.iloc[np.sort(draws.permutation(len(chosen))[:images])]
        found[name] = _seen_cells(network, chosen["path"].tolist(), _places(uv, chosen["image"].tolist()), **options)
    (of_train, places, parts), (of_test, true_places, true_parts) = found["train"], found["test"]
    mean, spread = of_train.mean(axis=0), of_train.std(axis=0) + 1e-6
    weights = _ridge((of_train - mean) / spread, np.hstack([places, np.eye(len(PARTS) + 1)[parts]]))
    told = ((of_test - mean) / spread) @ weights[:-1] + weights[-1]
    unexplained = np.square(told[:, :2] - true_places).sum() / np.square(true_places - places.mean(axis=0)).sum()
    table = {
        "coordinates": 1 - float(unexplained),
        "part": float((told[:, 2:].argmax(axis=1) == true_parts).mean()),
        "most_frequent_part": float((true_parts == np.bincount(parts).argmax()).mean()),
        "cells": len(true_parts),
    }
    write_text(scores, json.dumps(table, indent=1) + "\n")


def _places(uv: Path, images: list[str]) -> list[np.ndarray]:
    """What each pixel of some images shows, uint8 [H, W, 3] = u, v, part."""
    wanted = set(images)
    found = {image: place for image, place in read_uv_maps(uv) if image in wanted}
    return [found[image] for image in images]


def _seen_cells(
    network: torch.nn.Module, paths: list[str], seen: list[np.ndarray], *, batch: int, precision: str, threads: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of the cells of the last maps in whose middle a person is seen.

    Returns:
        features float32 [C, D], places float [C, 2], 0 to 1, and parts int [C].
    """
    device, about = next(network.parameters()).device, network.configuration
    found, pending = [], iter(seen)
    for images in image_batches(about, paths, batch=batch, threads=threads):
        with torch.inference_mode(), autocast(precision, device):
            maps = last_map(network, normalise(images.to(device), about["mean"], about["std"])).float().cpu().numpy()
        found += [_of_image(cells, next(pending)) for cells in maps]
    return tuple(np.concatenate(column) for column in zip(*found, strict=True))


def _of_image(cells: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows, columns = (
        ((np.arange(n) + 0.5) * size / n).astype(int) for n, size in zip(cells.shape[1:], seen.shape[:2], strict=True)
    )
    there = seen[np.ix_(rows, columns)]
    on = there[..., 2] > 0
    return cells[:, on].T, there[on][:, :2] / LEVELS, there[on][:, 2].astype(int)


def _ridge(features: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Weights [D + 1, K] of the least squares with a small ridge; the last row is the offset."""
    x = np.hstack([features, np.ones((len(features), 1), np.float32)])
    squares = (x.T @ x).astype(np.float64)
    return np.linalg.solve(squares + RIDGE * len(x) * np.eye(len(squares)), (x.T @ wanted).astype(np.float64))
