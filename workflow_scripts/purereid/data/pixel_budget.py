"""How many pixels are decoded at a time: a file of some KB may hold an image that takes GB."""

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from PIL import Image

warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # Pillow's limits are higher than the one below


class PixelBudget:
    """Pixels that all threads of a process may hold at a time.

    Args:
        most: how many; no image may have more.
        small: images of at most so many pixels are not counted, which would take a tenth of their decoding.
    """

    def __init__(self, most: int, small: int = 0):
        self.most = self.left = most
        self.small, self.changed = small, threading.Condition()

    def spent(self, width: int, height: int) -> AbstractContextManager[None]:
        """Wait until an image fits, and count its pixels as long as the context lasts.

        Raises:
            ValueError: it has more pixels than there may ever be.
        """
        return nullcontext() if width * height <= self.small else self._counted(width, height)

    @contextmanager
    def _counted(self, width: int, height: int) -> Iterator[None]:
        pixels = width * height
        if pixels > self.most:
            raise ValueError(
                f"{width} x {height} pixels, more than the {self.most:,} that an image may have: make it smaller"
            )
        with self.changed:
            self.changed.wait_for(lambda: pixels <= self.left)
            self.left -= pixels
        try:
            yield
        finally:
            with self.changed:
                self.left += pixels
                self.changed.notify_all()


# Such as 8192 x 8192, which take 1 GB while they are decoded, 1.7 GB with 16 bits; not counted up to 512 x 512.
BUDGET = PixelBudget(2**26, small=2**18)


@contextmanager
def opened(file: bytes) -> Iterator[Image.Image]:
    """Open an image file, once the image fits into the budget; nothing of it is decoded before.

    Raises:
        ValueError: it has too many pixels. Pillow raises almost anything of a broken file.
    """
    try:
        image = Image.open(io.BytesIO(file))
    except Image.DecompressionBombError:
        raise ValueError(f"more pixels than the {BUDGET.most:,} that an image may have: make it smaller") from None
    with image, BUDGET.spent(*image.size):
        yield image
