"""Colour jitter: brightness, contrast, saturation and hue of each image change at random, in one pass over it."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch

LUMA = np.array([0.299, 0.587, 0.114])  # how bright red, green and blue are (ITU-R BT.601)
STEP = 1 / 512  # of which the weights of the colours are multiples


def jitter_colours(
    images: Sequence[np.ndarray], generator: torch.Generator, strengths: Sequence[float]
) -> list[np.ndarray]:
    """Change the colours of each image by factors of its own.

    In this order: brightness scales an image; contrast moves it away from its mean grey, or towards it; saturation
    moves each pixel away from its own grey, or towards it, all three as torchvision's ``ColorJitter``; hue turns the
    colours round the grey axis (Karras et al. 2020, StyleGAN2-ADA, appendix B). All that is one linear map: values
    are rounded and cut off once, at its end.

    Args:
        images: B images uint8 [H, W, 3], RGB.
        generator: CPU generator of all draws.
        strengths: of brightness, contrast and saturation, 0..1: their factors lie between 1 - strength and
            1 + strength; of hue, 0..0.5: it turns either way by up to this share of a whole turn.

    Returns:
        B new images uint8 [H, W, 3], the same on every machine.
    """
    draws = 2 * torch.rand(len(images), 4, generator=generator).double().numpy() - 1
    brightness, contrast, saturation, turn = (np.asarray(strengths) * draws).T[:, :, None, None]
    greys = np.array([cv2.mean(image)[:3] for image in images]) @ LUMA
    maps = colour_maps(greys[:, None, None], 1 + brightness, 1 + contrast, 1 + saturation, turn)
    return [cv2.transform(image, colours) for image, colours in zip(images, maps, strict=True)]


def colour_maps(
    greys: np.ndarray, brightness: np.ndarray, contrast: np.ndarray, saturation: np.ndarray, turn: np.ndarray
) -> np.ndarray:
    """Linear maps of colours: a row for each of the new red, green and blue, of three weights and an offset.

    The weights are multiples of 1/512 and the offsets odd multiples of 1/1024. So sums of them times bytes are exact in
    whatever numbers and order a machine adds them, and none lies midway between two bytes: all machines round alike.

    Args:
        greys: float [B, 1, 1], mean grey of each image.
        brightness, contrast, saturation: factors [B, 1, 1].
        turn: [B, 1, 1], of the hue, as a share of a whole turn.

    Returns:
        float32 [B, 3, 4].
    """
    mixed = saturation * np.eye(3) + (1 - saturation) * LUMA
    weights = brightness * contrast * (hue_rotation(turn) @ mixed)
    offsets = np.repeat(brightness * (1 - contrast) * greys, 3, axis=1)
    steps = np.concatenate([np.rint(weights / STEP), np.floor(offsets / STEP) + 0.5], axis=2)
    return (steps * STEP).astype(np.float32)


def hue_rotation(turn: np.ndarray) -> np.ndarray:
    """Rotations [B, 3, 3] of RGB round the grey axis by shares [B, 1, 1] of a whole turn; a third makes red green."""
    angle = 2 * np.pi * turn
    across = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
    return np.cos(angle) * np.eye(3) + (1 - np.cos(angle)) / 3 + np.sin(angle) * across
