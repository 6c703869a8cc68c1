"""Structural similarity against scikit-image and against the definition, pixel by pixel."""

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from purereid.errors import UserError
from purereid.quality import ssim as module
from purereid.quality.ssim import mask_ssim, ssim

GAUSSIAN = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}


def pairs(number: int, height: int = 128, width: int = 64, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Images with large and small structure, and noisy copies of other contrast."""
    rng = np.random.default_rng(seed)
    rough = rng.random((number, 3, height // 8 + 1, width // 8 + 1))
    real = np.kron(rough, np.ones((8, 8)))[..., :height, :width] * rng.uniform(40, 255, (number, 1, 1, 1))
    generated = 0.8 * real + rng.normal(10, 20, real.shape)
    return to_images(generated), to_images(real)


def to_images(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(values.clip(0, 255).astype(np.uint8))


def by_scikit_image(generated: torch.Tensor, real: torch.Tensor, **settings: object) -> list[float]:
    """Scores of one pair after the other; without ``data_range`` it is that of each generated image."""
    scores = []
    for a, b in zip(generated.permute(0, 2, 3, 1).numpy(), real.permute(0, 2, 3, 1).numpy(), strict=True):
        chosen = {"data_range": int(a.max()) - int(a.min()), **settings}
        scores.append(structural_similarity(b, a, channel_axis=2, **chosen))
    return scores


@pytest.mark.parametrize("size", [(128, 64), (11, 11), (37, 20), (20, 37)])
def test_equals_scikit_image(size: tuple[int, int]):
    generated, real = pairs(5, *size)
    np.testing.assert_allclose(ssim(generated, real), by_scikit_image(generated, real, **GAUSSIAN), atol=1e-9)
    for_255 = by_scikit_image(generated, real, data_range=255, **GAUSSIAN)
    np.testing.assert_allclose(ssim(generated, real, data_range=255), for_255, atol=1e-9)
    uniform = by_scikit_image(generated, real, data_range=255)
    np.testing.assert_allclose(ssim(generated, real, window="uniform", data_range=255), uniform, atol=1e-9)


def by_definition(x: np.ndarray, y: np.ndarray, weights: np.ndarray, unbiased: float, levels: float) -> float:
    """Equation 13 of Wang et al. at each place where the window fits, colour by colour."""
    side, values = len(weights), []
    c1, c2 = (0.01 * levels) ** 2, (0.03 * levels) ** 2
    for colour, top, left in np.ndindex(3, x.shape[1] - side + 1, x.shape[2] - side + 1):
        a, b = (image[colour, top : top + side, left : left + side].astype(float) for image in (x, y))
        mean_a, mean_b = (weights * a).sum(), (weights * b).sum()
        covariance = unbiased * (weights * (a - mean_a) * (b - mean_b)).sum()
        variances = unbiased * (weights * ((a - mean_a) ** 2 + (b - mean_b) ** 2)).sum()
        luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
        values.append(luminance * (2 * covariance + c2) / (variances + c2))
    return float(np.mean(values))


def test_equals_the_definition():
    generated, real = pairs(1, 14, 13)
    x, y = generated[0].numpy(), real[0].numpy()
    bell = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    bell = np.outer(bell, bell) / bell.sum() ** 2
    expected = by_definition(x, y, bell, 1, float(x.max()) - float(x.min()))
    assert ssim(generated, real).item() == pytest.approx(expected, abs=1e-9)
    expected = by_definition(x, y, np.full((7, 7), 1 / 49), 49 / 48, 255)
    assert ssim(generated, real, window="uniform", data_range=255).item() == pytest.approx(expected, abs=1e-9)


def test_each_generated_image_has_its_own_range():
    generated, real = pairs(2)
    faint = torch.stack([generated[0], generated[1] // 8])
    apart = torch.cat([ssim(faint[:1], real[:1]), ssim(faint[1:], real[1:])])
    torch.testing.assert_close(ssim(faint, real), apart)
    assert ssim(faint, real)[1] < ssim(faint, real, data_range=255)[1] - 0.02
    assert ssim(faint, real)[1] != pytest.approx(ssim(real, faint)[1].item(), abs=1e-3)


def test_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch):
    generated, real = pairs(7, 24, 16)
    whole = ssim(generated, real)
    monkeypatch.setattr(module, "BLOCK", 3)
    torch.testing.assert_close(ssim(generated, real), whole, rtol=0, atol=1e-12)
    assert ssim(generated[:0], real[:0]).shape == (0,)


def test_equal_images_score_one():
    _, real = pairs(3)
    torch.testing.assert_close(ssim(real, real), torch.ones(3, dtype=torch.float64))


def test_flat_generated_images_have_a_score():
    _, real = pairs(2)
    flat = torch.full_like(real, 90)
    scores = ssim(flat, real)
    assert torch.isfinite(scores).all()
    assert scores.abs().max() < 0.3  # the real images have flat places of like brightness
    noise = to_images(np.random.default_rng(1).normal(90, 30, real.shape))
    assert ssim(flat, noise).abs().max() < 1e-3
    torch.testing.assert_close(ssim(flat, flat), torch.ones(2, dtype=torch.float64))
    black = torch.zeros_like(real)
    assert torch.isfinite(ssim(black, real)).all()
    torch.testing.assert_close(ssim(black, black), torch.ones(2, dtype=torch.float64))


def test_mask_ssim_is_the_score_of_masked_images():
    generated, real = pairs(4)
    masks = torch.zeros(4, 128, 64, dtype=torch.bool)
    for row, mask in enumerate(masks):
        mask[20 : 90 + row, 15 : 40 + row] = True
    cut = [images * masks[:, None] for images in (generated, real)]
    np.testing.assert_allclose(mask_ssim(generated, real, masks), by_scikit_image(*cut, **GAUSSIAN), atol=1e-9)
    other = torch.where(masks[:, None], generated, 255 - generated)
    torch.testing.assert_close(mask_ssim(other, real, masks), mask_ssim(generated, real, masks))
    assert (mask_ssim(generated, real, torch.zeros_like(masks)) == 1).all()


def test_bad_images_are_told():
    generated, real = pairs(2, 10, 40)
    with pytest.raises(UserError, match=r"images of 10 x 40 pixels are too small[\s\S]*at least 11 x 11"):
        ssim(generated, real)
    assert ssim(generated, real, window="uniform", data_range=255).shape == (2,)
    with pytest.raises(UserError, match=r"6 x 40 pixels are too small[\s\S]*at least 7 x 7"):
        ssim(generated[:, :, :6], real[:, :, :6], window="uniform")
    with pytest.raises(
        UserError, match=r"generated images of 10 x 40 pixels cannot be compared with real ones of 10 x 39"
    ):
        ssim(generated, real[..., :39])
    with pytest.raises(ValueError, match="must be uint8"):
        ssim(generated.float(), real.float())
    with pytest.raises(ValueError, match=r"masks torch.bool \(1, 10, 40\)"):
        mask_ssim(generated, real, torch.ones(1, 10, 40, dtype=torch.bool))
