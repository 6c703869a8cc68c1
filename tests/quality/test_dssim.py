"""Diversity within identities."""

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from purereid.errors import UserError
from purereid.quality import dssim
from purereid.quality.dssim import diversity


def random_images(number: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(number).integers(0, 256, (number, 3, 12, 9), dtype=np.uint8))


def distance(a: torch.Tensor, b: torch.Tensor) -> float:
    a, b = (image.permute(1, 2, 0).numpy() for image in (a, b))
    return (1 - structural_similarity(a, b, channel_axis=2)) / 2


def test_identities_of_two_images_leave_nothing_to_chance():
    images = random_images(5)
    found = diversity(images, np.array([7, 3, 7, 3, 5]), np.random.default_rng(0))
    expected = (distance(images[0], images[2]) + distance(images[1], images[3])) / 2
    assert found.value == pytest.approx(expected, abs=1e-9)
    assert found.spread == pytest.approx(0, abs=1e-12)
    assert (found.identities, found.skipped, found.pairs) == (2, 1, 100)


def test_copies_have_no_diversity():
    images = random_images(1).repeat(4, 1, 1, 1)
    assert diversity(images, np.zeros(4, np.int64), np.random.default_rng(0)).value == pytest.approx(0, abs=1e-12)


def test_pairs_and_running_means(monkeypatch: pytest.MonkeyPatch):
    pids = np.array([4, 9, 4, 9, 4, 1, 9, 9])
    images = torch.arange(8, dtype=torch.uint8)[:, None, None, None].expand(8, 3, 8, 8)
    drawn, scores = [], [0.5, 0.1, 0.3, 0.9, 0.2]

    def fake(first: torch.Tensor, second: torch.Tensor, *, window: str, data_range: float) -> torch.Tensor:
        assert (window, data_range) == ("uniform", 255)
        drawn.append(torch.stack([first[:, 0, 0, 0], second[:, 0, 0, 0]]).numpy())
        return torch.full((len(first),), scores[len(drawn) - 1], dtype=torch.float64)

    monkeypatch.setattr(dssim, "ssim", fake)
    found = diversity(images, pids, np.random.default_rng(3))
    means = [np.mean([(1 - score) / 2 for score in scores[: count + 1]]) for count in range(5)]
    assert found.value == pytest.approx((min(means) + max(means)) / 2)
    assert found.spread == pytest.approx((max(means) - min(means)) / 2)
    assert len(drawn) == 5
    for first, second in drawn:
        assert (first != second).all()
        assert (pids[first] == pids[second]).all()
        assert sorted(pids[first]) == [4] * 10 + [9] * 10
    assert not np.array_equal(drawn[0], drawn[1])
    together = {tuple(pair) for pass_ in drawn for pair in pass_.T}
    assert {pair for pair in together if pids[pair[0]] == 4} == {(0, 2), (0, 4), (2, 0), (2, 4), (4, 0), (4, 2)}


def test_the_generator_decides():
    images, pids = random_images(12), np.repeat([1, 2], 6)
    same = [diversity(images, pids, np.random.default_rng(5)) for _ in range(2)]
    assert same[0] == same[1]
    assert same[0] != diversity(images, pids, np.random.default_rng(6))


def test_lonely_images_are_told():
    with pytest.raises(UserError, match="no identity has two images"):
        diversity(random_images(3), np.arange(3), np.random.default_rng(0))
    with pytest.raises(UserError, match="too small"):
        diversity(random_images(2)[..., :6], np.zeros(2, np.int64), np.random.default_rng(0))
