"""What is told after a run of which some experiments failed, and a comparison without them."""

import pytest

from configured import configure, refused
from purereid.unfinished import without_the_failed


@pytest.fixture
def scores(tmp_path):
    """Files of three experiments, the first two scored."""
    names = {name: [tmp_path / f"{name}{seed}.json" for seed in (1, 2)] for name in ("baseline", "lsro", "purified")}
    for name in ("baseline", "lsro"):
        for file in names[name]:
            file.touch()
    return names


def test_the_failed_are_named_with_the_way_to_go_on(scores):
    scores["lsro"][1].unlink()  # one seed of two is not enough
    asked = []
    told = without_the_failed(scores, lambda names: asked.append(names) or True)
    assert "lsro, purified" in told and '--config "leave_out=[lsro,purified]"' in told
    assert asked == [["lsro", "purified"]]


def test_experiments_that_others_need_are_not_left_out(scores):
    told = without_the_failed(scores, lambda names: False)
    assert "purified" in told and "leave_out" not in told


def test_nothing_is_told_where_all_or_nothing_is_done(scores):
    assert without_the_failed({"baseline": scores["baseline"]}, lambda names: True) == ""
    assert without_the_failed({"purified": scores["purified"]}, lambda names: True) == ""


def test_an_experiment_that_is_left_out_is_not_run(config: dict):
    config["leave_out"] = ["purified", "lsro"]
    setup = configure(config)
    assert "purified" not in setup.experiments and setup.purified_in_use() == []
    assert setup.networks_in_use() == [("people", "posegan")]
    config["leave_out"] = ["purifed"]
    assert "unknown experiment 'purifed'" in refused(config) and "purified?" in refused(config)
    config["leave_out"] = ["baseline"]
    assert "unknown experiment 'baseline'" in refused(config)
