"""Backbones: parameter counts, strides, what images they take, errors."""

import sys

import pytest
import torch

from purereid.errors import UserError
from purereid.networks.backbones import build_backbone, pixel_statistics
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


@pytest.mark.parametrize("name", ["resnet18", "densenet121"])
def test_pooled_maps_are_torchvisions_own_features(name: str):
    network, _ = build_backbone(name, 2)
    original = getattr(torchvision.models, name)(weights=None).eval()
    original.load_state_dict(network.state_dict(), strict=False)
    setattr(original, "classifier" if name == "densenet121" else "fc", torch.nn.Identity())
    images = torch.rand(2, 3, 64, 32)
    with torch.inference_mode():
        torch.testing.assert_close(network.eval()(images).mean(dim=(2, 3)), original(images))


@pytest.mark.parametrize(("last_stride", "shape"), [(1, (8, 4)), (2, (4, 2))])
def test_resnet_small(last_stride: int, shape: tuple[int, int]):
    network, width = build_backbone("resnet_small", last_stride)
    assert network(torch.rand(2, 3, 64, 32)).shape == (2, width, *shape)
    assert 290_000 < sum(p.numel() for p in network.parameters()) < 320_000


@pytest.mark.parametrize("name", ["resnet_small", "resnet50", "densenet121", "colour_histogram"])
def test_backbones_that_are_not_of_timm_see_images_normalised_as_for_imagenet(name: str):
    assert pixel_statistics(name) == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@pytest.mark.parametrize("asked", [build_backbone, pixel_statistics])
def test_unknown_backbone_is_told(asked):
    with pytest.raises(UserError, match=r"unknown backbone 'resnet5'[\s\S]*resnet_small, [\s\S]*resnet18"):
        asked("resnet5")


@pytest.mark.parametrize("asked", [build_backbone, pixel_statistics])
def test_timm_is_an_extra(asked, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "timm", None)  # as if it were not installed
    with pytest.raises(UserError, match=r"needs the package timm[\s\S]*pip install timm"):
        asked("timm:osnet_x0_25")
