"""Configs that fit the schema and do not go together: what is refused, with which message."""

import copy
import shutil
from pathlib import Path

import pytest

from configured import configure, put, refused
from purereid.checks.check import check_deployment
from purereid.checks.schedules import unreached
from purereid.errors import UserError
from purereid.networks import registry


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("dataset", "nothing", "unknown data set 'nothing'\n  where:    dataset"),
        ("experiments.baseline.train", "market", "unknown data set 'market'\n  where:    experiments.baseline.train"),
        ("experiments.baseline.test", ["peple"], "did you mean people?"),
        ("compare.reference", "basline", "unknown experiment 'basline'\n  where:    compare.reference"),
        ("calibrate.experiments", ["basline"], "unknown experiment 'basline'\n  where:    calibrate.experiments"),
        ("plot_features.experiments", ["x"], "unknown experiment 'x'\n  where:    plot_features.experiments"),
        ("similarity_maps.experiments", ["x"], "unknown experiment 'x'\n  where:    similarity_maps.experiments"),
    ],
)
def test_unknown_names_are_told(config: dict, path: str, value: object, message: str):
    put(config, path, value)
    assert message in refused(config)


@pytest.mark.parametrize("own", [{"backbone": "colour_histogram"}, {"backbone": "timm:vit", "pooling": "own"}])
def test_an_encoder_without_a_map_that_is_to_be_drawn_is_told(config: dict, own: dict):
    config["experiments"]["flat"] = {"train_reid": own}
    configure(config)
    config["similarity_maps"]["experiments"] = ["flat"]
    assert "experiment flat has no map" in refused(config)
    config["leave_out"] = ["flat"]
    configure(config)


@pytest.mark.parametrize(("gpus", "most"), [(3, 2), (100, 64), (128, 64)])
def test_gpus_that_cannot_share_a_batch_are_told(config: dict, gpus: int, most: int):
    put(config, "experiments.baseline.gpus", gpus)
    message = refused(config)
    assert f"a batch of 64 images cannot be shared by {gpus} GPUs" in message
    assert f"set gpus to {most}, or" in message


@pytest.mark.parametrize("gpus", [0, 1, 2, 64])
def test_gpus_that_share_a_batch_are_accepted(config: dict, gpus: int):
    put(config, "experiments.baseline.gpus", gpus)
    assert configure(config).gpus("baseline") == gpus


@pytest.mark.parametrize(
    ("method", "key", "value"), [("apptainer", "container", "a.sif"), ("env-modules", "envmodules", ["CUDA"])]
)
def test_a_deployment_without_what_it_deploys_is_told(config: dict, method: str, key: str, value: object):
    with pytest.raises(UserError, match=f"--sdm {method} is given, and {key} is empty"):
        check_deployment(config, [method])
    check_deployment(config | {key: value}, [method])
    check_deployment(config, ["conda"])


# --- generators -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("experiments.lsro.generator", "dcgna", "unknown generator 'dcgna'\n  where:    experiments.lsro.generator"),
        ("experiments.baseline.train_reid", {"generated_per_batch": 8}, "no generator is named, and generated_per_b"),
        ("score_images.encoder", "base", "unknown experiment 'base'\n  where:    score_images.encoder"),
        ("score_images.encoder", "lsro", "the experiment lsro is itself trained on generated images"),
        ("train_gan.posegan.teacher", "posegan", "where:    train_gan.posegan.teacher of the generator posegan"),
    ],
)
def test_mistakes_about_generators_are_told(config: dict, path: str, value: object, message: str):
    put(config, path, value)
    assert message in refused(config)


@pytest.mark.parametrize("path", ["score_images.encoder", "train_gan.posegan.teacher"])
def test_encoders_that_are_needed_before_images_are_made_cannot_wait_for_these(config: dict, path: str):
    config["experiments"]["part"] = {"generator": "posegan"}
    put(config, path, "part")
    message = f"the experiment part waits for the images of the generator posegan\n  where:    {path}"
    assert message in refused(config)


def test_list_of_poses_must_exist(config: dict):
    config["generate"]["train"]["pose_list"] = "no.txt"
    assert "file not found: no.txt\n  where:    generate.train.pose_list of the generator" in refused(config)


def test_labels_with_identity_need_a_generator_that_knows_it(config: dict):
    config["experiments"]["lsro"]["train_reid"]["generated_labels"] = "identity"
    assert "the generator dcgan makes people without identity" in refused(config)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({}, "the generator few names nothing that makes its images\n  where:    generators.few"),
        (
            {"system": "posegan", "trained_as": "posegan"},
            "the generator few names system and trained_as\n  where:    generators.few",
        ),
        (
            {"trained_as": "posgan"},
            "unknown generator 'posgan'\n  where:    generators.few.trained_as",
        ),
        (
            {"trained_as": "unused"},
            "the generator unused has no network of its own\n  where:    generators.few.trained_as\n"
            "  expected: a generator that names a system or an experiment",
        ),
        ({"trained_as": "few"}, "the generator few has no network of its own"),
        (
            {"trained_as": "posegan", "train_gan": {"blocks": 2}},
            "a generator that uses the network of another is not trained\n  where:    generators.few.train_gan",
        ),
        ({"trained_as": "posegan", "train_gan": {}}, "move these settings to the generator posegan"),
        ({"from_experiment": "base"}, "unknown experiment 'base'\n  where:    generators.few.from_experiment"),
        (
            {"from_experiment": "baseline"},
            "the system bot of the experiment baseline trains no generator\n  where:    generators.few.from_experiment",
        ),
        ({"system": "dcgan", "seed": 1}, "there is no experiment to which it belongs\n  where:    generators.few.seed"),
    ],
)
def test_mistakes_about_shared_networks_are_told(config: dict, entry: dict, message: str):
    config["generators"] |= {"few": entry, "unused": {"trained_as": "posegan"}}
    assert message in refused(config)


def test_a_network_whose_generator_was_removed_is_told(config: dict):
    config["generators"] |= {"posegan": None, "few": {"trained_as": "posegan"}}
    assert "unknown generator 'posegan'\n  where:    generators.few.trained_as" in refused(config)


@pytest.mark.parametrize(("kind", "lacking"), [("wrong_identity", "identity"), ("off_pose", "pose")])
def test_a_wrong_person_or_pose_needs_a_generator_that_knows_one(config: dict, kind: str, lacking: str):
    message = f"the generator dcgan is asked for no {lacking}, so that none can be wrong\n"
    message += "  where:    generate.train.injected.kinds of the generator dcgan\n"
    message += "  expected: kinds other than wrong_identity and off_pose, or the share 0\n"
    put(config, "generate.train.injected.kinds", [kind, "blur"])
    everywhere = copy.deepcopy(config)
    put(everywhere, "generate.train.injected.share", 0.1)
    assert message in refused(everywhere)
    for accepted in ({"share": 0.0}, {"kinds": ["noise"]}):
        changed = copy.deepcopy(everywhere)
        changed["generators"]["dcgan"]["generate"] = {"train": {"injected": accepted}}
        assert configure(changed).generating("posegan")["train"]["injected"]["share"] == 0.1
    everywhere["experiments"]["lsro"] = None  # then nobody uses it
    configure(everywhere)
    config["generators"]["dcgan"]["generate"] = {"train": {"injected": {"share": 0.1}}}
    assert message in refused(config)


# --- purifiers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            "purifiers.gcn.share",
            0.3,
            "the rule published has no setting share\n  where:    purifiers.gcn\n"
            "  expected: rule, threshold, link_precision, overlap",
        ),
        ("purifiers.luck", {"rule": "random", "pool": "max"}, "the rule random has no setting pool\n"),
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
        (
            "purifiers.gcn",
            {"rule": "published", "threshold": 0.5, "link_precision": 0.9},
            "both threshold and link_precision say which images are linked\n  where:    purifiers.gcn",
        ),
        (
            "embed_generated.classifier",
            "untrained",
            "tell no persons apart\n  where:    embed_generated.classifier of the generator posegan",
        ),
    ],
)
def test_mistakes_about_purifiers_are_told(config: dict, path: str, value: object, message: str):
    put(config, path, value)
    assert message in refused(config)


def test_a_purifier_that_was_removed_is_told(config: dict):
    config["purifiers"]["gcn"] = None
    assert "unknown purifier 'gcn'\n  where:    experiments.purified.purifier" in refused(config)


def test_an_encoder_of_the_real_part_alone_may_make_the_graph(config: dict):
    config["experiments"]["part"] = {"generator": "posegan"}
    config["embed_generated"]["encoder"] = "part"
    assert configure(config).of_generator("embed_generated", "posegan")["encoder"] == "part"


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
    config: dict, rule: str, section: str, size: str
):
    config["purifiers"]["gcn"]["rule"] = rule
    for name in {"train_gcn_v", "train_gcn_e"} - {section}:
        config[name]["k"] = 9
    config["generators"]["posegan"] |= {"build_graph": {"k": 25}, section: {size: 25}}
    configure(copy.deepcopy(config))
    config["generators"]["posegan"][section] = {size: 26}
    told = refused(config)
    assert f"build_graph.k is 25, and {section}.{size} is 26\n" in told
    assert f"where:    generator posegan, purified by the rule {rule}\n" in told
    assert f"raise build_graph.k to 26, or lower {section}.{size}" in told


def test_views_are_those_of_a_generator_of_given_persons_in_given_poses(config: dict):
    config["experiments"]["baseline"]["evaluate"] = {"views": "posegan"}
    configure(copy.deepcopy(config))
    config["experiments"]["baseline"]["evaluate"]["views"] = "dcgan"
    told = refused(config)
    assert "the generator dcgan does not show a given person in a given pose" in told
    assert "where:    evaluate.views of the experiment baseline" in told
    config["experiments"]["baseline"]["evaluate"]["views"] = "nobody"
    assert "unknown generator of an experiment that is trained on people 'nobody'" in refused(config)


def test_a_classifier_knows_all_identities(config: dict):
    config["experiments"]["fold"] = {"train_reid": {"held_out": 0.2}}
    config["embed_generated"]["encoder"] = "fold"
    configure(copy.deepcopy(config))  # nobody asks its classifier
    config["purifiers"]["sure"] = {"rule": "classifier"}
    config["experiments"]["purified"]["purifier"] = "sure"
    told = refused(config)
    assert "the rule classifier asks the experiment fold for identities that it has not learnt" in told
    config["embed_generated"]["classifier"] = "baseline"
    configure(config)


def test_a_precision_needs_identities_on_which_it_is_measured(config: dict):
    config["purify"]["link_precision"] = 0.9
    configure(copy.deepcopy(config))
    config["train_gcn"]["held_out"] = 0
    assert "the purifier gcn wants a precision of 0.9, and train_gcn.held_out is 0" in refused(config)


def test_the_graph_is_checked_where_a_network_looks_at_it(config: dict):
    config["train_gcn"]["k1"] = config["build_graph"]["k"] + 1
    for settings in ({"rule": "random"}, {"rule": "mutual"}):
        config["purifiers"]["luck"] = settings
        config["experiments"]["purified"]["purifier"] = "luck"
        configure(copy.deepcopy(config))  # nobody uses the rule published
    config["purifiers"]["luck"]["share_of"] = "gcn"  # which has to be made for its share
    told = refused(config)
    assert "and train_gcn.k1 is 21\n  where:    generator posegan, purified by the rule published" in told


# --- data sets and files ----------------------------------------------------------------------------------------------


def test_missing_folder_is_told_only_where_it_is_used(config: dict):
    config["datasets"]["market"] = {"format": "market1501", "folder": "/nowhere/Market"}
    configure(copy.deepcopy(config))
    config["dataset"] = "market"
    assert "folder not found: /nowhere/Market\n  where:    datasets.market.folder" in refused(config)
    del config["datasets"]["market"]["folder"]
    assert "data set 'market' has no folder" in refused(config)


def test_mistakes_in_merged_sets_are_told_where_these_are_used(config: dict):
    config["dataset"] = "one"
    config["datasets"] |= {
        "one": {"format": "merge", "sources": ["people", "two"]},
        "two": {"format": "merge", "sources": ["people", "one"]},
    }
    assert "a data set cannot be merged from itself\n  where:    datasets.one.sources" in refused(config)
    config["datasets"]["two"] = {"format": "market1501", "folder": "/nowhere"}
    assert "folder not found: /nowhere" in refused(config)
    config["datasets"]["one"]["sources"] = ["peopel"]
    assert "unknown data set 'peopel'\n  where:    datasets.one.sources" in refused(config)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("datasets.mine.camera_pattern", "c(", "unusable pattern 'c(': missing )"),
        ("datasets.mine.split_file", "no.mat", "split file not found: no.mat\n  where:    datasets.mine.split_file"),
        ("datasets.mine.keypoints", ["no.csv"], "keypoints not found: no.csv\n  where:    datasets.mine.keypoints"),
        ("datasets.people.keypoints", ["no.csv"], "rendered people bring their own key points"),
        ("datasets.mine", {"format": "table"}, "data set 'mine' has no table\n  where:    datasets.mine.table"),
        (
            "train_reid.weights",
            "no.file",
            "weights file not found: no.file\n  where:    weights of the experiment b",
        ),
        ("train_gan.posegan.perceptual_weights", "no.file", "perceptual_weights of the generator posegan"),
        ("score_images.inception_weights", "no.file", "inception_weights of score_images"),
        ("estimate_keypoints.weights", "no.file", "weights of estimate_keypoints"),
        ("score_images.independent.backbone", "resnet18", "weights is ''\n  where:    score_images.independent"),
    ],
)
def test_mistakes_about_files_are_told(config: dict, tmp_path: Path, path: str, value: object, message: str):
    config["datasets"]["mine"] = {"format": "folder", "folder": str(tmp_path)}
    config["experiments"]["untrained"]["test"] = ["people", "mine"]
    put(config, path, value)
    assert message in refused(config)


@pytest.mark.parametrize("path", ["datasets.mine.folder", "datasets.mine.keypoints", "generate_one.odd.sources"])
def test_paths_in_which_snakemake_would_fill_in_wildcards_are_refused(config: dict, tmp_path: Path, path: str):
    (tmp_path / "a{x}.png").touch()
    config["datasets"]["mine"] = {"format": "folder", "folder": str(tmp_path)}
    config["experiments"]["untrained"]["test"] = ["people", "mine"]
    config["generate_one"]["odd"] = {"sources": 1, "poses": 1}
    file = str(tmp_path / "a{x}.png")
    put(config, path, file if path.endswith("folder") else [file])
    told = refused(config)
    assert "a{x}.png holds curly brackets" in told and path.removesuffix(".sources") in told


def test_poses_need_key_points(config: dict, tmp_path: Path):
    config["dataset"], config["datasets"]["mine"] = "mine", {"format": "folder", "folder": str(tmp_path)}
    told = refused(config)
    assert "the generator posegan needs key points, and the data set mine has none" in told
    assert "experiments: {purified: null, posegan: null}" in told
    weights = tmp_path / "rcnn.safetensors"
    weights.touch()
    config["estimate_keypoints"]["weights"] = str(weights)
    assert not configure(config).has_keypoints("mine")
    config["estimate_keypoints"]["weights"] = ""
    config["experiments"] |= {"posegan": None, "purified": None}
    assert configure(config).generators_in_use() == [("mine", "dcgan")]


def test_sizes_that_a_system_cannot_take_are_told(config: dict):
    config["experiments"]["fdgan"] = {"system": "fdgan", "train_reid": {"width": 40}}
    told = refused(config)
    assert "the system fdgan takes no images of 64 x 40" in told and "multiples of 32" in told
    config["experiments"]["fdgan"] = {"train_reid": {"width": 40}}
    configure(config)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"height": 16, "dilations": [2, 3, 5]}, "images of 16 x 32 are too small for the networks of dgnet"),
        ({"dilations": [3, 6, 9]}, "expected: at least 40 each"),
        ({"discriminator_scales": 5}, "expected: at least 68 each"),
        ({"height": 66}, "expected: multiples of 4"),
        ({"crop": [64, 32]}, "a crop makes others of them"),
        ({"teacher": ""}, "labels of the kind teacher come from a teacher, and none is named"),
        ({"teacher": "dgnet"}, "learn from each other in a circle"),
        ({"batch": 1}, "train_reid.batch"),
        ({"backbone": "colour_histogram"}, "a colour histogram has no maps"),
        ({"teacher": "untrained"}, "the teacher untrained learns nothing"),
        ({"teacher": "fdgan"}, "the teacher fdgan has no classifier"),
        ({"height": 128}, "the teacher baseline has height 64, and its student 128"),
        ({"splits": ["train", "val"]}, "the teacher baseline has splits ['train']"),
    ],
)
def test_what_is_no_use_to_dgnet_is_told(config: dict, changed: dict, message: str):
    config["experiments"] |= {"dgnet": {"system": "dgnet", "train_reid": changed}, "fdgan": {"system": "fdgan"}}
    told = " ".join(refused(config).split())
    assert message in told and "dgnet" in told
    for fitting in ({"teacher": "", "primary_labels": "uniform"}, {"teacher": "", "primary_weight": 0}, {"pad": 1}):
        config["experiments"]["dgnet"]["train_reid"] = fitting
        configure(config)


def test_a_teacher_of_another_data_set_is_told(config: dict, tmp_path: Path):
    config["datasets"]["mine"] = {"format": "folder", "folder": str(tmp_path)}
    config["experiments"]["dgnet"] = {"system": "dgnet", "train": "mine", "test": "mine"}
    assert "the teacher baseline has train people, and its student mine" in refused(config)


def test_settings_at_test_of_other_systems_are_told(config: dict):
    config["experiments"]["baseline"] = {"extract_features": {"fine_weight": 0}}
    assert "the encoder of the experiment baseline, of the system bot, has no fine_weight" in refused(config)
    config["experiments"]["baseline"] = {"extract_features": {"fine_weight": -2}}
    assert "expected: -1 or a number from 0 to 1000" in refused(config)


def test_systems_that_learn_from_poses_need_key_points(config: dict, tmp_path: Path):
    config["dataset"], config["datasets"]["mine"] = "mine", {"format": "folder", "folder": str(tmp_path)}
    config["experiments"] |= {"posegan": None, "purified": None, "fdgan": {"system": "fdgan"}}
    config["experiments"]["drawn"] = {"generator": "fdgan", "train_reid": {"generated_per_batch": 4}}
    config["generators"]["fdgan"] = {"from_experiment": "fdgan"}
    told = refused(config)
    assert "needs key points, and the data set mine has none" in told
    assert "experiments: {fdgan: null, drawn: null}, generators: {fdgan: null}" in told
    config["experiments"] |= {"fdgan": None, "drawn": None}
    config["generators"]["fdgan"] = None
    configure(config)


def test_few_real_images_need_a_reference_with_all(config: dict):
    config["generators"]["posegan"]["generate"] = {"train": {"setup": "few", "real_identities": 3}}
    configure(copy.deepcopy(config))
    config["compare"]["reference"] = "untrained"
    assert "the experiment untrained does not learn on people" in refused(config)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"crop": [80, 30]}, "a crop of 80 x 30 does not fit into images of 70 x 38"),
        ({"crop": [32, 16], "backbone": "timm:resnet18"}, "models of timm are built for one size"),
        ({"erasing_area": [0.5, 0.1]}, "[0.5, 0.1] is no interval"),
        ({"colour_jitter": [0.2, 0.2, 0.2, 0.6]}, "at most 0.5"),
    ],
)
def test_augmentation_that_cannot_be_is_told(config: dict, change: dict, message: str):
    config["experiments"]["baseline"] = {"train_reid": change}
    assert message in refused(config)


def test_an_encoder_that_is_not_needed_may_be_gone(config: dict):
    put(config, "train_gan.posegan.teacher", "gone")
    assert "unknown experiment 'gone'" in refused(config)
    for weight in ("identity_weight", "encoder_maps_weight"):
        put(config, f"train_gan.posegan.{weight}", 0.0)
    configure(config)


LEARNER = """
rule: train_reid
conditions: []
gpus: one
settings: {epochs: {type: integer}, teacher: {type: string}}
stages:
  joint: {after: null, inputs: [encoder, joints], roles: [encoder]}
"""


@pytest.fixture
def learner(config: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict:
    """A config with a system that learns from an encoder and from heat maps of joints."""
    shutil.copytree(registry.FOLDER, tmp_path / "systems")
    (tmp_path / "systems/learner").mkdir()
    for name, text in {"system.yaml": LEARNER, "networks.py": "", "joint.py": ""}.items():
        (tmp_path / "systems/learner" / name).write_text(text)
    monkeypatch.setattr(registry, "FOLDER", tmp_path / "systems")
    config["train_reid"]["learner"] = {"epochs": 1, "teacher": "baseline"}
    config["experiments"]["first"] = {"system": "learner"}
    return config


def test_encoders_that_learn_from_each_other_are_told(learner: dict):
    assert configure(learner).teacher(configure(learner).training("first"), "joint") == ("baseline", 1)
    learner["experiments"]["second"] = {"system": "learner", "train_reid": {"teacher": "first"}}
    configure(learner)
    learner["experiments"]["first"]["train_reid"] = {"teacher": "second"}
    assert "learn from each other in a circle" in refused(learner)
    learner["experiments"]["first"]["train_reid"] = {"teacher": "first"}
    assert "learn from each other in a circle" in refused(learner)


def test_an_experiment_that_needs_key_points_is_told_where_there_are_none(learner: dict, tmp_path: Path):
    learner["datasets"]["plain"] = {"format": "market1501", "folder": str(tmp_path)}
    learner["experiments"]["first"]["train"] = "plain"
    assert "the experiment first needs key points, and the data set plain has none" in refused(learner)


def test_a_system_of_one_gpu_is_told_of_more(learner: dict):
    learner["experiments"]["first"]["gpus"] = 2
    assert "the system learner trains on one GPU" in refused(learner)


def test_a_system_without_generated_images_is_told_of_a_generator(learner: dict):
    learner["experiments"]["first"]["generator"] = "dcgan"
    assert "the system learner does not train on images of a generator" in refused(learner)


def test_labels_of_a_teacher_and_its_name_go_together(config: dict):
    config["experiments"]["lsro"]["train_reid"]["generated_labels"] = "teacher"
    assert "generated_labels is teacher, and no teacher is named" in refused(config)
    config["experiments"]["lsro"]["train_reid"]["teacher"] = "baseline"
    setup = configure(config)
    assert setup.training("lsro").inputs("encoder") == ["generated", "encoder"]
    assert setup.training("baseline").inputs("encoder") == ["generated"]
    config["experiments"]["lsro"]["train_reid"]["height"] = 128
    assert "the teacher baseline has height 64, and its student 128" in refused(config)
    del config["experiments"]["lsro"]["train_reid"]["height"]
    config["experiments"]["lsro"]["train_reid"]["teacher"] = "posegan"
    assert "posegan" in refused(config)
    config["experiments"]["lsro"]["train_reid"] = {"generated_per_batch": 16, "teacher": "baseline"}
    assert "generated_labels is uniform, and the teacher baseline is named" in refused(config)


def test_settings_of_drawing_of_other_systems_are_told(config: dict):
    config["generators"]["posegan"]["generate"] = {"guidance": 2.0}
    assert "the generator posegan, of the system posegan, has no guidance" in refused(config)
    config["generators"]["posegan"] = {"system": "flow", "generate": {"guidance": 2.0}}
    assert configure(config).generating("posegan")["network"] == {"guidance": 2.0, "sampling_steps": 8}


def test_a_flow_of_unusable_shape_is_told(config: dict):
    config["generators"]["flow"] = {"system": "flow", "train_gan": {"heads": 7}}
    config["experiments"]["flowing"] = {
        "generator": "flow",
        "train_reid": {"generated_per_batch": 4, "generated_labels": "identity"},
    }
    assert "7 heads cannot share 64 channels" in refused(config)


def test_pictures_of_mixtures_name_who_mixes(config: dict):
    config["generate_one"]["between"] = {"sources": 2, "poses": 2, "between": 3, "generator": "posegan"}
    told = refused(config)
    assert "does not mix persons" in told and "where:    generate_one.between.between" in told
    config["generate_one"]["between"].pop("generator")
    assert "between" not in configure(config).pictures_of("people", "posegan")
    config["experiments"]["dgnet"] = {"system": "dgnet"}
    config["generators"]["dgnet"] = {"from_experiment": "dgnet"}
    assert "between" in configure(config).pictures_of("people", "dgnet")


# --- what happens when ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("experiments.baseline.train_reid", {"schedule": "steps", "milestones": [9, 5]}, "[9, 5] do not rise"),
        ("experiments.baseline.train_reid", {"schedule": "steps", "milestones": [5, 5]}, "[5, 5] do not rise"),
        ("train_gcn.milestones", [4, 3], "train_gcn for the generator posegan"),
        ("train_gan.posegan.identity_epochs", [2, 1], "identity_epochs of the generator posegan"),
        ("render_people.images_per_camera", [5, 2], "images_per_camera of the data set people"),
    ],
)
def test_what_is_out_of_order_is_told(config: dict, path: str, value: object, message: str):
    put(config, path, value)
    assert message in refused(config)


@pytest.mark.parametrize(
    ("settings", "note"),
    [
        ({"epochs": 3, "schedule": "steps", "milestones": [2, 4], "warmup_epochs": 0}, "milestones [4] lie behind"),
        ({"epochs": 3, "warmup_epochs": 4}, "a warm-up of 4 epochs is longer"),
        ({"epochs": 3, "frozen_epochs": 3}, "frozen_epochs is 3"),
    ],
)
def test_what_a_training_is_too_short_for_is_noted(config: dict, settings: dict, note: str):
    assert unreached(configure(config)) == []
    config["experiments"]["baseline"] = {"train_reid": settings}
    (found,) = unreached(configure(config))
    assert note in found and "the experiment baseline" in found
