"""Clusters from confidences, beside a slow walk from image to image, and thresholds."""

from functools import partial

import numpy as np
import pytest

from purereid.data.neighbours import Neighbours
from purereid.errors import UserError
from purereid.purification.cluster_scores import cluster_scores
from purereid.purification.connect import best_threshold, components, connect, nearest_higher, ranks, similar_components
from purereid.retrieval.neighbours import nearest_neighbours


def data(images: int = 60, length: int = 6, k: int = 7, seed: int = 0) -> tuple[np.ndarray, Neighbours]:
    """Confidences float32 [N], some of them equal, and a graph."""
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((images, length)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    return rng.integers(0, 8, images).astype(np.float32), nearest_neighbours(features, k)


def slow_clusters(confidence: np.ndarray, graph: Neighbours, tau: float) -> list[int]:
    """Number of each image's cluster, by walking upwards from it."""

    def top(image: int) -> int:
        for other, similarity in zip(graph.indices[image].tolist(), graph.similarity[image].tolist(), strict=True):
            if (confidence[other], -other) > (confidence[image], -image):
                return top(other) if similarity > tau else image
        return image

    tops = [top(image) for image in range(len(confidence))]
    order = list(dict.fromkeys(tops))
    return [order.index(one) for one in tops]


def slow_components(graph: Neighbours, threshold: float) -> list[int]:
    """Number of each image's component, by colouring."""
    labels = list(range(len(graph.indices)))
    for image, (others, similarities) in enumerate(zip(*graph, strict=True)):
        for other, similarity in zip(others, similarities, strict=True):
            if similarity > threshold:
                new, old = sorted((labels[image], labels[other]))
                labels = [new if label == old else label for label in labels]
    order = list(dict.fromkeys(labels))
    return [order.index(label) for label in labels]


@pytest.mark.parametrize("tau", [-1.0, 0.5, 0.7, 0.9, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_clusters_are_those_of_the_walk(tau: float, seed: int):
    confidence, graph = data(seed=seed)
    found = connect(confidence, graph, tau)
    assert found.dtype == np.int64 and found.tolist() == slow_clusters(confidence, graph, tau)


def test_equal_confidences_make_one_cluster_of_each_chain_and_no_circle():
    _, graph = data()
    confidence = np.zeros(60, np.float32)
    assert ranks(confidence).tolist() == list(range(60))
    parents = nearest_higher(confidence, graph)
    assert (parents.indices <= np.arange(60)).all() and parents.indices[0] == 0
    assert connect(confidence, graph, 0.6).tolist() == slow_clusters(confidence, graph, 0.6)


def test_a_link_as_similar_as_tau_does_not_hold():
    graph = Neighbours(np.array([[1], [0]], np.int32), np.array([[0.5], [0.5]], np.float32))
    confidence = np.array([1.0, 2.0], np.float32)
    assert connect(confidence, graph, 0.5).tolist() == [0, 1]
    assert connect(confidence, graph, 0.499).tolist() == [0, 0]


@pytest.mark.parametrize("threshold", [0.0, 0.7, 0.85, 0.95])
def test_components_by_cosine_are_those_of_colouring(threshold: float):
    _, graph = data(images=40)
    assert similar_components(graph, threshold).tolist() == slow_components(graph, threshold)


def test_best_threshold_separates_people_half_way_between_their_links():
    graph = Neighbours(
        np.array([[1, 2], [0, 2], [3, 1], [2, 1]], np.int32),
        np.array([[0.9, 0.3], [0.9, 0.4], [0.8, 0.4], [0.8, 0.2]], np.float32),
    )
    pids = np.array([5, 5, 3, 3])
    threshold, scores = best_threshold(graph.similarity, partial(similar_components, graph), pids)
    assert threshold == pytest.approx(0.6) and scores.bcubed.f == scores.pairwise.f == 1


def test_no_threshold_is_better_than_the_best():
    confidence, graph = data()
    pids = np.random.default_rng(1).integers(0, 12, 60)
    parents = nearest_higher(confidence, graph)
    threshold, scores = best_threshold(parents.similarity, partial(components, parents), pids)
    assert scores == cluster_scores(pids, components(parents, threshold))
    tried = [cluster_scores(pids, components(parents, value)).bcubed.f for value in np.linspace(-1, 1, 300)]
    assert scores.bcubed.f == pytest.approx(max(tried))


# --- mistakes ---------------------------------------------------------------------------------------------------------


def test_confidence_that_is_not_finite():
    confidence, graph = data()
    confidence[[3, 9]] = np.nan
    with pytest.raises(UserError, match="2 of 60 images have a confidence that is not finite"):
        connect(confidence, graph, 0.5)


@pytest.mark.parametrize("tau", [-1.5, 1.01, float("nan")])
def test_tau_out_of_range(tau: float):
    with pytest.raises(UserError, match=f"tau is {tau}"):
        connect(*data(), tau)


def test_confidences_of_other_images():
    confidence, graph = data()
    with pytest.raises(ValueError, match=r"confidences of shape \(59,\), 60 lists"):
        connect(confidence[1:], graph, 0.5)
