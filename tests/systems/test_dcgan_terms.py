"""The unconditional generator and its discriminator: which way each loss goes, what it moves, who is shown what."""

import copy

import pytest
import torch
from torch.nn.functional import softplus

from purereid.networks.registry import trainer_class
from purereid.training.stage import Inputs
from seeds import weights_of
from terms import gradients, parts_moved, shown_to


@pytest.fixture
def trainer_of(people, gan_settings):
    """Makes trainers, of whose generator and discriminator either may rest."""

    def make(resting: str = "", **changed: object):
        settings = gan_settings("dcgan", precision="fp32", generator_updates=1) | changed
        trainer = trainer_class("dcgan", "generator")(Inputs(people.index), settings, torch.device("cpu"))
        if resting:
            trainer.optimisers[resting] = trainer.optimisers[resting]._replace(rate=0.0)
        return trainer

    return make


def test_a_step_by_hand(trainer_of):
    """The discriminator learns first, and then the generator from the discriminator as it is by then."""
    trainer = trainer_of()
    networks, (images, noise) = copy.deepcopy(trainer.networks), trainer.batch(0)
    generator, discriminator = networks["generator"], networks["discriminator"]
    real, fake = images / 127.5 - 1, generator(noise).detach()
    judging = {
        "discriminator_real": softplus(-discriminator(real)),
        "discriminator_fake": softplus(discriminator(fake)),
    }
    found = trainer.step(0, (images, noise))
    for name, value in judging.items():
        assert float(found[name]) == pytest.approx(float(value.detach().mean()), rel=1e-4)
    sum(value.mean() for value in judging.values()).backward()
    torch.optim.Adam(discriminator.parameters(), float(found["learning_rate"]), (0.5, 0.999)).step()
    for own, other in zip(trainer.networks["discriminator"].parameters(), discriminator.parameters(), strict=True):
        torch.testing.assert_close(own, other, rtol=1e-3, atol=1e-6)
    generator.zero_grad()
    fooling = softplus(-discriminator(generator(noise))).mean()
    fooling.backward()
    assert float(found["loss"]) == pytest.approx(float(fooling.detach()), rel=1e-4)
    wanted = gradients(generator)
    most = float(wanted.abs().max())
    torch.testing.assert_close(gradients(trainer.networks["generator"]), wanted, rtol=1e-2, atol=1e-2 * most)


@pytest.mark.parametrize("learning", ["generator", "discriminator"])
def test_who_learns_from_what(trainer_of, learning: str):
    """A generator that its drawings be called real, a discriminator that real images be and drawings be not."""
    resting = "discriminator" if learning == "generator" else "generator"
    trainer = trainer_of(resting, learning_rate=1e-3, generator_updates=2)
    images, noise = trainer.batch(0)

    @torch.no_grad()
    def verdicts() -> tuple[float, float]:
        """On real images and on drawings."""
        generator, discriminator = (copy.deepcopy(trainer.networks[name]) for name in ("generator", "discriminator"))
        return tuple(float(discriminator(each).mean()) for each in (images / 127.5 - 1, generator(noise)))

    before = verdicts()
    assert parts_moved(trainer.networks, lambda: trainer.step(0, (images, noise))) == {learning}
    after = verdicts()
    if learning == "generator":
        assert after[1] > before[1]
    else:
        assert after[0] - after[1] > before[0] - before[1]


def test_what_is_judged_is_real_drawn_and_drawn_again_in_each_update_of_the_generator(trainer_of):
    trainer = trainer_of(generator_updates=2, learning_rate=1e-2)
    images, noise = trainer.batch(0)
    judged, given = (shown_to(trainer.networks[name]) for name in ("discriminator", "generator"))
    trainer.step(0, (images, noise))
    real, drawn, again, later = judged
    torch.testing.assert_close(real, images / 127.5 - 1)
    torch.testing.assert_close(drawn, again)  # nothing of the generator has parts_moved between them
    assert not torch.allclose(again, later, atol=1e-4)
    assert len(given) == 3 and all(torch.equal(each, noise) for each in given)


def test_weights_noise_and_order_follow_from_seed_and_step(trainer_of):
    trainer, same, other = trainer_of(), trainer_of(), trainer_of(seed=7)
    for own, again in zip(trainer.batch(1), same.batch(1), strict=True):
        assert torch.equal(own, again)
    for own, later, seeded in zip(trainer.batch(0), trainer.batch(1), other.batch(0), strict=True):
        assert not torch.equal(own, later) and not torch.equal(own, seeded)
    assert weights_of(trainer) == weights_of(same) != weights_of(other)
    noise = torch.cat([trainer.batch(step)[1] for step in range(20)])
    assert -1 <= noise.min() < -0.99 and 0.99 < noise.max() <= 1


def test_each_round_of_the_images_has_an_order_of_its_own(trainer_of):
    rounds = {}
    for seed in (1, 7):
        trainer = trainer_of(seed=seed, flip=0.0)
        size, count = trainer.settings["batch"], len(trainer.data.images)
        steps = range(-(-2 * count // size))
        seen = [image.numpy().tobytes() for step in steps for image in trainer.batch(step)[0]]
        rounds[seed] = seen[:count], seen[count : 2 * count]
    (first, second), (other, _) = rounds[1], rounds[7]
    assert sorted(first) == sorted(second) == sorted(other) and first != second and first != other
