"""Decide which generated images stay (rule ``purify``)."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from purereid.data.purified_file import read_purified, write_purified
from purereid.data.purified_table import summary
from purereid.logs import log
from purereid.purification.choose_parents import choose_parents
from purereid.purification.connect import components, connect
from purereid.purification.pool import Pool
from purereid.purification.propagation import propagate_links
from purereid.purification.purifiers import centre, classifier, covariance, mutual, random, source
from purereid.purification.purifiers.clusters import purify_clusters
from purereid.purification.purifiers.published import purify_published
from purereid.purification.purifiers.share import keep_share
from purereid.purification.purifiers.strict import purify_strict
from purereid.purification.vertex_confidence import nearest
from purereid.training.distributed import first_device


def purify(
    *,
    index: str | Path,
    kept: str | Path,
    settings: dict,
    as_many_as: str | Path | None = None,
    gpus: int = 0,
    **inputs: str | Path | Sequence[str | Path],
) -> None:
    """Apply one rule and write its table.

    Args:
        index: real and generated images.
        kept: Parquet file that is written, see ``purified_file``.
        settings: ``rule`` and those settings of the section ``purify`` that concern it.
        as_many_as: table of another purifier, of which the kept share is taken.
        gpus: 0 for the CPU.
        inputs: further files, as ``purifiers.registry`` names them.

    Raises:
        UserError: files that are missing, of another encoder or of other images; unusable settings.
    """
    pool = Pool(index, inputs, first_device(gpus))
    if as_many_as is not None:
        settings = settings | {"share": float(read_purified(as_many_as)["kept"].mean())}
    table = FUNCTIONS[settings["rule"]](pool, settings)
    write_purified(kept, table)
    found = summary(table)
    log.info("%d of %d images stay (%.1f %%)", found["kept"], found["images"], 100 * found["share"])
    log.info("%d of %d identities keep an image", found["identities_kept"], found["identities"])
    if not found["kept"]:
        log.warning("NOTHING IS KEPT: experiments with this purifier train on real images alone")


def _by_lists(rule: Callable) -> Callable:
    def purified(pool: Pool, settings: dict) -> pd.DataFrame:
        precision = settings["link_precision"]
        threshold = pool.threshold(precision) if precision else settings["threshold"]
        if precision:
            log.info("links above %.3f have a precision of %g on held-out identities", threshold, precision)
        _say_of_links(pool.links.probability, threshold)
        return rule(pool.images, pool.pids, *pool.links, threshold=threshold, overlap=settings["overlap"])

    return purified


def _say_of_links(probability: np.ndarray, threshold: float) -> None:
    made, largest = np.count_nonzero(probability > threshold), probability.max(initial=0)
    log.info(
        "%d of %d links have a probability above %g; the largest is %.3f", made, probability.size, threshold, largest
    )
    if not made:
        log.warning("NO LINK: no probability is above %g, the largest is %.3f", threshold, largest)


def _by_clusters(pool: Pool, settings: dict) -> pd.DataFrame:
    clusters = propagate_links(*pool.links, **{name: settings[name] for name in ("max_size", "step", "pool")})
    return purify_clusters(pool.images, pool.pids, clusters, smallest=settings["smallest"])


def _by_confidence(pool: Pool, settings: dict) -> pd.DataFrame:
    confidence, about = pool.vertices
    clusters = connect(confidence, nearest(pool.graph, about["k"]), about["tau"])
    return purify_clusters(pool.images, pool.pids, clusters, smallest=settings["smallest"])


def _by_candidates(pool: Pool, settings: dict) -> pd.DataFrame:
    network, about = pool.network("gcn_e")
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
    return centre.centre_scores(pool.features, pool.pids, *pool.real_features)


def _covariance(pool: Pool, settings: dict) -> np.ndarray:
    return covariance.covariance_scores(pool.features, pool.pids, *pool.real_features)


def _mutual(pool: Pool, settings: dict) -> np.ndarray:
    return mutual.mutual_scores(pool.pids, pool.graph.indices)


def _source(pool: Pool, settings: dict) -> np.ndarray:
    return source.source_scores(pool.features, pool.features_of(pool.sources))


def _random(pool: Pool, settings: dict) -> np.ndarray:
    return random.random_scores(len(pool.pids), np.random.default_rng(settings["seed"]))


# each makes the table of ``data.purified_table``
FUNCTIONS: dict[str, Callable[[Pool, dict], pd.DataFrame]] = {
    "published": _by_lists(purify_published),
    "strict": _by_lists(purify_strict),
    "clusters": _by_clusters,
    "gcn_v": _by_confidence,
    "gcn_e": _by_candidates,
    "classifier": _by_score(classifier.WORDS, _classifier),
    "centre": _by_score(centre.WORDS, _centre),
    "mutual": _by_score(mutual.WORDS, _mutual),
    "source": _by_score(source.WORDS, _source),
    "covariance": _by_score(covariance.WORDS, _covariance),
    "random": _by_score(random.WORDS, _random),
}
