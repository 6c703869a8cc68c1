"""Print how far the workflow is: ``python -m purereid.status``, where ``snakemake`` is run."""

import argparse
import os
import sys
from pathlib import Path

from purereid.errors import UserError
from purereid.planned_jobs import planned_jobs
from purereid.status.attempts import queue
from purereid.status.picture import draw_status
from purereid.status.report import judge, printable, report


def main() -> int:
    """Print the status, and draw it where a picture is wanted; 2 where it cannot be told."""
    parser = argparse.ArgumentParser(prog="python -m purereid.status", description="How far the workflow is.")
    parser.add_argument("targets", nargs="*", help="artifacts or rules; without: everything")
    parser.add_argument("--configfile", nargs="+", default=[], metavar="FILE", help="as for snakemake")
    parser.add_argument("--profile", help="as for snakemake; needed if it names software environments (sdm)")
    parser.add_argument("--snakefile", metavar="FILE", help="as for snakemake")
    parser.add_argument("--directory", metavar="FOLDER", help="as for snakemake")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="PNG or SVG to draw, too")
    options = parser.parse_args()
    try:
        asked = {name: value for name, value in vars(options).items() if name != "picture"}
        jobs, picture = planned_jobs(**asked), options.picture and options.picture.resolve()
        os.chdir(options.directory or ".")  # where the logs are
        verdicts = judge(jobs, queue)
        if picture:
            draw_status(verdicts, picture)
    except UserError as error:
        print("\n".join(map(printable, str(error).splitlines())), file=sys.stderr)
        return 2
    drawn = ["", f"drawn: {options.picture}"] if options.picture else []
    print("\n".join(map(printable, [*report(verdicts), *drawn])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
