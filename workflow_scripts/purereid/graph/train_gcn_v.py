"""Train the network that predicts how confident images are (rule ``train_gcn_v``), on real images of known persons."""

import json
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional

from purereid.data.atomic import whole_file
from purereid.data.features import read_encoder
from purereid.errors import UserError
from purereid.graph.cluster_scores import ClusterScores
from purereid.graph.connect import Parents, best_threshold, components, nearest_higher, similar_components
from purereid.graph.gcn_v import GCNV, input_blocks
from purereid.graph.link_scores import same_person
from purereid.graph.neighbours import Neighbours, nearest_neighbours
from purereid.graph.network_file import save_network
from purereid.graph.sgd_trainer import SGDTrainer
from purereid.graph.train_gcn import held_out_images, training_images
from purereid.graph.vertex_confidence import margins, vertex_confidence
from purereid.logs import log
from purereid.training.distributed import first_device
from purereid.training.lock import locked
from purereid.training.loop import finish, train
from purereid.training.seeds import step_seed


def train_gcn_v(
    *,
    features: str | Path,
    index: str | Path,
    gcn_v: str | Path,
    curves: str | Path,
    scores: str | Path,
    settings: dict,
    stamp: str,
    gpus: int = 0,
) -> None:
    """Train one network and write it.

    Some identities are held out: they are in no graph that it is trained on, and have a graph of their own, on which
    confidences and clusters are scored. The threshold tau of links goes into the network's file. It is the best one
    for the clusters of the held-out identities, so that their scores are a little too good, as are those of plain
    components, whose threshold is chosen in the same way. Among more images there are more that look alike, and a
    higher tau may be better. Published for features of faces: 0.65 to 0.8.

    Args:
        features: features of length 1 of training images; those of generated ones are left out.
        index: tells who they show.
        gcn_v: safetensors file that is written; it names the identities.
        curves: CSV file that is written.
        scores: JSON that is written: numbers of images and identities, tau, and of the held-out identities (null
            without any; tau is then that of the training identities) mean squared error and correlation of the
            confidence, the error of always predicting the mean of the training, and how well clusters and identities
            agree (``cluster_scores``), beside connected components of neighbours by cosine.
        settings: the section ``train_gcn_v`` of the config.
        stamp: digest of all that decides the result, for the checkpoint.
        gpus: 0 for the CPU.

    Raises:
        UserError: images that are not in the index or of the test set; too few images; no two neighbours of one person;
            no GPU where one is asked for; another job at work on the same network.
    """
    with locked(Path(curves).parent):
        device = first_device(gpus)
        values, pids = training_images(features, index)
        held_out = held_out_images(pids, settings["held_out"], np.random.default_rng([settings["seed"], 1]))
        data = vertex_data(values[~held_out], pids[~held_out], settings["k"], "training", device)
        test = (
            vertex_data(values[held_out], pids[held_out], settings["k"], "held-out", device) if held_out.any() else None
        )
        trainer = GCNVTrainer(data, test, settings, device)
        train(trainer, seed=settings["seed"], stamp=stamp, curves=Path(curves), log_every=settings["log_every"])
        tau, found = scores_of(trainer)
        about = {
            "k": settings["k"],
            "tau": tau,
            **description(pids[~held_out], pids[held_out]),
            "encoder": read_encoder(features),
        }
        with whole_file(Path(scores)) as temporary:
            temporary.write_text(json.dumps(about | found, indent=1) + "\n", encoding="utf-8")
        save_network(gcn_v, trainer.network, about)
        finish(curves)


class VertexData(NamedTuple):
    """Images with their graph."""

    features: np.ndarray  # float32 [N, D]
    pids: np.ndarray  # int64 [N]
    graph: Neighbours


def vertex_data(features: np.ndarray, pids: np.ndarray, k: int, what: str, device: torch.device) -> VertexData:
    """Build the graph of ``what`` identities, with k neighbours of each image."""
    people = len(np.unique(pids))
    if len(features) <= k:
        raise UserError(
            f"{len(features)} images of {people} {what} identities, but each shall have {k} neighbours",
            expected=f"more than {k} images",
            do="lower k, change held_out, or take more identities",
        )
    graph = nearest_neighbours(features, k, device=device)
    right = same_person(graph.indices, pids)
    if not right.any():
        raise UserError(
            f"no two neighbouring images of the {people} {what} identities show one person",
            expected="identities with several images each, and features that tell who they show",
        )
    log.info("%d images of %d %s identities, %.1f %% of neighbours right", len(pids), people, what, 100 * right.mean())
    return VertexData(features, pids, graph)


class GCNVTrainer(SGDTrainer):
    """The training as the loop sees it; each step sees all images."""

    def __init__(self, data: VertexData, test: VertexData | None, settings: dict, device: torch.device):
        torch.manual_seed(step_seed(settings["seed"], 0))
        network = GCNV(features=data.features.shape[1], width=settings["width"]).to(device)
        super().__init__(network, settings, settings["steps_per_epoch"], len(data.pids))
        self.data, self.test, self.device = data, test, device
        self.inputs = torch.cat(list(input_blocks(data.features, data.graph, device)))
        margin = margins(data.graph, data.pids)
        self.scale = np.abs(margin).max()
        self.target = torch.from_numpy(margin / self.scale).to(device)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the curves."""
        return ("loss", *(("held_out_mse", "held_out_correlation") if self.test else ()), "learning_rate")

    def batch(self, step: int) -> None:
        """Nothing: it is the same at each step."""

    def loss(self, batch: None) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Mean squared error of the confidence."""
        return functional.mse_loss(self.network(self.inputs), self.target), {}

    def scores_of_held_out(self) -> dict[str, float]:
        """Mean squared error, and correlation with the true confidence, 0 where either is constant."""
        if not self.test:
            return {}
        true, predicted = margins(self.test.graph, self.test.pids) / self.scale, self.predict(self.test)
        mse = np.square(predicted - true, dtype=np.float64).mean()
        return {"held_out_mse": float(mse), "held_out_correlation": correlation(true, predicted)}

    def predict(self, data: VertexData) -> np.ndarray:
        """Confidences float32 [N] of other images."""
        return vertex_confidence(self.network, data.features, data.graph, k=self.settings["k"], device=self.device)


def scores_of(trainer: GCNVTrainer) -> tuple[float, dict]:
    """The best tau for the clusters of the held-out identities, or those of the training without any, and scores."""
    data = trainer.test or trainer.data
    tau, clusters = best_tau(nearest_higher(trainer.predict(data), data.graph), data.pids)
    if not trainer.test:
        return tau, {"held_out": None, "cosine": None}
    threshold, plain = best_threshold(data.graph.similarity, partial(similar_components, data.graph), data.pids)
    true = margins(data.graph, data.pids) / trainer.scale
    of_mean = np.square(true - float(trainer.target.mean()), dtype=np.float64).mean()
    found = {name.removeprefix("held_out_"): value for name, value in trainer.scores_of_held_out().items()}
    log.info(
        "held-out confidence: mean squared error %.4f (of the mean %.4f), correlation %.3f; clusters with tau %.3f: "
        "B-cubed F %.3f, pairwise F %.3f (components by cosine %.3f, %.3f)",
        *(found["mse"], of_mean, found["correlation"], tau, clusters.bcubed.f, clusters.pairwise.f),
        *(plain.bcubed.f, plain.pairwise.f),
    )
    return tau, {
        "held_out": found | {"mse_of_mean": float(of_mean)} | as_dict(clusters),
        "cosine": {"threshold": threshold} | as_dict(plain),
    }


def best_tau(parents: Parents, pids: np.ndarray) -> tuple[float, ClusterScores]:
    """The tau that makes the best clusters of images with identities int64 [N], see ``connect.best_threshold``."""
    linked = parents.indices != np.arange(len(parents.indices))
    return best_threshold(parents.similarity[linked], partial(components, parents), pids)


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Pearson's, -1..1, of [N] and [N]; 0 where either is constant."""
    first, second = (values - values.mean(dtype=np.float64) for values in (first, second))
    lengths = np.linalg.norm(first) * np.linalg.norm(second)
    return float(first @ second / lengths) if lengths else 0.0


def as_dict(scores: ClusterScores) -> dict[str, float]:
    """Scores of clusters for JSON."""
    agreements = {"bcubed": scores.bcubed, "pairwise": scores.pairwise}
    parts = ("precision", "recall", "f")
    found = {f"{name}_{part}": getattr(one, part) for name, one in agreements.items() for part in parts}
    return found | {"nmi": scores.nmi}


def description(pids: np.ndarray, held_out: np.ndarray) -> dict:
    """What a network was trained on, for its file: identities int64 [n] of the images, and of the held-out ones."""
    return {
        "images": len(pids),
        "identities": np.unique(pids).tolist(),
        "held_out_images": len(held_out),
        "held_out_identities": np.unique(held_out).tolist(),
    }
