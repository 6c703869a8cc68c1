"""The config: what is refused with which message, and what each rule gets."""

import copy
from pathlib import Path

import pytest
import yaml

from purereid.configuration import Configuration
from purereid.errors import UserError
from purereid.graph.purifiers.registry import RULES
from purereid.report.training_sets import REAL_ALONE


@pytest.fixture
def config(root: Path) -> dict:
    return yaml.safe_load((root / "config.yaml").read_text())


def configure(config: dict, root: Path) -> Configuration:
    return Configuration(config, root / "rules/schemas/config.schema.yaml")


def refused(config: dict, root: Path) -> str:
    with pytest.raises(UserError) as error:
        configure(config, root)
    return str(error.value)


def put(config: dict, path: str, value: object) -> None:
    """Set what stands at a dotted path."""
    *parents, last = path.split(".")
    for name in parents:
        config = config[name]
    config[last] = value


def test_the_config_of_the_repository_is_accepted(config: dict, root: Path):
    setup = configure(config, root)
    assert setup.tested() == ["people"]
    assert setup.tested_on("people") == list(config["experiments"])


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("train_reid.learing_rate", 1, "unknown config key 'learing_rate'\n  where:    train_reid\n"),
        ("train_reid.learing_rate", 1, "did you mean learning_rate?"),
        ("train_ried", {}, "unknown config key 'train_ried'\n  where:    top level of the config"),
        (
            "train_reid.epochs",
            "ten",
            "unusable setting 'ten'\n  where:    train_reid.epochs\n  expected: whole number, at least 0",
        ),
        ("train_reid.learning_rate", "3e-4", "write 3.0e-4"),
        ("train_reid.bnneck", "maybe", "unusable setting 'maybe'\n  where:    train_reid.bnneck\n  expected: boolean"),
        ("train_reid.last_stride", 3, "expected: one of 1, 2"),
        ("train_reid.flip", 1.5, "expected: number, at least 0, at most 1"),
        ("train_reid.splits", ["trian"], "unusable setting 'trian'\n  where:    train_reid.splits.0"),
        ("seeds", [], "where:    seeds"),
        ("seeds", [1, 1], "none twice"),
        ("seeds", [1.0], "expected: whole number"),
        ("experiments.baseline.test", 5, "expected: text or a list of names"),
        ("import_keypoints.frame", [1], "expected: null or a list such as [1, 2]"),
        ("resources.train_ried", {"threads": 1}, "did you mean train_reid?"),
        ("datasets.people.keypoints", ["none.csv"], "rendered people bring their own key points"),
        ("seeds", 1, "expected: list such as [1, 2]"),
        ("train_reid", None, "expected: section with settings of its own"),
        ("train_reid.backbone", "resnet49", "expected: resnet_small, resnet18, resnet34"),
        ("train_reid.identities_per_batch", 1, "expected: whole number, at least 2"),
        ("train_reid.weights", "/nowhere/w.safetensors", "weights file not found: /nowhere/w.safetensors"),
        ("experiments", {"baseline": None}, "nothing is left here\n  where:    experiments"),
        ("datasets.a/b", {"format": "folder"}, "expected: letters, digits, _ and - alone"),
        ("experiments.baseline.train", "market", "unknown data set 'market'\n  where:    experiments.baseline.train"),
        ("experiments.baseline.test", ["peple"], "did you mean people?"),
        ("experiments.baseline.train_reid", {"epoch": 3}, "did you mean epochs?"),
        ("experiments.a b", {}, "where:    experiments"),
        ("dataset", "nothing", "unknown data set 'nothing'\n  where:    dataset"),
        ("datasets.people.format", "market", "expected: one of rendered_people, market1501"),
        ("datasets.two", {"format": "merge"}, "'sources' is a required property"),
        ("resources.train_reid.cores", 2, "unknown config key 'cores'\n  where:    resources.train_reid"),
    ],
)
def test_mistakes_are_told(config: dict, root: Path, path: str, value: object, message: str):
    put(config, path, value)
    assert message in refused(config, root)


def test_missing_folder_is_told_only_where_it_is_used(config: dict, root: Path):
    config["datasets"]["market"] = {"format": "market1501", "folder": "/nowhere/Market"}
    configure(copy.deepcopy(config), root)
    config["dataset"] = "market"
    assert "folder not found: /nowhere/Market\n  where:    datasets.market.folder" in refused(config, root)
    del config["datasets"]["market"]["folder"]
    assert "data set 'market' has no folder" in refused(config, root)


def test_mistakes_in_merged_sets_are_told_where_these_are_used(config: dict, root: Path):
    config["dataset"] = "one"
    config["datasets"] |= {
        "one": {"format": "merge", "sources": ["people", "two"]},
        "two": {"format": "merge", "sources": ["people", "one"]},
    }
    assert "a data set cannot be merged from itself\n  where:    datasets.one.sources" in refused(config, root)
    config["datasets"]["two"] = {"format": "market1501", "folder": "/nowhere"}
    assert "folder not found: /nowhere" in refused(config, root)
    config["datasets"]["one"]["sources"] = ["peopel"]
    assert "unknown data set 'peopel'\n  where:    datasets.one.sources" in refused(config, root)


def test_missing_setting_is_told(config: dict, root: Path):
    del config["train_reid"]["margin"]
    assert "a setting is missing: train_reid.margin" in refused(config, root)


def test_experiments_override_sections_and_null_removes(config: dict, root: Path):
    config["experiments"] |= {"untrained": None, "wide": {"train_reid": {"height": 64}, "seeds": [7], "gpus": 2}}
    setup = configure(config, root)
    assert "untrained" not in setup.experiments
    assert setup.section("train_reid", "wide")["height"] == 64
    assert setup.section("train_reid", "baseline")["height"] == config["train_reid"]["height"]
    assert setup.seeds("wide") == [7] and setup.gpus("wide") == 2 and setup.gpus("baseline") == 0


def test_training_on_several_sets_and_testing_on_another(config: dict, root: Path):
    config["datasets"] |= {
        "other": {"format": "rendered_people", "render_people": {"seed": 9}},
        "both": {"format": "merge", "sources": ["people", "other"]},
    }
    config["experiments"]["cross"] = {"train": "both", "test": ["people", "other"]}
    setup = configure(config, root)
    assert setup.train("cross") == "both" and setup.tested() == ["people", "other"]
    assert setup.tested_on("other") == ["cross"]
    assert setup.rendering("other")["seed"] == 9
    assert setup.indexing("other", "folder/of/people", [])["format"] == "market1501"


# --- generators -------------------------------------------------------------------------------------------------------


def test_a_generator_has_the_settings_of_its_system_and_its_own(config: dict, root: Path):
    own = {"train_gan": {"blocks": 9}, "generate": {"format": "jpeg", "train": {"shards": 3}}}
    config["generators"]["large"] = {"system": "posegan"} | own
    setup = configure(config, root)
    assert setup.training("large") == config["train_gan"]["posegan"] | {"blocks": 9}
    made = setup.generating("large")
    assert made["format"] == "jpeg" and made["train"] == config["generate"]["train"] | {"shards": 3}
    assert made["test"] == config["generate"]["test"] and setup.generating("posegan") == config["generate"]
    assert setup.generators_in_use() == [("people", "dcgan"), ("people", "posegan")]
    assert setup.takes("large") == ["source", "parts"] and setup.takes("dcgan") == []


def test_training_reads_an_encoder_only_where_one_is_named(config: dict, root: Path):
    assert configure(config, root).learns_from("posegan") == ["parts", "pairs", "encoder"]
    for key, value in (("encoder", ""), ("identity_weight", 0.0)):
        changed = copy.deepcopy(config)
        changed["train_gan"]["posegan"][key] = value
        assert configure(changed, root).learns_from("posegan") == ["parts", "pairs"]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("generators.posegan.system", "posgan", "unusable setting 'posgan'\n  where:    generators.posegan.system"),
        (
            "generators.posegan.train_gan",
            {"flip": 1},
            "unknown config key 'flip'\n  where:    generators.posegan.train",
        ),
        ("generators.dcgan.train_gan", {"flip": 2}, "unusable setting 2\n  where:    generators.dcgan.train_gan.flip"),
        ("train_gan.posegan.width", 30, "expected: whole number, at least 16, a multiple of 4"),
        ("generate.train.setup", "some", "expected: one of all, few"),
        ("generate_one.swap.sources", 0, "expected: a whole number above 0 or a list of names"),
        ("experiments.lsro.generator", "dcgna", "unknown generator 'dcgna'\n  where:    experiments.lsro.generator"),
        ("experiments.baseline.train_reid", {"generated_per_batch": 8}, "no generator is named, and generated_per_b"),
        ("score_images.encoder", "base", "unknown experiment 'base'\n  where:    score_images.encoder"),
        ("score_images.encoder", "lsro", "the experiment lsro is itself trained on generated images"),
        ("train_gan.posegan.encoder", "posegan", "where:    train_gan.posegan.encoder of the generator posegan"),
        ("train_gan.posegan.perceptual_weights", "no.file", "weights file not found: no.file\n  where:    perceptual"),
        ("score_images.inception_weights", "no.file", "inception_weights of score_images"),
        ("estimate_keypoints.weights", "no.file", "weights of estimate_keypoints"),
    ],
)
def test_mistakes_about_generators_are_told(config: dict, root: Path, path: str, value: object, message: str):
    put(config, path, value)
    assert message in refused(config, root)


def test_a_generator_without_images_in_a_batch_is_the_yardstick_of_few_real_ones(config: dict, root: Path):
    config["experiments"]["real_part"] = {"generator": "posegan"}
    assert configure(config, root).section("train_reid", "real_part")["generated_per_batch"] == 0


def test_pictures_of_one_data_set_or_generator(config: dict, root: Path):
    config["generate_one"]["mine"] = {"sources": 1, "poses": 1, "dataset": "mine"}
    config["generate_one"]["other"] = {"sources": 1, "poses": 1, "generator": "other"}
    setup = configure(config, root)
    assert setup.pictures_of("people", "posegan") == ["swap"] and setup.pictures_of("people", "dcgan") == []
    assert setup.pictures_of("mine", "posegan") == ["swap", "mine"]


def test_list_of_poses_must_exist(config: dict, root: Path):
    config["generate"]["train"]["pose_list"] = "no.txt"
    assert "file not found: no.txt\n  where:    generate.train.pose_list of the generator" in refused(config, root)


def test_labels_with_identity_need_a_generator_that_knows_it(config: dict, root: Path):
    config["experiments"]["lsro"]["train_reid"]["generated_labels"] = "identity"
    assert "the generator dcgan makes people without identity" in refused(config, root)


def test_poses_need_key_points(config: dict, root: Path, tmp_path: Path):
    config["dataset"], config["datasets"]["mine"] = "mine", {"format": "folder", "folder": str(tmp_path)}
    told = refused(config, root)
    assert "the generator posegan needs key points, and the data set mine has none" in told
    assert "experiments: {posegan: null, purified: null}" in told
    weights = tmp_path / "rcnn.safetensors"
    weights.touch()
    config["estimate_keypoints"]["weights"] = str(weights)
    assert not configure(config, root).has_keypoints("mine")
    config["estimate_keypoints"]["weights"] = ""
    config["experiments"] |= {"posegan": None, "purified": None}
    assert configure(config, root).generators_in_use() == [("mine", "dcgan")]


def test_missing_setting_of_a_system_is_told(config: dict, root: Path):
    del config["train_gan"]["posegan"]["history"]
    assert "a setting is missing: train_gan.posegan.history" in refused(config, root)


def test_files_that_a_picture_names(config: dict, root: Path, tmp_path: Path):
    (tmp_path / "me.png").touch()
    config["generate_one"]["me"] = {"sources": [str(tmp_path / "me.png"), "pid:5"], "poses": 3}
    setup = configure(config, root)
    assert setup.named_files("me") == [str(tmp_path / "me.png")] and setup.named_files("swap") == []


# --- generators that share a network ----------------------------------------------------------------------------------


@pytest.fixture
def shared(config: dict) -> dict:
    """The config with two more generators that use the network of ``posegan``, one of them in an experiment."""
    few = {"generate": {"train": {"setup": "few", "injected": {"share": 0.5}}}, "build_graph": {"k": 30}}
    config["generators"] |= {"few": {"trained_as": "posegan"} | few, "unused": {"trained_as": "posegan"}}
    config["generators"]["posegan"]["train_gan"] = {"blocks": 9}
    config["experiments"]["few"] = {"generator": "few"}
    return config


def test_a_generator_may_use_the_network_of_another(shared: dict, root: Path):
    setup = configure(shared, root)
    assert [setup.trained(name) for name in ("few", "posegan", "dcgan")] == ["posegan", "posegan", "dcgan"]
    assert setup.system("few") == "posegan" and setup.takes("few") == ["source", "parts"]
    assert setup.training("few") == setup.training("posegan") and setup.training("few")["blocks"] == 9
    assert setup.learns_from("few") == ["parts", "pairs", "encoder"] and setup.needs_poses("few")
    assert setup.generators_in_use() == [("people", name) for name in ("dcgan", "posegan", "few")]
    assert setup.networks_in_use() == [("people", "dcgan"), ("people", "posegan")]


def test_it_has_settings_of_its_own_for_what_follows_the_training(shared: dict, root: Path):
    setup, defaults = configure(shared, root), shared["generate"]["train"]
    injected = defaults["injected"] | {"share": 0.5}
    assert setup.generating("few")["train"] == defaults | {"setup": "few", "injected": injected}
    assert setup.generating("posegan") == shared["generate"]
    assert setup.of_generator("build_graph", "few") == shared["build_graph"] | {"k": 30}
    assert setup.of_generator("build_graph", "posegan") == shared["build_graph"]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({}, "the generator few names neither a system nor trained_as\n  where:    generators.few"),
        (
            {"system": "posegan", "trained_as": "posegan"},
            "the generator few names both a system and trained_as\n  where:    generators.few",
        ),
        (
            {"trained_as": "posgan"},
            "unknown generator 'posgan'\n  where:    generators.few.trained_as",
        ),
        (
            {"trained_as": "unused"},
            "the generator unused has no network of its own\n  where:    generators.few.trained_as\n"
            "  expected: a generator that names a system",
        ),
        ({"trained_as": "few"}, "the generator few has no network of its own"),
        (
            {"trained_as": "posegan", "train_gan": {"blocks": 2}},
            "a generator that uses the network of another is not trained\n  where:    generators.few.train_gan",
        ),
        ({"trained_as": "posegan", "train_gan": {}}, "move these settings to the generator posegan"),
    ],
)
def test_mistakes_about_shared_networks_are_told(shared: dict, root: Path, entry: dict, message: str):
    shared["generators"]["few"] = entry
    assert message in refused(shared, root)


def test_a_network_whose_generator_was_removed_is_told(shared: dict, root: Path):
    shared["generators"]["posegan"] = None
    assert "unknown generator 'posegan'\n  where:    generators.few.trained_as" in refused(shared, root)


@pytest.mark.parametrize(("kind", "lacking"), [("wrong_identity", "identity"), ("off_pose", "pose")])
def test_a_wrong_person_or_pose_needs_a_generator_that_knows_one(config: dict, root: Path, kind: str, lacking: str):
    message = f"the generator dcgan is asked for no {lacking}, so that none can be wrong\n"
    message += "  where:    generate.train.injected.kinds of the generator dcgan\n"
    message += "  expected: kinds other than wrong_identity and off_pose, or the share 0\n"
    put(config, "generate.train.injected.kinds", [kind, "blur"])
    everywhere = copy.deepcopy(config)
    put(everywhere, "generate.train.injected.share", 0.1)
    assert message in refused(everywhere, root)
    for accepted in ({"share": 0.0}, {"kinds": ["noise"]}):
        changed = copy.deepcopy(everywhere)
        changed["generators"]["dcgan"]["generate"] = {"train": {"injected": accepted}}
        assert configure(changed, root).generating("posegan")["train"]["injected"]["share"] == 0.1
    everywhere["experiments"]["lsro"] = None  # then nobody uses it
    configure(everywhere, root)
    config["generators"]["dcgan"]["generate"] = {"train": {"injected": {"share": 0.1}}}
    assert message in refused(config, root)


# --- purifiers --------------------------------------------------------------------------------------------------------


def test_a_purifier_has_the_settings_of_its_rule_and_its_own(config: dict, root: Path):
    config["purifiers"] |= {rule: {"rule": rule} for rule in RULES} | {"lax": {"threshold": 0.2}}
    setup = configure(config, root)
    for rule, about in RULES.items():
        names = [name for name in about.settings if name != "share_of"]  # which takes the place of share
        assert setup.purifying(rule) == {name: config["purify"][name] for name in names} | {"rule": rule}
    assert setup.purifying("lax") == {"rule": "published", "threshold": 0.2, "overlap": config["purify"]["overlap"]}
    assert list(setup.purifying("gcn")) == sorted(setup.purifying("gcn"))  # one text for equal settings


def test_what_experiments_are_trained_on(config: dict, root: Path):
    labels = {"generated_labels": "identity"}
    config["experiments"] |= {
        "again": {"generator": "posegan", "purifier": "gcn", "train_reid": labels | {"generated_per_batch": 4}},
        "real_part": {"generator": "posegan", "train_reid": labels},
    }
    setup = configure(config, root)
    assert setup.purified_in_use() == [("people", "posegan", "gcn")]
    assert [setup.purifier(name) for name in ("purified", "again", "posegan", "baseline")] == ["gcn", "gcn", None, None]
    names = ("baseline", "posegan", "purified", "real_part", "again")
    kinds = [setup.kind_of_training_set(name, name_the_network=False) for name in names]
    assert kinds == [REAL_ALONE, "generated", "generated, gcn", REAL_ALONE, "generated, gcn"]
    assert setup.kind_of_training_set("purified", name_the_network=True) == "posegan, generated, gcn"
    assert setup.uses_generated("again") and not setup.uses_generated("real_part")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("purify.rule", "publishd", "expected: one of published, strict, clusters"),
        (
            "purify.step",
            0,
            "unusable setting 0\n  where:    purify.step\n  expected: number, at least 0.001, at most 1",
        ),
        ("generate.train.injected.kinds", ["rain"], "unusable setting 'rain'"),
        ("generate.train.injected.kinds", [], "items: at least 1"),
        (
            "purifiers.gcn.share",
            0.3,
            "the rule published has no setting share\n  where:    purifiers.gcn\n  expected: rule, threshold, overlap",
        ),
        ("purifiers.luck", {"rule": "random", "pool": "max"}, "the rule random has no setting pool\n"),
        ("purifiers.gcn.treshold", 0.3, "did you mean threshold?"),
        (
            "purifiers.luck",
            {"rule": "random", "share_of": "gnc"},
            "unknown purifier 'gnc'\n  where:    purifiers.luck.share_of",
        ),
        (
            "purifiers.luck",
            {"rule": "random", "share_of": "luck"},
            "the purifier luck does not decide by itself how many images it keeps\n"
            "  where:    purifiers.luck.share_of\n"
            "  expected: a purifier with one of the rules published, strict, clusters, gcn_v, gcn_e",
        ),
        ("experiments.purified.purifier", "gnc", "unknown purifier 'gnc'\n  where:    experiments.purified.purifier"),
        (
            "experiments.baseline.purifier",
            "gcn",
            "no generator is named, and so there is nothing to purify\n  where:    experiments.baseline.purifier",
        ),
        (
            "experiments.lsro.purifier",
            "gcn",
            "the generator dcgan makes people without identity, whom no rule can compare with one\n"
            "  where:    experiments.lsro.purifier\n  expected: a generator that takes a source image",
        ),
        (
            "embed_generated.encoder",
            "base",
            "unknown experiment 'base'\n  where:    embed_generated.encoder of the generator posegan",
        ),
        (
            "generators.posegan.embed_generated",
            {"encoder": "purified"},
            "the experiment purified is itself trained on generated images\n"
            "  where:    embed_generated.encoder of the generator posegan",
        ),
        ("embed_generated.encoder", "lsro", "the experiment lsro is itself trained on generated images"),
        (
            "embed_generated.encoder",
            "untrained",
            "the experiment untrained does not learn (epochs: 0), so that its features tell no persons apart\n"
            "  where:    embed_generated.encoder of the generator posegan",
        ),
        (
            "experiments.purified.train_reid.generated_per_batch",
            0,
            "generated images are purified, and generated_per_batch is 0\n  where:    experiments.purified.purifier",
        ),
        (
            "purifiers.luck",
            {"rule": "random", "share": 0.3, "share_of": "gcn"},
            "both share and share_of say how many images stay\n  where:    purifiers.luck",
        ),
        (
            "compare_purifiers.generators",
            ["nobody"],
            "unknown generator of an experiment 'nobody'\n  where:    compare_purifiers.generators",
        ),
        ("compare_purifiers.generators", ["dcgan"], "the generator dcgan makes people without identity"),
    ],
)
def test_mistakes_about_purifiers_are_told(config: dict, root: Path, path: str, value: object, message: str):
    put(config, path, value)
    assert message in refused(config, root)


def test_a_share_of_its_own_takes_the_place_of_an_inherited_share_of(config: dict, root: Path):
    config["purifiers"]["luck"] = {"rule": "random", "share": 0.4}
    config["purify"]["share_of"] = "gcn"
    setup = configure(config, root)
    assert setup.purifying("luck")["share"] == 0.4 and "share_of" not in setup.purifying("luck")


def test_parts_set_to_null_are_removed(config: dict, root: Path):
    config |= {"purifiers": None, "generate_one": None}
    config["experiments"]["purified"] = None
    setup = configure(config, root)
    assert setup.purifiers == {} and setup.pictures == {}


def test_a_purifier_that_was_removed_is_told(config: dict, root: Path):
    config["purifiers"]["gcn"] = None
    assert "unknown purifier 'gcn'\n  where:    experiments.purified.purifier" in refused(config, root)


def test_a_missing_setting_of_purification_is_told(config: dict, root: Path):
    for section, setting in (("purify", "share"), ("build_graph", "probes"), ("generate.train.injected", "kinds")):
        changed = copy.deepcopy(config)
        part = changed
        for name in section.split("."):
            part = part[name]
        del part[setting]
        assert f"a setting is missing: {section}.{setting}" in refused(changed, root)


def test_an_encoder_of_the_real_part_alone_may_make_the_graph(config: dict, root: Path):
    config["experiments"]["part"] = {"generator": "posegan"}
    config["embed_generated"]["encoder"] = "part"
    assert configure(config, root).of_generator("embed_generated", "posegan")["encoder"] == "part"


def test_all_purifiers_are_compared_where_asked_for(config: dict, root: Path):
    config["purifiers"]["luck"] = {"rule": "random", "share_of": "gcn"}
    config["compare_purifiers"]["generators"] = ["posegan"]
    setup = configure(config, root)
    assert setup.purified_in_use() == [("people", "posegan", "gcn"), ("people", "posegan", "luck")]
    assert "share" not in setup.purifying("luck") and "share_of" in setup.purifying("luck")


def test_few_real_images_need_a_reference_with_all(config: dict, root: Path):
    config["generators"]["posegan"]["generate"] = {"train": {"setup": "few", "real_identities": 3}}
    configure(copy.deepcopy(config), root)
    config["compare"]["reference"] = "untrained"
    assert "the experiment untrained does not learn on people" in refused(config, root)


@pytest.mark.parametrize(
    ("rule", "section", "size"),
    [
        *(("published", "train_gcn", size) for size in ("k1", "k2", "u")),
        ("gcn_v", "train_gcn_v", "k"),
        ("gcn_e", "train_gcn_v", "k"),
        ("gcn_e", "train_gcn_e", "k"),
    ],
)
def test_the_graph_must_hold_as_many_neighbours_as_the_networks_look_at(
    config: dict, root: Path, rule: str, section: str, size: str
):
    config["purifiers"]["gcn"]["rule"] = rule
    for name in {"train_gcn_v", "train_gcn_e"} - {section}:
        config[name]["k"] = 9
    config["generators"]["posegan"] |= {"build_graph": {"k": 25}, section: {size: 25}}
    configure(copy.deepcopy(config), root)
    config["generators"]["posegan"][section] = {size: 26}
    told = refused(config, root)
    assert f"build_graph.k is 25, and {section}.{size} is 26\n" in told
    assert f"where:    generator posegan, purified by the rule {rule}\n" in told
    assert f"raise build_graph.k to 26, or lower {section}.{size}" in told


def test_the_graph_is_checked_where_a_network_looks_at_it(config: dict, root: Path):
    config["train_gcn"]["k1"] = config["build_graph"]["k"] + 1
    for settings in ({"rule": "random"}, {"rule": "mutual"}):
        config["purifiers"]["luck"] = settings
        config["experiments"]["purified"]["purifier"] = "luck"
        configure(copy.deepcopy(config), root)  # nobody uses the rule published
    config["purifiers"]["luck"]["share_of"] = "gcn"  # which has to be made for its share
    assert "and train_gcn.k1 is 21\n  where:    generator posegan, purified by the rule published" in refused(
        config, root
    )


# --- files of data sets -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["add", "replace", "remove"])
def test_state_of_the_source_shows_every_change_below_the_folder(config: dict, root: Path, tmp_path: Path, change: str):
    image = tmp_path / "train/anna/1.jpg"
    image.parent.mkdir(parents=True)
    image.write_bytes(b"one")
    config["datasets"]["mine"] = {"format": "folder", "folder": str(tmp_path)}
    before = configure(config, root).source_state("mine")
    assert configure(config, root).source_state("mine") == before
    if change == "add":
        image.with_name("2.jpg").write_bytes(b"two")
    elif change == "replace":
        image.write_bytes(b"two")
    else:
        image.unlink()
    assert configure(config, root).source_state("mine") != before


def test_images_behind_linked_folders_are_seen_and_loops_end(config: dict, root: Path, tmp_path: Path):
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "market"
    elsewhere.mkdir()
    folder.mkdir()
    (folder / "query").symlink_to(elsewhere)
    (elsewhere / "loop").symlink_to(folder)
    config["datasets"]["mine"] = {"format": "market1501", "folder": str(folder)}
    before = configure(config, root).source_state("mine")
    (elsewhere / "1.jpg").write_bytes(b"one")
    assert configure(config, root).source_state("mine") != before


def test_edited_pose_files_are_seen(config: dict, root: Path, tmp_path: Path):
    (tmp_path / "a.txt").write_text("1 2")
    config["datasets"]["mine"] = {"format": "folder", "folder": str(tmp_path), "keypoints": [str(tmp_path)]}
    before = configure(config, root).keypoint_state("mine")
    (tmp_path / "a.txt").write_text("1 23")
    assert configure(config, root).keypoint_state("mine") != before


def test_yardsticks_take_no_weights(config: dict, root: Path, tmp_path: Path):
    (tmp_path / "w.safetensors").touch()
    config["train_reid"]["weights"] = str(tmp_path / "w.safetensors")
    setup = configure(config, root)
    assert setup.section("train_reid", "baseline")["weights"]
    assert not any(setup.section("train_reid", name)["weights"] for name in ("untrained", "colour_histogram"))


def test_a_table_and_a_split_file_are_sources(config: dict, root: Path, tmp_path: Path):
    for name in ("a.csv", "s.mat"):
        (tmp_path / name).touch()
    config["datasets"]["mine"] = {"format": "table", "table": str(tmp_path / "a.csv")}
    config["datasets"]["cuhk"] = {"format": "cuhk03", "folder": str(tmp_path), "split_file": str(tmp_path / "s.mat")}
    setup = configure(config, root)
    assert setup.source_paths("mine") == [str(tmp_path / "a.csv")]
    assert setup.source_paths("cuhk") == [str(tmp_path), str(tmp_path / "s.mat")]


def test_the_reference_comes_first_whatever_the_order(config: dict, root: Path):
    experiments = config["experiments"]
    config["experiments"] = {name: experiments[name] for name in reversed(list(experiments))}
    assert configure(config, root).tested_on("people")[0] == "baseline"
    config["compare"]["reference"] = "basline"
    assert "unknown experiment 'basline'\n  where:    compare.reference" in refused(config, root)


def test_parts_of_another_type_are_told(config: dict, root: Path):
    config["experiments"] = ["baseline"]
    assert "where:    experiments" in refused(config, root)
