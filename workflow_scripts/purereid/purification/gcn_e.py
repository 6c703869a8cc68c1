"""GCN-E: which neighbour of higher confidence shows the same person (Yang et al., CVPR 2020, section 3.3).

The candidates of an image are its neighbours of higher confidence. They enter as the differences of their features and
the image's, joined as in the affinity of GCN-V, and pass graph convolutions ReLU([x ; A x] W + b) and a classifier.
Images of a batch stand side by side in dense arrays, filled up to the largest number of candidates: candidates of one
image are mostly neighbours of each other, and those of the confident images are few.
"""

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from purereid.data.neighbours import Neighbours
from purereid.purification.gcn import classifier
from purereid.purification.gcn_v import graph_convolution


class CandidateGraphs(NamedTuple):
    """The candidates of B images; m is the largest number of them."""

    images: torch.Tensor  # int64 [B]
    candidates: torch.Tensor  # int64 [B, m], nearest first; filled up with any
    real: torch.Tensor  # bool [B, m], false where filled up
    adjacency: torch.Tensor  # float32 [B, m, m], rows sum to 1; the filled-up ones are joined to themselves alone


class CandidateGraphBuilder:
    """Makes the graphs of candidates.

    Args:
        graph: k nearest neighbours of N images.
        rank: int64 [N], 0 for the highest confidence (``connect.ranks``).
        device: where the graphs are made.
    """

    def __init__(self, graph: Neighbours, rank: torch.Tensor, device: torch.device):
        self.indices = torch.from_numpy(graph.indices).to(device)
        self.similarity = torch.from_numpy(graph.similarity).to(device).clamp(min=0)
        self.rank, self.device = rank.to(device), device

    def __call__(self, images: torch.Tensor) -> CandidateGraphs:
        """Graphs of the images int64 [B]; each shall have a candidate."""
        images = images.to(self.device)
        lists = self.indices[images].long()
        higher = self.rank[lists] < self.rank[images, None]
        number = higher.sum(dim=1)
        chosen = torch.argsort(~higher, dim=1, stable=True)[:, : number.max()]
        real = torch.arange(chosen.shape[1], device=self.device) < number[:, None]
        candidates = lists.gather(1, chosen)
        return CandidateGraphs(images, candidates, real, self._adjacency(candidates, real))

    def _adjacency(self, candidates: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        """Similarities of candidates where one is a neighbour of the other, 1 on the diagonal; rows normalised."""
        (batch, size), count = candidates.shape, len(self.rank)
        places = torch.arange(size, device=self.device, dtype=torch.int32).expand(batch, size)
        table = torch.full((batch, count + 1), size, dtype=torch.int32, device=self.device)
        table.scatter_(1, candidates.masked_fill(~real, count), places)
        columns = table.gather(1, self.indices[candidates].long().flatten(1)).view(batch, size, -1)
        joined = torch.zeros(batch, size, size + 1, device=self.device)  # the last column takes those outside
        joined.scatter_(2, columns.long(), self.similarity[candidates] * real[..., None])
        joined = joined[..., :size]
        joined = torch.maximum(joined, joined.mT) + torch.eye(size, device=self.device)
        return joined / joined.sum(dim=2, keepdim=True)


class GCNE(nn.Module):
    """The network.

    Args:
        features: length D of a feature.
        widths: outputs of the graph convolutions (published: 512, 512, 256, 256).
    """

    def __init__(self, *, features: int, widths: list[int]):
        super().__init__()
        self.configuration = {"features": features, "widths": list(widths)}
        self.convolutions = nn.ModuleList(map(graph_convolution, [features, *widths[:-1]], widths))
        self.classifier = classifier(widths[-1], 2)

    def forward(self, features: torch.Tensor, graphs: CandidateGraphs) -> torch.Tensor:
        """Logits float32 [B, m, 2] that image and candidate show two persons, or one.

        Args:
            features: float32 [N, D] of all images, of length 1.
            graphs: candidates of B images.
        """
        x = features[graphs.candidates] - features[graphs.images][:, None]
        for convolution in self.convolutions:
            x = torch.relu(convolution(torch.cat([x, graphs.adjacency @ x], dim=2)))
        return self.classifier(x.flatten(0, 1)).unflatten(0, x.shape[:2])


def candidate_loss(logits: torch.Tensor, right: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of the candidates, mean over each image's and over the images, float32 [].

    Args:
        logits: float32 [B, m, 2].
        right: bool [B, m], whether image and candidate show one person.
        real: bool [B, m], candidates that count.
    """
    losses = functional.cross_entropy(logits.flatten(0, 1), right.flatten().long(), reduction="none")
    return ((losses.view_as(real) * real).sum(dim=1) / real.sum(dim=1)).mean()
