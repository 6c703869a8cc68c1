"""purereid: person re-identification with generated, purified training images.

For use from Python: ``load_encoder``, ``images_in``, ``rank``, ``rerank``, ``same``; see docs/using-an-encoder.md.
"""

import importlib

__version__ = "0.1.0"
OFFERED = {
    "load_encoder": "purereid.api.encoder",
    "images_in": "purereid.api.images",
    "rank": "purereid.api.nearest",
    "rerank": "purereid.api.nearest",
    "same": "purereid.api.same",
}
__all__ = ["UserError", *OFFERED]


def __getattr__(name: str) -> object:
    """Import what is asked for, and torch with it, only then: the workflow imports this package at each start."""
    if name == "UserError":
        return importlib.import_module("purereid.errors").UserError
    if name in OFFERED:
        return getattr(importlib.import_module(OFFERED[name]), name)
    raise AttributeError(f"purereid has no {name}; it offers {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
