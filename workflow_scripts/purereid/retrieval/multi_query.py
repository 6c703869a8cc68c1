"""Multi-query features of Market-1501: one query feature from all images of a person in one camera."""

import numpy as np

from purereid.retrieval.distances import normalise


def pool_queries(
    features: np.ndarray, pids: np.ndarray, camids: np.ndarray, query_pids: np.ndarray, query_camids: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean feature of the images that share identity and camera with each query (Zheng et al., ICCV 2015, section 5.3).

    Each feature is normalised, averaged, and the mean is normalised again.

    Args:
        features: [M, D] float32 features of the multi-query images, of any length but 0.
        pids, camids: [M] their identities and cameras.
        query_pids, query_camids: [Q] the queries.

    Returns:
        pooled: [Q, D] float32 of length 1; 0 for a query without such an image.
        images: [Q] int64, from how many images each was made.

    Raises:
        ValueError: a feature or a mean has length 0.
    """
    groups, group_of = np.unique(np.stack([pids, camids], axis=1), axis=0, return_inverse=True)
    means, sizes = _group_means(normalise(features), group_of.reshape(-1))
    number = {tuple(group): i for i, group in enumerate(groups.tolist())}
    wanted = np.array([number.get(pair, -1) for pair in zip(query_pids.tolist(), query_camids.tolist(), strict=True)])
    found = wanted >= 0
    return np.where(found[:, None], means[wanted], np.float32(0)), np.where(found, sizes[wanted], 0)


def _group_means(features: np.ndarray, group_of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(group_of, kind="stable")
    _, starts, sizes = np.unique(group_of[order], return_index=True, return_counts=True)
    return normalise(np.add.reduceat(features[order], starts)), sizes  # a sum and a mean have the same direction
