"""Train the network that predicts links (rule ``train_gcn``), on real images of known persons."""

import json
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional

from purereid.data.atomic import whole_file
from purereid.data.features import read_encoder, read_features
from purereid.data.index import read_index
from purereid.errors import UserError
from purereid.graph.gcn import GCN
from purereid.graph.gcn_inference import predict_links
from purereid.graph.link_scores import Curve, average_precision, link_scores, precision_recall, same_person, thinned
from purereid.graph.neighbours import Neighbours, nearest_neighbours
from purereid.graph.network_file import save_network
from purereid.graph.subgraphs import SubgraphBuilder, Subgraphs
from purereid.logs import log
from purereid.training.distributed import first_device
from purereid.training.lock import locked
from purereid.training.loop import finish, train
from purereid.training.optimisers import adam_with_faster_biases, set_rate
from purereid.training.precision import autocast
from purereid.training.schedule import learning_rate_factor
from purereid.training.seeds import step_seed

TEST = ("query", "gallery", "multi")
SIZES = ("k1", "k2", "u")
SCORES = ("precision", "recall", "accuracy")


def train_gcn(
    *,
    features: str | Path,
    index: str | Path,
    gcn: str | Path,
    curves: str | Path,
    links: str | Path,
    settings: dict,
    stamp: str,
    gpus: int = 0,
) -> None:
    """Train one network and write it.

    Some identities are held out: they are in no graph that it is trained on, and have a graph of their own, on which
    links are scored. The curves hold these scores after the first step of each epoch.

    Args:
        features: features of length 1 of training images; those of generated ones are left out.
        index: tells who they show.
        gcn: safetensors file that is written; it names the identities.
        curves: CSV file that is written.
        links: JSON that is written: sizes, numbers of images and identities, and of the held-out identities the scores
            of links (``link_scores.link_scores``) and their precision and recall, beside those of links by cosine.
        settings: the section ``train_gcn`` of the config.
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
        data = link_data(values[~held_out], pids[~held_out], settings, "training", device)
        test = link_data(values[held_out], pids[held_out], settings, "held-out", device) if held_out.any() else None
        trainer = GCNTrainer(data, test, settings, device)
        train(trainer, seed=settings["seed"], stamp=stamp, curves=Path(curves), log_every=settings["log_every"])
        about = description(data, test, settings) | {"encoder": read_encoder(features)}
        scores = {"held_out": None, "cosine": None} if test is None else scores_of(test, trainer.predict(test))
        with whole_file(Path(links)) as temporary:
            temporary.write_text(json.dumps(about | scores, indent=1) + "\n", encoding="utf-8")
        save_network(gcn, trainer.network, about)
        finish(curves)


def training_images(features: str | Path, index: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Features float32 [N, D] and identities int64 [N] of the real persons of a feature file."""
    images, values = read_features(features)
    rows = read_index(index).set_index("image").reindex(images)
    unknown, test = rows["split"].isna().to_numpy(), rows["split"].isin(TEST).to_numpy()
    for bad, what in ((unknown, "not in the index"), (test, "of the test set")):
        if bad.any():
            raise UserError(
                f"{np.count_nonzero(bad)} of {len(images)} images are {what}, such as {images[int(np.argmax(bad))]}",
                where=features,
                expected="features of training images alone",
                do="delete the features, so that they are made again; name no test split in generate.train.splits",
            )
    pids = rows["pid"].to_numpy(np.int64)
    real = (rows["kind"] != "generated").to_numpy() & (pids >= 0)
    return values[real], pids[real]


def held_out_images(pids: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Images of a random share (0..1) of the identities, bool [N]; one at least unless the share is 0."""
    people = np.unique(pids)
    number = max(1, round(share * len(people))) if share else 0
    return np.isin(pids, rng.permutation(people)[:number])


class LinkData(NamedTuple):
    """Images with their graph, and which of its links are right."""

    features: np.ndarray  # float32 [N, D]
    pids: np.ndarray  # int64 [N]
    graph: Neighbours
    right: np.ndarray  # bool [N, k1]


def link_data(features: np.ndarray, pids: np.ndarray, settings: dict, what: str, device: torch.device) -> LinkData:
    """Build the graph of ``what`` identities."""
    k, people = max(settings[name] for name in SIZES), len(np.unique(pids))
    if len(features) <= k:
        raise UserError(
            f"{len(features)} images of {people} {what} identities, but each shall have {k} neighbours",
            where="train_gcn",
            expected=f"more than {k} images",
            do="lower k1, k2 and u, change held_out, or take more identities",
        )
    graph = nearest_neighbours(features, k, device=device)
    right = same_person(graph.indices[:, : settings["k1"]], pids)
    if not right.any():
        raise UserError(
            f"no two neighbouring images of the {people} {what} identities show one person",
            where="train_gcn",
            expected="identities with several images each, and features that tell who they show",
        )
    log.info("%d images of %d %s identities, %.1f %% of links right", len(pids), people, what, 100 * right.mean())
    return LinkData(features, pids, graph, right)


class GCNTrainer:
    """The training as the loop sees it; each image is a pivot once per epoch."""

    def __init__(self, data: LinkData, test: LinkData | None, settings: dict, device: torch.device):
        self.data, self.test, self.settings, self.device = data, test, settings, device
        self.sizes = {name: settings[name] for name in SIZES}
        self.images_per_step = min(settings["batch"], len(data.pids))
        self.steps_per_epoch = math.ceil(len(data.pids) / self.images_per_step)
        self.steps = settings["epochs"] * self.steps_per_epoch
        self.subgraphs = SubgraphBuilder(data.graph.indices, device=device, **self.sizes)
        self.features, self.right = torch.from_numpy(data.features).to(device), torch.from_numpy(data.right).to(device)
        torch.manual_seed(step_seed(settings["seed"], 0))
        shape = {name: settings[name] for name in ("widths", "padded_statistics")}
        self.network = GCN(features=data.features.shape[1], **shape).to(device)
        self.optimiser = adam_with_faster_biases(self.network, settings["learning_rate"], settings["weight_decay"])
        self.test_scores: dict[str, float] = {}

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the curves; scores without ``held_out_`` are those of the training batches."""
        return ("loss", *SCORES, *(f"held_out_{name}" for name in SCORES if self.test), "learning_rate")

    def batch(self, step: int) -> tuple[torch.Tensor, Subgraphs]:
        """Pivots int64 [B] and their subgraphs."""
        epoch, number = divmod(step, self.steps_per_epoch)
        order = np.random.default_rng([self.settings["seed"], 2, epoch]).permutation(len(self.data.pids))
        pivots = torch.from_numpy(order[number * self.images_per_step :][: self.images_per_step])
        return pivots.to(self.device), self.subgraphs(pivots)

    def step(self, step: int, batch: tuple[torch.Tensor, Subgraphs]) -> dict[str, torch.Tensor | float]:
        """One update of the weights."""
        pivots, graphs = batch
        rate = self.settings["learning_rate"] * self._factor(step)
        set_rate(self.optimiser, rate)
        with autocast(self.settings["precision"], self.device):
            logits = self.network(self.features, graphs)
        right = self.right[pivots].flatten()
        loss = functional.cross_entropy(logits, right.long())
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        if self.test and step % self.steps_per_epoch == 0:
            scores = link_scores(self.test.right, self.predict(self.test))
            self.test_scores = {f"held_out_{name}": scores[name] for name in SCORES}
        return {"loss": loss.detach(), **batch_scores(logits, right), **self.test_scores, "learning_rate": rate}

    def predict(self, data: LinkData) -> np.ndarray:
        """Probabilities float32 [N, k1] of the links of other images."""
        found = predict_links(self.network, data.features, data.graph.indices, device=self.device, **self.sizes)
        return found.probability

    def state(self) -> dict:
        """Weights, moments of the optimiser, and the scores of the running epoch."""
        states = {"network": self.network.state_dict(), "optimiser": self.optimiser.state_dict()}
        return states | {"test_scores": self.test_scores}

    def restore(self, state: dict) -> None:
        """Take up a state."""
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.test_scores = state["test_scores"]

    def watch(self, row: dict) -> None:
        """Warn of nothing: the scores tell whether it learns."""

    def _factor(self, step: int) -> float:
        names = ("epochs", "schedule", "milestones", "gamma", "warmup_epochs", "warmup_start")
        return learning_rate_factor(step / self.steps_per_epoch, **{name: self.settings[name] for name in names})


def batch_scores(logits: torch.Tensor, right: torch.Tensor) -> dict[str, torch.Tensor]:
    """Precision, recall and accuracy of links, float32 [] each; 0 where there is nothing to count."""
    made = logits.detach().argmax(dim=1) == 1
    hits = (made & right).sum()
    shares = hits / made.sum().clamp(min=1), hits / right.sum().clamp(min=1), (made == right).float().mean()
    return dict(zip(SCORES, shares, strict=True))


def description(data: LinkData, test: LinkData | None, settings: dict) -> dict:
    """What a network was trained on, for its file."""
    held_out = [] if test is None else np.unique(test.pids).tolist()
    return {
        **{name: settings[name] for name in SIZES},
        "images": len(data.pids),
        "identities": np.unique(data.pids).tolist(),
        "held_out_images": 0 if test is None else len(test.pids),
        "held_out_identities": held_out,
    }


def scores_of(test: LinkData, probability: np.ndarray) -> dict:
    """Scores and curves of the predicted links, and of the same links by cosine, for comparison."""
    cosine = test.graph.similarity[:, : probability.shape[1]]
    by_cosine = precision_recall(test.right, cosine)
    found = link_scores(test.right, probability)
    log.info(
        "held-out links: %d, %.1f %% right; precision %.3f, recall %.3f, accuracy %.3f, average precision %.3f "
        "(by cosine %.3f)",
        found["links"],
        100 * found["positives"],
        *(found[name] for name in (*SCORES, "average_precision")),
        average_precision(by_cosine),
    )
    return {
        "held_out": found | {"curve": as_lists(precision_recall(test.right, probability))},
        "cosine": {"average_precision": average_precision(by_cosine), "curve": as_lists(by_cosine)},
    }


def as_lists(curve: Curve) -> dict[str, list[float]]:
    """A curve for JSON."""
    return {name: values.tolist() for name, values in thinned(curve)._asdict().items()}
