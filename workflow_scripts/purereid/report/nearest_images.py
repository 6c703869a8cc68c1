"""Which real image a generated one is nearest to, pixel by pixel: has a generator only learnt its images by heart?"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from purereid.data.images import load_images, read_image
from purereid.errors import UserError
from purereid.report.pictures import Block, Row, Tile, camera, file_name

COLUMNS = 8
BLOCK = 256  # real images in memory at a time


def nearest_blocks(
    names: Sequence[str], images: Sequence[np.ndarray], table: pd.DataFrame, rng: np.random.Generator
) -> tuple[str, list[Block]]:
    """Rows of generated images above the real training images that they are nearest to.

    As many real test images are compared with the training images too: a generator that repeats these is much nearer
    to them than real images of other people are.

    Args:
        names: of the generated images.
        images: uint8 [H, W, 3], all of one size.
        table: the index.
        rng: of the choice of test images.

    Returns:
        what the distances are, in one line, and the blocks.

    Raises:
        UserError: the index has no training image; an image cannot be read.
    """
    persons = table[table["pid"] >= 0]
    real = persons[persons["split"].isin(["train", "val"])]
    if real.empty:
        raise UserError("no real image to compare with", where="index", expected="images of split train or val")
    drawn = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)
    test = persons.loc[persons["split"].isin(["query", "gallery"]), "path"].to_numpy(object)
    held_out = load_images(rng.permutation(test)[: len(drawn)].tolist(), *drawn.shape[2:])
    nearest, distances = nearest_images(torch.cat([drawn, held_out]), real["path"].tolist())
    tiles = [Tile(image, (name,)) for name, image in zip(names, images, strict=True)]
    below = [
        Tile(
            read_image(image.path),
            (f"distance {distance:.1f}", f"pid {image.pid}, {camera(image.camid)}", file_name(image.image)),
        )
        for image, distance in zip(real.iloc[nearest[: len(drawn)]].itertuples(), distances, strict=False)
    ]
    return _remark(distances[: len(drawn)], distances[len(drawn) :]), _blocks(tiles, below)


def nearest_images(images: torch.Tensor, paths: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest real image of each image.

    Args:
        images: uint8 [B, 3, H, W].
        paths: files of N > 0 real images, which are stretched to H x W.

    Returns:
        int64 [B]: number of the nearest one in ``paths``, the first of equal ones; float64 [B]: its root mean square
        difference, in levels, 0..255.

    Raises:
        UserError: a file that cannot be read.
    """
    wanted = images.flatten(1).double()  # sums of squares are whole numbers, and exact
    nearest = torch.zeros(len(images), dtype=torch.int64)
    least = torch.full((len(images),), torch.inf, dtype=torch.float64)
    for start in range(0, len(paths), BLOCK):
        real = load_images(paths[start : start + BLOCK], *images.shape[2:]).flatten(1).double()
        squared = wanted.square().sum(1, keepdim=True) + real.square().sum(1) - 2 * wanted @ real.T
        found, row = squared.min(dim=1)
        nearest = torch.where(found < least, row + start, nearest)
        least = torch.minimum(found, least)
    return nearest.numpy(), (least / wanted.shape[1]).sqrt().numpy()


def _blocks(generated: list[Tile], nearest: list[Tile]) -> list[Block]:
    blocks = []
    for start in range(0, len(generated), COLUMNS):
        above, below = generated[start : start + COLUMNS], nearest[start : start + COLUMNS]
        heading = f"images {start + 1} to {start + len(above)} of {len(generated)}"
        blocks.append(Block(heading, [Row(("generated",), above), Row(("nearest", "real training image"), below)]))
    return blocks


def _remark(generated: np.ndarray, held_out: np.ndarray) -> str:
    text = f"distance: root mean square, in levels of 255; median {np.median(generated):.1f}"
    return text + (f", of {len(held_out)} real test images {np.median(held_out):.1f}" if len(held_out) else "")
