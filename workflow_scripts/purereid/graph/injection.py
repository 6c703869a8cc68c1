"""Failure injection: known-bad images among the generated ones, and how many of them a purifier drops."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import pandas as pd

from purereid.errors import UserError

GREY = 128
INJECTED, OTHERS = "all injected", "others"


def inject(
    images: np.ndarray,
    pids: np.ndarray,
    share: float,
    generator: np.random.Generator,
    kinds: Sequence[str] = ("wrong_identity", "noise", "blur", "grey_box", "off_pose"),
) -> tuple[np.ndarray, np.ndarray]:
    """Spoil a random share of the images, equally many in each way.

    The ways, names as in ``kinds``:
        - ``wrong_identity``: an image of another identity takes the place. It is a good image by itself.
        - ``noise``: half of 8 x 4 blocks, drawn at random, turn to random pixels.
        - ``blur``: a Gaussian of 1/12 of the height, after which only smears of colour are left.
        - ``grey_box``: grey hides all but the outer eighths of the image, and thereby the person.
        - ``off_pose``: upside down and pushed aside by a third of the width. The person in another pose than asked for
          would be right for reID, which reads no poses; a purifier should not drop that, so it is not injected.

    Args:
        images: uint8 [N, 3, H, W], RGB, at least 8 x 4 pixels.
        pids: int64 [N], intended identities.
        share: of the images to spoil, 0..1; the number is rounded.
        generator: draws images, ways and pixels.
        kinds: the ways to use.

    Returns:
        images: uint8 [N, 3, H, W], a copy; kinds: [N] str, how each was spoiled, "" for those that were not.

    Raises:
        UserError: a share outside 0..1, an unknown way or none, a single identity with ``wrong_identity``, images of
            less than 8 x 4 pixels.
        ValueError: shapes or types that do not fit together.
    """
    _check(images, pids, share, kinds)
    images = np.ascontiguousarray(images)
    changed, labels = images.copy(), np.full(len(images), "", dtype=object)
    rows = generator.permutation(len(images))[: round(share * len(images))]
    for number, row in enumerate(rows.tolist()):
        kind = kinds[number % len(kinds)]
        labels[row] = kind
        if kind == "wrong_identity":
            changed[row] = images[generator.choice(np.flatnonzero(pids != pids[row]))]
        else:
            changed[row] = SPOILED[kind](images[row], generator)
    return changed, labels.astype(str)


def recall_of_injected(kinds: np.ndarray, kept: np.ndarray) -> pd.DataFrame:
    """How many images a purifier dropped, by how they were spoiled.

    Args:
        kinds: [N] str, as ``inject`` returns them.
        kept: bool [N].

    Returns:
        kind, images, dropped (int64), share (float64, 0..1): a row for each kind, in the order of the alphabet, then
        ``all injected`` and ``others``; rows without images are left out. A purifier that does its work has a
        higher share in every row than in the last.
    """
    if kinds.shape != kept.shape:
        raise ValueError(f"{len(kinds)} kinds for {len(kept)} images")
    bad = kinds != ""
    groups = {str(kind): kinds == kind for kind in np.unique(kinds[bad])} | {INJECTED: bad, OTHERS: ~bad}
    rows = [(kind, int(group.sum()), int((group & ~kept).sum())) for kind, group in groups.items() if group.any()]
    table = pd.DataFrame(rows, columns=["kind", "images", "dropped"])
    return table.assign(share=table["dropped"] / table["images"])


def _noise(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    _, height, width = image.shape
    chosen = np.zeros(32, bool)
    chosen[generator.permutation(32)[:16]] = True
    block_row, block_column = np.arange(height) * 8 // height, np.arange(width) * 4 // width
    noisy = chosen.reshape(8, 4)[block_row[:, None], block_column]
    return np.where(noisy, generator.integers(0, 256, image.shape, np.uint8), image)


def _blur(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    sigma = image.shape[1] / 12
    planes = [cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE) for plane in image]
    return np.stack(planes)


def _grey_box(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    _, height, width = image.shape
    hidden = image.copy()
    hidden[:, height // 8 : height - height // 8, width // 8 : width - width // 8] = GREY
    return hidden


def _off_pose(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """The columns that become free repeat the edge."""
    width = image.shape[2]
    column = np.arange(width) - generator.choice([-1, 1]) * (width // 3)
    return image[:, ::-1, column.clip(0, width - 1)]


SPOILED: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "noise": _noise,
    "blur": _blur,
    "grey_box": _grey_box,
    "off_pose": _off_pose,
}


def _check(images: np.ndarray, pids: np.ndarray, share: float, kinds: Sequence[str]) -> None:
    if images.ndim != 4 or images.shape[1] != 3 or images.dtype != np.uint8 or pids.shape != images.shape[:1]:
        raise ValueError(f"images of shape {images.shape}, {images.dtype}, for identities of shape {pids.shape}")
    if not 0 <= share <= 1:
        raise UserError(f"the share of images to spoil is {share}", expected="a number of 0 to 1")
    known = ["wrong_identity", *SPOILED]
    unknown = [kind for kind in kinds if kind not in known]
    if unknown or not kinds:
        raise UserError(f"images cannot be spoiled by {unknown or 'nothing'}", expected=f"some of {', '.join(known)}")
    if "wrong_identity" in kinds and share and len(np.unique(pids)) < 2:
        raise UserError(
            "there is no other identity whose image could be put in the place of one",
            expected="images of at least two identities",
            do="leave wrong_identity out of the kinds, or generate more identities",
        )
    if images.shape[2] < 8 or images.shape[3] < 4:
        raise UserError(f"the images have {images.shape[2]} x {images.shape[3]} pixels", expected="at least 8 x 4")
