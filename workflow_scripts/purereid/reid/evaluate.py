"""Score one experiment: rank the gallery for every query by its features."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from purereid.data.atomic import write_text
from purereid.data.features import read_feature_images, read_features
from purereid.data.files import Files
from purereid.data.index import read_index
from purereid.data.parquet import write_parquet
from purereid.logs import log
from purereid.reid.protocols import Sides, check_matches, choose_sides
from purereid.retrieval.camera_pairs import camera_pairs
from purereid.retrieval.centralise import centralise
from purereid.retrieval.distances import normalise
from purereid.retrieval.matches import UNKNOWN
from purereid.retrieval.multi_query import pool_queries
from purereid.retrieval.ranking import Ranking, rank, rank_blocks
from purereid.retrieval.ranking import scores as mean_scores
from purereid.retrieval.rerank import reranked_blocks
from purereid.retrieval.single_gallery_shot import single_gallery_shot
from purereid.retrieval.verified import verified_blocks

REORDERED = ("market", "validation")  # protocols whose rankings are also scored re-ranked and centralised
REPEATS = 10  # draws of the single-gallery-shot metric
RANKS = pa.schema(
    [
        ("image", pa.string()),
        ("pid", pa.int64()),
        ("camid", pa.int64()),
        ("good", pa.int32()),
        ("first", pa.int32()),
        ("AP", pa.float64()),
        ("AP_trapezoid", pa.float64()),
        ("INP", pa.float64()),
        ("top_images", pa.list_(pa.string())),
        ("top_distances", pa.list_(pa.float32())),
        ("top_right", pa.list_(pa.bool_())),
    ]
)


def evaluate(
    *,
    features: Files,
    index: Path,
    scores: Path,
    ranks: Path,
    dataset: str,
    experiment: str,
    seed: int,
    protocol: str = "market",
    rerank: bool = False,
    k1: int = 20,
    k2: int = 6,
    distance_weight: float = 0.3,
    nfc: bool = False,
    views: Files | None = None,
    verifier: Path | None = None,
    candidates: int = 100,
) -> None:
    """Rank by cosine distance and write scores and ranked lists; the same inputs give the same bytes.

    Args:
        features: Parquet, one or several files, with a feature of every query and gallery image; junk needs none.
        index: the data set's index. Split "multi", if it is there and has features, gives the multi-query scores.
        scores: JSON to write. Fractions 0..1; counts: gallery is without junk, junk are the images of identity -1,
            ties are the queries with a right and a wrong image at equal distance, of which the wrong one comes first.
        ranks: Parquet to write, one row per query.
        dataset, experiment, seed: names for the record; ``seed`` also draws for single_gallery_shot.
        protocol: "market", "single_gallery_shot", "openreid" or "validation", see ``choose_sides``.
        rerank: also score the k-reciprocal re-ranking (protocols market and validation), under a name of its own.
        k1, k2, distance_weight: of the re-ranking, see ``reranked_blocks``.
        nfc: also score the neighbour feature centralisation (protocols market and validation), under a name of its own.
        views: features of query and gallery averaged over generated views (``extract_views``): also score their ranking
            (protocols market and openreid), under a name of its own; None: none.
        verifier: file with a network of that role, of the encoder's training: also score the ranking whose first images
            it orders (not with single_gallery_shot), under a name of its own, see ``verified_blocks``; None: none.
        candidates: how many it orders.

    Raises:
        UserError: unknown protocol, no query or gallery image, no query with a match, features missing or not finite.
    """
    table = read_index(index)
    sides = choose_sides(table, protocol, Path(index))
    check_matches(sides, Path(index))
    multi = _multi_images(table, sides, protocol, features)
    both = _read(features, pd.concat([sides.query["image"], sides.gallery["image"]]))
    query, gallery = both[: len(sides.query)], both[len(sides.query) :]
    by_camera = protocol != "single_gallery_shot" and sides.same_camera_removed
    ranking = rank(query, gallery, **sides.labels, in_cameras=by_camera)
    camids = sides.labels["query_camids"], sides.labels["gallery_camids"]
    single = _single_query(ranking, query, gallery, sides, protocol, seed)
    pooled, remark = _multi_query(features, multi, query, gallery, sides)
    settings = {"k1": k1, "k2": k2, "distance_weight": distance_weight}
    reranked = _reranked(both, sides, settings) if rerank and protocol in REORDERED else None
    centralised = _centralised(both, sides) if nfc and protocol in REORDERED else None
    averaged = None if views is None or protocol not in ("market", "openreid") else _averaged(views, sides)
    verified = None
    if verifier is not None and protocol != "single_gallery_shot":
        verified = _verified(features, sides, Path(verifier), candidates)
    notes = [*_notes(sides, ranking, protocol, has_multi="multi" in set(table["split"]), pooled=bool(pooled)), *remark]
    result = {
        "dataset": dataset,
        "experiment": experiment,
        "seed": int(seed),
        "protocol": {
            "name": protocol,
            "distance": "cosine",
            "same_camera_removed": sides.same_camera_removed,
            "note": "; ".join(notes),
        },
        "counts": _counts(sides, ranking),
        "single_query": single,
        "multi_query": pooled,
        "reranked": reranked,
        "centralised": centralised,
        "views": averaged,
        "verified": verified,
        "camera_pairs": camera_pairs(ranking, *camids) if by_camera else [],
    }
    _write_ranks(Path(ranks), sides, ranking)
    write_text(scores, json.dumps(result, indent=2, allow_nan=False) + "\n")
    _report(result)


def _multi_images(table: pd.DataFrame, sides: Sides, protocol: str, features: Files) -> pd.DataFrame:
    """Rows of split "multi" to pool: all or, without known cameras, features or the Market protocol, none."""
    multi = table[(table["split"] == "multi") & (table["camid"] != UNKNOWN)]
    usable = protocol == "market" and sides.same_camera_removed
    if not usable or not set(multi["image"]) & set(read_feature_images(features)):
        return multi.iloc[:0]
    return multi


def _read(features: Files, images: pd.Series, *, normalised: bool = True) -> np.ndarray:
    """Features of some images; an image that is both query and gallery is read once."""
    wanted = pd.unique(images)
    _, values = read_features(features, wanted.tolist())
    values = normalise(values, in_place=True) if normalised else values
    return values if len(wanted) == len(images) else values[pd.Index(wanted).get_indexer(images)]


def _single_query(
    ranking: Ranking, query: np.ndarray, gallery: np.ndarray, sides: Sides, protocol: str, seed: int
) -> dict:
    result = mean_scores(ranking)
    if protocol != "single_gallery_shot":
        return result
    generator = np.random.default_rng(seed)
    cmc = single_gallery_shot(query, gallery, **sides.labels, generator=generator, repeats=REPEATS)
    places = {f"rank{k}": float(cmc[k - 1]) for k in (1, 5, 10)}
    return dict.fromkeys(result) | places | {"cmc": cmc.tolist()}


def _multi_query(
    features: Files, multi: pd.DataFrame, query: np.ndarray, gallery: np.ndarray, sides: Sides
) -> tuple[dict | None, list[str]]:
    """Multi-query scores, if there is anything to pool, and what is to be said about them."""
    if multi.empty:
        return None, []
    labels = sides.labels
    columns = (multi[name].to_numpy() for name in ("pid", "camid"))
    pooled, images = pool_queries(
        _read(features, multi["image"]), *columns, labels["query_pids"], labels["query_camids"]
    )
    alone = images == 0
    pooled[alone] = query[alone]
    scores = mean_scores(rank(pooled, gallery, **labels, top=0))
    return scores, [f"queries without a multi-query image, which stay single: {alone.sum()}"] if alone.any() else []


def _reranked(features: np.ndarray, sides: Sides, settings: dict) -> dict:
    """Scores of the re-ranking, and with which settings it was made."""
    blocks = reranked_blocks(features, len(sides.query), **settings)
    return mean_scores(rank_blocks(blocks, **sides.labels, top=0)) | settings


def _centralised(features: np.ndarray, sides: Sides) -> dict:
    """Scores of the centralised features."""
    return _scores(centralise(features), sides)


def _averaged(views: Files, sides: Sides) -> dict:
    """Scores of the features that are averaged over views."""
    return _scores(_read(views, pd.concat([sides.query["image"], sides.gallery["image"]])), sides)


def _scores(both: np.ndarray, sides: Sides) -> dict:
    """Scores of other features of the queries and then of the gallery."""
    return mean_scores(rank(both[: len(sides.query)], both[len(sides.query) :], **sides.labels, top=0))


def _verified(features: Files, sides: Sides, verifier: Path, candidates: int) -> dict:
    """Scores of the ranking whose first images a verifier orders, and how many it orders."""
    from purereid.reid.verified import difference  # torch, which takes seconds to start and is needed here alone

    both = _read(features, pd.concat([sides.query["image"], sides.gallery["image"]]), normalised=False)
    query, gallery = both[: len(sides.query)], both[len(sides.query) :]
    blocks = verified_blocks(query, gallery, difference(verifier), candidates=candidates)
    return mean_scores(rank_blocks(blocks, **sides.labels, top=0)) | {"candidates": candidates}


def _counts(sides: Sides, ranking: Ranking) -> dict[str, int]:
    return {
        "queries": len(sides.query),
        "queries_without_match": ranking.without_match,
        "gallery": len(sides.gallery),
        "junk": sides.junk,
        "ties": int(np.count_nonzero(ranking.tied)),
    }


def _notes(sides: Sides, ranking: Ranking, protocol: str, has_multi: bool, pooled: bool) -> list[str]:
    """What a reader of the scores has to know."""
    known = sides.same_camera_removed
    unknown = np.count_nonzero(sides.query["camid"] == UNKNOWN)
    ties = np.count_nonzero(ranking.tied)
    no_cameras = (
        "cameras unknown: same-camera removal is off, only the query's own picture is removed; scores are far too good"
        " where photographs of the same moment answer the query"
    )
    notes = [
        (not known, no_cameras),
        (known and unknown, f"queries of unknown camera, for which only their own picture is removed: {unknown}"),
        (
            sides.own_pictures,
            f"queries whose own picture lies in the gallery too, and is removed: {sides.own_pictures}",
        ),
        (ranking.without_match, f"queries without a match, left out of all means: {ranking.without_match}"),
        (ties, f"queries with a right and a wrong image at equal distance, the wrong one first: {ties}"),
        (protocol == "single_gallery_shot", f"mean of {REPEATS} draws of one gallery image per identity, hence no mAP"),
        (protocol == "single_gallery_shot", "the ranks file lists and scores the full gallery"),
        (protocol == "validation", "images of split val alone: for choosing settings, no test"),
        (protocol == "openreid", "queries are all test images of the query identities: not comparable with market"),
        (
            has_multi and not pooled and protocol != "validation",
            "no multi-query: it needs protocol market, known cameras and features of split multi",
        ),
    ]
    return [note for holds, note in notes if holds]


def _write_ranks(path: Path, sides: Sides, ranking: Ranking) -> None:
    names = sides.gallery["image"].to_numpy(object)
    lengths = np.count_nonzero(ranking.top_indices >= 0, axis=1)
    lists = {
        "top_images": names[ranking.top_indices],
        "top_distances": ranking.top_distances,
        "top_right": ranking.top_right,
    }
    columns = {name: sides.query[name].tolist() for name in ("image", "pid", "camid")}
    columns |= {name: getattr(ranking, name) for name in ("good", "first", "AP", "AP_trapezoid", "INP")}
    columns |= {name: [row[:n].tolist() for row, n in zip(rows, lengths, strict=True)] for name, rows in lists.items()}
    write_parquet(path, pa.table(columns, schema=RANKS))


def _report(result: dict) -> None:
    single, counts = result["single_query"], result["counts"]
    found = ", ".join(f"{name} {100 * single[name]:.1f} %" for name in ("mAP", "rank1") if single[name] is not None)
    log.info("%s: %d queries, %d gallery images", found, counts["queries"], counts["gallery"])
    if result["protocol"]["note"]:
        log.info("%s", result["protocol"]["note"])
