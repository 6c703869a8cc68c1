"""Ranked lists with the places that their cosines come from."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import ImageColor
from test_rank_lists import write_ranks

from purereid.data.index import read_index
from purereid.errors import UserError
from purereid.report import similarity_maps as module
from purereid.report.similarity_maps import similarity_maps, tinted
from purereid.report.style import BLUE, VERMILION
from purereid.systems.bot.networks import Encoder
from saved import save_encoder


def draw(index: Path, ranks: Path, backbone: str = "resnet_small") -> Path:
    sheet, encoder = index.parent / "sheet.png", index.parent / "encoder"
    about = {"backbone": backbone, "last_stride": 1, "height": 32, "width": 16, "pids": [1]}
    torch.manual_seed(0)
    save_encoder(encoder, Encoder(**about))
    files = {"index": index, "ranks": ranks, "encoder": encoder, "sheet": sheet}
    similarity_maps(**files, lists=1, network={}, experiment="baseline", seed=1)
    return sheet


def test_below_each_list_are_its_images_with_what_their_places_add(index: Path, monkeypatch):
    seen = []
    monkeypatch.setattr(module, "draw_sheet", lambda title, remark, blocks: seen.extend(blocks))
    monkeypatch.setattr(module, "save_picture", lambda *given: None)
    monkeypatch.setattr(module, "tinted", lambda image, added: (image, added))
    ranks = write_ranks(index, depth=4)
    draw(index, ranks)
    queries = pd.read_parquet(ranks)["image"].tolist()
    assert [block.heading for block in seen] == ["best queries", "median queries", "worst queries"]
    for block, query in zip(seen, [queries[3], queries[2], queries[0]], strict=True):
        above, below = block.rows
        assert str(read_index(index).set_index("image").loc[query, "pid"]) in above.tiles[0].lines[1]
        assert len(above.tiles) == len(below.tiles) == 5 and above.gaps == below.gaps
        cosines = [float(tile.lines[0].removeprefix("cosine ")) for tile in below.tiles[1:]]
        for picture, tile, total in zip(above.tiles, below.tiles, [np.mean(cosines), *cosines], strict=True):
            image, added = tile.image
            assert np.array_equal(image, picture.image) and added.sum() == pytest.approx(total, abs=2e-3)


def test_the_same_ranks_give_the_same_bytes(index: Path):
    ranks = write_ranks(index, depth=2)
    first = draw(index, ranks).read_bytes()
    assert first == draw(index, ranks).read_bytes() and len(first) > 1000


def test_colours_say_the_sign_and_the_strength():
    grey = np.full((64, 32, 3), 128, np.uint8)
    added = np.zeros((4, 2), np.float32)
    added[0, 0], added[3, 1] = 0.2, -0.1
    picture = tinted(grey, added).astype(int)
    nothing = picture[32, 16]
    assert nothing.max() == nothing.min() > 128  # paler
    strong, weak = picture[4, 4] - nothing, picture[60, 28] - nothing
    for change, colour, share in ((strong, VERMILION, 1), (weak, BLUE, 0.5)):
        wanted = np.array(ImageColor.getrgb(colour)) - nothing
        np.testing.assert_allclose(change, 0.85 * share * wanted, atol=1)


def test_a_map_of_zeros_colours_nothing():
    picture = tinted(np.random.default_rng(0).integers(0, 256, (8, 4, 3), np.uint8), np.zeros((2, 1), np.float32))
    assert (np.ptp(picture, axis=2) == 0).all()


def test_an_encoder_without_a_map(index: Path):
    with pytest.raises(UserError, match="no map of places"):
        draw(index, write_ranks(index), "colour_histogram")
