"""Textures of rendered people and of folders of pairs."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from purereid.data.index_dataset import index_dataset
from purereid.errors import UserError
from purereid.people.atlas import atlas_grid
from purereid.people.ground_truth import read_uv_maps
from purereid.people.mirror import mirror_map
from purereid.textures.import_textures import import_textures, shrunk
from purereid.textures.texture_file import HIDDEN, NOWHERE, VISIBLE, TextureFile


def test_those_of_rendered_people(people, tmp_path: Path):
    source, path = people.folder / "people", tmp_path / "textures.arrow"
    about = {"folder": source, "scene": people.scene, "uv": source / "uv.arrow"}
    import_textures(index=people.index, textures=path, size=32, splits=["train"], **about)
    file, table = TextureFile(path), people.table.set_index("image")
    assert file.images == table.index[table["split"] == "train"].tolist()
    assert file.pids.tolist() == table.loc[file.images, "pid"].tolist()
    row, scenes = 3, pd.read_parquet(people.scene).set_index("image")
    number = scenes.loc[file.images[row], "identity"]
    whole = cv2.cvtColor(cv2.imread(str(source / f"textures/{number:04d}.png")), cv2.COLOR_BGR2RGB)
    mean = whole.reshape(32, 4, 32, 4, 3).astype(float).mean(axis=(1, 3)).transpose(2, 0, 1)
    assert np.abs(file.batch(np.array([row]))[0] - mean).max() <= 0.6


def test_what_of_a_texture_an_image_shows(people, tmp_path: Path):
    """Against a loop: near a texel that a pixel hits, of its part; hidden is what other images of the person show."""
    source, path, size = people.folder / "people", tmp_path / "textures.arrow", 32
    about = {"folder": source, "scene": people.scene, "uv": source / "uv.arrow"}
    import_textures(index=people.index, textures=path, size=size, splits=["train"], **about)
    file, uv = TextureFile(path), dict(read_uv_maps(source / "uv.arrow"))
    part = atlas_grid().part[::4, ::4]
    visible = {}
    for image in file.images:
        hits = {(int(v) // 8, int(u) // 8) for u, v, number in uv[image].reshape(-1, 3) if number}
        visible[image] = {  # 64 rows of an image: a pixel is one texel of 32 wide
            (y, x)
            for y in range(size)
            for x in range(size)
            if any((y + i, x + j) in hits and part[y + i, x + j] == part[y, x] for i in (-1, 0, 1) for j in (-1, 0, 1))
        }
    for row, image in enumerate(file.images):
        seen = file.seen(row)
        assert set(map(tuple, np.argwhere(seen == VISIBLE).tolist())) == visible[image]
        own = [name for name, pid in zip(file.images, file.pids, strict=True) if pid == file.pids[row]]
        shown = {part[place] for name in own for place in visible[name]}
        assert np.array_equal(seen > NOWHERE, np.isin(part, list(shown)))
    assert any((file.seen(row) == kind).any() for row in range(4) for kind in (NOWHERE, HIDDEN))


def test_a_smaller_mirror_map_is_that_of_smaller_textures():
    texture = np.random.default_rng(0).random((128, 128))
    mirrored = texture.ravel()[mirror_map()]
    small, small_mirrored = (each.reshape(32, 4, 32, 4).mean(axis=(1, 3)) for each in (texture, mirrored))
    assert np.allclose(small.ravel()[shrunk(mirror_map(), 32)], small_mirrored)
    with pytest.raises(UserError, match="textures of 128 texels cannot be mirrored at 48"):
        shrunk(mirror_map(), 48)
    halves = np.arange(36).reshape(6, 6)
    halves = np.hstack([halves[:, 2::-1], halves[:, :2:-1]])  # two parts of three texels, which no two texels hold
    assert np.array_equal(halves.ravel()[halves.ravel()], np.arange(36))
    with pytest.raises(UserError, match="at 3 texels a side the mirror map mixes texels of several places"):
        shrunk(halves, 3)


class Pit:
    """A folder of pairs: 2 persons with a texture of 3 images each, and its index."""

    def __init__(self, folder: Path):
        self.root, self.folder = folder, folder / "pit"
        draws = np.random.default_rng(0)
        for name in ("a", "b"):
            self.write(f"textures/{name}.png", draws.integers(0, 256, (16, 16, 3), dtype=np.uint8))
        lines = ["image,texture"]
        for number in range(6):
            self.write(f"images/{number}.jpg", draws.integers(0, 256, (32, 16, 3), dtype=np.uint8))
            lines.append(f"{number}.jpg,{'ab'[number // 3]}.png")
        (self.folder / "pairs.csv").write_text("\n".join(lines) + "\n")

    def write(self, name: str, picture: np.ndarray) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(self.folder / name), picture)

    def index(self) -> Path:
        made = {name: self.root / name for name in ("index", "doctor", "report")}
        index_dataset(**made, images=self.root / "unpacked", name="pit", format="pit", folder=str(self.folder))
        return made["index"]

    def read(self, size: int = 8) -> TextureFile:
        path = self.root / "textures.arrow"
        import_textures(index=self.index(), textures=path, folder=self.folder, size=size, splits=["train"])
        return TextureFile(path)


@pytest.fixture
def pit(tmp_path: Path) -> Pit:
    return Pit(tmp_path)


def test_a_texture_may_have_several_images(pit: Pit):
    file = pit.read()
    assert file.images == [f"images/{number}.jpg" for number in range(6)] and file.pids.tolist() == [0, 0, 0, 1, 1, 1]
    found = file.batch(np.arange(6))
    assert (found[:3] == found[0]).all() and (found[3:] == found[3]).all() and (found[0] != found[3]).any()
    assert file.mirror is None and file.seen(0) is None


def test_without_a_table_names_are_the_same(pit: Pit):
    (pit.folder / "pairs.csv").unlink()
    for number in range(6):
        pit.write(f"textures/{number}.png", np.full((16, 16, 3), number, np.uint8))
    assert pit.read().batch(np.arange(6)).mean(axis=(1, 2, 3)).tolist() == [0, 1, 2, 3, 4, 5]


def test_a_mirror_map_is_read(pit: Pit):
    flipped = np.arange(256).reshape(16, 16)[:, ::-1]
    np.save(pit.folder / "mirror.npy", flipped)
    assert np.array_equal(pit.read().mirror.reshape(8, 8), np.arange(64).reshape(8, 8)[:, ::-1])


@pytest.mark.parametrize(
    ("mirror", "message"),
    [
        (np.zeros((16, 16)), "a mirror map of float64"),
        (np.zeros((8, 8), int), "a mirror map of int64"),
        (np.full((16, 16), 256), "a mirror map of int64"),
        (np.zeros((16, 16), int), "applied twice is not where it began"),
        (np.array([[{}]], object), "cannot be read"),
    ],
)
def test_mirror_maps_that_are_none(pit: Pit, mirror: np.ndarray, message: str):
    np.save(pit.folder / "mirror.npy", mirror, allow_pickle=True)
    with pytest.raises(UserError, match=message):
        pit.read()


def test_textures_of_another_size_or_shape(pit: Pit):
    pit.write("textures/b.png", np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(UserError, match=r"the texture has 8 x 8 texels\n.*b.png\n.*the first has 16 x 16"):
        pit.read()
    for name in ("a", "b"):
        pit.write(f"textures/{name}.png", np.zeros((16, 8, 3), np.uint8))
    with pytest.raises(UserError, match="the texture has 16 x 8 texels"):
        pit.read()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("image,texture\n0.jpg,a.png\n", "images/1.jpg: has no texture"),
        ("image,texture\n0.jpg,c.png\n", "line 2 names c.png"),
        ("image,texture\n9.jpg,a.png\n", "line 2 names 9.jpg"),
        ("image,texture\n0.jpg\n", "line 2 names nothing"),
        ("picture,texture\n0.jpg,a.png\n", "the columns are picture, texture"),
        ("image,texture\n0.jpg,a.png\n0.jpg,b.png\n", "an image has two lines"),
    ],
)
def test_tables_of_pairs_that_do_not_fit(pit: Pit, table: str, message: str):
    (pit.folder / "pairs.csv").write_text(table)
    with pytest.raises(UserError, match=message):
        pit.read()


def test_images_that_lack_a_texture(pit: Pit, tmp_path: Path):
    index = pit.index()
    (pit.folder / "pairs.csv").write_text("image,texture\n0.jpg,a.png\n")
    with pytest.raises(UserError, match=r"5 of 6 images have no texture, such as images/1.jpg"):
        import_textures(index=index, textures=tmp_path / "t", folder=pit.folder, size=8, splits=["train"])


def test_copies_of_a_texture_are_one_person(pit: Pit):
    (pit.folder / "pairs.csv").unlink()
    for number in range(6):
        pit.write(f"textures/{number}.png", np.full((16, 16, 3), number // 2, np.uint8))
    assert pit.read().pids.tolist() == [0, 0, 1, 1, 2, 2]


def test_further_columns_of_the_table_are_left_out(pit: Pit):
    lines = (pit.folder / "pairs.csv").read_text().splitlines()
    (pit.folder / "pairs.csv").write_text("\n".join([f"note,{lines[0]}", *(f"x,{line}" for line in lines[1:])]))
    assert pit.read().pids.tolist() == [0, 0, 0, 1, 1, 1]


def test_what_lies_where_it_does_not_belong(pit: Pit):
    np.save(pit.folder / "textures/mirror.npy", np.arange(256).reshape(16, 16))
    with pytest.raises(UserError, match=r"mirror\.npy lies among the textures"):
        pit.read()
    (pit.folder / "pairs.csv").unlink()
    pit.write("textures/0.png", np.zeros((16, 16, 3), np.uint8))
    pit.write("textures/0.jpg", np.zeros((16, 16, 3), np.uint8))
    with pytest.raises(UserError, match="two textures have one name"):
        pit.index()


def test_a_texture_that_is_no_image(pit: Pit):
    (pit.folder / "textures/a.png").write_bytes(b"nothing")
    with pytest.raises(UserError, match=r"the texture cannot be read\n.*a\.png"):
        pit.read()
