"""Mean absolute difference and masked images."""

import numpy as np
import pytest
import torch

from purereid.quality import pixels
from purereid.quality.pixels import l1, masked, nearer_than_all


def random_images(number: int, seed: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 256, (number, 3, 9, 5), dtype=np.uint8))


def test_l1_is_that_of_images_mapped_to_minus_one_to_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pixels, "BLOCK", 2)
    generated, real = random_images(5, 0), random_images(5, 1)
    mapped = [2 * (images.numpy() / 255 - 0.5) for images in (generated, real)]
    expected = [np.abs(a - b).mean() for a, b in zip(*mapped, strict=True)]
    np.testing.assert_allclose(l1(generated, real), expected, rtol=1e-12)
    white = torch.full_like(real, 255)
    assert l1(white, torch.zeros_like(real)).tolist() == [2.0] * 5
    assert l1(real, real).tolist() == [0.0] * 5


def test_an_image_is_nearest_to_the_wanted_picture_or_not():
    images, wanted, others = random_images(40, 0), random_images(40, 1), random_images(120, 2).reshape(40, 3, 3, 9, 5)
    far = [
        [np.abs(a.astype(int) - b).sum() for b in (w, *o)]
        for a, w, o in zip(*map(np.asarray, (images, wanted, others)), strict=True)
    ]
    assert nearer_than_all(images, wanted, others).tolist() == [row[0] < min(row[1:]) for row in far]
    assert not nearer_than_all(images, wanted, wanted[:, None]).any()


def test_masked_images_are_black_outside():
    images = random_images(2, 2)
    masks = torch.zeros(2, 9, 5, dtype=torch.bool)
    masks[0, 2:4, 1:3] = True
    cut = masked(images, masks)
    assert cut.dtype == torch.uint8
    assert torch.equal(cut[0, :, 2:4, 1:3], images[0, :, 2:4, 1:3])
    assert cut[1].sum() == 0
    assert cut[0].sum() == images[0, :, 2:4, 1:3].sum()


def test_other_masks_and_images_are_refused():
    images = random_images(2, 3)
    with pytest.raises(ValueError, match=r"masks torch\.uint8"):
        masked(images, torch.ones(2, 9, 5, dtype=torch.uint8))
    with pytest.raises(ValueError, match="must be uint8"):
        l1(images, images[:1])
    with pytest.raises(ValueError, match="must be uint8"):
        l1(images[:, :1], images[:, :1])
