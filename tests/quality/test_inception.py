"""The Inception network of FID: structure, preparation and loading, with random weights."""

import hashlib
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional

from purereid.errors import UserError
from purereid.quality.inception import Inception, load_inception
from purereid.vision import torchvision


@pytest.fixture(scope="module")
def network() -> Inception:
    """Weights such that signals neither vanish nor explode."""
    torch.manual_seed(0)
    network = Inception().eval()
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)
    return network


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randint(0, 256, (2, 3, 64, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


def checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_parameters_are_torchvisions_but_for_the_classes(network: Inception):
    original = torchvision.models.inception_v3(num_classes=1008, aux_logits=False, init_weights=False).state_dict()
    assert {name: tensor.shape for name, tensor in network.state_dict().items()} == {
        name: tensor.shape for name, tensor in original.items()
    }
    published = 27_161_264  # of torchvision's Inception v3 with 1000 classes and an auxiliary classifier
    auxiliary = 768 * 128 + 2 * 128 + 128 * 768 * 25 + 2 * 768 + 769 * 1000
    assert sum(p.numel() for p in network.parameters()) == published - auxiliary + 8 * 2049
    assert network.fc.weight.shape == (1008, 2048)


def test_features_are_those_of_the_published_structure(
    network: Inception, images: torch.Tensor, monkeypatch: pytest.MonkeyPatch
):
    """Torchvision's own network with its average pools exchanged: eight without padding, the last takes maxima."""
    original = torchvision.models.inception_v3(num_classes=1008, aux_logits=False, init_weights=False).eval()
    original.load_state_dict(network.state_dict())
    original.fc = torch.nn.Identity()
    pools = []

    def pool(x: torch.Tensor, **settings: int) -> torch.Tensor:
        pools.append(settings)
        if len(pools) == 9:
            return functional.max_pool2d(x, **settings)
        return functional.avg_pool2d(x, **settings, count_include_pad=False)

    x = functional.interpolate(images / 255, (299, 299), mode="bilinear", align_corners=False, antialias=False)
    found = network.features(images)
    unchanged = original(2 * x - 1).detach()
    names = ("max_pool2d", "relu", "adaptive_avg_pool2d")
    others = {name: getattr(functional, name) for name in names}
    monkeypatch.setattr(torchvision.models.inception, "F", SimpleNamespace(avg_pool2d=pool, **others))
    expected = original(2 * x - 1).detach()
    assert pools == [{"kernel_size": 3, "stride": 1, "padding": 1}] * 9
    assert (found.shape, found.dtype) == ((2, 2048), torch.float32)
    assert found.min() >= 0 and expected.abs().mean() > 1e-3
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))
    assert (found - unchanged).abs().max() > 0.01 * expected.abs().max()


@pytest.mark.parametrize(("block", "width"), [("Mixed_5b", 192), ("Mixed_6b", 768), ("Mixed_7b", 1280)])
def test_average_pools_leave_the_padding_out(network: Inception, block: str, width: int):
    """The mean of each pixel and its neighbours inside the image, summed by hand."""
    x = torch.rand(1, width, 4, 5)
    means = torch.empty_like(x)
    for row in range(4):
        for column in range(5):
            means[..., row, column] = x[..., max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].mean((2, 3))
    stage = getattr(network, block)
    with torch.inference_mode():
        expected = stage.branch_pool(means)
        torch.testing.assert_close(stage(x)[:, -expected.shape[1] :], expected, rtol=1e-4, atol=1e-5)


def test_logits_have_no_bias(network: Inception):
    features = torch.rand(3, 2048)
    found = network.logits(features)
    with torch.inference_mode():
        torch.testing.assert_close(found, network.fc(features) - network.fc.bias, rtol=1e-4, atol=1e-5)
    assert network.fc.bias.abs().max() > 0.01


def test_weights_come_from_a_file(network: Inception, images: torch.Tensor, tmp_path: Path):
    path = tmp_path / "inception.safetensors"
    state = {name: tensor for name, tensor in network.state_dict().items() if "num_batches" not in name}
    save_file(state, path)
    loaded = load_inception(path, checksum(path))
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    assert torch.equal(loaded.features(images[:1]), network.features(images[:1]))


def test_other_weights_are_told(network: Inception, tmp_path: Path):
    path = tmp_path / "w.safetensors"
    imagenet = dict(network.state_dict(), **{"fc.weight": torch.zeros(1000, 2048), "fc.bias": torch.zeros(1000)})
    save_file(imagenet | {"AuxLogits.fc.bias": torch.zeros(1000)}, path)
    with pytest.raises(UserError, match=r"of another network: 3 tensors[\s\S]*AuxLogits\.fc\.bias[\s\S]*1008 classes"):
        load_inception(path, checksum(path))
    with pytest.raises(UserError, match=r"another checksum[\s\S]*set score_images\.inception_weights_sha256 to"):
        load_inception(path, "0" * 64)
    save_file({"fc.weight": torch.zeros(1008, 2048)}, path)
    with pytest.raises(UserError, match=r"of another network: \d{3} tensors missing[\s\S]*Conv2d_1a_3x3\.bn\.bias"):
        load_inception(path, checksum(path))
    with pytest.raises(UserError, match="cannot be read: No such file"):
        load_inception(tmp_path / "none", "0" * 64)
    path.write_bytes(b"PK\x03\x04 a pickled file")
    with pytest.raises(UserError, match=r"not readable[\s\S]*pickled"):
        load_inception(path, checksum(path))
