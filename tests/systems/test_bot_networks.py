"""The reID model and its file."""

from pathlib import Path

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
def test_the_file_rebuilds_the_model(tmp_path: Path, extra_class: bool):
    options = OPTIONS | {"extra_class": extra_class}
    model = Encoder(**options)
    _, logits = model.train()(torch.rand(4, 3, 32, 16))
    assert logits.shape == (4, 3 + extra_class)
    save_encoder(tmp_path / "m.safetensors", model)
    again = load_network(tmp_path / "m.safetensors", "encoder")
    images = torch.rand(2, 3, 32, 16)
    with torch.inference_mode():
        torch.testing.assert_close(again.embed(images), model.eval().embed(images))
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


@pytest.mark.parametrize("bnneck", [True, False])
def test_features_are_those_after_the_neck(bnneck: bool):
    model = Encoder(**(OPTIONS | {"bnneck": bnneck})).eval()
    images = torch.rand(3, 3, 32, 16)
    expected = model.pool(images)
    if bnneck:
        (
            model.neck.running_mean.normal_(),
            model.neck.running_var.uniform_(0.5, 2),
            model.neck.weight.data.uniform_(1, 2),
        )
        scale = model.neck.weight / (model.neck.running_var + model.neck.eps).sqrt()
        expected = (expected - model.neck.running_mean) * scale
    torch.testing.assert_close(model.embed(images), expected)
