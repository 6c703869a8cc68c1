"""Colour histograms as a backbone without parameters: the yardstick that a trained network must beat."""

import torch
from torch import nn

from purereid.data.transforms import MEAN, STD


class ColourHistogram(nn.Module):
    """HSV histograms of horizontal stripes.

    Float [B, 3, H, W] normalised RGB to float [B, 6 x 8 x 4 x 2]: six stripes, each with a joint histogram of 8 hues,
    4 saturations and 2 brightnesses, square roots taken (Hellinger). Only the middle half of the columns counts:
    there the person stands, and the background would only tell the camera.
    """

    stripes, bins = 6, (8, 4, 2)
    width = stripes * 8 * 4 * 2

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        mean, std = (torch.tensor(v, device=images.device).view(3, 1, 1) for v in (MEAN, STD))
        quarter = images.shape[3] // 4
        middle = images[:, :, :, quarter : images.shape[3] - quarter]
        hsv = rgb_to_hsv((middle.float() * std + mean).clamp(0, 1))
        h, s, v = ((channel * count).long().clamp(max=count - 1) for channel, count in zip(hsv, self.bins, strict=True))
        cell = (h * self.bins[1] + s) * self.bins[2] + v
        height = images.shape[2]
        stripe = torch.arange(height, device=images.device) * self.stripes // height
        place = stripe[:, None] * (self.width // self.stripes) + cell
        place = place.flatten(1)
        counts = torch.zeros(images.shape[0], self.width, device=images.device)
        counts.scatter_add_(1, place, torch.ones_like(place, dtype=counts.dtype))
        return (counts / place.shape[1]).sqrt()


def rgb_to_hsv(rgb: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """RGB [B, 3, H, W] in 0..1 to hue, saturation and value [B, H, W] in 0..1."""
    red, green, blue = rgb.unbind(1)
    value, low = rgb.amax(1), rgb.amin(1)
    chroma = value - low
    span = chroma.clamp(min=1e-8)
    hue = torch.where(
        value == red,
        (green - blue) / span % 6,
        torch.where(value == green, (blue - red) / span + 2, (red - green) / span + 4),
    )
    return hue / 6, chroma / value.clamp(min=1e-8), value
