"""A trained verifier as a function of arrays, as the retrieval takes it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from purereid.networks.contracts import Verifier
from purereid.networks.network_file import load_network


def difference(path: Path) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Logarithm float32 [N] of the probability that features [N, D] and [N, D] are of different persons.

    Args:
        path: file that holds a network of the role verifier.

    Raises:
        UserError: as for ``load_network``.
    """
    verifier: Verifier = load_network(path, "verifier")

    @torch.inference_mode()
    def differ(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        return verifier.differ(torch.from_numpy(first), torch.from_numpy(second)).numpy()

    return differ
