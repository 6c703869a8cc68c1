"""Which planned images are bad on purpose."""

import numpy as np
import pandas as pd
import pytest

from purereid.errors import UserError
from purereid.systems.injection import KINDS, plan_injection


@pytest.fixture
def plan() -> pd.DataFrame:
    """4 images of each of 15 identities."""
    pids = np.repeat(np.arange(15) * 3, 4)
    sources = [f"{pid}_{number % 4}" for number, pid in enumerate(pids)]
    return pd.DataFrame({"source": sources, "pose": [f"pose{number}" for number in range(60)], "pid": pids})


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
    assert (found["shown"] == found["source"])[~wrong].all()
    pids = found["shown"].map(plan.set_index("source")["pid"])
    assert (pids != found["pid"])[wrong].all()


def test_any_source_of_another_identity_may_be_shown(plan):
    few = plan.head(16)
    shown = [plan_injection(few, 1, ["wrong_identity"], seed)["shown"] for seed in range(200)]
    for row in range(16):
        assert {drawn[row] for drawn in shown} == set(few.loc[few["pid"] != few["pid"][row], "source"])


def test_rows_of_an_identity_need_not_stand_together(plan):
    mixed = plan.sample(frac=1, random_state=0, ignore_index=True)
    found = plan_injection(mixed, 1, ["wrong_identity"], 1)
    pids = found["shown"].map(plan.set_index("source")["pid"])
    assert (pids != found["pid"]).all() and found["shown"].nunique() > 20


def test_the_choice_repeats_and_depends_on_its_seed(plan):
    first, again, other = (plan_injection(plan, 0.5, KINDS, seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again)
    assert not first["injected"].equals(other["injected"])


def test_a_generator_without_identities_has_the_other_kinds(plan):
    nobody = plan.assign(source="", pid=-1)
    found = plan_injection(nobody, 0.5, KINDS[1:], 1)
    assert (found["injected"] != "").sum() == 30 and (found["shown"] == "").all()
    assert (plan_injection(nobody, 0.0, KINDS, 1)["injected"] == "").all()


@pytest.mark.parametrize(
    ("share", "kinds", "pid", "message"),
    [
        (1.5, KINDS, None, r"the share of images to inject is 1.5[\s\S]*generate.train.injected.share"),
        (-0.1, KINDS, None, "the share of images to inject is -0.1"),
        (float("nan"), KINDS, None, "the share of images to inject is nan"),
        (0.5, ["rain", "blur"], None, r"images cannot be injected as rain\n[\s\S]*some of wrong_identity, off_pose, n"),
        (0.5, [], None, "no kind of images to inject is named"),
        (0.5, KINDS, 7, "images are generated of one identity alone"),
        (0.5, KINDS, -1, r"the generator takes no source[\s\S]*leave wrong_identity out of the kinds"),
    ],
)
def test_impossible_settings(plan, share, kinds, pid, message):
    with pytest.raises(UserError, match=message):
        plan_injection(plan if pid is None else plan.assign(pid=pid), share, kinds, 1)
