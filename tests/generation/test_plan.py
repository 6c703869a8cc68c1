"""Which images are generated and which real ones stay."""

import numpy as np
import pandas as pd
import pytest

from purereid.errors import UserError
from purereid.generation.plan import image_seeds, plan_images, plan_pairs, read_pose_list, real_part

GUIDED = {"conditions": ["source", "parts"], "setup": "all", "real_identities": 0, "seed": 3}
POSES = [f"pose{number}" for number in range(6)]


@pytest.fixture
def rows() -> pd.DataFrame:
    """Images of the identities 3, 5 and 8: four, three and one."""
    pids = [3, 5, 3, 5, 3, 5, 3, 8]
    return pd.DataFrame({"image": [f"{pid}_{number}" for number, pid in enumerate(pids)], "pid": pids})


def test_every_identity_gets_its_images(rows):
    plan = plan_images(rows, POSES, images_per_identity=5, **GUIDED)
    assert plan["pid"].tolist() == [3] * 5 + [5] * 5 + [8] * 5
    assert (plan["source"].str.split("_").str[0].astype(int) == plan["pid"]).all()
    for _, part in plan.groupby("pid"):
        assert part["pose"].is_unique
    three = plan[plan["pid"] == 3]["source"]
    assert sorted(three[:4]) == ["3_0", "3_2", "3_4", "3_6"] and three.iloc[4] == three.iloc[0]


def test_every_image_has_its_own_seed():
    seeds = image_seeds(3, "train", 0, 50)
    assert len(set(seeds)) == 50 and min(seeds) >= 0 and seeds[10:20] == image_seeds(3, "train", 10, 20)
    assert not set(seeds) & {*image_seeds(3, "test", 0, 50), *image_seeds(4, "train", 0, 50)}


def test_poses_start_over_where_there_are_too_few(rows):
    plan = plan_images(rows, POSES[:2], images_per_identity=5, **GUIDED)
    assert plan.loc[plan["pid"] == 5, "pose"].value_counts().tolist() == [3, 2]


def test_the_plan_repeats_and_depends_on_its_seed(rows):
    first, again = (plan_images(rows, POSES, images_per_identity=5, **GUIDED) for _ in range(2))
    pd.testing.assert_frame_equal(first, again)
    other = plan_images(rows, POSES, images_per_identity=5, **(GUIDED | {"seed": 4}))
    assert not first["pose"].equals(other["pose"])


def test_more_images_of_an_identity_leave_those_of_others(rows):
    fewer = plan_images(rows[rows["pid"] != 3], POSES, images_per_identity=5, **GUIDED)
    more = plan_images(rows, POSES, images_per_identity=5, **GUIDED)
    for pid in (5, 8):
        parts = [plan.loc[plan["pid"] == pid, ["source", "pose"]].to_numpy().tolist() for plan in (fewer, more)]
        assert parts[0] == parts[1]


def test_few_real_identities_keep_their_images_and_the_others_their_first(rows):
    few = {"setup": "few", "real_identities": 1, "seed": 0}
    real = real_part(rows, **few)
    counts = real["pid"].value_counts()
    kept = int(np.random.default_rng([0, 0]).permutation([3, 5, 8])[0])
    assert counts[kept] == (rows["pid"] == kept).sum()
    assert all(counts[pid] == 1 for pid in {3, 5, 8} - {kept})
    plan = plan_images(rows, POSES, conditions=["source"], images_per_identity=4, **few)
    assert set(plan["pid"]) == {3, 5, 8} - {kept}
    firsts = rows.drop_duplicates("pid").set_index("pid")["image"]
    assert (plan["source"] == plan["pid"].map(firsts)).all()
    assert set(plan["source"]) <= set(real["image"])


def test_with_all_every_real_image_stays(rows):
    pd.testing.assert_frame_equal(real_part(rows, "all", 1, 0), rows)


def test_an_unconditional_generator_makes_as_many_people_who_are_nobody(rows):
    plan = plan_images(rows, [], images_per_identity=4, **(GUIDED | {"conditions": []}))
    assert len(plan) == 12 and (plan["pid"] == -1).all() and (plan[["source", "pose"]] == "").all(axis=None)


def test_a_generator_that_takes_a_pose_or_a_source_alone(rows):
    plan = plan_images(rows, POSES, images_per_identity=4, **(GUIDED | {"conditions": ["joints"]}))
    assert (plan["pid"] == -1).all() and (plan["source"] == "").all() and set(plan["pose"]) <= set(POSES)
    plan = plan_images(rows, [], images_per_identity=4, **(GUIDED | {"conditions": ["source"]}))
    assert (plan["pid"] > 0).all() and (plan["source"] != "").all() and (plan["pose"] == "").all()


def test_pairs_of_the_test_become_sources_and_poses():
    table = pd.DataFrame({"image": ["a", "b", "c", "d"], "pid": [1, 2, 1, 2]})
    plan = plan_pairs(pd.DataFrame({"source": ["a", "b"], "target": ["c", "d"]}), table)
    assert plan.to_numpy().tolist() == [["a", "c", 1], ["b", "d", 2]]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"setup": "few", "real_identities": 4}, "4 identities are to stay real, but there are 3"),
        ({"setup": "few", "real_identities": 3}, "no identity is left to generate images of"),
    ],
)
def test_impossible_numbers(rows, changed, message):
    with pytest.raises(UserError, match=message):
        plan_images(rows, POSES, images_per_identity=1, **(GUIDED | changed))


def test_no_pose_to_ask_for(rows):
    with pytest.raises(UserError, match="no image has a pose to ask for"):
        plan_images(rows, [], images_per_identity=1, **GUIDED)


def test_list_of_poses(tmp_path):
    path = tmp_path / "poses.txt"
    path.write_text("pose3\n\npose1\n")
    assert read_pose_list(path, POSES) == ["pose3", "pose1"]
    path.write_text("pose3\nsomebody\n")
    with pytest.raises(UserError, match="1 of 2 names in the list of poses are of no use, such as somebody"):
        read_pose_list(path, POSES)
    path.write_text("\n")
    with pytest.raises(UserError, match="0 of 0 names"):
        read_pose_list(path, POSES)
    with pytest.raises(UserError, match="the list of poses cannot be read"):
        read_pose_list(tmp_path / "nothing.txt", POSES)
