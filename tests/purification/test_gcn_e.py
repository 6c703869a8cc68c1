"""Links by GCN-E, beside the plain computation for one image at a time, and its file."""

import numpy as np
import pytest
import torch

from purereid.data import checkpoint
from purereid.data.neighbours import Neighbours
from purereid.errors import UserError
from purereid.networks.network_file import load_network
from purereid.purification import choose_parents as module
from purereid.purification.choose_parents import choose_parents, confident_images
from purereid.purification.connect import nearest_higher, ranks
from purereid.purification.gcn_e import GCNE, CandidateGraphBuilder, candidate_loss
from purereid.retrieval.neighbours import nearest_neighbours
from saved import load_with_about, save_graph_network

K = 9


def data(images: int = 80, length: int = 6) -> tuple[np.ndarray, Neighbours, np.ndarray]:
    """Unit features float32 [N, D], a graph of 12 neighbours, and confidences, some of them equal."""
    rng = np.random.default_rng(0)
    points = rng.standard_normal((images // 8, length))[rng.permutation(images) // 8]
    points = points + 0.9 * rng.standard_normal(points.shape)
    features = (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)
    return features, nearest_neighbours(features, 12), rng.integers(0, 20, images) / np.float32(20)


def network(length: int = 6, widths: tuple[int, ...] = (12, 8, 8, 4)) -> GCNE:
    torch.manual_seed(0)
    made = GCNE(features=length, widths=list(widths))
    for layer in made.convolutions:
        torch.nn.init.normal_(layer.bias, std=0.1)  # zeros would hide mistakes
    return made


def candidates_of(image: int, graph: Neighbours, confidence: np.ndarray, k: int) -> list[int]:
    """Neighbours of higher confidence, of equal ones those with a lower number; nearest first."""
    own = (-confidence[image], image)
    return [other for other in graph.indices[image, :k].tolist() if (-confidence[other], other) < own]


def logits_of(made: GCNE, features: np.ndarray, graph: Neighbours, image: int, candidates: list[int]) -> np.ndarray:
    """Logits [m, 2] in float64 for one image."""
    joined = np.eye(len(candidates))
    for row, node in enumerate(candidates):
        for other, similarity in zip(graph.indices[node, :K], graph.similarity[node, :K], strict=True):
            if other in candidates:
                column = candidates.index(other)
                joined[row, column] = joined[column, row] = max(0, similarity)
    joined /= joined.sum(axis=1, keepdims=True)
    state = {name: values.numpy().astype(np.float64) for name, values in made.state_dict().items()}
    x = features[candidates].astype(np.float64) - features[image]
    for layer in range(len(made.convolutions)):
        weight, bias = state[f"convolutions.{layer}.weight"], state[f"convolutions.{layer}.bias"]
        x = np.maximum(np.hstack([x, joined @ x]) @ weight.T + bias, 0)
    x = x @ state["classifier.0.weight"].T + state["classifier.0.bias"]
    x = np.where(x > 0, x, state["classifier.1.weight"] * x)
    return x @ state["classifier.2.weight"].T + state["classifier.2.bias"]


def builder(graph: Neighbours, confidence: np.ndarray) -> CandidateGraphBuilder:
    cut = Neighbours(*(np.ascontiguousarray(values[:, :K]) for values in graph))
    return CandidateGraphBuilder(cut, torch.from_numpy(ranks(confidence)), torch.device("cpu"))


def test_logits_are_those_of_the_plain_computation():
    features, graph, confidence = data()
    made = network()
    images = [image for image in range(80) if candidates_of(image, graph, confidence, K)]
    graphs = builder(graph, confidence)(torch.tensor(images))
    logits = made(torch.from_numpy(features), graphs).detach().numpy()
    assert len({int(number) for number in graphs.real.sum(dim=1)}) > 4
    for row, image in enumerate(images):
        wanted = candidates_of(image, graph, confidence, K)
        assert graphs.candidates[row][graphs.real[row]].tolist() == wanted
        expected = logits_of(made, features, graph, image, wanted)
        np.testing.assert_allclose(logits[row, : len(wanted)], expected, rtol=0, atol=1e-5)


def test_loss_and_gradients_are_those_of_single_images():
    features, graph, confidence = data()
    made, x = network(), torch.from_numpy(features)
    images = torch.tensor([image for image in range(80) if candidates_of(image, graph, confidence, K)])
    build, same = builder(graph, confidence), torch.arange(80) // 8

    def loss(part: torch.Tensor) -> torch.Tensor:
        graphs = build(part)
        return candidate_loss(made(x, graphs), same[graphs.candidates] == same[part][:, None], graphs.real)

    whole, single = loss(images), torch.stack([loss(image[None]) for image in images]).mean()
    torch.testing.assert_close(whole, single, rtol=0, atol=1e-6)
    gradients = [torch.autograd.grad(value, list(made.parameters())) for value in (whole, single)]
    for found, expected in zip(*gradients, strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("batch", [5, 64])
def test_confident_images_choose_and_others_keep_the_nearest(share: float, batch: int, monkeypatch):
    monkeypatch.setattr(module, "BATCH", batch)
    features, graph, confidence = data()
    made = network()
    found = choose_parents(made, features, graph, confidence, k=K, share=share)
    confident = sorted(range(80), key=lambda image: (-confidence[image], image))[: round(80 * share)]
    moved = 0
    for image in range(80):
        candidates = candidates_of(image, graph, confidence, K)
        expected = candidates[0] if candidates else image
        if image in confident and len(candidates) > 1:
            logits = logits_of(made, features, graph, image, candidates)
            expected = candidates[np.argmax(logits[:, 1] - logits[:, 0])]
            moved += expected != candidates[0]
        assert found.indices[image] == expected
        if expected != image:
            assert found.similarity[image] == graph.similarity[image, list(graph.indices[image]).index(expected)]
    assert (moved > 0) == (share > 0)


def test_images_without_choice_are_left_out():
    _, graph, confidence = data()
    rank = ranks(confidence)
    images = confident_images(graph, rank, 1.0)
    number = [len(candidates_of(image, graph, confidence, 12)) for image in images.tolist()]
    assert number == sorted(number) and number[0] == 2
    others = set(range(80)) - set(images.tolist())
    assert others and all(len(candidates_of(image, graph, confidence, 12)) < 2 for image in others)


def test_no_circles_whatever_is_chosen():
    features, graph, confidence = data()
    rank = ranks(confidence)
    parents = choose_parents(network(), features, graph, confidence, k=K, share=1.0)
    linked = parents.indices != np.arange(80)
    assert (rank[parents.indices[linked]] < rank[linked]).all()
    cut = Neighbours(graph.indices[:, :K], graph.similarity[:, :K])
    assert np.array_equal(linked, nearest_higher(confidence, cut).indices != np.arange(80))


def test_gcn_e_file_rebuilds_the_network(tmp_path):
    made = network()
    save_graph_network(tmp_path / "e.safetensors", "gcn_e", made, {"share": 0.2})
    again, training = load_with_about(tmp_path / "e.safetensors", "gcn_e")
    assert training == {"share": 0.2} and not again.training and again.configuration == made.configuration
    assert all(torch.equal(again.state_dict()[name], values) for name, values in made.state_dict().items())


# --- mistakes ---------------------------------------------------------------------------------------------------------


def test_a_gcn_v_is_no_gcn_e(tmp_path):
    checkpoint.save(tmp_path / "v.safetensors", {"a": torch.zeros(2)}, kind="gcn_v", configuration="{}")
    with pytest.raises(UserError, match="the file holds no "):
        load_network(tmp_path / "v.safetensors", "gcn_e")


def test_bad_arguments():
    features, graph, confidence = data()
    with pytest.raises(UserError, match="the features have 6 numbers, the network takes 7"):
        choose_parents(network(7), features, graph, confidence, k=K, share=0.2)
    with pytest.raises(UserError, match="k is 13, but the graph has 12 neighbours"):
        choose_parents(network(), features, graph, confidence, k=13, share=0.2)
    with pytest.raises(UserError, match=r"share is 1\.5"):
        choose_parents(network(), features, graph, confidence, k=K, share=1.5)
    confidence[4] = np.nan
    with pytest.raises(UserError, match="1 of 80 images have a confidence that is not finite"):
        choose_parents(network(), features, graph, confidence, k=K, share=0.2)
