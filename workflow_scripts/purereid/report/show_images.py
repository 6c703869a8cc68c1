"""Generated images beside what they were asked for (rule ``show_images``): at the end, and as the training went on."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from purereid.data.images import read_image
from purereid.data.index import read_index
from purereid.data.keypoints import read_keypoints
from purereid.data.samples import read_samples
from purereid.data.shards import read_shard
from purereid.errors import UserError
from purereid.report.nearest_images import COLUMNS, nearest_blocks
from purereid.report.pictures import Block, Row, Tile, camera, draw_sheet, file_name, save_picture
from purereid.report.skeleton import draw_pose

STEPS = 8  # of the training, that are shown


def show_images(
    *,
    index: Path,
    samples: Path,
    sheet: Path,
    training: Path,
    rows: int,
    seed: int,
    generated: Sequence[Path] = (),
    keypoints: Path | None = None,
    name: str = "",
) -> None:
    """Draw generated images with their sources, poses and targets, of as many different persons as possible.

    Images that were made from noise have none of these: below them stand the nearest real training images.

    Args:
        index: the data set.
        samples: samples.parquet of the generator, see ``samples.read_samples``.
        sheet: PNG to write: source, pose, generated image and target of one pair per row.
        training: PNG to write: one condition of the samples per row, drawn at several steps of the training.
        rows: rows of each sheet; fewer where there are not as many images.
        seed: of the choice.
        generated: shards of images, of which some are shown; without any, samples of the last step are shown.
        keypoints: of the data set; without them no poses are drawn.
        name: of the generator, for the titles.

    Raises:
        UserError: a file that cannot be read, shards without images, an image that is not in the index, a pose without
            a row in the key points, no real training image to compare with.
    """
    table = read_index(index).set_index("image", drop=False)
    drawn = read_samples(samples)
    made = read_shards(generated) if generated else last_step(drawn)
    originals = Originals(table, keypoints, [*made["pose"], *drawn["pose"]])
    rng = np.random.default_rng(seed)
    title = ", ".join(sorted(table["dataset"].unique())) + (f", {name}" if name else "")
    remark, blocks = image_blocks(made, originals, rows, rng)
    save_picture(draw_sheet(f"{title}: generated images (chosen with seed {seed})", remark, blocks), sheet)
    remark, blocks = training_blocks(drawn, originals, rows, rng)
    save_picture(draw_sheet(f"{title}: samples of the training (chosen with seed {seed})", remark, blocks), training)


class Originals:
    """Images and poses of the index, as tiles.

    Args:
        table: the index, by image.
        keypoints: of the data set, or None.
        poses: images whose poses may be asked for, and "".
    """

    def __init__(self, table: pd.DataFrame, keypoints: Path | None, poses: Iterable[str]):
        self.table, self.poses = table, {}
        if keypoints is not None:
            found = read_keypoints(keypoints, sorted(set(poses) - {""}))
            self.poses = {image: pose for image, *pose in zip(*found, strict=True)}

    def image(self, name: str, what: str) -> list[Tile]:
        """The image, with what it is, or nothing where the name is empty."""
        if not name:
            return []
        if name not in self.table.index:
            raise UserError(
                f"image {name!r} is not in the index",
                where="generated images or samples",
                expected="images that were made from this index",
                do="generate them again: delete them and run the workflow",
            )
        row = self.table.loc[name]
        return [Tile(read_image(row["path"]), (what, f"pid {row['pid']}, {camera(row['camid'])}", file_name(name)))]

    def pose(self, name: str) -> list[Tile]:
        """The pose of an image, or nothing where it is unknown."""
        return [Tile(draw_pose(*self.poses[name]), ("pose",))] if name in self.poses else []


def read_shards(shards: Sequence[Path]) -> pd.DataFrame:
    """Names, conditions and paths of generated images; the target is the image that shows the pose."""
    tables = [read_shard(shard, ["image", "source", "pose"]) for shard in shards]
    paths = [f"{shard}/" + table["image"] for shard, table in zip(shards, tables, strict=True)]
    made = pd.concat(tables, ignore_index=True).assign(path=pd.concat(paths, ignore_index=True))
    if made.empty:
        raise UserError("no generated images", where=shards[0], expected="at least one image")
    return made.assign(target=made["pose"], name=made["image"].map(lambda image: Path(image).stem))


def last_step(drawn: pd.DataFrame) -> pd.DataFrame:
    """Samples of the last step, as generated images."""
    made = drawn[drawn["step"] == drawn["step"].max()]
    return made.assign(name=made["number"].map("sample {}".format))


def image_blocks(
    made: pd.DataFrame, originals: Originals, rows: int, rng: np.random.Generator
) -> tuple[str, list[Block]]:
    """A remark, and generated images with what they were asked for or, made from noise, what they resemble."""
    if not made[["source", "pose"]].ne("").any(axis=None):
        chosen = choose(made, originals.table, COLUMNS * max(1, rows // 2), rng)
        remark, blocks = nearest_blocks(chosen["name"].tolist(), pixels(chosen), originals.table, rng)
        return f"{len(chosen)} of {len(made)} images; {remark}", blocks
    chosen = choose(made, originals.table, rows, rng)
    shown = [
        condition_row(row.name, row, [Tile(image, ("generated",))], originals)
        for row, image in zip(chosen.itertuples(index=False), pixels(chosen), strict=True)
    ]
    return "target: the real image whose pose was asked for", [Block(f"{len(chosen)} of {len(made)} images", shown)]


def training_blocks(
    drawn: pd.DataFrame, originals: Originals, rows: int, rng: np.random.Generator
) -> tuple[str, list[Block]]:
    """A remark, and samples at the same steps, the first and the last among them."""
    steps = np.unique(drawn["step"])
    steps = steps[np.linspace(0, len(steps) - 1, min(STEPS, len(steps))).round().astype(int)]
    images = drawn.set_index(["number", "step"])["pixels"]
    conditions = drawn[drawn["step"] == steps[0]]
    chosen = choose(conditions, originals.table, rows, rng)
    shown = []
    for row in chosen.itertuples(index=False):
        tiles = [Tile(images[row.number, step], (f"step {step}",)) for step in steps]
        shown.append(condition_row(f"sample {row.number}", row, tiles, originals))
    return "step: number of batches learnt from", [Block(f"{len(chosen)} of {len(conditions)} samples", shown)]


def condition_row(label: str, row: tuple, drawn: list[Tile], originals: Originals) -> Row:
    """What was asked for, what was drawn, and what is right."""
    before = originals.image(row.source, "source") + originals.pose(row.pose)
    after = originals.image(row.target, "target")
    tiles = before + drawn + after
    ends = len(before), len(before) + len(drawn)
    return Row((label,), tiles, gaps=tuple(place for place in ends if 0 < place < len(tiles)))


def choose(conditions: pd.DataFrame, table: pd.DataFrame, count: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw rows at random: one of each person, then a second of each, and so on."""
    shuffled = conditions.iloc[rng.permutation(len(conditions))]
    turn = shuffled.groupby(shuffled["source"].map(table["pid"]).fillna(-1)).cumcount()
    return shuffled.iloc[np.argsort(turn, kind="stable")[:count]].sort_index()


def pixels(made: pd.DataFrame) -> list[np.ndarray]:
    """Images uint8 [H, W, 3], from samples or shards."""
    return made["pixels"].tolist() if "pixels" in made else [read_image(path) for path in made["path"]]
