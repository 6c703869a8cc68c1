"""Label propagation over predicted links; the floor is the connected components of all links, by SciPy.

These are the first of the several rounds of components that it takes, over links that are sorted already.

A random graph: people of 24 images, whose neighbours are first each other, then anybody; links inside a person are
mostly probable, others mostly not.
"""

from collections.abc import Iterator

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from bench.comparison import Row, compare, doing
from purereid.purification.propagation import propagate_links

NAMES = ("images", "k")
TINY = (60, 30)
SMALL = FULL = [(36_000, 80)]
IMAGES = 24  # of a person


def comparisons(images: int, k: int) -> Iterator[list[Row]]:
    """Clusters of all images."""
    indices, probability = random_links(images, k, np.random.default_rng(0))
    links = csr_array((np.ones(indices.size), indices.ravel(), np.arange(0, indices.size + 1, k)), (images, images))
    ways = {
        "connected components once": lambda: connected_components(links, directed=False),
        "purereid": lambda: propagate_links(indices, probability),
    }
    yield compare("propagation", f"{images} images, k = {k}", "images", doing(images, ways))


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
