"""Which images are generated for training, and which real ones stay beside them.

Two set-ups. ``all``: every real image stays, and each identity gets generated images as well. ``few``: the real images
of some identities stay; every other identity is known from its first image alone, and the rest of its images are
generated from that one (the protocol of the code published with "Generate and Purify", whose folder pN holds the real
part; how that was drawn is not published, here it is a random draw of identities).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from purereid.errors import UserError
from purereid.training.seeds import step_seed

PURPOSES = ("train", "test")
COLUMNS = ["source", "pose", "pid"]


def real_part(rows: pd.DataFrame, setup: str, real_identities: int, seed: int) -> pd.DataFrame:
    """Real training images that stay.

    Args:
        rows: training images of persons, in the order of the index.
        setup: ``all`` or ``few``.
        real_identities: with ``few``, identities whose images stay; all others keep their first image, the source.
        seed: of the draw of these identities.

    Raises:
        UserError: more real identities asked for than there are.
    """
    if setup == "all":
        return rows
    return rows[rows["pid"].isin(_real_pids(rows, real_identities, seed)) | ~rows["pid"].duplicated()]


def plan_images(
    rows: pd.DataFrame,
    poses: Sequence[str],
    *,
    conditions: Sequence[str],
    setup: str,
    images_per_identity: int,
    real_identities: int,
    seed: int,
) -> pd.DataFrame:
    """What to generate for training, one row per image, ordered by identity.

    Sources are images of the identity, each once before any comes again; with ``few`` its first image. Poses are drawn
    without replacement for each identity, whoever shows them; where there are too few, they start over. A generator
    that takes no source makes as many images, of nobody in particular; one that takes no pose is asked for none.

    Args:
        rows: training images of persons, in the order of the index.
        poses: images whose poses may be asked for.
        conditions: of the system.
        setup, real_identities: as for ``real_part``.
        images_per_identity: generated images of each identity that gets any.
        seed: of all draws.

    Returns:
        columns source, pose (images, "" where there is none), pid (-1 none).

    Raises:
        UserError: no identity to generate images of, no pose.
    """
    pids = np.unique(rows["pid"])
    if setup == "few":
        pids = np.setdiff1d(pids, _real_pids(rows, real_identities, seed))
    if not len(pids):
        where, expected = "generate.train", "fewer real identities than there are"
        raise UserError("no identity is left to generate images of", where=where, expected=expected)
    guided = is_guided(conditions)
    if guided and not len(poses):
        expected = "training images with both shoulders and both hips"
        raise UserError("no image has a pose to ask for", where="key points", expected=expected)
    parts = [_of_identity(rows, pid, poses, setup, images_per_identity, seed) for pid in pids.tolist()]
    plan = pd.concat(parts, ignore_index=True)
    if "source" not in conditions:
        plan = plan.assign(source="", pid=-1)
    return (plan if guided else plan.assign(pose=""))[COLUMNS]


def is_guided(conditions: Sequence[str]) -> bool:
    """Whether a generator with these conditions is asked for a pose."""
    return any(name != "source" for name in conditions)


def plan_pairs(pairs: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """The same columns for pairs of the test images: each source in the pose of its target."""
    pids = pairs["source"].map(table.set_index("image")["pid"]).fillna(-1).astype(np.int64)
    return pd.DataFrame({"source": pairs["source"], "pose": pairs["target"], "pid": pids})


def image_seeds(seed: int, purpose: str, start: int, stop: int) -> list[int]:
    """A seed for each image of a range of the plan."""
    return [step_seed(seed, PURPOSES.index(purpose), number) for number in range(start, stop)]


def read_pose_list(path: str | Path, known: Sequence[str]) -> list[str]:
    """Names of images whose poses may be asked for, one per line.

    Args:
        path: text file.
        known: training images with both shoulders and hips.

    Raises:
        UserError: no such file, an empty one, or names of other images.
    """
    try:
        names = [line.strip() for line in Path(path).read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"the list of poses cannot be read: {error}", where=path) from None
    strangers = sorted(set(names) - set(known))
    if strangers or not names:
        raise UserError(
            f"{len(strangers)} of {len(names)} names in the list of poses are of no use"
            + (f", such as {strangers[0]}" if strangers else ""),
            where=path,
            expected="one training image with both shoulders and hips per line, such as "
            + next(iter(known), "(there is none)"),
        )
    return names


def _real_pids(rows: pd.DataFrame, count: int, seed: int) -> np.ndarray:
    pids = np.unique(rows["pid"])
    if count > len(pids):
        raise UserError(
            f"{count} identities are to stay real, but there are {len(pids)}",
            where="generate.train.real_identities",
            expected=f"at most {len(pids)}",
        )
    return np.random.default_rng([seed, 0]).permutation(pids)[:count]


def _of_identity(rows: pd.DataFrame, pid: int, poses: Sequence[str], setup: str, count: int, seed: int) -> pd.DataFrame:
    images = rows.loc[rows["pid"] == pid, "image"].to_numpy(object)
    rng = np.random.default_rng([seed, 1, pid])
    sources = np.repeat(images[:1], count) if setup == "few" else np.resize(rng.permutation(images), count)
    drawn = np.resize(rng.permutation(np.asarray(poses, object)), count) if len(poses) else [""] * count
    return pd.DataFrame({"source": sources, "pose": drawn, "pid": pid})
