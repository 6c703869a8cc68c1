"""What a training made, kept until Snakemake knows of it: hard links beside the outputs.

Snakemake deletes the outputs of jobs of which it did not see the end before it runs them again. The links bring them
back. The Snakefile removes the links when a run comes to its end, well or not: then it has seen the end of its jobs.
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

MADE = ".made"
STAMP = "stamp"


def keep(outputs: Sequence[Path], stamp: str) -> None:
    """Link to files of one folder; the stamp is written last, and makes the links valid.

    On a file system without links nothing is kept.

    Raises:
        FileNotFoundError: an output is missing; another run of Snakemake has deleted it.
    """
    made = outputs[0].parent / MADE
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir()
    try:
        for output in outputs:
            os.link(output, made / output.name)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.rmtree(made)
    else:
        (made / STAMP).write_text(stamp, encoding="utf-8")


def take(outputs: Sequence[Path], stamp: str) -> bool:
    """Put the files back. Returns False where nothing with this stamp was kept."""
    made = outputs[0].parent / MADE
    try:
        if (made / STAMP).read_text(encoding="utf-8") != stamp:
            return False
        for output in outputs:
            output.unlink(missing_ok=True)
            os.link(made / output.name, output)
    except FileNotFoundError:  # never kept, or forgotten by another run meanwhile
        return False
    return True


def forget(results: str | Path) -> None:
    """Remove the links of all trainings: results/DATASET/train_RULE/..."""
    for trainer in Path(results).glob("*/train_*"):
        for made in trainer.rglob(MADE):
            shutil.rmtree(made, ignore_errors=True)
