"""Features: what is in them, in which order, and that blocks do not matter."""

from pathlib import Path

import numpy as np
import pytest
import torch

from purereid.data.features import read_encoder, read_features
from purereid.data.images import load_images
from purereid.data.index import read_index
from purereid.data.transforms import normalise
from purereid.digests.values import file_digest
from purereid.errors import UserError
from purereid.networks.network_file import load_network
from purereid.reid.extract import encode, extract_features, views_of
from purereid.systems.bot.networks import Encoder
from saved import save_encoder


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    model = Encoder(backbone="resnet_small", last_stride=1, bnneck=True, pids=[0, 2], height=32, width=16)
    model.train()(torch.rand(8, 3, 32, 16))
    path = tmp_path / "encoder.safetensors"
    save_encoder(path, model)
    return path


def extract(index: Path, encoder: Path, path: Path, **options: object) -> tuple[list[str], np.ndarray]:
    settings = {"splits": ["query", "gallery"], "flip": True, "batch": 8, "precision": "fp32", "shard": 0, "shards": 1}
    settings |= options
    extract_features(index=index, encoder=encoder, features=path, **settings)
    return read_features(path)


def test_rows_are_the_test_images_in_index_order(index: Path, encoder: Path, tmp_path: Path):
    images, features = extract(index, encoder, tmp_path / "f.parquet")
    table = read_index(index)
    assert images == table.loc[table["split"].isin(["query", "gallery"]), "image"].tolist()
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, atol=1e-5)


def test_flip_test_adds_the_mirror_image(index: Path, encoder: Path, tmp_path: Path):
    _, features = extract(index, encoder, tmp_path / "f.parquet")
    table = read_index(index)
    path = table.loc[table["split"] == "query", "path"].iloc[0]
    image = normalise(load_images([path], 32, 16))
    model = load_network(encoder, "encoder")
    with torch.inference_mode():
        both = sum(torch.nn.functional.normalize(model.embed(view)) for view in (image, image.flip(3)))
    np.testing.assert_allclose(features[0], (both / both.norm())[0].numpy(), atol=1e-5)
    _, plain = extract(index, encoder, tmp_path / "g.parquet", flip=False)
    assert np.abs(plain - features).max() > 1e-4


def test_an_encoder_can_be_rebuilt_otherwise(index: Path, encoder: Path, tmp_path: Path):
    _, features = extract(index, encoder, tmp_path / "f.parquet", flip=False, network={"embedding": "pooled"})
    assert load_network(encoder, "encoder", embedding="pooled").configuration["embedding"] == "pooled"
    _, neck = extract(index, encoder, tmp_path / "g.parquet", flip=False, network={})
    assert np.abs(features - neck).max() > 1e-3 and (features >= 0).all()  # before the batch normalisation


def test_images_are_stretched_as_in_the_training(index: Path, encoder: Path, tmp_path: Path):
    _, features = extract(index, encoder, tmp_path / "f.parquet", flip=False)
    model = load_network(encoder, "encoder")
    model.configuration["resizing"] = "pillow"
    save_encoder(encoder, model)
    images, found = extract(index, encoder, tmp_path / "g.parquet", flip=False)
    path = read_index(index).set_index("image").loc[images[0], "path"]
    with torch.inference_mode():
        expected = model.embed(normalise(load_images([path], 32, 16, resizing="pillow")))[0]
    np.testing.assert_allclose(found[0], expected / expected.norm(), atol=1e-5)
    assert np.abs(found - features).max() > 1e-4


def test_batch_size_does_not_matter_and_bytes_repeat(index: Path, encoder: Path, tmp_path: Path):
    _, one = extract(index, encoder, tmp_path / "a.parquet")
    _, two = extract(index, encoder, tmp_path / "b.parquet", batch=5)
    np.testing.assert_allclose(one, two, atol=1e-5)
    extract(index, encoder, tmp_path / "c.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "c.parquet").read_bytes()


def test_shards_hold_the_features_of_one_job(index: Path, encoder: Path, tmp_path: Path):
    images, features = extract(index, encoder, tmp_path / "one.parquet")
    shards = [tmp_path / f"{shard}-of-3.parquet" for shard in range(3)]
    for shard, path in enumerate(shards):
        extract(index, encoder, path, shard=shard, shards=3)
    found, values = read_features(shards)
    assert found == images and len(read_features(shards[0])[0]) == len(images) // 3
    np.testing.assert_allclose(values, features, atol=1e-6, rtol=0)
    assert read_encoder(shards) == file_digest(encoder)


def test_more_shards_than_images_are_told(index: Path, encoder: Path, tmp_path: Path):
    with pytest.raises(UserError, match=r"4 images are to be shared by 5 job(.|\n)*extract_features\.shards"):
        extract(index, encoder, tmp_path / "f.parquet", splits=["query"], shards=5)
    assert not (tmp_path / "f.parquet").exists()


def test_encoding_files_is_what_extraction_writes(index: Path, encoder: Path, tmp_path: Path):
    images, features = extract(index, encoder, tmp_path / "f.parquet")
    paths = read_index(index).set_index("image").loc[images[::-1], "path"].tolist()
    found = encode(load_network(encoder, "encoder"), paths, flip=True, batch=7, precision="fp32", threads=2)
    np.testing.assert_allclose(found, features[::-1], atol=1e-5)
    assert found.dtype == np.float32


def test_views_are_image_and_mirror_image_as_the_classifier_sees_them(encoder: Path):
    images = torch.randint(256, (3, 3, 32, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    model = load_network(encoder, "encoder")
    with torch.inference_mode():
        (plain,), both = (views_of(model, images, flip) for flip in (False, True))
        mirrored = views_of(model, images.flip(3), False)[0]
        _, logits = model(normalise(images))
        torch.testing.assert_close(model.classifier(plain), logits)
    torch.testing.assert_close(both, [plain, mirrored])
    assert not torch.allclose(plain, mirrored)


def test_views_count_alike_whatever_their_length(encoder: Path):
    views = [torch.tensor([[3.0, 0.0], [1.0, 0.0]]), torch.tensor([[0.0, 5.0], [0.0, 9.0]])]
    combine = load_network(encoder, "encoder").combine
    torch.testing.assert_close(combine(views), torch.full((2, 2), 0.5**0.5))
    torch.testing.assert_close(combine(views[:1]), torch.tensor([[1.0, 0.0], [1.0, 0.0]]))


def test_a_missing_gpu_is_told(index: Path, encoder: Path, tmp_path: Path):
    with pytest.raises(UserError, match=r"99 GPU\(s\) asked for"):
        extract(index, encoder, tmp_path / "f.parquet", gpus=99)
