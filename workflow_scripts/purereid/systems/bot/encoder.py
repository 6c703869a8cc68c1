"""Train a reID model with the BoT recipe (Luo et al. 2019, Bag of Tricks), each trick a setting."""

import functools
import math
from pathlib import Path

import pandas as pd
import torch
from torch.nn.parallel import DistributedDataParallel

from purereid.data.decoded_images import DecodedImages, write_decoded
from purereid.data.samplers import Batches
from purereid.data.transforms import augment
from purereid.errors import UserError
from purereid.logs import log
from purereid.losses.cross_entropy import cross_entropy
from purereid.losses.triplet import batch_hard_triplet
from purereid.networks.pretrained import load_pretrained
from purereid.reid.labels import MEANING, REAL, label_rows, targets, with_guesses
from purereid.reid.training_rows import training_rows
from purereid.systems.bot.networks import ReIDModel, save_model
from purereid.training.distributed import launch, own_slice, rank, sync_batch_norm, world_size
from purereid.training.loop import train
from purereid.training.making import making
from purereid.training.optimisers import set_rate
from purereid.training.precision import autocast
from purereid.training.schedule import learning_rate_factor
from purereid.training.seeds import step_seed
from purereid.training.shared_file import shared_file


def train_reid(
    *,
    index: str | Path,
    encoder: str | Path,
    curves: str | Path,
    settings: dict,
    stamp: str,
    threads: int = 1,
    granted_gpus: int | None = None,
    processes: int | None = None,
) -> None:
    """Train one model and write it.

    Args:
        index: the data set; its rows of the splits in ``settings["splits"]`` are used.
        encoder: safetensors file that is written.
        curves: CSV file that is written.
        settings: the section ``train_reid`` of the config, ``seed`` of all draws, and ``gpus``, 0 for the CPU.
        stamp: digest of all that decides the result, for the checkpoint.
        threads: image files decoded at once.
        granted_gpus: GPUs that the job was given; None: as many as it asked for.
        processes: CPU processes where ``gpus`` is 0.

    Raises:
        UserError: no training images, too few identities, generated images that are missing or do not fit their
            labels, fewer GPUs than asked for, unusable weights file, no space for temporary files.
    """
    gpus = settings["gpus"]
    if granted_gpus is not None and granted_gpus < gpus:
        raise UserError(
            f"the experiment asks for {gpus} GPUs, the run grants {granted_gpus}",
            where="resources of the profile",
            do="raise gpu= in profiles/workstation/config.yaml to the number of GPUs, or lower gpus",
        )
    run = functools.partial(
        _train_on, index=index, encoder=encoder, curves=curves, settings=settings, stamp=stamp, threads=threads
    )
    with making([encoder, curves], stamp) as needed:
        if needed:
            launch(run, gpus, processes)


def _train_on(
    device: torch.device,
    *,
    index: str | Path,
    encoder: str | Path,
    curves: str | Path,
    settings: dict,
    stamp: str,
    threads: int,
) -> None:
    trainer = ReIDTrainer(training_rows(index, settings["splits"]), settings, device, threads)
    train(trainer, seed=settings["seed"], stamp=stamp, curves=Path(curves), log_every=settings["log_every"])
    if rank() == 0:
        save_model(encoder, trainer.model)


class ReIDTrainer:
    """The training as the loop sees it: batches, steps, state.

    Generated images without ``generated_per_batch`` are left out.
    """

    def __init__(self, rows: pd.DataFrame, settings: dict, device: torch.device, threads: int):
        self.settings, self.seed, self.device = settings, settings["seed"], device
        wanted, there_are = settings["generated_per_batch"], (rows["kind"] == "generated").any()
        self.uses_generated = wanted > 0 and bool(there_are)
        if wanted and not there_are:
            log.warning("NO GENERATED IMAGES: none is left of those asked for; the model learns from real images alone")
        if not self.uses_generated:
            rows = _real(rows)
        pids, self.labels, self.kinds = label_rows(rows, settings["generated_labels"])
        self.weights = torch.tensor(rows["weight"].to_numpy())
        self.model = self._build(pids).to(device, memory_format=torch.channels_last)
        self.classes = self.model.classifier.out_features
        self.steps = self.steps_per_epoch = self.images_per_step = 0
        self.watched_for_alarm = False
        if settings["epochs"]:
            self._prepare(rows, threads)
        self._say(len(pids))

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the curves; the parts of the cross entropy are plain means, without weights."""
        generated = ("cross_entropy_generated",) if self.uses_generated else ()
        return ("loss", "cross_entropy", "triplet", *generated, "accuracy", "learning_rate")

    def batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Rows int64 [B] of the whole batch, and the augmented images of this process's slice of it."""
        rows = torch.from_numpy(self.batches.batch(step))
        own = rows[own_slice(len(rows))]
        real = int((self.kinds[own] == REAL).sum())  # they come first
        slices = enumerate((own[:real], own[real:]))
        parts = [self._augmented(part, step, number) for number, part in slices if len(part)]
        return rows, torch.cat(parts).contiguous(memory_format=torch.channels_last) if len(parts) > 1 else parts[0]

    def _augmented(self, rows: torch.Tensor, step: int, part: int) -> torch.Tensor:
        """Real (part 0) and generated images have draws of their own: real ones look as they do without the others."""
        generator = torch.Generator().manual_seed(step_seed(self.seed, step, 1 + rank(), *([part] if part else [])))
        names = {"flip": "flip", "pad": "pad", "erase": "random_erasing"}
        options = {name: self.settings[key] for name, key in names.items()}
        return augment(self.images.batch(rows), generator, self.device, **options)

    def step(self, step: int, batch: tuple[torch.Tensor, torch.Tensor]) -> dict[str, torch.Tensor | float]:
        """One update of the weights."""
        rows, images = batch
        labels, kinds, weights = (values[rows].to(self.device) for values in (self.labels, self.kinds, self.weights))
        rate = self.settings["learning_rate"] * self._factor(step)
        set_rate(self.optimiser, rate)
        with autocast(self.settings["precision"], self.device):
            pooled, logits = self.network(images)
        generated, share = kinds != REAL, self._generated_share(step)
        soft = targets(with_guesses(labels, kinds, logits), kinds, self.classes, self.settings["label_smoothing"])
        weights = torch.where(generated, weights * share, weights)
        known = labels if share else labels.masked_fill(generated, -1)
        triplet = batch_hard_triplet(pooled, known, weights, self.settings["margin"])
        loss = cross_entropy(logits, soft, weights) + self.settings["triplet_weight"] * triplet
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        values = {"loss": loss, **self._parts(logits, soft, generated), "triplet": triplet}
        values["accuracy"] = (logits.argmax(dim=1) == labels)[~generated].float().mean()
        return {name: value.detach() for name, value in values.items()} | {"learning_rate": rate}

    def state(self) -> dict:
        """Weights and moments of the optimiser."""
        return {"model": self.model.state_dict(), "optimiser": self.optimiser.state_dict()}

    def restore(self, state: dict) -> None:
        """Take up weights and moments."""
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])

    def watch(self, row: dict) -> None:
        """Warn once if the cross entropy of real images is still that of guessing after ``alarm_after`` steps."""
        if row["step"] < self.settings["alarm_after"] or self.watched_for_alarm:
            return
        self.watched_for_alarm = True
        guessing = math.log(self.classes)
        if row["cross_entropy"] > 0.97 * guessing:
            log.warning(
                "ALARM: after %d steps the cross entropy is %.3f; guessing among %d classes gives ln K = %.3f. "
                "The model is not learning: check the learning rate, the labels and the images.",
                row["step"],
                row["cross_entropy"],
                self.classes,
                guessing,
            )

    def _build(self, pids: list[int]) -> ReIDModel:
        torch.manual_seed(step_seed(self.seed, 0, 0))
        names = ("backbone", "last_stride", "bnneck", "height", "width", "resizing")
        extra = self.uses_generated and self.settings["generated_labels"] == "extra_class"
        model = ReIDModel(pids=pids, extra_class=extra, **{name: self.settings[name] for name in names})
        if self.settings["weights"]:
            load_pretrained(model.backbone, self.settings["weights"], self.settings["weights_sha256"])
        elif self.settings["epochs"]:
            log.warning("NO PRETRAINED WEIGHTS: the backbone starts from random numbers (train_reid.weights is empty)")
        return model

    def _prepare(self, rows: pd.DataFrame, threads: int) -> None:
        settings = self.settings
        self.batches = Batches(
            self.labels.numpy(),
            (self.kinds != REAL).numpy(),
            identities=settings["identities_per_batch"],
            images_per_identity=settings["images_per_identity"],
            generated_per_batch=settings["generated_per_batch"] if self.uses_generated else 0,
            of_same_identities=settings["generated_labels"] == "identity",
            sampler=settings["sampler"],
            seed=self.seed,
        )
        self.steps_per_epoch = self.batches.batches_per_epoch
        self.steps = settings["epochs"] * self.steps_per_epoch
        self.images_per_step = self.batches.size
        if settings["sync_batch_norm"]:
            sync_batch_norm(self.model.backbone)
        paths, size = rows["path"].tolist(), {name: settings[name] for name in ("height", "width", "resizing")}
        with shared_file(lambda file: write_decoded(file, paths, threads=threads, **size)) as decoded:
            self.images = DecodedImages(decoded, **size)
        self.network = self.model
        if world_size() > 1:
            ids = [self.device.index] if self.device.type == "cuda" else None
            self.network = DistributedDataParallel(self.model, device_ids=ids)
        trainable = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        self.optimiser = torch.optim.Adam(
            trainable, lr=settings["learning_rate"], weight_decay=settings["weight_decay"]
        )
        self.model.train()

    def _factor(self, step: int) -> float:
        names = ("epochs", "schedule", "milestones", "gamma", "warmup_epochs", "warmup_start")
        return learning_rate_factor(step / self.steps_per_epoch, **{name: self.settings[name] for name in names})

    def _generated_share(self, step: int) -> float:
        """Weight of generated images beside real ones.

        At 0 they still pass through the network, and so enter the statistics of its batch normalisation.
        """
        begun = step / self.steps_per_epoch >= self.settings["generated_from_epoch"]
        return self.settings["generated_weight"] * begun

    def _parts(self, logits: torch.Tensor, soft: torch.Tensor, generated: torch.Tensor) -> dict[str, torch.Tensor]:
        """The cross entropy of real and of generated images."""
        masks = {"cross_entropy": ~generated}
        if self.uses_generated:
            masks["cross_entropy_generated"] = generated
        with torch.no_grad():
            return {name: cross_entropy(logits[mask], soft[mask]) for name, mask in masks.items()}

    def _say(self, identities: int) -> None:
        generated = int((self.kinds != REAL).sum())
        log.info(
            "%s with %.2f M parameters in the backbone, %d images (%d generated) of %d identities, %d steps on %s x %d",
            self.settings["backbone"],
            sum(p.numel() for p in self.model.backbone.parameters()) / 1e6,
            len(self.kinds),
            generated,
            identities,
            self.steps,
            self.device.type,
            world_size(),
        )
        if generated and self.steps:
            self._say_labels()

    def _say_labels(self) -> None:
        names = ("generated_labels", "generated_per_batch", "generated_weight", "generated_from_epoch")
        labels, number, weight, begin = (self.settings[name] for name in names)
        log.warning(
            "GENERATED IMAGES: real : generated = %d : %d in each batch, labelled %s (%s), weight %g%s",
            self.images_per_step - number,
            number,
            labels,
            MEANING[labels],
            weight,
            f" after {begin:g} epochs, 0 before" if begin else "",
        )


def _real(rows: pd.DataFrame) -> pd.DataFrame:
    generated = rows["kind"] == "generated"
    if generated.any():
        log.warning("%d generated images are left out: train_reid.generated_per_batch is 0", generated.sum())
    return rows[~generated]
