"""The two operators that stand in where torchvision does not load natively, against slow references."""

import math

import pytest
import torch

from purereid import vision
from purereid.vision import torchvision


def overlap(a: list[float], b: list[float]) -> float:
    """Intersection over union of two boxes (x1, y1, x2, y2)."""
    sides = [min(a[k + 2], b[k + 2]) - max(a[k], b[k]) for k in (0, 1)]
    both = max(sides[0], 0) * max(sides[1], 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return both / (sum(areas) - both)


def slow_nms(boxes: list[list[float]], scores: list[float], threshold: float) -> list[int]:
    left, kept = sorted(range(len(boxes)), key=lambda number: -scores[number]), []
    while left:
        best = left.pop(0)
        kept.append(best)
        left = [number for number in left if overlap(boxes[best], boxes[number]) <= threshold]
    return kept


@pytest.mark.parametrize("threshold", [0.1537, 0.5037, 0.7037, 0.8037])
def test_nms_equals_its_definition(threshold: float):
    generator = torch.Generator().manual_seed(0)
    corners = torch.randint(0, 40, (120, 2), generator=generator)
    boxes = torch.cat([corners, corners + torch.randint(5, 40, (120, 2), generator=generator)], dim=1).float()
    scores = torch.randint(0, 30, (120,), generator=generator) / 30  # with ties
    kept = vision.nms(boxes, scores, threshold)
    assert kept.tolist() == slow_nms(boxes.tolist(), scores.tolist(), threshold)
    assert 1 < len(kept) < 120 and kept.dtype == torch.int64


def test_nms_by_hand():
    boxes = torch.tensor([[0, 0, 10, 10], [0, 0, 10, 10], [0, 0, 10, 5], [0, 0, 10, 5.1], [20, 0, 30, 10.0]])
    scores = torch.tensor([0.8, 0.9, 0.5, 0.4, 0.1])
    # half the box is not more than half
    assert vision.nms(boxes, scores, 0.5).tolist() == [1, 2, 4]
    assert vision.nms(boxes, scores, 0.4).tolist() == [1, 4]
    assert vision.nms(boxes[:0], scores[:0], 0.5).tolist() == []


def slow_roi_align(maps: list, box: list[float], size: tuple[int, int], scale: float, points: int) -> list:
    """[C][h][w] of one box, point by point."""
    left, top, right, bottom = (value * scale for value in box[1:])
    steps = [max(bottom - top, 1) / size[0], max(right - left, 1) / size[1]]

    def value(plane: list, y: float, x: float) -> float:
        total = 0.0
        for row in (math.floor(y), math.floor(y) + 1):
            for column in (math.floor(x), math.floor(x) + 1):
                inside = plane[min(row, len(plane) - 1)][min(column, len(plane[0]) - 1)]
                total += (1 - abs(y - row)) * (1 - abs(x - column)) * inside
        return total

    def mean(plane: list, row: int, column: int) -> float:
        parts = [(k + 0.5) / points for k in range(points)]
        places = [(top + (row + p) * steps[0], left + (column + q) * steps[1]) for p in parts for q in parts]
        return sum(value(plane, y, x) for y, x in places) / points**2

    return [[[mean(plane, row, column) for column in range(size[1])] for row in range(size[0])] for plane in maps]


@pytest.mark.parametrize(("size", "points"), [((7, 7), 2), ((3, 5), 1), ((2, 4), 3)])
def test_roi_align_equals_its_definition(size: tuple[int, int], points: int):
    generator = torch.Generator().manual_seed(1)
    maps = torch.rand(3, 2, 12, 9, generator=generator)
    corners = torch.rand(12, 2, generator=generator) * torch.tensor([18, 24])
    ends = torch.maximum(corners + 1, torch.tensor([36, 48]) - torch.rand(12, 2, generator=generator) * 20)
    boxes = torch.cat([torch.tensor([[0], [2], [0]]).repeat(4, 1), corners, ends], dim=1)  # none in the second map
    boxes[0, 1:] = torch.tensor([0, 0, 36, 48])  # the whole image
    boxes[1, 1:] = torch.tensor([35, 47, 36, 48])  # less than one pixel of the map, in its last corner
    found = vision.roi_align(maps, boxes, size, 0.25, points)
    for box, features in zip(boxes.tolist(), found, strict=True):
        expected = slow_roi_align(maps[int(box[0])].tolist(), box, size, 0.25, points)
        torch.testing.assert_close(features, torch.tensor(expected), atol=1e-5, rtol=0)


def test_roi_align_of_no_boxes():
    assert vision.roi_align(torch.rand(1, 2, 4, 4), torch.empty(0, 5), (7, 7), 1.0, 2).shape == (0, 2, 7, 7)


def test_operators_stand_in_only_where_torchvision_lacks_its_own():
    native = torchvision.extension._has_ops()
    assert (torchvision.ops.boxes.nms is vision.nms) is not native
    assert (torchvision.ops.poolers.roi_align is vision.roi_align) is not native
