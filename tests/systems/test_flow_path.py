"""The straight path from noise to an image."""

import math

import pytest
import torch

from purereid.systems.flow.path import draw_times, follow, on_path, velocity_loss


def images(seed: int, count: int = 5) -> torch.Tensor:
    return torch.randn(count, 3, 4, 2, generator=torch.Generator().manual_seed(seed))


def test_the_path_leads_from_noise_to_the_image():
    image, noise = images(1, 3), images(2, 3)
    found = on_path(image, noise, torch.tensor([0.0, 0.25, 1.0]))
    expected = torch.stack([noise[0], 0.25 * image[1] + 0.75 * noise[1], image[2]])
    assert torch.allclose(found, expected, atol=1e-6)


def test_the_loss_is_of_velocities_seen_from_the_same_place():
    image, noise, named = images(1), images(2), images(3)
    times = torch.tensor([0.0, 0.3, 0.5, 0.9, 0.94])
    expected = []
    for number, time in enumerate(times.tolist()):
        place = time * image[number] + (1 - time) * noise[number]
        said, true = (named[number] - place) / (1 - time), (image[number] - place) / (1 - time)
        assert torch.allclose(true, image[number] - noise[number], atol=1e-4)
        expected.append(((said - true) ** 2).mean().item())
    assert velocity_loss(named, image, times).item() == pytest.approx(sum(expected) / 5, rel=1e-4)
    assert velocity_loss(image, image, times).item() == 0


def test_near_the_end_the_loss_stays_finite():
    assert velocity_loss(images(3), images(1), torch.ones(5)).item() == pytest.approx(
        400 * (images(3) - images(1)).square().mean().item(), rel=1e-4
    )


def test_times_are_logit_normal():
    drawn = torch.special.logit(draw_times(20_000, -0.8, 0.6, torch.Generator().manual_seed(0)).double())
    assert drawn.mean().item() == pytest.approx(-0.8, abs=0.02)
    assert drawn.std().item() == pytest.approx(0.6, abs=0.02)


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_following_one_who_knows_the_image_ends_there(steps):
    assert torch.allclose(follow(lambda places, time: images(1), images(2), steps), images(1), atol=1e-6)


@pytest.mark.parametrize("steps", [1, 3, 50])
def test_following_is_eulers_method_along_the_velocity(steps):
    def name(places: torch.Tensor, time: float) -> torch.Tensor:
        return places.tanh() * (1 + time)

    places = images(2)
    for step in range(steps):
        time = step / steps
        velocity = (name(places, time) - places) / (1 - time)
        places = places + velocity / steps
    assert torch.allclose(follow(name, images(2), steps), places, atol=1e-5)


def test_normal_draws_become_what_was_learnt():
    """Of images that are normally distributed the best name is known; the paths lead from noise to their spread."""
    mean, spread = 2.0, 0.3

    def name(places: torch.Tensor, time: float) -> torch.Tensor:
        gain = time * spread**2 / (time**2 * spread**2 + (1 - time) ** 2)
        return mean + gain * (places - time * mean)

    noise = torch.randn(4000, 3, 1, 1, generator=torch.Generator().manual_seed(0))
    found = follow(name, noise, 200)
    assert found.mean().item() == pytest.approx(mean, abs=0.02) and found.std().item() == pytest.approx(
        spread, rel=0.05
    )
    assert follow(name, noise, 1).std().item() == pytest.approx(0, abs=1e-6)  # one step: the mean of all
    assert math.isfinite(found.max().item())
