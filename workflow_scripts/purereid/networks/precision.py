"""Which number format a device trains with."""

import contextlib

import torch

from purereid.errors import UserError
from purereid.networks.narrow_maps import mend_narrow_maps


def autocast(precision: str, device: torch.device) -> contextlib.AbstractContextManager:
    """Context in which matrix products run in bfloat16 or float32.

    Args:
        precision: ``bf16``, ``fp32``, or ``auto``: bfloat16 where the device computes with it natively.

    Raises:
        UserError: unknown precision.
    """
    if precision not in ("auto", "bf16", "fp32"):
        raise UserError(f"unknown precision {precision!r}", expected="auto, bf16 or fp32")
    if precision == "bf16" or (precision == "auto" and has_bf16(device)):
        mend_narrow_maps()
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return contextlib.nullcontext()


def has_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 matrices in hardware."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(torch.cpu._is_avx512_bf16_supported())
