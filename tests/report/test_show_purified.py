"""Kept and dropped images of some identities."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from purereid.data.graph_file import write_graph
from purereid.data.index import read_index, write_index
from purereid.data.purified_file import write_purified
from purereid.data.shard_writer import encode, write_shard
from purereid.errors import UserError
from purereid.report import show_purified as module
from purereid.report.pictures import PITCH, SMALL, letters
from purereid.report.plot_graph import plot_graph
from purereid.report.show_purified import choose, remark, show_purified, wrap
from purereid.retrieval.neighbours import nearest_neighbours

PEOPLE, IMAGES = (0, 2, 4, 6), 6  # training identities of the fixture ``index``, generated images of each


class Purified:
    """Files of a purifier: identity 0 loses no image, 2 loses all, 4 its last one, 6 its last two."""

    def __init__(self, index: Path):
        self.folder, self.index = index.parent, index
        number = np.arange(len(PEOPLE) * IMAGES)
        names = [f"generated/posegan/train/{place:07d}.png" for place in number]
        place = number % IMAGES
        last = np.repeat([IMAGES, 0, IMAGES - 1, IMAGES - 2], IMAGES)
        self.table = pd.DataFrame({"image": names, "pid": np.repeat(PEOPLE, IMAGES), "kept": place < last})
        self.table["score"] = np.random.default_rng(0).permutation(len(number)) / 7
        self.table["reason"] = [f"named by {place} lists" for place in number]
        self.injected = np.where(place == IMAGES - 1, "wrong_identity", "")
        self.pixels = torch.randint(256, (len(number), 3, 16, 8), generator=torch.Generator().manual_seed(0)).byte()
        self.shards = [self.folder / f"{number}-of-2.parquet" for number in range(2)]
        for shard, rows in zip(self.shards, np.array_split(number, 2), strict=True):
            made = self.table.iloc[rows].assign(source="", pose="", seed=0, height=16, width=8)
            made["injected"] = self.injected[rows]
            write_shard(shard, made, encode(self.pixels[rows], "png", 0))
        self._write_index(np.repeat(self.shards, len(number) // 2))
        values = self.pixels.flatten(1).double().numpy() - 128
        values = (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)
        self.graph, self.kept = self.folder / "graph.parquet", self.folder / "kept.parquet"
        write_graph(self.graph, names, nearest_neighbours(values, 5))
        write_purified(self.kept, self.table)

    def _write_index(self, shards: list[Path]) -> None:
        paths = [f"{shard}/{image}" for shard, image in zip(shards, self.table["image"], strict=True)]
        generated = self.table[["image", "pid"]].assign(
            path=paths, kind="generated", camid=-1, split="train", sha256=""
        )
        numbers = {"seq": -1, "frame": -1, "width": 8, "height": 16, "dataset": "tiny", "weight": 1.0}
        write_index(pd.concat([read_index(self.index), generated.assign(**numbers)]), self.index)

    def draw(self, seed: int = 0, identities: int = 2, images: int = 3, **changed) -> tuple[bytes, bytes]:
        files = {"index": self.index, "kept": self.kept, "graph": self.graph, "shards": self.shards}
        written = {name: self.folder / f"{name}.png" for name in ("sheet", "picture")}
        show_purified(**files | written | changed, identities=identities, images=images, seed=seed)
        return tuple(path.read_bytes() for path in written.values())

    def blocks(self, monkeypatch: pytest.MonkeyPatch, **settings) -> tuple[str, dict[int, dict]]:
        """The remark, and the rows of each identity by their first word."""
        seen = {}
        sheet = module.draw_sheet
        monkeypatch.setattr(module, "draw_sheet", lambda *about: seen.update(about=about) or sheet(*about))
        self.draw(**settings)
        _, words, blocks = seen["about"]
        headings = [int(block.heading.split(":")[0].removeprefix("pid ")) for block in blocks]
        rows = [{row.label[0]: row for row in block.rows} for block in blocks]
        return words, dict(zip(headings, rows, strict=True))


@pytest.fixture
def purified(index: Path) -> Purified:
    return Purified(index)


def test_the_seed_alone_decides(purified):
    first = purified.draw()
    assert purified.draw() == first
    assert all(one != other for one, other in zip(purified.draw(seed=1), first, strict=True))


def test_rows_show_real_images_the_best_kept_and_the_worst_dropped(purified, monkeypatch):
    _, blocks = purified.blocks(monkeypatch, identities=9, images=4)
    assert {pid: list(rows) for pid, rows in blocks.items()} == {
        0: ["real", "kept"],
        2: ["real", "dropped"],
        4: ["real", "kept", "dropped"],
        6: ["real", "kept", "dropped"],
    }
    paths = read_index(purified.index).set_index("image")["path"]
    for pid, rows in blocks.items():
        own = purified.table[purified.table["pid"] == pid]
        for what, kept in (("kept", True), ("dropped", False)):
            expected = sorted(zip(own["score"], own.index, strict=True), reverse=kept)
            expected = [row for _, row in expected if own["kept"][row] == kept]
            tiles = rows[what].tiles if expected else []
            assert len(tiles) == min(4, len(expected))
            for tile, row in zip(tiles, expected, strict=False):
                np.testing.assert_array_equal(tile.image, purified.pixels[row].permute(1, 2, 0))
                spoiled = ("spoiled: wrong", "identity") if purified.injected[row] else ()
                reason = tuple(wrap(purified.table["reason"][row], 9))
                assert tile.lines == (f"score {purified.table['score'][row]:.3f}", *spoiled, *reason)
                assert tile.sign == ("✓" if kept else "✗")
        real = [np.asarray(Image.open(path)) for image, path in paths.items() if image.startswith(f"train/{pid:04d}_")]
        for tile in rows["real"].tiles:
            assert sum(np.array_equal(tile.image, image) for image in real) == 1
        assert len(real) == 6 and rows["real"].label == ("real", "4 of 6") and not rows["real"].tiles[0].sign


def test_labels_count_what_is_not_shown(purified, monkeypatch):
    _, blocks = purified.blocks(monkeypatch, identities=4, images=3)
    assert blocks[6]["kept"].label == ("kept", "3 of 4", "best first")
    assert blocks[6]["dropped"].label == ("dropped", "2 of 2", "worst first")


@pytest.mark.parametrize("seed", range(5))
def test_identities_with_kept_and_dropped_images_come_first(purified, monkeypatch, seed):
    assert set(purified.blocks(monkeypatch, identities=2, seed=seed)[1]) == {4, 6}
    three = choose(purified.table, 3, np.random.default_rng(seed))
    assert {4, 6} < set(three) and three == sorted(three) and len(three) == 3


def test_every_identity_can_be_drawn(purified):
    chosen = {tuple(choose(purified.table, 3, np.random.default_rng(seed))) for seed in range(20)}
    assert chosen == {(0, 4, 6), (2, 4, 6)}


def test_both_pictures_show_the_same_identities(purified, monkeypatch):
    seen = []
    monkeypatch.setattr(module, "plot_graph", lambda shown, *rest: seen.append(shown) or plot_graph(shown, *rest))
    assert list(purified.blocks(monkeypatch, identities=3)[1]) == sorted(set(seen[0]["pid"]))
    expected = purified.table[purified.table["pid"].isin(seen[0]["pid"])]
    assert seen[0]["row"].tolist() == expected.index.tolist() and seen[0]["kept"].equals(expected["kept"])


@pytest.mark.parametrize(
    ("kept", "row", "words"),
    [(True, "kept", "all 24 images are kept"), (False, "dropped", "none of 24 images is kept")],
)
def test_a_purifier_that_keeps_all_or_none(purified, monkeypatch, kept, row, words):
    write_purified(purified.kept, purified.table.assign(kept=kept))
    found, blocks = purified.blocks(monkeypatch, identities=2)
    assert words in found and found.startswith("2 of 4 identities")
    assert [list(rows) for rows in blocks.values()] == [["real", row]] * 2


def test_the_remark_counts(purified):
    assert "3 of 4 identities" in remark(purified.table, 3) and "15 of 24 images are kept" in remark(purified.table, 3)


def test_identities_without_real_images_have_no_row_of_them(purified, monkeypatch):
    table = read_index(purified.index)
    write_index(table[table["kind"] == "generated"], purified.index)
    _, blocks = purified.blocks(monkeypatch, identities=1)
    assert [list(rows) for rows in blocks.values()] == [["kept", "dropped"]]


def test_without_shards_nothing_is_said_of_spoiling(purified, monkeypatch):
    _, blocks = purified.blocks(monkeypatch, identities=4, shards=())
    lines = [line for rows in blocks.values() for row in rows.values() for tile in row.tiles for line in tile.lines]
    assert lines and not any("spoiled" in line for line in lines)


@pytest.mark.parametrize(
    ("text", "most", "whole"),
    [
        ("no list names it", 3, True),
        ("named by 3 accepted lists of its identity and 1 of others; the only image of its identity", 9, True),
        ("named by 3 accepted lists of its identity and 1 of others; the only image of its identity", 2, False),
        ("W" * 100, 3, False),
        ("a " + "W" * 100 + " b", 9, False),
        ("W" * 12 + " " + "W" * 12, 1, False),
    ],
)
def test_reasons_stay_in_their_column(text, most, whole):
    lines = wrap(text, most)
    assert 1 <= len(lines) <= most
    assert all(letters(SMALL).getlength(line) < PITCH for line in lines)
    assert (" ".join(lines) == text) == whole
    if not whole:
        assert any(line.endswith("…") for line in lines)


def test_lines_are_as_full_as_they_can_be():
    lines = wrap("of the " * 40, 99)
    assert all(letters(SMALL).getlength(f"{line} the") > PITCH - 20 for line in lines[:-1])


@pytest.mark.parametrize("missing", ["index", "graph", "shards"])
def test_images_that_are_missing_somewhere_are_named(purified, missing):
    if missing == "index":
        table = read_index(purified.index)
        write_index(table[table["image"] != purified.table["image"].iloc[-1]], purified.index)
        changed, where = {}, r"index\.parquet"
    elif missing == "graph":
        values = np.eye(6, dtype=np.float32)
        write_graph(purified.graph, [*purified.table["image"][:5], "other"], nearest_neighbours(values, 2))
        changed, where = {}, r"graph\.parquet"
    else:
        changed, where = {"shards": purified.shards[:1]}, r"0-of-2\.parquet"
    with pytest.raises(UserError, match=rf"images are missing, such as generated/(.|\n)*{where}"):
        purified.draw(identities=4, **changed)


@pytest.mark.parametrize("name", ["index", "kept", "graph"])
def test_files_that_are_not_there_are_named(purified, name):
    with pytest.raises(UserError, match=rf"nowhere_{name}"):
        purified.draw(**{name: purified.folder / f"nowhere_{name}"})


def test_a_damaged_image_is_named(purified):
    made = purified.table.assign(source="", pose="", seed=0, height=16, width=8, injected="")
    broken = [file[:30] for file in encode(purified.pixels, "png", 0)]
    for shard in purified.shards:
        write_shard(shard, made, broken)
    with pytest.raises(UserError, match=r"-of-2\.parquet/generated/posegan/train/\d+\.png"):
        purified.draw()
