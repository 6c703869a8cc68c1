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
