"""A split for data sets that bring none: some identities are tested on, the others trained on."""

from collections import Counter
from itertools import groupby

import numpy as np

from purereid.data.formats.scan import Row
from purereid.errors import UserError


def split_identities(rows: list[Row], *, test_share: float, queries: int, seed: int) -> list[Row]:
    """Give every image a split.

    The identities of the test are drawn at random. Of each of their cameras (of all images, where no camera is known)
    some images are drawn as queries, but at least one stays in the gallery; where every camera has a single image, one
    of them is the query. An identity seen by one camera alone is left to the gallery, as its queries would have no
    match. Junk (-1) goes to the gallery.

    Args:
        rows: images; their split is replaced.
        test_share: share of the identities that are tested on, between 0 and 1.
        queries: number of queries per identity and camera, 1 or more.
        seed: of the draws.

    Raises:
        UserError: a share or number out of range, fewer than two identities, no possible query.
    """
    if not 0 < test_share < 1:
        raise UserError(f"option test_share is {test_share}", expected="between 0 and 1, such as 0.5")
    pids = sorted({row.pid for row in rows if row.pid >= 0})
    if len(pids) < 2:
        raise UserError(
            f"{len(rows)} images of {len(pids)} identities cannot be split into train and test",
            where="data set without splits of its own",
            expected="two identities or more",
            do="add people, or give the data set a split",
        )
    draws = np.random.default_rng(seed)
    number = min(max(round(test_share * len(pids)), 1), len(pids) - 1)
    test = {pids[place] for place in draws.permutation(len(pids))[:number]}
    tested = choose_queries([row for row in rows if row.pid in test or row.pid < 0], queries=queries, draws=draws)
    splits = {row.image: row.split for row in tested}
    return [row._replace(split=splits.get(row.image, "train")) for row in rows]


def choose_queries(rows: list[Row], *, queries: int, draws: np.random.Generator) -> list[Row]:
    """Make queries of some test images and a gallery of the others, as ``split_identities`` does.

    Args:
        rows: test images; their split is replaced.
        queries: number of queries per identity and camera, 1 or more.
        draws: of the queries.

    Raises:
        UserError: a number out of range, no possible query.
    """
    if queries < 1:
        raise UserError(f"option queries is {queries}", expected="1 or more")
    possible = [row for row in rows if row.pid >= 0 and row.pid not in _seen_once(rows)]
    asked = _draw_queries(possible, queries, draws)
    if not asked:
        raise _without_queries(rows)
    return [row._replace(split="query" if row.image in asked else "gallery") for row in rows]


def _without_queries(rows: list[Row]) -> UserError:
    """What keeps each test person from being asked for."""
    images = Counter(row.pid for row in rows if row.pid >= 0)
    alone = sum(count == 1 for count in images.values())
    once = sum(images[pid] > 1 for pid in _seen_once(rows))
    return UserError(
        f"no query can be drawn: of {len(images)} persons for tests {alone} have one image and {once} are seen by one"
        " camera alone",
        where="data set without queries of its own",
        expected="persons with two images or more, in two cameras or more where cameras are known",
        do="add images, or check camera_pattern (without it cameras are unknown, and two images do)",
    )


def _seen_once(rows: list[Row]) -> set[int]:
    """Identities of which one camera is known and no other."""
    cameras: dict[int, set[int]] = {}
    for row in rows:
        cameras.setdefault(row.pid, set()).add(row.camid)
    return {pid for pid, camids in cameras.items() if len(camids) == 1 and -1 not in camids}


def _draw_queries(rows: list[Row], queries: int, draws: np.random.Generator) -> set[str]:
    """Image ids of all queries."""
    asked: list[str] = []
    for _, group in groupby(sorted(rows, key=lambda row: (row.pid, row.camid, row.image)), key=lambda row: row.pid):
        cameras = [[row.image for row in images] for _, images in groupby(group, key=lambda row: row.camid)]
        asked += _draw_of_one(cameras, queries, draws)
    return set(asked)


def _draw_of_one(cameras: list[list[str]], queries: int, draws: np.random.Generator) -> list[str]:
    """Queries of one identity from its image ids by camera."""
    if all(len(images) == 1 for images in cameras):
        return cameras[draws.integers(len(cameras))] if len(cameras) > 1 else []
    chosen = []
    for images in cameras:
        order = draws.permutation(len(images))
        chosen += [images[place] for place in order[: min(queries, len(images) - 1)]]
    return chosen
