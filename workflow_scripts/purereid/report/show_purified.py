"""What a purifier kept and what it dropped (rule ``show_purified``): images of some identities, and their graph."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from purereid.data.graph_file import read_graph
from purereid.data.images import read_image
from purereid.data.index import read_index
from purereid.data.purified_file import read_purified
from purereid.data.shards import read_shard
from purereid.errors import UserError
from purereid.report.contact_sheet import spread_over_cameras
from purereid.report.pictures import (
    PITCH,
    SMALL,
    Block,
    Row,
    Tile,
    camera,
    draw_sheet,
    file_name,
    letters,
    save_picture,
)
from purereid.report.plot_graph import plot_graph
from purereid.report.style import GREEN, RED

REASON_LINES = 9  # below an image; longer reasons are cut
LINE_WIDTH = PITCH - 12  # pixels, so that the texts of two images stay apart


def show_purified(
    *,
    index: Path,
    kept: Path,
    graph: Path,
    sheet: Path,
    picture: Path,
    identities: int,
    images: int,
    seed: int,
    name: str = "",
    shards: Sequence[Path] = (),
) -> None:
    """Draw kept and dropped images of some identities, and where these images lie in the affinity graph.

    The identities are drawn at random, those with both kept and dropped images first; both pictures show the same.

    Args:
        index: real and generated images.
        kept: kept.parquet of the purifier.
        graph: graph.parquet of the generated images.
        sheet: PNG to write: for each identity a row of real images, one of kept images from the best score on, and one
            of dropped images from the lowest on.
        picture: PNG or SVG to write, see ``plot_graph``.
        identities: number of identities; fewer where there are not as many.
        images: largest number of images in a row.
        seed: of the choice of identities and images, and of the layout.
        name: of the generator and the purifier, for the titles.
        shards: of the generated images, which tell how some were spoiled on purpose; without them it is not said.

    Raises:
        UserError: a file that cannot be read, a generated image that is not in index, graph or shards.
    """
    table, decided = read_index(index), read_purified(kept)
    rng = np.random.default_rng(seed)
    pids = choose(decided, identities, rng)
    shown = decided[decided["pid"].isin(pids)]
    shown = shown.assign(
        path=look_up(shown["image"], dict(zip(table["image"], table["path"], strict=True)), index),
        injected=look_up(shown["image"], read_injected(shards), ", ".join(map(str, shards))) if shards else "",
    )
    title = ", ".join(sorted(table["dataset"].unique())) + (f", {name}" if name else "")
    real = table[table["kind"] != "generated"]
    blocks = [identity_block(pid, real[real["pid"] == pid], shown[shown["pid"] == pid], images, rng) for pid in pids]
    heading = f"{title}: kept and dropped images (identities chosen with seed {seed})"
    save_picture(draw_sheet(heading, remark(decided, len(pids)), blocks), sheet)
    names, neighbours = read_graph(graph)
    shown = shown.assign(row=look_up(shown["image"], {image: row for row, image in enumerate(names)}, graph))
    counted = f"{title}: {len(decided)} images of {decided['pid'].nunique()} identities"
    plot_graph(shown, neighbours, picture, counted, seed)


def choose(decided: pd.DataFrame, count: int, rng: np.random.Generator) -> list[int]:
    """Draw identities, those with both kept and dropped images first; in ascending order."""
    kept = decided.groupby("pid")["kept"].agg(["any", "all"])
    one_sided = (~kept["any"] | kept["all"]).to_numpy()
    order = rng.permutation(len(kept))
    chosen = order[np.argsort(one_sided[order], kind="stable")][:count]
    return sorted(kept.index[chosen].tolist())


def read_injected(shards: Sequence[Path]) -> dict[str, str]:
    """How each image of some shards was spoiled on purpose, "" if not."""
    tables = [read_shard(shard, ["image", "injected"]) for shard in shards]
    return {image: injected for table in tables for image, injected in table.itertuples(index=False)}


def look_up(images: pd.Series, values: dict, where: object) -> pd.Series:
    """The value of each image; all must have one."""
    missing = images[~images.isin(values)]
    if len(missing):
        raise UserError(
            f"{len(missing)} of {len(images)} purified images are missing, such as {missing.iloc[0]}",
            where=where,
            expected="the images that were purified",
            do="delete the files of the purifier, so that the workflow makes them again",
        )
    return images.map(values)


def remark(decided: pd.DataFrame, shown: int) -> str:
    """Say how much is shown, and how much was kept."""
    number, kept = len(decided), int(decided["kept"].sum())
    special = {number: f"all {number} images are kept", 0: f"none of {number} images is kept"}
    return (
        f"{shown} of {decided['pid'].nunique()} identities, first those with kept and dropped images;  "
        f"{special.get(kept, f'{kept} of {number} images are kept')};  a higher score means more trust"
    )


def identity_block(pid: int, real: pd.DataFrame, shown: pd.DataFrame, images: int, rng: np.random.Generator) -> Block:
    """Rows of real, kept and dropped images of one identity, those that are not empty."""
    kept = shown[shown["kept"]].sort_values("score", ascending=False, kind="stable")
    dropped = shown[~shown["kept"]].sort_values("score", kind="stable")
    some = spread_over_cameras(real, images, rng)
    rows = [
        Row(("real", f"{len(some)} of {len(real)}"), [real_tile(image) for image in some.itertuples()]),
        generated_row("kept", "best first", kept, images),
        generated_row("dropped", "worst first", dropped, images),
    ]
    return Block(f"pid {pid}: {len(kept)} of {len(shown)} images kept", [row for row in rows if row.tiles])


def generated_row(what: str, order: str, table: pd.DataFrame, images: int) -> Row:
    """The first images of a table, with a label that counts them."""
    tiles = [generated_tile(image) for image in table.head(images).itertuples()]
    return Row((what, f"{len(tiles)} of {len(table)}", order), tiles)


def real_tile(image: tuple) -> Tile:
    """One real image with its camera."""
    return Tile(read_image(image.path), (camera(image.camid), file_name(image.image)))


def generated_tile(image: tuple) -> Tile:
    """One generated image with its score, how it was spoiled, and why it was kept or dropped."""
    spoiled = wrap(f"spoiled: {image.injected.replace('_', ' ')}", REASON_LINES) if image.injected else []
    lines = (f"score {image.score:.3f}", *spoiled, *wrap(image.reason, REASON_LINES))
    return Tile(read_image(image.path), lines, GREEN if image.kept else RED, "✓" if image.kept else "✗")


def wrap(text: str, most: int) -> list[str]:
    """Break a text into lines that fit below an image; what does not fit into so many is cut."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if fits(longer) or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) > most:
        lines = [*lines[: most - 1], f"{lines[most - 1]}…"]
    return [shorten(line) for line in lines]


def shorten(line: str) -> str:
    """Cut a line that is too wide."""
    ends = range(len(line), 0, -1)
    return line if fits(line) else next(cut for cut in (f"{line[:end]}…" for end in ends) if fits(cut))


def fits(line: str) -> bool:
    """Whether a line is no wider than the place of an image."""
    return letters(SMALL).getlength(line) <= LINE_WIDTH
