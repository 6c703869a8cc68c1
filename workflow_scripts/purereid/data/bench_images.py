"""Images a second on one core: ``PYTHONPATH=workflow_scripts python -m purereid.data.bench_images 2000``.

From JPEG files of 128 x 64 to augmented, normalised batches of 256 x 128. Beside our ways, in the same run and on the
same files, the usual one: torchvision's transforms of Pillow's images. What is made for a GPU are the cropped and
flipped bytes of a batch; the GPU computes the floating-point numbers.
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

import cv2
import numpy as np
import torch
from PIL import Image

from purereid.data.decoded_images import DecodedImages, write_decoded
from purereid.data.images import read_image, resize
from purereid.data.transforms import MEAN, STD, augment, crop_and_flip
from purereid.vision import torchvision

OWN, SIZE = (128, 64), (256, 128)  # height and width of the files and of the batches
BATCH, FLIP, PAD = 64, 0.5, 10
ROUNDS = 5


def main() -> None:
    """Print medians over rounds in which every way makes all batches, and the load of the machine before the run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=int, help="a multiple of 64 is best: incomplete batches are left out")
    number = parser.parse_args().images
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    print(f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with TemporaryDirectory() as folder:
        ways = ways_of(write_files(Path(folder), number))
        rounds = [[measured(way, number) for way in ways.values()] for _ in range(ROUNDS)]
    medians = np.median(rounds, axis=0)
    for name, (cpu, wall) in zip(ways, medians, strict=True):
        ratio = medians[0, 0] / cpu
        print(f"{name:32} {1 / cpu:8,.0f} images/s of CPU time, {1 / wall:8,.0f} of the clock, {ratio:5.1f} times")


def ways_of(paths: list[str]) -> dict[str, Callable[[torch.Tensor], object]]:
    """What makes a batch of rows of the files, by name; the usual way comes first."""
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
        "torchvision and Pillow": usual,
        "from files": lambda rows: on_cpu(read(rows)),
        "from decoded images": lambda rows: on_cpu(decoded.batch(rows)),
        "from files, as Pillow": lambda rows: on_cpu(read(rows, "pillow")),
        "from decoded images, as Pillow": lambda rows: on_cpu(as_pillow.batch(rows)),
        "from files, for a GPU": lambda rows: for_gpu(read(rows)),
        "from decoded images, for a GPU": lambda rows: for_gpu(decoded.batch(rows)),
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


def measured(way: Callable[[torch.Tensor], object], number: int) -> tuple[float, float]:
    """Seconds per image, of CPU time and of the clock, for all whole batches in random order."""
    order = torch.randperm(number, generator=torch.Generator().manual_seed(0))
    batches = order[: number // BATCH * BATCH].split(BATCH)
    began = time.process_time(), time.perf_counter()
    for rows in batches:
        way(rows)
    ended = time.process_time(), time.perf_counter()
    return tuple((end - begin) / (len(batches) * BATCH) for begin, end in zip(began, ended, strict=True))


if __name__ == "__main__":
    main()
