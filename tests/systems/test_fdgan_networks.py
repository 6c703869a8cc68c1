"""FD-GAN's networks: published sizes, and what their parts compute."""

import copy

import numpy as np
import pytest
import torch
from torch.nn import functional

from purereid.data.transforms import MEAN, STD
from purereid.systems.fdgan.networks import DiscriminatorIdentity, DiscriminatorPose, Encoder, Generator, Verifier

SMALL = {"backbone": "resnet_small", "last_stride": 1, "pids": [1, 2], "height": 64, "width": 32}
FULL = {"backbone": "resnet50", "last_stride": 2, "pids": [1, 2], "height": 256, "width": 128}
DRAWING = {"height": 64, "width": 32, "encoder": SMALL, "channels": 4, "pose_features": 5, "noise": 6}


def parameters(*networks: torch.nn.Module) -> int:
    return sum(parameter.numel() for network in networks for parameter in network.parameters())


def full_generator(**changed: object) -> Generator:
    return Generator(height=256, width=128, encoder=FULL, channels=64, pose_features=128, noise=256, **changed)


def test_full_size_networks_have_the_published_numbers_of_parameters():
    with torch.device("meta"):
        encoder = Encoder(**FULL)
        assert parameters(encoder, Verifier(features=2048)) == 23_516_226
        assert parameters(DiscriminatorIdentity(encoder=FULL)) == 23_514_177
        assert parameters(DiscriminatorPose(channels=64)) == 2_784_065
        of_encoder = parameters(encoder)
        with_skips = [parameters(full_generator(skips=number)) - of_encoder for number in range(6)]
        added = parameters(full_generator(fusion="add")) - of_encoder
    assert with_skips == [55_864_192, 60_058_496, 62_155_648, 62_679_936, 62_811_008, 62_814_080]
    assert added == 54_553_472


def test_the_layers_of_the_generator_have_the_published_numbers_of_parameters():
    with torch.device("meta"):
        generator = full_generator()
    assert [parameters(level) for level in generator.pose_levels] == [18_432, 131_328, 524_800, 2_098_176, 4_195_328]
    assert parameters(generator.pose_code) == 2_097_408 and parameters(generator.start) == 39_846_912
    assert [parameters(level) for level in generator.levels] == [4_195_328, 2_097_664, 524_544, 131_200, 3_072]


def test_a_feature_is_the_mean_over_the_map_and_views_are_averaged():
    encoder, images = Encoder(**SMALL).eval(), torch.randn(3, 3, 64, 32)
    embedded = encoder.embed(images)
    torch.testing.assert_close(embedded, encoder.backbone(images).flatten(2).mean(2))
    other = torch.randn_like(embedded)
    torch.testing.assert_close(encoder.combine([embedded, other]), (embedded + other) / 2)
    assert encoder.probabilities(embedded) is None


def test_verifier_against_a_formula():
    torch.manual_seed(0)
    verifier, first, second = Verifier(features=4), torch.randn(5, 4), torch.randn(5, 4)
    squares = ((first - second) ** 2).numpy()
    normalised = (squares - squares.mean(0)) / np.sqrt(squares.var(0) + 1e-5)
    weight, bias = (tensor.detach().numpy() for tensor in (verifier.classifier.weight, verifier.classifier.bias))
    logits = normalised @ weight.T + bias
    np.testing.assert_allclose(verifier(first, second).detach(), logits, atol=1e-5)
    with torch.no_grad():
        verifier.classifier.bias.copy_(torch.tensor([0.0, 3.0]))  # certain that they are the same
    assert (verifier.eval().differ(first, second).exp() < 0.1).all()


def test_a_new_verifier_cannot_tell():
    verifier = Verifier(features=8)
    assert verifier.classifier.weight.std() < 0.002 and not verifier.classifier.bias.any()
    logits = verifier(torch.randn(50, 8), torch.randn(50, 8))
    assert functional.cross_entropy(logits, torch.ones(50).long()).item() == pytest.approx(0.693, abs=0.01)


def test_the_discriminator_starts_from_what_the_verifier_calls_the_same():
    torch.manual_seed(0)
    encoder, verifier, discriminator = Encoder(**SMALL), Verifier(features=128), DiscriminatorIdentity(encoder=SMALL)
    with torch.no_grad():
        verifier.classifier.weight.normal_()
        verifier.classifier.bias.copy_(torch.tensor([0.25, -0.5]))
        verifier.norm.running_mean.normal_()
    discriminator.start_from(encoder, verifier)
    images = torch.randn(2, 4, 3, 64, 32)
    for network in (encoder, verifier, discriminator):
        network.eval()
    wanted = verifier(*(encoder.embed(side) for side in images))[:, 1:]
    torch.testing.assert_close(discriminator(*(discriminator.embed(side) for side in images)), wanted)


@pytest.mark.parametrize("changed", [{}, {"skips": 3}, {"fusion": "add"}, {"output": "tanh"}])
def test_generator_layer_by_layer(changed: dict):
    torch.manual_seed(0)
    generator = Generator(**DRAWING, **changed).eval()
    features, maps, noise = torch.randn(2, 128), torch.rand(2, 18, 64, 32), torch.randn(2, 6)
    encoded = [generator.pose_levels[0](maps)]
    for level in list(generator.pose_levels)[1:]:
        encoded.append(level[2](level[1](functional.leaky_relu(encoded[-1], 0.2))))
    pose = generator.pose_code[2](generator.pose_code[1](functional.leaky_relu(encoded[-1], 0.2)))[:, :, 0, 0]
    parts = (features, pose, noise)
    code = torch.cat(parts, 1)
    if generator.fusion is not None:
        code = sum(part @ layer.weight.T for part, layer in zip(parts, generator.fusion, strict=True))
    image = generator.start[2](generator.start[1](code.clamp(min=0)[..., None, None]))
    for number, level in enumerate(generator.levels):
        if number < changed.get("skips", 0):
            image = torch.cat([image, functional.leaky_relu(encoded[-1 - number], 0.2)], 1)
        image = level[1](image.clamp(min=0))
        image = level[2](image) if number < 4 else image
    mean, std = (torch.tensor(values)[:, None, None] for values in (MEAN, STD))
    wanted = image.tanh() if changed.get("output") == "tanh" else (image.sigmoid() - mean) / std
    torch.testing.assert_close(generator(features, maps, noise), wanted)
    assert wanted.shape == (2, 3, 64, 32)


@pytest.mark.parametrize("output", ["sigmoid", "tanh"])
def test_what_is_drawn_depends_on_source_pose_and_own_seed_alone(output: str):
    torch.manual_seed(0)
    generator = Generator(**DRAWING, output=output).eval()
    for layer in generator.modules():  # clear colours, and a pose that counts
        if isinstance(layer, torch.nn.ConvTranspose2d) or layer in (*generator.pose_levels, generator.pose_code):
            for tensor in layer.parameters():
                torch.nn.init.normal_(tensor, std=0.3)
    conditions = {
        "source": torch.randint(256, (3, 3, 64, 32), dtype=torch.uint8),
        "keypoints": torch.cat([torch.rand(3, 18, 2) * 60, torch.ones(3, 18, 1)], 2),
        "seed": torch.tensor([1, 2, 3]),
    }
    with torch.inference_mode():
        drawn = generator.draw(conditions)
        assert drawn.dtype == torch.uint8 and drawn.shape == (3, 3, 64, 32) and drawn.float().std() > 5
        alone = generator.draw({name: values[1:2] for name, values in conditions.items()})
        assert (alone.int() - drawn[1:2].int()).abs().max() <= 1
        for name, values in conditions.items():
            assert not torch.equal(generator.draw(conditions | {name: values.flip(0)}), drawn), name
    if output == "tanh":  # colours beyond mean +- std cannot be had
        low, high = (255 * (np.array(MEAN) + sign * np.array(STD)) for sign in (-1, 1))
        colours = drawn.permute(0, 2, 3, 1).numpy()
        assert (colours >= low - 1).all() and (colours <= high + 1).all()


def test_weights_start_as_published():
    torch.manual_seed(0)
    generator = Generator(**DRAWING | {"channels": 16}, fusion="add")
    for layer in (generator.pose_levels[2][1], generator.start[1], generator.levels[1][1], generator.fusion[0]):
        assert layer.weight.std().item() == pytest.approx(0.02, rel=0.1) and layer.bias is None
    norm = generator.levels[0][2]
    assert abs(norm.weight.mean() - 1) < 0.02 and norm.weight.std() > 0.01 and not norm.bias.any()
    fresh = copy.deepcopy(generator.encoder)
    assert fresh.backbone.stem[0].weight.std() > 0.05  # the encoder is left as it was made


def test_the_discriminator_of_poses_judges_patches():
    logits = DiscriminatorPose(channels=4)(torch.rand(2, 18, 64, 32), torch.randn(2, 3, 64, 32))
    assert logits.shape == (2, 1, 6, 2)
    assert DiscriminatorPose(channels=4).layers[0].bias is not None
