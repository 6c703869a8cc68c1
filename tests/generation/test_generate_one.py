"""Chosen persons in chosen poses."""

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from purereid.data.images import read_image
from purereid.data.keypoints import Keypoints, read_keypoints, write_keypoints
from purereid.errors import UserError
from purereid.generation.generate_one import generate_one
from purereid.networks.network_file import save_networks
from purereid.people.scene import render_as
from purereid.systems.dcgan.networks import Generator as Unconditional
from purereid.systems.dgnet.networks import Generator as Mixing
from purereid.systems.flow.networks import Generator as Flow
from purereid.systems.posegan.networks import Generator
from saved import save_generator


@pytest.fixture
def draw(people, tmp_path):
    """Draw a picture; the images by row and column."""
    torch.manual_seed(0)
    network = Generator(height=32, width=16, channels=4, blocks=1)
    for _ in range(30):  # fills the statistics of the batch normalisation
        network(torch.rand(16, 3, 32, 16) * 2 - 1, torch.rand(16, 6, 32, 16))
    network.decoder[-2].weight.data *= 10
    save_generator(tmp_path / "guided.safetensors", "posegan", network)

    def run(**changed: object) -> dict[str, np.ndarray]:
        files = {"index": people.index, "keypoints": people.keypoints, "generator": tmp_path / "guided.safetensors"}
        outputs = {"grid": tmp_path / "grid.png", "pictures": tmp_path / "pictures"}
        named = {"name": "pg", "conditions": ["source", "parts"], "sources": 2, "poses": 3}
        generate_one(**(files | outputs | named | changed))
        return {path.stem: read_image(path) for path in sorted((tmp_path / "pictures").iterdir())}

    return run


@pytest.fixture
def test_images(people) -> pd.DataFrame:
    table = people.table
    return table[(table["split"] == "query") & (table["pid"] > 0)]


def test_numbers_draw_different_persons_and_poses(draw, tmp_path):
    images = draw()
    assert list(images) == ["0-0", "0-1", "0-2", "1-0", "1-1", "1-2"]
    assert all(image.shape == (32, 16, 3) for image in images.values())
    pictures = list(images.values())
    assert all(not np.array_equal(a, b) for row, a in enumerate(pictures) for b in pictures[row + 1 :])
    assert Image.open(tmp_path / "grid.png").width > 400
    again = draw()
    assert all(np.array_equal(image, again[name]) for name, image in images.items())
    assert not np.array_equal(draw(seed=5)["0-0"], images["0-0"])


def test_a_pose_file_needs_no_ending(draw, people, test_images, tmp_path):
    image = test_images["image"].iloc[0]
    numbers = read_keypoints(people.keypoints, [image]).scaled(128, 64)[0]
    (tmp_path / "pose").write_text("\n".join(f"{y} {x}" for y, x in numbers.tolist()))
    images = draw(sources=1, poses=[image, str(tmp_path / "pose")])
    assert np.array_equal(images["0-0"], images["0-1"])
    for name in ("pose.json", "pose.npy"):
        (tmp_path / name).touch()
        with pytest.raises(UserError, match=rf"a pose file of unknown format(.|\n)*{name}(.|\n)*18 lines"):
            draw(sources=1, poses=[str(tmp_path / name)])


def test_a_person_is_named_by_image_file_or_pid(draw, people, test_images, tmp_path):
    row = test_images.iloc[0]
    copied = tmp_path / "me.png"
    Image.fromarray(read_image(row["path"])).save(copied)
    pose = test_images["image"].iloc[1]
    first = people.table[people.table["pid"] == row["pid"]].iloc[0]["image"]
    images = draw(sources=[row["image"], str(copied), first, f"pid:{row['pid']}"], poses=[pose])
    assert np.array_equal(images["0-0"], images["1-0"]) and np.array_equal(images["2-0"], images["3-0"])


def test_a_pose_is_named_by_image_pose_file_or_pid(draw, people, test_images, tmp_path):
    image = test_images["image"].iloc[0]
    poses = read_keypoints(people.keypoints, [image])
    numbers = poses.scaled(128, 64)[0]
    (tmp_path / "pose.txt").write_text("\n".join(f"{y} {x}" for y, x in numbers.tolist()))
    first = people.table[people.table["pid"] == test_images["pid"].iloc[0]].iloc[0]["image"]
    names = [image, str(tmp_path / "pose.txt"), first, f"pid:{test_images['pid'].iloc[0]}"]
    images = draw(sources=1, poses=names)
    assert np.array_equal(images["0-0"], images["0-1"]) and np.array_equal(images["0-2"], images["0-3"])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sources": ["nobody.jpg"]}, r"unknown source 'nobody.jpg'"),
        ({"sources": ["pid:77777"]}, r"unknown identity 'pid:77777'[\s\S]*such as pid:\d+$"),
        ({"sources": ["pid:-1"]}, r"unknown identity 'pid:-1'"),
        ({"poses": ["nobody.jpg"]}, r"unknown pose 'nobody.jpg'"),
    ],
)
def test_unknown_names(draw, changed, message):
    with pytest.raises(UserError, match=message):
        draw(**changed)


def test_more_persons_than_there_are_is_all_of_them(draw, caplog):
    images = draw(sources=50, poses=1)
    assert sorted(images) == ["0-0", "1-0", "2-0", "3-0"]
    assert "images of 50 different persons asked for, taking those of all 4" in caplog.text


def test_image_file_as_pose_needs_an_estimator(draw, test_images, tmp_path):
    Image.fromarray(read_image(test_images["path"].iloc[0])).save(tmp_path / "me.png")
    with pytest.raises(UserError, match=r"the pose in the image file .*me.png is not known"):
        draw(poses=[str(tmp_path / "me.png")])


def test_poses_without_joints_or_outside_the_picture(draw, people, test_images, tmp_path):
    (tmp_path / "empty.txt").write_text("-1 -1\n" * 18)
    with pytest.raises(UserError, match="all joints of the pose are missing"):
        draw(poses=[str(tmp_path / "empty.txt")])
    (tmp_path / "outside.txt").write_text("500 3\n" + "-1 -1\n" * 17)
    with pytest.raises(UserError, match="lie outside the picture of 128 x 64: nose at y 500, x 3"):
        draw(poses=[str(tmp_path / "outside.txt")])
    image = test_images["image"].iloc[0]
    poses = read_keypoints(people.keypoints)
    visible = poses.visible.copy()
    visible[poses.images.index(image)] = False
    write_keypoints(tmp_path / "kp.parquet", Keypoints(poses.images, poses.joints, visible, poses.sizes))
    with pytest.raises(UserError, match="has no key points"):
        draw(poses=[image], keypoints=tmp_path / "kp.parquet")


def test_a_generator_that_takes_no_source(draw, tmp_path):
    save_generator(tmp_path / "noise.safetensors", "dcgan", Unconditional(height=32, width=16, channels=4))
    with pytest.raises(UserError, match="makes people from noise"):
        draw(generator=tmp_path / "noise.safetensors", conditions=[])


def test_each_person_in_the_pose_of_each_other(draw, test_images):
    names = test_images["image"].iloc[:3].tolist()
    both, named = draw(sources=names, poses="sources"), draw(sources=names, poses=names)
    assert len(both) == 9 and all(np.array_equal(image, named[name]) for name, image in both.items())


def test_a_folder_stands_for_its_images(draw, test_images, tmp_path):
    (tmp_path / "mine").mkdir()
    for number, path in enumerate(test_images["path"].iloc[:2]):
        Image.fromarray(read_image(path)).save(tmp_path / f"mine/{number}.png")
    (tmp_path / "mine/notes.txt").touch()
    pose = test_images["image"].iloc[2]
    drawn = draw(sources=[str(tmp_path / "mine"), test_images["image"].iloc[0]], poses=[pose])
    assert list(drawn) == ["0-0", "1-0", "2-0"] and np.array_equal(drawn["0-0"], drawn["2-0"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="there are no images in the folder"):
        draw(sources=[str(tmp_path / "empty")])


@pytest.fixture
def mixing(tmp_path):
    """A generator that mixes persons, whose images differ by far."""
    torch.manual_seed(0)
    known = {"backbone": "resnet_small", "last_stride": 1, "pids": [1, 2], "height": 32, "width": 16, "bottleneck": 4}
    network = Mixing(encoder=known, height=32, width=16, channels=2, blocks=1, dilations=[1, 1, 2], style_width=4)
    save_networks(tmp_path / "mixing.safetensors", {"generator": network}, system="dgnet", stage="joint")
    return {
        "generator": tmp_path / "mixing.safetensors",
        "conditions": ["source", "pose_image"],
        "keypoints": None,
        "mixes": True,
    }


def test_persons_between_two_others(draw, mixing, test_images):
    names = test_images["image"].iloc[:2].tolist()
    drawn = draw(**mixing, sources=names, poses="sources", between=3)
    plain = draw(**mixing, sources=names, poses="sources")
    assert sorted(drawn) == [f"{row}-{column}" for row in range(5) for column in range(2)]
    for column in range(2):
        first, *way, last = (drawn[f"{row}-{column}"].astype(int) for row in range(5))
        assert np.array_equal(first, plain[f"0-{column}"]) and np.array_equal(last, plain[f"1-{column}"])
        moved = [np.abs(each - first).mean() for each in (*way, last)]
        assert moved == sorted(moved) and moved[0] > 0


@pytest.fixture
def flowing(people, tmp_path):
    """A flow that has not learnt; it makes noise about the source in the other pose."""
    torch.manual_seed(0)
    network = Flow(height=32, width=16, channels=8, levels=2, blocks=1, heads=2)
    network.out[-1].weight.data.normal_(0, 0.05)
    save_generator(tmp_path / "flow.safetensors", "flow", network)
    return {"generator": tmp_path / "flow.safetensors", "conditions": ["source", "keypoints", "source_keypoints"]}


def test_several_draws_of_one_person_in_one_pose(draw, flowing, tmp_path):
    drawn = draw(**flowing, sources=2, poses=2, draws=3)
    assert sorted(drawn) == [f"{row}-{column}" for row in range(6) for column in range(2)]
    pictures = [drawn[f"{row}-0"] for row in range(6)]
    assert all(not np.array_equal(a, b) for row, a in enumerate(pictures) for b in pictures[row + 1 :])
    assert np.array_equal(draw(**flowing, sources=2, poses=2)["1-1"], drawn["3-1"])
    again = draw(**flowing, sources=2, poses=2, draws=2, network={"sampling_steps": 2})
    assert not np.array_equal(again["0-0"], drawn["0-0"])


def test_persons_between_two_others_have_something_of_the_pose_of_both(draw, flowing, test_images):
    names = test_images["image"].iloc[:2].tolist()
    drawn = draw(**flowing, sources=names, poses="sources", between=1, mixes=True)
    plain = draw(**flowing, sources=names, poses="sources", mixes=True)
    assert np.array_equal(drawn["0-1"], plain["0-1"]) and np.array_equal(drawn["2-1"], plain["1-1"])
    assert not any(np.array_equal(drawn["1-1"], drawn[end]) for end in ("0-1", "2-1"))


def test_only_generators_that_mix_are_asked_for_persons_between(draw, mixing):
    with pytest.raises(UserError, match="the generator pg does not mix persons"):
        draw(between=2)
    with pytest.raises(UserError, match="two sources or more"):
        draw(**mixing, sources=1, poses=1, between=2)


def test_true_pictures_are_the_person_of_one_image_in_the_pose_of_another(people):
    from purereid.people.true_pictures import TruePictures

    scene = pd.read_parquet(people.scene).set_index("image", drop=False)
    images = people.table[people.table["split"] == "train"]["image"]
    source, pose = images.iloc[-1], images.iloc[2]  # a picture with little noise
    drawn = TruePictures(people.scene, (64, 32)).of([source, pose], [pose, pose])
    assert np.array_equal(drawn[0].permute(1, 2, 0), render_as(scene.loc[source], scene.loc[pose]).image)
    path = people.table.set_index("image").loc[pose, "path"]
    itself = read_image(path).astype(int)  # as a JPEG file
    differences = [np.abs(picture.permute(1, 2, 0).numpy() - itself).mean() for picture in drawn]
    assert differences[1] < 5 < differences[0]
