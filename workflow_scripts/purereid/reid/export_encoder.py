"""An encoder for use elsewhere: as ONNX, checked, and its test features as .mat (rule ``export_encoder``)."""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch.nn import functional

from purereid.data.atomic import whole_file, write_text
from purereid.data.features import read_features
from purereid.data.image_batches import image_batches
from purereid.data.index import read_index
from purereid.data.mat_features import write_mat_features
from purereid.digests.values import file_digest
from purereid.errors import UserError
from purereid.logs import log
from purereid.networks.contracts import Encoder
from purereid.networks.network_file import load_network
from purereid.networks.onnx_model import INPUT, OUTPUT, check_installed, onnx_model, session
from purereid.reid.extract import views_of_batches
from purereid.retrieval.distances import normalise

ALLOWED = 1e-4  # difference of a number of a feature of length 1
BATCHES = (1, 32)
SECONDS = 0.5  # for which each speed is measured


def export_encoder(
    *,
    index: Path,
    encoder: Path,
    features: Sequence[Path],
    onnx: Path,
    mat: Path,
    about: Path,
    images: int,
    flip: bool,
    network: dict,
    threads: int,
) -> None:
    """Write an encoder and its features of the test images in formats that others read.

    Args:
        index: the data set on which it is tested.
        encoder: file of networks.
        features: of the test images, by this encoder.
        onnx: model that is written, see ``networks.onnx_model``.
        mat: MATLAB file that is written, see ``data.mat_features``; its features have length 1.
        about: JSON that is written: what the model takes and yields, ``images`` and ``largest_difference`` of the
            comparison, ``images_per_second`` of both by batch.
        images: with so many test images the model is compared with the encoder.
        flip, network: as in ``extract_features``.
        threads: with which both compute.

    Raises:
        UserError: a library is missing; a feature of the model differs from the encoder's by more than 1e-4; and as
            ``onnx_model``.
    """
    check_installed()
    loaded = load_network(encoder, "encoder", **network)
    table = read_index(index)
    rows = table[table["split"].isin(["query", "gallery"])].reset_index(drop=True)
    known, digest = loaded.configuration, file_digest(encoder)
    model = onnx_model(loaded, flip=flip, about={"encoder": digest, "resizing": known["resizing"]})
    crops = _crops(loaded, rows, images, threads)
    ways = _ways(loaded, model, flip, threads)
    parts = [crops[start : start + BATCHES[-1]] for start in range(0, len(crops), BATCHES[-1])]
    expected, found = (np.concatenate([way(part) for part in parts]) for way in ways.values())
    difference = float(np.abs(expected - found).max())
    if not difference <= ALLOWED:
        raise UserError(
            f"features of the model differ from those of the encoder by up to {difference:.2g}",
            where=onnx,
            expected=f"at most {ALLOWED}",
            do="other versions of onnxruntime or torch may agree",
        )
    said = {
        "encoder": digest,
        "takes": {INPUT: ["batch", known["height"], known["width"], 3], "type": "uint8", "colours": "RGB"},
        "resizing": known["resizing"],
        "yields": {OUTPUT: ["batch", found.shape[1]], "type": "float32", "length": 1},
        "flip": flip,
        "network": network,
        "images": len(crops),
        "largest_difference": difference,
        "threads": threads,
        "images_per_second": {
            str(batch): {name: _speed(way, crops[:batch]) for name, way in ways.items()}
            for batch in BATCHES
            if batch <= len(crops)
        },
    }
    with whole_file(Path(onnx)) as temporary:
        temporary.write_bytes(model)
    write_mat_features(mat, rows, normalise(read_features(features, rows["image"].tolist())[1]))
    write_text(about, json.dumps(said, indent=1) + "\n")
    log.info("the model differs from the encoder by at most %.1e on %d images", difference, len(crops))
    for batch, speeds in said["images_per_second"].items():
        log.info("images a second, %s at a time: %s", batch, ", ".join(f"{n} {v:.0f}" for n, v in speeds.items()))


def _crops(encoder: Encoder, rows: pd.DataFrame, images: int, threads: int) -> np.ndarray:
    """Test images uint8 [N, H, W, 3], evenly from all."""
    chosen = np.unique(np.linspace(0, len(rows) - 1, min(images, len(rows))).astype(int))
    paths = rows["path"].iloc[chosen].tolist()
    batches = image_batches(encoder.configuration, paths, batch=BATCHES[-1], threads=threads)
    return torch.cat([*batches]).permute(0, 2, 3, 1).contiguous().numpy()


def _ways(encoder: Encoder, model: bytes, flip: bool, threads: int) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Both ways from images to features float32 [N, D] of length 1."""
    running = session(model, threads)

    def by_torch(images: np.ndarray) -> np.ndarray:
        batch = torch.from_numpy(images).permute(0, 3, 1, 2)
        (views,) = views_of_batches(encoder, [batch], flip=flip, precision="fp32")
        return functional.normalize(encoder.combine(views), dim=1).numpy()

    return {"torch": by_torch, "onnxruntime": lambda images: running.run([OUTPUT], {INPUT: images})[0]}


def _speed(way: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> float:
    """Images a second, by the median time of a call."""
    way(images)
    times, end = [], time.perf_counter() + SECONDS
    while not times or time.perf_counter() < end:
        start = time.perf_counter()
        way(images)
        times.append(time.perf_counter() - start)
    return len(images) / float(np.median(times))
