"""Stage I: an encoder and a verifier learn whether two images show one person."""

import torch

from purereid.data.transforms import augment
from purereid.networks.pretrained import start_backbone
from purereid.reid.labelled_images import OPTIONS
from purereid.systems.fdgan.losses import verification
from purereid.systems.fdgan.pair_trainer import PairTrainer
from purereid.systems.fdgan.recognition import SAME, Encoder, Verifier
from purereid.training.optimisers import build_optimiser
from purereid.training.schedule import scheduled
from purereid.training.seeds import step_seed
from purereid.training.stage import Inputs
from purereid.training.trainer import Optimiser

OF_ENCODER = ("backbone", "last_stride", "height", "width", "resizing")


class Trainer(PairTrainer):
    """Cross entropy of the verifier (Ge et al. 2018, section 3.1).

    The first images of all pairs go through the encoder together, and then the second ones: each have the statistics of
    their own batch, as in the published code.
    """

    columns = ("loss", "accuracy_same", "accuracy_different", "learning_rate")

    def __init__(self, inputs: Inputs, settings: dict, device: torch.device):
        super().__init__(inputs, settings, device)
        torch.manual_seed(step_seed(self.seed, 0, 0))
        pids = sorted(set(self.data.pids.tolist()))
        encoder = Encoder(pids=pids, **{name: settings[name] for name in OF_ENCODER})
        start_backbone(encoder.backbone, settings)
        self.networks = {"encoder": encoder, "verifier": Verifier(features=encoder.features)}
        self.place()
        self.optimisers = {"both": self._optimiser()}

    def batch(self, step: int) -> torch.Tensor:
        """Augmented images float32 [2 B, 3, H, W]: the first of all pairs, then the second ones."""
        rows = self.pairs.batch(step).T.reshape(-1)
        draws = torch.Generator().manual_seed(step_seed(self.seed, step, 1))
        options = {name: self.settings[key] for name, key in OPTIONS.items()}
        known = self.networks["encoder"].configuration
        return augment(self.images(rows), draws, self.device, **options, mean=known["mean"], std=known["std"])

    def update(self, step: int, batch: torch.Tensor) -> dict[str, torch.Tensor | float]:
        """One update of both networks."""
        with self.autocast():
            first, second = (self.networks["encoder"].embed(images) for images in batch.chunk(2))
        logits = self.networks["verifier"](first, second)
        loss = verification(logits, self.same)
        self.learn(loss, "both")
        right = (logits.argmax(dim=1) == SAME) == self.same
        accuracy = {"accuracy_same": right[self.same], "accuracy_different": right[~self.same]}
        return {"loss": loss} | {name: hits.float().mean() for name, hits in accuracy.items()}

    def _optimiser(self) -> Optimiser:
        settings, decay = self.settings, self.settings["weight_decay"]
        factors = {"encoder": settings["backbone_factor"], "verifier": 1}
        groups = [
            {"params": list(self.networks[role].parameters()), "weight_decay": decay, "factor": factor}
            for role, factor in factors.items()
        ]
        rate = settings["learning_rate"]
        optimiser = build_optimiser(settings["optimiser"], groups, rate)
        return Optimiser(optimiser, rate, scheduled(settings, self.steps_per_epoch))
