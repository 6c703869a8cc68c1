"""In what the weights of a file differ from those of a network, in words."""

import re
from collections.abc import Iterable
from itertools import accumulate

from torch import Tensor

NOT_USED = ("attn_pool.", "classif", "fc.", "head", "last_linear.")  # pooling and classifiers of published models
POSITIONS = re.compile(r"pos_emb|rel_pos|position_bias|attention_biases|_rel$")  # tensors as large as the input asks


def difference(known: dict[str, Tensor], found: dict[str, Tensor]) -> str:
    """Say of what network the weights are, if not of this one.

    Args:
        known: state of the network.
        found: state in the file; classifiers in it and counters of batch normalisation that it lacks do not count.

    Returns:
        text that goes on from "the weights are of"; empty if they fit.
    """
    missing = [name for name in known if name not in found and not name.endswith(".num_batches_tracked")]
    further = [name for name in found if name not in known and not name.startswith(NOT_USED)]
    reshaped = [name for name in known if name in found and found[name].shape != known[name].shape]
    lacking, added = _modules(missing, found), _modules(further, known)
    parts = []
    if added:
        parts.append(f"they have {_some(added)}, which the backbone lacks")
    if lacking:
        parts.append(f"they lack {_some(lacking)}")
    if reshaped:
        shapes = [f"{name} is {_shape(found[name])} instead of {_shape(known[name])}" for name in reshaped]
        parts.append(_some(shapes, 1))
    if not parts:
        return ""
    kind = _kind_by_modules(lacking, added, known, found) or _kind_by_shapes(reshaped, known, found)
    return f"{kind}: {'; '.join(parts)}"


def _kind_by_modules(lacking: list[str], added: list[str], known: Iterable[str], found: Iterable[str]) -> str:
    if added and not lacking and _go_on(added, known):
        return "a deeper network"
    if lacking and not added and _go_on(lacking, found):
        return "a shallower network"
    return "another network" if lacking or added else ""


def _kind_by_shapes(reshaped: list[str], known: dict[str, Tensor], found: dict[str, Tensor]) -> str:
    if all(POSITIONS.search(name) for name in reshaped):
        return "another input size, from which they cannot be resampled"
    wider = {found[name].numel() > known[name].numel() for name in reshaped}
    if len(wider) > 1 or len(reshaped) < len(known) / 2:
        return "another network"
    return f"a {'wider' if True in wider else 'narrower'} network"


def _modules(names: Iterable[str], others: Iterable[str]) -> list[str]:
    """The largest parts that are not among the others: layer3.6 for all layer3.6.* if there is a layer3 alone."""
    there = {part for name in others for part in _parts(name)}
    return sorted({next(part for part in _parts(name) if part not in there) for name in names}, key=_natural)


def _go_on(modules: Iterable[str], others: Iterable[str]) -> bool:
    """Whether one of the modules follows the last of its row among the others, as layer3.6 follows layer3.5."""
    last = {}
    for row, number in (_numbered(part) for name in others for part in _parts(name)):
        last[row] = max(number, last.get(row, number))
    return any(number > last.get(row, number) for row, number in map(_numbered, modules))


def _numbered(module: str) -> tuple[str, int]:
    """layer3. and 6 for layer3.6; -1 for a module without a number."""
    row = module.rstrip("0123456789")
    return row, int(module.removeprefix(row) or -1)


def _parts(name: str) -> Iterable[str]:
    """a, a.b, a.b.c for a.b.c."""
    return accumulate(name.split("."), "{}.{}".format)


def _natural(name: str) -> list[str | int]:
    """Sorts layer3.6 before layer3.10."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]


def _some(texts: list[str], count: int = 3) -> str:
    return ", ".join(texts[:count]) + (f" and {len(texts) - count} more" if len(texts) > count else "")


def _shape(tensor: Tensor) -> str:
    return " x ".join(map(str, tensor.shape))
