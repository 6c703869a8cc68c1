"""Encoders for use elsewhere: the ONNX model computes the encoder's features, the .mat holds them."""

import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from scipy.io import loadmat

from purereid.data import mat_features
from purereid.data.features import write_features
from purereid.data.index import read_index
from purereid.data.mat_features import write_mat_features
from purereid.errors import UserError
from purereid.networks import onnx_model as module
from purereid.networks.network_file import load_network
from purereid.networks.onnx_model import onnx_model, session
from purereid.networks.registry import network_class
from purereid.reid import export_encoder as rule
from purereid.reid.export_encoder import export_encoder

SHAPE = {"backbone": "resnet_small", "last_stride": 1, "height": 32, "width": 16, "pids": [1, 2, 3]}
ENCODERS = [
    ("bot", {"backbone": "colour_histogram"}),
    ("pcb", {"parts": 2, "part_width": 8}),
    ("fdgan", {}),
    ("dgnet", {"bottleneck": 8}),
    ("san", {"bottleneck": 8, "bottleneck_activation": "relu"}),
]


def export(people, folder: Path) -> dict:
    rows = read_index(people.index)
    rows = rows[rows["split"].isin(["query", "gallery"])]
    features = np.random.default_rng(0).normal(size=(len(rows), 4)).astype(np.float32)
    write_features(folder / "f.parquet", rows["image"].tolist(), features)
    files = {"index": people.index, "encoder": people.encoder, "features": [folder / "f.parquet"]}
    outputs = {"onnx": folder / "e.onnx", "mat": folder / "f.mat", "about": folder / "e.json"}
    export_encoder(**files, **outputs, images=5, flip=True, network={}, threads=1)
    return {"rows": rows, "features": features, **outputs}


def views(encoder: torch.nn.Module, images: np.ndarray) -> list[torch.Tensor]:
    """What an encoder knows of images uint8 [N, H, W, 3] and of their mirror images, float32 [N, D] each."""
    mean, std = (np.array(encoder.configuration[name], np.float32) for name in ("mean", "std"))
    with torch.inference_mode():
        inputs = [
            ((view / np.float32(255) - mean) / std).transpose(0, 3, 1, 2) for view in (images, images[:, :, ::-1])
        ]
        return [encoder.embed(torch.from_numpy(np.ascontiguousarray(view))) for view in inputs]


def of_length_one(features: np.ndarray) -> np.ndarray:
    return features / np.linalg.norm(features, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def made(people, tmp_path_factory: pytest.TempPathFactory) -> dict:
    return export(people, tmp_path_factory.mktemp("export"))


def test_the_model_gives_the_features_of_the_encoder(people, made: dict):
    model = session(made["onnx"].read_bytes(), 1)
    pictures = [cv2.imread(path)[:, :, ::-1] for path in made["rows"]["path"]]
    images = np.stack([cv2.resize(each, (16, 32), interpolation=cv2.INTER_AREA) for each in pictures])
    plain, mirrored = (of_length_one(view.numpy()) for view in views(load_network(people.encoder, "encoder"), images))
    expected = of_length_one(plain + mirrored)
    for count in (1, 3, len(images)):
        (found,) = model.run(["features"], {"images": images[:count]})
        assert found.dtype == np.float32 and np.abs(found - expected[:count]).max() < 1e-5
    about = json.loads(made["about"].read_text())
    assert about["largest_difference"] < 1e-5 and about["images"] == 5
    assert set(about["images_per_second"]["1"]) == {"torch", "onnxruntime"}
    assert model.get_modelmeta().custom_metadata_map == {"encoder": about["encoder"], "resizing": "opencv"}


def test_the_mat_file_holds_the_test_set(made: dict):
    found, rows = loadmat(made["mat"]), made["rows"]
    for split in ("query", "gallery"):
        chosen = (rows["split"] == split).to_numpy()
        assert chosen.any()
        assert np.allclose(found[f"{split}_f"], of_length_one(made["features"][chosen]), atol=1e-6)
        assert found[f"{split}_label"].tolist() == [rows["pid"][chosen].tolist()]
        assert found[f"{split}_cam"].tolist() == [(rows["camid"][chosen] + 1).tolist()]


def test_a_gallery_that_no_mat_file_holds_is_told(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(mat_features, "LARGEST", 100)
    rows = pd.DataFrame({"split": ["query", "gallery"], "pid": 1, "camid": [0, 1]})
    with pytest.raises(UserError, match="less than 4 GiB"):
        write_mat_features(tmp_path / "f.mat", rows, np.ones((2, 50), np.float32))
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_equal_encoders_give_equal_bytes(people, tmp_path: Path):
    (tmp_path / "again").mkdir()
    made, other = export(people, tmp_path), export(people, tmp_path / "again")
    assert made["mat"].read_bytes() == other["mat"].read_bytes()
    assert made["onnx"].read_bytes() == other["onnx"].read_bytes()
    assert str(Path(module.__file__).parent).encode() not in made["onnx"].read_bytes()


@pytest.mark.slow
def test_a_model_that_differs_is_refused(people, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(rule, "onnx_model", lambda encoder, flip, about: onnx_model(encoder, flip=False, about=about))
    with pytest.raises(UserError, match="features of the model differ from those of the encoder by up to"):
        export(people, tmp_path)
    assert not (tmp_path / "e.onnx").exists()


@pytest.mark.parametrize("missing", ["onnxscript", "onnxruntime"])
def test_missing_libraries_are_named(people, tmp_path: Path, monkeypatch, missing: str):
    known = module.find_spec
    monkeypatch.setattr(module, "find_spec", lambda name: None if name == missing else known(name))
    with pytest.raises(UserError, match=rf"not installed: {missing}(.|\n)*pip install {missing}"):
        export(people, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("system", "own"), ENCODERS)
@pytest.mark.parametrize("flip", [True, False])
def test_encoders_of_all_systems_can_be_exported(system: str, own: dict, flip: bool):
    torch.manual_seed(0)
    encoder = network_class(system, "encoder")(**SHAPE | own).eval()
    model = session(onnx_model(encoder, flip=flip, about={}), 1)
    images = np.random.default_rng(0).integers(0, 256, (3, 32, 16, 3), dtype=np.uint8)
    expected = of_length_one(encoder.combine(views(encoder, images)[: 1 + flip]).numpy())
    assert np.abs(model.run(["features"], {"images": images})[0] - expected).max() < 1e-5
