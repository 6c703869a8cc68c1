"""Train the network that predicts links (rule ``train_gcn``), on real images of known persons."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from purereid.data.atomic import write_text
from purereid.data.files import Files
from purereid.logs import log
from purereid.networks.precision import autocast
from purereid.purification.fold import fold_images, identities_of
from purereid.purification.gcn import GCN
from purereid.purification.gcn_inference import predict_links
from purereid.purification.graph_trainer import GraphTrainer, save_graph_network
from purereid.purification.link_scores import (
    THRESHOLD,
    Curve,
    average_precision,
    link_scores,
    precision_recall,
    thinned,
)
from purereid.purification.subgraphs import SubgraphBuilder, Subgraphs
from purereid.purification.training_data import GraphImages, training_data
from purereid.training.distributed import first_device
from purereid.training.loop import train
from purereid.training.making import making
from purereid.training.optimisers import adam_with_faster_biases
from purereid.training.seeds import step_seed

SIZES = ("k1", "k2", "u")
SCORES = ("precision", "recall", "accuracy")


def train_gcn(
    *,
    features: Files,
    index: str | Path,
    networks: str | Path,
    curves: str | Path,
    scores: str | Path,
    settings: dict,
    stamp: str,
    encoder: str | Path | None = None,
    gpus: int = 0,
) -> None:
    """Train one network and write it.

    Some identities are held out, see ``fold.fold_images``: they are in no graph that it is trained on, and have a graph
    of their own, on which links are scored. The curves hold these scores after the first step of all and after the last
    of each epoch. ``seen`` tells how many of these identities the encoder learnt from: above 0, their scores say little
    of people whom it has not seen.

    Args:
        features: features of length 1 of training images; those of generated ones are left out.
        index: tells who they show.
        networks: safetensors file that is written; it names the identities, and holds the precision and recall of the
            held-out links, by which ``purify`` chooses a threshold (``link_precision``).
        curves: CSV file that is written.
        scores: JSON that is written: sizes, numbers of steps, images and identities, and of the held-out identities the
            scores of links (``link_scores.link_scores``) and their precision and recall, beside those of links by
            cosine.
        settings: the section ``train_gcn`` of the config.
        stamp: digest of all that decides the result, for the checkpoint.
        encoder: file of the encoder of the features, which names the identities that it learnt from; None: they are
            not known.
        gpus: 0 for the CPU.

    Raises:
        UserError: images that are not in the index or of the test set; too few images; no two neighbours of one person;
            no GPU where one is asked for.
    """
    with making([networks, curves, scores], stamp) as needed:
        if needed:
            device = first_device(gpus)
            sizes = {name: settings[name] for name in SIZES}
            learnt = identities_of(encoder)
            chosen = {"share": settings["held_out"], "seed": settings["seed"], "section": "train_gcn"}
            held_out = partial(fold_images, learnt=learnt, **chosen)
            data, test, about = training_data(
                features, index, held_out, learnt=learnt, sizes=sizes, section="train_gcn", device=device
            )
            trainer = GCNTrainer(data, test, settings, device)
            train(trainer, seed=settings["seed"], stamp=stamp, curves=Path(curves), log_every=settings["log_every"])
            found = {"held_out": None, "cosine": None} if test is None else scores_of(test, trainer.predict(test))
            about = sizes | {"steps": trainer.steps} | about
            write_text(scores, json.dumps(about | found, indent=1) + "\n")
            curve = found["held_out"] and found["held_out"]["curve"]
            save_graph_network(networks, trainer, about | {"curve": curve})


class GCNTrainer(GraphTrainer):
    """The training as the loop sees it; each image is a pivot once before any is one again."""

    role = "gcn"

    def __init__(self, data: GraphImages, test: GraphImages | None, settings: dict, device: torch.device):
        torch.manual_seed(step_seed(settings["seed"], 0))
        shape = {name: settings[name] for name in ("widths", "padded_statistics")}
        network = GCN(features=data.features.shape[1], **shape).to(device)
        optimiser = adam_with_faster_biases(network, settings["learning_rate"], settings["weight_decay"])
        super().__init__(network, optimiser, settings, len(data.pids), settings["batch"])
        self.data, self.test = data, test
        self.sizes = {name: settings[name] for name in SIZES}
        self.subgraphs = SubgraphBuilder(data.graph.indices, device=device, **self.sizes)
        self.features = torch.from_numpy(data.features).to(device)
        self.right = torch.from_numpy(data.right[:, : settings["k1"]]).to(device)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the curves; scores without ``held_out_`` are those of the training batches."""
        return ("loss", *SCORES, *(f"held_out_{name}" for name in SCORES if self.test), "learning_rate")

    def batch(self, step: int) -> tuple[torch.Tensor, Subgraphs]:
        """Pivots int64 [B] and their subgraphs."""
        pivots = self.drawn(np.arange(len(self.data.pids)), step)
        return pivots.to(self.device), self.subgraphs(pivots)

    def loss(self, batch: tuple[torch.Tensor, Subgraphs]) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Cross-entropy of links, and their scores."""
        pivots, graphs = batch
        with autocast(self.settings["precision"], self.device):
            logits = self.network(self.features, graphs)
        right = self.right[pivots].flatten()
        return functional.cross_entropy(logits, right.long()), batch_scores(logits, right)

    def scores_of_held_out(self) -> dict[str, float]:
        """Precision, recall and accuracy of links."""
        if not self.test:
            return {}
        scores = link_scores(self.test.right[:, : self.settings["k1"]], self.predict(self.test))
        return {f"held_out_{name}": scores[name] for name in SCORES}

    def predict(self, data: GraphImages) -> np.ndarray:
        """Probabilities float32 [N, k1] of the links of other images."""
        found = predict_links(self.network, data.features, data.graph.indices, device=self.device, **self.sizes)
        return found.probability


def batch_scores(logits: torch.Tensor, right: torch.Tensor) -> dict[str, torch.Tensor]:
    """Precision, recall and accuracy of links, float32 [] each; 0 where there is nothing to count."""
    made = logits.detach().argmax(dim=1) == 1
    hits = (made & right).sum()
    shares = hits / made.sum().clamp(min=1), hits / right.sum().clamp(min=1), (made == right).float().mean()
    return dict(zip(SCORES, shares, strict=True))


def scores_of(test: GraphImages, probability: np.ndarray) -> dict:
    """Scores and curves of the predicted links, and of the same links by cosine, for comparison."""
    right, cosine = (values[:, : probability.shape[1]] for values in (test.right, test.graph.similarity))
    by_cosine = precision_recall(right, cosine)
    found = link_scores(right, probability)
    log.info(
        "held-out links: %d, %.1f %% right; precision %.3f, recall %.3f, accuracy %.3f, average precision %.3f "
        "(by cosine %.3f), largest probability %.3f",
        found["links"],
        100 * found["positives"],
        *(found[name] for name in (*SCORES, "average_precision")),
        average_precision(by_cosine),
        found["largest"],
    )
    if found["largest"] <= THRESHOLD:
        log.warning("NO LINK: no probability is above one half; the network has not learnt, or from too few images")
    return {
        "held_out": found | {"curve": as_lists(precision_recall(right, probability))},
        "cosine": {"average_precision": average_precision(by_cosine), "curve": as_lists(by_cosine)},
    }


def as_lists(curve: Curve) -> dict[str, list[float]]:
    """A curve for JSON."""
    return {name: values.tolist() for name, values in thinned(curve)._asdict().items()}
