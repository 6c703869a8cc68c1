"""Graph convolutional network that predicts links (Wang et al., CVPR 2019, sections 3.3 and 3.4).

A row of a subgraph enters as the difference of its image's and the pivot's features, normalised by the statistics of
such differences. A graph convolution is ReLU([x ; mean of the joined rows' x] W + b). The classifier sees the pivot's
neighbours alone.

What is computed here equals the published, but in an order that saves nine tenths of the arithmetic: the first
convolution is linear in the features, so that its products are made once per image and not once per subgraph; the last
one is made for the pivot's neighbours alone; means are taken before or after the product, where rows are narrower.
"""

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from purereid.errors import UserError
from purereid.purification.subgraphs import Subgraphs, ragged

BLOCK = 1024  # images multiplied at a time


class First(NamedTuple):
    """What the first convolution, with W = [Wa ; Wb] and bias b, needs of n images with normalised features x.

    Attributes:
        table: float32 [3 n, d], for each image i the rows x_i Wa, x_i Wb, and b - (x_i + m)(Wa + Wb), its part as a
            pivot; m is the normalised mean difference.
        shift: float32 [d], m Wb.
    """

    table: torch.Tensor
    shift: torch.Tensor


class GCN(nn.Module):
    """The network.

    Args:
        features: length D of a feature.
        widths: outputs of the graph convolutions, two at least (published for people, D = 2048: 1024, 512, 256; for
            faces, D = 512: 512, 512, 256, 256).
        padded_statistics: whether the statistics of a training batch count the zero rows of published subgraphs too.
            They make the variance smaller by a share that varies with k1, k2 and the data, and tell nothing.

    Raises:
        UserError: fewer than two widths.
    """

    def __init__(self, *, features: int, widths: list[int], padded_statistics: bool = False):
        super().__init__()
        if len(widths) < 2:
            raise UserError(f"a network of {len(widths)} graph convolutions", where="widths", expected="at least 2")
        self.configuration = {"features": features, "widths": list(widths), "padded_statistics": padded_statistics}
        self.normalisation = Normalisation(features, padded_statistics)
        self.convolutions = nn.ModuleList(map(GraphConvolution, [features, *widths[:-1]], widths))
        self.classifier = classifier(widths[-1], 2)

    def forward(self, features: torch.Tensor, graphs: Subgraphs) -> torch.Tensor:
        """Logits of a training batch, normalised by its own statistics, which enter those of the training.

        Args:
            features: float32 [N, D] of all images, of length 1.
            graphs: subgraphs of B pivots.

        Returns:
            float32 [B k1, 2]: pivot and neighbour show two persons, or one.
        """
        mean, variance = self.normalisation(features, graphs)
        images, graphs = graphs.compact()
        return self.logits(self._first(features[images], mean, variance), graphs)

    def first(self, features: torch.Tensor) -> First:
        """Products of all images' features, float32 [N, D], normalised by the statistics of the training."""
        return self._first(features, self.normalisation.mean, self.normalisation.variance)

    def logits(self, first: First, graphs: Subgraphs) -> torch.Tensor:
        """Logits float32 [B k1, 2] of the links of subgraphs, see ``forward``."""
        x = self._output_of_first(first, graphs)
        for convolution in self.convolutions[1:-1]:
            x = convolution(x, graphs)
        x = self.convolutions[-1].of_rows(x, graphs, graphs.one_hop.flatten())
        return self.classifier(x).float()

    def _first(self, features: torch.Tensor, mean: torch.Tensor, variance: torch.Tensor) -> First:
        layer, centre = self.convolutions[0], features.mean(dim=0)  # differences do not see the centre
        scale = (variance + self.normalisation.eps).rsqrt()
        shift = layer.products((mean * scale)[None])
        blocks = []
        for block in features.split(BLOCK):
            products = layer.products((block - centre) * scale).view(len(block), 2, -1)
            of_pivots = layer.bias - (products + shift).sum(dim=1, keepdim=True)
            blocks.append(torch.cat([products, of_pivots], dim=1))
        return First(torch.cat(blocks).flatten(0, 1), shift[1])

    def _output_of_first(self, first: First, graphs: Subgraphs) -> torch.Tensor:
        """ReLU([x_v - x_p - m ; mean of x_w - x_p - m] W + b), float32 [R, d], the pivot p as one more of each list."""
        count, device = len(graphs.nodes), graphs.nodes.device
        starts = graphs.starts[:-1] + torch.arange(count, device=device)
        moved = torch.arange(len(graphs.columns), device=device) + graphs.rows + 1
        places = starts.new_empty(len(moved) + count)
        places.index_copy_(0, moved, 3 * graphs.nodes.index_select(0, graphs.columns) + 1)
        places[starts + 1] -= 1
        places[starts] = 3 * graphs.pivots.index_select(0, graphs.owners) + 2
        weights = torch.ones(len(places), device=device).index_copy_(0, moved, graphs.weights)
        x = weighted_sums(first.table, places, starts, weights)
        alone = graphs.alone  # the mean over no rows is zero and has no pivot in it
        return x.index_add_(0, alone, first.table[3 * graphs.pivots[graphs.owners[alone]] + 1] + first.shift).relu_()


class GraphConvolution(nn.Module):
    """ReLU([x ; mean of the joined rows' x] W + b); W [2 inputs, outputs] Xavier-uniform and b zero at first."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(2 * inputs, outputs)))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: torch.Tensor, graphs: Subgraphs) -> torch.Tensor:
        """Outputs float32 [R, outputs] of all rows from their inputs [R, inputs]."""
        own = graphs.starts[:-1]
        if x.shape[1] > len(self.bias):
            places = (2 * graphs.columns + 1).index_add_(0, own, torch.full_like(own, -1))
            return weighted_sums(self.products(x), places, own, graphs.weights).add_(self.bias).relu_()
        return self._output(x, weighted_sums(x, graphs.columns, own, graphs.weights.index_fill(0, own, 0)))

    def of_rows(self, x: torch.Tensor, graphs: Subgraphs, rows: torch.Tensor) -> torch.Tensor:
        """Outputs float32 [n, outputs] of some rows, int64 [n]."""
        starts = graphs.starts[rows] + 1  # without the row itself
        lengths = graphs.starts[rows + 1] - starts
        _, places = ragged(starts, lengths)
        columns, weights = (values.index_select(0, places) for values in (graphs.columns, graphs.weights))
        return self._output(x[rows], weighted_sums(x, columns, lengths.cumsum(0) - lengths, weights))

    def products(self, x: torch.Tensor) -> torch.Tensor:
        """x [n, inputs] times both halves of W, float32 [2 n, outputs]: rows 2 i and 2 i + 1 are those of row i."""
        return (x @ torch.cat(self.weight.chunk(2), dim=1)).float().view(-1, len(self.bias))

    def _output(self, x: torch.Tensor, means: torch.Tensor) -> torch.Tensor:
        of_row, of_means = self.weight.chunk(2)
        x = torch.addmm(self.bias, x, of_row)
        return x.addmm_(means.to(x.dtype), of_means.to(x.dtype)).float().relu_()  # bfloat16 under autocast


class Normalisation(nn.Module):
    """Mean and variance of the differences between the features of rows and pivots.

    As in batch normalisation without scale and shift, a training batch has its own. Those for the time after the
    training are the mean over all training batches; published is a running mean, which forgets earlier batches and
    starts at 0 and 1, but features of images do not change, and a variance of 1 is a thousand times too large.
    """

    def __init__(self, features: int, padded: bool):
        super().__init__()
        self.padded, self.eps = padded, 1e-5
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("variance", torch.ones(features))
        self.register_buffer("batches", torch.tensor(0))

    @torch.no_grad()
    def forward(self, features: torch.Tensor, graphs: Subgraphs) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and variance, float32 [D] each, of a training batch."""
        differences = features[graphs.nodes] - features[graphs.pivots].index_select(0, graphs.owners)
        count, mean = len(differences), differences.mean(dim=0)
        variance = differences.sub_(mean).square_().mean(dim=0)
        if self.padded:
            rows = len(graphs.pivots) * graphs.padded_rows
            square, mean, count = (variance + mean.square()) * (count / rows), mean * (count / rows), rows
            variance = square - mean.square()
        self.batches += 1
        self.mean += (mean - self.mean) / self.batches
        self.variance += (variance * (count / (count - 1)) - self.variance) / self.batches
        return mean, variance


def classifier(width: int, outputs: int) -> nn.Sequential:
    """The layers between a row of the last graph convolution, float32 [n, width], and the outputs [n, outputs]."""
    return nn.Sequential(nn.Linear(width, width), nn.PReLU(width), nn.Linear(width, outputs))


def weighted_sums(x: torch.Tensor, rows: torch.Tensor, starts: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Weighted sum over each of n lists of rows of x; an empty list gives zero.

    Args:
        x: float32 [m, d].
        rows: int64 [E], the lists one after the other.
        starts: int64 [n] where they start.
        weights: float32 [E].

    Returns:
        float32 [n, d].
    """
    return functional.embedding_bag(rows, x, starts, mode="sum", per_sample_weights=weights)
