"""Backbones: parameter counts, strides, weights from files, errors."""

import hashlib
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from purereid.errors import UserError
from purereid.networks.backbones import build_backbone, load_pretrained
from purereid.vision import torchvision

PARAMETERS = {  # of the torchvision models without their classifiers
    "resnet18": 11_176_512,
    "resnet34": 21_284_672,
    "resnet50": 23_508_032,
    "resnet101": 42_500_160,
    "densenet121": 6_953_856,
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_torchvision_backbones(name: str):
    for last_stride, shape in ((1, (4, 2)), (2, (2, 1))):
        network, width = build_backbone(name, last_stride)
        with torch.inference_mode():
            maps = network.eval()(torch.rand(1, 3, 64, 32))
        assert maps.shape == (1, width, *shape)
        assert maps.min() >= 0
        assert sum(p.numel() for p in network.parameters()) == PARAMETERS[name]


def test_resnet_equals_torchvisions_own():
    network, _ = build_backbone("resnet18", 2)
    original = torchvision.models.resnet18(weights=None)
    original.load_state_dict(network.state_dict(), strict=False)
    images = torch.rand(2, 3, 64, 32)
    with torch.inference_mode():
        pooled = torch.nn.Sequential(*list(original.eval().children())[:-1])(images).flatten(1)
        torch.testing.assert_close(network.eval()(images).mean(dim=(2, 3)), pooled)


@pytest.mark.parametrize(("last_stride", "shape"), [(1, (8, 4)), (2, (4, 2))])
def test_resnet_small(last_stride: int, shape: tuple[int, int]):
    network, width = build_backbone("resnet_small", last_stride)
    assert network(torch.rand(2, 3, 64, 32)).shape == (2, width, *shape)
    assert 290_000 < sum(p.numel() for p in network.parameters()) < 320_000


def test_unknown_backbone_is_told():
    with pytest.raises(UserError, match=r"unknown backbone 'resnet5'[\s\S]*resnet_small, resnet18"):
        build_backbone("resnet5")


def test_timm_is_an_extra():
    try:
        import timm  # noqa: F401
    except ImportError:
        with pytest.raises(UserError, match=r"needs the package timm[\s\S]*pip install timm"):
            build_backbone("timm:osnet_x0_25")
    else:
        network, width = build_backbone("timm:resnet10t")
        assert network(torch.rand(2, 3, 64, 32)).shape == (2, width)


def weights_file(path: Path, name: str) -> str:
    model = getattr(torchvision.models, name)(weights=None)
    save_file(model.state_dict(), path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", ["resnet18", "densenet121"])
def test_weights_of_a_whole_torchvision_model_are_taken(tmp_path: Path, name: str):
    checksum = weights_file(tmp_path / "w.safetensors", name)
    network, _ = build_backbone(name)
    before = next(network.parameters()).clone()
    load_pretrained(network, str(tmp_path / "w.safetensors"), checksum)
    assert not torch.equal(before, next(network.parameters()))


def test_wrong_weights_are_told(tmp_path: Path):
    path = tmp_path / "w.safetensors"
    checksum = weights_file(path, "resnet18")
    with pytest.raises(UserError, match=rf"another checksum[\s\S]*set train_reid.weights_sha256 to {checksum}"):
        load_pretrained(build_backbone("resnet18")[0], str(path), "0" * 64)
    with pytest.raises(UserError, match=r"weights are of another network: \d+ tensors missing"):
        load_pretrained(build_backbone("resnet34")[0], str(path), checksum)
    with pytest.raises(UserError, match="cannot be read: No such file"):
        load_pretrained(build_backbone("resnet18")[0], str(tmp_path / "none"), checksum)
    path.write_bytes(b"PK\x03\x04 a pickled file")
    with pytest.raises(UserError, match=r"not readable[\s\S]*pickled \.pth files are not loaded"):
        load_pretrained(build_backbone("resnet18")[0], str(path), hashlib.sha256(path.read_bytes()).hexdigest())
