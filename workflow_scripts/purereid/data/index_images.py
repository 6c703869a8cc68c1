"""Images of an index by their names."""

import pandas as pd
import torch

from purereid.data.images import load_images
from purereid.errors import UserError


class IndexImages:
    """Reads images of a data set in one size.

    Args:
        table: the index.
        size: height and width to which every image is stretched.
        threads: image files read at once.
    """

    def __init__(self, table: pd.DataFrame, size: tuple[int, int], threads: int):
        self.paths = dict(zip(table["image"], table["path"], strict=True))
        self.size, self.threads = size, threads

    def of(self, names: pd.Series) -> torch.Tensor:
        """Images uint8 [N, 3, H, W] of N names. Each file is read once, however often it is named.

        Raises:
            UserError: an image that is not in the index or cannot be read.
        """
        codes, unique = pd.factorize(names)
        strangers = [name for name in unique if name not in self.paths]
        if strangers:
            raise UserError(f"{strangers[0]} is not in the index", expected="images of this data set")
        return load_images([self.paths[name] for name in unique], *self.size, self.threads)[codes]
