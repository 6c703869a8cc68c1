"""Which rules of purification there are, what each reads, and which settings of the section ``purify`` concern it.

A module of its own, without the rules: the workflow asks it before any job runs.
"""

from typing import NamedTuple

NETWORKS = ("gcn", "gcn_v", "gcn_e")


class Rule(NamedTuple):
    """What a rule needs.

    Attributes:
        inputs: artifacts that it reads besides the index: features, confidence, graph, networks, and the shards that
            tell the sources of the images.
        settings: names in the section ``purify``.
    """

    inputs: tuple[str, ...]
    settings: tuple[str, ...]

    @property
    def networks(self) -> list[str]:
        """The trained networks among the inputs."""
        return [name for name in self.inputs if name in NETWORKS]


_LINKED = ("features", "graph", "gcn")
_LISTS, _SHARE = ("threshold", "link_precision", "overlap"), ("share", "share_of")
RULES = {
    "published": Rule(_LINKED, _LISTS),
    "strict": Rule(_LINKED, _LISTS),
    "clusters": Rule(_LINKED, ("pool", "max_size", "step", "smallest")),
    "gcn_v": Rule(("features", "graph", "gcn_v"), ("smallest",)),
    "gcn_e": Rule(("features", "graph", "gcn_v", "gcn_e"), ("smallest",)),
    "classifier": Rule(("confidence",), _SHARE),
    "centre": Rule(("features",), _SHARE),
    "mutual": Rule(("graph",), _SHARE),
    "source": Rule(("features", "shards"), _SHARE),
    "covariance": Rule(("features",), _SHARE),
    "random": Rule((), (*_SHARE, "seed")),
}
DECIDING = [name for name, rule in RULES.items() if "share" not in rule.settings]  # how many images they keep
