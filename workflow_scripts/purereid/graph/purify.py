"""Decide which generated images stay (rule ``purify``)."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
import torch

from purereid.data.confidence import read_confidence
from purereid.data.features import read_encoder, read_features
from purereid.data.index import read_index
from purereid.data.shards import read_shard
from purereid.errors import UserError
from purereid.graph.choose_parents import choose_parents
from purereid.graph.connect import components, connect
from purereid.graph.gcn import GCN
from purereid.graph.gcn_e import GCNE
from purereid.graph.gcn_inference import predict_links
from purereid.graph.gcn_v import GCNV
from purereid.graph.graph_file import read_graph
from purereid.graph.link_scores import Links
from purereid.graph.neighbours import Neighbours
from purereid.graph.network_file import load_network
from purereid.graph.propagation import propagate_links
from purereid.graph.purified_file import read_purified, write_purified
from purereid.graph.purifiers import centre, classifier, mutual, random, source
from purereid.graph.purifiers.clusters import purify_clusters
from purereid.graph.purifiers.published import purify_published
from purereid.graph.purifiers.share import keep_share
from purereid.graph.purifiers.strict import purify_strict
from purereid.graph.purifiers.table import summary
from purereid.graph.vertex_confidence import nearest, vertex_confidence
from purereid.logs import log
from purereid.training.distributed import first_device

Kind = TypeVar("Kind", GCN, GCNV, GCNE)


def purify(
    *,
    index: str | Path,
    shards: Sequence[str | Path],
    kept: str | Path,
    settings: dict,
    as_many_as: str | Path | None = None,
    gpus: int = 0,
    **inputs: str | Path,
) -> None:
    """Apply one rule and write its table.

    Args:
        index: real and generated images.
        shards: files of the generated images, which tell their sources.
        kept: Parquet file that is written, see ``purified_file``.
        settings: ``rule`` and those settings of the section ``purify`` that concern it.
        as_many_as: table of another purifier, of which the kept share is taken.
        gpus: 0 for the CPU.
        inputs: further files, as ``purifiers.registry`` names them.

    Raises:
        UserError: files that are missing, of another encoder or of other images; unusable settings.
    """
    pool = Pool(index, shards, inputs, first_device(gpus))
    if as_many_as is not None:
        settings = settings | {"share": float(read_purified(as_many_as)["kept"].mean())}
    table = RULES[settings["rule"]](pool, settings)
    write_purified(kept, table)
    found = summary(table)
    log.info("%d of %d images stay (%.1f %%)", found["kept"], found["images"], 100 * found["share"])
    log.info("%d of %d identities keep an image", found["identities_kept"], found["identities"])
    if not found["kept"]:
        log.warning("NOTHING IS KEPT: experiments with this purifier train on real images alone")


class Pool:
    """The generated images and what is known of them, read where a rule asks for it.

    Attributes:
        images: N names, in the order of the index.
        pids: int64 [N], intended identities.
    """

    def __init__(
        self, index: str | Path, shards: Sequence[str | Path], inputs: dict[str, str | Path], device: torch.device
    ):
        people = read_index(index).query("pid >= 0")
        generated = people["kind"] == "generated"
        rows = people[generated]
        self.real = people[~generated & people["split"].isin(set(rows["split"]))]
        self.images, self.pids = rows["image"].tolist(), rows["pid"].to_numpy(np.int64)
        self.shards, self.inputs, self.device = shards, inputs, device

    @cached_property
    def features(self) -> np.ndarray:
        """Features float32 [N, D] of length 1."""
        return self.features_of(self.images)

    def features_of(self, images: Sequence[str]) -> np.ndarray:
        """Features of some images, generated or real, which may be named several times."""
        codes, unique = pd.factorize(pd.Series(images, dtype=object))
        return read_features(self.inputs["features"], unique.tolist())[1][codes]

    @cached_property
    def sources(self) -> list[str]:
        """The real image from which each was generated."""
        made = pd.concat([read_shard(shard, ["image", "source"]) for shard in self.shards])
        found = made.set_index("image")["source"].reindex(self.images)
        if found.isna().any():
            what = f"{found.isna().sum()} generated images are in no shard, such as {found.index[found.isna()][0]}"
            raise UserError(what, where=self.shards[0], expected="the shards from which the index was made")
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
        network, about = self.network("gcn", GCN)
        sizes = {name: about[name] for name in ("k1", "k2", "u")}
        return predict_links(network, self.features, self.graph.indices, device=self.device, **sizes)

    @cached_property
    def confidence(self) -> np.ndarray:
        """Probability of the intended identity, float64 [N]; NaN where the classifier does not know it."""
        known = read_confidence(self.inputs["confidence"])
        absent = set(self.images) - set(known.index)
        if absent:
            raise UserError(
                f"{len(absent)} of {len(self.images)} images have no probability, such as {min(absent)}",
                where=self.inputs["confidence"],
                expected="a probability for every generated image of the index",
                do="delete the file, so that it is made again",
            )
        return known.loc[self.images].to_numpy(np.float64)

    @cached_property
    def vertices(self) -> tuple[np.ndarray, dict]:
        """Confidences that GCN-V predicts, float32 [N], and what is known of it."""
        network, about = self.network("gcn_v", GCNV)
        return vertex_confidence(network, self.features, self.graph, k=about["k"], device=self.device), about

    def network(self, name: str, kind: type[Kind]) -> tuple[Kind, dict]:
        """A trained network and what is known of it; graph and network must stem from the encoder of the features."""
        network, about = load_network(self.inputs[name], kind)
        for other, found in (("graph", read_encoder(self.inputs["graph"])), (name, about["encoder"])):
            if found != read_encoder(self.inputs["features"]):
                raise UserError(
                    f"the {other} stems from features of another encoder",
                    where=self.inputs[other],
                    expected=f"the encoder of {self.inputs['features']}",
                    do="delete the file, so that it is made again",
                )
        return network, about


def _by_lists(rule: Callable) -> Callable:
    def purified(pool: Pool, settings: dict) -> pd.DataFrame:
        names = ("threshold", "overlap")
        return rule(pool.images, pool.pids, *pool.links, **{name: settings[name] for name in names})

    return purified


def _by_clusters(pool: Pool, settings: dict) -> pd.DataFrame:
    clusters = propagate_links(*pool.links, **{name: settings[name] for name in ("max_size", "step", "pool")})
    return purify_clusters(pool.images, pool.pids, clusters, smallest=settings["smallest"])


def _by_confidence(pool: Pool, settings: dict) -> pd.DataFrame:
    confidence, about = pool.vertices
    clusters = connect(confidence, nearest(pool.graph, about["k"]), about["tau"])
    return purify_clusters(pool.images, pool.pids, clusters, smallest=settings["smallest"])


def _by_candidates(pool: Pool, settings: dict) -> pd.DataFrame:
    network, about = pool.network("gcn_e", GCNE)
    sizes = {name: about[name] for name in ("k", "share")}
    parents = choose_parents(network, pool.features, pool.graph, pool.vertices[0], device=pool.device, **sizes)
    return purify_clusters(pool.images, pool.pids, components(parents, about["tau"]), smallest=settings["smallest"])


def _by_score(words: str, scores: Callable[[Pool, dict], np.ndarray]) -> Callable:
    def purified(pool: Pool, settings: dict) -> pd.DataFrame:
        return keep_share(pool.images, pool.pids, scores(pool, settings), settings["share"], words)

    return purified


def _classifier(pool: Pool, settings: dict) -> np.ndarray:
    return classifier.classifier_scores(pool.pids, pool.confidence)


def _centre(pool: Pool, settings: dict) -> np.ndarray:
    real, pids = pool.features_of(pool.real["image"].tolist()), pool.real["pid"].to_numpy(np.int64)
    return centre.centre_scores(pool.features, pool.pids, real, pids)


def _mutual(pool: Pool, settings: dict) -> np.ndarray:
    return mutual.mutual_scores(pool.pids, pool.graph.indices)


def _source(pool: Pool, settings: dict) -> np.ndarray:
    return source.source_scores(pool.features, pool.features_of(pool.sources))


def _random(pool: Pool, settings: dict) -> np.ndarray:
    return random.random_scores(len(pool.pids), np.random.default_rng(settings["seed"]))


# each makes the table of ``purifiers.table``
RULES: dict[str, Callable[[Pool, dict], pd.DataFrame]] = {
    "published": _by_lists(purify_published),
    "strict": _by_lists(purify_strict),
    "clusters": _by_clusters,
    "gcn_v": _by_confidence,
    "gcn_e": _by_candidates,
    "classifier": _by_score(classifier.WORDS, _classifier),
    "centre": _by_score(centre.WORDS, _centre),
    "mutual": _by_score(mutual.WORDS, _mutual),
    "source": _by_score(source.WORDS, _source),
    "random": _by_score(random.WORDS, _random),
}
