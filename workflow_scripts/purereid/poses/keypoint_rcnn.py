"""Key points of people by torchvision's Keypoint R-CNN (He et al., Mask R-CNN, ICCV 2017, section 5).

The network is ``keypointrcnn_resnet50_fpn``: a ResNet-50 with a feature pyramid proposes boxes of people, and a head
draws a map of 56 x 56 for each of COCO's 17 joints of a box. The joint is the peak of its map, and the height of the
peak is its score.
"""

from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from purereid.data.joints import JOINTS
from purereid.data.keypoint_formats.coco import strongest_person
from purereid.data.weights import read_weights
from purereid.errors import UserError
from purereid.vision import torchvision

SETTING = "estimate_keypoints.weights"
HOW_TO_GET_WEIGHTS = """make the weights file on a machine with internet, in Python:
    import torchvision, safetensors.torch
    model = torchvision.models.detection.keypointrcnn_resnet50_fpn(weights="COCO_V1")
    safetensors.torch.save_file(model.state_dict(), "keypoint_rcnn.safetensors")   # then: sha256sum of that file"""


class Estimate(NamedTuple):
    """One pose for each of B images.

    Attributes:
        joints: float32 [B, 18, 2] = (y, x) in pixels of the image, 0-based, inside it; (-1, -1) where missing.
        visible: bool [B, 18].
        score: float32 [B], 0..1: of the person whose pose it is, 0 where there is none.
    """

    joints: np.ndarray
    visible: np.ndarray
    score: np.ndarray


def load_keypoint_rcnn(weights: str | Path, sha256: str, short_side: int, least_person: float) -> nn.Module:
    """Make the network with weights from a local file, in evaluation mode.

    Args:
        weights, sha256: as for ``load_weights``.
        short_side, least_person: as for ``build_network``.

    Raises:
        UserError: as ``load_weights``.
    """
    network = build_network(short_side, least_person)
    load_weights(network, weights, sha256)
    return network


def build_network(short_side: int, least_person: float) -> nn.Module:
    """Make the network with random weights, in evaluation mode.

    Args:
        short_side: pixels to which it enlarges (or shrinks) the shorter side of an image before it looks for people;
            the longer side follows, up to four times as many.
        least_person: it finds people of a score above this, 0..1, and of these the strongest alone.
    """
    # the published network was trained with normalisation layers that stand still and add no epsilon
    norm_layer = partial(torchvision.ops.FrozenBatchNorm2d, eps=0.0)
    detection = torchvision.models.detection
    backbone = detection.backbone_utils.resnet_fpn_backbone(
        backbone_name="resnet50", weights=None, norm_layer=norm_layer
    )
    network = detection.KeypointRCNN(
        backbone,
        num_classes=2,
        min_size=short_side,
        max_size=4 * short_side,
        box_score_thresh=least_person,
        box_detections_per_img=1,
    )
    return network.eval()


def load_weights(network: nn.Module, path: str | Path, sha256: str) -> None:
    """Fill the network with weights from a local file.

    Args:
        network: as made by ``build_network``.
        path: safetensors file with the state of torchvision's ``keypointrcnn_resnet50_fpn``.
        sha256: checksum (hex) that the file must have.

    Raises:
        UserError: the file is missing, has another checksum, is no safetensors file, or is of another network.
    """
    state = read_weights(path, sha256, SETTING)
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        reason = str(error).splitlines()[1].strip()
        raise UserError(
            f"the weights are of another network: {reason[:160]}",
            where=path,
            expected="the state of torchvision's keypointrcnn_resnet50_fpn",
            do=HOW_TO_GET_WEIGHTS,
        ) from None


def estimate(network: nn.Module, images: torch.Tensor, least_joint: float) -> Estimate:
    """Find the pose of the strongest person in each image.

    Args:
        network: as made by ``build_network``.
        images: uint8 [B, 3, H, W], RGB, on the device of the network.
        least_joint: a joint counts where its score, the height of its peak before any softmax, is above this.

    Returns:
        the poses; the neck, which COCO has not, is the middle of the shoulders, missing where one of them is.
    """
    with torch.inference_mode():
        found = network(list(images / 255))
    people = [_people(one, *images.shape[2:]) for one in found]
    poses = [strongest_person(one, least_joint) for one in people]
    return Estimate(
        np.array([joints for joints, _ in poses], np.float32).reshape(-1, len(JOINTS), 2),
        np.array([visible for _, visible in poses], bool).reshape(-1, len(JOINTS)),
        np.array([max((score for score, _ in one), default=0) for one in people], np.float32),
    )


def _people(found: dict[str, torch.Tensor], height: int, width: int) -> list[tuple[float, np.ndarray]]:
    """Box score and [17, 3] = (x, y, score) of the people in one image."""
    # torchvision's coordinates begin at the edge of the picture, ours at the centre of the first pixel
    places = found["keypoints"][..., :2].cpu().double().numpy() - 0.5
    places = places.clip(0, (width - 1, height - 1))
    scores = found["keypoints_scores"].cpu().double().numpy()
    values = np.concatenate([places, scores[..., None]], axis=2)
    return list(zip(found["scores"].tolist(), values, strict=True))
