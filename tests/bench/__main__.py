"""Measure what is slow: ``PYTHONPATH=workflow_scripts:tests python -m bench`` (``make bench``).

Each part is measured beside a floor, in the same run: the plain float32 product of as many operations, or a copy of
as many bytes. Where faiss, scikit-learn or torchmetrics are installed and do the same, they stand beside it.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

from bench.comparison import Row, head
from bench.machine import machine
from bench.parts import PARTS, as_a_job, module, run
from purereid.data.atomic import write_text


def main() -> int:
    """Print the table, part by part, and write it as JSON; 1 where a part could not be measured."""
    options = arguments()
    report = {"machine": machine(), "full": options.full, "failed": [], "rows": []}
    processor, cores, memory, gpu = (report["machine"][name] for name in ("processor", "cores", "memory_GiB", "gpu"))
    print(f"{processor}, {cores} cores, {memory} GiB, GPU: {gpu or 'none'}")
    print(head(), flush=True)
    todo = [
        (part, size)
        for part in options.parts
        for size in options.size or (module(part).FULL if options.full else module(part).SMALL)
    ]
    for part, size, rows, error in run_all(todo):
        report["rows"] += map(asdict, rows)
        if error:
            print(f"\n{part} failed: {error}", flush=True)
            report["failed"].append({"part": part, "size": size, "error": error})
        write_text(options.json, json.dumps(report, indent=1) + "\n")  # each time: the next part may take hours
    print(f"\nx floor, x ours: seconds for as much, over those of the first and the second line. JSON: {options.json}")
    return bool(report["failed"])


def run_all(todo: list[tuple[str, tuple[int, ...]]]) -> Iterator[tuple[str, tuple[int, ...], list[Row], str]]:
    """``run`` for parts and sizes, each in a process of its own, as a job, that may die without loss."""
    for part, size in todo:
        with as_a_job(part), ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            try:
                found = pool.submit(run, part, size).result()
            except BrokenProcessPool:
                found = [], "its process was killed; of too little memory, perhaps (dmesg tells)"
        yield part, size, *found


def arguments() -> argparse.Namespace:
    """Parts, their sizes, and the file to write."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.split("\n\n")[1])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; without: all")
    parser.add_argument("--full", action="store_true", help="sizes of the public data sets; these take long")
    parser.add_argument("--size", nargs="+", type=int, metavar="N", help="of the one part, instead of its own")
    parser.add_argument("--json", type=Path, default=Path("bench.json"), help="file to write (bench.json)")
    options = parser.parse_args()
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error(f"there is no part {', '.join(unknown)}; the parts are {', '.join(PARTS)}")
    options.parts = options.parts or list(PARTS)
    if options.size:
        if len(options.parts) != 1:
            parser.error("--size takes exactly one part before it")
        names = module(options.parts[0]).NAMES
        if len(options.size) != len(names) or min(options.size) < 1:
            parser.error(f"--size of {options.parts[0]} takes {len(names)} numbers from 1: {', '.join(names)}")
        options.size = [options.size]
    return options


if __name__ == "__main__":
    sys.exit(main())
