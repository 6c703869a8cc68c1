"""Settings of a training that decide what it logs and draws on the way, and nothing that it learns.

The params of its rule leave them out, so that another value of them makes no networks stale. Its job reads them from
the config, which Snakemake does not compare.
"""

from purereid.networks.registry import TO_DRAW

LOGGED = ("log_every", "alarm_after", *TO_DRAW)


def learnt(settings: dict) -> dict:
    """Settings without those of ``LOGGED``."""
    return {name: value for name, value in settings.items() if name not in LOGGED}


def logged(settings: dict) -> dict:
    """Those of ``LOGGED`` alone."""
    return {name: value for name, value in settings.items() if name in LOGGED}
