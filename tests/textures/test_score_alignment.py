"""What maps tell of the body."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from purereid.data.images import load_images
from purereid.data.transforms import normalise
from purereid.errors import UserError
from purereid.networks.network_file import load_network
from purereid.people.atlas import PARTS
from purereid.people.ground_truth import read_uv_maps
from purereid.textures import score_alignment as module
from purereid.textures.score_alignment import score_alignment

OPTIONS = {"images": 1000, "seed": 0, "batch": 8, "precision": "fp32"}


def score(people, folder: Path) -> dict:
    files = {"index": people.index, "uv": people.folder / "people/uv.arrow", "encoder": people.encoder}
    score_alignment(**files, scores=folder / "scores.json", **OPTIONS)
    return json.loads((folder / "scores.json").read_text())


def test_scores_are_those_of_a_loop(people, tmp_path: Path):
    found, table = score(people, tmp_path), people.table
    network, seen = load_network(people.encoder, "encoder"), dict(read_uv_maps(people.folder / "people/uv.arrow"))
    cells = {}
    for name, splits in (("train", ["train"]), ("test", ["query", "gallery"])):
        features, places, parts = [], [], []
        rows = table[table["split"].isin(splits) & (table["pid"] > 0)]
        for image, path in zip(rows["image"], rows["path"], strict=True):
            with torch.no_grad():
                cell = network.backbone(normalise(load_images([path], 32, 16)))[0].numpy()
            _, height, width = cell.shape
            for y in range(height):
                for x in range(width):
                    u, v, part = seen[image][int((y + 0.5) * 64 / height), int((x + 0.5) * 32 / width)]
                    if part:
                        features.append(cell[:, y, x])
                        places.append([u / 256, v / 256])
                        parts.append(part)
        cells[name] = np.array(features, float), np.array(places), np.array(parts)
    (x, places, parts), (others, true, of_others) = cells["train"], cells["test"]
    wanted = np.hstack([places, np.eye(len(PARTS) + 1)[parts]])
    mean, spread = x.mean(0), x.std(0) + 1e-6
    x, others = (np.hstack([(each - mean) / spread, np.ones((len(each), 1))]) for each in (x, others))
    ridge = np.vstack([x, np.sqrt(1e-3 * len(x)) * np.eye(x.shape[1])])  # least squares with rows for the ridge
    weights = np.linalg.lstsq(ridge, np.vstack([wanted, np.zeros((x.shape[1], wanted.shape[1]))]), rcond=None)[0]
    told = others @ weights
    share = 1 - ((told[:, :2] - true) ** 2).sum() / ((true - places.mean(0)) ** 2).sum()
    assert found["coordinates"] == pytest.approx(share, abs=1e-3)
    assert found["part"] == pytest.approx((told[:, 2:].argmax(1) == of_others).mean(), abs=0.01)
    most = np.bincount(parts).argmax()
    assert found["most_frequent_part"] == pytest.approx((of_others == most).mean()) and found["cells"] == len(true)


class Knowing(nn.Module):
    """A network whose map holds the places of the body themselves."""

    def __init__(self, maps: dict[bytes, torch.Tensor]):
        super().__init__()
        self.configuration = {"height": 32, "width": 16, "resizing": "opencv", "mean": [0, 0, 0], "std": [1, 1, 1]}
        self.parameter, self.maps = nn.Parameter(torch.zeros(1)), maps

    def backbone(self, images: torch.Tensor) -> torch.Tensor:
        return torch.stack([self.maps[image.contiguous().numpy().tobytes()] for image in images])


def test_a_map_that_holds_the_places_tells_them(people, tmp_path: Path, monkeypatch):
    table, maps = people.table, {}
    for image, seen in read_uv_maps(people.folder / "people/uv.arrow"):
        path = table.loc[table["image"] == image, "path"].iloc[0]
        pixels = normalise(load_images([path], 32, 16), [0, 0, 0], [1, 1, 1])[0].contiguous()
        middles = torch.from_numpy(seen[4::8, 4::8].copy()).permute(2, 0, 1).float()
        maps[pixels.numpy().tobytes()] = torch.cat(
            [middles[:2], nn.functional.one_hot(middles[2].long(), 22).permute(2, 0, 1)]
        )
    monkeypatch.setattr(module, "load_network", lambda *given: Knowing(maps))
    found = score(people, tmp_path)
    assert found["coordinates"] > 0.99 and found["part"] > 0.9 > 0.5 > found["most_frequent_part"]


def test_a_network_without_maps(people, tmp_path: Path, monkeypatch):
    network = Knowing({})
    monkeypatch.setattr(network, "backbone", lambda images: images.mean(dim=(2, 3)))
    monkeypatch.setattr(module, "load_network", lambda *given: network)
    with pytest.raises(UserError, match="no map of places"):
        score(people, tmp_path)
