"""Instance pivot subgraphs (Wang et al., Linkage Based Face Clustering via Graph Convolution Network, CVPR 2019, 3.3).

The subgraph of a pivot holds the pivot, its k1 nearest neighbours (one hop) and their k2 nearest neighbours (two
hops). Two of its images are joined where one is among the u nearest neighbours of the other. The published code pads
every subgraph with zeros to k1 (k2 + 1) + 1 rows and joins them in a dense matrix; here the subgraphs of a batch of
pivots lie one after the other in compressed rows, and are made without a loop over pivots.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.nn import functional

from purereid.errors import UserError


@dataclass(frozen=True)
class Subgraphs:
    """The subgraphs of B pivots: R rows, one for each image of each subgraph.

    The list of a row in the joint adjacency starts with the row itself; the rows that it is joined to follow. Their
    weights are those of the row-normalised adjacency, so that a weighted sum over them is their mean. A row that is
    joined to none (possible with u < k2) has only itself in its list, and the mean of its neighbours counts as zero.

    Attributes:
        pivots: int64 [B] image of each pivot.
        nodes: int64 [R] image of each row; the pivot first, then by first occurrence in its lists.
        owners: int64 [R] number (0..B-1) of the pivot whose subgraph the row is in.
        columns: int64 [E] rows in the lists of all rows, one list after the other.
        rows: int64 [E] row in whose list each of these is.
        starts: int64 [R + 1] where in ``columns`` the list of each row starts; the last entry is E.
        weights: float32 [E]; 1 for the row itself, 1 / (number of rows joined to it) for each of these.
        one_hop: int64 [B, k1] rows of the pivot's neighbours, nearest first.
        padded_rows: k1 (k2 + 1) + 1, rows of a published, padded subgraph.
    """

    pivots: torch.Tensor
    nodes: torch.Tensor
    owners: torch.Tensor
    columns: torch.Tensor
    rows: torch.Tensor
    starts: torch.Tensor
    weights: torch.Tensor
    one_hop: torch.Tensor
    padded_rows: int

    @property
    def alone(self) -> torch.Tensor:
        """int64: the rows that are joined to none."""
        return (self.starts.diff() == 1).nonzero().squeeze(1)

    def compact(self) -> tuple[torch.Tensor, "Subgraphs"]:
        """The images that occur, int64 [n] ascending, and the same subgraphs with images numbered 0..n-1."""
        both = torch.cat([self.pivots, self.nodes])
        images, numbers = both.unique(return_inverse=True)
        pivots, nodes = numbers.split([len(self.pivots), len(self.nodes)])
        return images, replace(self, pivots=pivots, nodes=nodes)


class SubgraphBuilder:
    """Makes subgraphs from lists of neighbours.

    Args:
        neighbours: int [N, k] nearest neighbours of each image without itself, nearest first.
        k1, k2, u: neighbours of the pivot, of these neighbours, and those that an image is joined to.
        device: where the subgraphs are made.

    Raises:
        UserError: fewer than 1 or more than k neighbours asked for.
        ValueError: an image is its own neighbour.
    """

    def __init__(self, neighbours: np.ndarray, *, k1: int, k2: int, u: int, device: torch.device):
        _check(neighbours, k1=k1, k2=k2, u=u)
        self.k1, self.k2, self.images, self.device = k1, k2, len(neighbours), device
        self.nearest = torch.tensor(neighbours[:, : max(k1, k2)], dtype=torch.int32, device=device)
        self.starts, self.joined = (torch.from_numpy(part).to(device) for part in join(neighbours[:, :u]))

    def __call__(self, pivots: torch.Tensor) -> Subgraphs:
        """Subgraphs of the pivots, int64 [B] numbers of images, in their order."""
        pivots = pivots.to(self.device)
        offsets = torch.arange(len(pivots), device=self.device)[:, None] * self.images
        one_hop = self.nearest[pivots, : self.k1].long()
        two_hops = self.nearest[one_hop.flatten(), : self.k2].view(len(pivots), -1)
        keys = torch.cat([pivots[:, None], one_hop, two_hops], dim=1) + offsets  # pivot's number x N + image
        rows = _Rows(keys.flatten(), len(pivots) * self.images)
        owners = rows.keys // self.images
        nodes = rows.keys - owners * self.images
        columns, list_rows = self._lists(nodes, rows)
        lengths = torch.bincount(list_rows, minlength=len(nodes))
        starts = functional.pad(lengths.cumsum(0), (1, 0))
        weights = (1 / (lengths - 1).clamp(min=1)).index_select(0, list_rows).index_fill_(0, starts[:-1], 1)
        one_hop = rows.numbers((one_hop + offsets).flatten()).view_as(one_hop)
        padded_rows = self.k1 * (self.k2 + 1) + 1
        return Subgraphs(pivots, nodes, owners, columns, list_rows, starts, weights, one_hop, padded_rows)

    def _lists(self, nodes: torch.Tensor, rows: "_Rows") -> tuple[torch.Tensor, torch.Tensor]:
        """Columns of all rows' lists, and in whose list each is: the whole graph's lists without what is outside."""
        starts = self.starts[nodes]
        owners, places = ragged(starts, self.starts[nodes + 1] - starts)
        wanted = self.joined.index_select(0, places) + (rows.keys - nodes).index_select(0, owners)
        columns = rows.numbers(wanted)
        inside = (rows.keys.index_select(0, columns) == wanted).nonzero().squeeze(1)
        return columns.index_select(0, inside), owners.index_select(0, inside)


class _Rows:
    """Numbers keys by their first occurrence.

    They are looked up in a table of all possible keys, which is not cleared, so that its size takes no time: what it
    says of a key that does not occur is chance, and shows in that the key of that number is another.

    Args:
        keys: int64 [n]; the distinct ones, by first occurrence, are the attribute ``keys``, int64 [R].
        size: all keys are below it.
    """

    def __init__(self, keys: torch.Tensor, size: int):
        places = torch.arange(len(keys), device=keys.device)
        self.table = torch.empty(size, dtype=torch.int64, device=keys.device)
        self.table[keys] = len(keys)
        self.table.scatter_reduce_(0, keys, places, "amin")
        self.keys = keys[self.table.index_select(0, keys) == places]
        self.table[self.keys] = places[: len(self.keys)]

    def numbers(self, keys: torch.Tensor) -> torch.Tensor:
        """Number of each key, int64 [n]; any number for one that does not occur."""
        return self.table.index_select(0, keys).clamp_(0, len(self.keys) - 1)


def join(neighbours: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Join each image with its neighbours and with the images whose neighbour it is.

    Args:
        neighbours: int [N, u].

    Returns:
        starts int64 [N + 1] and images int64 [total]: the list of image i is ``images[starts[i]:starts[i + 1]]``;
        it starts with i itself, the others follow in ascending order.
    """
    images, u = neighbours.shape
    rows, columns = np.repeat(np.arange(images), u), neighbours.astype(np.int64).ravel()
    keys = np.unique(np.concatenate([rows * images + columns, columns * images + rows]))
    owners, joined = np.divmod(keys, images)
    ends = np.cumsum(np.bincount(owners, minlength=images))
    starts = np.append(0, ends)
    return starts + np.arange(images + 1), np.insert(joined, starts[:-1], np.arange(images))


def ragged(starts: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Places ``starts[i], starts[i] + 1, ...`` of all lists, one list after the other.

    Args:
        starts, lengths: int64 [n].

    Returns:
        int64 [total] number of the list of each place, and int64 [total] the places.
    """
    ends = lengths.cumsum(0)
    lists = torch.arange(len(lengths), device=lengths.device).repeat_interleave(lengths)
    places = torch.arange(len(lists), device=lengths.device) + (starts - ends + lengths).index_select(0, lists)
    return lists, places


def _check(neighbours: np.ndarray, **settings: int) -> None:
    images, k = neighbours.shape
    for name, value in settings.items():
        if not 1 <= value <= k:
            raise UserError(
                f"{name} is {value}, but the graph has {k} neighbours of each image",
                expected=f"1 to {k}",
                do=f"lower {name}, or build the graph with more neighbours",
            )
    if (neighbours == np.arange(images)[:, None]).any():
        raise ValueError("an image is its own neighbour")
