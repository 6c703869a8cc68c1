"""torchvision on any torch build.

The torchvision wheel is built for CUDA: on a CPU-only torch its import fails because the operators ``nms`` and
``qnms`` are not registered. Their schemas, declared beforehand, cure that; models, transforms and utils then work. The
two operators that its detectors need, ``nms`` and ``roi_align``, are replaced by those below: torchvision's ``nms``
refuses to run, and its ``roi_align`` would be compiled at the first call, which takes a C++ compiler. Where torchvision
loads natively nothing is declared or replaced. Import torchvision (and timm) through this module only.
"""

import numpy as np
import torch
from torch.nn import functional

_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def nms(boxes: torch.Tensor, scores: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    """Non-maximum suppression: leave out boxes that overlap one of a higher score.

    Args:
        boxes: float [N, 4] = (x1, y1, x2, y2).
        scores: float [N].
        iou_threshold: a box is left out if its intersection over union with a box kept is above this.

    Returns:
        int64, the numbers of the boxes kept, in falling order of their scores; equal scores in the order given.
    """
    order = scores.argsort(descending=True, stable=True)
    overlap = (torchvision.ops.box_iou(boxes[order], boxes[order]) > iou_threshold).cpu().numpy()
    kept = np.ones(len(order), bool)
    for number in range(len(order)):
        if kept[number]:
            kept[number + 1 :] &= ~overlap[number, number + 1 :]
    return order[torch.from_numpy(kept).to(order.device)]


def roi_align(
    input: torch.Tensor, boxes: torch.Tensor, output_size: list[int], spatial_scale: float, sampling_ratio: int
) -> torch.Tensor:
    """Features of boxes (He et al., Mask R-CNN, ICCV 2017, section 3, RoIAlign), as torchvision's ``aligned=False``.

    Args:
        input: feature maps, float [B, C, H, W].
        boxes: float [K, 5] = (number of the map, x1, y1, x2, y2), inside the image.
        output_size: height h and width w of a box's features.
        spatial_scale: pixels of the feature map per pixel of the boxes.
        sampling_ratio: points per bin and axis, at least 1, at which the map is read.

    Returns:
        float [K, C, h, w]: the mean over the points of each bin.
    """
    corners = boxes[:, 1:3] * spatial_scale
    sizes = (boxes[:, 3:5] * spatial_scale - corners).clamp(min=1)
    y, x = (
        corners[:, axis, None] + sizes[:, axis, None] * _bin_points(side * sampling_ratio, boxes)
        for axis, side in ((1, output_size[0]), (0, output_size[1]))
    )
    # grid_sample counts from -1 to 1 between the outer edges of the map, and point 0 is the centre of the first cell
    y, x = (2 * y + 1) / input.shape[2] - 1, (2 * x + 1) / input.shape[3] - 1
    grid = torch.stack(torch.broadcast_tensors(x[:, None, :], y[:, :, None]), dim=3)
    features = input.new_empty(len(boxes), input.shape[1], *output_size)
    for number in range(len(input)):
        own = boxes[:, 0] == number
        if own.any():
            points = grid[own].flatten(0, 1)[None]
            values = functional.grid_sample(input[number, None], points, padding_mode="border", align_corners=False)
            means = functional.avg_pool2d(values[0], sampling_ratio)
            features[own] = means.unflatten(1, (-1, output_size[0])).transpose(0, 1)
    return features


def _bin_points(points: int, like: torch.Tensor) -> torch.Tensor:
    """Middles of equal parts of 0..1."""
    return (torch.arange(points, dtype=like.dtype, device=like.device) + 0.5) / points


try:
    import torchvision
except RuntimeError:
    _library = torch.library.Library("torchvision", "FRAGMENT")
    for _name in ("nms", "qnms"):
        _library.define(_name + _SCHEMA)
    import torchvision

    torchvision.ops.boxes.nms = nms
    torchvision.ops.poolers.roi_align = roi_align

__all__ = ["torchvision"]
