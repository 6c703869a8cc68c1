"""purereid: person re-identification with generated, purified training images."""

__version__ = "0.1.0"
