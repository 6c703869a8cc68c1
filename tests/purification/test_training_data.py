"""Which identities are held out from the training of networks of graphs."""

import numpy as np
import pytest

from purereid.data.held_out import held_out_images
from purereid.errors import UserError
from purereid.purification.fold import fold_images, seen


def held_out(pids: np.ndarray, share: float, seed: int = 0) -> np.ndarray:
    return held_out_images(pids, share=share, seed=seed, section="train_gcn")


def test_people_are_held_out_whole():
    pids = np.repeat([3, 5, 8, 9], [2, 4, 2, 3])
    found = held_out(pids, 0.5)
    assert len(set(pids[found])) == 2 and not set(pids[found]) & set(pids[~found])


def test_the_share_is_one_of_the_identities_with_several_images():
    pids = np.random.default_rng(0).permutation(np.repeat(np.arange(100), [1] * 90 + [3] * 10))
    drawn = [set(pids[held_out(pids, 0.2, seed)]) for seed in range(40)]
    assert {len(people) for people in drawn} == {2}
    assert set.union(*drawn) == set(range(90, 100))


@pytest.mark.parametrize(("share", "people"), [(0.0, 0), (0.01, 1), (0.5, 2), (0.9, 3), (1.0, 3)])
def test_one_identity_at_least_is_on_each_side(share: float, people: int):
    pids = np.repeat([0, 2, 5, 6, 7], [2, 2, 1, 2, 2])
    assert len(set(pids[held_out(pids, share)])) == people


@pytest.mark.parametrize(("images", "several"), [([1, 1, 1], 0), ([1, 5, 1], 1)])
def test_fewer_than_two_identities_with_several_images(images: list[int], several: int):
    pids = np.repeat([4, 5, 6], images)
    message = rf"^{several} of 3 identities have several images(.|\n)*train_gcn\.held_out(.|\n)*set held_out to 0"
    with pytest.raises(UserError, match=message):
        held_out(pids, 0.2)
    assert not held_out(pids, 0.0).any()


# --- those that the encoder has not learnt from -----------------------------------------------------------------------

PIDS = np.repeat([3, 5, 8, 9, 11], [2, 4, 2, 3, 1])


def fold(learnt: list[int] | None, share: float = 0.4) -> np.ndarray:
    return fold_images(PIDS, learnt=learnt, share=share, seed=0, section="train_gcn")


def test_the_identities_that_the_encoder_has_not_learnt_from_are_held_out(caplog: pytest.LogCaptureFixture):
    assert set(PIDS[fold([3, 5, 9, 11, 400])]) == {8} and set(PIDS[fold([5, 9])]) == {3, 8, 11}
    assert "SEEN" not in caplog.text and not fold([5, 9], share=0).any()
    assert (seen(PIDS, [5, 9, 400]), seen(PIDS, []), seen(PIDS, None)) == (2, 0, None)


@pytest.mark.parametrize(("learnt", "told"), [([3, 5, 8, 9, 11], True), ([], False), ([400], False), (None, False)])
def test_of_an_encoder_that_learnt_from_all_or_none_a_share_is_drawn(learnt, told: bool, caplog):
    assert (fold(learnt) == held_out(PIDS, 0.4)).all()
    assert ("SEEN" in caplog.text) == told
