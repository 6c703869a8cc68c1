"""A pool of generated images, as rules of purification see it."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

from purereid.data.confidence import read_confidence
from purereid.data.features import read_encoder, read_features
from purereid.data.files import Files, listed
from purereid.data.graph_file import read_graph
from purereid.data.index import read_index
from purereid.data.neighbours import Neighbours
from purereid.data.shards import read_shard
from purereid.errors import UserError
from purereid.networks.network_file import load_network, read_about
from purereid.purification.gcn_inference import predict_links
from purereid.purification.link_scores import Curve, Links, threshold_of
from purereid.purification.vertex_confidence import vertex_confidence


class Pool:
    """The generated images and what is known of them, read where a rule asks for it.

    Args:
        index: real and generated images.
        inputs: files by name, those of the rule's ``inputs`` in ``purifiers.registry``.
        device: where networks compute.

    Attributes:
        images: N names, in the order of the index.
        pids: int64 [N], intended identities.
        real: rows of the index that show real persons of the same splits.
    """

    def __init__(self, index: str | Path, inputs: dict[str, Files], device: torch.device):
        people = read_index(index).query("pid >= 0")
        generated = people["kind"] == "generated"
        rows = people[generated]
        self.real = people[~generated & people["split"].isin(set(rows["split"]))]
        self.images, self.pids = rows["image"].tolist(), rows["pid"].to_numpy(np.int64)
        self.inputs, self.device = inputs, device

    @cached_property
    def features(self) -> np.ndarray:
        """Features float32 [N, D] of length 1."""
        return self.features_of(self.images)

    def features_of(self, images: Sequence[str]) -> np.ndarray:
        """Features of some images, generated or real, which may be named several times."""
        codes, unique = pd.factorize(pd.Series(images, dtype=object))
        return read_features(self.inputs["features"], unique.tolist())[1][codes]

    @property
    def real_features(self) -> tuple[np.ndarray, np.ndarray]:
        """Features float32 [M, D] and identities int64 [M] of the real images."""
        return self.features_of(self.real["image"].tolist()), self.real["pid"].to_numpy(np.int64)

    @cached_property
    def sources(self) -> list[str]:
        """The real image from which each was generated."""
        made = pd.concat([read_shard(shard, ["image", "source"]) for shard in self.inputs["shards"]])
        found = made.set_index("image")["source"].reindex(self.images)
        if found.isna().any():
            what = f"{found.isna().sum()} generated images are in no shard, such as {found.index[found.isna()][0]}"
            raise UserError(what, where=self.inputs["shards"][0], expected="the shards from which the index was made")
        return found.tolist()

    @cached_property
    def graph(self) -> Neighbours:
        """Nearest neighbours [N, k]."""
        images, graph = read_graph(self.inputs["graph"])
        if images != self.images:
            raise UserError(
                f"the graph is one of {len(images)} images, others than the {len(self.images)} of the index",
                where=self.inputs["graph"],
                expected="the graph of these images",
                do="delete it, so that it is made again",
            )
        return graph

    @cached_property
    def links(self) -> Links:
        """Links that the GCN predicts."""
        network, about = self.network("gcn")
        sizes = {name: about[name] for name in ("k1", "k2", "u")}
        return predict_links(network, self.features, self.graph.indices, device=self.device, **sizes)

    def threshold(self, precision: float) -> float:
        """Probability above which links have at least a precision on the identities that the GCN has not learnt from.

        Raises:
            UserError: none were held out.
        """
        _, about = self.network("gcn")
        if not about["curve"]:
            raise UserError(
                "the precision of links is not known, as the GCN learnt from all identities",
                where="purify.link_precision",
                expected="identities that are held out, on which it can be measured",
                do="set train_gcn.held_out above 0, or link_precision to 0 and a threshold",
            )
        return threshold_of(Curve(**about["curve"]), precision)

    @cached_property
    def confidence(self) -> np.ndarray:
        """Probability of the intended identity, float64 [N]; NaN where the classifier does not know it."""
        known = read_confidence(self.inputs["confidence"])
        absent = set(self.images) - set(known.index)
        if absent:
            raise UserError(
                f"{len(absent)} of {len(self.images)} images have no probability, such as {min(absent)}",
                where=listed(self.inputs["confidence"]),
                expected="a probability for every generated image of the index",
                do="delete the probabilities, so that they are made again",
            )
        return known.loc[self.images].to_numpy(np.float64)

    @cached_property
    def vertices(self) -> tuple[np.ndarray, dict]:
        """Confidences that GCN-V predicts, float32 [N], and what is known of it."""
        network, about = self.network("gcn_v")
        return vertex_confidence(network, self.features, self.graph, k=about["k"], device=self.device), about

    def network(self, name: str) -> tuple[nn.Module, dict]:
        """A trained network and what is known of it; graph and network must stem from the encoder of the features."""
        network, about = load_network(self.inputs[name], name), read_about(self.inputs[name])
        for other, found in (("graph", read_encoder(self.inputs["graph"])), (name, about["encoder"])):
            if found != read_encoder(self.inputs["features"]):
                raise UserError(
                    f"the {other} stems from features of another encoder",
                    where=self.inputs[other],
                    expected=f"the encoder of {listed(self.inputs['features'])}",
                    do="delete the file, so that it is made again",
                )
        return network, about
