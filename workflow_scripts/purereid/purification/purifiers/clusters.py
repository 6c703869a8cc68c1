"""Purification by clusters: an image stays where the images like it were meant to be the same person."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from purereid.data.purified_table import purified_table


def purify_clusters(
    images: Sequence[str], pids: np.ndarray, clusters: np.ndarray, *, smallest: int = 1
) -> pd.DataFrame:
    """Keep images of clusters in which their own identity has the most images.

    Where several identities have equally many, the cluster is that of the smallest pid. An image that is a cluster of
    its own has the majority there and stays, unless ``smallest`` asks for more company.

    Args:
        images: N names.
        pids: int64 [N], intended identities.
        clusters: int [N], number of the cluster of each image, by whichever way of clustering.
        smallest: images of the identity that a cluster must have to keep them.

    Returns:
        The table of ``data.purified_table``. The score is 2 n / (c + i), where n of the cluster's c images are among
        the identity's i: 1 where cluster and identity are the same images, near 0 for an outlier.

    Raises:
        UserError: no images, an image listed twice.
        ValueError: columns of different lengths.
    """
    if not len(images) == len(pids) == len(clusters):
        raise ValueError(f"{len(images)} images, {len(pids)} identities, {len(clusters)} clusters")
    people, owner, people_sizes = np.unique(pids, return_inverse=True, return_counts=True)
    _, cluster, cluster_sizes = np.unique(clusters, return_inverse=True, return_counts=True)
    groups, group, group_sizes = np.unique(cluster * len(people) + owner, return_inverse=True, return_counts=True)
    majority = _majority(*np.divmod(groups, max(1, len(people))), group_sizes)[cluster]
    number = group_sizes[group]
    kept = (owner == majority) & (number >= smallest)
    score = 2 * number / (cluster_sizes[cluster] + people_sizes[owner])
    parts = zip(number.tolist(), cluster_sizes[cluster].tolist(), people[majority].tolist(), pids.tolist(), strict=True)
    return purified_table(images, pids, kept, score, [_words(*part) for part in parts])


def _majority(cluster: np.ndarray, owner: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """[clusters] the identity with the most images, the smallest on ties; each pair of both is given once."""
    order = np.lexsort((owner, -sizes, cluster))
    return owner[order[np.unique(cluster[order], return_index=True)[1]]]


def _words(number: int, size: int, majority: int, pid: int) -> str:
    if size == 1:
        return "in a cluster of its own"
    words = f"{number} of {size} images of its cluster are of its identity"
    return words if majority == pid else f"{words}; the cluster is that of pid {majority}"
