"""GCN-V: confidence of each image from its neighbourhood (Yang et al., CVPR 2020, section 3.2).

Learning to Cluster Faces via Confidence and Connectivity Estimation. An image is confident where its neighbours are
like it and show the same person: in the middle of a cluster, not at its rim or between two. One graph convolution,
ReLU([x ; A x] W + b), sees the whole graph, whose affinity A does not change: A x is made once.
"""

from collections.abc import Iterator

import numpy as np
import torch
from scipy.sparse import csr_array, eye_array
from torch import nn

from purereid.data.neighbours import Neighbours
from purereid.purification.gcn import classifier, weighted_sums

BLOCK = 4096  # images whose inputs are made at a time


class GCNV(nn.Module):
    """The network.

    Args:
        features: length D of a feature.
        width: outputs of the graph convolution (published: 512).
    """

    def __init__(self, *, features: int, width: int):
        super().__init__()
        self.configuration = {"features": features, "width": width}
        self.convolution = graph_convolution(features, width)
        self.classifier = classifier(width, 1)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Confidences float32 [n], about -1..1, from [x ; A x] of the images, float32 [n, 2 D]."""
        return self.classifier(torch.relu(self.convolution(inputs))).squeeze(1)


def graph_convolution(inputs: int, outputs: int) -> nn.Linear:
    """The W [outputs, 2 inputs] and b of ReLU([x ; A x] W + b); W Xavier-uniform and b zero at first."""
    layer = nn.Linear(2 * inputs, outputs)
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def affinity(graph: Neighbours) -> csr_array:
    """A, float32 [N, N], sparse: similarities of neighbours in either direction, 1 for an image itself; rows sum to 1.

    Neighbours with negative similarity do not count.
    """
    images, k = graph.indices.shape
    values = np.maximum(graph.similarity, 0).reshape(-1)
    directed = csr_array((values, graph.indices.reshape(-1), np.arange(images + 1) * k), shape=(images, images))
    joined = csr_array(directed.maximum(directed.T) + eye_array(images, dtype=np.float32, format="csr"))
    sums = np.add.reduceat(joined.data, joined.indptr[:-1])
    joined.data /= np.repeat(sums, np.diff(joined.indptr))
    return joined


def input_blocks(features: np.ndarray, graph: Neighbours, device: torch.device | str) -> Iterator[torch.Tensor]:
    """Inputs [x ; A x] of consecutive images, float32 [n, 2 D] on the device.

    Args:
        features: float32 [N, D].
        graph: their k nearest neighbours.
        device: where to compute.
    """
    joined, x = affinity(graph), torch.from_numpy(features).to(device)
    columns, weights = (torch.from_numpy(values).to(device) for values in (joined.indices, joined.data))
    for start in range(0, len(x), BLOCK):
        starts = torch.from_numpy(joined.indptr[start : start + BLOCK + 1].astype(np.int64))
        entries = slice(starts[0], starts[-1])
        lists = (starts[:-1] - starts[0]).to(device)
        means = weighted_sums(x, columns[entries].long(), lists, weights[entries])
        yield torch.cat([x[start : start + BLOCK], means], dim=1)
