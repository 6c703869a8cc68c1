"""Pooling of the images of a person in one camera."""

import numpy as np
import pytest

from purereid.retrieval.distances import normalise
from purereid.retrieval.multi_query import pool_queries


def test_pooled_features_equal_slow_reference():
    rng = np.random.default_rng(0)
    features = rng.standard_normal((60, 8)).astype(np.float32) * rng.uniform(0.1, 9, (60, 1)).astype(np.float32)
    pids, camids = rng.integers(0, 5, 60), rng.integers(0, 3, 60)
    query_pids, query_camids = np.repeat(np.arange(6), 3), np.tile(np.arange(3), 6)
    pooled, images = pool_queries(features, pids, camids, query_pids, query_camids)
    for q, (pid, camid) in enumerate(zip(query_pids, query_camids, strict=True)):
        mine = [feature / np.linalg.norm(feature) for feature in features[(pids == pid) & (camids == camid)]]
        expected = normalise(np.mean(mine, axis=0)[None])[0] if mine else np.zeros(8)
        assert images[q] == len(mine)
        np.testing.assert_allclose(pooled[q], expected, atol=1e-6)
    assert (images[query_pids == 5] == 0).all()


def test_one_image_pools_to_itself():
    pooled, images = pool_queries(np.array([[3.0, 4.0]]), *np.array([[7], [1], [7], [1]]))
    np.testing.assert_allclose(pooled, [[0.6, 0.8]], rtol=1e-6)
    assert images.tolist() == [1]


def test_opposite_features_have_no_mean():
    with pytest.raises(ValueError, match="length 0"):
        pool_queries(np.array([[1.0, 0.0], [-1.0, 0.0]]), np.zeros(2), np.zeros(2), np.zeros(1), np.zeros(1))
