"""Losses, history pool and schedules of the pose-guided generator, against slow references and published tables."""

import math

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from purereid.data.transforms import MEAN, STD
from purereid.data.weights import _checksum
from purereid.errors import UserError
from purereid.systems.bot.networks import Encoder
from purereid.systems.posegan.history import History
from purereid.systems.posegan.losses.encoder_features import EncoderFeatures
from purereid.systems.posegan.losses.identity import identity_loss
from purereid.systems.posegan.losses.map_distance import map_distance
from purereid.systems.posegan.losses.perceptual import PerceptualLoss
from purereid.systems.posegan.schedule import identity_factor, rate_factor


def test_identity_loss_is_the_angle_beyond_0_4_of_standardised_features():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 6, 5))
    standard = [(x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5) for x in (first, second)]
    cosine = [a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a, b in zip(*standard, strict=True)]
    expected = np.mean([max(math.acos(c) - 0.4, 0) for c in cosine])
    assert identity_loss(torch.from_numpy(first), torch.from_numpy(second)).item() == pytest.approx(expected, rel=1e-5)
    same = torch.from_numpy(first).float().requires_grad_()
    loss = identity_loss(same, same.detach())
    loss.backward()
    assert loss.item() == 0 and torch.isfinite(same.grad).all()


def test_map_distance_is_the_mean_of_the_layers_shares():
    rng = np.random.default_rng(0)
    made, true = (
        [rng.normal(size=shape) * 10**n for n, shape in enumerate([(2, 3, 4, 2), (2, 5, 2, 1)])] for _ in "ab"
    )
    expected = np.mean(
        [np.abs(one - other).mean() / np.abs(other).mean() for one, other in zip(made, true, strict=True)]
    )
    tensors = [[torch.from_numpy(each) for each in maps] for maps in (made, true)]
    assert map_distance(*tensors).item() == pytest.approx(expected, rel=1e-6)
    assert map_distance(tensors[1], tensors[1]).item() == 0


@pytest.mark.parametrize("backbone", ["resnet_small", "resnet18"])
def test_an_encoder_is_seen_through_and_learns_nothing(backbone: str):
    torch.manual_seed(0)
    shape = {"height": 64, "width": 32, "last_stride": 1, "bnneck": True, "extra_class": False}
    encoder = Encoder(backbone=backbone, pids=[1, 2], **shape)
    features = EncoderFeatures(encoder)
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    images = (torch.rand(4, 3, 64, 32) * 2 - 1).requires_grad_()
    seen, again = features(images), features(images)
    by_hand = ((images + 1) / 2 - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
    torch.testing.assert_close(seen.feature, encoder.embed(by_hand))
    assert len(seen.maps) == len(again.maps) == (5 if backbone == "resnet_small" else 4)
    heights = [each.shape[2] for each in seen.maps]
    assert heights == sorted(heights, reverse=True) and heights[0] > heights[-1]
    torch.testing.assert_close(seen.maps[-1].mean(dim=(2, 3)), encoder.pool(by_hand))
    for loss in (seen.feature.square().sum(), seen.maps[0].square().sum(), seen.maps[-1].square().sum()):
        (gradient,) = torch.autograd.grad(loss, images, retain_graph=True)
        assert gradient.abs().sum() > 0
    assert all(torch.equal(before[name], value) for name, value in encoder.state_dict().items())
    assert not any(parameter.requires_grad for parameter in features.parameters())


@pytest.fixture
def vgg(tmp_path):
    """A file with random weights under VGG-19's names, and a further layer that is not used."""
    generator = torch.Generator().manual_seed(0)
    shapes = {"0.weight": (64, 3, 3, 3), "0.bias": (64,), "2.weight": (64, 64, 3, 3), "2.bias": (64,), "5.bias": (128,)}
    state = {f"features.{name}": torch.randn(shape, generator=generator) * 0.1 for name, shape in shapes.items()}
    save_file(state, tmp_path / "vgg19.safetensors")
    return tmp_path / "vgg19.safetensors", state


def test_perceptual_loss_is_l1_after_conv1_2_and_relu(vgg):
    path, state = vgg
    generated, true = torch.rand(2, 2, 3, 8, 6).requires_grad_()
    loss = PerceptualLoss(path, _checksum(path, ""))(generated, true)

    def features(images):
        x = ((images + 1) / 2 - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
        for layer in ("0", "2"):
            weights = state[f"features.{layer}.weight"], state[f"features.{layer}.bias"]
            x = torch.nn.functional.conv2d(x, *weights, padding=1).clamp(min=0)
        return x

    torch.testing.assert_close(loss, (features(generated) - features(true)).abs().mean())
    gradients = torch.autograd.grad(loss, [generated, true], allow_unused=True)
    assert gradients[0].abs().sum() > 0 and gradients[1] is None


def test_perceptual_loss_names_unusable_weights(vgg, tmp_path):
    with pytest.raises(UserError, match="perceptual_weights_sha256 to"):
        PerceptualLoss(vgg[0], "0" * 64)
    save_file({"features.0.weight": torch.zeros(8, 3, 3, 3)}, tmp_path / "other.safetensors")
    other = tmp_path / "other.safetensors"
    with pytest.raises(UserError, match=r"of another network: no fitting features\.0"):
        PerceptualLoss(other, _checksum(other, ""))


def test_history_gives_back_what_comes_until_it_is_full():
    pool, generator = History(5), torch.Generator().manual_seed(0)
    first = torch.arange(4.0).view(4, 1, 1, 1)
    assert torch.equal(pool.exchange(first, generator), first) and len(pool.images) == 4


def test_history_exchanges_half_of_the_images_as_a_slow_reference_does():
    pool, generator, reference = History(5), torch.Generator().manual_seed(3), torch.Generator().manual_seed(3)
    kept: list[float] = []
    swaps = 0
    for number in range(60):
        batch = torch.arange(4.0).add(4 * number).view(4, 1, 1, 1)
        back = pool.exchange(batch, generator).flatten().tolist()
        values, late = batch.flatten().tolist(), 4 - min(4, 5 - len(kept))
        swapped = (torch.rand(late, generator=reference) < 0.5).tolist()
        places = torch.randint(5, (late,), generator=reference).tolist()
        expected = values[: 4 - late]
        kept += values[: 4 - late]
        for value, swap, place in zip(values[4 - late :], swapped, places, strict=True):
            expected.append(kept[place] if swap else value)
            if swap:
                kept[place], swaps = value, swaps + 1
        assert back == expected and pool.images.flatten().tolist() == kept
    assert 80 < swaps < 160


def test_no_history_changes_nothing():
    pool, images = History(0), torch.randn(3, 1, 1, 1)
    assert torch.equal(pool.exchange(images, torch.Generator()), images) and len(pool.images) == 0


def published_factor(epoch: int) -> float:
    """The one factor of all steps of an epoch, counted from 1."""
    options = {"epochs": 1800, "schedule": "published", "warmup_epochs": 5}
    (factor,) = {rate_factor(step, 125, **options) for step in range(125 * (epoch - 1), 125 * epoch)}
    return factor


@pytest.mark.parametrize(
    ("epoch", "factor"),
    [(1, 0.208), (2, 0.406), (5, 1), (29, 1), (30, 0.6), (59, 0.6), (60, 0.36), (1599, 0.6**16), (1800, 0.6**17)],
)
def test_published_schedule(epoch: int, factor: float):
    assert published_factor(epoch) == pytest.approx(factor)


def test_published_rates_are_those_of_the_paper():
    rates = [2e-4 * published_factor(epoch) for epoch in (150, 500, 1800)]
    assert rates == pytest.approx([1.6e-5, 2.0e-6, 3.4e-8], rel=0.03)


@pytest.mark.parametrize(("schedule", "half"), [("linear", 0.5), ("cosine", 0.5), ("constant", 1.0)])
def test_shorter_schedules(schedule: str, half: float):
    factors = [rate_factor(step, 2, epochs=10, schedule=schedule, warmup_epochs=0) for step in (0, 10, 20)]
    assert factors == pytest.approx([1, half, 0 if schedule != "constant" else 1])


@pytest.mark.parametrize(("epoch", "factor"), [(1, 0), (50, 0), (51, 0.01), (100, 0.5), (150, 1), (151, 1), (1800, 1)])
def test_weight_of_the_identity_loss_grows_as_published(epoch: int, factor: float):
    assert identity_factor(epoch, 50, 150) == pytest.approx(factor)
    assert identity_factor(epoch, 0, 0) == 1
