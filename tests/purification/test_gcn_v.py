"""Confidences by GCN-V, beside the plain dense computation, and its file."""

import numpy as np
import pytest
import torch

from purereid.data import checkpoint
from purereid.data.neighbours import Neighbours
from purereid.errors import UserError
from purereid.networks.network_file import load_network
from purereid.purification import gcn_v
from purereid.purification.connect import connect
from purereid.purification.gcn_v import GCNV, affinity
from purereid.purification.vertex_confidence import margins, vertex_confidence
from purereid.retrieval.neighbours import nearest_neighbours
from saved import load_with_about, save_graph_network

K = 5


def data(images: int = 60, length: int = 12) -> tuple[np.ndarray, Neighbours, np.ndarray]:
    """Unit features float32 [N, D] in clusters of 6, a graph of 8 neighbours, and identities."""
    rng = np.random.default_rng(0)
    pids = rng.permutation(images) // 6
    points = rng.standard_normal((images // 6, length))[pids] + 0.9 * rng.standard_normal((images, length))
    features = (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)
    return features, nearest_neighbours(features, 8), pids


def network(length: int = 12, width: int = 10) -> GCNV:
    torch.manual_seed(0)
    made = GCNV(features=length, width=width)
    torch.nn.init.normal_(made.convolution.bias, std=0.1)  # zeros would hide mistakes
    return made


def dense_affinity(features: np.ndarray, k: int) -> np.ndarray:
    """A float64 [N, N] from the definition."""
    similarity = features.astype(np.float64) @ features.T
    joined = np.eye(len(features))
    for image, row in enumerate(similarity):
        others = [other for other in np.argsort(-row) if other != image][:k]
        for other in others:
            joined[image, other] = joined[other, image] = max(0, row[other])
    return joined / joined.sum(axis=1, keepdims=True)


def dense_confidence(made: GCNV, features: np.ndarray, k: int) -> np.ndarray:
    """Confidences float64 [N] from the definition."""
    state = {name: values.numpy().astype(np.float64) for name, values in made.state_dict().items()}
    x = np.hstack([features, dense_affinity(features, k) @ features])
    x = np.maximum(x @ state["convolution.weight"].T + state["convolution.bias"], 0)
    x = x @ state["classifier.0.weight"].T + state["classifier.0.bias"]
    x = np.where(x > 0, x, state["classifier.1.weight"] * x)
    return (x @ state["classifier.2.weight"].T + state["classifier.2.bias"]).ravel()


@pytest.mark.parametrize("images", [60, 12])  # among 12 images some neighbours have negative cosines
def test_affinity_is_that_of_the_definition(images: int):
    features, _, _ = data(images, length=3)
    graph = nearest_neighbours(features, 7)
    assert (graph.similarity < 0).any() == (images == 12)
    found = affinity(graph)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.toarray(), dense_affinity(features, 7), rtol=0, atol=1e-6)


@pytest.mark.parametrize("block", [7, 4096])
def test_confidences_are_those_of_the_plain_dense_computation(block: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gcn_v, "BLOCK", block)
    features, graph, _ = data()
    made = network()
    found, expected = vertex_confidence(made, features, graph, k=K), dense_confidence(made, features, K)
    assert found.dtype == np.float32 and expected.std() > 0.01
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_the_same_bits_again():
    features, graph, _ = data()
    first, second = (vertex_confidence(network(), features, graph, k=K) for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_weights_start_as_published():
    layer = GCNV(features=300, width=200).convolution
    bound = (6 / (600 + 200)) ** 0.5
    assert layer.weight.shape == (200, 600) and not layer.bias.any()
    assert layer.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.02)


def test_margins_are_sums_over_neighbours():
    _, graph, pids = data()
    expected = [
        sum(s if pids[other] == pids[image] else -s for other, s in zip(others, similarity, strict=True))
        for image, (others, similarity) in enumerate(zip(*graph, strict=True))
    ]
    assert min(expected) < 0 < max(expected)
    np.testing.assert_allclose(margins(graph, pids), expected, rtol=0, atol=1e-5)


def test_clear_identities_are_the_clusters_and_an_outlier_stands_alone():
    rng = np.random.default_rng(0)
    pids = rng.permutation(np.repeat(np.arange(10), 6))
    points = np.eye(11)[pids] + 0.05 * rng.standard_normal((60, 11))
    points[17] = np.eye(11)[10]
    features = (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)
    graph = nearest_neighbours(features, 8)
    expected = pids.copy()
    expected[17] = 99
    for confidence in (margins(graph, pids), vertex_confidence(network(11), features, graph, k=K)):
        found = connect(confidence, graph, 0.6)
        assert found.max() == 10 and np.count_nonzero(found == found[17]) == 1
        assert np.array_equal(found[:, None] == found, expected[:, None] == expected)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_gpu_gives_the_same_confidences():
    features, graph, _ = data()
    expected = vertex_confidence(network(), features, graph, k=K)
    found = vertex_confidence(network(), features, graph, k=K, device="cuda")
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


# --- file -------------------------------------------------------------------------------------------------------------


def test_gcn_v_file_rebuilds_the_network(tmp_path):
    made = network()
    save_graph_network(tmp_path / "v.safetensors", "gcn_v", made, {"tau": 0.5})
    again, training = load_with_about(tmp_path / "v.safetensors", "gcn_v")
    assert training == {"tau": 0.5} and not again.training and again.configuration == made.configuration
    assert all(torch.equal(again.state_dict()[name], values) for name, values in made.state_dict().items())


def test_gcn_v_files_of_something_else(tmp_path):
    path = tmp_path / "v.safetensors"
    checkpoint.save(path, {"a": torch.zeros(2)}, kind="gcn", configuration="{}")
    with pytest.raises(UserError, match="the file holds no "):
        load_network(path, "gcn_v")
    made = network()
    made.configuration = made.configuration | {"width": 5}
    save_graph_network(path, "gcn_v", made, {})
    with pytest.raises(UserError, match="the weights are of another network than the file's configuration"):
        load_network(path, "gcn_v")


# --- mistakes ---------------------------------------------------------------------------------------------------------


def test_features_of_another_encoder():
    features, graph, _ = data()
    with pytest.raises(UserError, match="the features have 12 numbers, the network takes 16"):
        vertex_confidence(network(16), features, graph, k=K)


@pytest.mark.parametrize("factor", [2.66, 0.0, np.inf])
def test_features_that_are_not_finite_or_not_of_length_1(factor: float):
    features, graph, _ = data()
    features[7] *= np.float32(factor)
    with pytest.raises(UserError, match="1 features have not length 1, the first that of image 7"):
        vertex_confidence(network(), features, graph, k=K)


def test_features_of_other_images():
    features, graph, _ = data()
    with pytest.raises(ValueError, match="59 features, 60 lists of neighbours"):
        vertex_confidence(network(), features[1:], graph, k=K)


@pytest.mark.parametrize("k", [0, 9])
def test_graph_with_too_few_neighbours(k: int):
    features, graph, _ = data()
    with pytest.raises(UserError, match=f"k is {k}, but the graph has 8 neighbours"):
        vertex_confidence(network(), features, graph, k=k)
