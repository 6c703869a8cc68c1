"""Drawing with a generator."""

import pytest
import torch

from purereid.networks.draw import draw


class Levels(torch.nn.Linear):
    """Images of one level, and how they were computed."""

    def draw(self, conditions: dict[str, torch.Tensor]) -> torch.Tensor:
        self.product = self(conditions["seed"].float()[:, None])
        return conditions["seed"].to(torch.uint8)[:, None, None, None].expand(-1, 3, 4, 2)


@pytest.mark.parametrize(("precision", "kind"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_images_in_the_precision_asked_for_without_gradients(precision, kind):
    network = Levels(1, 1)
    images = draw(network, {"seed": torch.tensor([3, 7])}, precision)
    assert images.shape == (2, 3, 4, 2) and images.dtype == torch.uint8 and images.device.type == "cpu"
    assert (images[0] == 3).all() and (images[1] == 7).all()
    assert network.product.dtype == kind and not network.product.requires_grad
