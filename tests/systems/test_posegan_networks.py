"""The pose-guided generator: published sizes, and what its parts compute."""

import pytest
import torch

from purereid.systems.posegan.networks import AttentionBlock, Discriminator, Generator, encoder


def parameters(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_full_size_networks_have_the_published_numbers_of_parameters():
    generator = Generator(height=128, width=64, channels=64, blocks=13)
    assert parameters(generator) == 31_857_603
    assert parameters(generator.image_encoder) == 379_392
    assert parameters(generator.pose_encoder) == 388_800
    assert parameters(generator.blocks) == 30_710_784
    assert parameters(generator.decoder) == 378_627
    assert parameters(Discriminator(inputs=9, channels=64, blocks=6)) == 7_485_312
    assert parameters(Discriminator(inputs=6, channels=64, blocks=6)) == 7_475_904


def test_shapes_from_input_to_output():
    source, parts = torch.randn(2, 3, 32, 16), torch.rand(2, 6, 32, 16)
    assert encoder(3, 4)(source).shape == (2, 16, 8, 4)
    image = Generator(height=32, width=16, channels=4, blocks=2)(source, parts)
    assert image.shape == source.shape and image.abs().max() <= 1
    assert Discriminator(inputs=9, channels=4, blocks=1)(torch.cat([image, parts], 1)).shape == (2, 16, 8, 4)


@pytest.mark.parametrize(("kernel", "upsampling"), [(3, "nearest"), (5, "transposed")])
def test_smaller_forms_have_the_same_shapes(kernel: int, upsampling: str):
    network = Generator(height=32, width=16, channels=4, blocks=1, kernel=kernel, upsampling=upsampling)
    source, parts = torch.randn(2, 3, 32, 16), torch.rand(2, 6, 32, 16)
    assert network(source, parts).shape == source.shape
    assert network.image_encoder[0].kernel_size == network.decoder[-2].kernel_size == (kernel, kernel)
    transposed = any(isinstance(module, torch.nn.ConvTranspose2d) for module in network.modules())
    assert transposed == (upsampling == "transposed")


def test_doubling_each_pixel_treats_all_of_them_alike():
    """A constant map comes out constant; a transposed convolution makes a checkerboard of it."""
    maps = torch.ones(2, 16, 8, 4)
    for upsampling, spread in (("nearest", False), ("transposed", True)):
        torch.manual_seed(0)
        network = Generator(height=32, width=16, channels=4, blocks=1, upsampling=upsampling).eval()
        inner = network.decoder[:-1](maps)[..., 8:-8, 4:-4]
        assert (inner.std(dim=(2, 3)).max() > 1e-4) == spread


def test_patch_discriminator_gives_a_verdict_for_each_patch():
    torch.manual_seed(0)
    network = Discriminator(inputs=9, channels=8, form="patch").train()
    images = torch.randn(2, 9, 64, 32, requires_grad=True)
    for _ in range(30):  # the power iteration finds the norm
        *maps, logits = network.maps(images)
    assert logits.shape == (2, 1, 8, 4) and [each.shape[1] for each in maps] == [8, 16, 32]
    torch.testing.assert_close(network.eval()(images), network.maps(images)[-1])
    (gradient,) = torch.autograd.grad(network(images)[0, 0, 0, 0], images)
    seen = gradient.abs().sum(dim=1)
    assert not seen[1].any() and not seen[0, 40:].any() and seen[0, :8, :8].any()
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            assert torch.linalg.matrix_norm(module.weight.flatten(1), ord=2).item() == pytest.approx(1, abs=0.05)


def test_attention_block_is_f_plus_sigmoid_of_pose_times_stream():
    block = AttentionBlock(5).eval()
    image, pose = torch.randn(2, 5, 6, 4), torch.randn(2, 5, 6, 4)
    new_image, new_pose = block(image, pose)
    by_hand = []
    for stream, x in ((block.image_stream, image), (block.pose_stream, pose)):
        first, norm, _, second, last = stream
        for convolution, normalisation in ((first, norm), (second, last)):
            padded = torch.nn.functional.pad(x, (1, 1, 1, 1), mode="reflect")
            x = torch.nn.functional.conv2d(padded, convolution.weight, convolution.bias)
            x = x / (1 + normalisation.eps) ** 0.5 * normalisation.weight[:, None, None]
            x = x.clamp(min=0) if normalisation is norm else x
        by_hand.append(x)
    torch.testing.assert_close(new_pose, by_hand[1])
    torch.testing.assert_close(new_image, image + 1 / (1 + torch.exp(-by_hand[1])) * by_hand[0])


def test_initial_weights_are_as_published():
    torch.manual_seed(0)
    block = Generator(height=16, width=16, channels=16, blocks=4).blocks[0].image_stream
    assert block[0].weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert block[0].bias.abs().max() > 0
    assert block[1].weight.mean().item() == pytest.approx(1, abs=0.02) and block[1].weight.std() < 0.04
    assert not block[1].bias.any()


def test_drawing_gives_grey_levels_of_the_network_output():
    network = Generator(height=32, width=16, channels=4, blocks=1).eval()
    source, parts = torch.randint(256, (2, 3, 32, 16), dtype=torch.uint8), torch.rand(2, 6, 32, 16)
    with torch.inference_mode():
        drawn = network.draw({"source": source, "parts": parts, "seed": torch.zeros(2)})
        raw = network(source / 127.5 - 1, parts)
    assert drawn.dtype == torch.uint8 and drawn.shape == source.shape
    assert ((raw + 1) / 2 * 255 - drawn).abs().max() <= 0.5001
