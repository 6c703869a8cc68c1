"""The histogram yardstick against the standard library and plain loops."""

import colorsys

import numpy as np
import torch

from purereid.data.transforms import normalise
from purereid.networks.colour_histogram import ColourHistogram, rgb_to_hsv


def test_hsv_against_colorsys():
    rgb = np.random.default_rng(0).random((50, 3))
    found = np.stack([channel.numpy().ravel() for channel in rgb_to_hsv(torch.tensor(rgb).view(50, 3, 1, 1))], axis=1)
    np.testing.assert_allclose(found, [colorsys.rgb_to_hsv(*colour) for colour in rgb], atol=1e-6)


def test_histograms_against_loops():
    images = torch.tensor(np.random.default_rng(1).integers(0, 256, (2, 3, 12, 8)), dtype=torch.uint8)
    found = ColourHistogram()(normalise(images)).numpy()
    expected = np.zeros((2, 6, 8, 4, 2))
    for n in range(2):
        for y in range(12):
            for x in range(2, 6):
                h, s, v = colorsys.rgb_to_hsv(*(images[n, :, y, x].numpy() / 255))
                expected[n, y // 2, min(int(h * 8), 7), min(int(s * 4), 3), min(int(v * 2), 1)] += 1 / 48
    # a colour that lies exactly on the border of two bins may fall into either
    assert np.abs(found**2 - expected.reshape(2, -1)).sum() < 0.05
