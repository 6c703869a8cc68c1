"""In what weights differ from those of a network: each kind, in words, without building or loading."""

import pytest
import torch

from purereid.networks.weights_compared import difference
from purereid.vision import torchvision


def state(name: str, **options) -> dict[str, torch.Tensor]:
    """Names and shapes of a model of torchvision or timm."""
    with torch.device("meta"):
        if hasattr(torchvision.models, name):
            return getattr(torchvision.models, name)(weights=None, **options).state_dict()
        return pytest.importorskip("timm").create_model(name, **options).state_dict()


@pytest.mark.parametrize(
    ("known", "found", "facts"),
    [
        ("resnet18", "resnet34", ["a deeper network", "they have layer1.2, layer2.2, layer2.3 and 5 more"]),
        ("resnet34", "resnet18", ["a shallower network", "they lack layer1.2, layer2.2, layer2.3 and 5 more"]),
        ("resnet18", "resnet50", ["a deeper network", "layer1.0.conv1.weight is 64 x 64 x 1 x 1 instead of 64 x 64 x"]),
        ("resnet50", "resnet18", ["a shallower network", "layer1.0.conv3"]),
        ("resnet50", "resnet101", ["a deeper network", "they have layer3.6, layer3.7, layer3.8 and 14 more"]),
        ("densenet121", "densenet169", ["a deeper network", "features.denseblock3.denselayer25"]),
        ("resnet50", "wide_resnet50_2", ["a wider network", "is 128 x 64 x 1 x 1 instead of 64 x 64 x 1 x 1"]),
        ("wide_resnet50_2", "resnet50", ["a narrower network", "is 64 x 64 x 1 x 1 instead of 128 x 64 x 1 x 1"]),
        ("resnet50", "resnext50_32x4d", ["another network", "layer1.0.conv1.weight is 128 x 64 x 1 x 1"]),
        ("resnet18", "densenet121", ["another network", "they have features", "they lack bn1, conv1, fc and 4 more"]),
        ("vit_tiny_patch16_224", "vit_small_patch16_224", ["a wider network", "cls_token is 1 x 1 x 384 instead of"]),
    ],
)
def test_another_network_is_told_by_depth_width_or_neither(known: str, found: str, facts: list[str]):
    text = difference(state(known), state(found))
    assert [fact for fact in facts if fact not in text] == [], text


@pytest.mark.parametrize(
    ("options", "facts"),
    [
        ({"depth": 13}, ["a deeper network", "they have blocks.12,"]),
        ({"depth": 11}, ["a shallower network", "they lack blocks.11"]),
        ({"embed_dim": 96}, ["a narrower network", "cls_token is 1 x 1 x 96"]),
        ({"img_size": (96, 64)}, ["another input size", "pos_embed is 1 x 25 x 192"]),
        ({"patch_size": 32}, ["another network", "pos_embed is 1 x 50 x 192 instead of 1 x 197 x 192 and 1 more"]),
        ({"class_token": False, "global_pool": "avg"}, ["another network", "they lack cls_token"]),
    ],
)
def test_another_variant_of_a_transformer_is_told(options: dict, facts: list[str]):
    text = difference(state("vit_tiny_patch16_224"), state("vit_tiny_patch16_224", **options))
    assert [fact for fact in facts if fact not in text] == [], text


def test_a_few_tensors_too_few_or_too_many_are_not_called_depth():
    whole = state("resnet18")
    less = {name: tensor for name, tensor in whole.items() if not name.startswith("layer3.0.bn1.")}
    assert difference(whole, less) == "another network: they lack layer3.0.bn1"
    assert difference(less, whole) == "another network: they have layer3.0.bn1, which the backbone lacks"


def test_classifiers_and_missing_counters_do_not_count():
    whole = state("resnet18")
    backbone = {name: tensor for name, tensor in whole.items() if not name.startswith("fc.")}
    assert difference(backbone, whole) == ""
    assert difference(backbone, {name: t for name, t in backbone.items() if "num_batches" not in name}) == ""
    assert "they lack fc" in difference(whole, backbone)
