"""What is told after a run of which some experiments failed, and a comparison without them."""

from configured import configure, refused
from purereid.unfinished import without_the_failed


def test_the_failed_are_named_with_the_way_to_go_on():
    asked = []
    told = without_the_failed(["baseline"], ["lsro", "purified"], ["early"], lambda names: asked.append(names) or True)
    assert "Not scored: lsro, purified." in told and '--config "leave_out=[early,lsro,purified]"' in told
    assert asked == [["early", "lsro", "purified"]]


def test_experiments_that_others_need_are_not_left_out():
    told = without_the_failed(["lsro"], ["purified"], [], lambda names: False)
    assert "purified" in told and "leave_out" not in told


def test_nothing_is_told_where_all_or_nothing_is_done():
    assert without_the_failed(["baseline"], [], [], lambda names: True) == ""
    assert without_the_failed([], ["purified"], [], lambda names: True) == ""


def test_an_experiment_that_is_left_out_is_not_run(config: dict):
    config["leave_out"] = ["purified", "lsro"]
    setup = configure(config)
    assert "purified" not in setup.experiments and setup.purified_in_use() == []
    assert setup.networks_in_use() == [("people", "posegan")]
    config["leave_out"] = ["purifed"]
    assert "unknown experiment 'purifed'" in refused(config) and "purified?" in refused(config)
    config["leave_out"] = ["baseline"]
    assert "the experiment baseline is needed, and leave_out names it" in refused(config)
    assert setup.left_out_on("people") == ["purified", "lsro"] and setup.left_out_on("other") == []


def test_a_grid_is_left_out_as_a_whole_and_so_is_what_an_experiment_generates(config: dict):
    config["experiments"] |= {
        "margin": {"grid": {"train_reid.margin": [0.3, 0.5]}},
        "fdgan": {"system": "fdgan", "train_reid": {"height": 64, "width": 32}},
    }
    config["generators"]["drawn"] = {"from_experiment": "fdgan"}
    config["leave_out"] = ["margin", "fdgan"]
    setup = configure(config)
    assert not {name for name in setup.experiments if name.startswith(("margin", "fdgan"))}
    assert setup.left_out == ["margin-margin0_3", "margin-margin0_5", "fdgan"] and "drawn" not in setup.generators
