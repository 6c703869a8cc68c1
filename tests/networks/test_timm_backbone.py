"""Models of timm as backbones: maps and pooled features against timm's own, sizes, statistics, errors."""

from functools import cache

import pytest
import torch

import purereid.vision  # noqa: F401 (timm imports torchvision)
from purereid.errors import UserError
from purereid.networks.backbones import build_backbone, pixel_statistics

timm = pytest.importorskip("timm")

MODELS = {  # and their map of an image of 64 x 32, or 56 x 28
    "test_vit": (4, 2),  # class token
    "test_vit2": (4, 2),  # the mean, then a norm
    "test_vit3": (4, 2),  # attention
    "vit_small_patch14_reg4_dinov2": (4, 2),  # registers
    "swin_tiny_patch4_window7_224": (2, 1),  # windows, channels last
    "test_convnext": (2, 1),  # convolutions, the mean, then a norm
    "test_resnet": (2, 1),  # convolutions, then the mean
}


def size_for(name: str) -> tuple[int, int]:
    return (56, 28) if "patch14" in name else (64, 32)


@cache
def built(name: str, own_pooling: bool) -> tuple[torch.nn.Module, int, torch.Tensor]:
    """A backbone with random weights, its D, and two images for it."""
    height, width = size_for(name)
    torch.manual_seed(0)
    network, features = build_backbone(f"timm:{name}", 1, height, width, own_pooling=own_pooling)
    return network, features, torch.rand(2, 3, height, width)


def original(name: str, backbone: torch.nn.Module) -> torch.nn.Module:
    """timm's model with its own pooling and the backbone's weights."""
    size = {"img_size": size_for(name)} if "vit" in name or "swin" in name else {}
    model = timm.create_model(name, num_classes=0, **size)
    missing, unknown = model.load_state_dict(backbone.network.state_dict(), strict=False)
    assert unknown == [] and all(name.startswith("attn_pool.") for name in missing)
    return model.eval()


@pytest.mark.parametrize("name", MODELS)
def test_own_pooling_is_timms(name: str):
    network, width, images = built(name, own_pooling=True)
    with torch.inference_mode():
        pooled = network.eval()(images)
        torch.testing.assert_close(pooled, original(name, network)(images))
    assert pooled.shape == (2, width)


@pytest.mark.parametrize("name", MODELS)
def test_map_has_the_places_of_timms_last_features(name: str):
    network, width, images = built(name, own_pooling=False)
    model = original(name, network)
    with torch.inference_mode():
        maps = network.eval()(images)
        expected = model.forward_intermediates(images, 1, norm=True, intermediates_only=True)[-1]
        if name == "test_convnext":
            expected = model.head.norm(expected)
        if name == "test_vit2":
            expected = model.fc_norm(expected.movedim(1, 3)).movedim(3, 1)
    assert maps.shape == (2, width, *MODELS[name])
    torch.testing.assert_close(maps, expected)


@pytest.mark.parametrize("own_pooling", [True, False])
@pytest.mark.parametrize("name", MODELS)
def test_every_parameter_learns(name: str, own_pooling: bool):
    network, _, images = built(name, own_pooling)
    network.train()(images).square().sum().backward()
    assert [name for name, parameter in network.named_parameters() if parameter.grad is None] == []


def test_class_token_and_map_are_different_features():
    (token, _, images), (maps, _, _) = (built("test_vit", own_pooling) for own_pooling in (True, False))
    with torch.inference_mode():
        assert not torch.allclose(token.eval()(images), maps.eval()(images).mean(dim=(2, 3)), atol=1e-2)


@pytest.mark.parametrize(
    ("name", "mean", "std"),
    [
        ("vit_base_patch16_224", (0.5,) * 3, (0.5,) * 3),
        ("vit_base_patch16_224.dino", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ("swin_tiny_patch4_window7_224", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ("vit_base_patch16_clip_224.openai", (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
    ],
)
def test_pixel_statistics_are_those_of_the_published_weights(name: str, mean: tuple, std: tuple):
    assert pixel_statistics(f"timm:{name}") == (mean, std)


@pytest.mark.parametrize("asked", [build_backbone, pixel_statistics])
@pytest.mark.parametrize("name", ["vit_tinny", "vit_tiny_patch16_224.no_such_tag", "hf-hub:timm/resnet18", ""])
def test_unknown_model_is_told(asked, name: str):
    with pytest.raises(UserError, match=f"timm has no model '{name}'"):
        asked(f"timm:{name}")


@pytest.mark.parametrize(
    ("name", "size", "advice"),
    [
        ("vit_small_patch14_dinov2", (256, 128), "height to 252 or 266 and width to 126 or 140"),
        ("vit_tiny_patch16_224", (256, 120), "set width to 112 or 128"),
        ("vit_tiny_patch16_224", (12, 32), "set height to 16"),
    ],
)
def test_size_that_patches_do_not_fill_is_told(name: str, size: tuple[int, int], advice: str):
    with pytest.raises(UserError, match=advice):
        build_backbone(f"timm:{name}", 1, *size)


def test_model_for_square_images_is_told():
    with pytest.raises(UserError, match=r"convit_tiny does not take images of 64 x 32[\s\S]*another size"):
        build_backbone("timm:convit_tiny", 1, 64, 32)


@pytest.mark.parametrize("name", ["deit_tiny_distilled_patch16_224", "efficientvit_b0"])
def test_model_without_a_map_is_told_and_pools(name: str):
    with pytest.raises(UserError, match="has no feature map"):
        build_backbone(f"timm:{name}", 1, 64, 32)
    network, width = build_backbone(f"timm:{name}", 1, 64, 32, own_pooling=True)
    with torch.inference_mode():
        assert network.eval()(torch.rand(2, 3, 64, 32)).shape == (2, width)
