"""DG-Net's joint stage: what each loss moves, what each network sees, and that a training can be taken up again."""

import copy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from configured import configure, default_config
from interrupted import stopped_at
from purereid.data.transforms import MEAN
from purereid.errors import UserError
from purereid.networks.network_file import load_network, save_networks
from purereid.networks.registry import description, trainer_class
from purereid.reid.teacher import Teacher
from purereid.systems.bot.networks import Encoder as Bot
from purereid.systems.dgnet.networks import Encoder
from purereid.systems.fdgan.networks import Encoder as WithoutClassifier
from purereid.training.stage import Inputs, train_stage
from seeds import check_draws, seeds_given_to
from terms import parts_moved

CPU = torch.device("cpu")
SHORT = {"height": 32, "width": 16, "pad": 1, "batch": 3, "steps_per_epoch": 3, "epochs": 2, "seed": 1, "log_every": 1}
SHORT |= {"bottleneck": 6, "structure_channels": 2, "structure_blocks": 1, "style_width": 6, "precision": "fp32"}
SHORT |= {"dilations": [1, 1, 2], "discriminator_channels": 2, "discriminator_blocks": 1, "samples": 2}
SHORT |= {"ramp_start": 0.0, "ramp_growth": 0.2, "samples_over_time": 2}
CALM = {"primary_dropout": 0.0, "fine_dropout": 0.0, "random_erasing": 0.0, "weight_decay": 0.0, "flip": 0.0, "pad": 0}
LATE = 4  # a step in which all losses count
PARTS = ("structure", "decoder", "backbone", "primary", "fine", "discriminator")
FILES = ("networks.safetensors", "curves.csv", "samples.parquet")


def settings_of(**changed: object) -> dict:
    config = default_config()
    config["experiments"]["mine"] = {"system": "dgnet"}
    return configure(config).training("mine").settings("joint") | SHORT | changed


@pytest.fixture(scope="module")
def teacher(people, tmp_path_factory) -> Path:
    """A teacher of the identities of the data set, with random weights."""
    table = people.table
    pids = sorted(set(table.loc[(table["split"] == "train") & (table["pid"] >= 0), "pid"].tolist()))
    return save(tmp_path_factory.mktemp("teacher") / "networks.safetensors", pids)


def save(path: Path, pids: list[int], system: str = "bot", **changed: object) -> Path:
    torch.manual_seed(0)
    shape = {"backbone": "resnet_small", "last_stride": 1, "height": 32, "width": 16} | changed
    network = {"bot": Bot, "fdgan": WithoutClassifier}[system](pids=pids, **shape)
    if system == "bot":
        nn.init.normal_(network.classifier.weight)  # so that it is sure of something
    save_networks(path, {"encoder": network}, system=system, stage="encoder")
    return path


def trainer_of(people, teacher: Path | None, **changed: object):
    files = {} if teacher is None else {"encoder": teacher}
    inputs = Inputs(people.index, files, (), ("source", "pose_image"))
    return trainer_class("dgnet", "joint")(inputs, settings_of(**changed), CPU)


def parts(trainer) -> dict[str, nn.Module]:
    generator, encoder = trainer.networks["generator"], trainer.networks["encoder"]
    found = (generator.structure, generator.decoder, encoder.backbone, encoder.primary, encoder.fine)
    return dict(zip(PARTS, (*found, trainer.networks["discriminator"]), strict=True))


def alone(trainer, name: str, monkeypatch, **more: float) -> None:
    """Let one loss count and no other, and the discriminator rest."""
    weights = dict.fromkeys(trainer.weights(LATE), 0.0) | {name: 1.0} | more
    if name == "fine":  # computed beside the primary one
        weights["primary"] = 1e-12
    monkeypatch.setattr(trainer, "weights", lambda step: weights)
    trainer.optimisers["discriminator"] = trainer.optimisers["discriminator"]._replace(rate=0.0)


def give_opinions(discriminator: nn.Module) -> None:
    torch.manual_seed(0)
    for parameter in discriminator.parameters():
        nn.init.normal_(parameter, std=0.2)


def batch_of(trainer, sees: bool = True):
    return trainer.batch(LATE)._replace(sees=sees)


def run(people, teacher: Path, folder: Path) -> dict[str, bytes]:
    folder.mkdir(exist_ok=True)
    about = {"system": "dgnet", "stage": "joint", "settings": settings_of(), "stamp": "s"}
    about |= {"roles": description("dgnet").stages["joint"].roles, "conditions": ("source", "pose_image")}
    files = {name.split(".")[0]: folder / name for name in FILES}
    train_stage(index=people.index, encoder=teacher, **about, **files)
    return {name: (folder / name).read_bytes() for name in FILES}


def test_an_interrupted_training_ends_with_the_same_bytes(people, teacher, tmp_path):
    whole = run(people, teacher, tmp_path / "whole")
    trainer = trainer_class("dgnet", "joint")
    with stopped_at(trainer, LATE):
        run(people, teacher, tmp_path / "broken")
    assert (tmp_path / "broken/checkpoint.safetensors").is_file()
    again = run(people, teacher, tmp_path / "broken")
    assert all(again[name] == whole[name] for name in ("networks.safetensors", "samples.parquet"))
    curves = pd.read_csv(tmp_path / "whole/curves.csv")
    assert len(curves) == 6 and np.isfinite(curves).all().all()
    late = ["structure", "appearance", "cycle", "primary", "fine"]
    assert (curves[late].iloc[:2] == 0).all().all() and (curves[late].iloc[2:] > 0).all().all()
    path = tmp_path / "whole/networks.safetensors"
    encoder, drawing = load_network(path, "encoder"), load_network(path, "generator").encoder
    assert all(torch.equal(value, drawing.state_dict()[name]) for name, value in encoder.state_dict().items())


def test_drawing_moves_nothing(people, teacher):
    trainer, other = trainer_of(people, teacher), trainer_of(people, teacher, samples=7, samples_over_time=1)
    trainer.samples.draw_if_due(trainer.steps, trainer.written("generator"), "fp32")
    assert len(trainer.samples.drawn[trainer.steps]) != 7
    one, two = ({role: network.state_dict() for role, network in each.networks.items()} for each in (trainer, other))
    torch.testing.assert_close(one, two, rtol=0, atol=0)


def test_first_values_are_those_of_guessing(people, teacher):
    trainer = trainer_of(people, teacher)
    found = trainer.step(0, trainer.batch(0))
    guessing = 2 * np.log(6)
    for name in ("identity", "positive_identity", "drawn_identity"):
        assert float(found[name]) == pytest.approx(guessing, abs=0.05)
    assert float(found["discriminator"]) == pytest.approx(4, abs=0.01)  # two scales
    assert float(found["adversarial"]) == pytest.approx(8, abs=0.1)


@pytest.mark.parametrize(
    ("name", "sees", "changed", "moves"),
    [
        ("adversarial", True, {}, "structure decoder"),
        ("self", True, {}, "structure decoder"),
        ("positive", True, {}, "structure decoder"),
        ("drawn_identity", True, {}, "structure decoder"),
        ("structure", True, {}, "structure"),
        ("structure", False, {}, "structure decoder"),
        ("cycle", True, {}, "structure decoder"),
        ("cycle", False, {}, "structure decoder"),
        ("appearance", True, {}, ""),
        ("appearance", True, {"detach_appearance": False}, "structure decoder backbone"),
        ("self", True, {"detach_appearance": False}, "structure decoder backbone"),
        ("identity", True, {}, "backbone primary"),
        ("positive_identity", True, {}, "backbone primary"),
        ("primary", True, {}, "backbone primary"),
        ("fine", True, {}, "backbone fine"),
    ],
)
def test_a_loss_alone_falls_and_moves_what_it_should(people, teacher, monkeypatch, name, sees, changed, moves):
    """What the losses are of is the matter of the slow reference below."""
    rates = {"learning_rate": 1e-4, "encoder_rate": 1e-4, "schedule": "constant"}
    trainer = trainer_of(people, teacher, **CALM, **rates, **changed)
    give_opinions(trainer.discriminator)
    alone(trainer, name, monkeypatch)
    batch, values = batch_of(trainer, sees), []
    learning = parts_moved(parts(trainer), lambda: values.append(trainer.step(LATE, batch)[name]))
    assert learning - {"primary" if name == "fine" else ""} == set(moves.split())
    values.append(trainer.step(LATE, batch)[name])
    assert not moves or values[1] < values[0]


def test_the_fine_head_learns_from_real_images_too_once_it_may(people, teacher, monkeypatch):
    def identity_with(primary_before: float) -> tuple[float, bool]:
        """The loss of identities, and whether the fine head moves."""
        trainer, values = trainer_of(people, teacher, **CALM), []
        alone(trainer, "identity", monkeypatch, primary_before=primary_before)
        batch = batch_of(trainer)
        learning = parts_moved(parts(trainer), lambda: values.append(trainer.step(LATE, batch)["identity"]))
        return float(values[0]), "fine" in learning

    (early, rests), (late, learns) = identity_with(0.0), identity_with(2.0)
    assert not rests and learns
    assert late / early == pytest.approx(1 + 0.2 * 2, abs=0.02)  # both heads guess


def test_the_discriminator_learns_to_tell_real_from_drawn(people, teacher):
    rates = {"discriminator_rate": 1e-3, "schedule": "constant"}
    trainer = trainer_of(people, teacher, **CALM, **rates)
    give_opinions(trainer.discriminator)
    for name in ("generator", "encoder"):
        trainer.optimisers[name] = trainer.optimisers[name]._replace(rate=0.0)
    batch, values = batch_of(trainer), []
    assert parts_moved(parts(trainer), lambda: values.append(trainer.step(LATE, batch))) == {"discriminator"}
    values.append(trainer.step(LATE, batch))
    first, second = (float(each["score_real"] - each["score_fake"]) for each in values)
    assert second > first and float(values[1]["discriminator"]) < float(values[0]["discriminator"])


def test_what_the_networks_see(people, teacher, monkeypatch):
    trainer = trainer_of(people, teacher, **CALM)
    batch, seen = batch_of(trainer, sees=True), {"judged": [], "drawn": []}
    generator = trainer.networks["generator"]
    codes: dict[str, torch.Tensor] = {}
    trainer.networks["discriminator"].register_forward_pre_hook(lambda _, given: seen["judged"].append(given[0]))
    generator.decoder.register_forward_pre_hook(lambda _, given: seen["drawn"].append(given))
    generator.structure.register_forward_hook(lambda _, given, found: codes.setdefault("structure", found))
    trainer.step(LATE, batch)
    real, fake, again = seen["judged"]
    assert torch.equal(real, batch.images[:6]) and torch.equal(fake, again)
    assert not fake.requires_grad and again.requires_grad
    structure, appearance = seen["drawn"][0]
    own, first, second = codes["structure"], *codes["structure"].chunk(2)
    assert torch.equal(structure, torch.cat([own, own, second, first]))
    of_images, of_positives, again = appearance.chunk(3)
    assert torch.equal(of_images, again) and not torch.equal(of_images, of_positives)
    fresh = trainer_of(people, teacher, **CALM).networks["encoder"]
    with torch.no_grad():
        halves = [fresh.appearance(part) for part in batch.images.chunk(4)]
    torch.testing.assert_close(of_images, torch.cat(halves[:2]))
    torch.testing.assert_close(of_positives, torch.cat(halves[2:]))


@pytest.mark.parametrize(("step", "passes"), [(0, 8), (LATE, 10)])
def test_statistics_of_the_encoder_are_moved_by_ten_passes(people, teacher, step, passes):
    trainer = trainer_of(people, teacher)
    trainer.step(step, trainer.batch(step))
    counted = trainer.networks["encoder"].backbone.state_dict()
    assert {int(value) for name, value in counted.items() if name.endswith("tracked")} == {passes}
    assert all(module.training for module in trainer.networks["encoder"].modules())


@pytest.mark.parametrize("sees", [True, False])
def test_a_step_against_a_slow_reference(people, teacher, sees):
    trainer = trainer_of(people, teacher, **CALM | {"random_erasing": 1.0})
    torch.manual_seed(0)
    for head in (trainer.encoder.primary, trainer.encoder.fine):
        nn.init.normal_(head.classifier.weight)  # so that labels matter
    give_opinions(trainer.discriminator)
    batch, weights, before = batch_of(trainer, sees), trainer.weights(LATE), copy.deepcopy(parts(trainer))
    found = {name: float(value) for name, value in trainer.step(LATE, batch).items()}
    wanted = reference(batch, weights, before, trainer, load_network(teacher, "encoder"))
    assert {name: found[name] for name in wanted} == pytest.approx(wanted, rel=1e-3, abs=1e-5)


@torch.no_grad()
def reference(batch, weights: dict, network: dict[str, nn.Module], trainer, teacher: nn.Module) -> dict[str, float]:
    """All values of a step, written out image by image as the paper has them."""
    (xa, xb, pa, pb), (ea, eb, fa, fb), (ya, yb) = batch.images.chunk(4), batch.erased.chunk(4), batch.labels.chunk(2)

    def f(x):
        return torch.stack([stripe.amax(dim=(2, 3)) for stripe in network["backbone"](x).chunk(4, dim=2)], dim=2)

    def head(name, x):
        return network[name](f(x).amax(dim=2))

    def distance(first, second):
        return float((first - second).abs().mean())

    def entropy(logits, labels):
        return float(-logits.log_softmax(dim=1)[torch.arange(3), labels].mean())

    def divergence(x):
        told = (teacher.probabilities(teacher.embed(x)) + teacher.probabilities(teacher.embed(x.flip(3)))) / 2
        return float((told * (told.log() - head("primary", x).log_softmax(dim=1))).sum(dim=1).mean())

    s, g = network["structure"], network["decoder"]
    x_ba, x_ab = g(s(xb), f(xa)), g(s(xa), f(xb))
    values = {
        "self": distance(g(s(xa), f(xa)), xa) + distance(g(s(xb), f(xb)), xb),
        "positive": distance(g(s(xa), f(pa)), xa) + distance(g(s(xb), f(pb)), xb),
        "structure": distance(s(x_ab), s(xa)) + distance(s(x_ba), s(xb)),
        "appearance": distance(f(x_ba), f(xa)) + distance(f(x_ab), f(xb)),
        "cycle": distance(g(s(x_ab), f(x_ba)), xa) + distance(g(s(x_ba), f(x_ab)), xb),
        "identity": entropy(head("primary", ea), ya)
        + entropy(head("primary", eb), yb)
        + 0.2 * weights["primary_before"] * (entropy(head("fine", ea), ya) + entropy(head("fine", eb), yb)),
        "positive_identity": entropy(head("primary", fa), ya) + entropy(head("primary", fb), yb),
        "drawn_identity": entropy(head("primary", x_ba), ya) + entropy(head("primary", x_ab), yb),
        "primary": divergence(x_ba) + divergence(x_ab),
        "fine": entropy(head("fine", x_ba), yb) + entropy(head("fine", x_ab), ya),
        "adversarial": sum(2 * float((d - 1).square().mean()) for x in (x_ba, x_ab) for d in trainer.discriminator(x)),
    }
    loss = sum(weights[name] * value for name, value in values.items())
    d = network["discriminator"]
    real = [float((score - 1).square().mean()) for x in (xa, xb) for score in d(x)]
    fake = [float(score.square().mean()) for x in (x_ba, x_ab) for score in d(x)]
    penalty = 0.0
    for x in (xa, xb):
        with torch.enable_grad():
            x = x.clone().requires_grad_(True)
            gradients = [torch.autograd.grad(score.sum(), x, retain_graph=True)[0] for score in d(x)]
        penalty += sum(float(gradient.square().sum(dim=(1, 2, 3)).mean()) for gradient in gradients)
    judged = sum(real) + sum(fake) + 0.01 * penalty
    return values | {"loss": loss, "penalty": penalty, "discriminator": judged}


def test_weights_have_the_published_values(people):
    published = {
        "adversarial": 1,
        "self": 5,
        "positive": 5,
        "identity": 1,
        "positive_identity": 1,
        "drawn_identity": 0.5,
    }
    trainer = trainer_of(people, None, primary_labels="uniform", ramp_start=0.3, ramp_growth=0.02)
    trainer.steps = 100_000
    late = ("structure", "appearance", "cycle", "primary", "fine", "primary_before")
    wanted = {
        0: (0, 0, 0, 0, 0, 0),
        30_001: (0, 0, 0, 0, 0, 0),
        30_002: (0.001, 0.001, 0.001, 0.001, 0.0002, 0.0005),
        32_000: (1, 1, 1, 1, 0.2, 0.9995),
        34_000: (1, 1, 2, 2, 0.4, 1.9995),
        90_000: (1, 1, 2, 2, 0.4, 2),
    }
    for step, values in wanted.items():
        assert trainer.weights(step) == pytest.approx(published | dict(zip(late, values, strict=True)))


def test_an_encoder_that_guesses_is_told(people, caplog):
    trainer = trainer_of(people, None, primary_labels="uniform", alarm_after=2)
    for step, entropy in ((1, 9.0), (2, 2 * np.log(6)), (3, 9.0)):
        trainer.watch({"step": step, "positive_identity": entropy})
    assert caplog.text.count("ALARM: after 2 steps the cross entropy is 1.792") == 1


@pytest.mark.parametrize("fill", ["mean", "zero", "colour"])
def test_what_is_erased_is_filled_as_asked_for(people, fill):
    trainer = trainer_of(people, None, primary_labels="uniform", random_erasing=1.0, erasing_fill=fill)
    batch = trainer.batch(0)
    erased = [image[:, changed] for image, changed in
              zip(batch.erased, (batch.images != batch.erased).any(dim=1), strict=True)]  # fmt: skip
    colours = torch.stack([values.median(dim=1).values for values in erased])
    one = {"mean": torch.tensor(MEAN), "zero": torch.zeros(3)}.get(fill)
    assert len(colours.unique(dim=0)) == 12 if one is None else torch.allclose(colours, one.expand(12, 3))


def test_a_batch_holds_images_their_positives_and_the_same_erased(people, teacher):
    trainer = trainer_of(people, teacher, flip=0.0, pad=0, random_erasing=1.0)
    batches = [trainer.batch(step) for step in range(12)]
    for batch in batches:
        assert batch.images.shape == batch.erased.shape == (12, 3, 32, 16)
        changed = (batch.images != batch.erased).flatten(1).float().mean(dim=1)
        assert (changed > 0).all() and (changed < 0.5).all()
    assert {batch.sees for batch in batches} == {True, False}
    people_of = {tuple(image.flatten()[:200].tolist()): pid for image, pid in _known(trainer)}
    found = [people_of[tuple(image.flatten()[:200].tolist())] for image in batches[0].images]
    assert found[:6] == found[6:] == trainer.labels.unique()[batches[0].labels].tolist()


def _known(trainer) -> list[tuple[torch.Tensor, int]]:
    mean, std = (torch.tensor(trainer.encoder.configuration[name]).view(3, 1, 1) for name in ("mean", "std"))
    return [((image / 255 - mean) / std, int(label)) for image, label in zip(trainer.data.images, trainer.labels)]  # noqa: B905


def test_each_seed_starts_and_each_step_augments_anew(people, monkeypatch):
    seeds = seeds_given_to(monkeypatch, "purereid.systems.dgnet.joint.augment")
    check_draws(seeds, lambda seed: trainer_of(people, None, primary_labels="uniform", seed=seed))


def test_a_step_in_bfloat16_stays_near_float32(people, teacher):
    found = {}
    for precision in ("fp32", "bf16"):
        torch.manual_seed(0)
        trainer = trainer_of(people, teacher, **CALM, precision=precision)
        values = trainer.step(LATE, batch_of(trainer))
        found[precision] = {name: float(value) for name, value in values.items() if name not in ("accuracy", "penalty")}
    assert found["bf16"] == pytest.approx(found["fp32"], rel=0.03, abs=1e-3) and found["bf16"] != found["fp32"]


def test_labels_that_ask_no_teacher_need_none(people):
    trainer = trainer_of(people, None, primary_labels="uniform")
    assert np.isfinite(float(trainer.step(LATE, trainer.batch(LATE))["primary"]))


def test_a_teacher_that_does_not_fit_is_told(people, teacher, tmp_path):
    pids = load_network(teacher, "encoder").configuration["pids"]
    cases = {
        "2 are not in both, such as": save(tmp_path / "a", [*pids[1:], 99]),
        "takes images of 64 x 16": save(tmp_path / "b", pids, height=64),
        "has no classifier": save(tmp_path / "c", pids, system="fdgan"),
    }
    for message, path in cases.items():
        with pytest.raises(UserError, match=message):
            trainer_of(people, path)


def test_a_teacher_sees_images_as_it_learnt_to(teacher, tmp_path):
    pids = load_network(teacher, "encoder").configuration["pids"]
    student = Encoder(backbone="resnet_small", last_stride=1, pids=pids, height=32, width=16, bottleneck=4)
    other = save(tmp_path / "other", pids, mean=[0.5, 0.4, 0.3], std=[0.5, 0.6, 0.7], extra_class=True)
    told, pixels = load_network(other, "encoder"), torch.rand(4, 3, 32, 16)
    known, own = student.configuration, told.configuration
    mean, std, its_mean, its_std = (
        torch.tensor(each[name]).view(3, 1, 1) for each in (known, own) for name in ("mean", "std")
    )
    with torch.no_grad():
        seen = (pixels - its_mean) / its_std
        both = sum(told.probabilities(told.embed(view))[:, : len(pids)] for view in (seen, seen.flip(3)))
    found = Teacher(other, known, CPU).probabilities((pixels - mean) / std)
    torch.testing.assert_close(found, both / both.sum(dim=1, keepdim=True), atol=1e-5, rtol=1e-4)


def test_a_teacher_says_the_same_whatever_the_batch_unless_its_dropout_is_on(teacher):
    known = load_network(teacher, "encoder").configuration
    student = Encoder(backbone="resnet_small", last_stride=1, pids=known["pids"], height=32, width=16, bottleneck=4)
    torch.manual_seed(0)
    images = torch.randn(4, 3, 32, 16)
    calm = Teacher(teacher, student.configuration, CPU)
    found = calm.probabilities(images)
    torch.testing.assert_close(found[:2], calm.probabilities(images[:2]))
    torch.testing.assert_close(found, calm.probabilities(images.flip(3)))
    torch.testing.assert_close(found.sum(dim=1), torch.ones(4))
    noisy = Teacher(teacher, student.configuration, CPU, dropout=True)
    assert not torch.allclose(noisy.probabilities(images)[:2], noisy.probabilities(images[:2]))
