"""Stage texture (SAN-PG): learn to paint the texture of a person from pairs of images and textures."""

import numpy as np
import torch
from torch.nn import functional

from purereid.errors import UserError
from purereid.networks.pretrained import start_backbone
from purereid.systems.san.painting import Painter, as_targets
from purereid.systems.san.pairs import Pairs
from purereid.textures.held_out import held_out_persons
from purereid.textures.texture_file import TextureFile
from purereid.training.optimisers import backbone_and_new, build_optimiser
from purereid.training.schedule import scheduled
from purereid.training.seeds import step_seed
from purereid.training.stage import Inputs
from purereid.training.trainer import BaseTrainer, Optimiser

OF_BACKBONE = ("backbone", "last_stride", "height", "width", "resizing")


class Trainer(BaseTrainer):
    """The mean distance of colours (L1), and nothing else, as published. Rates and epochs are this project's choice.

    Args:
        inputs: ``texture_pairs``, a file of textures, which also names their images.
        settings: of the stage.
        device: where to train.

    Raises:
        UserError: fewer images than a batch takes, textures without a mirror map that are to be flipped.
    """

    columns = ("loss", "learning_rate")

    def __init__(self, inputs: Inputs, settings: dict, device: torch.device):
        super().__init__(settings, device)
        file = TextureFile(inputs.files["texture_pairs"])
        check_mirror(file, settings["flip"])
        rows = np.flatnonzero(~held_out_persons(file.pids, settings["held_out"], self.seed))
        if len(rows) < settings["batch"]:
            raise UserError(
                f"a batch takes {settings['batch']} pairs, and there are {len(rows)}",
                where="train_reid.san.texture.batch",
                expected=f"at most {len(rows)}",
                do="lower the setting, or add pairs",
            )
        torch.manual_seed(step_seed(self.seed, 0, 0))
        about = {name: settings[name] for name in OF_BACKBONE}
        self.painter = Painter(widths=settings["decoder_widths"], pids=[], **about)
        start_backbone(self.painter.backbone, settings)
        self.networks = {"painter": self.painter}
        statistics = {name: self.painter.configuration[name] for name in ("mean", "std")}
        self.pairs = Pairs(file, rows, settings, statistics=statistics, device=device, threads=inputs.threads)
        self.set_length(settings["steps_per_epoch"] or len(rows) // settings["batch"], settings["batch"])
        self.paired_per_step = self.images_per_step
        groups = backbone_and_new(self.painter, settings["backbone_factor"], settings["weight_decay"])
        rate = settings["learning_rate"]
        optimiser = build_optimiser("adam", groups, rate)
        self.optimisers = {"painter": Optimiser(optimiser, rate, scheduled(settings, self.steps_per_epoch))}
        self.place()

    def batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Images and textures."""
        return self.pairs.batch(step, self.settings["batch"])

    def update(self, step: int, batch: tuple[torch.Tensor, torch.Tensor]) -> dict[str, torch.Tensor | float]:
        """One update of the painter."""
        images, textures = batch
        with self.autocast():
            painted = self.painter(images)
        loss = functional.l1_loss(painted, as_targets(textures.to(self.device), painted.shape[-1]))
        self.learn(loss, "painter")
        return {"loss": loss}


def check_mirror(file: TextureFile, flip: float) -> None:
    """Refuse to flip images whose textures cannot be mirrored: left would be learnt as right.

    Raises:
        UserError: there is no mirror map.
    """
    if flip and file.mirror is None:
        raise UserError(
            "images are to be flipped, and of the textures nobody knows where their texels lie on a mirrored person",
            where=file.path,
            expected="textures with a mirror map (mirror.npy in the folder of the data set)",
            do="add the map, or set train_reid.flip to 0",
        )
