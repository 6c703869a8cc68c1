"""How the flow learns."""

import numpy as np
import pytest
import torch

from purereid.data.joints import JOINTS
from purereid.systems.flow.generator import Trainer, mirrored
from purereid.training.stage import Inputs

CPU = torch.device("cpu")


@pytest.fixture
def trainer(people, gan_settings):
    def make(**changed: object) -> Trainer:
        files = {"pairs": people.train_pairs, "keypoints": people.keypoints}
        conditions = ["source", "keypoints", "source_keypoints"]
        return Trainer(Inputs(people.index, files, conditions=conditions), gan_settings("flow", **changed), CPU)

    return make


def test_a_batch_holds_pairs_with_their_poses(trainer):
    found = trainer(flip=0.0)
    batch, data = found.batch(3), found.data
    for side, pose in (("source", "source_keypoints"), ("target", "keypoints")):
        for image, keypoints in zip(batch[side], batch[pose], strict=True):
            rows = [row for row, other in enumerate(data.images) if torch.equal(other, image)]
            poses = data.guides.of("keypoints", [data.names[row] for row in rows])
            assert any(torch.equal(keypoints, each) for each in poses)
    again, later = found.batch(3), found.batch(4)
    assert all(torch.equal(batch[name], again[name]) for name in batch)
    assert not torch.equal(batch["noise"], later["noise"]) and not torch.equal(batch["times"], later["times"])


def test_settings_of_what_is_drawn(trainer):
    always, never = trainer(drop_source=0.0).batch(0)["given"], trainer(drop_source=0.999999).batch(0)["given"]
    assert always.all() and not never.any()
    plain, flipped = trainer(flip=0.0).batch(0), trainer(flip=1.0).batch(0)
    assert torch.equal(flipped["target"], plain["target"].flip(3))
    assert torch.equal(flipped["source"], plain["source"].flip(3))
    early, late = (trainer(time_mean=mean, time_std=0.01).batch(0)["times"] for mean in (-3, 3))
    assert (early < 0.1).all() and (late > 0.9).all()
    assert not torch.equal(trainer(seed=1).batch(0)["noise"], trainer(seed=2).batch(0)["noise"])


def test_the_right_hand_of_a_mirrored_person_is_a_left_one():
    keypoints = torch.zeros(2, 18, 3)
    right, left, nose = (JOINTS.index(name) for name in ("right_wrist", "left_wrist", "nose"))
    keypoints[:, right], keypoints[:, nose] = torch.tensor([60.0, 10.0, 1.0]), torch.tensor([9.0, 30.0, 1.0])
    found = mirrored(keypoints, torch.tensor([True, False]))
    assert found[0, left].tolist() == [60, 53, 1] and found[0, nose].tolist() == [9, 33, 1]
    assert not found[0, right, 2] and torch.equal(found[1], keypoints[1])


def test_it_learns_two_pairs_by_heart(trainer):
    found = trainer(channels=16, batch=4, epochs=90, images_per_epoch=8, warmup_epochs=0, ema=0.9, flip=0.0)
    found.data.pairs = found.data.pairs[[0, len(found.data.pairs) - 1]]
    losses = [found.step(step, found.batch(step))["l1"].item() for step in range(found.steps)]
    assert np.mean(losses[:4]) > 0.15 and np.mean(losses[-8:]) < 0.12
