"""Sheets of small images: rows of equal cells with text, frames and signs."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from purereid.data.atomic import whole_file
from purereid.report.style import GREY, INK, PALE, PAPER

# All lengths are in pixels.
CELL_WIDTH, CELL_HEIGHT = 96, 192
PITCH = 124  # from one cell to the next
GAP = 28  # between groups of cells, such as a query and its list
FRAME = 5
LINE = 16
SMALL, LARGE, TITLE = 12, 14, 19
MARGIN = 24
BADGE = 24
PADDING = "#F2F2F2"


@dataclass(frozen=True)
class Tile:
    """One image with what is written below it.

    Attributes:
        image: uint8 [H, W, 3], RGB, of any size.
        lines: text below the image.
        colour: of the frame; None means no frame.
        sign: one letter in a corner, on a patch of the frame's colour.
    """

    image: np.ndarray
    lines: tuple[str, ...]
    colour: str | None = None
    sign: str = ""


@dataclass(frozen=True)
class Row:
    """Tiles side by side, with lines of text to their left.

    Attributes:
        label: lines of text.
        tiles: None leaves a place free.
        gaps: places of the tiles that have a gap to their left.
    """

    label: tuple[str, ...]
    tiles: list[Tile | None]
    gaps: tuple[int, ...] = ()


@dataclass(frozen=True)
class Block:
    """Rows under one heading."""

    heading: str
    rows: list[Row]


def draw_sheet(title: str, remark: str, blocks: list[Block]) -> Image.Image:
    """Draw blocks of rows one below the other, under a title and a line of explanation."""
    rows = [row for block in blocks for row in block.rows]
    left = MARGIN + label_width(rows)
    text_width = max(letters(TITLE, bold=True).getlength(title), letters(LARGE).getlength(remark))
    width = max(left + row_width(rows), MARGIN + int(text_width)) + MARGIN
    height = 2 * MARGIN + 56 + sum(40 + sum(map(row_height, block.rows)) for block in blocks)
    sheet = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    write(draw, (MARGIN, MARGIN), title, TITLE, bold=True)
    write(draw, (MARGIN, MARGIN + 28), remark, LARGE, colour=GREY)
    top = MARGIN + 56
    for block in blocks:
        top = draw_block(sheet, draw, block, top, left)
    return sheet


def draw_block(sheet: Image.Image, draw: ImageDraw.ImageDraw, block: Block, top: int, left: int) -> int:
    """Draw a heading over a rule and the rows below it; return where the next block begins."""
    draw.line([(MARGIN, top), (sheet.width - MARGIN, top)], fill=PALE, width=1)
    write(draw, (MARGIN, top + 10), block.heading, LARGE, bold=True)
    top += 40
    for row in block.rows:
        draw_row(sheet, draw, row, top, left)
        top += row_height(row)
    return top


def draw_row(sheet: Image.Image, draw: ImageDraw.ImageDraw, row: Row, top: int, left: int) -> None:
    """Draw the label of a row and its tiles."""
    for place, text in enumerate(row.label):
        write(draw, (MARGIN, top + 4 + place * (LINE + 2)), text, LARGE if place == 0 else SMALL, bold=place == 0)
    for place, tile in enumerate(row.tiles):
        gaps = sum(gap <= place for gap in row.gaps)
        if tile:
            draw_tile(sheet, draw, tile, left + place * PITCH + gaps * GAP, top)


def draw_tile(sheet: Image.Image, draw: ImageDraw.ImageDraw, tile: Tile, left: int, top: int) -> None:
    """Draw one image in the middle of its cell, then its frame, sign and text."""
    draw.rectangle((left, top, left + CELL_WIDTH - 1, top + CELL_HEIGHT - 1), fill=PADDING)
    picture = fit(tile.image)
    corner = (left + (CELL_WIDTH - picture.width) // 2, top + (CELL_HEIGHT - picture.height) // 2)
    sheet.paste(picture, corner)
    if tile.colour:
        box = (left - FRAME, top - FRAME, left + CELL_WIDTH + FRAME - 1, top + CELL_HEIGHT + FRAME - 1)
        draw.rectangle(box, outline=tile.colour, width=FRAME)
    if tile.sign:
        draw.rectangle((left, top, left + BADGE - 1, top + BADGE - 1), fill=tile.colour)
        write(draw, (left + BADGE // 2 - 1, top + BADGE // 2 - 1), tile.sign, TITLE, colour=PAPER, anchor="mm")
    middle = left + CELL_WIDTH // 2
    for place, text in enumerate(tile.lines):
        write(draw, (middle, top + CELL_HEIGHT + FRAME + 4 + place * LINE), text, SMALL, anchor="ma")


def fit(image: np.ndarray) -> Image.Image:
    """Scale uint8 [H, W, 3] to the largest size that fits into a cell, with its proportions kept."""
    return Image.fromarray(image).resize(fitting(*image.shape[:2]), Image.Resampling.LANCZOS)


def fitting(height: int, width: int) -> tuple[int, int]:
    """Width and height of the largest picture of some proportions that fits into a cell."""
    scale = min(CELL_HEIGHT / height, CELL_WIDTH / width)
    return max(1, round(width * scale)), max(1, round(height * scale))


def row_height(row: Row) -> int:
    """Height of a row: the cell, the longest text below one and some air."""
    return CELL_HEIGHT + 2 * FRAME + LINE * max((len(tile.lines) for tile in row.tiles if tile), default=0) + 16


def row_width(rows: list[Row]) -> int:
    """Width of the widest row of tiles."""
    return max((len(row.tiles) * PITCH + len(row.gaps) * GAP for row in rows), default=0)


def label_width(rows: list[Row]) -> int:
    """Width of the column of labels, with the air to its right."""
    lengths = [letters(LARGE, bold=True).getlength(text) for row in rows for text in row.label]
    return int(max(lengths, default=0)) + GAP


def write(
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    text: str,
    size: int,
    colour: str = INK,
    bold: bool = False,
    anchor: str = "la",
) -> None:
    """Write one line of plain text; ``anchor`` as Pillow's."""
    draw.text(place, text, fill=colour, font=letters(size, bold), anchor=anchor)


@cache
def letters(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Return the font of all pictures; it comes with matplotlib, so that all machines draw the same letters."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return ImageFont.truetype(folder / name, size, layout_engine=ImageFont.Layout.BASIC)


def save_picture(picture: Image.Image, path: Path) -> None:
    """Write a picture as PNG; the same picture gives the same bytes."""
    with whole_file(Path(path)) as unfinished:
        picture.save(unfinished, format="PNG")


def file_name(image: str) -> str:
    """The end of an image's name in the index without its suffix, as much as fits below a tile.

    It leads back to the file and shows persons and cameras as the data call them, in ``anna/cam2_0007`` the folder too.
    """
    return cut_to_column(str(PurePosixPath(image).with_suffix("")), keep_end=True)


def cut_to_column(text: str, *, keep_end: bool = False) -> str:
    """The longest beginning, or end, of a text that leaves the next column alone."""
    font = letters(SMALL)
    if font.getlength(text) <= PITCH:
        return text
    cuts = (f"…{text[-left:]}" if keep_end else f"{text[:left]}…" for left in range(len(text) - 1, 0, -1))
    return next(cut for cut in cuts if font.getlength(cut) <= PITCH)


def camera(camid: int) -> str:
    """Name a camera as the sheets do; -1 is an unknown one."""
    return "no camera" if camid < 0 else f"camid {camid}"
