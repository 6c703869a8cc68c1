"""What surrounds every job: its log, its threads, its errors and its provenance."""

import datetime
import errno
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from purereid.digests.values import digest, file_digest
from purereid.errors import UserError
from purereid.file_times import wait_until_past
from purereid.library_versions import differences
from purereid.lock import locked
from purereid.logs import log, open_log
from purereid.provenance import NAME, check_made, environment, made_with, write_provenance
from purereid.signals import heeding

if TYPE_CHECKING:
    from purereid.configuration import Configuration


@contextmanager
def job(snakemake: object) -> Iterator["Job"]:
    """Run the body of a rule's script.

    Messages of ``log`` go to the rule's log file and to the terminal. A ``UserError``, a full disk or a folder that
    may not be written ends the script with one message in the log file, which Snakemake shows (``show-failed-logs``),
    and without a traceback. So does SIGTERM or Ctrl-C; a training saves its state before (``training.loop``).
    No two jobs run at a time for one artifact. After success the provenance lies beside the first output.

    Args:
        snakemake: the object that Snakemake puts into a script.
    """
    this = Job(snakemake)
    try:
        open_log(Path(snakemake.log[0]), this.name)
    except OSError as error:
        sys.exit(f"the log cannot be written: {error}")
    log.info("started on %s", this.place)
    cv2.setNumThreads(snakemake.threads)
    try:
        with heeding(signal.default_int_handler), locked(this.folder, this.place, log.warning):
            (this.folder / NAME).unlink(missing_ok=True)  # it told of what Snakemake has just removed
            this.check_inputs()
            yield this
            write_provenance(this.folder, this.record, this.started, this.snakemake.output)
    except UserError as error:
        log.error("%s", error)
        sys.exit(1)
    except KeyboardInterrupt:
        log.info("interrupted; the next run goes on from the last checkpoint, if there is one")
        sys.exit(130)
    except Exception as error:
        told = _of_the_system(error, this.folder)
        if told is None:
            log.exception("this is a bug of purereid, please report it with this log")
            sys.exit(2)
        log.error("%s", told)
        sys.exit(1)


class Job:
    """One running job: what it is called, what it is made from."""

    def __init__(self, snakemake: object):
        self.snakemake = snakemake
        self.started = datetime.datetime.now(datetime.UTC)
        self.name = " ".join([snakemake.rule, *(str(value) for value in snakemake.wildcards)])
        self.folder = Path(snakemake.output[0]).parent

    @property
    def place(self) -> str:
        """Machine, process and, on a cluster, SLURM job; ``make status`` looks for them."""
        slurm = os.environ.get("SLURM_JOB_ID")
        return f"{socket.gethostname()}, process {os.getpid()}" + (f", SLURM job {slurm}" if slurm else "")

    @cached_property
    def record(self) -> dict:
        """Rule, wildcards, settings, code digest and the digest of each input file."""
        return {
            "rule": self.snakemake.rule,
            "wildcards": dict(self.snakemake.wildcards.items()),
            "settings": self.snakemake.params.get("settings", {}),
            "code": self.snakemake.params.get("code"),
            "params": sorted(repr(value) for _, value in self.snakemake.params.items()),  # as Snakemake keeps them
            "log": list(self.snakemake.log),
            "benchmark": [
                str(Path("benchmarks", *Path(log).parts[1:]).with_suffix(".tsv")) for log in self.snakemake.log
            ],
            "inputs": {str(path): file_digest(path) for path in self.snakemake.input},
        }

    @property
    def stamp(self) -> str:
        """Digest of settings, code, inputs and threads: equal stamps mean equal results on machines of one type.

        The number of threads counts because it decides the order in which floating point numbers are added.
        """
        made_from = [self.record["settings"], self.record["code"], sorted(self.record["inputs"].values())]
        return digest([*made_from, self.snakemake.threads])

    def check_inputs(self) -> None:
        """Stop before the work where what it would make could not be kept, or would be made from damaged files.

        The digests, which the provenance tells, are computed here, before the inputs are read.

        Raises:
            UserError: an input is dated in the future, or is not what its own job made.
        """
        for path in map(Path, self.snakemake.input):
            wait_until_past(path)
        for path, found in self.record["inputs"].items():
            check_made(Path(path), found)
        makers = [made_with(path) for path in map(Path, self.snakemake.input)]
        if mixed := differences([environment(), *makers]):
            log.warning("what this is made from was made with other versions of libraries: %s", mixed)

    def require_data(self) -> None:
        """Stop a training where the data set lacks what an experiment of the config needs, be it another one.

        The rule ``check_experiments`` says the same and more, but no training may wait for its file: with such an input
        flagged ``ancient`` Snakemake overlooks what else has changed, and without the flag every change of a setting
        would make all trainings stale. So the config is read here, where Snakemake does not compare it. The index with
        generated images tells of them alone: before the generator was trained, its training has looked. A stage that
        reads the index of another data set learns from that one.

        Raises:
            UserError: as for ``check_experiments.require``.
        """
        from purereid.data.check_experiments import require
        from purereid.experiment_needs import experiment_needs

        index, dataset = Path(self.snakemake.input.index), self.snakemake.wildcards.dataset
        if index.parent.name == "index_dataset" and index.parents[1].name == dataset:
            require(index, experiment_needs(self._setup, dataset))

    def settings(self, rule: str) -> dict:
        """Settings of a training: its params, and what these leave out because nothing of it is learnt."""
        given = self.snakemake.params.settings
        logged = self._setup.logged(rule, **dict(self.snakemake.wildcards.items()))
        return given | {"settings": given["settings"] | logged} if "settings" in given else given | logged

    @cached_property
    def _setup(self) -> "Configuration":
        """The config, which Snakemake does not compare where a job reads it."""
        from purereid.configuration import Configuration

        schema = Path(self.snakemake.scriptdir).parent / "rules/schemas/config.schema.yaml"
        return Configuration(self.snakemake.config, schema)

    def progress(self, done: int, total: int) -> None:
        """Say how far a long job is."""
        log.info("%d of %d", done, total)


def _of_the_system(error: Exception, folder: Path) -> UserError | None:
    """What the user can mend of an error of the operating system; None of any other.

    Libraries written in Rust and C++ report a full disk in their own exception classes.
    """
    number, file = getattr(error, "errno", None), getattr(error, "filename", None) or folder
    if number in (errno.ENOSPC, errno.EDQUOT) or "No space left on device" in str(error):
        return UserError("no space left on the disk", where=folder, do="free space and run again")
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        what = f"the system does not allow it: {error.strerror}"
        return UserError(what, where=file, expected="folders that may be written", do="ls -ld it; then chmod or chown")
    if number in (errno.EIO, errno.ESTALE, errno.ELOOP):
        what = f"the disk or its server reports: {error.strerror}"
        return UserError(what, where=file, do="look at the disk and at links, and run again")
    return None
