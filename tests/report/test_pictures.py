"""Sheets of images."""

import numpy as np
import pytest
from PIL import Image, ImageColor

from purereid.report.pictures import (
    CELL_HEIGHT,
    CELL_WIDTH,
    FRAME,
    PITCH,
    SMALL,
    Block,
    Row,
    Tile,
    camera,
    draw_sheet,
    file_name,
    fit,
    letters,
    save_picture,
)
from purereid.report.style import BLUE


def plain(colour: tuple[int, int, int], height: int = 64, width: int = 32) -> np.ndarray:
    return np.full((height, width, 3), colour, dtype=np.uint8)


def count(sheet: Image.Image, colour: tuple[int, int, int]) -> int:
    return int((np.asarray(sheet) == colour).all(axis=2).sum())


@pytest.mark.parametrize(("height", "width"), [(64, 32), (128, 64), (500, 100), (40, 400), (3000, 1), (1, 1)])
def test_fitted_images_fill_the_cell_in_one_direction_and_keep_their_proportions(height, width):
    picture = fit(plain((1, 2, 3), height, width))
    assert picture.width <= CELL_WIDTH and picture.height <= CELL_HEIGHT
    assert picture.width == CELL_WIDTH or picture.height == CELL_HEIGHT
    assert picture.width == max(1, round(width * picture.height / height)) or picture.width == CELL_WIDTH
    assert np.asarray(picture).reshape(-1, 3).tolist() == [[1, 2, 3]] * (picture.width * picture.height)


def test_every_tile_is_drawn_whole_once():
    images = [(200, 10, 10), (10, 200, 10), (10, 10, 200)]
    rows = [Row(("a",), [Tile(plain(colour), ("text",)) for colour in images], gaps=(1,)), Row(("b",), [])]
    sheet = draw_sheet("title", "remark", [Block("heading", rows)])
    assert [count(sheet, colour) for colour in images] == [CELL_WIDTH * CELL_HEIGHT] * 3


def test_a_frame_surrounds_the_cell():
    sheet = draw_sheet("", "", [Block("", [Row(("",), [Tile(plain((1, 2, 3)), (), BLUE)])])])
    outer = (CELL_WIDTH + 2 * FRAME) * (CELL_HEIGHT + 2 * FRAME)
    assert count(sheet, ImageColor.getrgb(BLUE)) == outer - CELL_WIDTH * CELL_HEIGHT


def test_a_sign_and_each_text_change_the_sheet():
    def pixels(title="t", remark="r", heading="h", label="l", line="x", sign=""):
        tile = Tile(plain((1, 2, 3)), (line,), BLUE, sign)
        return draw_sheet(title, remark, [Block(heading, [Row((label,), [tile])])]).tobytes()

    changes = [{}, *({name: "✗"} for name in ("title", "remark", "heading", "label", "line", "sign"))]
    assert len({pixels(**change) for change in changes}) == 7


def test_the_sheet_is_wide_enough_for_a_long_title():
    short, long = (draw_sheet(text, "", [Block("", [Row(("",), [])])]) for text in ("a", "a" * 300))
    assert long.width > 2000 > short.width


def test_the_same_picture_has_the_same_bytes(tmp_path):
    for name in ("a.png", "b.png"):
        save_picture(draw_sheet("title", "remark", []), tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert len(list(tmp_path.iterdir())) == 2


def test_an_unknown_camera_is_called_so():
    assert [camera(camid) for camid in (-1, 0, 5)] == ["no camera", "camid 0", "camid 5"]


def test_the_end_of_a_long_file_name_stands_below_an_image():
    assert file_name("anna/cam2_0007.jpg") == "anna/cam2_0007"
    long = file_name(f"query/{'x' * 80}_0007_c3.jpg")
    assert long.startswith("…") and long.endswith("_0007_c3")
    assert letters(SMALL).getlength(long) <= PITCH
