"""Link prediction for all images of a graph."""

import numpy as np
import torch

from purereid.purification.feature_checks import check_features
from purereid.purification.gcn import GCN
from purereid.purification.link_scores import Links
from purereid.purification.subgraphs import SubgraphBuilder

ROWS = {"cpu": 4500, "cuda": 262_144}  # padded rows of a batch; more no longer fit into the caches of a CPU


def predict_links(
    network: GCN,
    features: np.ndarray,
    neighbours: np.ndarray,
    *,
    k1: int,
    k2: int,
    u: int,
    batch: int = 0,
    device: torch.device | str = "cpu",
) -> Links:
    """Predict for each image whether its nearest neighbours show the same person.

    Args:
        network: its statistics and weights are used as they are; it is moved to the device.
        features: float32 [N, D] of length 1.
        neighbours: int [N, k] nearest neighbours of each image without itself, nearest first.
        k1, k2, u: sizes of the subgraphs, see ``subgraphs.SubgraphBuilder``.
        batch: pivots at once; 0: as many as suit the device. It decides time and memory, not the result.
        device: where to compute.

    Returns:
        the k1 nearest neighbours of each image, and the probability that both show one person.

    Raises:
        UserError: features not finite, not of length 1 or of another width than the network's; k1, k2 or u out of
            range.
        ValueError: not as many features as lists of neighbours.
    """
    predictor = LinkPredictor(network, features, neighbours, k1=k1, k2=k2, u=u, batch=batch, device=device)
    probability = predictor(np.arange(len(features)))
    return Links(np.ascontiguousarray(neighbours[:, :k1], np.int32), probability)


class LinkPredictor:
    """Prediction for chosen pivots; what all share is computed once. Arguments and errors of ``predict_links``."""

    def __init__(
        self,
        network: GCN,
        features: np.ndarray,
        neighbours: np.ndarray,
        *,
        k1: int,
        k2: int,
        u: int,
        batch: int = 0,
        device: torch.device | str = "cpu",
    ):
        check_features(features, network.configuration["features"], len(neighbours))
        device = torch.device(device)
        self.subgraphs = SubgraphBuilder(neighbours, k1=k1, k2=k2, u=u, device=device)
        self.batch = batch or max(1, ROWS[device.type] // (k1 * (k2 + 1) + 1))
        self.k1, self.network = k1, network.to(device)
        with torch.inference_mode():
            self.first = self.network.first(torch.from_numpy(features).to(device))

    def __call__(self, pivots: np.ndarray) -> np.ndarray:
        """Probabilities float32 [B, k1] of the links of the pivots, int [B]."""
        return self.logits(pivots).softmax(dim=2)[:, :, 1].numpy()

    @torch.inference_mode()
    def logits(self, pivots: np.ndarray) -> torch.Tensor:
        """Logits float32 [B, k1, 2] of the links of the pivots, on the CPU."""
        found = torch.empty(len(pivots), self.k1, 2)
        for start in range(0, len(pivots), self.batch):
            part = torch.as_tensor(pivots[start : start + self.batch], dtype=torch.int64)
            logits = self.network.logits(self.first, self.subgraphs(part))
            found[start : start + self.batch] = logits.view(len(part), self.k1, 2)
        return found
