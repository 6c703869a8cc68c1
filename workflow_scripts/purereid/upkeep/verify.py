"""Read all artifacts and compare them with their provenance (``make verify``): ``python -m purereid.upkeep.verify``."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from purereid.digests.values import file_digest
from purereid.provenance import NAME, all_provenance


def main() -> int:
    """Print what is not what was made; 1 where there is anything."""
    parser = argparse.ArgumentParser(prog="python -m purereid.upkeep.verify", description=__doc__)
    parser.add_argument("--directory", type=Path, default=Path(), help="the working folder, as for snakemake")
    results = parser.parse_args().directory / "results"
    files, damaged = 0, []
    for path, made in _outputs(results):
        files += 1
        if path.exists() and file_digest(path) != made:
            damaged.append(path)
            print(f"damaged: {path}")
    print(f"{files} files and folders of {results}, {len(damaged)} damaged")
    if damaged:
        print(f"Delete them, and they are made again; or {NAME} beside one that you changed on purpose.")
    return 1 if damaged else 0


def _outputs(results: Path) -> Iterator[tuple[Path, str]]:
    for folder, record in all_provenance(results).items():
        for name, about in record.get("outputs", {}).items():
            yield folder / name, about["sha256"]


if __name__ == "__main__":
    sys.exit(main())
