"""How well clusters and identities agree: B-cubed, pairs, normalised mutual information."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Agreement:
    """``precision``: of what is together in clusters, the share that belongs together; ``recall``: the reverse."""

    precision: float
    recall: float

    @property
    def f(self) -> float:
        """Harmonic mean of both, 0..1; 0 where both are 0."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True)
class ClusterScores:
    """``bcubed`` and ``pairwise`` agreement, ``nmi`` 0..1, all 1 where clusters are the identities."""

    bcubed: Agreement
    pairwise: Agreement
    nmi: float

    def as_dict(self) -> dict[str, float]:
        """For JSON: ``bcubed_precision``, ``bcubed_recall``, ``bcubed_f``, the same of ``pairwise``, and ``nmi``."""
        agreements = {"bcubed": self.bcubed, "pairwise": self.pairwise}
        parts = ("precision", "recall", "f")
        found = {f"{name}_{part}": getattr(one, part) for name, one in agreements.items() for part in parts}
        return found | {"nmi": self.nmi}


def cluster_scores(pids: np.ndarray, clusters: np.ndarray) -> ClusterScores:
    """Compare clusters with identities.

    B-cubed (Bagga and Baldwin, Entity-based cross-document coreferencing using the vector space model, COLING 1998):
    for each image, the share of its cluster (precision) or of its identity (recall), itself included, that is in both;
    mean over the images. Pairwise: the same of all pairs of different images; where there are no pairs, none is wrong
    or missing, and the value is 1. NMI: mutual information over the mean of both entropies; 1 where both are 0.

    Args:
        pids, clusters: int [N], N at least 1.

    Raises:
        ValueError: arrays of different lengths, or without images.
    """
    if pids.shape != clusters.shape or pids.ndim != 1 or not len(pids):
        raise ValueError(f"identities of shape {pids.shape}, clusters of shape {clusters.shape}")
    people, owner, people_sizes = np.unique(pids, return_inverse=True, return_counts=True)
    _, cluster, cluster_sizes = np.unique(clusters, return_inverse=True, return_counts=True)
    cells, common = np.unique(cluster * len(people) + owner, return_counts=True)  # what both share, where they do
    of_cluster, of_person = np.divmod(cells, len(people))
    inside, around = cluster_sizes[of_cluster], people_sizes[of_person]
    number = len(pids)
    return ClusterScores(
        Agreement(float((common**2 / inside).sum() / number), float((common**2 / around).sum() / number)),
        Agreement(_share(_pairs(common), _pairs(cluster_sizes)), _share(_pairs(common), _pairs(people_sizes))),
        _nmi(common / number, inside / number, around / number, cluster_sizes / number, people_sizes / number),
    )


def has_company(clusters: np.ndarray) -> np.ndarray:
    """Images whose cluster has others too, bool [N]: for scores without the clusters of one image."""
    _, cluster, sizes = np.unique(clusters, return_inverse=True, return_counts=True)
    return sizes[cluster] > 1


def _pairs(sizes: np.ndarray) -> int:
    return int((sizes * (sizes - 1) // 2).sum())


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def _nmi(common: np.ndarray, inside: np.ndarray, around: np.ndarray, clusters: np.ndarray, people: np.ndarray) -> float:
    """All arguments are shares of the images: of the cells, their clusters, their people; all clusters, all people."""
    information = (common * np.log(common / (inside * around))).sum()
    entropies = -(clusters * np.log(clusters)).sum() - (people * np.log(people)).sum()
    return float(np.clip(2 * information / entropies, 0, 1)) if entropies > 0 else 1.0
