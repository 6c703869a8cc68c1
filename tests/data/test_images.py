"""Reading images."""

import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from purereid.data.check_images import check_image, check_images
from purereid.data.images import as_rgb, load_images, read_image, resize
from purereid.data.pixel_budget import PixelBudget
from purereid.errors import UserError


@pytest.fixture
def picture(tmp_path: Path) -> tuple[Path, np.ndarray]:
    pixels = np.random.default_rng(0).integers(0, 256, (24, 12, 3), dtype=np.uint8)
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), pixels[:, :, ::-1])
    return path, pixels


def test_read_image_is_rgb(picture: tuple[Path, np.ndarray]):
    path, pixels = picture
    assert np.array_equal(read_image(path), pixels)


SMOOTH = cv2.resize(np.random.default_rng(1).integers(0, 256, (9, 6, 3), dtype=np.uint8), (23, 37))
FLAT = {"mode": "RGB", "quality": 75}
JPEGS = {
    "4:4:4": FLAT | {"subsampling": "4:4:4"},
    "4:2:2": FLAT | {"subsampling": "4:2:2"},
    "4:2:0": FLAT | {"subsampling": "4:2:0"},
    "coarse": FLAT | {"quality": 10},
    "progressive": FLAT | {"progressive": True},
    "no YCbCr": FLAT | {"keep_rgb": True},
    "turned by EXIF": FLAT | {"exif": b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"},
    "grey": {"mode": "L"},
    "CMYK": {"mode": "CMYK"},
}


@pytest.mark.parametrize("kind", JPEGS)
def test_jpeg_files_have_the_pixels_that_pillow_gives(tmp_path: Path, kind: str):
    options = dict(JPEGS[kind])
    Image.fromarray(SMOOTH).convert(options.pop("mode")).save(tmp_path / "a.jpg", **options)
    with Image.open(tmp_path / "a.jpg") as image:
        expected = np.array(image.convert("RGB"))
    if kind == "turned by EXIF":
        expected = np.rot90(expected, -1)
    assert np.array_equal(read_image(tmp_path / "a.jpg"), expected)


@pytest.mark.parametrize(("side", "said"), [(13_000, "13000 x 13000 pixels, more than"), (20_000, "more pixels than")])
def test_a_small_file_of_too_many_pixels_is_told_before_they_are_decoded(tmp_path: Path, side: int, said: str):
    def part(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = part(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + part(b"IDAT", zlib.compress(bytes(99))))
    with pytest.raises(UserError, match=f"image cannot be read: {said} the 67,108,864 that an image may have"):
        read_image(tmp_path / "a.png")
    assert said in check_image(str(tmp_path / "a.png")).fault


@pytest.mark.parametrize("ending", ["jpg", "png"])
@pytest.mark.parametrize(
    "decode",
    [lambda paths: load_images(paths, 8, 8, threads=2), lambda paths: check_images(map(str, paths), threads=2)],
)
def test_an_image_waits_until_it_fits_among_those_that_are_decoded(tmp_path, monkeypatch, decode, ending: str):
    budget = PixelBudget(20 * 30)
    for module in ("images", "pixel_budget"):
        monkeypatch.setattr(f"purereid.data.{module}.BUDGET", budget)
    paths = [tmp_path / f"{number}.{ending}" for number in range(4)]
    for path in paths:
        Image.new("RGB", (20, 11)).save(path)
    with ThreadPoolExecutor(1) as pool:
        with budget.spent(20, 20):
            waiting = pool.submit(decode, paths)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.05)
        assert len(waiting.result()) == 4 and budget.left == budget.most
    Image.new("RGB", (20, 31)).save(paths[3])
    with pytest.raises(UserError, match="20 x 31 pixels, more than the 600"):
        load_images(paths, 8, 8, threads=2)
    assert budget.left == budget.most


def test_grey_image_gets_three_channels(tmp_path: Path):
    cv2.imwrite(str(tmp_path / "g.png"), np.full((4, 4), 9, np.uint8))
    assert read_image(tmp_path / "g.png").shape == (4, 4, 3)


def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path: Path):
    ramp = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    cv2.imwrite(str(tmp_path / "g.png"), ramp)
    assert np.abs(read_image(tmp_path / "g.png")[:, :, 1].astype(int) - ramp // 257).max() <= 1


def test_the_largest_value_of_an_image_does_not_decide_its_scale(tmp_path: Path):
    for most in (255, 256):
        levels = np.array([[0, 200], [most, most]], np.uint16)
        cv2.imwrite(str(tmp_path / "g.png"), levels)
        assert read_image(tmp_path / "g.png")[:, :, 0].tolist() == [[0, 1], [1, 1]]


def test_numbers_with_a_point_go_from_black_at_0_to_white_at_1(tmp_path: Path):
    Image.fromarray(np.array([[0.0, 0.5], [1.0, 0.25]], np.float32)).save(tmp_path / "f.tif")
    assert read_image(tmp_path / "f.tif")[:, :, 2].tolist() == [[0, 128], [255, 64]]
    Image.fromarray(np.array([[0.0, 200.0]], np.float32)).save(tmp_path / "f.tif")
    with pytest.raises(UserError, match="grey values from 0 to 200, expected 0 to 1"):
        read_image(tmp_path / "f.tif")


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white(tmp_path: Path, mode: str):
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[:, 0], pixels[:, 1] = (90, 90, 90, 0), (30, 30, 30, 255)  # a colour that nobody sees, and one
    image = Image.fromarray(pixels)
    if mode == "P":
        image = Image.fromarray(np.array([[0, 1], [0, 1]], np.uint8), "P")
        image.putpalette([90, 90, 90, 30, 30, 30])
        image.info["transparency"] = 0
    else:
        image = image.convert(mode)
    image.save(tmp_path / "a.png")
    found = read_image(tmp_path / "a.png")
    assert (found[:, 0] == 255).all() and (found[:, 1] == 30).all()
    assert Image.open(tmp_path / "a.png").mode == mode


def test_what_is_half_transparent_is_half_white(tmp_path: Path):
    Image.fromarray(np.full((2, 2, 4), (0, 0, 0, 51), np.uint8)).save(tmp_path / "a.png")
    assert (read_image(tmp_path / "a.png") == 204).all()


UPRIGHT = {  # what EXIF's numbers say has to be done to the pixels of a file
    1: lambda x: x,
    2: lambda x: x[:, ::-1],
    3: lambda x: x[::-1, ::-1],
    4: lambda x: x[::-1],
    5: lambda x: x.transpose(1, 0, 2),
    6: lambda x: np.rot90(x, -1),
    7: lambda x: x[::-1, ::-1].transpose(1, 0, 2),
    8: lambda x: np.rot90(x, 1),
}


@pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_images_are_turned_upright(tmp_path: Path, kind: str, orientation: int):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a.{kind}"
    Image.fromarray(SMOOTH).save(path, exif=exif, **({"lossless": True} if kind == "webp" else {}))
    with Image.open(path) as image:
        expected = UPRIGHT[orientation](np.array(image.convert("RGB")))
    assert np.array_equal(read_image(path), expected)
    found = check_image(str(path))
    assert (found.height, found.width) == expected.shape[:2] and found.odd == (("turned",) if orientation > 1 else ())


@pytest.mark.parametrize("place", ["xmp", "behind other segments"])
def test_the_fast_decoder_and_the_index_agree_on_what_lies(tmp_path: Path, place: str):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "a.jpg"
    if place == "xmp":
        said = b'<rdf:RDF><rdf:Description tiff:Orientation="6"/></rdf:RDF>'
        Image.fromarray(SMOOTH).save(path, xmp=b'<x:xmpmeta xmlns:x="adobe:ns:meta/">' + said + b"</x:xmpmeta>")
    else:
        Image.fromarray(SMOOTH).save(path, exif=exif)
        whole = path.read_bytes()
        padding = b"\xff\xe2" + (60_000).to_bytes(2, "big") + bytes(59_998)
        path.write_bytes(whole[:2] + 2 * padding + whole[2:])
    found = check_image(str(path))
    assert found.odd == ("turned",) and read_image(path).shape[:2] == (found.height, found.width) == (23, 37)


def test_the_bits_of_a_file_decide_its_scale(tmp_path: Path):
    levels = np.array([[0, 2048], [4095, 1024]], np.uint16)
    Image.fromarray(levels).save(tmp_path / "a.tif", tiffinfo={258: 12})
    with Image.open(tmp_path / "a.tif") as image:
        image.tag_v2[258] = 12
        assert np.array(as_rgb(image))[:, :, 0].tolist() == [[0, 128], [255, 64]]


def test_sixteen_bits_with_a_transparent_grey(tmp_path: Path):
    image = Image.fromarray(np.array([[0, 1000], [65535, 1000]], np.uint16))
    image.info["transparency"] = 1000
    assert np.array(as_rgb(image))[:, :, 1].tolist() == [[0, 255], [255, 255]]


def test_copies_saved_anew_have_equal_pixels(tmp_path: Path):
    for level in (0, 9):
        Image.fromarray(SMOOTH).save(tmp_path / f"{level}.png", compress_level=level)
    first, second = (check_image(str(tmp_path / f"{level}.png")) for level in (0, 9))
    assert first.pixels == second.pixels and first.sha256 != second.sha256
    Image.fromarray(SMOOTH.transpose(1, 0, 2)).save(tmp_path / "t.png")
    assert check_image(str(tmp_path / "t.png")).pixels != first.pixels
    Image.new("RGB", (4, 4), "grey").save(tmp_path / "b.png")
    assert check_image(str(tmp_path / "b.png")).odd == ("blank", "tiny")


def test_load_images_keeps_order_whatever_the_threads(picture: tuple[Path, np.ndarray], tmp_path: Path):
    path, pixels = picture
    other = tmp_path / "b.png"
    cv2.imwrite(str(other), 255 - pixels[:, :, ::-1])
    one, two = (load_images([str(path), str(other)], 24, 12, threads) for threads in (1, 2))
    assert one.shape == (2, 3, 24, 12)
    assert np.array_equal(one[0].permute(1, 2, 0), pixels) and np.array_equal(one[1].permute(1, 2, 0), 255 - pixels)
    assert (one == two).all()


def test_shrinking_averages_areas():
    pixels = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    means = pixels.reshape(2, 2, 3, 2, 3).mean(axis=(1, 3))
    assert np.abs(resize(pixels, 2, 3) - means).max() <= 0.5
    assert resize(pixels, 8, 9).shape == (8, 9, 3)


@pytest.mark.parametrize("size", [(256, 128), (40, 90), (100, 23)])
def test_enlarged_images_differ_from_pillow_s_by_a_level_at_most(size: tuple[int, int]):
    expected = np.asarray(Image.fromarray(SMOOTH).resize(size[::-1], Image.Resampling.BILINEAR), int)
    assert np.abs(resize(SMOOTH, *size) - expected).max() <= 1


ODD = [(256, 128), (512, 512), (37, 32), (40, 90), (48, 23), (20, 30), (64, 16), (9, 9)]


@pytest.mark.parametrize("size", ODD)
def test_pillow_s_pixels_are_given_exactly(size: tuple[int, int]):
    noise = np.random.default_rng(2).integers(0, 256, SMOOTH.shape, dtype=np.uint8)
    for image in (SMOOTH, noise):
        image.flags.writeable = False
        expected = Image.fromarray(image).resize(size[::-1], Image.Resampling.BILINEAR)
        assert np.array_equal(resize(image, *size, "pillow"), expected)


@pytest.mark.parametrize("own", [(128, 64), (1, 1), (255, 127), (101, 128), (256, 77)])
def test_pillow_s_pixels_are_given_exactly_from_any_size(own: tuple[int, int]):
    image = np.random.default_rng(3).integers(0, 256, (*own, 3), dtype=np.uint8)
    expected = Image.fromarray(image).resize((128, 256), Image.Resampling.BILINEAR)
    assert np.array_equal(resize(image, 256, 128, "pillow"), expected)


def test_missing_and_truncated_files_are_told(tmp_path: Path):
    with pytest.raises(UserError, match=r"image file not found[\s\S]*none.jpg"):
        read_image(tmp_path / "none.jpg")
    path = tmp_path / "t.jpg"
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 256, (64, 32, 3), dtype=np.uint8))
    path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(UserError, match=r"image cannot be read: .*truncated[\s\S]*bad_images to skip"):
        read_image(path)
    broken = tmp_path / "b.png"
    cv2.imwrite(str(broken), np.zeros((8, 8, 3), np.uint8))
    broken.write_bytes(broken.read_bytes().replace(b"IDAT", b"XX?T"))
    with pytest.raises(UserError, match="image cannot be read"):
        read_image(broken)
    path.write_text("no image")
    with pytest.raises(UserError, match="image cannot be read"):
        load_images([str(path)], 4, 4)
