"""The jobs behind a target, and why Snakemake would run them, asked of Snakemake itself."""

from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from snakemake.api import SnakemakeApi
from snakemake.cli import parse_args, parse_config
from snakemake.dag import DAG
from snakemake.exceptions import ApiError, RuleException, WorkflowError
from snakemake.settings.enums import ChangeType, Quietness
from snakemake.settings.types import (
    ConfigSettings,
    DAGSettings,
    DeploymentSettings,
    OutputSettings,
    ResourceSettings,
)

from purereid.config_files import read_config
from purereid.errors import UserError


@dataclass(frozen=True)
class Reason:
    """Why a job is to be run; none of it where only another job's results will have changed.

    Attributes:
        missing: outputs that are not there.
        incomplete: whether its last attempt was killed before it could remove its outputs.
        updated: inputs that have changed.
        inputs: whether it reads other files than before.
        before, now: its params that were others when the outputs were made, as Python literals, and those of now.
        environment: whether its software environment is another one.
    """

    missing: tuple[str, ...] = ()
    incomplete: bool = False
    updated: tuple[str, ...] = ()
    inputs: bool = False
    before: frozenset[str] = frozenset()
    now: frozenset[str] = frozenset()
    environment: bool = False


@dataclass(frozen=True)
class Job:
    """One job of the workflow.

    Attributes:
        rule: name of its rule.
        stage: name of the file that declares the rule, without suffix.
        wildcards: their values by name.
        inputs: files that it reads.
        outputs: files that it writes, one at least.
        log: its log; exists from the start of its last attempt on.
        benchmark: its time and memory; written after each attempt that ended well.
        reason: why it is to be run; None if it is done.
    """

    rule: str
    stage: str
    wildcards: dict[str, str]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    log: Path
    benchmark: Path
    reason: Reason | None

    @property
    def name(self) -> str:
        """As in the messages of the job."""
        return " ".join([self.rule, *self.wildcards.values()])

    @property
    def folder(self) -> Path:
        """Where the artifact lies, with its provenance and, of an interrupted training, its checkpoint."""
        return Path(self.outputs[0]).parent


def planned_jobs(
    targets: Sequence[str] = (),
    configfile: Sequence[Path | str] = (),
    profile: str | None = None,
    snakefile: Path | str | None = None,
    directory: Path | str | None = None,
) -> list[Job]:
    """Ask Snakemake for all jobs of the targets; those to be run have a reason.

    This works while another Snakemake holds the lock of the folder, and writes nothing but Snakemake's own inventory of
    files. Left out are jobs without output, which only ask for others, and rules that keep no log, of another workflow
    that uses this one.

    Args:
        targets: files or rules; none for everything.
        configfile: config files that override config.yaml.
        profile: Snakemake's profile.
        snakefile: the workflow; None: that of the current folder.
        directory: the working folder, to which the paths of the jobs are relative; None: the current folder.

    Returns:
        Jobs in the order in which the workflow declares their rules.

    Raises:
        UserError: Snakemake cannot read the config, or does not know how to make a target.
    """
    for file in configfile:
        read_config(file)
    if directory and not Path(directory).is_dir():
        raise UserError("folder not found", where=directory, expected="the working folder of the workflow")
    options = ["--configfile", *map(str, configfile)] if configfile else []
    named = {"--profile": profile, "--snakefile": snakefile, "--directory": directory}
    options += [word for name, value in named.items() if value for word in (name, str(value))]
    said = StringIO()
    try:
        with redirect_stdout(said), redirect_stderr(said):
            return _jobs([*targets, *options])
    except SystemExit as end:  # what command_line.py refuses, or a profile that Snakemake does not find
        told = end.code if isinstance(end.code, str) else said.getvalue().strip().splitlines()[-1]
        raise UserError(told.removeprefix("Error: ")) from None
    except (ApiError, WorkflowError, RuleException) as error:
        raise UserError(str(error)) from None


def _jobs(arguments: Sequence[str]) -> list[Job]:
    _, options = parse_args(arguments)
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL}, enable_file_logging=False)) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(config=parse_config(options.config), configfiles=options.configfile),
            deployment_settings=DeploymentSettings(deployment_method=options.software_deployment_method),
            snakefile=options.snakefile,
            workdir=options.directory,
        )
        triggers = {"force_incomplete": True, "rerun_triggers": options.rerun_triggers}
        # Of the questions that Snakemake answers without a lock, one that minds incomplete outputs: it builds the DAG,
        # which the API does not hand out.
        workflow.dag(DAGSettings(targets=options.targets, **triggers)).list_changes(ChangeType.CODE)
        dag, rules = workflow._workflow.dag, [rule.name for rule in workflow._workflow.rules]
        jobs = [_job(dag, job) for job in dag.jobs if job.output and job.log and job.benchmark]
    return sorted(jobs, key=lambda job: (rules.index(job.rule), *job.wildcards.values()))


def _job(dag: DAG, job: object) -> Job:
    return Job(
        rule=job.rule.name,
        stage=Path(job.rule.snakefile).stem,
        wildcards=dict(job.wildcards_dict),
        inputs=tuple(map(str, job.input)),
        outputs=tuple(map(str, job.output)),
        log=Path(job.log[0]),
        benchmark=Path(job.benchmark),
        reason=_reason(dag.reason(job)) if dag.needrun(job) else None,
    )


def _reason(reason: object) -> Reason:
    return Reason(
        missing=tuple(sorted(map(str, reason.missing_output))),
        incomplete=reason.forced,
        updated=tuple(sorted(map(str, reason.updated_input - reason.updated_input_run))),
        inputs=reason.input_changed,
        before=frozenset(reason.params_changed.only_old),
        now=frozenset(reason.params_changed.only_new),
        environment=reason.software_stack_changed,
    )
