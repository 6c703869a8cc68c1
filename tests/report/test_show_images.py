"""Generated images beside what they were asked for."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from purereid.data.index import read_index
from purereid.data.keypoints import Keypoints, read_keypoints, write_keypoints
from purereid.data.samples import SCHEMA, read_samples
from purereid.data.shard_writer import encode, write_shard
from purereid.errors import UserError
from purereid.report.show_images import (
    STEPS,
    Originals,
    choose,
    image_blocks,
    read_shards,
    show_images,
    training_blocks,
)
from purereid.report.skeleton import draw_pose


def random_images(count: int) -> torch.Tensor:
    return torch.randint(256, (count, 3, 16, 8), generator=torch.Generator().manual_seed(count)).to(torch.uint8)


def gallery_pairs(index: Path) -> pd.DataFrame:
    """Every ordered pair of two gallery images of a person."""
    table = read_index(index)
    gallery = table[table["split"] == "gallery"]
    pairs = gallery.merge(gallery, on="pid", suffixes=("", "_pose"))
    pairs = pairs[pairs["image"] != pairs["image_pose"]]
    return pairs[["image", "image_pose", "pid"]].set_axis(["source", "pose", "pid"], axis=1).reset_index(drop=True)


class Made:
    """Files of a generator for the tiny data set of the fixture ``index``."""

    def __init__(self, index: Path, conditional: bool = True, shards: int = 2):
        self.folder, self.index = index.parent, index
        pairs = gallery_pairs(index).assign(seed=0, injected="", height=16, width=8)
        pairs["image"] = [f"generated/test/{number:07d}.png" for number in range(len(pairs))]
        if not conditional:
            pairs = pairs.assign(source="", pose="", pid=-1)
        self.pairs, self.images = pairs, random_images(len(pairs))
        self.shards = [self.folder / f"{number}-of-{shards}.parquet" for number in range(shards)]
        for path, rows in zip(self.shards, np.array_split(np.arange(len(pairs)), shards), strict=True):
            write_shard(path, pairs.iloc[rows], encode(self.images[rows], "png", 0))
        self.samples = self._write_samples(conditional)
        self.keypoints = self._write_keypoints() if conditional else None

    def _write_samples(self, conditional: bool, steps: int = 12, count: int = 5) -> Path:
        chosen = self.pairs.iloc[: count * 7 : 7].assign(target=self.pairs["pose"])
        files = encode(random_images(steps * count), "png", 0)
        table = pd.concat([chosen.assign(step=10 * (n + 1), number=range(count)) for n in range(steps)])
        arrow = pa.Table.from_pandas(table.assign(bytes=files)[SCHEMA.names], SCHEMA, preserve_index=False)
        pq.write_table(arrow, self.folder / "samples.parquet")
        return self.folder / "samples.parquet"

    def _write_keypoints(self) -> Path:
        images, rng = read_index(self.index)["image"].tolist(), np.random.default_rng(0)
        joints = rng.integers(0, (64, 32), (len(images), 18, 2)).astype(np.float32)
        seen = np.ones((len(images), 18), bool)
        write_keypoints(
            self.folder / "keypoints.parquet", Keypoints(images, joints, seen, np.tile([64, 32], (len(images), 1)))
        )
        return self.folder / "keypoints.parquet"

    def originals(self) -> Originals:
        return Originals(read_index(self.index).set_index("image", drop=False), self.keypoints, self.pairs["pose"])

    def draw(self, rows: int = 3, seed: int = 0, **changed) -> tuple[bytes, bytes]:
        files = {"index": self.index, "samples": self.samples, "generated": self.shards, "keypoints": self.keypoints}
        written = {name: self.folder / f"{name}.png" for name in ("sheet", "training")}
        show_images(**files | changed, **written, rows=rows, seed=seed)
        return tuple(path.read_bytes() for path in written.values())


@pytest.fixture
def made(index: Path) -> Made:
    return Made(index)


def read(path: str) -> np.ndarray:
    return np.asarray(Image.open(path))


@pytest.mark.parametrize("conditional", [True, False])
def test_the_seed_alone_decides(index, conditional):
    made = Made(index, conditional)
    first = made.draw(seed=1)
    assert made.draw(seed=1) == first
    assert all(one != other for one, other in zip(made.draw(seed=2), first, strict=True))


def test_a_row_shows_source_pose_generated_image_and_target(made):
    _, [block] = image_blocks(read_shards(made.shards), made.originals(), 6, np.random.default_rng(0))
    paths, poses = read_index(made.index).set_index("image")["path"], read_keypoints(made.keypoints)
    assert len(block.rows) == 6
    for row in block.rows:
        number = int(row.label[0])
        pair, joints = made.pairs.iloc[number], poses.images.index(made.pairs["pose"][number])
        source, pose, generated, target = row.tiles
        np.testing.assert_array_equal(source.image, read(paths[pair["source"]]))
        np.testing.assert_array_equal(target.image, read(paths[pair["pose"]]))
        np.testing.assert_array_equal(generated.image, made.images[number].permute(1, 2, 0).numpy())
        np.testing.assert_array_equal(
            pose.image, draw_pose(poses.joints[joints], poses.visible[joints], poses.sizes[joints])
        )
        assert [tile.lines[0] for tile in row.tiles] == ["source", "pose", "generated", "target"]
        assert source.lines[1].startswith(f"pid {pair['pid']}, camid") and row.gaps == (2, 3)


@pytest.mark.parametrize("rows", [1, 4, 6, 500])
def test_as_many_persons_as_possible_are_shown(made, rows):
    table = read_index(made.index).set_index("image", drop=False)
    chosen = choose(read_shards(made.shards), table, rows, np.random.default_rng(0))
    counts = chosen["source"].map(table["pid"]).value_counts()
    assert len(chosen) == min(rows, len(made.pairs)) and len(counts) == min(rows, 4)
    assert counts.max() - counts.min() <= 1 and chosen["image"].is_unique


def test_steps_of_the_training_are_evenly_chosen(made):
    _, [block] = training_blocks(read_samples(made.samples), made.originals(), 3, np.random.default_rng(0))
    assert len(block.rows) == 3
    drawn = read_samples(made.samples).set_index(["number", "step"])
    for row in block.rows:
        steps = [int(tile.lines[0].removeprefix("step ")) for tile in row.tiles[2:-1]]
        assert len(steps) == STEPS and steps[0] == 10 and steps[-1] == 120
        assert set(np.diff(steps)) <= {10, 20} and row.gaps == (2, 2 + STEPS)
        number = int(row.label[0].removeprefix("sample "))
        assert len({drawn.loc[(number, 10), name] for name in ("pose", "target")}) == 1
        for tile, step in zip(row.tiles[2:-1], steps, strict=True):
            np.testing.assert_array_equal(tile.image, drawn.loc[(number, step), "pixels"])


def test_few_steps_are_all_shown(made):
    drawn = read_samples(made.samples)
    _, [block] = training_blocks(drawn[drawn["step"] <= 20], made.originals(), 2, np.random.default_rng(0))
    assert [tile.lines[0] for tile in block.rows[0].tiles[2:-1]] == ["step 10", "step 20"]


def test_people_from_noise_have_their_nearest_real_images_instead(index):
    made = Made(index, conditional=False)
    remark, blocks = image_blocks(read_shards(made.shards), made.originals(), 4, np.random.default_rng(0))
    assert "root mean square" in remark
    assert [[row.label[0] for row in block.rows] for block in blocks] == [["generated", "nearest"]] * 2
    _, [block] = training_blocks(read_samples(made.samples), made.originals(), 2, np.random.default_rng(0))
    assert all(len(row.tiles) == STEPS and row.gaps == () for row in block.rows)


@pytest.mark.parametrize("conditional", [True, False])
def test_without_shards_the_samples_of_the_last_step_are_shown(index, conditional):
    made = Made(index, conditional)
    sheet = made.draw(rows=10, generated=[])[0]
    assert sheet != made.draw(rows=10)[0]
    pq.write_table(pq.read_table(made.samples, filters=[("step", "=", 120)]), made.samples)
    assert made.draw(rows=10, generated=[])[0] == sheet


def test_without_key_points_no_pose_is_drawn(made):
    made.keypoints = None
    _, [block] = image_blocks(read_shards(made.shards), made.originals(), 1, np.random.default_rng(0))
    assert [tile.lines[0] for tile in block.rows[0].tiles] == ["source", "generated", "target"]
    assert block.rows[0].gaps == (1, 2)


def test_images_of_another_data_set_are_refused(made):
    write_shard(made.shards[0], made.pairs.head(1).assign(source="other.jpg"), encode(made.images[:1], "png", 0))
    with pytest.raises(UserError, match=r"'other.jpg' is not in the index"):
        made.draw(generated=made.shards[:1])


def test_poses_without_key_points_are_refused(made):
    poses = read_keypoints(made.keypoints)
    write_keypoints(made.keypoints, Keypoints(poses.images[:-1], *(values[:-1] for values in poses[1:])))
    with pytest.raises(UserError, match=r"1 of \d+ images have no key points"):
        made.draw()


def test_shards_without_images_are_refused(made):
    write_shard(made.shards[0], made.pairs.head(0), [])
    with pytest.raises(UserError, match=r"no generated images(.|\n)*0-of-2\.parquet"):
        made.draw(generated=made.shards[:1])


def test_a_damaged_image_is_named(made):
    files = encode(made.images[:1], "png", 0)
    write_shard(made.shards[0], made.pairs.head(1), [files[0][:30]])
    with pytest.raises(UserError, match=r"0-of-2\.parquet/generated/test/0000000\.png"):
        made.draw(generated=made.shards[:1])
