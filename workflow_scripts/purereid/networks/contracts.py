"""What networks of a role promise to whoever loads them, whichever system trained them."""

from typing import Protocol

import torch


class Encoder(Protocol):
    """Turns an image of a person into a feature.

    Attributes:
        configuration: JSON values from which the network is rebuilt; among them height, width and resizing of its
            input, mean and std with which the input is normalised, and pids, the identities that it learnt.
    """

    configuration: dict

    def embed(self, images: torch.Tensor) -> torch.Tensor:
        """What is known of one view, float [B, D], from normalised images float32 [B, 3, H, W]."""

    def combine(self, views: list[torch.Tensor]) -> torch.Tensor:
        """One feature float32 [B, F] from the embedded views (image, mirror image) of each image.

        Who compares features brings them to length 1, unless a verifier does, which takes them as they are.
        """

    def probabilities(self, embedded: torch.Tensor) -> torch.Tensor | None:
        """Probability float32 [B, K] of each of ``pids`` for one embedded view; None without a classifier."""


class Generator(Protocol):
    """Makes images of persons.

    Attributes:
        configuration: JSON values from which the network is rebuilt; among them height and width of its images.
    """

    configuration: dict

    def draw(self, conditions: dict[str, torch.Tensor]) -> torch.Tensor:
        """Images uint8 [B, 3, H, W], on the network's device, of B conditions by name (``generation.conditions``).

        Where ``system.yaml`` says ``mixes: true`` it heeds further ones: ``second_source``, images uint8 [B, 3, H, W],
        with whatever else it takes of a source (``second_source_keypoints``), and ``share``, float32 scalar in 0..1, so
        far the person is on the way from the source to that.
        """


class Verifier(Protocol):
    """Tells whether two images show one person.

    Attributes:
        configuration: JSON values from which the network is rebuilt.
    """

    configuration: dict

    def differ(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Logarithm float32 [B] of the probability that embedded images [B, D] and [B, D] show different persons.

        The probability itself is 1 for all of whom the network is sure, and then tells them no more apart.
        """
