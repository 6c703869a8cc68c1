"""Features averaged over generated views, against the same done image by image."""

from pathlib import Path

import numpy as np
import pytest
import torch

from generators import People
from purereid.data.features import read_encoder, read_features
from purereid.data.heatmap_file import Heatmaps
from purereid.data.images import load_images, resize
from purereid.data.keypoints import Keypoints, read_keypoints
from purereid.data.transforms import normalise
from purereid.errors import UserError
from purereid.networks.network_file import load_network
from purereid.poses.standard_poses import standard_poses
from purereid.reid.extract import extract_features
from purereid.reid.extract_views import extract_views
from purereid.systems.flow.networks import Generator as Flow
from purereid.systems.posegan.networks import Generator
from saved import save_generator

EXTRACTION = {"flip": True, "batch": 5, "precision": "fp32"}
VIEWS = EXTRACTION | {"conditions": ["source", "parts"], "poses": 3, "seed": 0}


@pytest.fixture
def files(people: People, tmp_path: Path) -> dict:
    """A generator whose images differ by source and pose, and the images' own features."""
    torch.manual_seed(0)
    network = Generator(height=32, width=16, channels=4, blocks=1)
    network(torch.rand(16, 3, 32, 16) * 2 - 1, torch.rand(16, 6, 32, 16))
    network.decoder[-2].weight.data *= 10
    save_generator(tmp_path / "generator.safetensors", "posegan", network)
    both = {"index": people.index, "encoder": people.encoder, "features": tmp_path / "features.parquet"}
    extract_features(**both, splits=["query", "gallery", "train"], shard=0, shards=1, **EXTRACTION)
    more = {"generator": tmp_path / "generator.safetensors", "keypoints": people.keypoints, "parts": people.parts}
    return both | more | {"views": tmp_path / "views.parquet"}


def unit(values: np.ndarray) -> np.ndarray:
    return values / np.linalg.norm(values)


def training_poses(people: People) -> Keypoints:
    poses, train = read_keypoints(people.keypoints), people.table.query("split == 'train' and pid >= 0")["image"]
    rows = [poses.images.index(image) for image in train if image in poses.images]
    return Keypoints([poses.images[row] for row in rows], *(each[rows] for each in poses[1:]))


def test_an_image_and_its_views_count_alike(people: People, files: dict):
    extract_views(**files, **VIEWS)
    images, found = read_features(files["views"])
    table = people.table.set_index("image")
    sides = table[table["split"].isin(["query", "gallery"])]
    assert set(images) == set(sides.index) and read_encoder(files["views"]) == read_encoder(files["features"])
    own = dict(zip(*read_features(files["features"]), strict=True))
    encoder, generator = load_network(people.encoder, "encoder"), load_network(files["generator"], "generator")
    poses, maps = standard_poses(training_poses(people), 3, 0), Heatmaps(people.parts)
    assert 2 <= len(poses) <= 3 and (table.loc[poses, "split"] == "train").all()
    for image in images[::5]:
        total = unit(own[image].astype(np.float64))
        source = load_images([table.loc[image, "path"]], 32, 16)
        for pose in poses:
            parts = torch.from_numpy(np.stack([maps[pose]]))
            with torch.inference_mode():
                drawn = generator.draw({"source": source, "parts": parts, "seed": torch.tensor([0])})
                pixels = np.ascontiguousarray(drawn[0].permute(1, 2, 0).numpy())
                size = (encoder.configuration[name] for name in ("height", "width", "resizing"))
                seen = normalise(torch.from_numpy(resize(pixels, *size)).permute(2, 0, 1)[None])
                feature = encoder.combine([encoder.embed(seen), encoder.embed(seen.flip(3))])
            total = total + unit(feature[0].double().numpy())
        np.testing.assert_allclose(found[images.index(image)], unit(total), atol=2e-4)
        assert np.abs(unit(total) - unit(own[image])).max() > 1e-3


def test_bytes_repeat_and_the_batch_does_not_matter(files: dict):
    made = []
    for batch in (5, 5, 64):
        extract_views(**files, **(VIEWS | {"batch": batch}))
        made.append((files["views"].read_bytes(), read_features(files["views"])[1]))
    assert made[0][0] == made[1][0]
    np.testing.assert_allclose(made[0][1], made[2][1], atol=1e-4)


def test_the_generator_draws_with_the_settings_asked_for(files: dict):
    torch.manual_seed(0)
    network = Flow(height=32, width=16, channels=8, levels=2, blocks=1, heads=2, sampling_steps=1)
    for values in network.parameters():
        torch.nn.init.normal_(values, std=0.1)
    save_generator(files["generator"], "flow", network)
    inputs = {name: path for name, path in files.items() if name != "parts"}
    settings = VIEWS | {"conditions": ["source", "keypoints", "source_keypoints"]}
    made = []
    for drawing in ({}, {"sampling_steps": 1}, {"sampling_steps": 3}, {"guidance": 3.0}):
        extract_views(**inputs, **settings, drawing=drawing)
        made.append(read_features(files["views"])[1])
    np.testing.assert_array_equal(made[0], made[1])
    assert all(np.abs(made[0] - other).max() > 1e-3 for other in made[2:])


def test_standard_poses_are_in_the_middle_of_groups():
    rng = np.random.default_rng(0)
    middles = rng.uniform(0, 64, (3, 18, 2))
    joints = (middles[np.arange(30) % 3] + rng.normal(0, 0.5, (30, 18, 2))).astype(np.float32)
    joints[:3] = middles  # exact
    visible = np.ones((30, 18), bool)
    visible[3:, 0] = False  # the nose, which no pose need show
    visible[3, 2] = False  # a shoulder, which each must
    poses = Keypoints([f"{row}.jpg" for row in range(30)], joints, visible, np.tile(np.int32([128, 64]), (30, 1)))
    chosen = standard_poses(poses, 3, 0)
    assert sorted(int(name.removesuffix(".jpg")) % 3 for name in chosen) == [0, 1, 2] and "3.jpg" not in chosen
    assert standard_poses(poses, 3, 0) == chosen and len(standard_poses(poses, 29, 0)) > 15
    with pytest.raises(UserError, match=r"29 training images have both shoulders(.|\n)*extract_views\.poses"):
        standard_poses(poses, 30, 0)
