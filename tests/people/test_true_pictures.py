"""True pictures of persons and of those who look most like them."""

import numpy as np
import pandas as pd
import pytest
import torch

from purereid.data.images import resize
from purereid.people.identity import identity_of
from purereid.people.look_alikes import look_alikes
from purereid.people.scene import render_as, scene_of
from purereid.people.texture import texture_of
from purereid.people.true_pictures import pictures_of_look_alikes

SIZE = 32, 16


def test_look_alikes_are_the_persons_whose_textures_differ_least():
    persons = [identity_of(0, number) for number in range(12)]
    small = [texture_of(person).reshape(32, 4, 32, 4, 3).mean(axis=(1, 3)) for person in persons]
    found = look_alikes(persons, 3)
    for row, alike in enumerate(found):
        differences = {other: np.abs(small[row] - small[other]).mean() for other in range(12) if other != row}
        expected = sorted(differences.values())[:3]
        assert [differences[other] for other in alike] == pytest.approx(expected, rel=0.02)
    assert look_alikes(persons[:3], 5).shape == (3, 2)


def test_look_alikes_stand_in_the_same_place(people):
    scene = pd.read_parquet(people.scene)
    persons = scene[scene["pid"] > 0].drop_duplicates("identity").reset_index(drop=True)
    sources, poses = scene["image"][scene["pid"] > 0].tolist()[:3], scene["image"].tolist()[-3:]
    found = pictures_of_look_alikes(people.scene, sources, poses, SIZE, 2)
    assert found.shape == (3, 2, 3, *SIZE) and found.dtype == torch.uint8
    alike = look_alikes([scene_of(row).identity for _, row in persons.iterrows()], 2)
    rows = scene.set_index("image", drop=False)
    for number, (source, pose) in enumerate(zip(sources, poses, strict=True)):
        who = persons.index[persons["identity"] == rows.at[source, "identity"]][0]
        expected = resize(render_as(persons.loc[alike[who][1]], rows.loc[pose]).image, *SIZE)
        assert (found[number, 1].permute(1, 2, 0).numpy() == expected).all()
