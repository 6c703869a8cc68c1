"""The unconditional generator: the layers of the published code, and shapes."""

import pytest
import torch

from purereid.generation.conditions import noise
from purereid.systems.dcgan.networks import NOISE, Discriminator, Generator


def parameters(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_full_size_layers_are_the_published_ones():
    generator = Generator(height=128, width=128, channels=64)
    discriminator = Discriminator(height=128, width=128, channels=64)
    doublings = sum(25 * a * b + b for a, b in ((512, 256), (256, 128), (128, 64), (64, 3)))
    norms = 2 * (512 + 256 + 128 + 64)
    assert parameters(generator) == 101 * 8 * 8 * 512 + doublings + norms == 7_617_539
    halvings = sum(25 * a * b + b for a, b in ((3, 64), (64, 128), (128, 256), (256, 512)))
    assert parameters(discriminator) == halvings + 2 * (128 + 256 + 512) + 8 * 8 * 512 + 1
    assert 7.5e6 < parameters(generator) < 7.7e6 and 4.2e6 < parameters(discriminator) < 4.4e6


@pytest.mark.parametrize(("height", "width"), [(64, 32), (128, 64), (32, 48)])
def test_shapes(height: int, width: int):
    shape = {"height": height, "width": width, "channels": 4}
    images = Generator(**shape)(torch.rand(3, NOISE))
    assert images.shape == (3, 3, height, width) and images.abs().max() <= 1
    assert Discriminator(**shape)(images).shape == (3,)


def test_initial_weights_are_as_published():
    torch.manual_seed(0)
    generator, discriminator = (kind(height=64, width=32, channels=16) for kind in (Generator, Discriminator))
    assert generator.linear.weight.std().item() == pytest.approx(0.02, rel=0.02) and not generator.linear.bias.any()
    convolution = discriminator.layers[2]
    assert convolution.weight.abs().max() <= 0.04 and not convolution.bias.any()
    assert convolution.weight.std().item() == pytest.approx(0.0176, rel=0.03)  # of a normal cut off at two deviations


def test_an_image_depends_on_its_own_seed_alone():
    network = Generator(height=32, width=16, channels=4).eval()
    with torch.inference_mode():
        together = network.draw({"seed": torch.tensor([5, 7, 9])})
        alone = network.draw({"seed": torch.tensor([7])})
    assert (together[1].int() - alone[0].int()).abs().max() <= 1 and not torch.equal(together[0], together[1])
    assert together.dtype == torch.uint8


def test_noise_is_uniform_and_repeats():
    draws = noise(torch.arange(200), NOISE)
    assert draws.shape == (200, 100) and draws.min() >= -1 and draws.max() <= 1
    assert abs(draws.mean()) < 0.02 and draws.std().item() == pytest.approx(3**-0.5, rel=0.02)
    assert torch.equal(draws[17], noise(torch.tensor([17]), NOISE)[0])
