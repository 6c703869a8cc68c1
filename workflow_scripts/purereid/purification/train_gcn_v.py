"""Train the network that predicts how confident images are (rule ``train_gcn_v``), on real images of known persons."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from purereid.data.atomic import write_text
from purereid.data.files import Files
from purereid.logs import log
from purereid.purification.connect import best_tau, best_threshold, nearest_higher, similar_components
from purereid.purification.fold import fold_images, identities_of
from purereid.purification.gcn_v import GCNV, input_blocks
from purereid.purification.graph_trainer import GraphTrainer, gradient_descent, save_graph_network
from purereid.purification.training_data import GraphImages, training_data
from purereid.purification.vertex_confidence import margins, vertex_confidence
from purereid.training.distributed import first_device
from purereid.training.loop import train
from purereid.training.making import making
from purereid.training.seeds import step_seed


def train_gcn_v(
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

    Some identities are held out: they are in no graph that it is trained on, and have a graph of their own, on which
    confidences and clusters are scored. The threshold tau of links goes into the network's file. It is the best one
    for the clusters of the held-out identities, so that their scores are a little too good, as are those of plain
    components, whose threshold is chosen in the same way. Among more images there are more that look alike, and a
    higher tau may be better. Published for features of faces: 0.65 to 0.8.

    ``seen`` tells how many of the held-out identities the encoder learnt from, see ``fold.fold_images``: above 0, their
    scores, and tau, say little of people whom it has not seen. The curves hold scores after the first step of all and
    after the last of each epoch.

    Args:
        features: features of length 1 of training images; those of generated ones are left out.
        index: tells who they show.
        networks: safetensors file that is written; it names the identities.
        curves: CSV file that is written.
        scores: JSON that is written: numbers of images, identities and steps, tau, and of the held-out identities (null
            without any; tau is then that of the training identities) mean squared error and correlation of the
            confidence, the error of always predicting the mean of the training, and how well clusters and identities
            agree (``cluster_scores``), beside connected components of neighbours by cosine.
        settings: the section ``train_gcn_v`` of the config.
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
            sizes = {"k": settings["k"]}
            learnt = identities_of(encoder)
            chosen = {"share": settings["held_out"], "seed": settings["seed"], "section": "train_gcn_v"}
            held_out = partial(fold_images, learnt=learnt, **chosen)
            data, test, about = training_data(
                features, index, held_out, learnt=learnt, sizes=sizes, section="train_gcn_v", device=device
            )
            trainer = GCNVTrainer(data, test, settings, device)
            train(trainer, seed=settings["seed"], stamp=stamp, curves=Path(curves), log_every=settings["log_every"])
            tau, found = scores_of(trainer)
            about = sizes | {"tau": tau, "steps": trainer.steps} | about
            write_text(scores, json.dumps(about | found, indent=1) + "\n")
            save_graph_network(networks, trainer, about)


class GCNVTrainer(GraphTrainer):
    """The training as the loop sees it; each step sees all images."""

    role = "gcn_v"

    def __init__(self, data: GraphImages, test: GraphImages | None, settings: dict, device: torch.device):
        torch.manual_seed(step_seed(settings["seed"], 0))
        network = GCNV(features=data.features.shape[1], width=settings["width"]).to(device)
        optimiser = gradient_descent(network, settings)
        super().__init__(network, optimiser, settings, len(data.pids), len(data.pids))
        self.data, self.test = data, test
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

    def predict(self, data: GraphImages) -> np.ndarray:
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
        "held_out": found | {"mse_of_mean": float(of_mean)} | clusters.as_dict(),
        "cosine": {"threshold": threshold} | plain.as_dict(),
    }


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Pearson's, -1..1, of [N] and [N]; 0 where either is constant."""
    first, second = (values - values.mean(dtype=np.float64) for values in (first, second))
    lengths = np.linalg.norm(first) * np.linalg.norm(second)
    return float(first @ second / lengths) if lengths else 0.0
