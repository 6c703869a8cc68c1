"""What is left to do with a run of which some experiments failed."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


def without_the_failed(scores: Mapping[str, Sequence[str | Path]], possible: Callable[[list[str]], bool]) -> str:
    """How to compare and report the experiments that are done, in words; "" where nothing is done or nothing lacks.

    Args:
        scores: the files of each experiment's scores.
        possible: whether the config holds without some experiments, which others may need.
    """
    failed = [name for name, files in scores.items() if not all(Path(file).exists() for file in files)]
    if not failed or len(failed) == len(scores):
        return ""
    names = ", ".join(failed)
    if not possible(failed):
        return f"Not scored: {names}. Others need these; see the messages above and logs/."
    return (
        f"Not scored: {names}. See the messages above and logs/. To compare and report the others meanwhile, add this "
        f'to the command: --config "leave_out=[{",".join(failed)}]"'
    )
