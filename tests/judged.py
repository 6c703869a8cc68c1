"""What purifiers decided on generated images, and what judges know of these, drawn at random."""

import numpy as np
import pandas as pd

KINDS = ["", "blur", "grey_box", "noise"]


def judged_images(number: int, seed: int = 0, kinds=KINDS) -> pd.DataFrame:
    """What is known of random images, with random decisions."""
    rng = np.random.default_rng(seed)
    ssim = np.where(rng.random(number) < 0.5, rng.random(number), np.nan)
    pid = rng.integers(0, 5, number)
    return pd.DataFrame(
        {
            "image": [f"generated/{row:04d}.png" for row in range(number)],
            "pid": pid,
            "kept": rng.random(number) < 0.6,
            "injected": rng.choice(kinds, number).astype(object),
            "nearest_pid": np.where(rng.random(number) < 0.7, pid, (pid + 1) % 5),
            "ssim_truth": ssim,
            "l1_truth": 1 - ssim,
            "nearest_truth": np.round(ssim),
        }
    )
