"""What a training made is not made again."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from purereid.logs import log
from purereid.training.made import keep, take

CHECKPOINT = "checkpoint.safetensors"


@contextmanager
def making(outputs: Sequence[str | Path], stamp: str) -> Iterator[bool]:
    """Surround the making of an artifact; afterwards its checkpoint is removed.

    Without a Snakemake that watches it, a job goes on to its end. The next run knows nothing of that: it deletes the
    outputs and starts a second job, which waits for the first (``lock``) and takes here what that has made.

    Args:
        outputs: files that the body writes, all in one folder, in which the checkpoint lies too.
        stamp: digest of all that decides the result.

    Yields:
        whether the artifact is still to be made: False if another job made it with the same stamp, and no run of
        Snakemake has taken notice.
    """
    outputs = [Path(output) for output in outputs]
    outputs[0].parent.mkdir(parents=True, exist_ok=True)
    made = take(outputs, stamp)
    if made:
        log.info("another job has made it already: there is nothing left to do")
    yield not made
    if not made:
        keep(outputs, stamp)
    outputs[0].with_name(CHECKPOINT).unlink(missing_ok=True)
