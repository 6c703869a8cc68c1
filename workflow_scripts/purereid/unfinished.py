"""What is left to do with a run of which some experiments failed."""

from collections.abc import Callable, Sequence


def without_the_failed(
    scored: Sequence[str], failed: Sequence[str], left_out: Sequence[str], possible: Callable[[list[str]], bool]
) -> str:
    """How to compare and report the experiments that are done, in words; "" where nothing is done or nothing lacks.

    Args:
        scored: experiments of the run that have their scores.
        failed: those that have not.
        left_out: those that the config leaves out already.
        possible: whether the config holds without some experiments, which others may need.
    """
    if not failed or not scored:
        return ""
    names, without = ", ".join(failed), [*left_out, *failed]
    if not possible(without):
        return f"Not scored: {names}. Others need these; see the messages above and logs/."
    return (
        f"Not scored: {names}. See the messages above and logs/. To compare and report the others meanwhile, add this "
        f'to the command: --config "leave_out=[{",".join(without)}]"'
    )
