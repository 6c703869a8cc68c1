"""Simple rule: how many of the identity's other images are mutual nearest neighbours of an image."""

import numpy as np

WORDS = "share of its identity's images that are mutual neighbours"


def mutual_scores(pids: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Mutual neighbours of the same intended identity, as a share of the most there could be.

    Two images are mutual neighbours where each is among the k nearest of the other. The most there could be are the
    other images of the identity, but no more than k.

    Args:
        pids: int64 [N], intended identities.
        indices: int [N, k], nearest neighbours of each image, each once and without itself.

    Returns:
        float64 [N], 0..1; 0 for an image that is alone in its identity.
    """
    number, k = indices.shape
    _, owner, sizes = np.unique(pids, return_inverse=True, return_counts=True)
    row, neighbour = np.repeat(np.arange(number), k), indices.reshape(-1).astype(np.int64)
    same = owner[row] == owner[neighbour]
    row, neighbour = row[same], neighbour[same]
    mutual = np.isin(row * number + neighbour, neighbour * number + row)
    most = np.minimum(sizes[owner] - 1, k)
    return np.bincount(row[mutual], minlength=number) / np.maximum(most, 1)
