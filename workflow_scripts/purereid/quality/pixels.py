"""Pixel by pixel: mean absolute difference, which picture an image is nearest to, images without their background."""

import torch

from purereid.errors import UserError

BLOCK = 256  # images that are held as int16 at a time


def l1(generated: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """Mean absolute difference of images whose values 0..255 are mapped to -1..1, as PATN and Deformable GAN take it.

    Args:
        generated, real: uint8 [N, 3, H, W] on one device.

    Returns:
        float64 [N], 0..2.

    Raises:
        UserError: the images differ in size.
    """
    check_pairs(generated, real)
    blocks = zip(generated.split(BLOCK), real.split(BLOCK), strict=True)
    return torch.cat([(a.short() - b.short()).abs().double().mean((1, 2, 3)) / 127.5 for a, b in blocks])


def nearer_than_all(images: torch.Tensor, wanted: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """Which images differ less (``l1``) from the wanted picture than from every other one; not at equal differences.

    Args:
        images, wanted: uint8 [N, 3, H, W] on one device.
        others: uint8 [N, K, 3, H, W] there.

    Returns:
        bool [N].

    Raises:
        UserError: the images differ in size.
    """
    least = torch.stack([l1(images, other) for other in others.unbind(1)]).amin(0)
    return l1(images, wanted) < least


def masked(images: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """Images uint8 [N, 3, H, W] that are 0 outside the masks (bool [N, H, W]), for mask-SSIM and mask-IS.

    Raises ValueError where there is not one mask of the right size per image.
    """
    if masks.dtype != torch.bool or masks.shape != (len(images), *images.shape[2:]):
        raise ValueError(f"masks {masks.dtype} {tuple(masks.shape)} for images {tuple(images.shape)}")
    return images * masks[:, None]


def check_pairs(generated: torch.Tensor, real: torch.Tensor) -> None:
    """Raise where two batches of images cannot be compared image by image.

    Raises:
        ValueError: other than uint8 [N, 3, H, W], or differing numbers of images.
        UserError: the images differ in size.
    """
    for images in (generated, real):
        if images.dtype != torch.uint8 or images.dim() != 4 or images.shape[1] != 3 or len(images) != len(generated):
            raise ValueError(f"images must be uint8 [{len(generated)}, 3, H, W], not {images.dtype} {images.shape}")
    if generated.shape != real.shape:
        sizes = ["{} x {}".format(*images.shape[2:]) for images in (generated, real)]
        raise UserError(
            f"generated images of {sizes[0]} pixels cannot be compared with real ones of {sizes[1]}",
            expected="one height and one width",
            do="generate images of the size of the real ones, or stretch the real ones",
        )
