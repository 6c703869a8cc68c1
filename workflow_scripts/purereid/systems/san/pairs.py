"""Images of persons with their textures, in batches."""

from collections.abc import Sequence

import numpy as np
import torch

from purereid.data.decoded_images import DecodedImages, write_decoded
from purereid.data.transforms import augment
from purereid.textures.texture_file import TextureFile
from purereid.training.seeds import step_seed
from purereid.training.shared_file import shared_file

ORDER, FLIPS = 101, 102  # streams of what is drawn, which no other draw has


class Pairs:
    """Some images of a file of textures, each as often as any other.

    Args:
        file: textures.
        rows: of the images in it, int [N].
        settings: height, width, resizing, pad, flip and seed.
        statistics: mean and std with which images are normalised.
        device: where batches are wanted.
        threads: image files decoded at once.
    """

    def __init__(
        self,
        file: TextureFile,
        rows: np.ndarray,
        settings: dict,
        *,
        statistics: dict,
        device: torch.device,
        threads: int,
    ):
        self.file, self.rows, self.settings, self.statistics = file, rows, settings, statistics
        self.device = device
        size = {name: settings[name] for name in ("height", "width", "resizing")}
        paths = [file.paths[row] for row in rows]
        with shared_file(lambda opened: write_decoded(opened, paths, threads=threads, **size)) as decoded:
            self.images = DecodedImages(decoded, **size)
        self._epoch, self._planned = -1, np.empty(0)

    def batch(self, step: int, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Normalised images float32 [size, 3, H, W] of a step, and their textures uint8 [size, 3, S, S].

        Images are padded, cropped and flipped, and with a flipped image its texture is mirrored. Nothing is erased:
        what cannot be seen is to be painted as well as may be, not as it happens to be covered.
        """
        chosen = np.array([self._nth(step * size + number) for number in range(size)])
        flipped = flips(size, self.settings["flip"], (self.settings["seed"], FLIPS, step))
        generator = torch.Generator().manual_seed(step_seed(self.settings["seed"], step))
        plain = {"flip": 0.0, "erase": 0.0, "pad": self.settings["pad"], **self.statistics}
        images = augment(self.images.batch(torch.from_numpy(chosen)), generator, self.device, **plain)
        textures = torch.from_numpy(self.file.batch(self.rows[chosen], flipped))
        return mirrored(images, flipped), textures

    def _nth(self, number: int) -> int:
        epoch, place = divmod(number, len(self.rows))
        if epoch != self._epoch:
            self._planned = np.random.default_rng([self.settings["seed"], ORDER, epoch]).permutation(len(self.rows))
            self._epoch = epoch
        return int(self._planned[place])


def flips(count: int, probability: float, seed: Sequence[int]) -> np.ndarray:
    """Which of some images are flipped, bool [count]."""
    return np.random.default_rng(list(seed)).random(count) < probability


def mirrored(images: torch.Tensor, flipped: np.ndarray) -> torch.Tensor:
    """Images float [B, 3, H, W], those marked in ``flipped``, bool [B], with left and right exchanged."""
    marks = torch.from_numpy(flipped).to(images.device).view(-1, 1, 1, 1)
    return torch.where(marks, images.flip(3), images).contiguous(memory_format=torch.channels_last)
