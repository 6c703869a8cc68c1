"""Real images of known persons for the training of networks of graphs: which, which of them held out, their graph."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from purereid.data.features import read_encoder, read_features
from purereid.data.files import Files, listed
from purereid.data.index import read_index
from purereid.data.neighbours import Neighbours
from purereid.errors import UserError
from purereid.logs import log
from purereid.purification.fold import seen
from purereid.purification.link_scores import same_person
from purereid.retrieval.neighbours import nearest_neighbours

TEST = ("query", "gallery", "multi")


class GraphImages(NamedTuple):
    """Images with their graph, and which neighbours show the same person."""

    features: np.ndarray  # float32 [N, D]
    pids: np.ndarray  # int64 [N]
    graph: Neighbours
    right: np.ndarray  # bool [N, k]


def training_data(
    features: Files,
    index: str | Path,
    held_out: Callable[[np.ndarray], np.ndarray],
    *,
    learnt: list[int] | None,
    sizes: dict[str, int],
    section: str,
    device: torch.device,
) -> tuple[GraphImages, GraphImages | None, dict]:
    """Read the real images of feature files, and build the graph of those to learn from and that of the others.

    Args:
        features: features of length 1 of training images; those of generated ones are left out.
        index: tells who they show.
        held_out: tells from the identities int64 [N] which images are held out, bool [N].
        learnt: identities that the encoder of the features learnt from; None: it is not known.
        sizes, section, device: as for ``images_with_graph``.

    Returns:
        the images to learn from; those held out, None without any; what a network's file tells of them.

    Raises:
        UserError: as for ``real_images``, ``held_out`` and ``images_with_graph``.
    """
    values, pids = real_images(features, index)
    out = held_out(pids)
    prepare = partial(images_with_graph, sizes=sizes, section=section, device=device)
    data = prepare(values[~out], pids[~out], what="training")
    test = prepare(values[out], pids[out], what="held-out") if out.any() else None
    return data, test, description(features, pids, out) | {"seen": seen(pids[out], learnt)}


def real_images(features: Files, index: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Features float32 [N, D] and identities int64 [N] of the real persons of feature files.

    Raises:
        UserError: images that are not in the index or of the test set.
    """
    images, values = read_features(features)
    rows = read_index(index).set_index("image").reindex(images)
    unknown, test = rows["split"].isna().to_numpy(), rows["split"].isin(TEST).to_numpy()
    for bad, what in ((unknown, "not in the index"), (test, "of the test set")):
        if bad.any():
            raise UserError(
                f"{np.count_nonzero(bad)} of {len(images)} images are {what}, such as {images[int(np.argmax(bad))]}",
                where=listed(features),
                expected="features of training images alone",
                do="delete the features, so that they are made again; name no test split in generate.train.splits",
            )
    pids = rows["pid"].to_numpy(np.int64)
    real = (rows["kind"] != "generated").to_numpy() & (pids >= 0)
    return values[real], pids[real]


def images_with_graph(
    features: np.ndarray, pids: np.ndarray, sizes: dict[str, int], *, what: str, section: str, device: torch.device
) -> GraphImages:
    """Build the graph of images.

    Args:
        features: float32 [N, D] of length 1.
        pids: int64 [N].
        sizes: numbers of neighbours by their names in the config; the graph has as many as the largest.
        what: which images these are, for messages.
        section: of the config that says the sizes, for messages.
        device: where to compute.

    Raises:
        UserError: no more images than neighbours, or no two neighbours of one person.
    """
    k, people = max(sizes.values()), len(np.unique(pids))
    if len(features) <= k:
        raise UserError(
            f"{len(features)} images of {people} {what} identities, but each shall have {k} neighbours",
            where=section,
            expected=f"more than {k} images",
            do=f"lower {', '.join(sizes)} of {section}, change held_out, or take more identities",
        )
    graph = nearest_neighbours(features, k, device=device)
    right = same_person(graph.indices, pids)
    if not right.any():
        raise UserError(
            f"no two neighbouring images of the {people} {what} identities show one person",
            where=section,
            expected="identities with several images each, and features that tell who they show",
        )
    log.info("%d images of %d %s identities, %.1f %% of neighbours right", len(pids), people, what, 100 * right.mean())
    return GraphImages(features, pids, graph, right)


def description(features: Files, pids: np.ndarray, held_out: np.ndarray) -> dict:
    """What a network was trained on, for its file.

    Args:
        features: files of the features, which name their encoder.
        pids: int64 [N], identities of the real images.
        held_out: bool [N].
    """
    training, others = pids[~held_out], pids[held_out]
    return {
        "images": len(training),
        "identities": np.unique(training).tolist(),
        "held_out_images": len(others),
        "held_out_identities": np.unique(others).tolist(),
        "encoder": read_encoder(features),
    }
