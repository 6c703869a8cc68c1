"""Features of real and generated training images, and the probability of the intended identity."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from purereid.data.confidence import read_confidence
from purereid.data.features import read_encoder, read_features
from purereid.data.images import load_images
from purereid.data.index import read_index, write_index
from purereid.data.shard_writer import encode, write_shard
from purereid.data.transforms import normalise
from purereid.digests.values import file_digest
from purereid.errors import UserError
from purereid.networks.network_file import load_network
from purereid.purification.embed_generated import embed_generated, label_of, probability
from purereid.systems.bot.networks import Encoder
from saved import save_encoder

PIDS = [0, 2, -1, 6, 4, 2]  # of the generated images
KNOWN = [0, 2, 6]  # identities of the encoder


def write_encoder(path: Path, **options: object) -> Path:
    """An encoder with statistics of its own, which tells its identities clearly apart."""
    torch.manual_seed(0)
    shape = {"last_stride": 1, "bnneck": True, "height": 32, "width": 16}
    model = Encoder(backbone="resnet_small", pids=KNOWN, **(shape | options))
    with torch.no_grad():
        model.train()(torch.rand(8, 3, 32, 16))
        model.classifier.weight.normal_(std=2)
    save_encoder(path, model)
    return path


@pytest.fixture
def both(index: Path) -> Path:
    """The index with generated images, some of nobody, and with a real training image of nobody."""
    names = [f"generated/g/train/{number}.png" for number in range(len(PIDS))]
    pixels = np.random.default_rng(1).integers(0, 256, (len(PIDS), 3, 32, 16), dtype=np.uint8)
    about = {"image": names, "pid": PIDS, "height": 32, "width": 16}
    rest = {"source": "", "pose": "", "injected": "", "seed": range(len(PIDS))}
    write_shard(index.with_name("0.parquet"), pd.DataFrame(about | rest), encode(torch.from_numpy(pixels), "png", 0))
    places = {"path": [f"{index.with_name('0.parquet')}/{name}" for name in names], "split": "train"}
    more = {"camid": -1, "seq": -1, "frame": -1, "sha256": names, "kind": "generated", "dataset": "tiny"}
    real = read_index(index)
    real.loc[real.index[real["split"] == "train"][3], "pid"] = -1
    write_index(pd.concat([real, pd.DataFrame(about | places | more | {"weight": 1.0})]), index.with_name("b.parquet"))
    return index.with_name("b.parquet")


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    return write_encoder(tmp_path / "encoder.safetensors")


@pytest.fixture
def embed(both: Path, encoder: Path, tmp_path: Path):
    """Write both files in a folder of a name."""

    def run(name: str = "out", **changed: object) -> tuple[Path, Path]:
        outputs = {key: tmp_path / name / f"{key}.parquet" for key in ("features", "confidence")}
        settings = {"splits": ["train"], "flip": True, "batch": 4, "precision": "fp32"}
        settings |= {"shard": 0, "shards": 1}
        embed_generated(**({"index": both, "encoder": encoder} | outputs | settings | changed))
        return outputs["features"], outputs["confidence"]

    return run


def by_hand(encoder: Path, path: str, pid: int, flip: bool) -> tuple[np.ndarray, float]:
    """Feature and probability of one image, step by step."""
    model = load_network(encoder, "encoder")
    image = normalise(load_images([path], 32, 16))
    weights, total, chances = model.classifier.weight.detach().numpy().astype(np.float64), 0, []
    for view in [image, image.flip(3)][: 1 + flip]:
        with torch.inference_mode():
            feature = model.embed(view)[0].numpy().astype(np.float64)
        total = total + feature / np.linalg.norm(feature)
        scores = np.exp([row @ feature for row in weights])
        chances.append(scores[KNOWN.index(pid)] / scores.sum() if pid in KNOWN else np.nan)
    return total / np.linalg.norm(total), np.mean(chances)


@pytest.mark.parametrize("flip", [True, False])
def test_features_and_probabilities_by_hand(both: Path, encoder: Path, embed, flip: bool):
    features, confidence = embed(flip=flip)
    images, values = read_features(features)
    found = read_confidence(confidence)
    table = read_index(both).set_index("image")
    for image, value in zip(images, values, strict=True):
        feature, chance = by_hand(encoder, table.loc[image, "path"], table.loc[image, "pid"], flip)
        np.testing.assert_allclose(value, feature, atol=1e-5)
        if image in found:
            np.testing.assert_allclose(found[image], chance, rtol=1e-4)
    assert found.max() - found.min() > 0.05  # no guesses, which would all be 1/3


def test_junk_people_who_are_nobody_and_test_images_are_not_embedded(both: Path, embed):
    features, confidence = embed()
    table = read_index(both)
    wanted = table[(table["split"] == "train") & (table["pid"] >= 0)]
    assert read_features(features)[0] == wanted["image"].tolist() and len(wanted) == 23 + 5
    generated = wanted[wanted["kind"] == "generated"]
    found = read_confidence(confidence)
    assert found.index.tolist() == generated["image"].tolist()
    assert found.isna().tolist() == (generated["pid"] == 4).tolist() and found.isna().sum() == 1


def test_the_file_names_the_encoder(encoder: Path, embed):
    assert read_encoder(embed()[0]) == file_digest(encoder)


def test_bytes_repeat_and_the_batch_does_not_matter(embed):
    first, again, other = embed("a"), embed("b", threads=2), embed("c", batch=64)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    np.testing.assert_allclose(read_features(first[0])[1], read_features(other[0])[1], atol=1e-5)
    np.testing.assert_allclose(read_confidence(first[1]), read_confidence(other[1]), rtol=1e-4)


def test_shards_hold_what_one_job_makes(embed):
    one, shards = embed("one"), [embed(f"{shard}-of-3", shard=shard, shards=3) for shard in range(3)]
    features, confidence = ([made[place] for made in shards] for place in (0, 1))
    (images, values), (found, joined) = read_features(one[0]), read_features(features)
    assert found == images and [len(read_features(path)[0]) for path in features] == [9, 9, 10]
    np.testing.assert_allclose(joined, values, atol=1e-6, rtol=0)
    pd.testing.assert_series_equal(read_confidence(confidence), read_confidence(one[1]), rtol=1e-4)
    assert read_confidence(confidence[-1]).empty  # real images alone


def test_another_classifier_is_asked(embed, tmp_path: Path):
    alone, other = embed("a"), write_encoder(tmp_path / "other.safetensors", last_stride=2)
    both, asked = embed("b", classifier=other), embed("c", encoder=other)
    assert both[0].read_bytes() == alone[0].read_bytes()  # the features stay
    found, expected = read_confidence(both[1]), read_confidence(asked[1])
    pd.testing.assert_series_equal(found, expected, rtol=1e-4)
    assert not np.allclose(found, read_confidence(alone[1]), equal_nan=True)
    assert read_confidence(embed("d", classifier=other, shard=2, shards=3)[1]).empty  # real images alone


def test_an_extra_class_takes_its_share(tmp_path: Path):
    model = load_network(write_encoder(tmp_path / "extra.safetensors", extra_class=True), "encoder")
    view = torch.randn(2, model.classifier.in_features) / 10
    with torch.inference_mode():
        chances = np.stack([probability(model, [view], np.full(2, label)) for label in range(3)])
    scores = np.exp(view.double().numpy() @ model.classifier.weight.detach().double().numpy().T)
    np.testing.assert_allclose(chances.T, scores[:, :3] / scores.sum(axis=1, keepdims=True), rtol=1e-4)
    assert (chances.sum(axis=0) < 0.99).all()


def test_classes_follow_the_encoder_s_order(encoder: Path):
    labels = label_of(load_network(encoder, "encoder"), np.array([6, 0, 4, -1, 2]))
    assert labels.tolist() == [2, 0, -1, -1, 1] and labels.dtype == np.int64


# --- mistakes ---------------------------------------------------------------------------------------------------------


def test_no_generated_images_of_persons_are_told(both: Path, index: Path, embed, tmp_path: Path):
    message = r"there are no generated images with an identity\n[\s\S]*made to show somebody"
    with pytest.raises(UserError, match=message):
        embed(index=index)
    table = read_index(both)
    write_index(table[(table["kind"] != "generated") | (table["pid"] < 0)], tmp_path / "nobody.parquet")
    with pytest.raises(UserError, match=message):
        embed(index=tmp_path / "nobody.parquet")
    assert not (tmp_path / "out").exists()


def test_more_shards_than_images_are_told(embed):
    with pytest.raises(UserError, match=r"28 images are to be shared by 29 job(.|\n)*embed_generated\.shards"):
        embed(shards=29)


def test_an_encoder_that_diverged_is_told(encoder: Path, embed, tmp_path: Path):
    model = load_network(encoder, "encoder")
    torch.nn.init.constant_(model.neck.weight, np.nan)
    save_encoder(tmp_path / "diverged.safetensors", model)
    with pytest.raises(UserError, match="28 features are not a finite number"):
        embed(encoder=tmp_path / "diverged.safetensors")
    assert not list((tmp_path / "out").glob("*"))


def test_a_missing_shard_and_a_missing_gpu_are_told(both: Path, embed):
    with pytest.raises(UserError, match=r"99 GPU\(s\) asked for"):
        embed(gpus=99)
    both.with_name("0.parquet").unlink()
    with pytest.raises(UserError, match="the generated images do not exist"):
        embed()
