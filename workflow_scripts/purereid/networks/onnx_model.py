"""Encoders as ONNX models, which run without this project, and without torch."""

import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from purereid.errors import UserError
from purereid.networks.contracts import Encoder

if TYPE_CHECKING:
    from onnx import ModelProto
    from onnxruntime import InferenceSession

INPUT, OUTPUT = "images", "features"


class PixelsToFeatures(nn.Module):
    """An encoder between pixels and features of length 1; normalisation and flip test are inside."""

    def __init__(self, encoder: Encoder, flip: bool):
        super().__init__()
        self.encoder, self.flip = encoder, flip
        for name in ("mean", "std"):
            self.register_buffer(name, torch.tensor(encoder.configuration[name])[:, None, None])

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Features float32 [B, D] of length 1 of RGB images uint8 [B, H, W, 3] of the encoder's size."""
        inputs = (images.permute(0, 3, 1, 2).float() / 255 - self.mean) / self.std
        views = [inputs, inputs.flip(3)] if self.flip else [inputs]
        return functional.normalize(self.encoder.combine([self.encoder.embed(view) for view in views]), dim=1)


def check_installed() -> None:
    """Raises UserError if a library is missing that writes ONNX models or runs them."""
    missing = [name for name in ("onnx", "onnxscript", "onnxruntime") if find_spec(name) is None]
    if missing:
        what = f"not installed: {', '.join(missing)}"
        do = f"pip install {' '.join(missing)}"
        raise UserError(what, expected="the packages that write and run ONNX models", do=do)


def onnx_model(encoder: Encoder, *, flip: bool, about: dict[str, str]) -> bytes:
    """The encoder as an ONNX model; equal arguments give equal bytes.

    Args:
        encoder: on the CPU, in evaluation mode.
        flip: whether a feature combines those of the image and its mirror image.
        about: texts that the model keeps (``session.get_modelmeta().custom_metadata_map``).

    Returns:
        a model that takes ``images``, RGB, uint8 [B, H, W, 3] of the encoder's size, for any B, and yields
        ``features``, float32 [B, D] of length 1.

    Raises:
        UserError: the encoder does what ONNX cannot say.
    """
    size = encoder.configuration["height"], encoder.configuration["width"]
    images = torch.zeros(2, *size, 3, dtype=torch.uint8)
    names = {"input_names": [INPUT], "output_names": [OUTPUT]}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the exporter, about its own insides
            program = torch.onnx.export(
                PixelsToFeatures(encoder, flip).eval(),
                (images,),
                dynamo=True,
                dynamic_shapes=({0: torch.export.Dim("batch")},),
                verbose=False,
                **names,
            )
    except (torch.onnx.OnnxExporterError, RuntimeError) as error:
        raise UserError(
            f"the encoder cannot be written as ONNX: {str(error).partition(chr(10))[0]}",
            expected="a network of layers that ONNX has, such as those of all systems",
        ) from None
    model = _without_notes(program.model_proto)
    for name, text in sorted(about.items()):
        model.metadata_props.add(key=name, value=text)
    return model.SerializeToString(deterministic=True)


def session(model: bytes, threads: int) -> "InferenceSession":
    """The model, ready to run on the CPU: ``session.run(["features"], {"images": images})``."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _without_notes(model: "ModelProto") -> "ModelProto":
    """The model without what the exporter noted, such as paths of this machine's files."""
    graph = model.graph
    for each in (model, graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        del each.metadata_props[:]
    return model
