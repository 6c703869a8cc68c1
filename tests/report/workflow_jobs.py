"""Jobs of made-up workflows, for the tests of their pictures."""

from pathlib import Path

import numpy as np

from purereid.planned_jobs import Job


def job(rule: str, stage: str, *reads: Job, **wildcards: str) -> Job:
    """A job that reads all outputs of others."""
    name = "-".join([rule, *wildcards.values()])
    inputs = tuple(path for other in reads for path in other.outputs)
    return Job(rule, stage, wildcards, inputs, (f"{name}/a", f"{name}/b"), Path("log"), Path("tsv"), None)


def random_jobs(seed: int, rules: int = 14, share: float = 0.25) -> list[Job]:
    """Two jobs of most rules in three stages, and of the report; some read jobs of rules that come later."""
    rng = np.random.default_rng(seed)
    stages = sorted(rng.choice(["1", "2", "3"], rules)) + ["report"] * 3
    order = rng.permutation(len(stages)) if seed % 2 else np.arange(len(stages))
    made: dict[int, list[Job]] = {}
    for place in order:
        reads = [other for jobs in made.values() for other in jobs if rng.random() < share and other.stage != "report"]
        labels = "ab" if rng.random() < 0.7 else "a"
        made[place] = [job(f"rule{place:02}", str(stages[place]), *reads, name=label) for label in labels]
    return [one for place in sorted(made) for one in made[place]]


def by_name(job: Job) -> str:
    """Label by which the jobs of a rule are told apart."""
    return job.wildcards["name"]
