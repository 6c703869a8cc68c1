"""The table of scores: what is measured how, each with its definition, number of images, size and weights."""

import numpy as np
import torch

from purereid.errors import UserError
from purereid.logs import log
from purereid.quality.consistency import cosines
from purereid.quality.dssim import diversity
from purereid.quality.frechet import frechet_distance, gaussian
from purereid.quality.inception_score import FEWEST, SPLITS, inception_score, mixed
from purereid.quality.pckh import pckh
from purereid.quality.pixels import l1, nearer_than_all
from purereid.quality.ssim import mask_ssim, ssim
from purereid.scoring.networks_of_scores import ImageSet

SMALL = 10_000  # images, below which Frechet distances depend much on their number
CONSISTENCY = {
    "consistency": "encoder",
    "consistency_independent": "independent",
}  # scores, and whose features they take
FRECHET = {"frechet_reid": "encoder", "frechet_independent": "independent", "fid": "inception"}

# score: (which direction is better, definition)
DEFINITIONS = {
    "ssim_patn": (
        "higher",
        "structural similarity as in PATN: Gaussian window of sigma 1.5, population covariance, range of values taken "
        "from each generated image, mean over images",
    ),
    "ssim_255": ("higher", "ssim_patn but for a range of 255: higher than ssim_patn by its definition"),
    "mask_ssim": ("higher", "ssim_patn with both images black outside the mask of the target's pose (PATN)"),
    "l1": ("lower", "mean absolute difference of images whose values are mapped to -1..1"),
    "nearest_truth": (
        "higher",
        "share of the images that are nearer (l1) to the true picture of their person than to those of look-alikes, "
        "whose textures differ least from that person's, in the same pose, camera and background",
    ),
    "consistency": ("higher", "mean cosine to the source image in features of the reID encoder (flip-tested)"),
    "frechet_reid": (
        "lower",
        "Frechet distance in features of the reID encoder (flip-tested, of length 1); not FID, and comparable only "
        "with values of the same encoder",
    ),
    "consistency_independent": (
        "higher",
        "mean cosine to the source image in features (flip-tested) of a network that saw no image of this data set",
    ),
    "frechet_independent": (
        "lower",
        "Frechet distance in features (flip-tested, of length 1) of a network that saw no image of this data set; not "
        "FID, and comparable only with values of the same network",
    ),
    "fid": ("lower", "Frechet distance in the Inception features of 2015-12-05 (pool3), bilinear resize to 299 x 299"),
    "inception_score": (
        "higher",
        f"Inception score of the same network, logits without bias, {SPLITS} splits in a fixed random order, the "
        "resize as for FID",
    ),
    "dssim": (
        "none",
        "diversity: (1 - SSIM) / 2 of 10 random pairs of an identity's images, 5 passes, window 7 x 7, range 255 "
        "(DG-Net); higher is more diverse",
    ),
    "pckh": (
        "higher",
        "share of the wanted joints that a keypoint R-CNN finds within half the size of the head, in x and in y (PATN)",
    ),
}


class ScoreTable:
    """Collects scores as rows of plain values.

    A row has: score (its name), of (generator, copy_source, pose_neighbours, pose_image, same_person, other_person,
    grey, real), against (targets, source, truth, train, train_source, none), value, spread (or None), better (higher,
    lower, none), definition, images, height, width, weights (sha256 or None) and note.

    Args:
        size: height and width of the images.
        checksums: sha256 of the weights, by network; scores of other networks are left out.
        pleases: whose images come from a network that learnt from the encoder of the scores; None: nobody's.
        sees_targets: whose images are made from the very targets, as far as these show a pose; None: nobody's. Such
            scores are another task, and so have another definition.
        learnt_targets: a note on the scores of the generator against the targets; "" for none.
        independent: what the network of that name is, for the definition of its scores.
    """

    def __init__(
        self,
        size: tuple[int, int],
        checksums: dict[str, str],
        pleases: str | None = None,
        sees_targets: str | None = None,
        learnt_targets: str = "",
        independent: str = "",
    ):
        self.size, self.checksums, self.pleases, self.sees_targets = size, checksums, pleases, sees_targets
        self.learnt_targets, self.independent = learnt_targets, independent
        self.rows: list[dict] = []

    def add_pairs(
        self, of: str, against: str, images: torch.Tensor, real: torch.Tensor, masks: torch.Tensor | None
    ) -> None:
        """Scores of each image with the one it should be, uint8 [N, 3, H, W]; masks bool [N, H, W] of the persons."""
        self._add("ssim_patn", of, against, ssim(images, real))
        self._add("ssim_255", of, against, ssim(images, real, data_range=255))
        if masks is not None:
            seen = masks.flatten(1).any(dim=1)
            if seen.any():
                self._add("mask_ssim", of, against, mask_ssim(images[seen], real[seen], masks[seen]))
        self._add("l1", of, against, l1(images, real))

    def add_truth(self, of: str, images: torch.Tensor, truth: torch.Tensor, alike: torch.Tensor | None) -> None:
        """Scores with true pictures, uint8 [N, 3, H, W] like the images, and with K look-alikes' [N, K, 3, H, W]."""
        self.add_pairs(of, "truth", images, truth, None)
        if alike is not None:
            share, others = nearer_than_all(images, truth, alike).double().mean().item(), alike.shape[1]
            about = {"more": f"; {others} look-alikes, so that chance is {1 / (others + 1):.2f}"}
            self._row("nearest_truth", of, "truth", share, len(images), **about)

    def add_sets(self, of: str, against: str, images: ImageSet, real: ImageSet) -> None:
        """Scores of a set of images against another set; the Inception score looks at the first alone."""
        note = f"{len(images)} against {len(real)} images"
        note = note if min(len(images), len(real)) >= SMALL else f"small-scale: {note}"
        for score, network in FRECHET.items():
            if network in self.checksums:
                self._add_frechet(score, of, against, [images.features(network), real.features(network)], network, note)
        if "inception" in self.checksums and len(images) >= SPLITS * FEWEST:
            logits = images.networks.inception_logits(images.features("inception"))
            mean, spread = inception_score(mixed(logits))  # they stand in order of their persons
            names = {"spread": spread, "weights": "inception", "note": note}
            self._row("inception_score", of, against, mean, len(images), **names)

    def add_identities(self, of: str, images: ImageSet, pids: np.ndarray, seed: int) -> None:
        """How much the images of an identity differ among each other."""
        if np.unique(pids, return_counts=True)[1].max() < 2:
            return
        found = diversity(images.images, pids, np.random.default_rng([seed, 5]))
        note = f"{found.pairs} pairs of {found.identities} identities"
        self._row("dssim", of, "none", found.value, len(images), spread=found.spread, note=note)

    def add_consistency(self, of: str, against: str, images: ImageSet, sources: ImageSet) -> None:
        """Whether images show the persons of their sources."""
        for score, network in CONSISTENCY.items():
            if network in self.checksums:
                values = torch.from_numpy(cosines(images.features(network), sources.features(network)))
                self._add(score, of, against, values, network)

    def add_pose(self, of: str, images: ImageSet, joints: np.ndarray, visible: np.ndarray) -> None:
        """Whether images show the wanted poses, joints [N, 18, 2] in pixels of a picture of 128 x 64."""
        if "pose" not in self.checksums:
            return
        found = images.poses
        try:
            score = pckh(found.joints, found.visible, joints, visible)
        except UserError as error:
            log.warning("no PCKh: %s", error)
            return
        note = f"{score.joints} joints; {score.skipped} images without a head to measure by"
        self._row("pckh", of, "targets", score.value, score.images, weights="pose", note=note)

    def _add_frechet(
        self, score: str, of: str, against: str, features: list[np.ndarray], weights: str, note: str
    ) -> None:
        sets = [gaussian(each) for each in features]
        if any(each.singular for each in sets):
            note += f"; fewer images than the {features[0].shape[1]} dimensions of the features"
        self._row(score, of, against, frechet_distance(*sets), sets[0].images, weights=weights, note=note)

    def _add(self, score: str, of: str, against: str, values: torch.Tensor, weights: str | None = None) -> None:
        values = values.double()
        spread = values.std().item() if len(values) > 1 else None
        self._row(score, of, against, values.mean().item(), len(values), spread=spread, weights=weights)

    def _row(
        self,
        score: str,
        of: str,
        against: str,
        value: float,
        images: int,
        *,
        spread: float | None = None,
        weights: str | None = None,
        note: str = "",
        more: str = "",
    ) -> None:
        better, definition = DEFINITIONS[score]
        definition += more + (f"; {self.independent}" if weights == "independent" else "")
        if against == "targets" and of == self.sees_targets:
            definition += "; of a generator that saw the target itself, without its colours"
        about = {"better": better, "definition": definition, "images": images}
        size = {"height": self.size[0], "width": self.size[1]}
        checksum = self.checksums[weights] if weights else None
        if weights == "encoder" and of == self.pleases:
            note = "; ".join(filter(None, [note, "the generator learnt to please this very encoder"]))
        if against == "targets" and of == "generator":
            note = "; ".join(filter(None, [note, self.learnt_targets]))
        names = {"score": score, "of": of, "against": against, "value": value, "spread": spread}
        self.rows.append(names | about | size | {"weights": checksum, "note": note})
