"""Seconds of label propagation: ``PYTHONPATH=workflow_scripts python -m purereid.graph.bench_propagation 36000 80``.

A random graph: people of 24 images, whose neighbours are first each other, then anybody; links inside a person are
mostly probable, others mostly not.
"""

import argparse
import os
import time

import numpy as np

from purereid.graph.cluster_scores import cluster_scores
from purereid.graph.propagation import propagate_links

IMAGES = 24  # of a person


def main() -> None:
    """Print seconds and the agreement of clusters and people, for the size given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("nodes", "k"):
        parser.add_argument(name, type=int)
    size = parser.parse_args()
    indices, probability = random_links(size.nodes, size.k, np.random.default_rng(0))
    print(f"{size.nodes} nodes, k = {size.k}, load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for _ in range(3):
        started, worked = time.perf_counter(), time.process_time()
        clusters = propagate_links(indices, probability)
        seconds, cpu = time.perf_counter() - started, time.process_time() - worked
        print(f"{indices.size / 1e6:.2f} M links to {clusters.max() + 1} clusters: {seconds:.2f} s (CPU {cpu:.2f} s)")
    print(f"B-cubed F of the clusters: {cluster_scores(np.arange(size.nodes) // IMAGES, clusters).bcubed.f:.3f}")


def random_links(nodes: int, k: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Neighbours int32 [nodes, k] and probabilities float32 [nodes, k]; a node may have a far neighbour twice."""
    place = np.arange(nodes)[:, None]
    near = place // IMAGES * IMAGES + (place + np.arange(1, IMAGES)) % IMAGES
    far = (place + generator.integers(IMAGES, nodes - IMAGES, (nodes, max(0, k - IMAGES + 1)))) % nodes
    indices = np.concatenate([near, far], axis=1)[:, :k].clip(max=nodes - 1)
    indices = np.where(indices == place, place - 1, indices).astype(np.int32)  # the last person may have fewer images
    same = indices // IMAGES == place // IMAGES
    probability = np.where(same, generator.beta(8, 1, same.shape), generator.beta(1, 8, same.shape))
    return indices, probability.astype(np.float32)


if __name__ == "__main__":
    main()
