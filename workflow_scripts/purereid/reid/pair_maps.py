"""Which places of two images their cosine comes from.

The product of the features of two images is a sum over the places of either image (Stylianou et al., Visualizing Deep
Similarity Networks, WACV 2019): where features are means over the last map, each place adds the product of its own
feature with that of the whole other image, and where they are maxima, each channel adds what it has at the place of its
maximum. Both are the activations times the derivatives of the product, with the lengths of the features held, as are
generalised means (Euler's theorem on homogeneous functions), stripes, and linear layers behind the pooling. What these
add whatever the image (their offsets) is shared equally by all places, so that the places always sum up to the cosine.
"""

import numpy as np
import torch
from torch.nn import functional

from purereid.data.transforms import normalise
from purereid.errors import UserError
from purereid.networks.contracts import Encoder
from purereid.networks.last_map import kept_maps


def pair_maps(encoder: Encoder, images: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """What each place adds to the cosines of a query and G other images.

    Args:
        encoder: in evaluation mode; its parameters are frozen. Its ``combine`` may scale the numbers of an embedded
            view, in parts or all alike, and no more; only their count is compared.
        images: uint8 [1 + G, 3, H, W] of the encoder's size, the query first, on its device.

    Returns:
        maps float32 [1 + G, h, w], of the query for the mean of the cosines, of each other image for its own cosine, to
        which they sum up; and the cosines float32 [G], without flip test.

    Raises:
        UserError: an encoder without a map, or one that compares other numbers than it embeds.
    """
    encoder.requires_grad_(False)
    inputs = normalise(images, encoder.configuration["mean"], encoder.configuration["std"])
    with torch.enable_grad(), kept_maps(encoder) as kept:
        embedded = encoder.embed(inputs).float()
    features = functional.normalize(encoder.combine([embedded.detach()]).float(), dim=1)
    if features.shape != embedded.shape:
        what = f"the encoder embeds {embedded.shape[1]} numbers and compares {features.shape[1]}"
        raise UserError(what, where="combine of the system", expected="the embedded numbers, scaled")
    scale = torch.where(embedded == 0, 0, features / embedded.detach())
    others = torch.cat([features[1:].mean(dim=0, keepdim=True), features[:1].expand(len(features) - 1, -1)])
    (gradient,) = torch.autograd.grad((embedded * scale * others).sum(), kept)
    added = (kept[0] * gradient).sum(dim=1).detach().float()
    cosines = (features * others).sum(dim=1)
    offsets = (cosines - added.sum(dim=(1, 2))) / added[0].numel()
    return (added + offsets[:, None, None]).cpu().numpy(), cosines[1:].cpu().numpy()
