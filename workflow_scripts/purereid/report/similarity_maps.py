"""Ranked lists with the places of the images that their cosines come from."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import ImageColor

from purereid.data.images import load_images
from purereid.networks.contracts import Encoder
from purereid.networks.network_file import load_network
from purereid.reid.pair_maps import pair_maps
from purereid.report.pictures import Block, Row, Tile, draw_sheet, save_picture
from purereid.report.rank_lists import Lists, path_of, query_row, read_lists
from purereid.report.style import BLUE, VERMILION

REMARK = (
    "below each list, what the places of an image add to its cosine with the query (without flip test):  orange: much;"
    "  grey: nothing;  blue: less than nothing"
)
LABEL = ("what places add", "each image by its", "own strongest place")
OPACITY = 0.85  # of the strongest colour
PALENESS = 0.7  # of what is grey, so that colours show on dark clothes


def similarity_maps(
    *,
    index: Path,
    ranks: Path,
    encoder: Path,
    sheet: Path,
    lists: int,
    network: dict,
    experiment: str,
    seed: int,
) -> None:
    """Draw ranked lists, as ``rank_lists`` does, each above the maps of its query and its gallery images.

    Args:
        index: index.parquet.
        ranks: ranks.parquet of one experiment.
        encoder: file with the encoder that made its features.
        sheet: PNG to write.
        lists: number of queries under each heading; fewer where there are not as many.
        network: values of the encoder's configuration that take the place of its own.
        experiment, seed: whose ranks these are, for the title.

    Raises:
        UserError: as ``rank_lists`` and ``pair_maps``; the encoder file is of something else.
    """
    model = load_network(encoder, "encoder", **network)
    shown = read_lists(index, ranks, lists)
    blocks = [
        Block(heading, [row for query in queries.itertuples() for row in _rows(query, shown, ranks, model)])
        for heading, queries in shown.chosen
    ]
    save_picture(draw_sheet(f"{experiment}, seed {seed}: {shown.title}", REMARK, blocks), sheet)


def tinted(image: np.ndarray, added: np.ndarray) -> np.ndarray:
    """An image in pale grey, coloured by a map: orange where it is above 0, blue where it is below.

    Args:
        image: uint8 [H, W, 3].
        added: float32 [h, w]; its largest absolute value has the strongest colour.

    Returns:
        uint8 [H, W, 3].
    """
    size = image.shape[1::-1]
    share = cv2.resize(added / (np.abs(added).max() or 1), size, interpolation=cv2.INTER_LINEAR)[..., None]
    grey = 255 - PALENESS * (255 - cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None].astype(np.float32))
    colour = np.where(share > 0, ImageColor.getrgb(VERMILION), ImageColor.getrgb(BLUE))
    return (grey + OPACITY * np.abs(share) * (colour - grey)).round().astype(np.uint8)


def _rows(query, shown: Lists, ranks: Path, model: Encoder) -> Iterator[Row]:
    """The list of a query, and its maps."""
    row = query_row(query, shown.images, ranks)
    about = model.configuration
    paths = [path_of(image, shown.images, ranks) for image in (query.image, *query.top_images)]
    maps, cosines = pair_maps(model, load_images(paths, about["height"], about["width"], resizing=about["resizing"]))
    lines = ["for their mean", *(f"cosine {cosine:.3f}" for cosine in cosines)]
    yield row
    yield Row(
        LABEL,
        [Tile(tinted(tile.image, added), (line,)) for tile, added, line in zip(row.tiles, maps, lines, strict=True)],
        gaps=row.gaps,
    )
