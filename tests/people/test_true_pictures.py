"""True pictures of persons and of those who look most like them."""

import numpy as np
import pandas as pd
import pytest
import torch

from purereid.data.images import resize
from purereid.people.identity import identity_of
from purereid.people.look_alikes import LookAlikes
from purereid.people.renderer import render
from purereid.people.scene import scene_of
from purereid.people.texture import texture_of
from purereid.people.true_pictures import TruePictures

SIZE = 32, 16


def test_look_alikes_are_the_persons_whose_textures_differ_least():
    persons = [identity_of(0, number) for number in range(12)]
    small = [texture_of(person).reshape(32, 4, 32, 4, 3).mean(axis=(1, 3)) for person in persons]
    alike = LookAlikes(persons)
    for row, person in enumerate(persons):
        differences = {persons[other]: np.abs(small[row] - small[other]).mean() for other in range(12) if other != row}
        found = [differences[other] for other in alike.of(person, 3)]
        assert found == pytest.approx(sorted(differences.values())[:3], rel=0.02)
    assert len(LookAlikes(persons[:3]).of(persons[0], 5)) == 2 and len(alike.of(identity_of(0, 99), 5)) == 5


def test_look_alikes_stand_in_the_same_place(people):
    rows = pd.read_parquet(people.scene).set_index("image", drop=False)
    shown = rows[rows["pid"] > 0]
    alike = LookAlikes([scene_of(row).identity for _, row in shown.drop_duplicates("identity").iterrows()])
    sources, poses = shown["image"].tolist()[:3], rows["image"].tolist()[-3:]
    found = TruePictures(people.scene, SIZE).of_look_alikes(sources, poses, 2)
    assert found.shape == (3, 2, 3, *SIZE) and found.dtype == torch.uint8
    for pictures, source, pose in zip(found, sources, poses, strict=True):
        for picture, other in zip(pictures, alike.of(scene_of(rows.loc[source]).identity, 2), strict=True):
            expected = resize(render(other, *scene_of(rows.loc[pose])[1:]).image, *SIZE)
            assert (picture.permute(1, 2, 0).numpy() == expected).all()
