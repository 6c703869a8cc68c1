"""The config: what each rule gets."""

import copy
from pathlib import Path

import pytest

from configured import configure, put, refused
from purereid.networks.registry import system_names
from purereid.purification.purifiers.registry import RULES
from purereid.report.training_sets import REAL_ALONE

OF_FLOW = ("guidance", "sampling_steps")  # settings of generate that its network alone is rebuilt with


def test_the_config_of_the_repository_is_accepted(config: dict):
    setup = configure(config)
    assert setup.tested() == ["people"]
    assert setup.tested_on("people") == list(config["experiments"])


def test_experiments_override_sections_and_null_removes(config: dict):
    config["experiments"] |= {"untrained": None, "wide": {"train_reid": {"height": 64}, "seeds": [7], "gpus": 2}}
    setup = configure(config)
    assert "untrained" not in setup.experiments
    assert setup.training("wide").settings("encoder")["height"] == 64
    assert setup.training("baseline").settings("encoder")["height"] == config["train_reid"]["height"]
    assert setup.seeds("wide") == [7] and setup.gpus("wide") == 2 and setup.gpus("baseline") == 0


def test_a_repetition_draws_other_numbers_with_the_same_seeds(config: dict):
    config["seeds"] = [1, 2, 4294967295]
    config["experiments"] |= {"again": {"repeat": 1}, "thrice": {"repeat": 2}, "shares": {"from_experiment": "again"}}
    setup = configure(config)
    names = ("baseline", "again", "thrice")
    drawn = {name: [setup.draws_with(name, seed) for seed in setup.seeds(name)] for name in (*names, "shares")}
    assert drawn["baseline"] == setup.seeds("again") == config["seeds"] and drawn["shares"] == drawn["again"]
    numbers = [number for name in names for number in drawn[name]]
    assert len(set(numbers)) == 9 and all(0 <= number < 2**32 for number in numbers)
    config["experiments"]["shares"]["repeat"] = 3
    assert "repeat belongs to training" in refused(config)


def test_training_on_several_sets_and_testing_on_another(config: dict):
    config["datasets"] |= {
        "other": {"format": "rendered_people", "render_people": {"seed": 9}},
        "both": {"format": "merge", "sources": ["people", "other"]},
        "third": {"format": "rendered_people"},
        "all": {"format": "merge", "sources": ["both", "third"]},
    }
    config["experiments"]["of_all"] = {"train": "all", "test": ["people"]}
    config["experiments"]["cross"] = {"train": "both", "test": ["people", "other"]}
    setup = configure(config)
    assert setup.train("cross") == "both" and setup.tested() == ["people", "other"]
    assert setup.tested_on("other") == ["cross"]
    assert set(setup.across("of_all")["sources"]) == {"both", "people", "other", "third"}
    across = setup.across("cross")
    assert (across["train"], across["sources"], across["learns"]) == ("both", ["people", "other"], True)
    assert setup.across("untrained")["learns"] is False and setup.across("baseline")["sources"] == []
    assert setup.rendering("other")["seed"] == 9
    assert setup.indexing("other", "folder/of/people", [])["format"] == "market1501"


def test_pictures_are_of_the_reference_and_of_those_that_are_named(config: dict):
    config["plot_features"]["experiments"] = ["untrained", "baseline", "lsro"]
    assert configure(config).shown("plot_features") == ["baseline", "untrained", "lsro"]
    assert configure(config).shown("similarity_maps") == ["baseline"]
    config["leave_out"] = ["lsro"]
    assert configure(config).shown("plot_features") == ["baseline", "untrained"]
    for name, backbone in (("timm", "timm:vit"), ("plain", "resnet50")):
        config["experiments"][name] = {"train_reid": {"backbone": backbone, "pooling": "own"}}
    setup = configure(config)
    known = {name: setup.has_map(name) for name in ("baseline", "colour_histogram", "timm", "plain")}
    assert known == {"baseline": True, "colour_histogram": False, "timm": False, "plain": True}


def test_a_generator_has_the_settings_of_its_system_and_its_own(config: dict):
    own = {"train_gan": {"blocks": 9}, "generate": {"format": "jpeg", "train": {"shards": 3}}}
    config["generators"]["large"] = {"system": "posegan"} | own
    setup = configure(config)
    assert setup.making("large").settings("generator") == config["train_gan"]["posegan"] | {"blocks": 9}
    made = setup.generating("large")
    assert made["format"] == "jpeg" and made["train"] == config["generate"]["train"] | {"shards": 3}
    assert made["test"] == config["generate"]["test"]
    common = {name: value for name, value in config["generate"].items() if name not in OF_FLOW}
    assert setup.generating("posegan") == common | {"network": {}}
    assert setup.generators_in_use() == [("people", "posegan"), ("people", "dcgan")]
    assert setup.takes("large") == ("source", "parts") and setup.takes("dcgan") == ()


def test_training_reads_an_encoder_only_where_one_is_named(config: dict):
    assert configure(config).making("posegan").inputs("generator") == ["parts", "pairs", "encoder"]
    cases = (({"teacher": ""}, False), ({"identity_weight": 0.0, "encoder_maps_weight": 0.0}, False))
    cases += (({"identity_weight": 1.0, "encoder_maps_weight": 0.0}, True),)
    cases += (({"identity_weight": 0.0, "encoder_maps_weight": 1.0}, True),)
    for values, read in cases:
        changed = copy.deepcopy(config)
        changed["train_gan"]["posegan"] |= values
        inputs = configure(changed).making("posegan").inputs("generator")
        assert inputs == ["parts", "pairs", *(["encoder"] if read else [])]


def test_a_generator_without_images_in_a_batch_is_the_yardstick_of_few_real_ones(config: dict):
    config["experiments"]["real_part"] = {"generator": "posegan"}
    assert configure(config).training("real_part").values("generated_per_batch") == [0]


def test_pictures_of_one_data_set_or_generator(config: dict):
    config["generate_one"]["mine"] = {"sources": 1, "poses": 1, "dataset": "mine"}
    config["generate_one"]["other"] = {"sources": 1, "poses": 1, "generator": "other"}
    setup = configure(config)
    assert setup.pictures_of("people", "posegan") == ["swap"] and setup.pictures_of("people", "dcgan") == []
    assert setup.pictures_of("mine", "posegan") == ["swap", "mine"]


def test_files_that_a_picture_names(config: dict, tmp_path: Path):
    (tmp_path / "me.png").touch()
    config["generate_one"]["me"] = {"sources": [str(tmp_path / "me.png"), "pid:5"], "poses": 3}
    setup = configure(config)
    assert setup.named_files("me") == [str(tmp_path / "me.png")] and setup.named_files("swap") == []


@pytest.fixture
def shared(config: dict) -> dict:
    """The config with two more generators that use the network of ``posegan``, one of them in an experiment."""
    few = {"generate": {"train": {"setup": "few", "injected": {"share": 0.5}}}, "build_graph": {"k": 30}}
    config["generators"] |= {"few": {"trained_as": "posegan"} | few, "unused": {"trained_as": "posegan"}}
    config["generators"]["posegan"]["train_gan"] = {"blocks": 9}
    config["experiments"]["few"] = {"generator": "few"}
    return config


def test_a_generator_may_use_the_network_of_another(shared: dict):
    setup = configure(shared)
    assert [setup.trained(name) for name in ("few", "posegan", "dcgan")] == ["posegan", "posegan", "dcgan"]
    made = setup.making("few")
    assert made.system == "posegan" and setup.takes("few") == ("source", "parts")
    assert made == setup.making("posegan") and made.settings("generator")["blocks"] == 9
    assert made.any_input() == ["parts", "pairs", "encoder"] and setup.needs_poses("few")
    assert setup.generators_in_use() == [("people", name) for name in ("posegan", "dcgan", "few")]
    assert setup.networks_in_use() == [("people", "posegan"), ("people", "dcgan")]


def test_it_has_settings_of_its_own_for_what_follows_the_training(shared: dict):
    setup, defaults = configure(shared), shared["generate"]["train"]
    injected = defaults["injected"] | {"share": 0.5}
    assert setup.generating("few")["train"] == defaults | {"setup": "few", "injected": injected}
    assert setup.generating("posegan")["train"] == defaults
    assert setup.of_generator("build_graph", "few") == shared["build_graph"] | {"k": 30}
    assert setup.of_generator("build_graph", "posegan") == shared["build_graph"]


def test_a_purifier_has_the_settings_of_its_rule_and_its_own(config: dict):
    config["purifiers"] |= {rule: {"rule": rule} for rule in RULES} | {"lax": {"threshold": 0.2}}
    setup = configure(config)
    for rule, about in RULES.items():
        names = [name for name in about.settings if name != "share_of"]  # which takes the place of share
        assert setup.purifying(rule) == {name: config["purify"][name] for name in names} | {"rule": rule}
    unchanged = {name: config["purify"][name] for name in ("link_precision", "overlap")}
    assert setup.purifying("lax") == {"rule": "published", "threshold": 0.2} | unchanged
    assert list(setup.purifying("gcn")) == sorted(setup.purifying("gcn"))  # one text for equal settings


def test_what_experiments_are_trained_on(config: dict):
    labels = {"generated_labels": "identity"}
    config["experiments"] |= {
        "again": {"generator": "posegan", "purifier": "gcn", "train_reid": labels | {"generated_per_batch": 4}},
        "real_part": {"generator": "posegan", "train_reid": labels},
    }
    setup = configure(config)
    assert setup.purified_in_use() == [("people", "posegan", "gcn")]
    assert [setup.purifier(name) for name in ("purified", "again", "posegan", "baseline")] == ["gcn", "gcn", None, None]
    names = ("baseline", "posegan", "purified", "real_part", "again")
    kinds = [setup.kind_of_training_set(name, name_the_network=False) for name in names]
    assert kinds == [REAL_ALONE, "generated", "generated, gcn", REAL_ALONE, "generated, gcn"]
    assert setup.kind_of_training_set("purified", name_the_network=True) == "posegan, generated, gcn"
    assert setup.uses_generated("again") and not setup.uses_generated("real_part")


def test_a_share_of_its_own_takes_the_place_of_an_inherited_share_of(config: dict):
    config["purifiers"]["luck"] = {"rule": "random", "share": 0.4}
    config["purify"]["share_of"] = "gcn"
    setup = configure(config)
    assert setup.purifying("luck")["share"] == 0.4 and "share_of" not in setup.purifying("luck")


def test_parts_set_to_null_are_removed(config: dict):
    config |= {"purifiers": None, "generate_one": None}
    config["experiments"]["purified"] = None
    setup = configure(config)
    assert setup.purifiers == {} and setup.pictures == {}


def test_all_purifiers_are_compared_where_asked_for(config: dict):
    config["purifiers"]["luck"] = {"rule": "random", "share_of": "gcn"}
    config["compare_purifiers"]["generators"] = ["posegan"]
    setup = configure(config)
    assert setup.purified_in_use() == [("people", "posegan", "gcn"), ("people", "posegan", "luck")]
    assert "share" not in setup.purifying("luck") and "share_of" in setup.purifying("luck")


def test_yardsticks_take_no_weights(config: dict, tmp_path: Path):
    (tmp_path / "w.safetensors").touch()
    config["train_reid"]["weights"] = str(tmp_path / "w.safetensors")
    setup = configure(config)
    assert setup.training("baseline").section["weights"]
    assert not any(setup.training(name).section["weights"] for name in ("untrained", "colour_histogram"))


def test_a_table_and_a_split_file_are_sources(config: dict, tmp_path: Path):
    for name in ("a.csv", "s.mat"):
        (tmp_path / name).touch()
    config["datasets"]["mine"] = {"format": "table", "table": str(tmp_path / "a.csv")}
    config["datasets"]["cuhk"] = {"format": "cuhk03", "folder": str(tmp_path), "split_file": str(tmp_path / "s.mat")}
    setup = configure(config)
    assert setup.source_paths("mine") == [str(tmp_path / "a.csv")]
    assert setup.source_paths("cuhk") == [str(tmp_path), str(tmp_path / "s.mat")]


def test_the_reference_comes_first_whatever_the_order(config: dict):
    experiments = config["experiments"]
    config["experiments"] = {name: experiments[name] for name in reversed(list(experiments))}
    assert configure(config).tested_on("people")[0] == "baseline"


def test_edited_images_and_key_points_are_seen_each_for_itself(config: dict, tmp_path: Path):
    image, poses = tmp_path / "images/anna/1.jpg", tmp_path / "poses/a.txt"
    for file in (image, poses):
        file.parent.mkdir(parents=True)
        file.write_text("1")
    entry = {"format": "folder", "folder": str(tmp_path / "images"), "keypoints": [str(poses)]}
    config["datasets"]["mine"] = entry
    setup = configure(config)
    states = [(setup.source_state("mine"), setup.keypoint_state("mine"))]
    for file in (image, poses):
        file.write_text("12")
        states.append((setup.source_state("mine"), setup.keypoint_state("mine")))
    (source, keypoints), after_image, after_both = states
    assert after_image[0] != source and after_image[1] == keypoints
    assert after_both[0] == after_image[0] and after_both[1] != keypoints


# --- systems and the roles of encoders --------------------------------------------------------------------------------


def test_an_experiment_has_the_settings_of_its_system_and_the_common_ones(config: dict):
    own = {"parts": 3, "height": 96}
    config["experiments"]["parts"] = {"system": "pcb", "train_reid": own}
    setup = configure(config)
    settings = setup.training("parts").settings("encoder")
    common = {name: value for name, value in config["train_reid"].items() if name not in system_names("train_reid")}
    assert settings == common | config["train_reid"]["pcb"] | own
    assert "margin" not in settings and setup.training("baseline").settings("encoder")["margin"] == 0.3


def test_settings_of_another_system_are_told(config: dict):
    config["experiments"]["parts"] = {"system": "pcb", "train_reid": {"margin": 0.5}}
    assert "unknown config key 'margin'\n  where:    experiments.parts.train_reid" in refused(config)
    config["experiments"]["parts"] = {"system": "dcgan"}
    assert "where:    experiments.parts.system" in refused(config)


def test_a_setting_of_a_system_one_level_too_high_is_told_its_place(config: dict):
    config["train_reid"]["margin"] = 0.5
    assert "unknown config key 'margin'" in refused(config) and "write it under bot" in refused(config)


@pytest.mark.parametrize(
    ("seeds", "teacher", "purifier", "judge"),
    [([4], 4, 4, 4), ([1, 2], 1, 1, 2), ([3, 1, 2], 1, 2, 3), ([8, 5, 7, 6], 5, 7, 8)],
)
def test_encoders_that_teach_purify_and_judge_differ_as_far_as_there_are_seeds(
    config: dict, seeds: list[int], teacher: int, purifier: int, judge: int
):
    config["experiments"]["baseline"]["seeds"] = seeds
    setup = configure(config)
    assert setup.teacher(setup.making("posegan"), "generator") == ("baseline", teacher)
    assert setup.purifying_encoder("posegan") == ("baseline", purifier)
    assert setup.judge() == ("baseline", judge)
    assert setup.judged_by_its_teacher("posegan") == (teacher == judge)
    assert setup.judged_by_its_purifier("posegan") == (purifier == judge)
    assert not setup.judged_by_its_teacher("dcgan")


def test_the_order_of_seeds_says_nothing(config: dict):
    config["seeds"], config["experiments"]["purified"]["seeds"] = [3, 1, 2], [2, 1]
    setup = configure(config)
    assert (setup.seeds("baseline"), setup.seeds("purified")) == ([1, 2, 3], [1, 2])


def test_what_a_training_logs_and_draws_is_told_to_its_job(config: dict):
    config["experiments"]["baseline"]["train_reid"] = {"log_every": 3, "alarm_after": 7}
    config["generators"]["posegan"] |= {"train_gan": {"samples": 4}, "train_gcn": {"log_every": 9}}
    setup = configure(with_fdgan(config, system="fdgan", train_reid={"log_every": 5}))
    job = {"dataset": "people"}
    assert setup.logged("train_reid", **job, experiment="baseline", seed="1", stage="encoder") == {
        "log_every": 3,
        "alarm_after": 7,
    }
    assert setup.logged("train_reid", **job, experiment="early", seed="1", stage="verify")["log_every"] == 5
    drawn = {"samples": 4, "samples_over_time": 8, "log_every": 10}
    assert setup.logged("train_gan", **job, generator="posegan", stage="generator") == drawn
    assert setup.logged("train_gcn", **job, generator="posegan") == {"log_every": 9}


def with_fdgan(config: dict, **early: object) -> dict:
    config["experiments"] |= {"fdgan": {"system": "fdgan", "seeds": [1, 2, 3]}, "early": early}
    return config


def test_an_experiment_may_be_about_an_earlier_stage_of_another(config: dict):
    setup = configure(with_fdgan(config, from_experiment="fdgan", stage="verify"))
    assert setup.training("early").name == "fdgan" and setup.encoder_stage("early") == "verify"
    assert setup.seeds("early") == [1, 2, 3] and setup.stages_in_use("early") == []
    assert setup.encoder_stage("fdgan") == "joint" and setup.stages_in_use("fdgan") == ["verify", "generate", "joint"]
    assert setup.has_verifier("early") and setup.has_verifier("fdgan") and not setup.has_verifier("baseline")


def test_an_experiment_may_end_with_an_earlier_stage(config: dict):
    setup = configure(with_fdgan(config, system="fdgan", stage="verify"))
    assert setup.training("early").name == "early" and setup.stages_in_use("early") == ["verify"]


@pytest.mark.parametrize(
    ("early", "message"),
    [
        ({"from_experiment": "fdgna"}, "unknown experiment 'fdgna'"),
        ({"from_experiment": "early"}, "the experiment early trains no networks of its own"),
        ({"from_experiment": "fdgan", "stage": "generate"}, "no stage generate that yields an encoder"),
        ({"from_experiment": "fdgan", "stage": "nothing"}, "expected: one of verify, joint"),
        ({"stage": "verify"}, "the system bot has no stage verify"),
        ({"from_experiment": "fdgan", "seeds": [4]}, "not trained with the seed 4"),
        ({"from_experiment": "fdgan", "system": "fdgan"}, "system belongs to training"),
        ({"from_experiment": "fdgan", "train_reid": {"verify": {"epochs": 1}}}, "train_reid belongs to training"),
    ],
)
def test_earlier_stages_that_are_not_there(config: dict, early: dict, message: str):
    assert message in refused(with_fdgan(config, **early))


def test_who_learnt_from_the_judge_is_known_whatever_the_experiment_is_called(config: dict):
    config = with_fdgan(config, from_experiment="fdgan", stage="verify", seeds=[1])
    config["generators"]["drawn"] = {"from_experiment": "fdgan"}
    config["score_images"]["encoder"] = "early"
    assert configure(config).judged_by_its_teacher("drawn")  # of seed 1, as the judge
    config["experiments"]["early"]["seeds"] = [2]
    assert not configure(config).judged_by_its_teacher("drawn")
    config["experiments"]["early"] = {"from_experiment": "baseline", "seeds": [1]}
    assert configure(config).judged_by_its_teacher("posegan")
    config["embed_generated"]["encoder"] = "baseline"
    config["experiments"]["baseline"]["seeds"] = [1]
    assert configure(config).judged_by_its_purifier("posegan")


def test_an_experiment_runs_where_the_one_whose_networks_it_uses_does(config: dict):
    config = with_fdgan(config, from_experiment="fdgan")
    config["gpus"], config["experiments"]["fdgan"]["gpus"] = 2, 1
    assert configure(config).gpus("early") == 1


def test_a_generator_comes_from_an_experiment_that_trains_one(config: dict):
    config = with_fdgan(config, from_experiment="fdgan")
    config["generators"]["drawn"] = {"from_experiment": "early"}
    assert "the experiment early trains no networks of its own" in refused(config)


def test_only_encoders_of_two_halves_are_rebuilt_with_their_weight(config):
    config["experiments"]["dgnet"] = {"system": "dgnet"}
    config["experiments"]["fine"] = {"from_experiment": "dgnet", "extract_features": {"fine_weight": -1}}
    setup = configure(config)
    assert setup.extracting("dgnet")["network"] == {"fine_weight": 0.5}
    assert setup.extracting("fine")["network"] == {"fine_weight": -1}
    assert setup.extracting("baseline")["network"] == {} and "fine_weight" not in setup.extracting("baseline")


def test_settings_of_drawing_are_those_of_its_own_system(config: dict):
    config["generators"]["flow"] = {"system": "flow", "generate": {"sampling_steps": 4}}
    setup = configure(config)
    assert setup.generating("flow")["network"] == {"guidance": 1.0, "sampling_steps": 4}
    assert setup.generating("posegan")["network"] == {} and "guidance" not in setup.generating("posegan")


def test_paths_may_begin_at_home(config: dict, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "set").mkdir()
    put(config, "datasets.mine", {"format": "folder", "folder": "~/set"})
    put(config, "experiments.baseline.train", "mine")
    assert configure(config).source_paths("mine") == [str(tmp_path / "set")]
