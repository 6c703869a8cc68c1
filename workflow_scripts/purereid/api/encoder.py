"""A trained encoder, ready to turn images into features."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from purereid.api.images import given_images
from purereid.data.chunks import in_chunks
from purereid.data.image_batches import image_batches
from purereid.data.images import stretched
from purereid.errors import UserError
from purereid.networks.contracts import Encoder
from purereid.networks.network_file import load_network
from purereid.reid.extract import views_of_batches

THREADS = 4


def load_encoder(path: str | Path, device: str | None = None, **network: object) -> "LoadedEncoder":
    """Load the encoder of a training of any system.

    Args:
        path: ``networks.safetensors`` of the stage, or the folder that holds it.
        device: such as ``cpu`` or ``cuda:0``; None: the first GPU, if there is one.
        network: settings with which it is rebuilt, such as ``fine_weight`` of DG-Net, where they are to differ.

    Raises:
        UserError: no such file, a file of something else, no such device.
    """
    file = network_file(path)
    try:
        chosen = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        torch.zeros(1, device=chosen).item()
    except (RuntimeError, AssertionError, NotImplementedError, TypeError) as error:
        raise UserError(f"no device {device!r}: {str(error).splitlines()[0]}", expected="cpu, cuda or cuda:N") from None
    return LoadedEncoder(load_network(file, "encoder", chosen, **network), file)


def network_file(path: str | Path) -> Path:
    """The file of networks, given by itself or by the folder that holds it.

    Raises:
        UserError: there is none.
    """
    if not isinstance(path, str | Path):
        raise UserError(f"the encoder is given as {type(path).__name__}", expected="a path")
    file = Path(path).expanduser()
    file = file / "networks.safetensors" if file.is_dir() else file
    if not file.is_file():
        expected = "networks.safetensors of a stage with an encoder, or the folder that holds it"
        raise UserError("the encoder does not exist", where=file, expected=expected, do="correct the path")
    return file


class LoadedEncoder:
    """An encoder.

    Attributes:
        path: its file.
        network: see ``networks.contracts.Encoder``.
        size: height and width in pixels to which it stretches images.
        pids: the identities that it learnt, in the order of its classes.
    """

    def __init__(self, network: Encoder, path: Path):
        self.network, self.path = network, path
        about = network.configuration
        self.size, self.pids = (about["height"], about["width"]), list(about["pids"])

    def __repr__(self) -> str:
        return f"LoadedEncoder({str(self.path)!r}, size={self.size}, {len(self.pids)} identities)"

    def features(
        self,
        images: str | Path | Sequence[str | Path] | Sequence[np.ndarray] | np.ndarray,
        *,
        flip: bool = True,
        batch: int = 128,
        precision: str = "auto",
        threads: int = THREADS,
        progress: Callable[[int, int], None] | None = None,
    ) -> np.ndarray:
        """Features of images, by which persons are compared: the nearer two are, the more they look like one person.

        Args:
            images: a folder (all images below it, in the order of ``images_in``); a list of image files; RGB images
                uint8 [H, W, 3] of any size in a list, or one array [N, H, W, 3].
            flip: combine each image with its mirror image, as in the workflow's tests.
            batch: images at once.
            precision: ``auto``, ``bf16`` or ``fp32``.
            threads: image files decoded at once.
            progress: called after each batch with the numbers of images done and of all.

        Returns:
            float32 [N, D], of length 1, so that the product of two is the cosine, -1 to 1.

        Raises:
            UserError: images that are none, see ``given_images``; a feature of length 0 or without finite numbers.
        """
        if batch < 1 or threads < 1:
            raise UserError(f"batch is {batch} and threads {threads}", expected="1 or more of each")
        given = given_images(images)
        found = []
        batches = self._batches(given, batch, threads)
        for views in views_of_batches(self.network, batches, flip=flip, precision=precision):
            found.append(self.network.combine(views).float().cpu().numpy())
            if progress:
                progress(min(len(found) * batch, len(given)), len(given))
        return self._of_length_one(np.concatenate(found), given)

    def _batches(self, given: list, batch: int, threads: int) -> Iterator[torch.Tensor]:
        """Images uint8 [b, 3, H, W] of the encoder's size."""
        if isinstance(given[0], Path):
            paths = [str(path) for path in given]
            yield from image_batches(self.network.configuration, paths, batch=batch, threads=threads)
            return
        resizing = self.network.configuration["resizing"]
        for part in in_chunks(given, batch):
            yield stretched(part, *self.size, resizing).contiguous()

    def _of_length_one(self, features: np.ndarray, given: list) -> np.ndarray:
        lengths = np.linalg.norm(features, axis=1)
        bad = np.flatnonzero(~(np.isfinite(lengths) & (lengths > 0)))
        if len(bad):
            what = f"the feature of image {bad[0]} has length 0 or no finite numbers"
            where = given[bad[0]] if isinstance(given[0], Path) else self.path
            raise UserError(what, where=where, do="use an encoder that was trained to its end, or precision fp32")
        return features / lengths[:, None]
