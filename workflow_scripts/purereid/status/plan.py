"""What Snakemake would do now: all jobs of a target, and why some of them are to be run."""

import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from purereid.errors import UserError

JOB = re.compile(r"^( *)\[.+\]\n\1(?:local)?rule (\w+):\n((?:\1 {4}.*\n)*)", re.M)  # indented within a group
TOTAL = re.compile(r"^total +(\d+)$", re.M)
FIELD = re.compile(r"^ +(\w+): (.*)$", re.M)
ERROR = re.compile(r"^\w+(?:Error|Exception)(?: in .+)?:\s*", re.M)
NOISE = re.compile(r"^(?:  File |Using workflow specific profile).*\n?", re.M)


@dataclass(frozen=True)
class Job:
    """One job, as a dry run describes it.

    Attributes:
        rule: name of its rule.
        wildcards: their values by name.
        inputs: files that it reads.
        outputs: files that it writes, one at least.
        log: its log; exists from the start of its last attempt on.
        benchmark: its time and memory; written after each attempt that ended well.
        reason: why it is to be run, in Snakemake's words; empty if it is done.
    """

    rule: str
    wildcards: dict[str, str]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    log: Path
    benchmark: Path
    reason: str

    @property
    def name(self) -> str:
        """As in the messages of the job."""
        return " ".join([self.rule, *self.wildcards.values()])

    @property
    def folder(self) -> Path:
        """Where the artifact lies, with its provenance and, of an interrupted training, its checkpoint."""
        return Path(self.outputs[0]).parent


def plan(
    targets: Sequence[str],
    configfile: Sequence[str] = (),
    profile: str | None = None,
    snakefile: str | None = None,
    directory: str | None = None,
) -> list[Job]:
    """Ask Snakemake for all jobs of the targets; those to be run have a reason.

    One dry run of everything names the jobs, another one says which of them are to be run. Dry runs work while another
    Snakemake holds the lock of the folder, and write nothing but Snakemake's own inventory of files.

    Args:
        targets: files or rules; none for everything.
        configfile: config files that override config.yaml.
        profile: Snakemake's profile.
        snakefile: the workflow; None: the Snakefile of the current folder.
        directory: the working folder, to which the paths of the jobs are relative; None: the current folder.

    Raises:
        UserError: Snakemake cannot read the config, or does not know how to make a target.
    """
    for file in configfile:
        if not Path(file).is_file():
            raise UserError("config file not found", where=file, expected="a YAML file")
    if directory and not Path(directory).is_dir():
        raise UserError("folder not found", where=directory, expected="the working folder of the workflow")
    options = {"--profile": profile, "--snakefile": snakefile, "--directory": directory}
    arguments = [*targets, *(["--configfile", *configfile] if configfile else [])]
    arguments += [word for name, value in options.items() if value for word in (name, value)]
    with ThreadPoolExecutor() as pool:
        every, due = pool.map(lambda more: parse(_dry_run([*arguments, *more])), (["--forceall"], []))
    reasons = {job.outputs: job.reason for job in due}
    return [replace(job, reason=reasons.get(job.outputs, "")) for job in every]


def parse(text: str) -> list[Job]:
    """Read the jobs from what a dry run prints.

    Those without output, which only ask for others, are left out, and rules of another workflow that keep no log.

    Raises:
        UserError: another number of jobs than it announces, as another Snakemake may print them in another form.
    """
    found = [(rule, dict(FIELD.findall(body))) for _, rule, body in JOB.findall(text)]
    total = TOTAL.search(text)
    if len(found) != (int(total[1]) if total else 0):
        raise UserError(
            f"{len(found)} jobs found in what snakemake --dry-run prints",
            expected=f"{total[1] if total else 0} jobs, as it announces",
            do="use the version of Snakemake that envs/requirements.txt names",
        )
    return [
        Job(
            rule=rule,
            wildcards=dict(pair.split("=", 1) for pair in _listed(fields, "wildcards")),
            inputs=_listed(fields, "input"),
            outputs=_listed(fields, "output"),
            log=Path(fields["log"]),
            benchmark=Path(fields["benchmark"]),
            reason=fields["reason"],
        )
        for rule, fields in found
        if {"output", "log", "benchmark"} <= fields.keys()
    ]


def message_of(text: str) -> str:
    """The message in what a failed Snakemake prints, without places in its code."""
    text = NOISE.sub("", text)
    start = ERROR.search(text)
    return text[start.end() :].strip() if start else text.strip()


def _listed(fields: dict[str, str], name: str) -> tuple[str, ...]:
    return tuple(fields[name].split(", ")) if name in fields else ()


def _dry_run(arguments: Sequence[str]) -> str:
    # Not quieter than this, whatever the user's profile says: the answer is what is printed.
    command = [sys.executable, "-m", "snakemake", *arguments, "--dry-run", "--quiet", "host", "--cores", "all"]
    run = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
    if run.returncode:
        raise UserError(message_of(run.stdout + run.stderr))
    return run.stdout
