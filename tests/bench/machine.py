"""What a benchmark ran on."""

import os
import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from purereid.networks.precision import has_bf16

LIBRARIES = (
    *("numpy", "scipy", "numba", "torch", "torchvision", "opencv-python-headless", "pillow", "simplejpeg"),
    *("faiss-cpu", "scikit-learn", "torchmetrics"),
)


def devices() -> list[str]:
    """The CPU, and the GPU where there is one."""
    return ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def machine() -> dict:
    """Processor, memory, GPU and versions, for JSON."""
    installed = {}
    for name in LIBRARIES:
        try:
            installed[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_GiB": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
        "bfloat16": has_bf16(torch.device("cpu")),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "libraries": installed,
    }


def _processor() -> str:
    """Name, family and model as the kernel gives them; virtual machines often hide the name."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    named = [re.search(rf"^{field}\s*:\s*(.+)$", text, re.M) for field in ("model name", "cpu family", "model")]
    words = [found[1] if found else "?" for found in named]
    return "{} (family {}, model {})".format(*words) if any(named) else platform.processor()
