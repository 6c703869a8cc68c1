"""SAN's stages: what each loss moves, what is flipped with what, and that a training can be taken up again."""

import copy
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn import functional

from configured import configure, default_config, put, refused
from encoders import with_generated
from interrupted import stopped_at
from purereid.errors import UserError
from purereid.networks.network_file import load_network, roles_of
from purereid.networks.registry import description, trainer_class
from purereid.systems.san.joint import exchanged
from purereid.systems.san.painting import as_targets
from purereid.textures.held_out import held_out_persons
from purereid.textures.import_textures import import_textures
from purereid.textures.paint_textures import paint_textures
from purereid.textures.texture_file import TextureFile, write_textures
from purereid.training.stage import Inputs, train_stage
from seeds import seeds_given_to, weights_of
from terms import parts_moved

CPU = torch.device("cpu")
SHORT = {"height": 32, "width": 16, "pad": 1, "identities_per_batch": 3, "images_per_identity": 4, "epochs": 2}
SHORT |= {"decoder_widths": [4, 4, 2, 2], "seed": 1, "log_every": 1, "precision": "fp32", "steps_per_epoch": 2}
SHORT |= {"alarm_after": 10_000}
OF_PAINTER = {"batch": 6, "held_out": 0.2, "epochs": 2}
CALM = {"random_erasing": 0.0, "flip": 0.0, "pad": 0, "weight_decay": 0.0}
FILES = ("networks.safetensors", "curves.csv", "samples.parquet")


def settings_of(stage: str, **changed: object) -> dict:
    config = default_config()
    config["experiments"]["mine"] = {"system": "san"}
    own = OF_PAINTER if stage == "texture" else {}
    return configure(config).training("mine").settings(stage) | SHORT | own | changed


@pytest.fixture(scope="module")
def textures(people, tmp_path_factory) -> Path:
    """The true textures of the rendered people."""
    path, source = tmp_path_factory.mktemp("textures") / "textures.arrow", people.folder / "people"
    about = {"folder": source, "scene": people.scene, "uv": source / "uv.arrow"}
    import_textures(index=people.index, textures=path, size=32, splits=["train"], **about)
    return path


def run(people, folder: Path, stage: str, former: tuple = (), changed: dict | None = None, **files: Path) -> dict:
    folder.mkdir(exist_ok=True)
    about = {"system": "san", "stage": stage, "settings": settings_of(stage, **changed or {}), "stamp": "s"}
    about |= {"roles": description("san").stages[stage].roles, "former": former}
    made = {name.split(".")[0]: folder / name for name in FILES}
    train_stage(index=people.index, **files, **about, **made)
    return {name: (folder / name).read_bytes() for name in FILES}


def joint(people, former: tuple = (), index: Path | None = None, source: str = "", **given: object):
    """A trainer of the stage; files by name, all else settings."""
    files = {name: path for name, path in given.items() if isinstance(path, Path)}
    changed = {name: value for name, value in given.items() if name not in files}
    changed = {"textures": source or ("given" if "textures" in files else None)} | changed
    return trainer_class("san", "joint")(
        Inputs(index or people.index, files, former), settings_of("joint", **changed), CPU
    )


def parts_of(trainer) -> dict[str, torch.nn.Module]:
    encoder = trainer.networks["encoder"]
    parts = {"backbone": encoder.backbone, "head": encoder.neck, "classifier": encoder.classifier}
    return parts | ({"decoder": trainer.decoder} if trainer.decoder else {})


# --- stage texture ----------------------------------------------------------------------------------------------------


ALL = {"two_optimisers": True, "pairs_per_batch": 3, "ema": 0.9, "frozen_epochs": 1, "clip": 1.0}  # that has a state


@pytest.mark.parametrize(("stage", "more"), [("texture", {}), ("joint", {}), ("joint", ALL)])
def test_an_interrupted_training_ends_with_the_same_bytes(people, textures, tmp_path, stage, more: dict):
    files = {"texture_pairs": textures} | ({"textures": textures} if stage == "joint" else {})
    changed = more | ({"textures": "given"} if stage == "joint" else {})
    whole = run(people, tmp_path / "whole", stage, changed=changed, **files)
    trainer = trainer_class("san", stage)
    with stopped_at(trainer, 3):
        run(people, tmp_path / "broken", stage, changed=changed, **files)
    assert (tmp_path / "broken/checkpoint.safetensors").is_file()
    again = run(people, tmp_path / "broken", stage, changed=changed, **files)
    assert again["networks.safetensors"] == whole["networks.safetensors"]
    other = run(people, tmp_path / "other", stage, changed=changed | {"seed": 2}, **files)
    assert other["networks.safetensors"] != whole["networks.safetensors"]
    assert np.isfinite(pd.read_csv(tmp_path / "whole/curves.csv")).all().all()
    assert roles_of(tmp_path / "whole/networks.safetensors") == [{"texture": "painter", "joint": "encoder"}[stage]]


def test_a_painter_learns_the_textures_of_its_persons_alone(people, textures):
    inputs = Inputs(people.index, {"texture_pairs": textures})
    settings = settings_of("texture", epochs=80, learning_rate=0.01, warmup_epochs=0)
    trainer = trainer_class("san", "texture")(inputs, settings, CPU)
    losses = [float(trainer.step(step, trainer.batch(step))["loss"]) for step in range(trainer.steps)]
    assert np.mean(losses[-5:]) < 0.7 * losses[0]
    file = TextureFile(textures)
    out = held_out_persons(file.pids, 0.2, 1)
    assert len(np.unique(file.pids[out])) == 1 and not set(trainer.pairs.rows) & set(np.flatnonzero(out))


def test_a_texture_is_mirrored_with_its_image(people, textures):
    inputs = Inputs(people.index, {"texture_pairs": textures})
    plain, flipped = (
        trainer_class("san", "texture")(inputs, settings_of("texture", pad=0, flip=flip), CPU).batch(3)
        for flip in (0.0, 1.0)
    )
    mirror = torch.from_numpy(TextureFile(textures).mirror.astype(np.int64))
    assert torch.equal(flipped[0], plain[0].flip(3))
    assert torch.equal(flipped[1].flatten(2), plain[1].flatten(2)[:, :, mirror])
    assert not torch.equal(flipped[1], plain[1])


def test_each_seed_starts_and_each_step_crops_flips_and_orders_anew(people, textures, monkeypatch):
    seeds = seeds_given_to(monkeypatch, "purereid.systems.san.pairs.augment")
    flipped, orders, weights = set(), set(), set()
    inputs = Inputs(people.index, {"texture_pairs": textures})
    for seed in (1, 2):
        plain, trainer = (
            trainer_class("san", "texture")(inputs, settings_of("texture", seed=seed, pad=0, batch=20, flip=flip), CPU)
            for flip in (0.0, 0.5)
        )
        weights.add(weights_of(trainer))
        for step in range(2):  # an epoch each
            straight, images = plain.batch(step)[0], trainer.batch(step)[0]
            flipped.add(tuple((images != straight).flatten(1).any(dim=1).tolist()))
            orders.add(straight.numpy().tobytes())
    assert len(set(seeds)) == len(flipped) == len(orders) == 4 and len(weights) == 2


def test_all_images_have_their_turn(people, textures):
    trainer = trainer_class("san", "texture")(
        Inputs(people.index, {"texture_pairs": textures}), settings_of("texture"), CPU
    )
    numbers = [trainer.pairs._nth(number) for number in range(2 * len(trainer.pairs.rows))]
    half = len(numbers) // 2
    assert sorted(numbers[:half]) == sorted(numbers[half:]) == list(range(half)) and numbers[:half] != numbers[half:]


def test_the_published_distance_of_colours(people, textures):
    """And one step lowers it, by backbone and decoder alike."""
    settings = settings_of("texture", **CALM, learning_rate=1e-4, warmup_epochs=0, schedule="constant")
    trainer = trainer_class("san", "texture")(Inputs(people.index, {"texture_pairs": textures}), settings, CPU)
    batch, values = trainer.batch(0), []

    def by_hand() -> float:
        with torch.no_grad():
            painted = copy.deepcopy(trainer.painter)(batch[0])
        return float((painted - (batch[1].float() / 255 - 0.5) / 0.5).abs().mean())

    before, parts = by_hand(), {"backbone": trainer.painter.backbone, "decoder": trainer.painter.decoder}
    assert parts_moved(parts, lambda: values.append(trainer.step(0, batch)["loss"])) == set(parts)
    assert float(values[0]) == pytest.approx(before, rel=1e-4) and by_hand() < before


# --- stage joint ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("term", "changed", "moves"),
    [
        ("cross_entropy", {}, {"backbone", "head", "classifier"}),
        ("triplet", {}, {"backbone"}),
        ("triplet", {"bottleneck": 6}, {"backbone", "head"}),
        ("reconstruction", {}, {"backbone", "decoder"}),
        ("tap_triplet", {"tap_triplets": "hard"}, {"backbone", "decoder"}),
        ("tap_triplet", {"tap_triplets": "published"}, {"backbone", "decoder"}),
    ],
)
def test_a_term_alone_falls_and_moves_what_it_should(people, textures, monkeypatch, term, changed, moves):
    weights = {f"{name}_weight": float(name == term) for name in ("triplet", "reconstruction", "tap_triplet")}
    rates = {"learning_rate": 1e-4, "decoder_rate": 1e-4, "schedule": "constant", "warmup_epochs": 0}
    trainer, values = joint(people, textures=textures, **CALM, **rates, **weights, **changed), []
    if term != "cross_entropy":  # which has no weight
        monkeypatch.setattr("purereid.systems.san.joint.cross_entropy", lambda logits, *truth: 0 * logits.sum())
    batch = trainer.batch(0)
    learning = parts_moved(parts_of(trainer), lambda: values.append(trainer.step(0, batch)[term]))
    assert learning == moves
    assert float(trainer.step(0, batch)[term]) < float(values[0])


def test_losses_are_those_of_the_settings(people, textures):
    """Their sum with weights, from networks as they were."""
    trainer = joint(people, textures=textures, reconstruction_weight=3.0, tap_triplet_weight=0.5, **CALM)
    encoder, decoder = copy.deepcopy(trainer.encoder), copy.deepcopy(trainer.decoder)
    batch = trainer.batch(0)
    found = {name: float(value) for name, value in trainer.step(0, batch).items()}
    rows, images, wanted = batch
    with torch.no_grad():
        *_, logits, maps = encoder(images, len(images))
        painted, _ = decoder(maps)
    truth = trainer.people.labels[rows]
    soft = functional.one_hot(truth, logits.shape[1]) * 0.9 + 0.1 / logits.shape[1]
    entropy = float(-(soft * logits.log_softmax(1)).sum(1).mean())
    reconstruction = float((painted - as_targets(wanted.textures, painted.shape[-1])).abs().mean())
    assert found["cross_entropy"] == pytest.approx(entropy, rel=1e-4)
    assert found["reconstruction"] == pytest.approx(reconstruction, rel=1e-4)
    total = entropy + found["triplet"] + 3 * reconstruction + 0.5 * found["tap_triplet"]
    assert found["loss"] == pytest.approx(total, rel=1e-4) and found["tap_triplet"] > 0


def test_each_image_has_its_own_texture_mirrored_where_it_is_flipped(people, textures):
    trainer, plain = (joint(people, textures=textures, **CALM | {"flip": flip}) for flip in (1.0, 0.0))
    file = TextureFile(textures)
    mirror = torch.from_numpy(file.mirror.astype(np.int64))
    for step in range(3):
        (rows, images, wanted), (same, straight, own) = trainer.batch(step), plain.batch(step)
        assert torch.equal(rows, same) and torch.equal(images, straight.flip(3))
        names = plain.people.rows["image"].iloc[rows.tolist()]
        assert wanted.images.tolist() == list(range(12))
        assert torch.equal(own.textures, torch.from_numpy(file.batch(file.rows_of(names.tolist()))))
        assert torch.equal(wanted.textures.flatten(2), own.textures.flatten(2)[:, :, mirror])


def test_half_of_the_images_are_flipped_others_in_each_step_and_by_each_seed(people, textures):
    flipped = {}
    for seed in (1, 2):
        options = CALM | {"seed": seed}
        trainer, plain = (joint(people, textures=textures, **options | {"flip": flip}) for flip in (0.5, 0.0))
        for step in range(6):
            pairs = zip(trainer.batch(step)[1], plain.batch(step)[1], strict=True)
            flipped[seed, step] = [not torch.equal(image, straight) for image, straight in pairs]
    assert 0.35 < np.mean(list(flipped.values())) < 0.65
    assert len({tuple(each) for each in flipped.values()}) == 12


def test_textures_of_other_persons(people, textures):
    file = TextureFile(textures)
    own = np.arange(len(file.images))
    found = exchanged(own, file.pids, 1)
    pairs = {(one, other) for one, other in zip(file.pids[own], file.pids[found], strict=True)}
    assert all(one != other for one, other in pairs) and len(pairs) == len({other for _, other in pairs}) == 6
    assert not np.array_equal(found, exchanged(own, file.pids, 2))
    trainer = joint(people, textures=textures, source="exchanged", **CALM)
    rows, _, wanted = trainer.batch(0)
    names = trainer.people.rows["image"].iloc[rows.tolist()].tolist()
    true = torch.from_numpy(file.batch(file.rows_of(names)))
    assert all((one != other).any() for one, other in zip(wanted.textures, true, strict=True))


def test_without_textures_and_triplets_there_is_no_decoder(people):
    trainer = joint(people, tap_triplet_weight=0.0)
    assert set(trainer.networks) == {"encoder"} and "reconstruction" not in trainer.columns
    assert set(joint(people).networks) == {"encoder", "decoder"}  # its triplets need no textures


def test_two_optimisers_step_from_the_same_weights(people, textures):
    """As the published code meant it: Adam with AMSGrad down one gradient, Adam down the other."""
    options = {
        "two_optimisers": True,
        "optimiser": "amsgrad",
        "decoder_rate": 1e-3,
        "warmup_epochs": 0,
        "schedule": "constant",
    }
    trainer = joint(people, textures=textures, **options, **CALM)
    twin = copy.deepcopy((trainer.encoder, trainer.decoder))
    rows, images, wanted = trainer.batch(0)
    encoder, decoder = twin
    truth = trainer.people.truth(rows, 0)
    pooled, seen, logits, maps = encoder(images, len(images))
    painted, taps = decoder(maps)
    recognising, _ = trainer._recognising(pooled, seen, logits, truth)
    painting, _ = trainer._painting(painted, taps, truth.labels, wanted)
    weights = [p for p in [*encoder.parameters(), *decoder.parameters()] if p.requires_grad]
    first = torch.autograd.grad(recognising, weights, retain_graph=True, allow_unused=True)
    second = torch.autograd.grad(painting, weights, allow_unused=True)
    rate = trainer.settings["learning_rate"]
    expected = []
    for weight, one, other in zip(weights, first, second, strict=True):
        value = weight.detach().clone()
        value -= 0 if one is None else rate * one / (one.abs() + 1e-8)  # the first step of Adam
        value -= 0 if other is None else 1e-3 * other / (other.abs() + 1e-8)
        expected.append(value)
    trainer.step(0, (rows, images, wanted))
    found = [p for p in [*trainer.encoder.parameters(), *trainer.decoder.parameters()] if p.requires_grad]
    assert all(torch.allclose(a, b, atol=2e-5) for a, b in zip(found, expected, strict=True))
    group = trainer.optimisers["painting"].torch.param_groups[0]
    assert group["betas"] == (0.5, 0.999) and not group["amsgrad"] and group.get("weight_decay", 0) == 0


def test_it_starts_from_the_painter(people, textures, tmp_path):
    run(people, tmp_path / "texture", "texture", texture_pairs=textures)
    networks = tmp_path / "texture/networks.safetensors"
    painter = load_network(networks, "painter")
    trainer = joint(people, (networks,), textures=textures, start_from_painter=True)
    for one, other in ((trainer.encoder.backbone, painter.backbone), (trainer.decoder, painter.decoder)):
        assert all(torch.equal(value, other.state_dict()[name]) for name, value in one.state_dict().items())
    fresh = joint(people, (networks,), textures=textures)
    assert not torch.equal(fresh.encoder.backbone.stem[0].weight, painter.backbone.stem[0].weight)


def test_painted_textures_are_those_of_the_painter(people, textures, tmp_path):
    run(people, tmp_path / "texture", "texture", texture_pairs=textures)
    networks, path = tmp_path / "texture/networks.safetensors", tmp_path / "painted.arrow"
    files = {"index": people.index, "painter": networks, "texture_pairs": textures, "textures": path}
    paint_textures(**files, splits=["train"], batch=7, precision="fp32")
    file, true = TextureFile(path), TextureFile(textures)
    assert file.images == true.images and np.array_equal(file.mirror, true.mirror) and file.size == true.size
    trainer = joint(people, (networks,), textures=path, source="painted", start_from_painter=True, **CALM)
    _, images, wanted = trainer.batch(0)
    painter = load_network(networks, "painter")
    with torch.no_grad():
        gap = (wanted.textures.int() - painter.paint(images, 32).int()).abs()
    assert gap.max() <= 1  # of rounding, in batches of another size
    paint_textures(**files | {"textures": tmp_path / "again.arrow"}, splits=["train"], batch=100, precision="fp32")
    assert (
        np.abs(TextureFile(tmp_path / "again.arrow").batch(np.arange(9)).astype(int) - file.batch(np.arange(9))).max()
        <= 1
    )


def test_pairs_of_others_are_learnt_from_by_their_textures_alone(people, textures):
    trainer = joint(people, texture_pairs=textures, pairs_per_batch=5, tap_triplet_weight=0.0, **CALM)
    rows, images, wanted = trainer.batch(0)
    assert len(rows) == 12 and wanted.images.tolist() == [12, 13, 14, 15, 16] and len(images) == 17
    found = trainer.step(0, (rows, images, wanted))
    assert float(found["reconstruction"]) > 0
    assert trainer.about["paired_per_update"] == 5 and trainer.about["real_per_update"] == 12
    both = joint(people, textures=textures, texture_pairs=textures, pairs_per_batch=5, **CALM)
    rows, images, more = both.batch(0)
    assert more.images.tolist() == list(range(17)) and torch.equal(more.textures[12:], wanted.textures)
    encoder, decoder = copy.deepcopy(both.encoder), copy.deepcopy(both.decoder)
    with torch.no_grad():
        painted, _ = decoder(encoder(images, 12)[-1])
    expected = (painted - as_targets(more.textures, 32)).abs().mean()
    assert float(both.step(0, (rows, images, more))["reconstruction"]) == pytest.approx(float(expected), rel=1e-4)


def test_generated_images_have_no_texture(people, textures, tmp_path):
    shutil.copy(people.index, tmp_path / "index.parquet")
    pids = people.table.loc[people.table["split"] == "train", "pid"].unique()[:3].tolist()
    index = with_generated(tmp_path / "index.parquet", pids)
    options = {"generated_per_batch": 4, "generated_labels": "identity"}
    trainer = joint(people, index=index, textures=textures, **options, **CALM)
    rows, images, wanted = trainer.batch(0)
    assert len(rows) == len(images) == 16 and wanted.images.tolist() == list(range(12))
    assert np.isfinite(float(trainer.step(0, (rows, images, wanted))["loss"]))


@pytest.mark.parametrize("two", [False, True])
def test_gradients_are_clipped(people, textures, two: bool):
    options = {"two_optimisers": two, "optimiser": "sgd", "warmup_epochs": 0, "tap_triplet_weight": 0.0}
    moved = []
    for clip in (0.0, 1e-6):
        trainer = joint(people, textures=textures, clip=clip, **options, **CALM)
        weight = trainer.encoder.classifier.weight
        before = weight.detach().clone()
        trainer.step(0, trainer.batch(0))
        moved.append(float((weight.detach() - before).abs().max()))
    assert moved[1] < 1e-2 * moved[0]


@pytest.mark.parametrize("two", [False, True])
def test_bfloat16_is_near(people, textures, two: bool):
    found = []
    for precision in ("fp32", "bf16"):
        trainer = joint(people, textures=textures, **CALM | {"precision": precision, "two_optimisers": two})
        found.append({name: float(value) for name, value in trainer.step(0, trainer.batch(0)).items()})
    for name in ("loss", "cross_entropy", "triplet", "reconstruction", "tap_triplet"):
        assert found[1][name] == pytest.approx(found[0][name], rel=0.03, abs=0.01)


# --- what is refused --------------------------------------------------------------------------------------------------


def test_textures_that_cannot_be_mirrored_or_are_missing(people, textures, tmp_path):
    file = TextureFile(textures)
    rows = [(file.images[n], file.paths[n], int(file.pids[n]), file.batch(np.array([n]))[0], None) for n in range(20)]
    path = tmp_path / "some.arrow"
    write_textures(path, rows, size=32, mirror=None)
    with pytest.raises(UserError, match="add the map, or set"):
        joint(people, textures=path)
    with pytest.raises(UserError, match="4 of 24 images have no texture"):
        joint(people, textures=path, flip=0.0)
    with pytest.raises(UserError, match="a batch takes 99 pairs, and there are 20"):
        trainer_class("san", "texture")(
            Inputs(people.index, {"texture_pairs": textures}), settings_of("texture", batch=99), CPU
        )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"backbone": "densenet121"}, "densenet121 is none"),
        ({"last_stride": 2}, "which then differ in size"),
        ({"crop": [32, 16]}, "san takes whole images"),
        ({"height": 72}, "the system san takes no images of 72 x 32"),
        ({"tap_triplets": "published", "images_per_identity": 2}, "raise images_per_identity"),
        ({"tap_triplets": "published", "sampler": "shuffle"}, "blocks of one person each"),
        ({"start_from_painter": True, "textures": "given"}, "none is trained"),
        ({"trained_on": "peple"}, "did you mean people?"),
        ({"trained_on": "market"}, "the data set market has no textures"),
        ({"textures": "mine"}, "one of painted, given, exchanged"),
        ({"decoder_widths": [4, 4, 4]}, "items: at least 4"),
        ({"textures": "given", "splits": ["train", "val"]}, "name the split under import_textures.splits"),
    ],
)
def test_settings_of_no_use_are_told(config: dict, changed: dict, message: str):
    put(config, "datasets.market", {"format": "market1501", "folder": "."})
    put(config, "experiments.mine", {"system": "san", "train_reid": changed})
    assert message in refused(config)


def test_a_data_set_without_textures_has_none_to_give(config: dict):
    put(config, "datasets.market", {"format": "market1501", "folder": "."})
    own = {"system": "san", "train": "market", "test": "market", "train_reid": {"textures": "given"}}
    put(config, "experiments.mine", own)
    assert "let a painter learn from another data set" in refused(config)
    put(config, "import_textures.size", 48)
    put(config, "experiments.mine.train_reid", {"textures": "painted", "trained_on": "people"})
    assert "one of 16, 32, 64, 128" in refused(config)
    put(config, "import_textures.size", 64)
    put(config, "score_alignment.experiments", ["mine"])
    put(config, "experiments.mine.train_reid", {"textures": "painted", "trained_on": "people"})
    assert "nobody knows which place of the body a pixel shows" in refused(config)


def test_experiments_that_are_left_out_may_still_be_named(config: dict):
    put(config, "experiments.mine", {"system": "san"})
    for section in ("score_alignment", "calibrate"):
        put(config, f"{section}.experiments", ["mine"])
    put(config, "leave_out", ["mine"])
    configure(config)
    put(config, "calibrate.experiments", ["mien"])
    assert "did you mean mine?" in refused(config)


def test_painters_that_learn_from_everybody_are_not_scored(config: dict):
    put(config, "experiments.mine", {"system": "san", "train_reid": {"texture": {"held_out": 0}}})
    put(config, "experiments.other", {"system": "san"})
    setup = configure(config)
    assert setup.painting() == ["mine", "other"] and setup.holding_out() == ["other"]
    assert not held_out_persons(np.arange(5), 0, 1).any()


def test_data_sets_of_pairs_are_looked_at(config: dict):
    put(config, "datasets.pairs", {"format": "pit", "folder": "missing"})
    put(config, "experiments.mine", {"system": "san", "train_reid": {"trained_on": "pairs"}})
    assert "missing" in refused(config)


def test_a_painter_is_trained_only_where_it_paints(config: dict):
    for name, textures in (("painted", "painted"), ("given", "given"), ("none", None)):
        put(config, f"experiments.{name}", {"system": "san", "train_reid": {"textures": textures}})
    setup = configure(config)
    assert setup.stages_in_use("painted") == ["texture", "joint"]
    assert setup.stages_in_use("given") == setup.stages_in_use("none") == ["joint"]
    inputs = {name: setup.training(name).inputs("joint") for name in ("painted", "given", "none")}
    assert inputs == {"painted": ["generated", "textures"], "given": ["generated", "textures"], "none": ["generated"]}


def test_the_painter_does_not_depend_on_settings_of_the_joint_stage(config: dict):
    put(config, "experiments.mine", {"system": "san", "train_reid": {"trained_on": "people"}})
    training = configure(config).training("mine")
    of_joint = set(training.about.settings) - {"trained_on", "decoder_widths"}
    shared = set(training.about.stages["texture"].settings)
    assert not (of_joint - shared) & set(training.settings("texture"))
    assert training.settings("texture")["epochs"] != training.settings("joint")["epochs"]
