"""The pose-guided generator and its discriminators: which way each loss goes, what it moves, who is shown what."""

import copy
import hashlib

import pytest
import torch
from safetensors.torch import save_file
from torch.nn.functional import softplus

from purereid.data.pairs import read_pairs
from purereid.networks.registry import description, trainer_class
from purereid.systems.posegan.losses.identity import identity_loss
from purereid.systems.posegan.losses.map_distance import map_distance
from purereid.training.stage import Inputs
from seeds import weights_of
from terms import gradients, parts_moved, shown_to

TERMS = ("adversarial", "matching", "l1", "perceptual", "encoder_maps", "identity")
WEIGHTS = {"adversarial": 3.0, "matching": 5.0, "l1": 7.0, "perceptual": 11.0, "encoder_maps": 13.0, "identity": 17.0}
DISCRIMINATORS = ("discriminator_pose", "discriminator_source")
CALM = {"weight_decay": 0.0, "warmup_epochs": 0, "schedule": "constant", "precision": "fp32"}
CALM |= {"discriminator_form": "residual", "discriminator_blocks": 1}  # of ``patch`` each pass moves the norms


@pytest.fixture(scope="module")
def vgg(tmp_path_factory) -> dict[str, str]:
    """Settings that name a file of random weights as those of VGG-19."""
    draws = torch.Generator().manual_seed(0)
    shapes = {"0.weight": (64, 3, 3, 3), "0.bias": (64,), "2.weight": (64, 64, 3, 3), "2.bias": (64,)}
    path = tmp_path_factory.mktemp("vgg") / "vgg19.safetensors"
    save_file({f"features.{name}": torch.randn(shape, generator=draws) * 0.1 for name, shape in shapes.items()}, path)
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"perceptual_weights": str(path), "perceptual_weights_sha256": checksum}


@pytest.fixture
def trainer_of(people, gan_settings, vgg):
    """Makes trainers with all losses."""

    def make(**changed: object):
        files = {"pairs": people.train_pairs, "parts": people.parts, "encoder": people.encoder}
        inputs = Inputs(people.index, files, conditions=description("posegan").conditions)
        weights = {f"{name}_weight": weight for name, weight in WEIGHTS.items()}
        settings = gan_settings("posegan", **(CALM | vgg | weights | {"identity_epochs": [0, 2]} | changed))
        return trainer_class("posegan", "generator")(inputs, settings, torch.device("cpu"))

    return make


def alone(trainer, term: str) -> None:
    """Let one term count and no other."""
    trainer.settings |= {f"{name}_weight": float(name == term) for name in TERMS} | {"identity_epochs": [0, 0]}


def losses(trainer, networks: dict, batch: dict) -> tuple[dict, dict]:
    """What the generator and each discriminator should minimise, term by term."""
    source, target = (batch[name] / 127.5 - 1 for name in ("source", "target"))
    conditions = dict(zip(DISCRIMINATORS, (batch["parts"], source), strict=True))
    fake = networks["generator"](source, batch["parts"])
    terms, judging = dict.fromkeys(("adversarial", "matching"), torch.zeros(())), {}
    for name, condition in conditions.items():
        on_real, on_fake = (networks[name].maps(torch.cat([image, condition], dim=1)) for image in (target, fake))
        terms["adversarial"] = terms["adversarial"] + softplus(-on_fake[-1]).mean()
        terms["matching"] = terms["matching"] + map_distance(on_fake[:-1], [each.detach() for each in on_real[:-1]])
        judged = networks[name](torch.cat([fake.detach(), condition], dim=1))
        judging[name] = softplus(-on_real[-1]).mean() + softplus(judged).mean()
    terms["l1"] = (fake - target).abs().mean()
    terms["perceptual"] = trainer.perceptual(fake, target)
    seen, wanted = trainer.encoder(fake), trainer.encoder(target)
    terms["encoder_maps"] = map_distance(seen.maps, wanted.maps)
    terms["identity"] = identity_loss(seen.feature, wanted.feature)
    return terms, judging


def test_a_step_by_hand(trainer_of):
    """All values, and the gradients of all three networks, from the networks as they were."""
    trainer = trainer_of()
    networks, batch = copy.deepcopy(trainer.networks), trainer.batch(0)
    terms, judging = losses(trainer, networks, batch)
    halves = {"adversarial": 0.5, "matching": 0.5, "identity": 0.5}  # the last: after half of its epochs
    total = sum(WEIGHTS[name] * halves.get(name, 1) * value for name, value in terms.items())
    found = trainer.step(0, batch)
    for name, value in (terms | judging | {"loss": total}).items():
        assert float(found[name]) == pytest.approx(float(value.detach()), rel=1e-4), name
    wanted = {name: WEIGHTS["adversarial"] / 2 * value for name, value in judging.items()} | {"generator": total}
    for name, value in wanted.items():
        networks[name].zero_grad()
        value.backward(inputs=list(networks[name].parameters()), retain_graph=True)
        own = gradients(networks[name])
        torch.testing.assert_close(
            gradients(trainer.networks[name]), own, rtol=1e-2, atol=1e-3 * float(own.abs().max())
        )


@pytest.mark.parametrize("term", TERMS)
def test_a_term_alone_falls_and_moves_the_generator(trainer_of, term: str):
    trainer = trainer_of(learning_rate=1e-4)
    alone(trainer, term)
    judges, batch = copy.deepcopy(trainer.networks), trainer.batch(0)

    def value() -> float:
        """To discriminators as they were."""
        return float(losses(trainer, judges | {"generator": trainer.networks["generator"]}, batch)[0][term].detach())

    before = value()
    learning = set(DISCRIMINATORS) if term == "adversarial" else set()  # it is their own loss that moves them
    assert parts_moved(trainer.networks, lambda: trainer.step(0, batch)) == {"generator"} | learning
    assert value() < before


def test_discriminators_learn_to_tell_real_from_drawn(trainer_of):
    trainer = trainer_of(learning_rate=1e-3, l1_weight=0.0)
    alone(trainer, "adversarial")
    trainer.optimisers["generator"] = trainer.optimisers["generator"]._replace(rate=0.0)
    batch = trainer.batch(0)
    source, target = (batch[name] / 127.5 - 1 for name in ("source", "target"))
    with torch.no_grad():
        fake = trainer.networks["generator"](source, batch["parts"])

    @torch.no_grad()
    def verdicts(name: str) -> list[float]:
        condition = batch["parts"] if name == "discriminator_pose" else source
        return [float(trainer.networks[name](torch.cat([x, condition], dim=1)).mean()) for x in (target, fake)]

    before = {name: verdicts(name) for name in DISCRIMINATORS}
    for step in range(4):
        trainer.step(step, batch)
    for name in DISCRIMINATORS:
        (real, drawn), (real_before, drawn_before) = verdicts(name), before[name]
        assert real - drawn > real_before - drawn_before


def swaps(trainer, steps: int) -> dict[str, list[list[bool]]]:
    """Which of the drawings that each discriminator judges are earlier ones, step by step."""
    judged = {name: shown_to(trainer.networks[name]) for name in DISCRIMINATORS}
    drawn, found = {name: [] for name in DISCRIMINATORS}, {name: [] for name in DISCRIMINATORS}
    for step in range(steps):
        batch = trainer.batch(step)
        source, target = (batch[name] / 127.5 - 1 for name in ("source", "target"))
        with torch.no_grad():
            fake = copy.deepcopy(trainer.networks["generator"])(source, batch["parts"])
        trainer.step(step, batch)
        for name, condition in zip(DISCRIMINATORS, (batch["parts"], source), strict=True):
            real, fakes = judged[name][-2:]
            torch.testing.assert_close(real, torch.cat([target, condition], dim=1))
            own = torch.cat([fake, condition], dim=1)
            drawn[name] += own
            assert all(any(torch.allclose(each, other, atol=1e-5) for other in drawn[name]) for each in fakes)
            found[name].append([not torch.allclose(*pair, atol=1e-5) for pair in zip(fakes, own, strict=True)])
    return found


def test_discriminators_judge_earlier_drawings_with_their_conditions(trainer_of):
    """By draws that differ from step to step, from one discriminator to the other, and from seed to seed."""
    pose, source = (found[2:] for found in swaps(trainer_of(history=6), 8).values())  # by then the pool is full
    assert {True, False} == {each for step in pose for each in step} and len(set(map(tuple, pose))) > 1
    assert pose != source
    assert swaps(trainer_of(history=6, seed=7), 8)["discriminator_pose"][2:] != pose


def test_a_batch_holds_pairs_of_the_table_and_the_poses_of_their_targets(people, trainer_of):
    trainer = trainer_of()
    rows = {image.numpy().tobytes(): name for image, name in zip(trainer.data.images, trainer.data.names, strict=True)}
    pairs, found = read_pairs(people.train_pairs), []
    known = set(zip(pairs["source"], pairs["target"], strict=True))
    for step in range(3):
        batch = trainer.batch(step)
        source, target = ([rows[image.numpy().tobytes()] for image in batch[name]] for name in ("source", "target"))
        assert set(zip(source, target, strict=True)) <= known
        assert torch.equal(batch["parts"], trainer.data.guides.of("parts", target))
        found.append(source + target)
    assert found[0] != found[1] != found[2]
    again, other = trainer_of(), trainer_of(seed=7)
    sources = [each.batch(0)["source"] for each in (trainer, again, other)]
    assert torch.equal(sources[0], sources[1]) and not torch.equal(sources[0], sources[2])
    assert weights_of(trainer) == weights_of(again) != weights_of(other)
