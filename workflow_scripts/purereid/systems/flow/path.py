"""The straight path from noise to an image: rectified flow.

Liu, Gong and Liu, Flow Straight and Fast, ICLR 2023; Lipman et al., Flow Matching for Generative Modeling, ICLR 2023.
At the time t an image x and noise e give z = t x + (1 - t) e, which moves with the velocity x - e. A network that names
x says that velocity too: (x - z) / (1 - t). Li and He (Back to Basics: Let Denoising Generative Models Denoise, 2025)
let it name x, which lies among images, and compare velocities: a small network learns that where it cannot learn noise.
"""

from collections.abc import Callable

import torch

LEAST = 0.05  # of 1 - t, by which is divided; Li and He, 2025


def draw_times(count: int, mean: float, std: float, generator: torch.Generator) -> torch.Tensor:
    """Times float32 [count] in 0..1, logit-normal: their logits are normally distributed.

    So the middle of the path is learnt more often than its ends, where there is little to say (Esser et al., Scaling
    Rectified Flow Transformers, ICML 2024, section 3.1).
    """
    return torch.sigmoid(mean + std * torch.randn(count, generator=generator))


def on_path(images: torch.Tensor, noise: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
    """Where the path of each image float [B, 3, H, W] from its noise is at its time [B]."""
    return torch.lerp(noise, images, times[:, None, None, None])


def velocity_loss(named: torch.Tensor, images: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
    """Mean square difference of the velocities towards the named and the true images, float32 scalar.

    Both are seen from the same place of the path, so that it is the difference of the images over 1 - t.

    Args:
        named: float [B, 3, H, W], what the network takes for the images.
        images: float [B, 3, H, W].
        times: float [B].
    """
    left = (1 - times).clamp(min=LEAST)
    return ((named.float() - images).square().mean(dim=(1, 2, 3)) / left.square()).mean()


def follow(name: Callable[[torch.Tensor, float], torch.Tensor], noise: torch.Tensor, steps: int) -> torch.Tensor:
    """Images float32 [B, 3, H, W] at the ends of the paths, by Euler's method.

    Args:
        name: the image [B, 3, H, W] that a place of the path [B, 3, H, W] at a time leads to.
        noise: float32 [B, 3, H, W], where the paths begin.
        steps: all of the same length, at least 1; with one the image is the mean of all that are possible.
    """
    places = noise
    for step in range(steps):
        time = step / steps
        # of the way that is left, 1 - t, a step goes 1 / steps; the last one goes all of it
        places = torch.lerp(places, name(places, time).float(), 1 / (steps - step))
    return places
