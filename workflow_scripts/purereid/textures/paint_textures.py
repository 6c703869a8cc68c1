"""Paint the textures of the images of a data set (rule ``paint_textures``)."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from purereid.data.image_batches import image_batches
from purereid.data.transforms import normalise
from purereid.logs import log
from purereid.networks.network_file import load_network
from purereid.networks.precision import autocast
from purereid.reid.training_rows import training_rows
from purereid.textures.texture_file import TextureFile, write_textures
from purereid.training.distributed import first_device


def paint_textures(
    *,
    index: Path,
    painter: Path,
    texture_pairs: Path,
    textures: Path,
    splits: list[str],
    batch: int,
    precision: str,
    gpus: int = 0,
    threads: int = 1,
) -> None:
    """Paint a texture for each real training image, once.

    Args:
        index: the data set.
        painter: file with a network of that role.
        texture_pairs: the textures that it learnt from; theirs are size and mirror map.
        textures: Arrow file that is written, see ``texture_file``.
        splits: whose images.
        batch: images at once.
        precision: ``auto``, ``bf16`` or ``fp32``.
        gpus: 0 for the CPU.
        threads: image files decoded at once.

    Raises:
        UserError: a file of something else, an image that cannot be read, no GPU where one is asked for.
    """
    rows, pairs = training_rows(index, splits), TextureFile(texture_pairs)
    network = load_network(painter, "painter", first_device(gpus))
    settings = {"size": pairs.size, "batch": batch, "precision": precision, "threads": threads}
    found = (each for part in painted_textures(network, rows["path"].tolist(), **settings) for each in part)
    columns = (rows["image"], rows["path"], rows["pid"], found)
    mirror = None if pairs.mirror is None else pairs.mirror.reshape(pairs.size, pairs.size)
    written = ((image, path, pid, texture, None) for image, path, pid, texture in zip(*columns, strict=True))
    write_textures(textures, written, size=pairs.size, mirror=mirror)


def painted_textures(
    painter: nn.Module, paths: Sequence[str], *, size: int, batch: int, precision: str, threads: int
) -> Iterator[np.ndarray]:
    """Textures uint8 [b, 3, size, size] of image files, ``batch`` of them at a time."""
    device, about, done = next(painter.parameters()).device, painter.configuration, 0
    for images in image_batches(about, paths, batch=batch, threads=threads):
        with torch.inference_mode(), autocast(precision, device):
            painted = painter.paint(normalise(images.to(device), about["mean"], about["std"]), size)
        yield painted.cpu().numpy()
        done += len(images)
        log.info("%d of %d images", done, len(paths))
