"""What the three stages of FD-GAN share: training images and their key points, and which pairs form a batch."""

import numpy as np
import torch

from purereid.generation.training_data import TrainingData
from purereid.systems.fdgan.pairs import Pairs
from purereid.training.stage import Inputs
from purereid.training.trainer import BaseTrainer


class PairTrainer(BaseTrainer):
    """A training on pairs of images of one person and of two.

    Args:
        inputs: the index, and the key points of its training images.
        settings: of the stage, those of ``train_reid`` for all encoders among them.
        device: where to train.

    Attributes:
        data: the training images.
        keypoints: float32 [N, 18, 3], the condition of that name of each of them.
        pairs: which of them are paired.

    Raises:
        UserError: no training images, images without key points, no pairs.
    """

    def __init__(self, inputs: Inputs, settings: dict, device: torch.device):
        super().__init__(settings, device)
        self.size = settings["height"], settings["width"]
        options = {name: settings[name] for name in ("splits", "resizing")}
        self.data = TrainingData(inputs.index, size=self.size, threads=inputs.threads, **options, **inputs.files)
        self.keypoints = self.data.guides.of("keypoints", self.data.names)
        self.pairs = Pairs(
            self.data.pids,
            anchors=settings["anchors_per_batch"],
            negatives=settings["negatives_per_anchor"],
            seed=self.seed,
            batches_per_epoch=settings["steps_per_epoch"],
        )
        self.set_length(self.pairs.batches_per_epoch, 2 * self.pairs.size)
        self.same = torch.from_numpy(self.pairs.same).to(device)

    def images(self, rows: np.ndarray) -> list[np.ndarray]:
        """Images uint8 [H, W, 3] of rows int64 [B]."""
        return list(self.data.images[torch.from_numpy(rows)].permute(0, 2, 3, 1).contiguous().numpy())
