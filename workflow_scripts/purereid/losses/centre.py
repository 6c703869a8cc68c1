"""Centre loss: the images of an identity gather round a learnt point."""

import torch
from torch import nn


class CentreLoss(nn.Module):
    """Squared distance of each image's feature from the learnt centre of its identity (Wen et al. 2016, equation 2).

    The mean over the images stands where the equation has half the sum, as in the code published with BoT (Luo et al.
    2019), whose numbers so hold as they are: a weight of 5e-4 in the loss, and a rate of 0.5 for the centres, see
    ``centre_optimiser``.

    Args:
        classes: number K of identities.
        features: width D of a feature.
    """

    def __init__(self, classes: int, features: int):
        super().__init__()
        self.centres = nn.Parameter(torch.randn(classes, features))

    def forward(self, features: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """The loss of a batch.

        Args:
            features: float [B, D]; computed in float32.
            labels: int64 [B], below K; an image with label -1 has no identity and takes no part.
            weights: float32 [B], weight of each image.

        Returns:
            float32 scalar: sum of weight and squared distance over the images with an identity, divided by their
            number; 0 where there is none.
        """
        known = labels >= 0
        squares = (features.float() - self.centres[labels.clamp(min=0)]).square().sum(dim=1)
        return (squares * weights * known).sum() / known.sum().clamp(min=1)


def centre_optimiser(loss: CentreLoss, rate: float, weight: float) -> torch.optim.SGD:
    """Gradient descent of the centres, on which the weight that the loss has beside others does not act.

    BoT divides the centres' gradients by that weight before each step. A step without momentum is the rate times the
    gradient, so dividing the rate does the same.

    Args:
        loss: whose centres move.
        rate: of the loss with weight 1 (BoT: 0.5).
        weight: of the loss in the sum that is differentiated, above 0.
    """
    return torch.optim.SGD(loss.parameters(), lr=rate / weight)
