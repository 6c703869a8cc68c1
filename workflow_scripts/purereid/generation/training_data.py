"""What generators are trained on: images in memory, pairs, poses."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from purereid.data.images import load_images
from purereid.data.index import read_index
from purereid.data.pairs import read_pairs
from purereid.data.same_person import SamePerson
from purereid.errors import UserError
from purereid.generation.conditions import Conditions, Guides
from purereid.training.samples import Samples


class TrainingData:
    """Training images of a data set, with whatever a system's ``inputs`` name.

    Args:
        index: the data set.
        splits: which of its images, without junk; pairs, where there are some, choose instead.
        size: height and width to which images are stretched.
        threads: files decoded at once.
        pairs: file of pairs; with it, only images of pairs are loaded.
        resizing: how images are stretched, see ``data.images.resize``.
        guides: files that say poses, by condition, see ``generation.conditions``.

    Attributes:
        names: N images.
        images: uint8 [N, 3, H, W].
        pids: int64 [N].
        pairs: int64 [M, 2], rows of source and target; None without a file.

    Raises:
        UserError: no images, pairs of images that the index does not hold, files that cannot be read.
    """

    def __init__(
        self,
        index: str | Path,
        *,
        size: tuple[int, int],
        threads: int,
        splits: Sequence[str] = ("train",),
        pairs: str | Path | None = None,
        resizing: str = "opencv",
        **guides: str | Path,
    ):
        self.table, self.size, self.threads, self.files = read_index(index), size, threads, guides
        table = self.table
        rows = table[table["split"].isin(splits) & (table["pid"] >= 0)]
        table_of_pairs = None if pairs is None else read_pairs(pairs)
        if table_of_pairs is not None:
            rows = _of_pairs(table, table_of_pairs, pairs)
        if rows.empty:
            where, do = index, "train on a data set with training images, or set splits of the generator"
            raise UserError("no training images for the generator", where=where, do=do)
        self.names = rows["image"].tolist()
        self.pids = rows["pid"].to_numpy(np.int64)
        self.images = load_images(rows["path"].tolist(), *size, threads, resizing)
        self.guides = Guides(guides, size)
        number = {image: row for row, image in enumerate(self.names)}
        self.pairs = None
        if table_of_pairs is not None:
            sides = [table_of_pairs[side].map(number).to_numpy(np.int64) for side in ("source", "target")]
            self.pairs = np.stack(sides, axis=1)

    def draw_pairs(self, count: int, draws: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Rows int64 [count] of the sources and of the targets of random pairs."""
        rows = torch.randint(len(self.pairs), (count,), generator=draws)
        source, target = torch.from_numpy(self.pairs)[rows].unbind(1)
        return source, target

    def samples(self, conditions: Sequence[str], settings: dict, steps: int) -> Samples:
        """What is drawn again and again while a generator learns.

        Of a generator that takes a source: pairs where there are some, or else pairs of images of one person. One that
        sees poses in images is also asked for each second source as another person stands, whom no image shows.

        Args:
            conditions: of the system.
            settings: samples, how many; samples_over_time; seed, of their choice.
            steps: of the whole training.
        """
        count, rng = settings["samples"], np.random.default_rng([settings["seed"], 1])
        table = pd.DataFrame({"seed": rng.integers(2**62, size=count)}).assign(source="", pose="", target="")
        if "source" in conditions:
            names = np.array(self.names, object)[self._some(count, rng)]
            table = table.assign(source=names[:, 0], pose=names[:, 1], target=names[:, 1])
            if "pose_image" in conditions:
                others = np.array(self.names, object)[rng.integers(len(self.names), size=len(table))]
                foreign = table.index % 2 == 1
                table["pose"] = np.where(foreign, others, table["pose"])
                table["target"] = np.where(foreign, "", table["target"])
        found = Conditions(conditions, self.table, self.files, self.size, self.threads).of(table)
        return Samples(table, found, steps, settings["samples_over_time"])

    def _some(self, count: int, rng: np.random.Generator) -> np.ndarray:
        if self.pairs is not None:
            return self.pairs[rng.integers(len(self.pairs), size=count)]
        source, person = rng.integers(len(self.names), size=count), SamePerson(self.pids)
        return np.stack([source, [person.another(row, rng) for row in source]], axis=1)


def _of_pairs(table: pd.DataFrame, pairs: pd.DataFrame, path: str | Path) -> pd.DataFrame:
    named = pd.unique(pd.concat([pairs["source"], pairs["target"]]))
    rows = table[table["image"].isin(named)]
    strangers = sorted(set(named) - set(rows["image"]))
    if strangers:
        raise UserError(
            f"{len(strangers)} images of the pairs are not in the index, such as {strangers[0]}",
            where=path,
            expected="pairs of the images of this data set",
            do="delete the file of pairs, so that it is made again",
        )
    return rows
