"""FD-GAN's three stages: what each learns from what, in which order, and what must not move."""

import copy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn import functional

from configured import configure, default_config
from interrupted import stopped_at
from purereid.data.joints import FLIP
from purereid.data.keypoints import read_keypoints, select_keypoints, write_keypoints
from purereid.errors import UserError
from purereid.networks.network_file import load_network, save_networks
from purereid.networks.registry import description, trainer_class
from purereid.systems.fdgan.networks import Encoder, Verifier
from purereid.systems.fdgan.pose_maps import pose_maps
from purereid.training.stage import Inputs, train_stage
from seeds import check_draws, seeds_given_to
from terms import parts_moved, shown_to

CPU = torch.device("cpu")
STAGES = ("verify", "generate", "joint")
DISCRIMINATORS = ("discriminator_identity", "discriminator_pose")
SHORT = {"height": 64, "width": 32, "anchors_per_batch": 2, "negatives_per_anchor": 2, "steps_per_epoch": 2, "seed": 1}
SHORT |= {"channels": 4, "pose_features": 5, "noise": 6, "discriminator_channels": 4, "samples": 2}
SHORT |= {
    "samples_over_time": 2,
    "log_every": 1,
    "precision": "fp32",
    "epochs": 2,
    "schedule": "published",
    "flat_epochs": 3,
}
WEIGHTS = {"fool_identity_weight": 2.0, "fool_pose_weight": 3.0, "l1_weight": 5.0, "same_pose_weight": 7.0}


def settings_of(stage: str, **changed: object) -> dict:
    config = default_config()
    config["experiments"]["mine"] = {"system": "fdgan"}
    schedule = {"schedule": "cosine" if stage == "verify" else "published"}
    return configure(config).training("mine").settings(stage) | SHORT | schedule | changed


def run(people, folder: Path, stage: str, former: list[Path] = (), **changed: object) -> dict[str, bytes]:
    """Train a stage; the files that were written."""
    folder.mkdir(exist_ok=True)
    about = {"system": "fdgan", "stage": stage, "settings": settings_of(stage, **changed), "stamp": "s"}
    about |= {"roles": description("fdgan").stages[stage].roles, "conditions": ("source", "keypoints")}
    names = ("networks.safetensors", "curves.csv", "samples.parquet")
    files = {name.split(".")[0]: folder / name for name in names}
    train_stage(index=people.index, keypoints=people.keypoints, former=former, **about, **files)
    return {name: (folder / name).read_bytes() for name in names}


@pytest.fixture(scope="module")
def trained(people, tmp_path_factory) -> dict[str, Path]:
    """The networks of all three stages, trained for four steps each; only to be read."""
    folder, found = tmp_path_factory.mktemp("fdgan"), {}
    for stage in STAGES:
        run(people, folder / stage, stage, list(found.values()))
        found[stage] = folder / stage / "networks.safetensors"
    return found


def trainer_of(people, trained: dict[str, Path], stage: str, **changed: object):
    former = [trained[name] for name in STAGES[: STAGES.index(stage)]]
    inputs = Inputs(people.index, {"keypoints": people.keypoints}, former, ("source", "keypoints"))
    return trainer_class("fdgan", stage)(inputs, settings_of(stage, **changed), CPU)


def states(trainer) -> dict[str, dict[str, torch.Tensor]]:
    networks = trainer.networks | {"encoder": trainer.networks["generator"].encoder}
    return {role: copy.deepcopy(network.state_dict()) for role, network in networks.items()}


def moved(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor], of_statistics: bool) -> bool:
    names = [name for name in before if ("running" in name) == of_statistics and "tracked" not in name]
    return any(not torch.equal(before[name], after[name]) for name in names)


def without_encoder(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: tensor for name, tensor in state.items() if not name.startswith("encoder.")}


@pytest.mark.parametrize("stage", STAGES)
def test_interrupted_stages_end_with_the_same_bytes(people, trained, tmp_path, stage):
    former = [trained[name] for name in STAGES[: STAGES.index(stage)]]
    trainer = trainer_class("fdgan", stage)
    with stopped_at(trainer, 3):
        run(people, tmp_path, stage, former)
    assert (tmp_path / "checkpoint.safetensors").is_file()
    again = run(people, tmp_path, stage, former)
    assert again["networks.safetensors"] == trained[stage].read_bytes()
    assert again["samples.parquet"] == trained[stage].with_name("samples.parquet").read_bytes()


@pytest.mark.parametrize("stage", ["generate", "joint"])
def test_drawing_moves_nothing(people, trained, stage):
    trainer, other = (trainer_of(people, trained, stage, samples=count) for count in (2, 7))
    trainer.samples.draw_if_due(trainer.steps, trainer.written("generator"), "fp32")
    assert len(trainer.samples.drawn[trainer.steps]) == 2
    torch.testing.assert_close(states(trainer), states(other), rtol=0, atol=0)


def test_curves_have_each_loss_and_what_the_discriminators_see(trained):
    curves = {stage: pd.read_csv(path.with_name("curves.csv")) for stage, path in trained.items()}
    assert all(np.isfinite(curve).all().all() and len(curve) == 4 for curve in curves.values())
    losses = {"fool_identity", "fool_pose", "l1", "same_pose", "discriminator_identity", "discriminator_pose"}
    seen = {"identity_real", "identity_fake", "pose_real", "pose_fake"}
    assert losses | seen < set(curves["generate"]) and "verification" not in curves["generate"]
    assert losses | seen | {"verification"} < set(curves["joint"])
    assert curves["verify"]["loss"].iloc[0] == pytest.approx(0.693, abs=0.02)
    for loss in ("discriminator_identity", "discriminator_pose"):
        assert curves["generate"][loss].iloc[0] == pytest.approx(0.693, abs=0.1)


def test_one_encoder_is_in_all_files_until_the_last_stage(trained):
    first, second = load_network(trained["verify"], "encoder"), load_network(trained["generate"], "generator").encoder
    third, last = load_network(trained["joint"], "encoder"), load_network(trained["joint"], "generator").encoder
    assert not moved(first.state_dict(), second.state_dict(), False)
    assert not moved(third.state_dict(), last.state_dict(), False)
    assert moved(first.state_dict(), third.state_dict(), False)


@pytest.mark.parametrize("stage", ["generate", "joint"])
def test_what_moves(people, trained, stage):
    trainer = trainer_of(people, trained, stage)
    before = states(trainer)
    trainer.step(0, trainer.batch(0))
    after = states(trainer)
    learns = {role: moved(before[role], after[role], False) for role in before}
    gathers = {role: moved(before[role], after[role], True) for role in before}
    assert learns.pop("encoder") == (stage == "joint") and all(learns.values())
    assert moved(without_encoder(before["generator"]), without_encoder(after["generator"]), False)
    gathering = [role for role, does in gathers.items() if does]
    assert gathering == ["generator", "discriminator_pose"]  # the others keep their statistics
    assert not any(before["encoder"][name].ne(after["encoder"][name]).any() for name in before["encoder"]
                   if "running" in name or "tracked" in name)  # fmt: skip


def test_the_first_stage_learns_with_the_statistics_of_each_side(people, trained):
    trainer = trainer_of(people, trained, "verify")
    encoder, verifier = (copy.deepcopy(trainer.networks[role]) for role in ("encoder", "verifier"))
    batch = trainer.batch(0)
    values = trainer.step(0, batch)
    first, second = (encoder.embed(side) for side in batch.chunk(2))
    logits = verifier(first, second)
    wanted = functional.cross_entropy(logits, torch.tensor([1, 0, 0] * 2))
    assert values["loss"].item() == pytest.approx(wanted.item(), rel=1e-5)
    same = logits.argmax(1) == 1
    assert values["accuracy_same"] == same[[0, 3]].float().mean()
    assert values["accuracy_different"] == (~same[[1, 2, 4, 5]]).float().mean()
    after = trainer.networks["encoder"].state_dict()
    assert moved(encoder.state_dict(), after, False) and not moved(encoder.state_dict(), after, True)


def test_the_first_stage_moves_both_networks_and_lowers_its_loss(people, trained):
    calm = {"learning_rate": 1e-3, "warmup_epochs": 0, "schedule": "constant", "weight_decay": 0.0}
    trainer, values = trainer_of(people, trained, "verify", **calm), []
    batch = trainer.batch(0)
    moving = parts_moved(trainer.networks, lambda: values.append(trainer.step(0, batch)["loss"]))
    assert moving == {"encoder", "verifier"} and trainer.step(0, batch)["loss"] < values[0]


def binary(logits: torch.Tensor, target: float) -> torch.Tensor:
    return functional.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


class ByHand:
    """What the networks of a stage make of a batch, with weights of their own."""

    def __init__(self, batch, networks: dict[str, torch.nn.Module]):
        self.networks, self.batch, self.same = networks, batch, [0, 3]  # pairs of one person
        mirrored = batch.mirrored[:, None, None, None]
        mean, std = (torch.tensor(each)[:, None, None] for each in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
        target, maps = (batch.target / 255 - mean) / std, pose_maps(batch.keypoints, batch.sigma, (64, 32))
        self.target = torch.where(mirrored, target.flip(3), target)
        self.maps = torch.where(mirrored, maps.flip(3)[:, FLIP], maps)

    def draw(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Features of the sources, from which no encoder learns before the last stage, and what is drawn from them."""
        generator = self.networks["generator"]
        features = generator.encoder.embed(self.batch.source)
        features = features if "verifier" in self.networks else features.detach()
        return features, generator(features, self.maps, self.batch.noise)

    def judge(self, name: str, images: torch.Tensor) -> torch.Tensor:
        """Logits of a discriminator, of images beside their sources or their poses."""
        network = self.networks[name]
        if name == "discriminator_pose":
            return network(self.maps, images)
        return network(network.embed(self.batch.source), network.embed(images))

    def judging(self, name: str, fake: torch.Tensor) -> torch.Tensor:
        """The loss of a discriminator."""
        return (binary(self.judge(name, self.target), 1) + binary(self.judge(name, fake.detach()), 0)) / 2

    def terms(self, features: torch.Tensor, fake: torch.Tensor) -> dict[str, torch.Tensor]:
        """The losses of all that draws."""
        first, second = fake.chunk(2)
        found = {
            "fool_identity": binary(self.judge("discriminator_identity", fake), 1),
            "fool_pose": binary(self.judge("discriminator_pose", fake), 1),
            "l1": (fake - self.target).abs().mean(),
            "same_pose": (first - second).abs()[self.same].mean(),
        }
        if "verifier" in self.networks:
            logits = self.networks["verifier"](*features.chunk(2))
            found["verification"] = functional.cross_entropy(logits, torch.tensor([1, 0, 0] * 2))
        return found


def without_dropout(trainer):
    for module in trainer.networks["generator"].modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return trainer


@pytest.mark.parametrize("stage", ["generate", "joint"])
def test_one_step_by_hand(people, trained, stage):
    """Both discriminators learn first, and then what draws learns from them as they are by then."""
    weights = WEIGHTS | ({"verification_weight": 11.0} if stage == "joint" else {})
    trainer = without_dropout(trainer_of(people, trained, stage, smoothing=0.0, **weights))
    judge = trainer.networks["discriminator_identity"].verifier.classifier
    torch.nn.init.normal_(judge.weight, generator=torch.Generator().manual_seed(0))  # so that it matters who is shown
    mine, batch = copy.deepcopy(trainer.networks), trainer.batch(0)
    by_hand, wanted = ByHand(batch, mine), {}
    features, fake = by_hand.draw()
    for name in DISCRIMINATORS:
        wanted[name] = by_hand.judging(name, fake)
        rate = trainer.settings[f"{name}_rate"]
        sgd = torch.optim.SGD(mine[name].parameters(), rate, momentum=0.9, weight_decay=1e-4)
        sgd.zero_grad()
        wanted[name].backward()
        sgd.step()
    wanted |= by_hand.terms(features, fake)
    wanted["loss"] = sum(weight * wanted[name.removesuffix("_weight")] for name, weight in weights.items())
    drawing = [mine["generator"], *([mine["verifier"]] if stage == "joint" else [])]
    for network in drawing:
        network.zero_grad()
    wanted["loss"].backward()
    values = trainer.step(0, batch)
    for name, value in wanted.items():
        assert values[name].item() == pytest.approx(value.item(), rel=1e-4), name
    theirs = [trainer.networks[name] for name in ("generator", "verifier")[: len(drawing)]]
    for own, other in zip(theirs, drawing, strict=True):
        for gradient, expected in zip(gradients_of(own), gradients_of(other), strict=True):
            near = {"rtol": 1e-2, "atol": 1e-4 + 1e-3 * expected.abs().max().item()}
            torch.testing.assert_close(gradient, expected, **near)
    for name in DISCRIMINATORS:
        for own, other in zip(trainer.networks[name].parameters(), mine[name].parameters(), strict=True):
            torch.testing.assert_close(own, other, rtol=1e-4, atol=1e-6)


def test_real_and_drawn_images_are_judged_beside_the_same_persons(people, trained):
    trainer = without_dropout(trainer_of(people, trained, "generate"))
    batch, network = trainer.batch(0), trainer.networks["discriminator_identity"]
    with torch.no_grad():
        persons = network.embed(batch.source)
    shown = shown_to(network)
    trainer.update(0, batch)
    beside_real, beside_drawn = shown[:2]
    assert torch.equal(beside_real, beside_drawn) and torch.allclose(beside_real, persons, atol=1e-5)
    assert not torch.equal(persons, persons.flip(0))


def gradients_of(network: torch.nn.Module) -> list[torch.Tensor]:
    return [parameter.grad for parameter in network.parameters() if parameter.requires_grad]


@pytest.mark.parametrize(
    ("stage", "term", "moves"),
    [
        *(("generate", term, {"drawing"}) for term in ("fool_identity", "fool_pose", "l1", "same_pose")),
        *(("joint", term, {"encoder", "drawing"}) for term in ("fool_identity", "fool_pose", "l1", "same_pose")),
        ("joint", "verification", {"encoder", "verifier"}),
    ],
)
def test_a_term_alone_falls_and_moves_what_it_should(people, trained, stage, term, moves):
    weights = dict.fromkeys([*WEIGHTS, *(["verification_weight"] if stage == "joint" else [])], 0.0)
    options = weights | {f"{term}_weight": 1.0, "learning_rate": 1e-4, "schedule": "constant"}
    trainer = without_dropout(trainer_of(people, trained, stage, **options))
    for name in DISCRIMINATORS:  # at rest, so that what moves, moves by the term alone
        trainer.optimisers[name] = trainer.optimisers[name]._replace(rate=0.0)
    generator, batch = trainer.networks["generator"], trainer.batch(0)
    drawing = torch.nn.ModuleList([each for name, each in generator.named_children() if name != "encoder"])
    parts = {"encoder": generator.encoder, "drawing": drawing} | {
        role: network for role, network in trainer.networks.items() if role not in ("generator", "encoder")
    }

    def value() -> float:
        by_hand = ByHand(batch, copy.deepcopy(trainer.networks))
        return by_hand.terms(*by_hand.draw())[term].item()

    before = value()
    assert parts_moved(parts, lambda: trainer.step(0, batch)) == moves
    assert value() < before


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_a_discriminator_learns_to_tell_real_from_drawn(people, trained, name):
    trainer = without_dropout(trainer_of(people, trained, "generate", smoothing=0.0, schedule="constant"))
    trainer.optimisers["generator"] = trainer.optimisers["generator"]._replace(rate=0.0)
    batch = trainer.batch(0)

    @torch.no_grad()
    def difference() -> float:
        by_hand = ByHand(batch, copy.deepcopy(trainer.networks))
        return (by_hand.judge(name, by_hand.target).mean() - by_hand.judge(name, by_hand.draw()[1]).mean()).item()

    before = difference()
    trainer.step(0, batch)
    assert difference() > before


def test_targets_of_discriminators_are_smoothed_and_those_of_the_generator_are_not(people, trained, monkeypatch):
    place, asked, targets = "purereid.systems.fdgan.gan_trainer", [], []
    monkeypatch.setattr(f"{place}.smoothed_targets", lambda width, draws: asked.append(width) or (0.8, 0.2))
    monkeypatch.setattr(f"{place}.adversarial", lambda logits, target: targets.append(target) or logits.mean())
    trainer = trainer_of(people, trained, "generate")
    trainer.step(0, trainer.batch(0))
    assert asked == [0.3, 0.3] and targets == [0.8, 0.2, 0.8, 0.2, 1.0, 1.0]


def test_a_schedule_that_never_learns_is_refused(people, trained):
    with pytest.raises(UserError, match="nothing would be learnt: the rate of each of 1 epochs is 0"):
        trainer_of(people, trained, "joint", epochs=1, flat_epochs=1, schedule="published")


@pytest.mark.parametrize(("stage", "module"), [("verify", "verify"), ("generate", "gan_trainer")])
def test_each_seed_starts_and_each_step_augments_anew(people, trained, monkeypatch, stage, module):
    seeds = seeds_given_to(monkeypatch, f"purereid.systems.fdgan.{module}.augment")
    check_draws(seeds, lambda seed: trainer_of(people, trained, stage, seed=seed))


def test_each_step_each_seed_and_each_discriminator_smooths_anew(people, trained, monkeypatch):
    seeds = seeds_given_to(monkeypatch, "purereid.systems.fdgan.gan_trainer.smoothed_targets")
    for seed in (1, 2):
        trainer = trainer_of(people, trained, "generate", seed=seed)
        for step in range(2):
            trainer.step(step, trainer.batch(step))
    assert len(set(seeds)) == 8


def test_a_batch(people, trained):
    trainer = trainer_of(people, trained, "generate", random_erasing=1.0, flip=0.5, anchors_per_batch=4)
    same, sigmas, flips, names = trainer.pairs.same, set(), set(), trainer.data.names
    images = {tuple(image.flatten().tolist()): row for row, image in enumerate(trainer.data.images)}
    known = select_keypoints(read_keypoints(people.keypoints), names, people.keypoints)
    for step in range(6):
        batch = trainer.batch(step)
        rows = trainer.pairs.batch(step).T.reshape(-1)
        shown = np.array([images[tuple(image.flatten().tolist())] for image in batch.target])  # whole, as they are
        assert (trainer.data.pids[shown] == trainer.data.pids[rows]).all()
        np.testing.assert_array_equal(batch.keypoints[..., 2], known.visible[shown])
        for values in (batch.target, batch.keypoints, batch.sigma, batch.mirrored):
            first, second = values.chunk(2)
            assert torch.equal(first[same], second[same])
        assert torch.equal(*batch.noise.chunk(2)) and not torch.equal(batch.noise[0], batch.noise[1])
        sigmas |= set(batch.sigma.tolist())
        flips |= set(batch.mirrored.tolist())
        plain = trainer.data.images[rows] / 255
        for image, source in zip(batch.source, plain, strict=True):
            source = (source - torch.tensor((0.485, 0.456, 0.406))[:, None, None]) / torch.tensor(
                (0.229, 0.224, 0.225)
            )[:, None, None]
            shares = [image.isclose(turned, atol=1e-4).all(0).float().mean() for turned in (source, source.flip(2))]
            assert 0.5 < max(shares) < 0.99  # a part is erased
    assert sigmas == {4.0, 5.0, 6.0} and flips == {True, False}
    assert torch.equal(trainer.batch(5).source, batch.source)


@pytest.mark.parametrize("swap", [True, False])
def test_sides_of_a_mirrored_pose(people, trained, swap):
    trainer = trainer_of(people, trained, "generate", swap_sides=swap, flip=1.0)
    batch = trainer.batch(0)
    seen = []
    networks = trainer.networks
    forward = networks["discriminator_pose"].forward
    networks["discriminator_pose"].forward = lambda maps, images: seen.append((maps, images)) or forward(maps, images)
    trainer.step(0, batch)
    plain = pose_maps(batch.keypoints, batch.sigma, (64, 32)).numpy()[..., ::-1]
    maps, images = seen[0]
    right = 2, 3, 4  # shoulder, elbow, wrist
    left = 5, 6, 7
    for own, other in zip(right, left, strict=True):
        np.testing.assert_array_equal(maps[:, own], plain[:, other if swap else own])
    mirrored = batch.target.flip(3)[:, 0].float()
    assert np.corrcoef(images[:, 0].flatten(), mirrored.flatten())[0, 1] > 0.999
    assert all(torch.equal(seen[0][0], other) for other, _ in seen[1:])


def test_rates_of_the_parts(people, trained):
    trainer = trainer_of(people, trained, "joint", encoder_factor=0.1, generator_factor=0.2, learning_rate=1e-3)
    trainer.step(0, trainer.batch(0))
    rates = [group["lr"] for group in trainer.optimisers["generator"].torch.param_groups]
    assert rates == pytest.approx([1e-3, 1e-4, 2e-4])
    counted = sum(len(group["params"]) for group in trainer.optimisers["generator"].torch.param_groups)
    assert counted == len({*trainer.networks["generator"].parameters(), *trainer.networks["verifier"].parameters()})
    trainer = trainer_of(people, trained, "verify", backbone_factor=0.1, learning_rate=1e-3, warmup_epochs=0)
    trainer.step(0, trainer.batch(0))
    rates = [group["lr"] for group in trainer.optimisers["both"].torch.param_groups]
    assert rates == pytest.approx([1e-4, 1e-3])


def test_averages_are_what_is_written(people, trained):
    trainer = trainer_of(people, trained, "joint", ema=0.9)
    for step in range(2):
        trainer.step(step, trainer.batch(step))
    for role in ("encoder", "verifier", "generator"):
        own = trainer.networks[role].state_dict()
        assert moved(own, trainer.written(role).state_dict(), False), role
    pair = trainer.written("encoder"), trainer.written("generator").encoder
    assert not moved(pair[0].state_dict(), pair[1].state_dict(), False)


# --- what is wrong is told before anything is learnt ----------------------------------------------------------------


def test_images_without_key_points_are_told_by_the_first_stage(people, trained, tmp_path):
    known = read_keypoints(people.keypoints)
    names = people.table.loc[people.table["split"] == "train", "image"].tolist()
    some = [name for name in known.images if name != names[0]]
    path = tmp_path / "keypoints.parquet"
    write_keypoints(path, select_keypoints(known, some, people.keypoints))
    inputs = Inputs(people.index, {"keypoints": path})
    with pytest.raises(UserError, match=f"1 of {len(names)} images have no key points, such as {names[0]}"):
        trainer_class("fdgan", "verify")(inputs, settings_of("verify"), CPU)


def test_an_encoder_of_another_size_is_refused(people, trained):
    with pytest.raises(UserError, match=r"(?s)takes images of 64 x 32.*64 x 64, the size of this stage"):
        trainer_of(people, trained, "generate", width=64)


def test_a_file_without_an_encoder_is_refused(people, trained, tmp_path):
    path = tmp_path / "verifier.safetensors"
    save_networks(path, {"verifier": Verifier(features=128)}, system="fdgan", stage="verify")
    with pytest.raises(UserError, match="the file holds no encoder"):
        trainer_of(people, {"verify": path}, "generate")
    encoder = {"backbone": "resnet_small", "last_stride": 1, "pids": [1], "height": 64, "width": 32}
    save_networks(path, {"encoder": Encoder(**encoder)}, system="fdgan", stage="verify")
    with pytest.raises(UserError, match="the file holds no verifier"):
        trainer_of(people, {"verify": path}, "generate")
