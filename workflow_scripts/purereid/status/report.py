"""The status as text: a table of numbers, a line per job that needs a look, a summary."""

import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from purereid.planned_jobs import Job
from purereid.status.attempts import Attempt, last_attempt, runs
from purereid.status.reasons import why

# In the order of the report. Stale: made before, no longer right. Ready: not made, all that it needs is there.
STATES = ("failed", "killed", "running", "stale", "ready", "waiting", "done")
SUMMED = ("ready", "waiting")  # one line for all jobs of a rule
SAID, NAMED = 100, 3  # characters of a log's line, rules that a rule waits for, shown at most


@dataclass(frozen=True)
class Verdict:
    """State of one job, and lines that explain it; the log's path is the last of what stands on the first line."""

    job: Job
    state: str
    lines: tuple[str, ...] = ()


def judge(jobs: Sequence[Job], queue: Callable[[Iterable[str]], set[str] | None]) -> list[Verdict]:
    """State of each job.

    Args:
        jobs: all jobs, those to be run with a reason.
        queue: which of some SLURM jobs are still queued, see ``attempts.queue``; asked once.
    """
    due = [job for job in jobs if job.reason]
    makers = {output: job for job in due for output in job.outputs}
    attempts = {job.outputs: attempt for job in due if (attempt := last_attempt(job))}
    queued = queue(attempt.slurm for attempt in attempts.values() if attempt.slurm and not attempt.failed)
    verdicts = []
    for job in jobs:
        attempt = attempts.get(job.outputs)
        if not job.reason:
            verdicts.append(Verdict(job, "done"))
        elif attempt:
            verdicts.append(_attempted(job, attempt, queued))
        else:
            verdicts.append(_untouched(job, sorted({makers[path].rule for path in job.inputs if path in makers})))
    return verdicts


def report(verdicts: Sequence[Verdict]) -> list[str]:
    """Lines of the report."""
    shown = sorted(verdicts, key=lambda verdict: (STATES.index(verdict.state), verdict.job.name))
    counts = Counter(verdict.state for verdict in verdicts)
    others = ", ".join(f"{counts[state]} {state}" for state in STATES[:-1] if counts[state])
    details = list(_details(shown))
    summary = f"{counts['done']} of {len(verdicts)} jobs done" + (f"; {others}" if others else "")
    return [*_table(verdicts, counts), "", *details, *([""] if details else []), summary]


def printable(line: str) -> str:
    """A line without control characters, which logs may hold and terminals obey."""
    return "".join(letter if letter.isprintable() else " " for letter in line)


def _attempted(job: Job, attempt: Attempt, queued: set[str] | None) -> Verdict:
    ago = f"{timedelta(seconds=round(attempt.seconds))} ago"
    if attempt.failed:
        return Verdict(job, "failed", (f"{ago}, {job.log}", *attempt.message))
    said = textwrap.shorten(attempt.progress, SAID, placeholder="...")
    running = runs(attempt, queued)
    if running is False:
        resumes = (job.folder / "checkpoint.safetensors").exists()
        then = "goes on from its checkpoint" if resumes else "starts anew"
        return Verdict(job, "killed", (f"{said}, {ago}; {then}, {job.log}",))
    place = attempt.host + (f", SLURM job {attempt.slurm}" if attempt.slurm else "")
    unknown = "" if running else " (which cannot be asked from here)"
    return Verdict(job, "running", (f"{said}, {ago} on {place}{unknown}, {job.log}",))


def _untouched(job: Job, before: list[str]) -> Verdict:
    """A job that has not been tried since it was made last."""
    if before:
        return Verdict(job, "waiting", tuple(before))
    lost = job.reason.missing and not job.benchmark.exists()
    return Verdict(job, "ready") if lost else Verdict(job, "stale", (why(job),))


def _table(verdicts: Sequence[Verdict], counts: Counter) -> Iterator[str]:
    """Numbers of jobs by part of the workflow; states that no job is in have no column."""
    states = [state for state in (STATES[-1], *STATES[:-1]) if counts[state]]
    parts = {part: Counter() for part in sorted({_part(verdict.job) for verdict in verdicts})}
    for verdict in verdicts:
        parts[_part(verdict.job)][verdict.state] += 1
    rows = [["", "jobs", *states]]
    for part, numbers in parts.items():
        rows.append([", ".join(part) or "workflow", numbers.total(), *(numbers[state] or "" for state in states)])
    first = max(len(row[0]) for row in rows)
    for row in rows:
        yield (f"{row[0]:<{first}}" + "".join(f"{number!s:>9}" for number in row[1:])).rstrip()


def _part(job: Job) -> tuple[str, ...]:
    """The data set, and the experiment or generator, that a job belongs to."""
    names = [f"{kind} {job.wildcards[kind]}" for kind in ("experiment", "generator") if kind in job.wildcards]
    return (job.wildcards["dataset"], *names[:1]) if "dataset" in job.wildcards else ()


def _details(shown: Sequence[Verdict]) -> Iterator[str]:
    single = [verdict for verdict in shown if verdict.state not in (*SUMMED, "done")]
    summed: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in shown:
        if verdict.state in SUMMED:
            summed.setdefault((verdict.state, verdict.job.rule), []).append(verdict)
    names = [verdict.job.name for verdict in single] + [rule for _, rule in summed]
    width = max(map(len, names), default=0)
    for verdict in single:
        yield f"{verdict.state:<8} {verdict.job.name:<{width}}  {verdict.lines[0]}"
        yield from (f"{'':8}   {line}" for line in verdict.lines[1:])
    for (state, rule), same in summed.items():
        number = f"{len(same)} jobs" if len(same) > 1 else "1 job"
        before = sorted({name for verdict in same for name in verdict.lines})
        after = ", ".join(before[:NAMED] + ["..."] * (len(before) > NAMED))
        yield f"{state:<8} {rule:<{width}}  {number}" + (f", after {after}" if after else "")
