"""SAN's networks and losses: sizes of the spec, and slow references."""

import copy

import numpy as np
import pytest
import torch
from torch.nn import functional

from purereid.networks.backbones import build_backbone, map_widths, maps
from purereid.systems.san.losses import published_triplets, tap_triplets
from purereid.systems.san.painting import Decoder, Painter, UpBlock, as_targets
from purereid.systems.san.recognition import Encoder

FULL = {"backbone": "resnet50", "last_stride": 1, "height": 256, "width": 128}
SMALL = {"backbone": "resnet_small", "last_stride": 1, "height": 32, "width": 16}
PUBLISHED = [512, 256, 64, 32, 16]


def count(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_published_sizes():
    head = {"bnneck": False, "bottleneck": 512, "bottleneck_activation": "relu", "bottleneck_dropout": 0.0}
    assert count(Encoder(pids=list(range(767)), **head, **FULL)) == 24_558_144 + 513 * 767
    decoder = Decoder([256, 512, 1024, 2048], PUBLISHED)
    assert count(decoder) == 9_071_075
    assert [count(block) for block in decoder.blocks] == [5_900_544, 1_328_192, 92_448, 23_184]
    parts = (decoder.reduce, decoder.third, decoder.second, decoder.first, decoder.last)
    assert [count(part) for part in parts] == [1_050_112, 525_824, 131_840, 16_576, 2_355]


def test_published_maps():
    decoder = Decoder([256, 512, 1024, 2048], PUBLISHED).eval()
    shapes = [(256, 64, 32), (512, 32, 16), (1024, 16, 8), (2048, 16, 8)]
    with torch.no_grad():
        painted, taps = decoder([torch.zeros(1, *shape) for shape in shapes])
    assert painted.shape == (1, 3, 256, 256)
    assert [tuple(tap.shape[1:]) for tap in taps] == [(256, 32, 16), (64, 64, 32), (32, 128, 64), (16, 256, 128)]


def test_maps_of_full_size_backbones():
    assert map_widths(build_backbone("resnet50")[0]) == [256, 512, 1024, 2048]
    backbone, _ = build_backbone("resnet_small")
    images = torch.rand(2, 3, 32, 16)
    assert torch.equal(maps(backbone.eval(), images)[-1], backbone(images))
    assert [found.shape[2:] for found in maps(backbone, images)] == [(16, 8), (8, 4), (4, 2), (4, 2)]


def test_widths_are_found_on_any_device():
    assert map_widths(build_backbone("resnet_small")[0].to("meta")) == [16, 32, 64, 128]


def test_neck_and_classifier_see_labelled_images_alone():
    torch.manual_seed(0)
    encoder = Encoder(pids=[1, 2, 3], **SMALL)
    images = torch.randn(6, 3, 32, 16)
    pooled, seen, logits, found = encoder(images, 4)
    assert [len(each) for each in (pooled, seen, logits)] == [4, 4, 4] and len(found[-1]) == 6
    mean = encoder.pooling(found[-1][:4]).mean(dim=0)
    assert torch.allclose(encoder.neck.running_mean, 0.1 * mean.detach(), atol=1e-6)


def test_a_decoder_step_by_step():
    """The order of skips, blocks and stretching, written out."""
    torch.manual_seed(0)
    decoder = Decoder([2, 3, 4, 5], [4, 3, 2, 2]).eval()
    found = [torch.rand(2, c, h, h // 2) for c, h in ((2, 16), (3, 8), (4, 4), (5, 4))]
    x = decoder.blocks[0](decoder.third(found[2]) + decoder.reduce(found[3]))
    y = decoder.blocks[1](decoder.second(found[1]) + x)
    z = decoder.blocks[2](decoder.first(found[0]) + y)
    narrow = decoder.last[1](functional.pad(z, (3, 3, 3, 3), mode="reflect"))
    painted, taps = decoder(found)
    assert all(torch.equal(tap, one) for tap, one in zip(taps, (x, y, z), strict=True))
    assert painted.shape == (2, 3, 32, 32) and narrow.shape == (2, 3, 32, 16)
    assert torch.allclose(painted[..., 0], narrow[..., 0]) and torch.allclose(painted[..., -1], narrow[..., -1])
    place = 7 * 15 / 31  # of column 7 of 32 among 16
    left = int(place)
    between = narrow[..., left] * (left + 1 - place) + narrow[..., left + 1] * (place - left)
    assert torch.allclose(painted[..., 7], between, atol=1e-6)


def test_a_block_step_by_step():
    torch.manual_seed(0)
    block = UpBlock(3, 2).eval()
    x = torch.randn(1, 3, 4, 2)
    first, norm, _, second, other = block.residual
    inner = other(
        functional.conv2d(torch.relu(norm(functional.conv2d(x, first.weight, padding=1))), second.weight, padding=1)
    )
    large = functional.interpolate(torch.relu(x + inner), (8, 4), mode="bilinear", align_corners=False)
    weights = block.enlarged[1]
    expected = functional.conv2d(functional.pad(large, (1, 1, 1, 1), mode="reflect"), weights.weight, weights.bias)
    assert torch.allclose(block(x), expected, atol=1e-6)


def test_a_texture_begins_as_grey_and_is_painted_in_its_colours():
    torch.manual_seed(0)
    painter = Painter(widths=[8, 4, 4, 4], pids=[], **SMALL).eval()
    with torch.no_grad():
        assert painter(torch.randn(2, 3, 32, 16)).abs().max() < 0.05
        painter.decoder.last[1].bias.copy_(torch.tensor([-1.2, 0.0, 1.0]))
        painted = painter.paint(torch.zeros(1, 3, 32, 16), 16)
    assert painted.shape == (1, 3, 16, 16) and painted.dtype == torch.uint8
    assert painted[0, :, 5, 5].tolist() == [0, 128, 255] or painted[0, :, 5, 5].tolist() == [0, 127, 255]
    wanted = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    assert torch.allclose(as_targets(wanted, 16), (wanted / 255 - 0.5) / 0.5, atol=1e-6)


def test_the_published_start_of_the_encoder():
    torch.manual_seed(0)
    head = {"bnneck": False, "bottleneck": 512, "bottleneck_activation": "relu", "bottleneck_dropout": 0.0}
    encoder = Encoder(pids=list(range(300)), **head, **SMALL)
    assert float(encoder.classifier.weight.detach().std()) == pytest.approx(0.01, rel=0.02)
    assert float(encoder.neck.linear.weight.detach().std()) == pytest.approx(0.01, rel=0.02)
    assert (encoder.neck.norm.weight == 1).all() and (encoder.neck.norm.bias == 0).all()
    feature = encoder.eval().embed(torch.randn(4, 3, 32, 16))
    assert (feature >= 0).all() and feature.shape == (4, 512)  # after ReLU, as published, and not normalised
    assert not torch.allclose(feature.norm(dim=1), torch.ones(4))


def test_published_triplets_are_those_of_a_loop():
    draws = np.random.default_rng(0)
    taps = [draws.normal(size=(12, 3, 2 * n, n)) for n in (1, 2, 3, 4)]

    def distance(tap: np.ndarray, a: int, b: int) -> float:
        return float(np.mean((tap[a] - tap[b]) ** 2))

    expected = 0.0
    for i in (0, 4):
        expected += max(0, distance(taps[0], i, i + 1) - distance(taps[0], i, i + 4) + 0.3)
        expected += max(0, distance(taps[1], i + 1, i + 2) - distance(taps[1], i + 1, i + 5) + 0.3)
        expected += max(0, distance(taps[2], i + 2, i + 3) - distance(taps[2], i + 2, i + 6) + 0.3)
        expected += max(0, distance(taps[3], i, i + 3) - distance(taps[3], i + 3, i + 4) + 0.3)
    found = published_triplets([torch.tensor(tap) for tap in taps], 4, 0.3)
    assert float(found) == pytest.approx(expected, rel=1e-5) and expected > 0


def test_published_triplets_start_at_18():
    taps = [torch.zeros(64, 2, 4, 2) for _ in range(4)]
    assert float(published_triplets(taps, 4, 0.3)) == pytest.approx(18.0)


def test_hard_triplets_are_those_of_a_loop():
    draws = np.random.default_rng(1)
    labels = np.array([0, 0, 1, 1, 2, 2])
    tap = draws.normal(size=(6, 3, 16, 8))
    cells = tap.reshape(6, 3, 8, 2, 4, 2).mean(axis=(3, 5)).reshape(6, -1)
    cells /= np.linalg.norm(cells, axis=1, keepdims=True)
    gaps = np.linalg.norm(cells[:, None] - cells[None], axis=2)
    expected = 0.0
    for i in range(6):
        same = [gaps[i, j] for j in range(6) if labels[j] == labels[i] and j != i]
        other = [gaps[i, j] for j in range(6) if labels[j] != labels[i]]
        expected += max(0, max(same) - min(other) + 0.3) / 6
    found = tap_triplets([torch.tensor(tap)] * 2, torch.tensor(labels), 0.3)
    assert float(found) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("kind", ["hard", "published"])
def test_triplets_draw_persons_apart(kind: str):
    torch.manual_seed(0)
    labels = torch.arange(3).repeat_interleave(4)
    taps = [torch.randn(12, 2, 8, 4, requires_grad=True) for _ in range(4)]
    loss = tap_triplets(taps, labels, 0.3) if kind == "hard" else published_triplets(taps, 4, 0.3)
    before = copy.deepcopy([tap.detach() for tap in taps])
    loss.backward()
    moved = [tap - 0.05 * gradient for tap, gradient in zip(before, [tap.grad for tap in taps], strict=True)]
    again = tap_triplets(moved, labels, 0.3) if kind == "hard" else published_triplets(moved, 4, 0.3)
    assert all((tap.grad != 0).any() for tap in taps) and float(again) < float(loss.detach())
