"""What experiments are trained on, in words; a module of its own, as the workflow may ask it before any job runs."""

from collections.abc import Mapping

REAL_ALONE = "real images alone"


def set_name(row: Mapping[str, str]) -> str:
    """A set of images: ``generator`` and ``purifier`` ("" for all its images), no generator for real images alone."""
    return f"{row['generator']}, {row['purifier'] or 'all images'}" if row["generator"] else REAL_ALONE
