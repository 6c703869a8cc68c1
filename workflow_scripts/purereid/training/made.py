"""What a training made, kept until Snakemake knows of it: hard links beside the outputs.

Snakemake deletes the outputs of jobs of which it did not see the end before it runs them again, and those of jobs that
it finds fault with. The links bring them back. The Snakefile removes the links of outputs that are there when a run
comes to its end, well or not: then it has seen the end of its jobs.
"""

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from purereid.data.atomic import write_text
from purereid.digests.values import file_digest

MADE = ".made"
STAMP = "stamp"


def keep(outputs: Sequence[Path], stamp: str) -> None:
    """Link to files of one folder; the stamp is written last, with their digests, and makes the links valid.

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
        digests = {output.name: file_digest(output) for output in outputs}
        write_text(made / STAMP, json.dumps({"stamp": stamp, "digests": digests}))


def take(outputs: Sequence[Path], stamp: str) -> bool:
    """Put the files back. Returns False where nothing with this stamp was kept, or not as it was made."""
    made = outputs[0].parent / MADE
    try:
        kept = json.loads((made / STAMP).read_text(encoding="utf-8"))
        digests = {output.name: file_digest(made / output.name) for output in outputs}
        if kept != {"stamp": stamp, "digests": digests}:
            return False
        for output in outputs:
            output.unlink(missing_ok=True)
            os.link(made / output.name, output)
    except (FileNotFoundError, ValueError):  # never kept, forgotten by another run meanwhile, or a damaged stamp
        return False
    return True


def forget(results: str | Path) -> None:
    """Remove the links of all trainings whose outputs are there: results/DATASET/train_RULE/..."""
    for trainer in Path(results).glob("*/train_*"):
        for made in trainer.rglob(MADE):
            kept = [path.name for path in made.iterdir() if path.name != STAMP]
            if all((made.parent / name).exists() for name in kept):
                shutil.rmtree(made, ignore_errors=True)
