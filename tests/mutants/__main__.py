"""Put faults into the package, one at a time, and see which the tests do not notice (``make mutants``)."""

import argparse
import sys
import time
from pathlib import Path

from mutants.fault import read_faults
from mutants.run import copied, outcome, preload, run_tests

PROJECT = Path(__file__).parents[2]
FAULTS = Path(__file__).with_name("faults.yaml")


def main() -> int:
    """Print what becomes of each fault, and at last those that are not caught; 1 where there are any."""
    options = arguments()
    faults = [fault for fault in read_faults(FAULTS) if any(word in str(fault) for word in options.only or [""])]
    if not faults:
        print(f"no fault has any of the words {', '.join(options.only)}")
        return 1
    tests = sorted({path for fault in faults for path in fault.tested_by})
    began = time.perf_counter()
    with copied(PROJECT) as package:
        word, seconds, text = run_tests(package, tests, PROJECT, timeout=None)
    if word != "survived":
        print(f"{text}\nThese tests do not pass without any fault, and so say nothing of faults.")
        return 1
    print(f"{len(faults)} faults; without any, their tests pass in {seconds:.0f} s", flush=True)
    missed = []
    for fault in faults:
        found = outcome(fault, PROJECT, options.timeout)
        print(f"{found.word:9} {found.seconds:5.1f} s  {fault}", flush=True)
        if found.word == "broken":
            print(found.text, flush=True)
        if found.word != "caught":
            missed.append(fault)
    minutes = (time.perf_counter() - began) / 60
    print(f"\n{len(faults) - len(missed)} of {len(faults)} faults are caught, in {minutes:.0f} minutes")
    for fault in missed:
        print(f"not caught: {fault}\n  by {fault.tests}")
    return bool(missed)


def arguments() -> argparse.Namespace:
    """Which faults, and how they are run."""
    parser = argparse.ArgumentParser(prog="python -m mutants", description=__doc__)
    parser.add_argument("only", nargs="*", help="words; faults are run whose file or texts hold one of them")
    parser.add_argument("--timeout", type=float, default=300, help="seconds for the tests of a fault")
    return parser.parse_args()


if __name__ == "__main__":
    preload()
    sys.exit(main())
