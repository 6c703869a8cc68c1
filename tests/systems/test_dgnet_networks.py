"""DG-Net's networks: published sizes, and what their parts compute."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from purereid.data.transforms import MEAN, STD
from purereid.systems.dgnet.discrimination import Discriminator
from purereid.systems.dgnet.frozen import frozen_pass
from purereid.systems.dgnet.generation import Decoder, Generator, StructureEncoder, StyledResidual
from purereid.systems.dgnet.layers import LayerNorm, adaptive_instance_norm
from purereid.systems.dgnet.networks import Encoder

SMALL = {"backbone": "resnet_small", "last_stride": 1, "pids": [3, 5, 9], "height": 64, "width": 32, "bottleneck": 6}
FULL = {"backbone": "resnet50", "last_stride": 1, "pids": list(range(751)), "height": 256, "width": 128}
DRAWING = {"height": 64, "width": 32, "channels": 2, "blocks": 1, "dilations": [1, 2, 3], "style_width": 5}


def parameters(*networks: torch.nn.Module) -> int:
    return sum(parameter.numel() for network in networks for parameter in network.parameters())


def generator(**changed: object) -> Generator:
    torch.manual_seed(0)
    return Generator(encoder=SMALL, **DRAWING | changed).eval()


def test_full_size_networks_have_the_published_numbers_of_parameters():
    with torch.device("meta"):
        encoder = Encoder(**FULL)
        options = {"channels": 16, "blocks": 4, "dilations": [3, 6, 9], "style_width": 512}
        made = Generator(encoder=FULL, height=256, width=128, **options)
        judge = Discriminator(channels=32, blocks=4, scales=3)
    assert parameters(encoder) == 26_378_782
    assert parameters(encoder.primary) == parameters(encoder.fine) == 1_435_375
    assert parameters(made.structure) == 380_544
    styles = [style for block in made.decoder.blocks for style in (block.scales, block.shifts)]
    assert [parameters(style) for style in styles] == [1_443_072] * 8
    assert parameters(made.decoder) - parameters(*styles) == 1_455_555
    assert parameters(made.structure, made.decoder) == 13_380_675
    assert [parameters(scale) for scale in judge.scales] == [341_857] * 3


def test_full_size_maps_have_the_published_sizes():
    images = torch.zeros(1, 3, 256, 128)
    structure = StructureEncoder(channels=16, blocks=1, dilations=[3, 6, 9]).eval()
    decoder = Decoder(channels=128, features=8, style_width=4, part_major=False).eval()
    with torch.no_grad():
        code = structure(images)
        assert code.shape == (1, 128, 64, 32) and decoder(code, torch.rand(1, 8, 4)).shape == images.shape
        scores = Discriminator(channels=2, blocks=1, scales=3)(images)
    assert [tuple(each.shape[2:]) for each in scores] == [(64, 32), (32, 16), (16, 8)]


def test_the_structure_knows_no_colours():
    torch.manual_seed(0)
    structure, images = StructureEncoder(channels=2, blocks=1, dilations=[1, 2, 3]), torch.randn(2, 3, 64, 32)
    torch.testing.assert_close(structure(images), structure(images[:, [2, 0, 1]]))
    torch.testing.assert_close(structure(images), structure(images.mean(1, keepdim=True).expand_as(images)))


def test_adaptive_instance_norm_against_a_formula():
    torch.manual_seed(0)
    maps, scale, shift = 3 + 2 * torch.randn(2, 3, 4, 5), torch.randn(2, 3), torch.randn(2, 3)
    values = maps.numpy()
    mean = values.mean((2, 3), keepdims=True)
    wanted = (values - mean) / np.sqrt(((values - mean) ** 2).mean((2, 3), keepdims=True) + 1e-5)
    wanted = wanted * scale.numpy()[..., None, None] + shift.numpy()[..., None, None]
    np.testing.assert_allclose(adaptive_instance_norm(maps, scale, shift).numpy(), wanted, rtol=1e-4, atol=1e-5)


def test_layer_norm_against_a_formula_and_image_by_image():
    torch.manual_seed(0)
    norm, maps = LayerNorm(3), 3 + 2 * torch.randn(2, 3, 4, 5)
    assert (norm.scale >= 0).all() and (norm.scale <= 1).all() and not norm.shift.any()
    values = maps.numpy()
    mean, deviation = values.mean((1, 2, 3), keepdims=True), values.std((1, 2, 3), ddof=1, keepdims=True)
    wanted = (values - mean) / (deviation + 1e-5) * norm.scale.detach().numpy()
    np.testing.assert_allclose(norm(maps).detach().numpy(), wanted, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(norm(maps)[1:], norm(maps[1:]))


def test_a_styled_block_takes_the_first_styles_for_its_first_norm():
    torch.manual_seed(0)
    block, maps, code = StyledResidual(4, 6, 5), torch.randn(2, 4, 8, 4), torch.randn(2, 6)
    scales, shifts = block.scales(code), block.shifts(code)
    inner = functional.leaky_relu(adaptive_instance_norm(block.first(maps), scales[:, :4], shifts[:, :4]), 0.2)
    wanted = maps + adaptive_instance_norm(block.second(inner), scales[:, 4:], shifts[:, 4:])
    torch.testing.assert_close(block(maps, code), wanted)


@pytest.mark.parametrize("part_major", [False, True])
def test_which_part_of_the_appearance_a_block_sees(part_major):
    torch.manual_seed(0)
    decoder = Decoder(channels=8, features=6, style_width=4, part_major=part_major).eval()
    seen: list[torch.Tensor] = []
    for block in decoder.blocks:
        block.register_forward_hook(lambda module, inputs, output: seen.append(inputs[1]))
    code = torch.arange(24.0).view(1, 6, 4)
    decoder(torch.randn(1, 8, 16, 8), code)
    flat = code.permute(0, 2, 1).reshape(1, 24) if part_major else code.reshape(1, 24)
    assert torch.equal(torch.cat(seen, dim=1), flat) and [each.shape[1] for each in seen] == [6] * 4
    assert not part_major or torch.equal(seen[1], code[:, :, 1])  # the second stripe


def test_appearance_is_the_maximum_of_each_stripe_and_the_feature_that_of_all():
    encoder, images = Encoder(**SMALL).eval(), torch.randn(3, 3, 64, 32)
    maps = encoder.backbone(images)
    stripes = torch.stack([part.amax(dim=(2, 3)) for part in maps.chunk(4, dim=2)], dim=2)
    primary, fine, appearance = encoder(images)
    torch.testing.assert_close(appearance, stripes)
    torch.testing.assert_close(encoder.appearance(images), stripes)
    pooled = stripes.amax(dim=2)
    torch.testing.assert_close(primary, encoder.primary(pooled))
    torch.testing.assert_close(fine, encoder.fine(pooled))
    assert encoder.primary.bottleneck.dropout.p == 0.5 and encoder.fine.bottleneck.dropout.p == 0.75


@pytest.mark.parametrize(("weight", "parts"), [(0.5, (1, 0.5)), (0, (1, 0)), (-1, (0, 1)), (2.0, (1, 2))])
def test_features_are_compared_by_both_halves(weight, parts):
    encoder = Encoder(**SMALL, fine_weight=weight).eval()
    torch.manual_seed(0)
    views = [encoder.embed(torch.randn(2, 3, 64, 32)) for _ in range(2)]
    first, second = functional.normalize(encoder.combine(views), dim=1).detach()
    halves = []
    for half in (slice(0, 6), slice(6, 12)):  # the published way: view by view, then their sum, to length 1
        total = sum(view[:, half] / view[:, half].norm(dim=1, keepdim=True) for view in views).detach().numpy()
        halves.append(total / np.linalg.norm(total, axis=1, keepdims=True))
    wanted = sum(part * float(half[0] @ half[1]) for part, half in zip(parts, halves, strict=True)) / sum(parts)
    assert float(first @ second) == pytest.approx(wanted, abs=1e-6)


def test_identities_are_those_of_the_primary_head():
    encoder, images = Encoder(**SMALL).eval(), torch.randn(2, 3, 64, 32)
    found = encoder.probabilities(encoder.embed(images))
    torch.testing.assert_close(found, encoder(images)[0].softmax(dim=1))


def test_what_is_drawn_has_the_structure_of_one_and_the_appearance_of_another():
    made = generator()
    torch.manual_seed(1)
    source, pose = (torch.randint(256, (2, 3, 64, 32), dtype=torch.uint8) for _ in range(2))
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (MEAN, STD))
    with torch.no_grad():
        drawn = made.draw({"source": source, "pose_image": pose, "seed": torch.zeros(2)})
        code = made.encoder.appearance((source / 255 - mean) / std)
        wanted = made.decoder(made.structure((pose / 255 - mean) / std), code)
    assert drawn.dtype == torch.uint8 and drawn.shape == source.shape
    torch.testing.assert_close(drawn.float(), ((wanted * std + mean) * 255).round().clamp(0, 255), atol=1, rtol=0)


def test_a_frozen_pass_moves_nothing_and_lets_gradients_reach_the_images():
    torch.manual_seed(0)
    encoder = Encoder(**SMALL).train()
    images = torch.randn(4, 3, 64, 32, requires_grad=True)
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    logits, _, _ = frozen_pass(encoder, images)
    logits.sum().backward()
    assert images.grad.abs().sum() > 0 and all(parameter.grad is None for parameter in encoder.parameters())
    assert all(torch.equal(before[name], value) for name, value in encoder.state_dict().items())
    assert encoder.primary.bottleneck.dropout.training
    assert torch.equal(logits, frozen_pass(encoder, images)[0])  # nothing is dropped
    rest = frozen_pass(encoder, images[:2])[0]
    assert not torch.allclose(rest, logits[:2])  # statistics of the batch


def test_scales_of_the_discriminator_see_the_image_ever_smaller():
    torch.manual_seed(0)
    judge, images = Discriminator(channels=2, blocks=1, scales=2), torch.randn(2, 3, 32, 16)
    for parameter in judge.parameters():
        torch.nn.init.normal_(parameter, std=0.5)  # so that scores differ by more than rounding
    padded = functional.pad(images, (1, 1, 1, 1), value=math.nan)
    small = torch.stack([part.nanmean(dim=(2, 3)) for part in _windows(padded)], dim=2).view(2, 3, 16, 8)
    torch.testing.assert_close(judge(images)[1], judge.scales[1](small))
    assert not torch.allclose(judge.scales[0](small), judge.scales[1](small))


@pytest.mark.parametrize("std", [0.02, 0.08])
def test_first_weights_of_the_discriminator_are_as_large_as_asked_for(std: float):
    torch.manual_seed(0)
    judge = Discriminator(channels=8, blocks=2, scales=2, std=std)
    weights = [module.weight for module in judge.modules() if isinstance(module, torch.nn.Conv2d)]
    assert torch.cat([each.flatten() for each in weights]).std().item() == pytest.approx(std, rel=0.03)


def _windows(images: torch.Tensor) -> list[torch.Tensor]:
    return [images[:, :, 2 * y : 2 * y + 3, 2 * x : 2 * x + 3] for y in range(16) for x in range(8)]
