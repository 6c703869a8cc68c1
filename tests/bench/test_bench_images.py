"""The ways that the benchmark compares make the same batches."""

from pathlib import Path

import numpy as np
import pytest
import torch

from bench import images as bench_images
from purereid.data.transforms import normalise


def test_all_ways_make_the_same_batch_where_nothing_is_random(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bench_images, "FLIP", 0)
    monkeypatch.setattr(bench_images, "PAD", 0)
    rows = torch.tensor([2, 0, 4])
    paths = bench_images.write_files(tmp_path, 5)
    assert 2000 < np.mean([Path(path).stat().st_size for path in paths]) < 6000
    found = {name: way(rows) for name, way in bench_images.ways_of(paths).items()}
    usual = found.pop("torchvision and Pillow")
    assert usual.shape == (3, 3, 256, 128)
    level = 1 / 255 / 0.22
    for name, batch in found.items():
        values = batch if batch.dtype == torch.float32 else normalise(batch)
        tolerance = 1e-5 if name.endswith("as Pillow") else level
        torch.testing.assert_close(values, usual, atol=tolerance, rtol=0, msg=name)
