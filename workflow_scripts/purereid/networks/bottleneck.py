"""The bottleneck between the pooled feature and the classifier in the baselines of LSRO and DG-Net."""

import torch
from torch import nn

from purereid.errors import UserError

ACTIVATIONS = {"none": nn.Identity, "relu": nn.ReLU, "leaky_relu": lambda: nn.LeakyReLU(0.1)}


class Bottleneck(nn.Module):
    """Linear layer, batch normalisation, activation, dropout; computed in float32.

    A PyTorch version of LSRO (Zheng et al. 2017) has leaky ReLU and dropout 0.5; DG-Net (Zheng et al. 2019) no
    activation and dropout 0.5, in its second head 0.75. Weights start as theirs: Kaiming's normal distribution by the
    number of outputs for the linear layer, N(1, 0.02) for the scale of the normalisation, biases 0.

    Args:
        inputs: width D of the pooled feature.
        outputs: width E of the bottleneck.
        activation: ``none``, ``relu`` or ``leaky_relu`` (slope 0.1).
        dropout: probability, of an output, to be 0 in training.

    Raises:
        UserError: unknown activation.
    """

    def __init__(self, inputs: int, outputs: int = 512, activation: str = "none", dropout: float = 0.5):
        super().__init__()
        if activation not in ACTIVATIONS:
            raise UserError(f"unknown activation of the bottleneck {activation!r}", expected=", ".join(ACTIVATIONS))
        self.linear, self.norm = nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs)
        self.activation, self.dropout = ACTIVATIONS[activation](), nn.Dropout(dropout)
        nn.init.kaiming_normal_(self.linear.weight, mode="fan_out")
        nn.init.normal_(self.norm.weight, mean=1.0, std=0.02)
        nn.init.zeros_(self.linear.bias)

    def forward(self, pooled: torch.Tensor) -> torch.Tensor:
        """What the classifier sees, float32 [B, E], of float [B, D]."""
        return self.dropout(self.activation(self.feature(pooled)))

    def feature(self, pooled: torch.Tensor) -> torch.Tensor:
        """The normalised feature before activation and dropout, float32 [B, E], by which DG-Net ranks images."""
        with torch.autocast(pooled.device.type, enabled=False):
            return self.norm(self.linear(pooled.float()))
