"""Keypoint R-CNN: that it is torchvision's network, how its output is read, its weights file."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from purereid.data.joints import JOINTS, NUMBER
from purereid.data.keypoint_formats.coco import COCO_JOINTS
from purereid.errors import UserError
from purereid.poses.keypoint_rcnn import build_network, estimate, load_keypoint_rcnn, load_weights
from purereid.vision import torchvision

PARAMETERS = 59_137_258  # as published with the weights


def person(score: float, start: float = 10, **joint_scores: float) -> dict[str, torch.Tensor]:
    """One person whose COCO joint k stands at x = start + 2 k, y = 2 start + 3 k from the edges of the picture."""
    number = torch.arange(len(COCO_JOINTS))
    places = torch.stack([start + 2 * number, 2 * start + 3 * number, torch.ones_like(number)], dim=1)
    scores = torch.tensor([joint_scores.get(name, 5.0) for name in COCO_JOINTS])
    return {"scores": torch.tensor([score]), "keypoints": places[None].float(), "keypoints_scores": scores[None]}


def image_with(*people: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """What the network says of an image."""
    nobody = {key: value[:0] for key, value in person(0).items()}
    return {key: torch.cat([nobody[key], *(one[key] for one in people)]) for key in nobody}


def network_saying(*found: dict[str, torch.Tensor]) -> Callable:
    return lambda images: list(found)


IMAGES = torch.zeros(1, 3, 128, 64, dtype=torch.uint8)


def test_places_become_row_and_column_of_pixel_centres():
    joints, visible, score = estimate(network_saying(image_with(person(0.75, start=10.5))), IMAGES, 2.0)
    assert joints.shape == (1, 18, 2) and joints.dtype == np.float32
    assert visible.all() and visible.dtype == bool and score.tolist() == [0.75] and score.dtype == np.float32
    # the first pixel reaches from 0 to 1: 10.5 is the centre of pixel 10
    assert joints[0, NUMBER["nose"]].tolist() == [20.5, 10]
    # COCO's joints 5 and 6 are the left and right shoulder, 16 the right ankle
    assert joints[0, NUMBER["left_shoulder"]].tolist() == [35.5, 20]
    assert joints[0, NUMBER["right_shoulder"]].tolist() == [38.5, 22]
    assert joints[0, NUMBER["neck"]].tolist() == [37, 21]
    assert joints[0, NUMBER["right_ankle"]].tolist() == [68.5, 42]


def test_joints_count_above_the_least_score():
    found = image_with(person(0.9, left_wrist=2.0, right_wrist=2.01, left_shoulder=-3.0))
    joints, visible, _ = estimate(network_saying(found), IMAGES, 2.0)
    missing = {JOINTS[joint] for joint in np.flatnonzero(~visible[0])}
    assert missing == {"left_wrist", "left_shoulder", "neck"}
    assert (joints[0][~visible[0]] == -1).all()


def test_the_strongest_person_is_taken():
    weak, strong = person(0.6, start=10.5), person(0.8, start=15.5, left_ear=0.0)
    for people in ((weak, strong), (strong, weak)):
        joints, visible, score = estimate(network_saying(image_with(*people)), IMAGES, 2.0)
        assert joints[0, NUMBER["nose"]].tolist() == [30.5, 15]
        assert np.count_nonzero(visible) == 17
        assert score[0] == np.float32(0.8)


def test_nobody():
    images = IMAGES.expand(3, -1, -1, -1)
    said = network_saying(image_with(), image_with(person(0.7)), image_with())
    joints, visible, score = estimate(said, images, 2.0)
    assert visible.any(axis=1).tolist() == [False, True, False]
    assert (joints[[0, 2]] == -1).all() and score[[0, 2]].tolist() == [0, 0]


def test_joints_stay_inside_the_picture():
    found = person(0.9)
    found["keypoints"][0, :2, :2] = torch.tensor([[0.1, 128.0], [64.0, 0.0]])
    joints, visible, _ = estimate(network_saying(image_with(found)), IMAGES, 2.0)
    assert visible.all()
    assert joints[0, NUMBER["nose"]].tolist() == [127, 0] and joints[0, NUMBER["left_eye"]].tolist() == [0, 63]


def test_the_network_sees_images_of_0_to_1():
    seen = []

    def network(images: list[torch.Tensor]) -> list[dict]:
        seen.extend(images)
        return [image_with()] * len(images)

    images = torch.tensor([0, 51, 255], dtype=torch.uint8).view(1, 3, 1, 1).expand(2, 3, 8, 4)
    estimate(network, images, 2.0)
    assert [image.shape for image in seen] == [(3, 8, 4)] * 2
    torch.testing.assert_close(seen[1][:, 0, 0], torch.tensor([0, 0.2, 1]))


# --- the network -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    return build_network(short_side=32, least_person=0.0)


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.randint(0, 256, (2, 3, 48, 16), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


def test_joints_come_back_in_pixels_of_the_small_image(images: torch.Tensor):
    class Heads(nn.Module):
        def forward(self, features: dict, proposals: list, sizes: list, targets: None) -> tuple[list, dict]:
            assert sizes == [(192, 64)] * 2
            whole = torch.tensor([[0, 0, 64, 192.0]])
            return [person(0.5, start=21.0) | {"boxes": whole} for _ in sizes], {}

    network = build_network(short_side=64, least_person=0.5)
    network.roi_heads = Heads()
    joints, _, _ = estimate(network, images, 0.0)
    # x 21, y 42 of an image four times as large
    assert joints[1, NUMBER["nose"]].tolist() == [10, 4.75]


def test_it_is_torchvisions_network(network: nn.Module, images: torch.Tensor):
    own = torchvision.models.detection.keypointrcnn_resnet50_fpn(
        weights=None,
        weights_backbone=None,
        min_size=32,
        max_size=128,
        box_score_thresh=0.0,
        box_detections_per_img=5,
    ).eval()
    for module in own.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 0.0
    left = own.load_state_dict(network.state_dict(), strict=False)
    assert not left.unexpected_keys and all(key.endswith("num_batches_tracked") for key in left.missing_keys)
    assert sum(parameter.numel() for parameter in network.parameters()) == PARAMETERS
    with torch.inference_mode():
        theirs = own(list(images / 255))
    ours = estimate(network, images, -np.inf)
    nose = torch.stack([found["keypoints"][0, 0, :2].flip(0) for found in theirs]).numpy()
    np.testing.assert_allclose(ours.score, [found["scores"].max() for found in theirs], rtol=1e-5)
    assert all(len(found["scores"]) > 1 for found in theirs) and ours.score.min() > 0
    np.testing.assert_allclose(ours.joints[:, NUMBER["nose"]], (nose - 0.5).clip(0, (47, 15)), atol=1e-3)


def test_images_do_not_depend_on_their_batch(network: nn.Module, images: torch.Tensor):
    together, alone = estimate(network, images, -np.inf), estimate(network, images[1:], -np.inf)
    np.testing.assert_allclose(alone.score, together.score[1:], atol=1e-5)
    np.testing.assert_allclose(alone.joints, together.joints[1:], atol=0.05)


def test_a_person_counts_above_the_least_score(network: nn.Module, images: torch.Tensor):
    scores = estimate(network, images, 0.0).score
    picky = build_network(short_side=32, least_person=float(scores.min()) + 1e-6)
    picky.load_state_dict(network.state_dict())
    _, visible, found = estimate(picky, images, -np.inf)
    assert scores.min() < scores.max() - 1e-5
    assert found.tolist() == [score if score == scores.max() else 0 for score in scores]
    np.testing.assert_array_equal(visible.all(axis=1), found > 0)


# --- weights ---------------------------------------------------------------------------------------------------------


def checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def weights(network: nn.Module, tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "keypoint_rcnn.safetensors"
    save_file(network.state_dict(), path)
    yield path
    path.unlink()  # 240 MB


@pytest.mark.slow
def test_weights_are_taken(network: nn.Module, images: torch.Tensor, weights: Path):
    other = load_keypoint_rcnn(weights, checksum(weights), short_side=32, least_person=0.0)
    assert not other.training
    for found, expected in zip(estimate(other, images, 0.0), estimate(network, images, 0.0), strict=True):
        np.testing.assert_array_equal(found, expected)
    with pytest.raises(
        UserError, match=r"another checksum[\s\S]*set estimate_keypoints.weights_sha256 to [0-9a-f]{64}"
    ):
        load_weights(other, weights, "0" * 64)


def test_weights_of_another_network_are_told(network: nn.Module, tmp_path: Path):
    path = tmp_path / "w.safetensors"
    state = torchvision.models.resnet18(weights=None).state_dict()
    save_file(state, path)
    with pytest.raises(UserError, match=r"weights are of another network: Missing key[\s\S]*COCO_V1") as error:
        load_weights(network, path, checksum(path))
    assert "expected: the state of torchvision's keypointrcnn_resnet50_fpn" in str(error.value)
    assert len(str(error.value).splitlines()[0]) < 220


def test_weights_of_other_shapes_are_told(tmp_path: Path):
    network, path = nn.Linear(2, 1), tmp_path / "w.safetensors"
    save_file({"weight": torch.zeros(1, 3), "bias": torch.zeros(1)}, path)
    with pytest.raises(UserError, match="another network: size mismatch for weight"):
        load_weights(network, path, checksum(path))


def test_files_that_are_no_weights_are_told(network: nn.Module, tmp_path: Path):
    path = tmp_path / "w.pth"
    with pytest.raises(UserError, match="weights file cannot be read: No such file"):
        load_weights(network, path, "0" * 64)
    path.write_bytes(b"PK\x03\x04 a pickled file")
    with pytest.raises(UserError, match=r"not readable[\s\S]*pickled \.pth files are not loaded"):
        load_weights(network, path, checksum(path))
