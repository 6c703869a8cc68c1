"""The network in training, beside the plain dense computation with zero padding, and its file."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from purereid.data import checkpoint
from purereid.errors import UserError
from purereid.networks.network_file import load_network
from purereid.purification.gcn import GCN
from purereid.purification.subgraphs import SubgraphBuilder, Subgraphs
from saved import load_with_about, save_graph_network

CPU = torch.device("cpu")
SIZES = {"k1": 6, "k2": 3, "u": 3}


def data(images: int = 50, length: int = 12, seed: int = 0) -> tuple[torch.Tensor, np.ndarray]:
    """Unit features float32 [N, D] in clusters of 5, and their neighbours."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((images // 5 + 1, length)) + 1
    features = centres[np.arange(images) // 5] + 0.4 * rng.standard_normal((images, length))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    similarity = features @ features.T - 3 * np.eye(images)
    return torch.from_numpy(features.astype(np.float32)), np.argsort(-similarity, axis=1)[:, :8]


def dense(features: torch.Tensor, graphs: Subgraphs) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Zero-padded differences [B, P, D], adjacency [B, P, P] and rows of the neighbours [B, k1]."""
    number, size = len(graphs.pivots), graphs.padded_rows
    inputs, adjacency = torch.zeros(number, size, features.shape[1]), torch.zeros(number, size, size)
    one_hop = torch.empty_like(graphs.one_hop)
    for pivot in range(number):
        rows = (graphs.owners == pivot).nonzero().flatten().tolist()
        for place, row in enumerate(rows):
            inputs[pivot, place] = features[graphs.nodes[row]] - features[graphs.pivots[pivot]]
            for entry in range(graphs.starts[row] + 1, graphs.starts[row + 1]):
                adjacency[pivot, place, rows.index(graphs.columns[entry])] = graphs.weights[entry]
        one_hop[pivot] = torch.tensor([rows.index(row) for row in graphs.one_hop[pivot]])
    return inputs, adjacency, one_hop


def plain_logits(network: GCN, batch_norm: nn.BatchNorm1d, features: torch.Tensor, graphs: Subgraphs) -> torch.Tensor:
    """Logits [B k1, 2] as published, with the network's weights."""
    x, adjacency, one_hop = dense(features, graphs)
    x = batch_norm(x.flatten(0, 1)).view_as(x)
    for layer in network.convolutions:
        x = torch.relu(torch.cat([x, adjacency @ x], dim=2) @ layer.weight + layer.bias)
    return network.classifier(torch.cat([rows[chosen] for rows, chosen in zip(x, one_hop, strict=True)]))


def network(widths: list[int], **settings: bool) -> GCN:
    torch.manual_seed(0)
    made = GCN(features=12, widths=widths, **settings)
    for name, parameter in made.named_parameters():
        if "bias" in name:
            nn.init.normal_(parameter, std=0.1)  # zeros would hide mistakes
    return made


def test_published_networks_have_the_published_number_of_parameters():
    people = GCN(features=2048, widths=[1024, 512, 256])
    assert sum(parameter.numel() for parameter in people.parameters()) == 5_573_378
    faces = GCN(features=512, widths=[512, 512, 256, 256])
    layers = sum(2 * i * o + o for i, o in ((512, 512), (512, 512), (512, 256), (256, 256)))
    assert sum(parameter.numel() for parameter in faces.parameters()) == layers + 256 * 256 + 256 + 256 + 256 * 2 + 2


def test_weights_start_as_published():
    layer = GCN(features=300, widths=[200, 100]).convolutions[0]
    bound = (6 / (600 + 200)) ** 0.5
    assert layer.weight.shape == (600, 200) and not layer.bias.any()
    assert layer.weight.abs().max() <= bound
    assert layer.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.02)


@pytest.mark.parametrize("widths", [[16, 8, 4], [12, 12, 6, 6], [4, 20]])
@pytest.mark.parametrize("u", [3, 1])  # with u below k2 some rows are joined to none
def test_training_with_padded_statistics_is_the_published_computation(widths: list[int], u: int):
    features, lists = data()
    graphs = SubgraphBuilder(lists, device=CPU, **(SIZES | {"u": u}))(torch.arange(0, 50, 5))
    assert (len(graphs.alone) > 0) == (u == 1)
    own, batch_norm = network(widths, padded_statistics=True), nn.BatchNorm1d(12, affine=False, momentum=None)
    logits, expected = own(features, graphs), plain_logits(own, batch_norm, features, graphs)
    assert logits.shape == (10 * 6, 2)
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-5)
    torch.testing.assert_close(own.normalisation.mean, batch_norm.running_mean, rtol=0, atol=1e-7)
    torch.testing.assert_close(own.normalisation.variance, batch_norm.running_var, rtol=1e-5, atol=0)
    labels = torch.arange(60) % 2
    found, wanted = (
        torch.autograd.grad(functional.cross_entropy(x, labels), list(own.parameters())) for x in (logits, expected)
    )
    for gradient, slow in zip(found, wanted, strict=True):
        torch.testing.assert_close(gradient, slow, rtol=0, atol=1e-5)


def test_statistics_are_those_of_the_rows_and_their_mean_over_the_batches():
    features, lists = data()
    build = SubgraphBuilder(lists, device=CPU, **SIZES)
    own, means, variances = network([8, 4]), [], []
    for pivots in (torch.arange(10), torch.arange(10, 40), torch.arange(40, 50)):
        graphs = build(pivots)
        own(features, graphs)
        rows = torch.stack(
            [features[n] - features[graphs.pivots[o]] for n, o in zip(graphs.nodes, graphs.owners, strict=True)]
        )
        means.append(rows.mean(dim=0))
        variances.append(rows.var(dim=0))
    torch.testing.assert_close(own.normalisation.mean, torch.stack(means).mean(dim=0), rtol=0, atol=1e-6)
    torch.testing.assert_close(own.normalisation.variance, torch.stack(variances).mean(dim=0), rtol=1e-5, atol=0)


def test_statistics_without_padding_do_not_depend_on_how_much_there_would_be():
    features, lists = data()
    graphs = SubgraphBuilder(lists, device=CPU, **SIZES)(torch.arange(10))
    plain, padded = network([8, 4]), network([8, 4], padded_statistics=True)
    plain(features, graphs), padded(features, graphs)
    share = len(graphs.nodes) / (10 * graphs.padded_rows)
    assert share < 0.6
    ratio = (padded.normalisation.variance / plain.normalisation.variance).mean().item()
    assert ratio == pytest.approx(share, rel=0.2)


def test_bfloat16_is_close():
    features, lists = data()
    graphs = SubgraphBuilder(lists, device=CPU, **SIZES)(torch.arange(50))
    own = network([16, 16, 8])
    exact = own(features, graphs)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = own(features, graphs)
    assert rounded.dtype == torch.float32 and not torch.equal(rounded, exact)
    assert (rounded - exact).abs().max() < 0.1 * exact.abs().max()


def test_one_convolution_is_too_few():
    with pytest.raises(UserError, match="a network of 1 graph convolutions"):
        GCN(features=12, widths=[8])


# --- file -------------------------------------------------------------------------------------------------------------


def test_file_rebuilds_the_network(tmp_path):
    features, lists = data()
    build = SubgraphBuilder(lists, device=CPU, **SIZES)
    own = network([8, 4], padded_statistics=True)
    own(features, build(torch.arange(50)))
    save_graph_network(tmp_path / "gcn.safetensors", "gcn", own, {"identities": [3, 7]})
    again, training = load_with_about(tmp_path / "gcn.safetensors", "gcn")
    assert training == {"identities": [3, 7]} and not again.training and again.configuration == own.configuration
    graphs = build(torch.arange(5))
    assert torch.equal(again.logits(again.first(features), graphs), own.logits(own.first(features), graphs))
    save_graph_network(tmp_path / "again.safetensors", "gcn", again, training)
    assert (tmp_path / "again.safetensors").read_bytes() == (tmp_path / "gcn.safetensors").read_bytes()


def test_files_of_something_else(tmp_path):
    path = tmp_path / "gcn.safetensors"
    with pytest.raises(UserError, match="weights cannot be read"):
        load_network(path, "gcn")
    checkpoint.save(path, {"a": torch.zeros(2)}, kind="reid", configuration="{}")
    with pytest.raises(UserError, match="the file holds no "):
        load_network(path, "gcn")
    own = network([8, 4])
    own.configuration = own.configuration | {"widths": [8, 5]}
    save_graph_network(path, "gcn", own, {})
    with pytest.raises(UserError, match="the weights are of another network than the file's configuration"):
        load_network(path, "gcn")
