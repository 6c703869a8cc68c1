"""What places of two images add to their cosine, for the encoders of all systems."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from purereid.data.transforms import normalise
from purereid.errors import UserError
from purereid.networks.registry import network_class
from purereid.reid.pair_maps import pair_maps

COMMON = {"backbone": "resnet_small", "last_stride": 1, "height": 64, "width": 32, "pids": [1, 2, 3]}
ENCODERS = {
    "bot": ("bot", {}),
    "bot, pooled": ("bot", {"embedding": "pooled"}),
    "bot, gem": ("bot", {"pooling": "gem"}),
    "bot, max and bottleneck": ("bot", {"pooling": "max", "bottleneck": 8}),
    "pcb": ("pcb", {"parts": 4}),
    "fdgan": ("fdgan", {}),
    "dgnet": ("dgnet", {"bottleneck": 8}),
    "dgnet, fine half alone": ("dgnet", {"bottleneck": 8, "fine_weight": -1}),
    "san": ("san", {"bottleneck": 8, "bottleneck_activation": "relu", "bnneck": False}),
}


def encoder_of(name: str) -> nn.Module:
    """An encoder whose normalisations have seen images."""
    system, own = ENCODERS[name]
    torch.manual_seed(0)
    encoder = network_class(system, "encoder")(**own, **COMMON)
    with torch.no_grad():
        for module in encoder.modules():
            if isinstance(module, nn.BatchNorm1d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 2)
                module.weight.uniform_(0.5, 2)
    return encoder.eval()


def pictures(count: int = 3) -> torch.Tensor:
    return torch.randint(0, 256, (count, 3, 64, 32), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)


class Given(nn.Module):
    """A backbone that yields given maps."""

    def __init__(self, maps: torch.Tensor):
        super().__init__()
        self.maps = maps

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.maps


@pytest.mark.parametrize("name", ENCODERS)
def test_places_sum_up_to_the_cosine(name: str):
    encoder, images = encoder_of(name), pictures()
    maps, cosines = pair_maps(encoder, images)
    features = functional.normalize(encoder.combine([encoder.embed(normalise(images))]), dim=1)
    expected = (features[1:] @ features[0]).numpy()
    assert maps.shape == (3, 8, 4) and maps.std() > 1e-4
    np.testing.assert_allclose(cosines, expected, atol=1e-5)
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), [expected.mean(), *expected], atol=1e-4)


def of_mean(encoder: nn.Module, cells: torch.Tensor, other: torch.Tensor, place: tuple[int, int]) -> float:
    """The neck's feature of one cell, times the feature of the other image, as a share of the mean."""
    whole, there = (encoder.neck(each[None])[0] for each in (cells.mean(dim=(1, 2)), cells[:, *place]))
    return float(there @ other / whole.norm() / cells[0].numel())


def of_maximum(encoder: nn.Module, cells: torch.Tensor, other: torch.Tensor, place: tuple[int, int]) -> float:
    """What the channels add that are largest there; the neck is left out."""
    largest = cells.amax(dim=(1, 2))
    there = torch.where(cells[:, *place] == largest, largest, 0)
    return float(there @ other / largest.norm())


@pytest.mark.parametrize(
    ("own", "loop"), [({}, of_mean), ({"pooling": "max", "embedding": "pooled"}, of_maximum)], ids=["mean", "max"]
)
def test_a_place_adds_what_its_own_feature_has_of_the_other_image(own: dict, loop: Callable, monkeypatch):
    monkeypatch.setitem(ENCODERS, "mine", ("bot", own))
    encoder, images = encoder_of("mine"), pictures()
    with torch.no_grad():
        cells = encoder.backbone(normalise(images))
        features = functional.normalize(encoder.embed(normalise(images)), dim=1)
        others = [features[1:].mean(dim=0), features[0], features[0]]
        expected = [
            [[loop(encoder, each, other, (y, x)) for x in range(4)] for y in range(8)]
            for each, other in zip(cells, others, strict=True)
        ]
    maps, _ = pair_maps(encoder, images)
    np.testing.assert_allclose(maps, expected, atol=1e-5)


@pytest.mark.parametrize("name", ENCODERS)
def test_a_map_peaks_where_a_planted_feature_lies(name: str):
    encoder = encoder_of(name)
    draws = torch.Generator().manual_seed(2)
    maps = torch.rand(2, encoder.features, 8, 4, generator=draws) * 0.1
    places = [(1, 2), (1, 0)]  # in the same stripe of PCB
    shared = torch.rand(encoder.features, generator=draws)
    for cells, (y, x) in zip(maps, places, strict=True):
        cells[:, y, x] += 10 * shared
    encoder.backbone = Given(maps)
    found, cosines = pair_maps(encoder, pictures(2))
    assert cosines[0] > 0
    assert [np.unravel_index(each.argmax(), each.shape) for each in found] == places


def test_an_encoder_without_a_map(monkeypatch):
    encoder = encoder_of("bot")
    encoder.backbone = Given(torch.zeros(2, encoder.features))
    with pytest.raises(UserError, match="no map of places"):
        pair_maps(encoder, pictures(2))
    del encoder.backbone
    with pytest.raises(UserError, match="no backbone"):
        pair_maps(encoder, pictures(2))


def test_an_encoder_that_compares_other_numbers_than_it_embeds(monkeypatch):
    encoder = encoder_of("bot")
    monkeypatch.setattr(encoder, "combine", lambda views: views[0][:, :5])
    with pytest.raises(UserError, match="compares 5"):
        pair_maps(encoder, pictures(2))
