"""Print how far the workflow is: ``python -m purereid.status``, where ``snakemake`` is run."""

import argparse
import os
import sys

from purereid.errors import UserError
from purereid.status.attempts import queue
from purereid.status.plan import plan
from purereid.status.report import judge, printable, report


def main() -> int:
    """Print the status; 2 where it cannot be told."""
    parser = argparse.ArgumentParser(prog="python -m purereid.status", description="How far the workflow is.")
    parser.add_argument("targets", nargs="*", help="artifacts or rules; without: everything")
    parser.add_argument("--configfile", nargs="+", default=[], metavar="FILE", help="as for snakemake")
    parser.add_argument("--profile", help="as for snakemake; needed if it names software environments (sdm)")
    parser.add_argument("--snakefile", metavar="FILE", help="as for snakemake")
    parser.add_argument("--directory", metavar="FOLDER", help="as for snakemake")
    options = parser.parse_args()
    try:
        jobs = plan(**vars(options))
    except UserError as error:
        print("\n".join(map(printable, str(error).splitlines())), file=sys.stderr)
        return 2
    os.chdir(options.directory or ".")  # where the logs are
    print("\n".join(map(printable, report(judge(jobs, queue)))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
