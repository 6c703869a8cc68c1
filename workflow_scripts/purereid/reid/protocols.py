"""Evaluation protocols: which images are queries, which the gallery, and what is never counted."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from purereid.errors import UserError
from purereid.retrieval.matches import JUNK, UNKNOWN, matches

PROTOCOLS = ("market", "single_gallery_shot", "openreid", "validation")


@dataclass(frozen=True)
class Sides:
    """The two sides of an evaluation.

    Attributes:
        query, gallery: rows of the index; the gallery without junk.
        junk: number of gallery images of identity -1 that were taken out.
    """

    query: pd.DataFrame
    gallery: pd.DataFrame
    junk: int

    @property
    def same_camera_removed(self) -> bool:
        """Whether any camera is known on both sides."""
        return bool((self.query["camid"] != UNKNOWN).any() and (self.gallery["camid"] != UNKNOWN).any())

    @cached_property
    def labels(self) -> dict[str, np.ndarray]:
        """The label arguments of ``rank``: identities, cameras, and codes of pictures, equal for equal ones."""
        sides = (("query", self.query), ("gallery", self.gallery))
        labels = {f"{name}_{what}s": rows[what].to_numpy() for what in ("pid", "camid") for name, rows in sides}
        _, codes = np.unique(np.concatenate([rows["pixels"] for _, rows in sides]).astype(str), return_inverse=True)
        labels["query_pictures"], labels["gallery_pictures"] = codes[: len(self.query)], codes[len(self.query) :]
        return labels

    @property
    def own_pictures(self) -> int:
        """Number of queries whose own picture lies in the gallery, under another camera or an unknown one."""
        keys = ["pid", "pixels"]
        both = self.query[[*keys, "camid", "image"]].merge(self.gallery[[*keys, "camid", "image"]], on=keys)
        elsewhere = (both["camid_x"] != both["camid_y"]) | (both["camid_x"] == UNKNOWN)
        other = elsewhere & (
            both["image_x"] != both["image_y"]
        )  # in openreid the queries are in the gallery themselves
        return int(both.loc[other, "image_x"].nunique())


def choose_sides(index: pd.DataFrame, protocol: str, where: Path) -> Sides:
    """Choose queries and gallery.

    - ``market``: splits query and gallery as they are.
    - ``single_gallery_shot``: the same; scored on one random gallery image per identity (classic CUHK03).
    - ``openreid``: every test image of an identity that has a query is a query, all test images are the gallery
      (Open-ReID, FD-GAN). About five times the queries of ``market``, and other figures: never compare the two.
    - ``validation``: the first image of each identity and camera of split val is a query, all its images are the
      gallery. For choosing settings, so that none is chosen on test images.

    Raises:
        UserError: unknown protocol, no query or no gallery image.
    """
    if protocol not in PROTOCOLS:
        raise UserError(f"unknown protocol {protocol!r}", where="setting protocol", expected=", ".join(PROTOCOLS))
    if protocol == "validation":
        gallery = index[index["split"] == "val"]
        _check_some(gallery, "val", where)
        query = gallery.drop_duplicates(["pid", "camid"])
        return Sides(query.reset_index(drop=True), gallery.reset_index(drop=True), 0)
    query, gallery = (index[index["split"] == split] for split in ("query", "gallery"))
    _check_some(query, "query", where)
    if protocol == "openreid":
        gallery = pd.concat([query, gallery])
        query = gallery[gallery["pid"].isin(query["pid"]) & (gallery["pid"] != JUNK)]
    real = gallery[gallery["pid"] != JUNK]
    _check_some(real, "gallery", where)
    return Sides(query.reset_index(drop=True), real.reset_index(drop=True), len(gallery) - len(real))


def check_matches(sides: Sides, where: Path) -> None:
    """Raises UserError, with the reason, if no query has a right gallery image."""
    labels = sides.labels
    right, _ = matches(**labels)
    if (right.lengths > 0).any():
        return
    what = "no query has a match in the gallery"
    if not np.isin(labels["query_pids"], labels["gallery_pids"]).any():
        raise UserError(
            f"{what}: the two share no identity",
            where=where,
            expected=f"query identities such as {labels['query_pids'][0]} in the gallery, under the same number",
            do="check how identities are read: query and gallery show the same people, train shows others",
        )
    if sides.same_camera_removed:
        raise UserError(
            f"{what}: all images of each query's identity are from the query's own camera, and these are removed",
            where=where,
            expected="each query's person seen by another camera as well",
            do="check how cameras are read; if they are not known, leave them out of the index (camid -1)",
        )
    raise UserError(
        f"{what}: the only gallery image of each query's identity is the query's own picture",
        where=where,
        expected="a second image of each query's person in the gallery",
        do="add such images, or take the queries out of the gallery folder",
    )


def _check_some(rows: pd.DataFrame, split: str, where: Path) -> None:
    if rows.empty:
        raise UserError(
            f"there is no {split} image to rank",
            where=where,
            expected=f"rows of split {split!r} that are not junk (pid -1)",
            do=f"check the {split} folder or list of the data set, or take another protocol",
        )
