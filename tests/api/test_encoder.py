"""An encoder in use from Python."""

from pathlib import Path

import cv2
import numpy as np
import pytest

import purereid
from purereid import UserError
from purereid.reid.extract import encode


@pytest.fixture
def encoder(people):
    return purereid.load_encoder(people.encoder, device="cpu")


@pytest.fixture
def files(people) -> list[Path]:
    return [Path(path) for path in people.table["path"][:7]]


def test_features_are_those_of_the_workflow(encoder, files):
    found = encoder.features(files, batch=3, precision="fp32")
    expected = encode(encoder.network, [str(path) for path in files], flip=True, batch=7, precision="fp32", threads=1)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert found.dtype == np.float32 and np.allclose(found, expected, atol=1e-5)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    assert not np.allclose(found, encoder.features(files, flip=False, precision="fp32"), atol=1e-3)


def test_files_arrays_and_folders_are_alike(encoder, files, tmp_path: Path):
    (tmp_path / "a").mkdir()
    arrays = []
    for number, file in enumerate(files):
        picture = cv2.imread(str(file))
        place = tmp_path / ("a" if number % 2 else ".") / f"{number}.png"
        cv2.imwrite(str(place), picture)
        arrays.append(picture[:, :, ::-1].copy())
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / ".hidden").mkdir()
    cv2.imwrite(str(tmp_path / ".hidden/x.png"), picture)
    of_arrays = encoder.features(arrays, precision="fp32")
    assert np.allclose(of_arrays, encoder.features(np.stack(arrays), precision="fp32"))
    names = [path.name for path in purereid.images_in(tmp_path)]
    assert sorted(names) == [f"{number}.png" for number in range(7)]
    in_folder = encoder.features(str(tmp_path), precision="fp32")
    assert np.allclose(in_folder, of_arrays[[int(name[0]) for name in names]], atol=1e-6)


def test_progress_is_told(encoder, files):
    told = []
    encoder.features(files, batch=3, progress=lambda *numbers: told.append(numbers))
    assert told == [(3, 7), (6, 7), (7, 7)]


def test_what_is_known_of_it(encoder, people):
    assert encoder.size == (32, 16) and encoder.pids == [1, 2, 3] and encoder.path == people.encoder
    folder = people.encoder.parent
    with pytest.raises(UserError, match=r"networks\.safetensors"):
        purereid.load_encoder(folder)
    with pytest.raises(UserError, match="no device 'cuda:7'"):
        purereid.load_encoder(people.encoder, device="cuda:7")
    with pytest.raises(UserError, match="no device 'meta'"):
        purereid.load_encoder(people.encoder, device="meta")
    with pytest.raises(UserError, match="the encoder is given as NoneType"):
        purereid.load_encoder(None)
    with pytest.raises(UserError, match="batch is 0 and threads 4"):
        encoder.features(folder, batch=0)
    with pytest.raises(AttributeError, match="it offers UserError, load_encoder"):
        purereid.load_encodr  # noqa: B018


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ("missing", "the folder does not exist"),
        ("FILE", "write \\[path\\] in the place of path"),
        ("EMPTY", "there are no images in the folder"),
        ([], "no images are given"),
        (7, "images are given as int"),
        (["missing.jpg"], "image 0 of the list does not exist"),
        (["EMPTY"], "image 0 of the list is a folder"),
        (["TEXT"], "image 0 of the list is no image by its name"),
        ([np.zeros((4, 4, 3))], "image 0 is an array float64"),
        ([np.zeros((4, 4), np.uint8)], "image 0 is an array uint8 \\[4, 4\\]"),
        ([np.zeros((4, 0, 3), np.uint8)], "image 0 is an array uint8 \\[4, 0, 3\\]"),
        (np.zeros((8, 4, 3), np.uint8), "write \\[image\\]"),
        ([None], "image 0 of the list is of the type NoneType"),
    ],
)
def test_images_that_are_none(encoder, files, tmp_path: Path, images: object, message: str):
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.txt").write_text("text")
    places = {"FILE": files[0], "EMPTY": tmp_path / "empty", "TEXT": tmp_path / "a.txt"}
    images = places.get(images, images) if isinstance(images, str) else images
    images = (
        [places.get(each, each) if isinstance(each, str) else each for each in images]
        if isinstance(images, list)
        else images
    )
    with pytest.raises(UserError, match=message):
        encoder.features(images)


def test_a_broken_image_is_named(encoder, tmp_path: Path):
    (tmp_path / "a.jpg").write_bytes(b"no image")
    with pytest.raises(UserError, match=r"image cannot be read[\s\S]*a\.jpg"):
        encoder.features([tmp_path / "a.jpg"])


# --- ranked lists -----------------------------------------------------------------------------------------------------


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_ranked_lists_are_those_of_a_sort():
    draws = np.random.default_rng(0)
    query, gallery = unit(draws.normal(size=(5, 8))), unit(draws.normal(size=(30, 8)))
    found = purereid.rank(query, gallery, top=4)
    gaps = 1 - query @ gallery.T
    assert np.array_equal(found.indices, np.argsort(gaps, axis=1, kind="stable")[:, :4])
    assert np.allclose(found.distances, np.sort(gaps, axis=1)[:, :4], atol=1e-6)
    assert purereid.rank(query, gallery[:3]).indices.shape == (5, 3)


def test_re_ranked_lists_are_those_of_the_workflow():
    from purereid.retrieval.rerank import reranked_blocks

    draws = np.random.default_rng(1)
    query, gallery = unit(draws.normal(size=(4, 6))), unit(draws.normal(size=(25, 6)))
    gaps = np.concatenate(list(reranked_blocks(np.concatenate([query, gallery]), 4, k1=5, k2=2, distance_weight=0.5)))
    found = purereid.rerank(query, gallery, top=3, k1=5, k2=2, distance_weight=0.5)
    assert np.array_equal(found.indices, np.argsort(gaps, axis=1, kind="stable")[:, :3])


@pytest.mark.parametrize(
    ("query", "gallery", "options", "message"),
    [
        (np.ones((2, 3)), np.eye(3), {}, "feature 0 of the query has length 1.73"),
        (np.eye(3), np.eye(4), {}, "features of 3 numbers are compared with such of 4"),
        (np.eye(3)[0], np.eye(3), {}, "features of the query are float64 \\[3\\]"),
        (np.eye(3), np.zeros((0, 3)), {}, "features of the gallery are float64 \\[0, 3\\]"),
        (np.eye(3, dtype=int), np.eye(3), {}, "features of the query are int64"),
        (np.full((1, 3), np.nan), np.eye(3), {}, "feature 0 of the query has length nan"),
        (np.eye(3), np.eye(3), {"top": 0}, "top is 0"),
        (np.eye(3), np.eye(3), {"top": 2.5}, "top is 2.5"),
        ([[1.0], [1.0, 2.0]], np.eye(3), {}, "features of the query are"),
    ],
)
@pytest.mark.parametrize("function", [purereid.rank, purereid.rerank])
def test_features_that_cannot_be_compared(function, query, gallery, options: dict, message: str):
    with pytest.raises(UserError, match=message):
        function(query, gallery, **options)


def test_settings_of_the_re_ranking():
    with pytest.raises(UserError, match="k1 and k2 of 1 or more, and a weight from 0 to 1"):
        purereid.rerank(np.eye(3), np.eye(3), distance_weight=1.5)
