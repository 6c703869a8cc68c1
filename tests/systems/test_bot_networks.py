"""The reID model and its file."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from purereid.data.transforms import MEAN
from purereid.networks.network_file import load_network
from purereid.systems.bot.networks import Encoder
from saved import save_encoder

SHAPE = {"height": 32, "width": 16, "resizing": "pillow"}
OPTIONS = {"backbone": "resnet_small", "last_stride": 1, "bnneck": True, "pids": [3, 7, 9]} | SHAPE
OPTIONS |= {"extra_class": False}


@pytest.mark.parametrize("extra_class", [False, True])
@pytest.mark.parametrize("more", [{}, {"pooling": "gem", "bottleneck": 5, "embedding": "pooled"}])
def test_the_file_rebuilds_the_model(tmp_path: Path, extra_class: bool, more: dict):
    options = OPTIONS | {"extra_class": extra_class} | more
    model = Encoder(**options)
    _, logits = model.train()(torch.rand(4, 3, 32, 16))
    assert logits.shape == (4, 3 + extra_class)
    save_encoder(tmp_path / "m.safetensors", model)
    again = load_network(tmp_path / "m.safetensors", "encoder")
    images = torch.rand(2, 3, 32, 16)
    with torch.inference_mode():
        embedded = model.eval().embed(images)
        torch.testing.assert_close(again.embed(images), embedded)
        torch.testing.assert_close(again.probabilities(embedded), model.probabilities(embedded))
    assert again.classifier.out_features == 3 + extra_class
    assert again.configuration.items() >= options.items() and again.configuration["mean"] == list(MEAN)
    assert not again.training


def test_neck_is_between_the_metric_feature_and_the_classifier():
    model = Encoder(**OPTIONS).train()
    images = torch.rand(6, 3, 32, 16)
    pooled, logits = model(images)
    neck = (pooled - pooled.mean(0)) / (pooled.var(0, unbiased=False) + 1e-5).sqrt()
    torch.testing.assert_close(logits, neck @ model.classifier.weight.T, rtol=1e-3, atol=1e-5)
    assert not model.neck.bias.requires_grad and model.classifier.bias is None


def test_without_neck_the_classifier_sees_the_pooled_feature():
    model = Encoder(**(OPTIONS | {"bnneck": False})).train()
    pooled, logits = model(torch.rand(2, 3, 32, 16))
    torch.testing.assert_close(logits, pooled @ model.classifier.weight.T)


@pytest.mark.parametrize(
    ("pooling", "slow"),
    [
        ("mean", lambda maps: maps.mean(axis=(2, 3))),
        ("max", lambda maps: maps.max(axis=(2, 3))),
        ("gem", lambda maps: (np.maximum(maps, 1e-6) ** 3).mean(axis=(2, 3)) ** (1 / 3)),
    ],
)
def test_pooling(pooling: str, slow: Callable[[np.ndarray], np.ndarray]):
    model = Encoder(**(OPTIONS | {"pooling": pooling, "embedding": "pooled"})).eval()
    images = torch.rand(3, 3, 32, 16)
    with torch.inference_mode():
        np.testing.assert_allclose(model.embed(images), slow(model.backbone(images).numpy()), rtol=1e-4, atol=1e-6)
    assert any(name == "pooling.p" for name, _ in model.named_parameters()) == (pooling == "gem")


def learnt(model: Encoder) -> Encoder:
    """Any statistics and weights of the neck and of the classifier, in evaluation mode."""
    for norm in (module for module in model.neck.modules() if isinstance(module, torch.nn.BatchNorm1d)):
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
        norm.weight.data.uniform_(1, 2)
    for parameter in model.classifier.parameters():
        parameter.data.normal_()
    return model.eval()


def slow_neck(model: Encoder, x: np.ndarray) -> np.ndarray:
    """What the classifier sees of pooled features, in evaluation."""
    options, neck = model.configuration, model.neck
    if not options["bottleneck"] and not options["bnneck"]:
        return x
    if options["bottleneck"]:
        x, neck = x @ neck.linear.weight.numpy().T + neck.linear.bias.numpy(), neck.norm
    scale = neck.weight.numpy() / np.sqrt(neck.running_var.numpy() + 1e-5)
    x = (x - neck.running_mean.numpy()) * scale + neck.bias.numpy()
    slope = {"none": 1, "relu": 0, "leaky_relu": 0.1}[options["bottleneck_activation"]] if options["bottleneck"] else 1
    return np.where(x > 0, x, slope * x)


NECKS = [
    {"bnneck": True},
    {"bnneck": False},
    *({"bottleneck": 5, "bottleneck_activation": name} for name in ("none", "relu", "leaky_relu")),
]


@pytest.mark.parametrize("embedding", ["neck", "pooled"])
@pytest.mark.parametrize("neck", NECKS, ids=str)
@torch.inference_mode()
def test_embeddings_and_probabilities(neck: dict, embedding: str):
    model = learnt(Encoder(**(OPTIONS | neck | {"embedding": embedding})))
    images = torch.rand(3, 3, 32, 16)
    pooled = model.backbone(images).mean(dim=(2, 3)).numpy()
    seen, weights = slow_neck(model, pooled), model.classifier.weight.numpy()
    bias = model.classifier.bias.numpy() if neck.get("bottleneck") else 0
    logits = seen @ weights.T + bias
    found = model.embed(images)
    np.testing.assert_allclose(found, seen if embedding == "neck" else pooled, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(model(images)[0], pooled, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(model(images)[1], logits, rtol=1e-3, atol=1e-3)
    likely = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.probabilities(found), likely, rtol=1e-2, atol=1e-4)
    assert (model.classifier.bias is not None) == bool(neck.get("bottleneck"))


@torch.inference_mode()
def test_the_bottleneck_drops_what_the_classifier_sees_in_training():
    model = Encoder(**(OPTIONS | {"pids": list(range(64)), "bottleneck": 64, "bottleneck_dropout": 0.25}))
    torch.nn.init.eye_(model.classifier.weight)
    torch.nn.init.constant_(model.classifier.bias, 3.0)
    pooled, logits = model.train()(torch.rand(8, 3, 32, 16))
    kept = logits != 3
    whole = model.neck.activation(model.neck.feature(pooled))
    assert 0.65 < kept.float().mean() < 0.85
    torch.testing.assert_close(logits[kept], (3 + whole / 0.75)[kept])


def test_views_count_alike():
    model = Encoder(**OPTIONS)
    first, second = torch.tensor([[3.0, 0.0], [0.0, 1.0]]), torch.tensor([[0.0, 1.0], [0.0, 5.0]])
    torch.testing.assert_close(model.combine([first, second]), torch.tensor([[0.5**0.5, 0.5**0.5], [0.0, 1.0]]))
    torch.testing.assert_close(model.combine([first]), torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
