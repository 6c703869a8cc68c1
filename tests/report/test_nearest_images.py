"""The real image that a generated one is nearest to."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from purereid.data.index import read_index, write_index
from purereid.errors import UserError
from purereid.report import nearest_images as module
from purereid.report.nearest_images import COLUMNS, nearest_blocks, nearest_images


def write_images(folder: Path, images: np.ndarray) -> list[str]:
    """Write uint8 [N, H, W, 3] as PNG files."""
    for number, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{number:03d}.png")
    return [str(folder / f"{number:03d}.png") for number in range(len(images))]


def some(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 12, 6, 3), dtype=np.uint8)


def tensor(images: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(images).permute(0, 3, 1, 2)


@pytest.mark.parametrize("block", [1, 4, 100])
def test_it_is_what_a_search_pair_by_pair_finds(tmp_path, monkeypatch, block):
    monkeypatch.setattr(module, "BLOCK", block)
    real, wanted = some(11), some(5, seed=1)
    found, distances = nearest_images(tensor(wanted), write_images(tmp_path, real))
    for image, number, distance in zip(wanted, found, distances, strict=True):
        all_of_them = [np.sqrt(np.mean((image.astype(float) - other.astype(float)) ** 2)) for other in real]
        assert number == int(np.argmin(all_of_them))
        assert distance == pytest.approx(min(all_of_them), rel=1e-12)


@pytest.mark.parametrize("block", [2, 100])
def test_an_image_learnt_by_heart_has_distance_0(tmp_path, monkeypatch, block):
    monkeypatch.setattr(module, "BLOCK", block)
    real = some(7)
    real[5] = real[3]  # of equal ones the first is named
    found, distances = nearest_images(tensor(real[[5, 0]]), write_images(tmp_path, real))
    assert found.tolist() == [3, 0] and distances.tolist() == [0, 0]


def test_real_images_are_brought_to_the_size_of_the_generated_ones(tmp_path):
    flat = np.full((1, 40, 20, 3), 100, np.uint8)
    _, distances = nearest_images(torch.full((1, 3, 16, 8), 90, dtype=torch.uint8), write_images(tmp_path, flat))
    assert distances.tolist() == [10]


def test_rows_show_each_image_above_its_nearest(index):
    table = read_index(index)
    made = list(np.random.default_rng(2).integers(0, 256, (11, 32, 16, 3), dtype=np.uint8))
    names = [f"{number:07d}" for number in range(11)]
    remark, blocks = nearest_blocks(names, made, table, np.random.default_rng(0))
    above, below = ([tile for block in blocks for tile in block.rows[row].tiles] for row in (0, 1))
    assert [len(block.rows[0].tiles) for block in blocks] == [COLUMNS, 3]
    assert [tile.lines for tile in above] == [(name,) for name in names]
    paths = table.loc[table["split"] == "train", "path"].tolist()
    expected, distances = nearest_images(tensor(np.stack(made)), paths)
    for tile, number, distance in zip(below, expected, distances, strict=True):
        np.testing.assert_array_equal(tile.image, np.asarray(Image.open(paths[number])))
        name = tile.lines[2].lstrip("…")
        assert tile.lines[0] == f"distance {distance:.1f}"
        assert len(name) > 8 and Path(paths[number]).stem.endswith(name)
    assert f"median {np.median(distances):.1f}, of 11 real test images" in remark


def test_without_test_images_there_is_nothing_to_compare_the_distances_with(index):
    table = read_index(index)
    remark, _ = nearest_blocks(["a"], [some(1)[0]], table[table["split"] == "train"], np.random.default_rng(0))
    assert remark.startswith("distance") and "test images" not in remark


def test_without_training_images_there_is_nothing_to_look_in(index):
    write_index(read_index(index).assign(split="gallery"), index)
    with pytest.raises(UserError, match=r"no real image to compare with(.|\n)*train or val"):
        nearest_blocks(["a"], [some(1)[0]], read_index(index), np.random.default_rng(0))
