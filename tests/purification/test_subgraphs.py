"""Pivot subgraphs, beside a slow construction by the definition."""

import numpy as np
import pytest
import torch

from purereid.errors import UserError
from purereid.purification.subgraphs import SubgraphBuilder, Subgraphs, join, ragged

CPU = torch.device("cpu")


def neighbours(images: int, k: int, seed: int = 0) -> np.ndarray:
    """int64 [N, k] nearest neighbours of clustered random points."""
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((images // 6 + 1, 4))[np.arange(images) // 6] + 0.5 * rng.standard_normal((images, 4))
    distances = ((points[:, None] - points) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    return np.argsort(distances, axis=1, kind="stable")[:, :k]


def by_definition(lists: np.ndarray, pivot: int, k1: int, k2: int, u: int) -> tuple[set, dict]:
    """Images of a pivot's subgraph, and the entries of its row-normalised adjacency that are not zero."""
    nodes = {pivot} | set(lists[pivot, :k1])
    for neighbour in lists[pivot, :k1]:
        nodes |= set(lists[neighbour, :k2])
    joined = {node: set() for node in nodes}
    for node in nodes:
        for other in lists[node, :u]:
            if other in nodes:
                joined[node].add(other)
                joined[other].add(node)
    return nodes, {(node, other): 1 / len(joined[node]) for node in nodes for other in joined[node]}


def as_images(graphs: Subgraphs, number: int) -> tuple[list, dict, dict]:
    """Images of the rows of one pivot, its adjacency, and the rows' weights of themselves."""
    adjacency, own = {}, {}
    rows = [row for row in range(len(graphs.nodes)) if graphs.owners[row] == number]
    for row in rows:
        part = slice(graphs.starts[row], graphs.starts[row + 1])
        assert (graphs.rows[part] == row).all()
        (self_row, *others), (self_weight, *weights) = graphs.columns[part].tolist(), graphs.weights[part].tolist()
        assert self_row == row and all(graphs.owners[other] == number for other in others)
        own[row] = self_weight
        for other, weight in zip(others, weights, strict=True):
            key = graphs.nodes[row].item(), graphs.nodes[other].item()
            assert key not in adjacency
            adjacency[key] = weight
    return graphs.nodes[rows].tolist(), adjacency, own


@pytest.mark.parametrize(("k1", "k2", "u"), [(8, 3, 3), (8, 3, 5), (8, 3, 1), (1, 1, 1), (3, 8, 2), (40, 40, 40)])
def test_subgraphs_are_those_of_the_definition(k1: int, k2: int, u: int):
    lists = neighbours(41, 40)
    pivots = torch.tensor([5, 0, 40, 5, 17])
    graphs = SubgraphBuilder(lists, k1=k1, k2=k2, u=u, device=CPU)(pivots)
    assert graphs.pivots.tolist() == pivots.tolist() and graphs.owners.tolist() == sorted(graphs.owners.tolist())
    assert len(graphs.starts) == len(graphs.nodes) + 1 and graphs.starts[-1] == len(graphs.columns)
    for number, pivot in enumerate(pivots.tolist()):
        nodes, adjacency = by_definition(lists, pivot, k1, k2, u)
        found, entries, own = as_images(graphs, number)
        assert found[0] == pivot and len(found) == len(nodes) and set(found) == nodes
        assert entries.keys() == adjacency.keys() and set(own.values()) == {1.0}
        assert all(entries[key] == pytest.approx(adjacency[key], abs=1e-7) for key in entries)
        assert graphs.nodes[graphs.one_hop[number]].tolist() == lists[pivot, :k1].tolist()
        assert (graphs.owners[graphs.one_hop[number]] == number).all()


def test_no_row_is_padding_and_the_published_size_is_known():
    graphs = SubgraphBuilder(neighbours(60, 10), k1=10, k2=4, u=4, device=CPU)(torch.arange(60))
    assert graphs.padded_rows == 10 * 5 + 1
    assert len(graphs.nodes) < 60 * graphs.padded_rows
    assert len(set(zip(graphs.owners.tolist(), graphs.nodes.tolist(), strict=True))) == len(graphs.nodes)


def test_a_batch_is_its_pivots_one_after_the_other():
    build = SubgraphBuilder(neighbours(60, 10), k1=10, k2=4, u=4, device=CPU)
    together, first, second = (build(torch.tensor(pivots)) for pivots in ([7, 30], [7], [30]))
    rows, entries = len(first.nodes), len(first.columns)
    assert torch.equal(together.nodes, torch.cat([first.nodes, second.nodes]))
    assert torch.equal(together.columns, torch.cat([first.columns, second.columns + rows]))
    assert torch.equal(together.starts, torch.cat([first.starts, second.starts[1:] + entries]))
    assert torch.equal(together.one_hop, torch.cat([first.one_hop, second.one_hop + rows]))


def test_rows_that_are_joined_to_none_with_u_below_k2():
    # 0's neighbour 1 has the neighbours 2 and 3, whose nearest are elsewhere
    lists = np.array([[1, 2], [2, 3], [4, 5], [5, 4], [5, 2], [4, 3]])
    graphs = SubgraphBuilder(lists, k1=1, k2=2, u=1, device=CPU)(torch.tensor([0]))
    assert graphs.nodes.tolist() == [0, 1, 2, 3]
    assert graphs.nodes[graphs.alone].tolist() == [3]
    assert torch.isfinite(graphs.weights).all()
    assert not len(SubgraphBuilder(lists, k1=1, k2=2, u=2, device=CPU)(torch.tensor([0])).alone)


def test_compact_numbers_the_images_that_occur():
    graphs = SubgraphBuilder(neighbours(60, 10), k1=3, k2=2, u=2, device=CPU)(torch.tensor([50, 3]))
    images, compact = graphs.compact()
    assert images.tolist() == sorted(set(graphs.nodes.tolist()))
    assert torch.equal(images[compact.nodes], graphs.nodes) and torch.equal(images[compact.pivots], graphs.pivots)
    assert compact.columns is graphs.columns


def test_join_is_symmetric_and_starts_with_the_image_itself():
    lists = neighbours(30, 3)
    starts, joined = join(lists)
    for image in range(30):
        own, *others = joined[starts[image] : starts[image + 1]].tolist()
        expected = {other for other in range(30) if other in lists[image] or image in lists[other]}
        assert own == image and others == sorted(expected)


def test_ragged():
    lists, places = ragged(torch.tensor([10, 3, 7]), torch.tensor([2, 0, 3]))
    assert lists.tolist() == [0, 0, 2, 2, 2] and places.tolist() == [10, 11, 7, 8, 9]


@pytest.mark.parametrize("name", ["k1", "k2", "u"])
@pytest.mark.parametrize("value", [0, 5])
def test_sizes_out_of_range(name: str, value: int):
    sizes = {"k1": 2, "k2": 2, "u": 2} | {name: value}
    with pytest.raises(UserError, match=f"{name} is {value}, but the graph has 4 neighbours of each image"):
        SubgraphBuilder(neighbours(20, 4), device=CPU, **sizes)


def test_an_image_that_is_its_own_neighbour():
    lists = neighbours(20, 4)
    lists[3, 0] = 3
    with pytest.raises(ValueError, match="an image is its own neighbour"):
        SubgraphBuilder(lists, k1=2, k2=2, u=2, device=CPU)
