"""From JPEG files of 128 x 64 to augmented, normalised batches of 256 x 128, on one core.

The floor is a copy of the batches. Beside our ways, on the same files, the usual one: torchvision's transforms of
Pillow's images. What is made for a GPU are the cropped and flipped bytes of a batch; the GPU computes the
floating-point numbers.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

import cv2
import numpy as np
import torch
from PIL import Image

from bench.comparison import Row, Way, compare
from bench.floors import copying
from purereid.data.decoded_images import DecodedImages, write_decoded
from purereid.data.images import read_image, resize
from purereid.data.transforms import MEAN, STD, augment, crop_and_flip
from purereid.vision import torchvision

NAMES = ("images",)  # a multiple of 64 is best: incomplete batches are left out
TINY = (3,)
SMALL, FULL = [(384,)], [(12_800,)]
OWN, SIZE = (128, 64), (256, 128)  # height and width of the files and of the batches
BATCH, FLIP, PAD = 64, 0.5, 10


def comparisons(images: int) -> Iterator[list[Row]]:
    """All batches, in random order."""
    order = torch.randperm(images, generator=torch.Generator().manual_seed(0))
    batches = order[: max(1, images // BATCH) * BATCH].split(BATCH)
    count = sum(map(len, batches))

    def make_all(way: Callable[[torch.Tensor], object]) -> None:
        for rows in batches:
            way(rows)

    with TemporaryDirectory() as folder:
        ways = {"batches copied": Way(count, copying(count * 3 * SIZE[0] * SIZE[1] * 4))}
        for name, way in ways_of(write_files(Path(folder), images)).items():
            ways[name] = Way(count, partial(make_all, way))
        yield compare("images", f"{images} files", "images", ways)


def ways_of(paths: list[str]) -> dict[str, Callable[[torch.Tensor], object]]:
    """What makes a batch of rows of the files, by name; the usual way comes last."""
    transform = usual_transform()
    draws, cpu = torch.Generator().manual_seed(0), torch.device("cpu")
    with TemporaryFile() as file:
        write_decoded(file, paths, *SIZE)
        file.flush()
        decoded, as_pillow = (DecodedImages(file, *SIZE, resizing) for resizing in ("opencv", "pillow"))

    def usual(rows: torch.Tensor) -> torch.Tensor:
        return torch.stack([transform(Image.open(paths[row]).convert("RGB")) for row in rows.tolist()])

    def read(rows: torch.Tensor, resizing: str = "opencv") -> list[np.ndarray]:
        return [resize(read_image(paths[row]), *SIZE, resizing) for row in rows.tolist()]

    def on_cpu(images: list[np.ndarray]) -> torch.Tensor:
        return augment(images, draws, cpu, flip=FLIP, pad=PAD, erase=0)

    def for_gpu(images: list[np.ndarray]) -> torch.Tensor:
        return crop_and_flip(images, draws, flip=FLIP, pad=PAD)

    return {
        "from files": lambda rows: on_cpu(read(rows)),
        "from decoded images": lambda rows: on_cpu(decoded.batch(rows)),
        "from files, as Pillow": lambda rows: on_cpu(read(rows, "pillow")),
        "from decoded images, as Pillow": lambda rows: on_cpu(as_pillow.batch(rows)),
        "from files, for a GPU": lambda rows: for_gpu(read(rows)),
        "from decoded images, for a GPU": lambda rows: for_gpu(decoded.batch(rows)),
        "torchvision and Pillow": usual,
    }


def usual_transform() -> Callable[[Image.Image], torch.Tensor]:
    """BoT's augmentation by torchvision, without erasing."""
    t = torchvision.transforms
    steps = [t.Resize(SIZE), t.RandomHorizontalFlip(FLIP), t.Pad(PAD), t.RandomCrop(SIZE)]
    return t.Compose([*steps, t.ToTensor(), t.Normalize(MEAN, STD)])


def write_files(folder: Path, number: int) -> list[str]:
    """Write JPEG files of smooth colours with some noise, about 4 kB each as those of Market-1501."""
    rng = np.random.default_rng(0)
    paths = [str(folder / f"{row:06d}.jpg") for row in range(number)]
    for path in paths:
        colours = cv2.resize(rng.integers(0, 256, (8, 4, 3), np.uint8), OWN[::-1], interpolation=cv2.INTER_CUBIC)
        noisy = colours + rng.normal(0, 6, colours.shape)
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(path, quality=92)
    return paths
