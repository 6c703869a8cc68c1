"""Layers of DG-Net's networks that draw (Zheng et al. 2019, appendix; Huang et al., MUNIT, ECCV 2018).

Statistics are taken in float32, whatever the precision of the convolutions: in half precision they lose the small
differences that normalisation is about.
"""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

EPSILON = 1e-5


class Convolution(nn.Sequential):
    """Reflection padding, convolution with bias, normalisation, leaky ReLU.

    Args:
        inputs, outputs: channels.
        side: of the kernel, odd; with ``stride`` and ``dilation`` of the convolution.
        norm: makes the normalisation of so many channels; None: none.
        activation: whether there is a leaky ReLU (slope 0.2).
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        side: int = 3,
        *,
        stride: int = 1,
        dilation: int = 1,
        norm: Callable[[int], nn.Module] | None = None,
        activation: bool = True,
    ):
        padding = dilation * (side // 2)
        form = {"stride": stride, "dilation": dilation, "padding": padding}
        mode = "reflect" if padding else "zeros"
        layers: list[nn.Module] = [nn.Conv2d(inputs, outputs, side, **form, padding_mode=mode)]
        layers += [norm(outputs)] if norm else []
        layers += [nn.LeakyReLU(0.2)] if activation else []
        super().__init__(*layers)


class Residual(nn.Module):
    """x + two convolutions of x, the second without activation.

    Args:
        channels: of input and output.
        norm: as of ``Convolution``.
    """

    def __init__(self, channels: int, norm: Callable[[int], nn.Module] | None = None):
        super().__init__()
        self.layers = nn.Sequential(
            Convolution(channels, channels, norm=norm), Convolution(channels, channels, norm=norm, activation=False)
        )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps float [B, C, h, w] of such maps."""
        return maps + self.layers(maps)


class InstanceNorm(nn.Module):
    """Each map of each image gets mean 0 and deviation 1; nothing is learnt.

    Args:
        channels: not used; all normalisations are made in one way.
    """

    def __init__(self, channels: int):
        super().__init__()

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps float32 [B, C, h, w] of maps float [B, C, h, w]."""
        return functional.instance_norm(maps.float(), eps=EPSILON)


class LayerNorm(nn.Module):
    """Each image gets mean 0 and deviation 1 over all its maps, then each map a scale and a shift that are learnt.

    The deviation has n - 1 in its denominator, and EPSILON is added to it and not to the variance, as published.

    Args:
        channels: number of maps.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.scale = nn.Parameter(torch.rand(channels, 1, 1))
        self.shift = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps float32 [B, C, h, w] of maps float [B, C, h, w]."""
        maps = maps.float()
        deviation, mean = torch.std_mean(maps, dim=(1, 2, 3), keepdim=True)
        return (maps - mean) / (deviation + EPSILON) * self.scale + self.shift


def adaptive_instance_norm(maps: torch.Tensor, scale: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    """Instance normalisation whose scale and shift come from elsewhere (Huang and Belongie, AdaIN, ICCV 2017, eq. 8).

    Args:
        maps: float [B, C, h, w].
        scale, shift: float [B, C]; the scale as it is, not 1 more.

    Returns:
        float32 [B, C, h, w].
    """
    normalised = functional.instance_norm(maps.float(), eps=EPSILON)
    return normalised * scale.float()[..., None, None] + shift.float()[..., None, None]


def initialise(module: nn.Module) -> None:
    """Weights of convolutions and linear layers: Kaiming's normal distribution by the number of inputs; biases 0."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(module.weight)
        nn.init.zeros_(module.bias)
