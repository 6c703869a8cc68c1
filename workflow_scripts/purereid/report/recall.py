"""How many of the images that are bad on purpose a purifier drops."""

import numpy as np
import pandas as pd

INJECTED, OTHERS = "all injected", "others"


def recall_of_injected(kinds: np.ndarray, kept: np.ndarray) -> pd.DataFrame:
    """How many images a purifier dropped, by how they were spoiled.

    Args:
        kinds: [N] str, how each image was spoiled (``injected`` of its shard), "" for those that were not.
        kept: bool [N].

    Returns:
        kind, images, dropped (int64), share (float64, 0..1): a row for each kind, in the order of the alphabet, then
        ``all injected`` and ``others``; rows without images are left out. A purifier that does its work has a
        higher share in every row but that of ``off_pose`` than in the last.
    """
    if kinds.shape != kept.shape:
        raise ValueError(f"{len(kinds)} kinds for {len(kept)} images")
    bad = kinds != ""
    groups = {str(kind): kinds == kind for kind in np.unique(kinds[bad])} | {INJECTED: bad, OTHERS: ~bad}
    rows = [(kind, int(group.sum()), int((group & ~kept).sum())) for kind, group in groups.items() if group.any()]
    table = pd.DataFrame(rows, columns=["kind", "images", "dropped"])
    return table.assign(share=table["dropped"] / table["images"])
