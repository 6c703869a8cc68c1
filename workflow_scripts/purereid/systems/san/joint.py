"""Stage joint (SAN): an encoder whose maps must say what all of the person looks like (Jin et al. 2020)."""

from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional

from purereid.losses.cross_entropy import cross_entropy
from purereid.losses.triplet import batch_hard_triplet
from purereid.networks.backbones import map_widths
from purereid.reid.encoder_trainer import EncoderTrainer
from purereid.reid.labelled_images import Truth
from purereid.systems.bot.encoder import OF_ENCODER
from purereid.systems.san.losses import published_triplets, tap_triplets
from purereid.systems.san.painting import Decoder, as_targets
from purereid.systems.san.pairs import Pairs, flips, mirrored
from purereid.systems.san.recognition import Encoder
from purereid.systems.san.texture import check_mirror
from purereid.textures.texture_file import TextureFile
from purereid.training.optimisers import build_optimiser, clip_gradients
from purereid.training.schedule import constant, scheduled
from purereid.training.stage import Inputs
from purereid.training.trainer import Optimiser

BETAS = (0.5, 0.999)  # of the second optimiser of all weights, as published
FLIPS, OTHERS = 103, 104  # streams of what is drawn, which no other draw has


class Textured(NamedTuple):
    """What is painted in a step.

    Attributes:
        images: int64 [R], which of the step's images.
        textures: uint8 [R, 3, S, S].
    """

    images: torch.Tensor
    textures: torch.Tensor


class Trainer(EncoderTrainer):
    """Cross entropy and batch-hard triplets; and through a decoder, which is not kept, L1 and triplets of its maps.

    Args:
        inputs: the index; ``textures`` of its images, where any are painted; ``texture_pairs``, where pairs of another
            data set are mixed in; the painter among the former networks, where the training starts from it.
        settings: of the stage.
        device: where to train.

    Raises:
        UserError: as for ``EncoderTrainer``; images without a texture, textures that cannot be mirrored.
    """

    further = ("triplet",)

    def __init__(self, inputs: Inputs, settings: dict, device: torch.device):
        self.inputs, self.flip = inputs, settings["flip"]
        self.decoder = self.file = self.pairs = None
        super().__init__(inputs, settings | {"flip": 0.0}, device)  # a texture must know of its image's flip

    def build(self, pids: list[int], extra_class: bool) -> Encoder:
        """The encoder of the settings."""
        return Encoder(pids=pids, extra_class=extra_class, **{name: self.settings[name] for name in OF_ENCODER})

    def prepare(self) -> None:
        """Also decoder, textures and pairs."""
        settings = self.settings
        super().prepare()
        if not (settings["textures"] or settings["pairs_per_batch"] or settings["tap_triplet_weight"]):
            return
        self.further = ("triplet", "reconstruction", "tap_triplet")
        decoder = Decoder(map_widths(self.encoder.backbone), settings["decoder_widths"]).to(self.device)
        if settings["start_from_painter"]:
            painter = self.inputs.continued("painter", self.device)
            self.encoder.backbone.load_state_dict(painter.backbone.state_dict())
            decoder.load_state_dict(painter.decoder.state_dict())
        self.networks["decoder"] = self.decoder = decoder
        self._make_optimisers()
        self._open_textures()

    def batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor, Textured | None]:
        """Labelled images of a step, and pairs beside them.

        Returns:
            rows int64 [B] of the labelled images; images float [B + Q, 3, H, W], those of Q pairs last; and which of
            these have a texture, with the textures, or None.
        """
        rows, images = super().batch(step)
        flipped = flips(len(rows), self.flip, (self.seed, FLIPS, step))
        images, having, textures = mirrored(images, flipped), [], []
        if self.file:
            of_rows = self.texture_rows[rows.numpy()]
            textured = np.flatnonzero(of_rows >= 0)  # generated images have none
            having.append(textured)
            textures.append(self.file.batch(of_rows[textured], flipped[textured]))
        if self.pairs:
            more, of_more = self.pairs.batch(step, self.settings["pairs_per_batch"])
            having.append(len(images) + np.arange(len(more)))
            images = torch.cat([images, more]).contiguous(memory_format=torch.channels_last)
            textures.append(of_more.numpy())
        if not textures:
            return rows, images, None
        return rows, images, Textured(*(torch.from_numpy(np.concatenate(each)) for each in (having, textures)))

    def look(self, images: torch.Tensor) -> tuple:
        """Outputs of the encoder but for its maps, the textures that the decoder paints from them, and its own maps."""
        *known, found = self.encoder(images, self.people.batches.size)
        painted, taps = self.decoder(found) if self.decoder else (None, [])
        return known, painted, taps

    def logits(self, outputs: tuple) -> torch.Tensor:
        """The last of the encoder's outputs."""
        return outputs[0][-1]

    def learn_from(self, outputs: tuple, truth: Truth, textured: Textured | None) -> dict[str, torch.Tensor]:
        """Minimise the losses of the encoder alone, and those behind the decoder."""
        (pooled, seen, logits), painted, taps = outputs
        recognising, values = self._recognising(pooled, seen, logits, truth)
        if self.decoder is None:
            self.learn(recognising, "encoder")
            return {"loss": recognising} | values
        real = len(truth.labels) - self.generated_per_step  # they come first
        painting, more = self._painting(painted, [tap[:real] for tap in taps], truth.labels[:real], textured)
        self._learn(recognising, painting)
        return {"loss": recognising.detach() + painting.detach()} | values | more

    def _recognising(
        self, pooled: torch.Tensor, seen: torch.Tensor, logits: torch.Tensor, truth: Truth
    ) -> tuple[torch.Tensor, dict]:
        """The losses of the encoder alone."""
        settings = self.settings
        compared = pooled if settings["embedding"] == "pooled" or not settings["bottleneck"] else seen
        triplet = batch_hard_triplet(compared, truth.known, truth.weights, settings["margin"])
        entropy = cross_entropy(logits, truth.targets(logits, settings["label_smoothing"]), truth.weights)
        return entropy + settings["triplet_weight"] * triplet, {"triplet": triplet.detach()}

    def _painting(
        self, painted: torch.Tensor, taps: list[torch.Tensor], labels: torch.Tensor, textured: Textured | None
    ) -> tuple[torch.Tensor, dict]:
        """The losses behind the decoder: of what has a texture, and of the maps of R real images of known persons."""
        settings, zero = self.settings, painted.new_zeros(())
        reconstruction, triplet = zero, zero
        if textured:
            wanted = as_targets(textured.textures.to(self.device), painted.shape[-1])
            reconstruction = functional.l1_loss(painted[textured.images.to(self.device)], wanted)
        if settings["tap_triplet_weight"]:
            published, margin = settings["tap_triplets"] == "published", settings["tap_margin"]
            K = settings["images_per_identity"]
            triplet = published_triplets(taps, K, margin) if published else tap_triplets(taps, labels, margin)
        loss = settings["reconstruction_weight"] * reconstruction + settings["tap_triplet_weight"] * triplet
        return loss, {"reconstruction": reconstruction.detach(), "tap_triplet": triplet.detach()}

    def _learn(self, recognising: torch.Tensor, painting: torch.Tensor) -> None:
        """One step down the sum; or, as the published code meant it, two from the same weights."""
        if not self.settings["two_optimisers"]:
            self.learn(recognising + painting, *self.optimisers)
            return
        weights = [*self.encoder.parameters(), *self.decoder.parameters()]
        weights = [weight for weight in weights if weight.requires_grad]
        gradients = [torch.autograd.grad(recognising, weights, retain_graph=True, allow_unused=True)]
        if painting.requires_grad:
            gradients.append(torch.autograd.grad(painting, weights, allow_unused=True))
        for name, gradient in zip(("encoder", "painting"), gradients, strict=False):
            for weight, value in zip(weights, gradient, strict=True):
                weight.grad = value
            if self.settings["clip"]:
                clip_gradients(self.optimisers[name].torch, self.settings["clip"])
            self.optimisers[name].torch.step()

    def _make_optimisers(self) -> None:
        """Beside that of the encoder: one of the decoder alone, or one of both for what is painted."""
        settings = self.settings
        weights, rate = list(self.decoder.parameters()), settings["decoder_rate"]
        if settings["two_optimisers"]:
            weights += [weight for weight in self.encoder.parameters() if weight.requires_grad]
            adam = build_optimiser("adam", [{"params": weights}], rate, betas=BETAS)
            self.optimisers["painting"] = Optimiser(adam, rate, constant)
        else:
            adam = build_optimiser("adam", [{"params": weights}], rate)
            self.optimisers["decoder"] = Optimiser(adam, rate, scheduled(settings, self.steps_per_epoch))

    def _open_textures(self) -> None:
        settings, files = self.settings, self.inputs.files
        if "textures" in files:
            self.file = TextureFile(files["textures"])
            check_mirror(self.file, self.flip)
            rows = self.people.rows
            real = (rows["kind"] != "generated").to_numpy()
            self.texture_rows = np.full(len(rows), -1)
            self.texture_rows[real] = self.file.rows_of(rows["image"][real].tolist())
            if settings["textures"] == "exchanged":
                self.texture_rows[real] = exchanged(self.texture_rows[real], self.file.pids, self.seed)
        if settings["pairs_per_batch"]:
            pairs = TextureFile(files["texture_pairs"])
            check_mirror(pairs, self.flip)
            statistics = {name: self.encoder.configuration[name] for name in ("mean", "std")}
            options = {"statistics": statistics, "device": self.device, "threads": self.inputs.threads}
            self.paired_per_step = settings["pairs_per_batch"]
            self.images_per_step += self.paired_per_step
            self.pairs = Pairs(pairs, np.arange(len(pairs.images)), settings | {"flip": self.flip}, **options)


def exchanged(rows: np.ndarray, pids: np.ndarray, seed: int) -> np.ndarray:
    """Rows int [N] of textures of other persons: each person has those of one other, whoever that is.

    Args:
        rows: of the images' own textures in a file.
        pids: int64 of all rows of the file.
        seed: of the draw.
    """
    persons = np.random.default_rng([seed, OTHERS]).permutation(np.unique(pids[rows]))
    other = dict(zip(persons.tolist(), np.roll(persons, 1).tolist(), strict=True))
    first = {pid: row for row, pid in reversed(list(enumerate(pids.tolist())))}
    return np.array([first[other[pid]] for pid in pids[rows].tolist()], np.int64)
