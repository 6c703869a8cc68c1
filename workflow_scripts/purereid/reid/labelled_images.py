"""The images that an encoder learns from, real and generated: batches of them, and what each is to be classified as."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from purereid.data.decoded_images import DecodedImages, write_decoded
from purereid.data.samplers import Batches
from purereid.data.transforms import augment, normalise
from purereid.logs import log
from purereid.reid.labels import IDENTITY, KINDS, MEANING, REAL, label_rows, targets, with_guesses
from purereid.reid.teacher import Teacher
from purereid.training.distributed import own_slice, rank
from purereid.training.seeds import step_seed
from purereid.training.shared_file import shared_file

DECODED = ("height", "width", "resizing")  # settings of the images in memory
OPTIONS = {  # of ``augment``, and the settings that they are called
    **{name: name for name in ("flip", "pad", "crop", "sized_crop", "colour_jitter", "resizing")},
    "shift": "vertical_shift",
    "erase": "random_erasing",
    "erase_area": "erasing_area",
    "erase_aspect": "erasing_aspect",
    "erase_fill": "erasing_fill",
}


class Truth(NamedTuple):
    """What is known of a batch of B images.

    Attributes:
        labels: int64 [B], see ``labels.Labels``.
        known: the same, -1 also for generated images as long as these do not count.
        kinds: int64 [B].
        weights: float32 [B], weight of an image in the losses.
        told: float32 [B, K], what a teacher says of generated images; None without one.
    """

    labels: torch.Tensor
    known: torch.Tensor
    kinds: torch.Tensor
    weights: torch.Tensor
    told: torch.Tensor | None = None

    @property
    def generated(self) -> torch.Tensor:
        """Which images are generated, bool [B]."""
        return self.kinds != REAL

    def without(self, images: torch.Tensor) -> "Truth":
        """The same where some images, bool [B], do not count."""
        return self._replace(known=self.known.masked_fill(images, -1), weights=self.weights.masked_fill(images, 0))

    def targets(self, logits: torch.Tensor, smoothing: float) -> torch.Tensor:
        """Target distributions float32 [B, K] for logits float [B, K], see ``labels.targets``."""
        labels = with_guesses(self.labels, self.kinds, logits)
        return targets(labels, self.kinds, logits.shape[1], smoothing, self.told)


class LabelledImages:
    """Training images of known persons, and generated ones beside them.

    Generated images without ``generated_per_batch`` are left out.

    Args:
        rows: of an index, see ``training_rows``.
        settings: of the stage.
        device: where batches are wanted.
        threads: image files decoded at once.

    Attributes:
        pids: the K identities, in label order.
        uses_generated: whether generated images are in the batches.

    Raises:
        UserError: generated images that do not fit their labels.
    """

    def __init__(self, rows: pd.DataFrame, settings: dict, device: torch.device, threads: int):
        self.settings, self.device, self.threads = settings, device, threads
        wanted, there_are = settings["generated_per_batch"], (rows["kind"] == "generated").any()
        self.uses_generated = wanted > 0 and bool(there_are)
        if wanted and not there_are:
            log.warning("NO GENERATED IMAGES: none is left of those asked for; the model learns from real images alone")
        self.rows = rows if self.uses_generated else _real(rows)
        self.pids, self.labels, self.kinds = label_rows(self.rows, settings["generated_labels"], settings["seed"])
        self.weights = torch.tensor(self.rows["weight"].to_numpy())
        self.batches = self.images = self.told = None

    def load(self, mean: tuple[float, ...], std: tuple[float, ...]) -> Batches:
        """Plan the batches and decode the images, which are going to be normalised with a mean and a deviation.

        Raises:
            UserError: too few identities, images that cannot be read, no space for temporary files.
        """
        settings = self.settings
        self.statistics = {"mean": mean, "std": std}
        self.batches = Batches(
            self.labels.numpy(),
            (self.kinds != REAL).numpy(),
            identities=settings["identities_per_batch"],
            images_per_identity=settings["images_per_identity"],
            generated_per_batch=settings["generated_per_batch"] if self.uses_generated else 0,
            of_same_identities=KINDS[settings["generated_labels"]] == IDENTITY,
            sampler=settings["sampler"],
            seed=settings["seed"],
            batches_per_epoch=settings["steps_per_epoch"],
        )
        paths, size = self.rows["path"].tolist(), {name: settings[name] for name in DECODED}
        with shared_file(lambda file: write_decoded(file, paths, threads=self.threads, **size)) as decoded:
            self.images = DecodedImages(decoded, **size)
        self._say()
        return self.batches

    def batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Rows int64 [B] of the whole batch, and the augmented images of this process's slice of it."""
        rows = torch.from_numpy(self.batches.batch(step))
        own = rows[own_slice(len(rows))]
        real = int((self.kinds[own] == REAL).sum())  # they come first
        slices = enumerate((own[:real], own[real:]))
        parts = [self._augmented(part, step, number) for number, part in slices if len(part)]
        return rows, torch.cat(parts).contiguous(memory_format=torch.channels_last) if len(parts) > 1 else parts[0]

    def truth(self, rows: torch.Tensor, epochs_done: float) -> Truth:
        """What is known of images by their rows int64 [B].

        Where generated images do not count yet, they still pass through the network, and so enter the statistics of
        its batch normalisation.
        """
        labels, kinds, weights = (each[rows].to(self.device) for each in (self.labels, self.kinds, self.weights))
        counts = epochs_done >= self.settings["generated_from_epoch"]
        share = self.settings["generated_weight"] * counts
        generated = kinds != REAL
        known = labels if share else labels.masked_fill(generated, -1)
        told = None if self.told is None else self.told[rows].to(self.device)
        return Truth(labels, known, kinds, torch.where(generated, weights * share, weights), told)

    def ask(self, teacher: Teacher) -> None:
        """Let a teacher say who each generated image shows; of real ones nothing is asked."""
        rows, batch = (self.kinds != REAL).nonzero().flatten(), self.batches.size
        self.told = torch.zeros(len(self.kinds), len(self.pids))
        for part in rows.split(batch):
            pixels = torch.from_numpy(np.stack(self.images.batch(part))).permute(0, 3, 1, 2)
            seen = normalise(pixels.to(self.device), **self.statistics)
            self.told[part] = teacher.probabilities(seen).cpu()

    def _augmented(self, rows: torch.Tensor, step: int, part: int) -> torch.Tensor:
        """Real (part 0) and generated images have draws of their own: real ones look as they do without the others."""
        numbers = (self.settings["seed"], step, 1 + rank(), *([part] if part else []))
        generator = torch.Generator().manual_seed(step_seed(*numbers))
        options = {name: self.settings[key] for name, key in OPTIONS.items()}
        return augment(self.images.batch(rows), generator, self.device, **options, **self.statistics)

    def _say(self) -> None:
        generated = int((self.kinds != REAL).sum())
        log.info("%d images (%d generated) of %d identities", len(self.kinds), generated, len(self.pids))
        if not generated:
            return
        names = ("labels", "per_batch", "weight", "from_epoch", "small_loss")
        labels, number, weight, begin, share = (self.settings[f"generated_{name}"] for name in names)
        log.warning(
            "GENERATED IMAGES: real : generated = %d : %d in each batch, labelled %s (%s), weight %g%s%s",
            self.batches.size - number,
            number,
            labels,
            MEANING[labels],
            weight,
            f" after {begin:g} epochs, 0 before" if begin else "",
            f", of which the {share:.0%} of smallest loss count" if share < 1 else "",
        )


def _real(rows: pd.DataFrame) -> pd.DataFrame:
    generated = rows["kind"] == "generated"
    if generated.any():
        log.warning("%d generated images are left out: generated_per_batch is 0", generated.sum())
    return rows[~generated]
