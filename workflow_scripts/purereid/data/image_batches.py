"""Images of files in batches, of the size that a network takes."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import torch

from purereid.data.ahead import made_ahead
from purereid.data.images import load_images

OF_INPUT = ("height", "width", "resizing")  # of a network's configuration


def image_batches(configuration: Mapping, paths: Sequence[str], *, batch: int, threads: int) -> Iterator[torch.Tensor]:
    """Images uint8 [b, 3, H, W], ``batch`` of them at a time; the next are decoded while the caller is busy.

    Args:
        configuration: of the network; height, width and resizing of its input.
        paths: N image files, or images in shards.
        batch: images at once.
        threads: files decoded at once.

    Raises:
        UserError: as ``load_images``.
    """
    load = partial(load_images, threads=threads, **{name: configuration[name] for name in OF_INPUT})
    parts = (paths[start : start + batch] for start in range(0, len(paths), batch))
    return made_ahead(load, parts)
