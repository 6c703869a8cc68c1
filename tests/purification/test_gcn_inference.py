"""Link prediction by the shortcut, beside the plain dense computation from the definition."""

import numpy as np
import pytest
import torch

from bench.gcn import clustered_features
from bench.gcn_ways import dense_way, published_way
from purereid.errors import UserError
from purereid.purification.gcn import GCN
from purereid.purification.gcn_inference import LinkPredictor, predict_links
from purereid.retrieval.neighbours import nearest_neighbours

SIZES = {"k1": 10, "k2": 4, "u": 4}


def data(images: int = 120, length: int = 24, centre: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Unit features float32 [N, D] in clusters of 6, and their neighbours int32 [N, 12]."""
    rng = np.random.default_rng(0)
    points = rng.standard_normal((images // 6, length))[rng.permutation(images) // 6]
    points += 0.6 * rng.standard_normal(points.shape) + centre
    features = (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)
    return features, nearest_neighbours(features, 12).indices


def network(length: int = 24, widths: tuple[int, ...] = (32, 16, 8)) -> GCN:
    """Random weights, biases and statistics of differences."""
    torch.manual_seed(0)
    made = GCN(features=length, widths=list(widths))
    for name, parameter in made.named_parameters():
        if "bias" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    made.normalisation.mean.normal_(std=0.05)
    made.normalisation.variance.uniform_(0.5 / length, 2 / length)
    return made


def logits_of(
    made: GCN, features: np.ndarray, lists: np.ndarray, pivot: int, *, k1: int, k2: int, u: int
) -> np.ndarray:
    """Logits [k1, 2] in float64: all rows through all layers, adjacency as a padded matrix."""
    nodes = sorted({pivot, *lists[pivot, :k1], *lists[lists[pivot, :k1], :k2].ravel()})
    size = k1 * (k2 + 1) + 1
    x, joined = np.zeros((size, features.shape[1])), np.zeros((size, size))
    x[: len(nodes)] = features[nodes].astype(np.float64) - features[pivot]
    for row, node in enumerate(nodes):
        for other in set(lists[node, :u]) & set(nodes):
            joined[row, nodes.index(other)] = joined[nodes.index(other), row] = 1
    degrees = joined.sum(axis=1, keepdims=True)
    adjacency = joined / np.where(degrees == 0, 1, degrees)
    state = {name: values.numpy().astype(np.float64) for name, values in made.state_dict().items()}
    x = (x - state["normalisation.mean"]) / np.sqrt(state["normalisation.variance"] + 1e-5)
    for layer in range(len(made.convolutions)):
        weight, bias = state[f"convolutions.{layer}.weight"], state[f"convolutions.{layer}.bias"]
        x = np.maximum(np.hstack([x, adjacency @ x]) @ weight + bias, 0)
    x = x[[nodes.index(neighbour) for neighbour in lists[pivot, :k1]]]
    x = x @ state["classifier.0.weight"].T + state["classifier.0.bias"]
    x = np.where(x > 0, x, state["classifier.1.weight"] * x)
    return x @ state["classifier.2.weight"].T + state["classifier.2.bias"]


@pytest.mark.parametrize("widths", [(32, 16, 8), (24, 24, 12, 12), (8, 40)])
@pytest.mark.parametrize("sizes", [SIZES, SIZES | {"u": 1}, {"k1": 3, "k2": 12, "u": 12}])
def test_logits_are_those_of_the_plain_dense_computation(widths: tuple[int, ...], sizes: dict[str, int]):
    features, lists = data()
    made = network(widths=widths)
    pivots = np.arange(0, 120, 7)
    found = LinkPredictor(made, features, lists, batch=4, **sizes).logits(pivots)
    expected = np.stack([logits_of(made, features, lists, pivot, **sizes) for pivot in pivots])
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=1e-5)


def test_logits_at_the_published_sizes():
    features = clustered_features(300, 2048, np.random.default_rng(0))
    lists, sizes = nearest_neighbours(features, 32).indices, {"k1": 32, "k2": 5, "u": 5}
    made = network(2048, (1024, 512, 256))
    pivots = np.array([0, 150, 299])
    found = LinkPredictor(made, features, lists, **sizes).logits(pivots)
    expected = np.stack([logits_of(made, features, lists, pivot, **sizes) for pivot in pivots])
    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=1e-5)


def test_features_that_are_all_alike():
    features, lists = data(centre=30.0)  # cosines above 0.99, as an untrained encoder has them
    assert (features @ features.T).min() > 0.99
    made = network()
    made.normalisation.mean.zero_()
    made.normalisation.variance.fill_(1e-5)
    expected = np.stack([logits_of(made, features, lists, pivot, **SIZES) for pivot in range(20)])
    found = LinkPredictor(made, features, lists, **SIZES).logits(np.arange(20))
    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=1e-5)


def test_links_are_the_probabilities_of_all_images_whatever_the_batch():
    features, lists = data()
    made = network()
    links = predict_links(made, features, lists, **SIZES)
    assert links.indices.dtype == np.int32 and np.array_equal(links.indices, lists[:, :10])
    assert links.probability.dtype == np.float32 and links.probability.shape == (120, 10)
    for pivot in (0, 77):
        logits = logits_of(made, features, lists, pivot, **SIZES)
        expected = 1 / (1 + np.exp(logits[:, 0] - logits[:, 1]))
        np.testing.assert_allclose(links.probability[pivot], expected, rtol=0, atol=1e-5)
    for batch in (1, 7, 500):
        again = predict_links(made, features, lists, batch=batch, **SIZES).probability
        np.testing.assert_allclose(again, links.probability, rtol=0, atol=1e-6)


def test_chosen_pivots_are_those_of_all():
    features, lists = data()
    made = network()
    chosen = np.array([100, 3, 3])
    found = LinkPredictor(made, features, lists, **SIZES)(chosen)
    expected = predict_links(made, features, lists, **SIZES).probability[chosen]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_the_same_bits_again():
    features, lists = data()
    first, second = (predict_links(network(), features, lists, **SIZES).probability for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_duplicates_of_the_pivot():
    features, lists = data()
    features[1:4] = features[0]
    lists = nearest_neighbours(features, 12).indices
    assert set(lists[0, :3]) == {1, 2, 3}
    made = network()
    found = LinkPredictor(made, features, lists, **SIZES).logits(np.arange(4)).numpy()
    for pivot in range(4):
        np.testing.assert_allclose(found[pivot], logits_of(made, features, lists, pivot, **SIZES), rtol=0, atol=1e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_gpu_gives_the_same_links():
    features, lists = data()
    links = predict_links(network(), features, lists, **SIZES)
    on_gpu = predict_links(network(), features, lists, device="cuda", **SIZES)
    np.testing.assert_allclose(on_gpu.probability, links.probability, rtol=0, atol=1e-5)


def test_the_benchmark_compares_equals():
    features, lists = data()
    made, pivots = network(), np.array([5, 60, 119])
    predictor = LinkPredictor(made, features, lists, **SIZES)
    expected = predictor.logits(pivots)
    for way in (
        dense_way(made, features, lists, SIZES),
        published_way(made, features, lists, SIZES),
    ):
        torch.testing.assert_close(way(pivots), expected, rtol=0, atol=1e-5)


# --- mistakes ---------------------------------------------------------------------------------------------------------


def test_features_of_another_encoder():
    features, lists = data()
    with pytest.raises(UserError, match="the features have 24 numbers, the network takes 32"):
        predict_links(network(32), features, lists, **SIZES)


@pytest.mark.parametrize("factor", [2.66, 0.0, np.inf])
def test_features_that_are_not_finite_or_not_of_length_1(factor: float):
    features, lists = data()
    features[7] *= np.float32(factor)
    with pytest.raises(UserError, match="1 features have not length 1, the first that of image 7"):
        predict_links(network(), features, lists, **SIZES)


def test_features_of_other_images():
    features, lists = data()
    with pytest.raises(ValueError, match="119 features, 120 lists of neighbours"):
        predict_links(network(), features[1:], lists, **SIZES)


def test_graph_with_too_few_neighbours():
    features, lists = data()
    with pytest.raises(UserError, match="k1 is 20, but the graph has 12 neighbours"):
        predict_links(network(), features, lists, k1=20, k2=4, u=4)
