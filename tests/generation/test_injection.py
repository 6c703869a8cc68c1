"""Which planned images are bad on purpose."""

import numpy as np
import pandas as pd
import pytest

from purereid.errors import UserError
from purereid.generation.injection import KINDS, plan_injection
from purereid.generation.spoil import SPOILED


@pytest.fixture
def plan() -> pd.DataFrame:
    """4 images of each of 15 identities; each of 20 poses is asked for 3 times, no two of them together."""
    pids = np.repeat(np.arange(15) * 3, 4)
    sources = [f"{pid}_{number % 4}" for number, pid in enumerate(pids)]
    return pd.DataFrame({"source": sources, "pose": [f"pose{number % 20}" for number in range(60)], "pid": pids})


def test_the_kinds_in_their_order():
    assert KINDS == ("wrong_identity", "off_pose", "upside_down", "noise", "only_noise", "blur", "grey_box")


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (0.01, 1), (0.4, 24), (1.0, 60)])
def test_the_share_and_equally_many_of_each_kind(plan, share, count):
    injected = plan_injection(plan, share, KINDS, 1)["injected"]
    counts = [(injected == kind).sum() for kind in KINDS]
    assert sum(counts) == count == (injected != "").sum() and max(counts) - min(counts) <= 1


def test_what_is_asked_for_stays(plan):
    found, before = plan_injection(plan, 0.5, KINDS, 1), plan.copy()
    pd.testing.assert_frame_equal(found[plan.columns], before)
    pd.testing.assert_frame_equal(plan, before)


def test_a_wrong_identity_is_shown_the_source_of_another_and_the_others_their_own(plan):
    found = plan_injection(plan, 0.5, KINDS, 1)
    wrong = found["injected"] == "wrong_identity"
    assert (found["shown_source"] == found["source"])[~wrong].all()
    pids = found["shown_source"].map(plan.set_index("source")["pid"])
    assert (pids != found["pid"])[wrong].all()


def test_off_pose_is_shown_the_pose_of_another_and_the_others_their_own(plan):
    found = plan_injection(plan, 0.5, KINDS, 1)
    off = found["injected"] == "off_pose"
    assert off.sum() == 5 and ((found["shown_pose"] != found["pose"]) == off).all()
    assert found["shown_pose"].isin(plan["pose"]).all()


def test_any_source_of_another_identity_may_be_shown(plan):
    few = plan.head(16)
    shown = [plan_injection(few, 1, ["wrong_identity"], seed)["shown_source"] for seed in range(200)]
    for row in range(16):
        assert {drawn[row] for drawn in shown} == set(few.loc[few["pid"] != few["pid"][row], "source"])


def test_any_other_pose_may_be_shown(plan):
    few = plan.iloc[10:30].reset_index(drop=True)  # the poses 0 to 19, in another order
    shown = [plan_injection(few, 1, ["off_pose"], seed)["shown_pose"] for seed in range(200)]
    for row in range(20):
        assert {drawn[row] for drawn in shown} == set(few["pose"]) - {few["pose"][row]}


def test_rows_of_an_identity_need_not_stand_together(plan):
    mixed = plan.sample(frac=1, random_state=0, ignore_index=True)
    found = plan_injection(mixed, 1, ["wrong_identity"], 1)
    pids = found["shown_source"].map(plan.set_index("source")["pid"])
    assert (pids != found["pid"]).all() and found["shown_source"].nunique() > 20


def test_the_choice_repeats_and_depends_on_its_seed(plan):
    first, again, other = (plan_injection(plan, 0.5, KINDS, seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again)
    assert not first["injected"].equals(other["injected"])


NO_SOURCE, NO_POSE = {"source": "", "pid": -1}, {"pose": ""}


@pytest.mark.parametrize(
    ("lacking", "kinds"),
    [
        (NO_SOURCE, ["off_pose", *SPOILED]),
        (NO_POSE, ["wrong_identity", *SPOILED]),
        (NO_SOURCE | NO_POSE, list(SPOILED)),
    ],
)
def test_a_generator_without_sources_or_poses_has_the_other_kinds(plan, lacking, kinds):
    less = plan.assign(**lacking)
    found = plan_injection(less, 0.5, kinds, 1)
    assert (found["injected"] != "").sum() == 30
    for column in {"source", "pose"} & set(lacking):
        assert (found[f"shown_{column}"] == "").all()
    with pytest.raises(UserError, match=f"expected: some of {', '.join(kinds)}\n"):
        plan_injection(less, 0.5, KINDS, 1)


@pytest.mark.parametrize("lacking", [{}, NO_SOURCE, NO_POSE, {"pid": 7}, {"pose": "pose7"}])
def test_nothing_is_injected_of_the_share_0(plan, lacking):
    asked = plan.assign(**lacking)
    found = plan_injection(asked, 0.0, KINDS, 1)
    assert (found["injected"] == "").all()
    shown = found[["shown_source", "shown_pose", "pid"]].set_axis(["source", "pose", "pid"], axis=1)
    pd.testing.assert_frame_equal(shown, asked)


@pytest.mark.parametrize(
    ("share", "kinds", "asked", "message"),
    [
        (1.5, KINDS, {}, r"the share of images to inject is 1.5[\s\S]*generate.train.injected.share"),
        (-0.1, KINDS, {}, "the share of images to inject is -0.1"),
        (float("nan"), KINDS, {}, "the share of images to inject is nan"),
        (0.5, ["rain", "blur"], {}, r"images cannot be injected as rain\n[\s\S]*some of wrong_identity, off_pose, u"),
        (0.5, [], {}, "no kind of images to inject is named"),
        (0.5, KINDS, {"pid": 7}, r"all images are to show the same identity[\s\S]*leave wrong_identity out"),
        (0.5, KINDS, {"pose": "pose7"}, r"all images are to show the same pose[\s\S]*leave off_pose out of the kinds"),
        (0.5, KINDS, NO_SOURCE, r"the generator takes no source[\s\S]*leave wrong_identity out of the kinds"),
        (0.5, KINDS, NO_POSE, r"the generator takes no pose[\s\S]*leave off_pose out of the kinds"),
    ],
)
def test_impossible_settings(plan, share, kinds, asked, message):
    with pytest.raises(UserError, match=message):
        plan_injection(plan.assign(**asked), share, kinds, 1)
