"""Time the tiny workflow on one machine and through SLURM, and tell where the difference goes.

    python tests/slurm/bench_slurm.py    (make bench-slurm)

Both run in a fresh folder on the same cores. The cluster is that of ``cluster.sh``, whose node claims at least the four
cores that a group of small jobs asks for, whatever the machine has.
"""

import csv
import os
import re
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from workflow_project import Project, copy

ROOT = Path(__file__).parents[2]
CLUSTER = Path(__file__).with_name("cluster.sh")
RECORDS = Path("/run/purereid-slurm/jobs.txt")


def run(project: Project, *profile: str) -> float:
    """Wall time in seconds of the whole workflow."""
    command = [sys.executable, "-m", "snakemake", *profile, "--configfile", "tests/config.yaml"]
    began = time.perf_counter()
    done = subprocess.run(command, cwd=project.folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return time.perf_counter() - began


def in_scripts(project: Project) -> tuple[int, float]:
    """Number of jobs, and the sum of the seconds that their scripts took."""
    files = list((project.folder / "benchmarks").rglob("*.tsv"))
    rows = [next(csv.DictReader(file.open(), delimiter="\t")) for file in files]
    return len(files), sum(float(row["s"]) for row in rows)


def in_slurm() -> tuple[int, float, float]:
    """Number of SLURM jobs, and the sums of the seconds that they waited in the queue and ran (in whole seconds)."""
    waited = ran = 0.0
    jobs = RECORDS.read_text().splitlines()
    for job in jobs:
        times = {name: datetime.fromisoformat(at) for name, at in re.findall(r"(\w+)Time=(\d{4}-\S+)", job)}
        waited += (times["Start"] - times["Submit"]).total_seconds()
        ran += (times["End"] - times["Start"]).total_seconds()
    return len(jobs), waited, ran


def main() -> None:
    """Run both and print the table."""
    up = subprocess.run([CLUSTER, "up"])
    if up.returncode:
        sys.exit(up.returncode)
    try:
        with tempfile.TemporaryDirectory() as folder:
            local, cluster = (copy(ROOT, Path(folder) / name) for name in ("local", "cluster"))
            wall_local = run(local, "--cores", "all")
            wall_slurm = run(cluster, "--profile", "slurm")
            submitted, waited, ran = in_slurm()
            jobs, scripts_local = in_scripts(local)
            _, scripts_slurm = in_scripts(cluster)
    finally:
        subprocess.run([CLUSTER, "down"], check=True)
    rows = {
        "wall time": (wall_local, wall_slurm),
        "in the scripts, sum": (scripts_local, scripts_slurm),
        "in SLURM jobs, sum": (None, ran),
        "waiting in the queue, sum": (None, waited),
    }
    print(f"seconds; {jobs} jobs, {submitted} submissions of them or of groups of them; {os.cpu_count()} cores")
    print(f"{'':28}{'local':>8}{'SLURM':>8}")
    for name, values in rows.items():
        print(f"{name:28}" + "".join(f"{'-' if value is None else f'{value:.0f}':>8}" for value in values))


if __name__ == "__main__":
    main()
