"""Train the network that chooses links of confident images (rule ``train_gcn_e``), on real images of known persons."""

import json
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from purereid.data.atomic import write_text
from purereid.data.files import Files
from purereid.data.neighbours import Neighbours
from purereid.errors import UserError
from purereid.logs import log
from purereid.networks.network_file import load_network, read_about
from purereid.purification.choose_parents import choose_parents, confident_images
from purereid.purification.connect import Parents, best_tau, nearest_higher, ranks
from purereid.purification.fold import identities_of
from purereid.purification.gcn_e import GCNE, CandidateGraphBuilder, CandidateGraphs, candidate_loss
from purereid.purification.gcn_v import GCNV
from purereid.purification.graph_trainer import GraphTrainer, gradient_descent, save_graph_network
from purereid.purification.training_data import GraphImages, training_data
from purereid.purification.vertex_confidence import nearest, vertex_confidence
from purereid.training.distributed import first_device
from purereid.training.loop import train
from purereid.training.making import making
from purereid.training.seeds import step_seed


def train_gcn_e(
    *,
    features: Files,
    index: str | Path,
    gcn_v: str | Path,
    networks: str | Path,
    curves: str | Path,
    scores: str | Path,
    settings: dict,
    stamp: str,
    encoder: str | Path | None = None,
    gpus: int = 0,
) -> None:
    """Train one network and write it.

    The identities held out are those held out from GCN-V; ``seen`` as there.

    Args:
        features: features of length 1 of training images, those that GCN-V was trained with.
        index: tells who they show.
        gcn_v: file of the GCN-V that tells confidences.
        networks: safetensors file that is written; it names the identities.
        curves: CSV file that is written.
        scores: JSON that is written: numbers of steps, images and identities, tau, chosen as by ``train_gcn_v``, and of
            the held-out identities (null without any) the share of links that are right, of those images that choose,
            and how well clusters and identities agree; beside that of the links of GCN-V.
        settings: the section ``train_gcn_e`` of the config.
        stamp: digest of all that decides the result, for the checkpoint.
        encoder: as for ``train_gcn_v``.
        gpus: 0 for the CPU.

    Raises:
        UserError: as for ``train_gcn_v``; a GCN-V of other identities or features; no image with several candidates.
    """
    with making([networks, curves, scores], stamp) as needed:
        if needed:
            device = first_device(gpus)
            vertex_network, known = load_network(gcn_v, "gcn_v"), read_about(gcn_v)
            held_out = partial(held_out_from_gcn_v, known=known, gcn_v=gcn_v)
            k = known["k"], settings["k"]
            options = {"sizes": {"k": max(k)}, "section": "train_gcn_e", "device": device}
            images, others, about = training_data(features, index, held_out, learnt=identities_of(encoder), **options)
            prepare = partial(edge_data, network=vertex_network, k=k, device=device)
            data = prepare(images, what="training", share=settings["train_share"])
            test = prepare(others, what="held-out", share=settings["share"]) if others else None
            trainer = GCNETrainer(data, test, settings, device)
            train(trainer, seed=settings["seed"], stamp=stamp, curves=Path(curves), log_every=settings["log_every"])
            tau, found = scores_of(trainer)
            about = {"k": settings["k"], "share": settings["share"], "tau": tau, "steps": trainer.steps} | about
            write_text(scores, json.dumps(about | found, indent=1) + "\n")
            save_graph_network(networks, trainer, about)


class EdgeData(NamedTuple):
    """Images with their graph and confidences, and those that choose among candidates."""

    features: np.ndarray  # float32 [N, D]
    pids: np.ndarray  # int64 [N]
    graph: Neighbours
    confidence: np.ndarray  # float32 [N]
    choosing: np.ndarray  # int64 [n]


def edge_data(
    images: GraphImages, *, network: GCNV, k: tuple[int, int], what: str, share: float, device: torch.device
) -> EdgeData:
    """Confidences of images of ``what`` identities; so many neighbours count for GCN-V and for GCN-E."""
    confidence = vertex_confidence(network, images.features, images.graph, k=k[0], device=device)
    graph = nearest(images.graph, k[1])
    choosing = confident_images(graph, ranks(confidence), share)
    if not len(choosing):
        raise UserError(
            f"of the most confident {share:.0%} of {len(images.pids)} {what} images none has two candidates",
            where="train_gcn_e",
            expected="images with several neighbours of higher confidence",
            do="raise k, train_share or share",
        )
    return EdgeData(images.features, images.pids, graph, confidence, choosing)


class GCNETrainer(GraphTrainer):
    """The training as the loop sees it; each image that chooses is seen once before any is seen again."""

    role = "gcn_e"

    def __init__(self, data: EdgeData, test: EdgeData | None, settings: dict, device: torch.device):
        torch.manual_seed(step_seed(settings["seed"], 0))
        network = GCNE(features=data.features.shape[1], widths=settings["widths"]).to(device)
        optimiser = gradient_descent(network, settings)
        super().__init__(network, optimiser, settings, len(data.choosing), settings["batch"])
        self.data, self.test = data, test
        self.build = CandidateGraphBuilder(data.graph, torch.from_numpy(ranks(data.confidence)), device)
        self.features, self.pids = (torch.from_numpy(part).to(device) for part in (data.features, data.pids))

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the curves; ``accuracy`` is that of the candidates in training batches."""
        return ("loss", "accuracy", *(["held_out_right"] if self.test else []), "learning_rate")

    def batch(self, step: int) -> CandidateGraphs:
        """Candidates of some images."""
        return self.build(self.drawn(self.data.choosing, step))

    def loss(self, batch: CandidateGraphs) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Cross-entropy, and share of the candidates that are judged rightly."""
        logits = self.network(self.features, batch)
        right = self.pids[batch.candidates] == self.pids[batch.images][:, None]
        hits = (logits.detach().argmax(dim=2) == 1) == right
        return candidate_loss(logits, right, batch.real), {"accuracy": hits[batch.real].float().mean()}

    def scores_of_held_out(self) -> dict[str, float]:
        """Share of right links, of those that held-out images choose."""
        return {"held_out_right": right_share(self.parents(self.test), self.test)} if self.test else {}

    def parents(self, data: EdgeData) -> Parents:
        """Links of images."""
        sizes = {name: self.settings[name] for name in ("k", "share")}
        return choose_parents(self.network, data.features, data.graph, data.confidence, **sizes, device=self.device)


def scores_of(trainer: GCNETrainer) -> tuple[float, dict]:
    """The best tau for the clusters of the held-out identities, or those of the training without any, and scores."""
    data = trainer.test or trainer.data
    chosen, nearest_ones = trainer.parents(data), nearest_higher(data.confidence, data.graph)
    tau, clusters = best_tau(chosen, data.pids)
    if not trainer.test:
        return tau, {"held_out": None, "gcn_v": None}
    plain_tau, plain = best_tau(nearest_ones, data.pids)
    found = {
        "held_out": {"right": right_share(chosen, data)} | clusters.as_dict(),
        "gcn_v": {"tau": plain_tau, "right": right_share(nearest_ones, data)} | plain.as_dict(),
    }
    log.info(
        "held-out identities: %.3f of the chosen links right (of GCN-V's %.3f); clusters with tau %.3f: "
        "B-cubed F %.3f, pairwise F %.3f (GCN-V %.3f, %.3f)",
        *(found["held_out"]["right"], found["gcn_v"]["right"], tau, clusters.bcubed.f, clusters.pairwise.f),
        *(plain.bcubed.f, plain.pairwise.f),
    )
    return tau, found


def right_share(parents: Parents, data: EdgeData) -> float:
    """Share of the images that choose whose parent shows the same person."""
    return float((data.pids[parents.indices[data.choosing]] == data.pids[data.choosing]).mean())


def held_out_from_gcn_v(pids: np.ndarray, *, known: dict, gcn_v: str | Path) -> np.ndarray:
    """Images bool [N] of the identities, of those int64 [N], that were held out from a GCN-V.

    Raises:
        UserError: images of identities other than those of the GCN-V.
    """
    others = np.setxor1d(pids, known["identities"] + known["held_out_identities"])
    if len(others):
        raise UserError(
            f"{len(others)} identities are known to either the images or GCN-V alone, such as {others[0]}",
            where=gcn_v,
            expected="a GCN-V trained with the same images",
            do="train GCN-V again",
        )
    return np.isin(pids, known["held_out_identities"])
