"""The perceptual loss: difference of images in the first features of a classification network."""

from pathlib import Path

import torch
from torch import nn

from purereid.data.transforms import standardise
from purereid.data.weights import read_weights
from purereid.errors import UserError

CHANNELS = 64


class PerceptualLoss(nn.Module):
    """L1 distance after conv1_2 + ReLU of VGG-19 (Johnson et al., Perceptual Losses for Real-Time Style Transfer,
    ECCV 2016, in the form of PATN): the first four layers of torchvision's ``features``.

    Args:
        weights: safetensors file with the ImageNet weights of torchvision's vgg19.
        sha256: its checksum.

    Raises:
        UserError: the file is missing, has another checksum or holds another network.
    """

    def __init__(self, weights: str | Path, sha256: str):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, CHANNELS, 3, padding=1), nn.ReLU(), nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1), nn.ReLU()
        )
        self._load(weights, sha256)
        self.requires_grad_(False)

    def forward(self, generated: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
        """float32 scalar from images float [B, 3, H, W] in -1..1; the gradient goes through the first alone."""
        with torch.no_grad():
            wanted = self._features(true)
        return (self._features(generated) - wanted).abs().mean()

    def _features(self, images: torch.Tensor) -> torch.Tensor:
        return self.features(standardise((images.float() + 1) / 2))

    def _load(self, path: str | Path, sha256: str) -> None:
        state = read_weights(path, sha256, "train_gan.posegan.perceptual_weights")
        wanted = self.features.state_dict()
        found = {name: state.get(f"features.{name}") for name in wanted}
        wrong = [name for name, tensor in found.items() if tensor is None or tensor.shape != wanted[name].shape]
        if wrong:
            raise UserError(
                f"the weights are of another network: no fitting features.{wrong[0]}",
                where=path,
                expected="the state of torchvision's vgg19",
            )
        self.features.load_state_dict(found)
