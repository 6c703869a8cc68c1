"""What a training made, kept until Snakemake knows of it: hard links beside the outputs.

Snakemake deletes the outputs of jobs of which it did not see the end before it runs them again. The links bring them
back; the Snakefile removes the links when a run comes to its end, well or not.
"""

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

MADE = ".made"
STAMP = "stamp"


def keep(outputs: Sequence[Path], stamp: str) -> None:
    """Link to files of one folder; the stamp is written last, and makes the links valid."""
    made = _forgotten(outputs[0].parent / MADE)
    with suppress(OSError):  # a file system without links: a second job makes it again
        made.mkdir()
        for output in outputs:
            os.link(output, made / output.name)
        (made / STAMP).write_text(stamp)


def take(outputs: Sequence[Path], stamp: str) -> bool:
    """Put the files back. Returns False where nothing with this stamp was kept."""
    made = outputs[0].parent / MADE
    whole = all((made / name).is_file() for name in (STAMP, *(output.name for output in outputs)))
    if not whole or (made / STAMP).read_text() != stamp:
        return False
    for output in outputs:
        output.unlink(missing_ok=True)
        os.link(made / output.name, output)
    return True


def forget(results: str | Path) -> None:
    """Remove all links below a folder."""
    for made in Path(results).rglob(MADE):
        _forgotten(made)


def _forgotten(made: Path) -> Path:
    shutil.rmtree(made, ignore_errors=True)
    return made
