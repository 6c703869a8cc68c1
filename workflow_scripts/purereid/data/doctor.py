"""The data set doctor: what an index holds, split by split, and what may spoil training or evaluation with it."""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd

from purereid.data.formats.scan import Finding, finding
from purereid.data.index import SPLITS

SEVERITIES = ("error", "warning", "note")
TEST = ("query", "gallery")
# images of one identity in a batch of the usual recipe (P x K sampling with K = 4)
FEW = 4


def diagnose(index: pd.DataFrame, findings: Sequence[Finding] = (), *, allow_shared_identities: bool = False) -> dict:
    """Examine an index.

    Args:
        index: the table that ``read_index`` gives.
        findings: what the reader of the data set found already.
        allow_shared_identities: identities in both train and test are a warning, no error.

    Returns:
        what ``doctor.json`` holds: ``datasets`` (names), ``images`` (number), ``splits`` (split: numbers, see
        ``describe_split``) and ``findings`` (severity, what, count, examples, do), the gravest first.
    """
    rows = {split: index[index["split"] == split] for split in SPLITS}
    found = [
        *shared_identities(rows, allow_shared_identities),
        *queries_without_match(rows["query"], rows["gallery"]),
        *own_pictures(rows["query"], rows["gallery"]),
        *single_identity(rows["gallery"]),
        *unknown_cameras(index),
        *duplicates(index),
        *small_identities(rows["train"]),
        *odd_shapes(index),
        *findings,
    ]
    return {
        "datasets": sorted(set(index["dataset"])),
        "images": len(index),
        "splits": {split: describe_split(part, rows["query"]) for split, part in rows.items() if len(part)},
        "findings": [
            asdict(each) | {"examples": list(each.examples)}
            for each in sorted(found, key=lambda each: SEVERITIES.index(each.severity))
        ],
    }


def describe_split(rows: pd.DataFrame, query: pd.DataFrame) -> dict:
    """Numbers of one split.

    Junk are images with pid -1 that are not generated. Distractors are gallery images of identities that no query
    shows, be it Market-1501's 0000 or an ordinary number as in DukeMTMC-reID. ``identities`` counts neither.
    """
    generated = rows["kind"] == "generated"
    distractor = (rows["split"] == "gallery") & (rows["pid"] >= 0) & ~rows["pid"].isin(query["pid"])
    sizes = rows.loc[(rows["pid"] >= 0) & ~distractor].groupby("pid").size()
    return {
        "images": len(rows),
        "identities": len(sizes),
        "cameras": int(rows.loc[rows["camid"] >= 0, "camid"].nunique()),
        "junk": int(((rows["pid"] < 0) & ~generated).sum()),
        "distractors": int(distractor.sum()),
        "distractor_identities": int(rows.loc[distractor, "pid"].nunique()),
        "generated": int(generated.sum()),
        "images_per_identity": spread(sizes),
        "identities_with_one_image": int((sizes == 1).sum()),
        "width": spread(rows["width"]),
        "height": spread(rows["height"]),
    }


def spread(values: pd.Series) -> dict | None:
    """Smallest, median and largest value; None of nothing."""
    if not len(values):
        return None
    return {"min": int(values.min()), "median": float(values.median()), "max": int(values.max())}


def shared_identities(rows: dict[str, pd.DataFrame], allowed: bool) -> list[Finding]:
    """Identities that are trained on (train, val) and tested on (query, gallery)."""
    trained = set(rows["train"]["pid"]) | set(rows["val"]["pid"])
    tested = set(rows["query"]["pid"]) | set(rows["gallery"]["pid"])
    shared = sorted(pid for pid in trained & tested if pid >= 0)
    return _some(
        "warning" if allowed else "error",
        "Train and test share identities, so scores would be too good.",
        [f"identity {pid}" for pid in shared],
        "split the data set by identity, or set its option allow_shared_identities to true.",
    )


def queries_without_match(query: pd.DataFrame, gallery: pd.DataFrame) -> list[Finding]:
    """Queries that no gallery image answers; evaluation leaves them out. An error if there are no others."""
    lost = query.loc[count_matches(query, gallery) == 0, "image"]
    if len(query) and len(lost) == len(query):
        cure = "give every query another gallery image of its identity, from another camera where cameras are known."
        return _some("error", "No query has a match in another camera, so nothing can be evaluated.", lost, cure)
    return _some("warning", "Queries without a match in another camera do not count in the scores.", lost)


def single_identity(gallery: pd.DataFrame) -> list[Finding]:
    """A gallery in which nobody can be taken for somebody else."""
    pids = sorted(set(gallery["pid"]) - {-1})
    lonely = [f"identity {pids[0]}"] if len(pids) == 1 else []
    return _some("warning", "The gallery shows a single identity, so every score will be perfect.", lonely)


def count_matches(query: pd.DataFrame, gallery: pd.DataFrame) -> np.ndarray:
    """Right gallery images of each query, int [queries]: its identity, but neither its camera nor its own picture.

    Where the query's camera is unknown, only its own picture is taken off; a gallery image of unknown camera counts as
    one of another camera.
    """
    same_camera = np.where(query["camid"] >= 0, _count_equal(query, gallery, ["pid", "camid"]), 0)
    return _count_equal(query, gallery, ["pid"]) - same_camera - _count_own_elsewhere(query, gallery)


def own_pictures(query: pd.DataFrame, gallery: pd.DataFrame) -> list[Finding]:
    """Queries whose own picture lies in the gallery under another camera, or where cameras are unknown."""
    found = query.loc[_count_own_elsewhere(query, gallery) > 0, "image"]
    what = "Queries lie in the gallery too, pixel by pixel; they are taken off their own rankings."
    return _some("warning", what, found, "take one of the two copies out, and check how queries were chosen.")


def _count_own_elsewhere(query: pd.DataFrame, gallery: pd.DataFrame) -> np.ndarray:
    """Gallery images that are each query's own picture, but those of its own camera."""
    same_camera = np.where(query["camid"] >= 0, _count_equal(query, gallery, ["pid", "camid", "pixels"]), 0)
    return _count_equal(query, gallery, ["pid", "pixels"]) - same_camera


def unknown_cameras(index: pd.DataFrame) -> list[Finding]:
    """Test images without a camera."""
    test = index[index["split"].isin(TEST)]
    unknown = test.loc[test["camid"] < 0, "image"]
    if len(unknown) == len(test):
        return _some(
            "warning",
            "No camera is known, so that SCORES WILL BE FAR TOO GOOD: photographs of the same moment answer the query."
            " Only the query's own picture is taken off its ranking. They are not comparable with those of data sets"
            " with cameras.",
            unknown,
            "name the cameras if they are known: column camid of a table, option camera_pattern of folders.",
        )
    what = "The camera of some query or gallery images is unknown; it counts as another camera than any other."
    return _some("warning", what, unknown)


def duplicates(index: pd.DataFrame) -> list[Finding]:
    """Images with equal pixels: under two identities, in train and test, or within a split."""
    known = index[index["kind"] != "generated"]
    repeated = known[known["pixels"].duplicated(keep=False)].sort_values("pixels", kind="stable")
    groups = [group for _, group in repeated.groupby("pixels", sort=True)]
    disputed = [group for group in groups if group["pid"].nunique() > 1]
    crossing = [group for group in groups if _crosses(group["split"])]
    inside = [group for group in groups if group["split"].duplicated().any()]
    return [
        *_some("warning", "The same picture stands under different identities.", map(_pictures, disputed)),
        *_some("warning", "The same picture lies in train and test.", map(_pictures, crossing)),
        *_some("warning", "The same picture lies in a split more than once.", map(_pictures, inside)),
    ]


def small_identities(train: pd.DataFrame) -> list[Finding]:
    """Train identities of which a P x K batch must repeat images."""
    sizes = train[(train["pid"] >= 0) & (train["kind"] != "generated")].groupby("pid").size()
    small = [f"identity {pid}: {size}" for pid, size in sizes[sizes < FEW].items()]
    return _some("note", f"Train identities have fewer than {FEW} images, which batches will repeat.", small)


def odd_shapes(index: pd.DataFrame) -> list[Finding]:
    """Images unlike a standing person: wider than tall, or more than five times as tall as wide."""
    ratio = index["height"] / index["width"]
    odd = index[(ratio < 1) | (ratio > 5)]
    shapes = [f"{row.image}: {row.width} x {row.height}" for row in odd.itertuples()]
    return _some("note", "Images are wider than tall, or very narrow; all will be stretched to one shape.", shapes)


def _some(severity: str, what: str, items: object, do: str = "") -> list[Finding]:
    """A finding about some items; none about nothing."""
    made = finding(severity, what, items, do)
    return [made] if made.count else []


def _count_equal(query: pd.DataFrame, gallery: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """Number of gallery rows that equal each query in some columns."""
    sizes = gallery.groupby(columns).size().rename("size").reset_index()
    return query[columns].merge(sizes, on=columns, how="left")["size"].fillna(0).to_numpy(dtype=int)


def _crosses(splits: pd.Series) -> bool:
    return bool(splits.isin(["train", "val"]).any() and splits.isin(TEST).any())


def _pictures(group: pd.DataFrame) -> str:
    return " = ".join(group["image"])
