"""The Inception network of FID and of the Inception score, as ported to PyTorch by pytorch-fid.

It is torchvision's Inception v3 but for 1008 classes, average pools that leave the padding out, and a max pool in the
last block. The weights are those of TensorFlow's graph of 2015-12-05; torchvision's own give scores on another scale.
They are no part of this project. The published file is a pickle; make a safetensors file of it once, by hand::

    import torch
    from safetensors.torch import save_file

    state = torch.load("pt_inception-2015-12-05-6726825d.pth", weights_only=True)  # sha256 starts with 6726825d
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, "inception.safetensors")

The structure is tested with random weights. It was NEVER RUN WITH THE PUBLISHED WEIGHTS: before you compare a score
with a published one, score a set of images whose score you know.
"""

from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from purereid.data.weights import read_weights
from purereid.errors import UserError
from purereid.vision import torchvision

SETTING = "score_images.inception_weights"  # names the file; SETTING + "_sha256" is its checksum
SIZE, CLASSES = 299, 1008
blocks = torchvision.models.inception


def load_inception(path: str | Path, sha256: str) -> "Inception":
    """Make the network with the user's weights, ready for use on the CPU.

    Args:
        path: safetensors file made as described above.
        sha256: checksum (hex) that the file must have.

    Raises:
        UserError: the file is missing, has another checksum, is no safetensors file, or is of another network.
    """
    state = read_weights(path, sha256, SETTING)
    network = Inception()
    known = network.state_dict()
    wrong = [name for name in sorted(known.keys() | state.keys()) if _shape(known, name) != _shape(state, name)]
    if wrong:
        raise UserError(
            f"the weights are of another network: {len(wrong)} tensors missing, not known or of another shape",
            where=f"{path}, for instance {wrong[0]}",
            expected="the Inception network of FID (pt_inception-2015-12-05), with 1008 classes",
        )
    network.load_state_dict(state, strict=False)
    return network.eval().requires_grad_(False)


def _shape(state: dict[str, torch.Tensor], name: str) -> tuple[int, ...] | None:
    """Shape of a tensor; () for the counters of batch normalisation, which nothing reads and a file may lack."""
    if name.endswith(".num_batches_tracked"):
        return ()
    return tuple(state[name].shape) if name in state else None


class Inception(nn.Module):
    """The network with random weights; parameters are called as in torchvision."""

    def __init__(self):
        super().__init__()
        parts = [blocks.BasicConv2d, _A, blocks.InceptionB, _C, blocks.InceptionD, _E, blocks.InceptionAux]
        network = blocks.Inception3(CLASSES, aux_logits=False, inception_blocks=parts, init_weights=False)
        network.Mixed_7c = _LastE(2048)
        for name, stage in network.named_children():
            self.add_module(name, stage)

    @torch.inference_mode()
    def features(self, images: torch.Tensor) -> torch.Tensor:
        """The 2048 features called pool3, prepared as for FID.

        Args:
            images: uint8 [B, 3, H, W]; stretched bilinearly to 299 x 299 without a filter against aliasing.

        Returns:
            float32 [B, 2048], at least 0.
        """
        x = functional.interpolate(images.float() / 255, (SIZE, SIZE), mode="bilinear", align_corners=False)
        x = 2 * x - 1
        for name, stage in self.named_children():
            if name not in ("dropout", "fc"):
                x = stage(x)
        return x.flatten(1)

    @torch.inference_mode()
    def logits(self, features: torch.Tensor) -> torch.Tensor:
        """Features [B, 2048] to [B, 1008] for the Inception score, WITHOUT the bias, as its published code does.

        That code stretches images in TensorFlow, whose sampling points lie elsewhere, and maps them by (x - 128) / 128;
        a score from ``features`` therefore differs from it slightly.
        """
        return features @ self.fc.weight.T


class _OtherPool:
    """A block of torchvision whose last branch pools as in TensorFlow; the branch is taken twice, 5 % of the time."""

    def _forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        *branches, _ = super()._forward(x)
        return [*branches, self.branch_pool(self.pool(x))]

    def pool(self, x: torch.Tensor) -> torch.Tensor:
        return functional.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)


class _A(_OtherPool, blocks.InceptionA):
    pass


class _C(_OtherPool, blocks.InceptionC):
    pass


class _E(_OtherPool, blocks.InceptionE):
    pass


class _LastE(_OtherPool, blocks.InceptionE):
    def pool(self, x: torch.Tensor) -> torch.Tensor:
        return functional.max_pool2d(x, 3, stride=1, padding=1)
