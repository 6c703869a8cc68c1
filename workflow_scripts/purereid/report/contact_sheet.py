"""A contact sheet of a data set: a few people, each seen by its cameras."""

from pathlib import Path

import numpy as np
import pandas as pd

from purereid.data.images import read_image
from purereid.data.index import read_index
from purereid.errors import UserError
from purereid.report.pictures import Block, Row, Tile, camera, draw_sheet, file_name, save_picture

SIDES = {"training": ["train", "val"], "query and gallery": ["query", "gallery"]}


def contact_sheet(*, index: Path, sheet: Path, identities: int, columns: int, seed: int) -> None:
    """Draw people of a data set, one row each, and a strip of distractors and of junk where there are any.

    Args:
        index: index.parquet.
        sheet: PNG to write.
        identities: number of people; half of them from the training images where there are as many.
        columns: largest number of images in a row; they are spread over the cameras.
        seed: of the choice of people and images.

    Raises:
        UserError: the index holds no image of training, query or gallery; an image cannot be read.
    """
    table = read_index(index)
    rng = np.random.default_rng(seed)
    people, others = split_people(table)
    blocks = people_blocks(people, identities, columns, rng) + other_blocks(others, columns, rng)
    if not blocks:
        raise UserError("no image to show", where=index, expected="rows of split train, val, query or gallery")
    counted = people.groupby(people["side"])["pid"].nunique().sum()
    title = f"{', '.join(sorted(table['dataset'].unique()))}: {len(table)} images, {counted} people"
    save_picture(draw_sheet(title, f"chosen at random (seed {seed}); camid counts from 0", blocks), sheet)


def split_people(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split off distractors (gallery people whom no query shows) and junk (pid -1); name the side of each row."""
    side = table["split"].map({split: name for name, splits in SIDES.items() for split in splits})
    table = table.assign(side=side).dropna(subset="side")
    asked = table.loc[table["split"] == "query", "pid"]
    distractor = (table["split"] == "gallery") & (table["pid"] >= 0) & ~table["pid"].isin(asked)
    junk = table["pid"] == -1
    others = table.assign(what=np.where(junk, "junk", "distractors"))[distractor | junk]
    return table[~(distractor | junk)], others


def people_blocks(people: pd.DataFrame, count: int, columns: int, rng: np.random.Generator) -> list[Block]:
    """One block per side, one row per person."""
    pids = {side: np.unique(people.loc[people["side"] == side, "pid"]) for side in SIDES}
    first, second = (len(pids[side]) for side in SIDES)
    half = max(min(first, (count + 1) // 2), min(first, count - second))
    blocks = []
    for side, wanted in zip(SIDES, (half, count - half), strict=True):
        chosen = np.sort(rng.permutation(pids[side])[:wanted])
        rows = [person_row(people[(people["side"] == side) & (people["pid"] == pid)], columns, rng) for pid in chosen]
        if rows:
            blocks.append(Block(f"{side}: {len(rows)} of {len(pids[side])} people", rows))
    return blocks


def person_row(images: pd.DataFrame, columns: int, rng: np.random.Generator) -> Row:
    """Images of one person in order of cameras."""
    shown = spread_over_cameras(images, columns, rng)
    label = (
        f"pid {images['pid'].iloc[0]}",
        count_of(images, "image"),
        count_of(images.drop_duplicates("camid"), "camera"),
    )
    return Row(label, [tile(image) for image in shown.itertuples()])


def spread_over_cameras(images: pd.DataFrame, columns: int, rng: np.random.Generator) -> pd.DataFrame:
    """Choose at most ``columns`` rows: one of each camera, then a second of each, and so on."""
    shuffled = images.iloc[rng.permutation(len(images))]
    turn = shuffled.groupby("camid").cumcount()
    chosen = shuffled.assign(turn=turn).sort_values(["turn", "camid"], kind="stable").head(columns)
    return chosen.sort_values(["camid", "image"])


def other_blocks(others: pd.DataFrame, columns: int, rng: np.random.Generator) -> list[Block]:
    """A strip of distractors and one of junk."""
    blocks = []
    for what in ("distractors", "junk"):
        images = others[others["what"] == what]
        if len(images):
            shown = spread_over_cameras(images, columns, rng)
            pids = images["pid"].unique()
            whose = f"pid {pids[0]}" if len(pids) == 1 else f"{len(pids)} pids"
            row = Row((whose, count_of(images, "image")), [tile(i) for i in shown.itertuples()])
            blocks.append(Block(f"{what}: {len(shown)} of {count_of(images, 'image')}", [row]))
    return blocks


def tile(image) -> Tile:
    """One image with its camera below it."""
    return Tile(read_image(image.path), (f"pid {image.pid}, {camera(image.camid)}", file_name(image.image)))


def count_of(rows: pd.DataFrame, what: str) -> str:
    """ "1 image", "2 images"."""
    return f"{len(rows)} {what}{'' if len(rows) == 1 else 's'}"
