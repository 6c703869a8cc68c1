"""What trainings of encoders on labelled images share; a system says what its encoder and its losses are."""

from abc import abstractmethod

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from purereid.losses.cross_entropy import cross_entropies, cross_entropy
from purereid.networks.pretrained import start_backbone
from purereid.reid.labelled_images import LabelledImages, Truth
from purereid.reid.small_loss import share_that_counts, small_loss
from purereid.reid.teacher import Teacher
from purereid.reid.training_rows import training_rows
from purereid.training.alarm import GuessingAlarm
from purereid.training.distributed import sync_batch_norm, world_size
from purereid.training.freezing import freeze
from purereid.training.optimisers import backbone_and_new, build_optimiser
from purereid.training.schedule import scheduled
from purereid.training.seeds import step_seed
from purereid.training.stage import Inputs
from purereid.training.trainer import BaseTrainer, Optimiser


class EncoderTrainer(BaseTrainer):
    """One update of an encoder per batch of P x K real images and, where there are some, generated ones.

    Args:
        inputs: the index of the training set.
        settings: of the stage, those of ``train_reid`` for all encoders among them.
        device: where to train.

    Raises:
        UserError: no training images, too few identities, generated images that are missing or do not fit their labels,
            unusable weights, no space for temporary files.
    """

    further: tuple[str, ...] = ()  # names of the losses beside the cross entropy

    def __init__(self, inputs: Inputs, settings: dict, device: torch.device):
        super().__init__(settings, device)
        rows = training_rows(inputs.index, settings["splits"], settings["held_out"])
        self.people = LabelledImages(rows, settings, device, inputs.threads)
        self.has_extra_class = self.people.uses_generated and settings["generated_labels"] == "extra_class"
        self.classes = len(self.people.pids) + self.has_extra_class
        torch.manual_seed(step_seed(self.seed, 0, 0))
        self.encoder = self.build(self.people.pids, self.has_extra_class)
        self.networks = {"encoder": self.encoder}
        self.network: nn.Module = self.encoder
        self.alarm = GuessingAlarm(self.classes, settings["alarm_after"])
        start_backbone(self.encoder.backbone, settings)
        if settings["epochs"]:
            self.prepare()
            self._ask_teacher(inputs)
        self.place()

    @abstractmethod
    def build(self, pids: list[int], extra_class: bool) -> nn.Module:
        """The encoder, with attributes ``backbone`` and ``configuration``, and random weights."""

    @abstractmethod
    def logits(self, outputs: object) -> torch.Tensor:
        """Class scores float [B, K] among the outputs of ``look``."""

    @abstractmethod
    def learn_from(self, outputs: object, truth: Truth, *further: object) -> dict[str, torch.Tensor]:
        """Update the weights by what the networks made of a batch.

        Args:
            outputs: of ``look``.
            truth: what is known of its labelled images.
            further: what ``batch`` yields beside rows and images.

        Returns:
            ``loss``, which was minimised, and ``further`` by name.
        """

    def look(self, images: torch.Tensor) -> object:
        """What the networks make of images."""
        return self.network(images)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the curves; the parts of the cross entropy are plain means, without weights."""
        generated = ("cross_entropy_generated",) if self.people.uses_generated else ()
        return ("loss", "cross_entropy", *self.further, *generated, "accuracy", "learning_rate")

    def batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Rows int64 [B] of the whole batch, and the augmented images of this process's slice of it."""
        return self.people.batch(step)

    def update(self, step: int, batch: tuple) -> dict[str, torch.Tensor | float]:
        """One update of the weights."""
        rows, images, *further = batch
        epochs_done = step / self.steps_per_epoch
        truth = self.people.truth(rows, epochs_done)
        self._freeze_backbone(self.epoch(step) <= self.settings["frozen_epochs"])
        with self.autocast():
            outputs = self.look(images)
        logits = self.logits(outputs).detach()
        values = self.learn_from(outputs, self._chosen(truth, logits, epochs_done), *further)
        return values | self._seen(logits, truth)

    def watch(self, row: dict) -> None:
        """Warn once if the cross entropy of real images is still that of guessing after ``alarm_after`` steps."""
        self.alarm.look(row["step"], row["cross_entropy"])

    def prepare(self) -> None:
        """Plan the batches, decode the images, make the optimiser."""
        settings, configuration = self.settings, self.encoder.configuration
        batches = self.people.load(configuration["mean"], configuration["std"])
        self.set_length(batches.batches_per_epoch, batches.size)
        self.generated_per_step = batches.generated_per_batch
        if settings["sync_batch_norm"]:
            sync_batch_norm(self.encoder.backbone)
        self.encoder.to(self.device, memory_format=torch.channels_last)
        self._share()
        groups = backbone_and_new(self.encoder, settings["backbone_factor"], settings["weight_decay"])
        optimiser = build_optimiser(settings["optimiser"], groups, settings["learning_rate"])
        self.optimisers = {
            "encoder": Optimiser(optimiser, settings["learning_rate"], scheduled(settings, self.steps_per_epoch))
        }

    def _ask_teacher(self, inputs: Inputs) -> None:
        if self.people.uses_generated and self.settings["generated_labels"] == "teacher":
            self.people.ask(Teacher(inputs.files["encoder"], self.encoder.configuration, self.device))

    def _share(self) -> None:
        """Let the processes average the gradients of all that learns at the moment."""
        if world_size() > 1:
            ids = [self.device.index] if self.device.type == "cuda" else None
            self.network = DistributedDataParallel(self.encoder, device_ids=ids)

    def _freeze_backbone(self, frozen: bool) -> None:
        if frozen == self.encoder.backbone.training:
            freeze(self.encoder.backbone, frozen)
            self._share()

    def _chosen(self, truth: Truth, logits: torch.Tensor, epochs_done: float) -> Truth:
        """What is known of the images, without generated ones of large loss, which do not count in this batch."""
        names = ("generated_small_loss", "generated_small_loss_epochs")
        share = share_that_counts(*(self.settings[name] for name in names), epochs_done)
        if share == 1 or not self.people.uses_generated:
            return truth
        losses = cross_entropies(logits, truth.targets(logits, self.settings["label_smoothing"]))
        return truth.without(~small_loss(losses, truth.generated, share))

    def _seen(self, logits: torch.Tensor, truth: Truth) -> dict[str, torch.Tensor]:
        """Cross entropy of real and of generated images, accuracy on real ones."""
        generated, soft = truth.generated, truth.targets(logits, self.settings["label_smoothing"])
        masks = {"cross_entropy": ~generated}
        if self.people.uses_generated:
            masks["cross_entropy_generated"] = generated
        found = {name: cross_entropy(logits[mask], soft[mask]) for name, mask in masks.items()}
        right = logits.argmax(dim=1) == truth.labels
        return found | {"accuracy": right[~generated].float().mean()}
