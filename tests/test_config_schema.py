"""The config beside its schema: what is refused, with which message."""

import pytest

from configured import get, put, refused


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("train_reid.bot.learing_rate", 1, "unknown config key 'learing_rate'\n  where:    train_reid.bot\n"),
        ("train_reid.bot.learing_rate", 1, "did you mean learning_rate?"),
        ("train_ried", {}, "unknown config key 'train_ried'\n  where:    top level of the config"),
        (
            "train_reid.bot.epochs",
            "ten",
            "unusable setting 'ten'\n  where:    train_reid.bot.epochs\n  expected: whole number, at least 0",
        ),
        ("train_reid.bot.learning_rate", "3e-4", "write 3.0e-4"),
        (
            "train_reid.bot.bnneck",
            "maybe",
            "unusable setting 'maybe'\n  where:    train_reid.bot.bnneck\n  expected: boolean",
        ),
        ("train_reid.last_stride", 3, "expected: one of 1, 2"),
        ("train_reid.bot.learning_rate", float("nan"), "unusable setting nan"),
        ("train_reid.bot.margin", float("inf"), "unusable setting inf"),
        ("train_reid.erasing_area", [0.1, float("nan")], "train_reid.erasing_area.1"),
        ("train_reid.flip", 1.5, "expected: number, at least 0, at most 1"),
        ("train_reid.bot.ema", 1.0, "expected: number, at least 0, below 1"),
        ("experiments.baseline.train_reid", {"bot": {"epochs": 3}}, "has its settings directly here, not under bot"),
        ("experiments.baseline.train_reid", {"generated_perbatch": 3}, "did you mean generated_per_batch?"),
        (
            "experiments.f",
            {"system": "fdgan", "train_reid": {"epochs": 3}},
            "write it under verify or generate or joint",
        ),
        ("experiments.f", {"system": "fdgan", "train_reid": {"soft_margin": True}}, "it is a setting of bot alone"),
        ("train_gan.fdgan", {}, "the section of fdgan stands under train_reid"),
        ("generators.f", {"system": "fdgan"}, "one takes by from_experiment"),
        ("train_reid.splits", ["query"], "expected: one of train, val"),
        ("datasets.people.keypoints", "a.csv", "expected: list of texts such as [a, b]"),
        ("train_reid.splits", ["trian"], "unusable setting 'trian'\n  where:    train_reid.splits.0"),
        ("seeds", [], "where:    seeds"),
        ("seeds", [1, 1], "none twice"),
        ("seeds", [1.0], "expected: whole number"),
        ("experiments.baseline.test", 5, "expected: text or a list of names"),
        ("import_keypoints.frame", [1], "expected: null or a list [height, width]"),
        ("resources.train_ried", {"threads": 1}, "did you mean train_reid?"),
        ("seeds", 1, "expected: list such as [1, 2]"),
        ("train_reid", None, "expected: section with settings of its own"),
        ("train_reid.backbone", "resnet49", "expected: resnet_small, resnet18, resnet34"),
        ("train_reid.bot.identities_per_batch", 1, "expected: whole number, at least 2"),
        ("experiments", {"baseline": None}, "nothing is left here\n  where:    experiments"),
        ("datasets.a/b", {"format": "folder"}, "expected: letters, digits, _ and - alone"),
        ("experiments.baseline.train_reid", {"epoch": 3}, "did you mean epochs?"),
        ("experiments.a b", {}, "where:    experiments"),
        ("datasets.people.format", "market", "expected: one of rendered_people, market1501"),
        ("datasets.two", {"format": "merge"}, "'sources' is a required property"),
        ("resources.train_reid.cores", 2, "unknown config key 'cores'\n  where:    resources.train_reid"),
        ("generators.posegan.system", "posgan", "unusable setting 'posgan'\n  where:    generators.posegan.system"),
        (
            "generators.posegan.train_gan",
            {"flip": 1},
            "unknown config key 'flip'\n  where:    generators.posegan.train",
        ),
        ("generators.dcgan.train_gan", {"flip": 2}, "unusable setting 2\n  where:    generators.dcgan.train_gan.flip"),
        ("train_gan.posegan.width", 30, "expected: whole number, at least 16, at most 4096, a multiple of 4"),
        ("generate.train.setup", "some", "expected: one of all, few"),
        ("generate_one.swap.sources", 0, "expected: a whole number from 1 to 1000 or a list of names"),
        ("purify.rule", "publishd", "expected: one of published, strict, clusters"),
        (
            "purify.step",
            0,
            "unusable setting 0\n  where:    purify.step\n  expected: number, at least 0.001, at most 1",
        ),
        ("generate.train.injected.kinds", ["rain"], "unusable setting 'rain'"),
        ("generate.train.injected.kinds", [], "items: at least 1"),
        ("purifiers.gcn.treshold", 0.3, "did you mean threshold?"),
    ],
)
def test_mistakes_are_told(config: dict, path: str, value: object, message: str):
    put(config, path, value)
    assert message in refused(config)


@pytest.mark.parametrize(
    "path",
    [
        "train_reid.bot.margin",
        "train_reid.flip",
        "train_gan.posegan.history",
        "purify.share",
        "generate.train.injected.kinds",
    ],
)
def test_missing_setting_is_told(config: dict, path: str):
    section, _, setting = path.rpartition(".")
    put(config, section, {name: value for name, value in get(config, section).items() if name != setting})
    assert f"a setting is missing: {path}" in refused(config)


def test_parts_of_another_type_are_told(config: dict):
    config["experiments"] = ["baseline"]
    assert "where:    experiments" in refused(config)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("train_reid.bot.margin", 1e30),
        ("train_reid.bot.triplet_weight", -1.0),
        ("train_reid.bot.learning_rate", 1e9),
        ("train_reid.bot.weight_decay", 5),
        ("train_reid.bot.epochs", 10**12),
        ("train_reid.bot.warmup_epochs", 1e9),
        ("train_reid.bot.bottleneck", 10**6),
        ("train_reid.bot.bottleneck_dropout", 1),
        ("train_reid.bot.identities_per_batch", 10**7),
        ("train_reid.height", 100_000),
        ("train_reid.pad", 100_000),
        ("train_reid.erasing_aspect", [0.0, 1.0]),
        ("train_reid.fdgan.pose_sigmas", [0]),
        ("train_reid.dgnet.discriminator_scales", 256),
        ("train_gan.posegan.height", 100_000),
        ("train_gan.posegan.blocks", 10_000),
        ("train_gan.posegan.samples", 10**6),
        ("train_gcn.held_out", 1),
        ("make_heatmaps.sigma", 0),
        ("make_heatmaps.sigma", 1e-300),
        ("render_people.cameras", 1),
        ("render_people.train_identities", 10**10),
        ("evaluate.k1", 10**12),
        ("calibrate.bootstrap", 10**9),
        ("generate.train.shards", 10**6),
        ("resources.default.threads", 10**6),
        ("estimate_keypoints.least_joint", -1e300),
        ("extract_features.fine_weight", 1e9),
        ("gpus", 10**6),
        ("seeds", [2**32]),
        ("seeds", [10**23]),
        ("seeds", [True]),
        ("import_keypoints.frame", [0, 64]),
        ("generate_one.swap.sources", 10**6),
        ("datasets.people.test_share", 1),
    ],
)
def test_absurd_numbers_are_refused(config: dict, path: str, value: object):
    put(config, path, value)
    assert path in refused(config)


@pytest.mark.parametrize("part", ["datasets", "experiments", "generators", "purifiers", "generate_one"])
@pytest.mark.parametrize("name", ["x" * 65, "a" * 20, "seed-" + "ab" * 20, "a/b", ""])
def test_names_that_make_no_paths_are_refused(config: dict, part: str, name: str):
    config[part][name] = next(iter(config[part].values()))
    assert f"where:    {part}\n  expected: letters, digits, _ and - alone, at most 64 of them" in refused(config)


@pytest.mark.parametrize(
    ("path", "text", "advice"),
    [
        ("train_reid.bot.learning_rate", "1e-4", "write 1.0e-4"),
        ("train_reid.bot.learning_rate", "1.5e2", "write 1.5e+2"),
        ("train_reid.bot.learning_rate", "-1E4", "write -1.0e+4"),
        ("train_reid.bot.learning_rate", "0,1", "write a point: 0.1"),
        ("train_reid.bot.epochs", "1e3", "write 1000"),
        ("train_reid.height", "64", "write 64 without quotes"),
        ("seeds", ["1"], "write 1 without quotes"),
        ("train_reid.bot.bnneck", "true", "write true without quotes"),
    ],
)
def test_texts_that_mean_numbers_are_told(config: dict, path: str, text: object, advice: str):
    put(config, path, text)
    assert advice in refused(config)


def test_long_values_are_cut(config: dict):
    config["train_reid"]["height"] = "x" * 10_000
    assert len(refused(config)) < 300
