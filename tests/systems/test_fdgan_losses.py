"""FD-GAN's own losses and its schedule."""

import math

import numpy as np
import pytest
import torch

from purereid.losses.adversarial import FAKE, REAL
from purereid.systems.fdgan.losses import same_pose, smoothed_targets, verification
from purereid.systems.fdgan.schedule import rate_factor


def test_smoothed_targets_stay_on_their_side(monkeypatch):
    monkeypatch.setattr("purereid.systems.fdgan.losses.SWAPPED", 0.0)
    draws = torch.Generator().manual_seed(0)
    real, fake = np.array([smoothed_targets(0.3, draws) for _ in range(2000)]).T
    assert 0.7 <= real.min() < 0.71 and 0.99 < real.max() <= 1 and real.mean() == pytest.approx(0.85, abs=0.01)
    assert 0 <= fake.min() < 0.01 and 0.29 < fake.max() <= 0.3
    assert abs(np.corrcoef(real, fake)[0, 1]) < 0.1
    assert smoothed_targets(0.0, draws) == (REAL, FAKE) == (1, 0)


def test_real_and_fake_seldom_change_places_together(monkeypatch):
    monkeypatch.setattr("purereid.systems.fdgan.losses.SWAPPED", 0.5)
    draws = torch.Generator().manual_seed(0)
    found = [smoothed_targets(0.3, draws) for _ in range(200)]
    assert all((real > 0.5) != (fake > 0.5) for real, fake in found)
    assert 60 < sum(real > 0.5 for real, _ in found) < 140


def test_pictures_of_one_person_in_one_pose_are_compared_by_loops():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 4, 3, 2, 2))
    same = np.array([True, False, True, False])
    total = [abs(first[b] - second[b]).mean() for b in range(4) if same[b]]
    found = same_pose(torch.tensor(first).float(), torch.tensor(second).float(), torch.tensor(same))
    assert found.item() == pytest.approx(sum(total) / 2, rel=1e-5)


def test_without_a_pair_of_one_person_there_is_no_difference():
    first = torch.randn(2, 3, 2, 2, requires_grad=True)
    loss = same_pose(first, torch.randn(2, 3, 2, 2), torch.zeros(2, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0 and not first.grad.any()


def test_verification_is_the_cross_entropy_of_same():
    logits, same = [[2.0, -1.0], [0.5, 0.5]], [True, False]
    by_hand = [-math.log(math.exp(-1) / (math.exp(2) + math.exp(-1))), math.log(2)]
    found = verification(torch.tensor(logits), torch.tensor(same))
    assert found.item() == pytest.approx(sum(by_hand) / 2)


def test_schedule_is_flat_and_then_a_line_to_nothing():
    rates = [rate_factor(step, 2, epochs=100, schedule="published", flat_epochs=50) for step in range(200)]
    assert rates[::2] == rates[1::2]  # by epoch
    by_epoch = rates[::2]
    published = [1 - max(0, e + 2 - 50) / 51 for e in range(100)]
    assert by_epoch == pytest.approx(published)
    others = [rate_factor(step, 2, epochs=3, schedule="cosine", flat_epochs=1) for step in range(6)]
    assert others == pytest.approx([0.5 + 0.5 * math.cos(math.pi * step / 6) for step in range(6)])
    assert by_epoch[48] == 1 and by_epoch[49] == pytest.approx(50 / 51) and by_epoch[-1] == 0
