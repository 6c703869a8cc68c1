"""The networks that scores need: a reID encoder always, others where their weights are given."""

from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from purereid.data.heatmaps import FRAME
from purereid.digests.values import file_digest
from purereid.networks.contracts import Encoder
from purereid.networks.network_file import load_network
from purereid.networks.pooled_encoder import load_pooled_encoder
from purereid.networks.precision import autocast
from purereid.poses.keypoint_rcnn import Estimate, estimate, load_keypoint_rcnn
from purereid.quality.inception import load_inception
from purereid.reid.extract import views_of
from purereid.retrieval.distances import normalise


class Networks:
    """Features, class logits and poses of images uint8 [N, 3, H, W], in batches.

    Args:
        encoder: file of a reID model.
        settings: the section ``score_images`` of the config.
        estimator: settings of ``estimate_keypoints``, or None.
        device: where to compute.

    Attributes:
        checksums: sha256 of the weights, by network: encoder, independent, inception, pose; only those that are there.
        independent: what the independent one is, in words.
    """

    def __init__(self, encoder: str | Path, settings: dict, estimator: dict | None, device: torch.device):
        self.device, self.batch, self.precision = device, settings["batch"], settings["precision"]
        self.encoders = {"encoder": load_network(encoder, "encoder", device)}
        self.checksums = {"encoder": file_digest(encoder)}
        if settings["independent"]["backbone"]:
            self.checksums["independent"] = settings["independent"]["weights_sha256"]
            independent = load_pooled_encoder(settings["independent"])
            self.encoders["independent"] = independent.to(device, memory_format=torch.channels_last)
        self.independent = "{backbone}, of images stretched to {height} x {width}".format(**settings["independent"])
        if settings["inception_weights"]:
            self.checksums["inception"] = settings["inception_weights_sha256"]
            weights = settings["inception_weights"], self.checksums["inception"]
            self.inception = load_inception(*weights).to(device, memory_format=torch.channels_last)
        if estimator:
            self.checksums["pose"], self.estimator = estimator["weights_sha256"], estimator
            names = ("weights", "weights_sha256", "short_side", "least_person")
            self.pose_network = load_keypoint_rcnn(*(estimator[name] for name in names)).to(device)

    def features(self, images: torch.Tensor, network: str) -> np.ndarray:
        """Features float32 [N, D] by ``inception``, or by an encoder, of length 1."""
        if network == "inception":
            parts = [self.inception.features(part.to(self.device)).cpu() for part in images.split(self.batch)]
            return torch.cat(parts).numpy()
        return self._encoded(images, self.encoders[network])

    def inception_logits(self, features: np.ndarray) -> np.ndarray:
        """Logits float32 [N, 1008] for the Inception score, of the features."""
        return self.inception.logits(torch.from_numpy(features).to(self.device)).cpu().numpy()

    def poses(self, images: torch.Tensor) -> Estimate:
        """Poses in pixels of a picture of 128 x 64."""
        found = []
        for part in images.split(self.estimator["batch"]):
            inputs = _stretched(part, FRAME).to(self.device)
            found.append(estimate(self.pose_network, inputs, self.estimator["least_joint"]))
        return Estimate(*(np.concatenate(values) for values in zip(*found, strict=True)))

    def _encoded(self, images: torch.Tensor, encoder: Encoder) -> np.ndarray:
        """Images are stretched to the encoder's input size."""
        size = encoder.configuration["height"], encoder.configuration["width"]
        found = []
        for part in images.split(self.batch):
            inputs = _stretched(part, size).to(self.device)
            with torch.inference_mode(), autocast(self.precision, self.device):
                found.append(encoder.combine(views_of(encoder, inputs, flip=True)).float().cpu())
        return normalise(torch.cat(found).numpy(), in_place=True)


class ImageSet:
    """Images uint8 [N, 3, H, W] with what the networks say of them, computed once where it is asked for."""

    def __init__(self, images: torch.Tensor, networks: Networks):
        self.images, self.networks, self._features = images, networks, {}

    def __len__(self) -> int:
        return len(self.images)

    def rows(self, numbers: np.ndarray) -> "ImageSet":
        """Some of the images, int64 [B], again."""
        return _Rows(self, numbers)

    def features(self, network: str) -> np.ndarray:
        """Features float32 [N, D], see ``Networks.features``."""
        if network not in self._features:
            self._features[network] = self.networks.features(self.images, network)
        return self._features[network]

    @cached_property
    def poses(self) -> Estimate:
        """Poses in pixels of a picture of 128 x 64."""
        return self.networks.poses(self.images)


class _Rows(ImageSet):
    """Images of a set, of which nothing is computed anew."""

    def __init__(self, whole: ImageSet, numbers: np.ndarray):
        self.whole, self.numbers, self.networks = whole, numbers, whole.networks

    def __len__(self) -> int:
        return len(self.numbers)

    @cached_property
    def images(self) -> torch.Tensor:
        return self.whole.images[torch.from_numpy(self.numbers)]

    def features(self, network: str) -> np.ndarray:
        return self.whole.features(network)[self.numbers]

    @cached_property
    def poses(self) -> Estimate:
        return Estimate(*(values[self.numbers] for values in self.whole.poses))


def _stretched(images: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Whole numbers 0..255 as float32 [B, 3, height, width] from uint8 images of any size."""
    return functional.interpolate(images.float(), size, mode="bilinear", antialias=True).round()
