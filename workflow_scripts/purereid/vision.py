"""torchvision on any torch build.

The torchvision wheel is built for CUDA: on a CPU-only torch its import fails because the operators ``nms`` and
``qnms`` are not registered. Their schemas, declared beforehand, cure that; models, transforms and utils then work.
Where torchvision loads natively nothing is declared. Import torchvision (and timm) through this module only.
"""

import torch

_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"

try:
    import torchvision
except RuntimeError:
    _library = torch.library.Library("torchvision", "FRAGMENT")
    for _name in ("nms", "qnms"):
        _library.define(_name + _SCHEMA)
    import torchvision

__all__ = ["torchvision"]
