"""Ranked lists as pictures: queries and the gallery images that the model holds for nearest."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from purereid.data.images import read_image
from purereid.data.index import read_index
from purereid.errors import UserError
from purereid.report.pictures import Block, Row, Tile, camera, draw_sheet, file_name, save_picture
from purereid.report.runs import read_ranks
from purereid.report.style import BLUE, GREEN, RED

REMARK = "blue: query;  green ✓: same person;  red ✗: another one;  nearest first, with the distance below"


def rank_lists(*, index: Path, ranks: Path, sheet: Path, lists: int, experiment: str, seed: int) -> None:
    """Draw the ranked lists of the best, the median and the worst queries by average precision.

    Queries without a right image in the gallery have no average precision and are left out; of one person at most
    one query is shown under each heading. Equal queries are taken in order of their image names.

    Args:
        index: index.parquet.
        ranks: ranks.parquet of one experiment.
        sheet: PNG to write.
        lists: number of queries under each heading; fewer where there are not as many.
        experiment, seed: whose ranks these are, for the title.

    Raises:
        UserError: no query has a right gallery image; an image of the ranks is not in the index or cannot be read.
    """
    shown = read_lists(index, ranks, lists)
    blocks = [
        Block(heading, [query_row(query, shown.images, ranks) for query in queries.itertuples()])
        for heading, queries in shown.chosen
    ]
    save_picture(draw_sheet(f"{experiment}, seed {seed}: {shown.title}", REMARK, blocks), sheet)


class Lists(NamedTuple):
    """Ranked lists that are shown.

    Attributes:
        images: the index, by image.
        chosen: headings, and the rows of the ranks below each.
        title: how many queries there are, and how well they do on average.
    """

    images: pd.DataFrame
    chosen: list[tuple[str, pd.DataFrame]]
    title: str


def read_lists(index: Path, ranks: Path, lists: int) -> Lists:
    """Read ranked lists and choose among them; arguments and errors as for ``rank_lists``."""
    images = read_index(index).set_index("image")
    table = read_ranks(ranks)
    scored = table.dropna(subset="AP").sort_values(["AP", "image"], ascending=[False, True]).reset_index(drop=True)
    if scored.empty:
        raise UserError("no query with a right gallery image", where=ranks, expected="at least one AP that is no NaN")
    return Lists(images, choose(scored, lists), title(images, scored, len(table)))


def choose(scored: pd.DataFrame, lists: int) -> list[tuple[str, pd.DataFrame]]:
    """Pick best, median and worst queries, none twice; ``scored`` runs from best to worst."""
    lists = min(lists, max(1, len(scored) // 3))
    from_middle = (scored.index.to_series() - (len(scored) - 1) / 2).abs()
    orders = {
        "best": scored,
        "worst": scored.sort_values(["AP", "image"]),
        "median": scored.loc[from_middle.sort_values(kind="stable").index],
    }
    left, chosen = scored, {}
    for heading, order in orders.items():
        picked = order[order["image"].isin(left["image"])].drop_duplicates("pid").head(lists)
        left = left.drop(picked.index)
        chosen[heading] = picked.sort_index()
    return [(f"{name} queries", chosen[name]) for name in ("best", "median", "worst") if len(chosen[name])]


def query_row(query, images: pd.DataFrame, ranks: Path) -> Row:
    """The query, a gap, and its nearest gallery images."""
    pixels = image_of(query.image, images, ranks)
    first = Tile(pixels, ("query", *of_image(images.loc[query.image])), BLUE)
    nearest = [
        gallery_tile(image, distance, right, images, ranks)
        for image, distance, right in zip(query.top_images, query.top_distances, query.top_right, strict=True)
    ]
    label = (f"AP {query.AP:.3f}", f"first right: rank {query.first}", f"right images: {query.good}")
    return Row(label, [first, *nearest], gaps=(1,))


def gallery_tile(image: str, distance: float, right: bool, images: pd.DataFrame, ranks: Path) -> Tile:
    """One gallery image, framed and signed as right or wrong."""
    pixels = image_of(image, images, ranks)
    row = images.loc[image]
    return Tile(pixels, (f"{distance:.3f}", *of_image(row)), GREEN if right else RED, "✓" if right else "✗")


def of_image(row: pd.Series) -> tuple[str, str]:
    """Person and camera of an image, and its file."""
    return f"pid {row['pid']}, {camera(row['camid'])}", file_name(row.name)


def image_of(image: str, images: pd.DataFrame, ranks: Path):
    """Read one image by its name in the index."""
    return read_image(path_of(image, images, ranks))


def path_of(image: str, images: pd.DataFrame, ranks: Path) -> str:
    """The file of an image by its name in the index."""
    if image not in images.index:
        raise UserError(
            f"image {image!r} is not in the index",
            where=ranks,
            expected="ranks that were made from this index",
            do="run the rule evaluate again",
        )
    return images.loc[image, "path"]


def title(images: pd.DataFrame, scored: pd.DataFrame, queries: int) -> str:
    """Say how many queries there are and how well they do on average."""
    dataset = ", ".join(sorted(images["dataset"].unique()))
    unmatched = queries - len(scored)
    left_out = f", {unmatched} without a right image left out" if unmatched else ""
    return f"{queries} queries of {dataset}{left_out}, mAP {100 * scored['AP'].mean():.1f} %"
