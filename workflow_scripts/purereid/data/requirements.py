"""What a data set must fulfil; each check raises a UserError that helps to mend it."""

from collections.abc import Sequence

from purereid.data.formats.layout import layout_hint
from purereid.data.formats.scan import EXAMPLES, Scan
from purereid.data.names import repeated
from purereid.errors import UserError

NEEDED = ("train", "query", "gallery")
NUMBERS = ("pid", "camid", "seq", "frame")
LARGEST = 2**63


def require_splits(scan: Scan, before: Scan | None = None, faults: Sequence[str] = ()) -> None:
    """There is something to train on, or query and gallery to test on, or both; otherwise say what was found instead.

    A data set of one purpose is complete: one may be trained on and another tested on. But no split that held images
    ``before`` bad ones were skipped, for their ``faults``, may be empty.
    """
    counts = {split: sum(row.split == split for row in scan.rows) for split in NEEDED}
    empty = [split for split in NEEDED if not counts[split]]
    emptied = before and {row.split for row in before.rows} & set(empty)
    if emptied or empty not in ([], ["train"], ["query", "gallery"]):
        raise UserError(
            f"no images for {', '.join(empty)}; "
            f"found: {', '.join(f'{split} {count} images' for split, count in counts.items())}"
            + (
                f", {len(scan.unparsed)} of which each {scan.why_unparsed}, such as {scan.unparsed[0]}"
                if scan.unparsed
                else ""
            )
            + (
                f"; {len(scan.unread)} images are of kinds that are not read, such as {scan.unread[0]}"
                if scan.unread
                else ""
            )
            + (f"; {len(faults)} images are left out, such as {faults[0]}" if faults else ""),
            where=scan.where,
            expected=scan.expected,
            do="replace the bad images"
            if faults
            else "convert the images to JPEG or PNG"
            if scan.unread and not scan.rows
            else layout_hint(scan.where, scan.format),
        )


def require_numbers(scan: Scan) -> None:
    """Numbers in names fit into the index, which has 64 bits for each."""
    for row in scan.rows:
        for name in NUMBERS:
            value = getattr(row, name)
            if not -1 <= value < LARGEST:
                raise UserError(
                    f"the {name} of {row.image} is {value}",
                    where=scan.where,
                    expected="a whole number of 64 bits, or -1 where there is none",
                    do="rename the file, or check how its name is read",
                )


def require_unique(scan: Scan) -> None:
    """No image is listed twice."""
    twice = repeated(row.image for row in scan.rows)
    if twice:
        raise UserError(
            f"{len(twice)} images are listed more than once, such as {twice[0]}",
            where=scan.where,
            expected="every image once",
            do="remove the repeated lines",
        )


def require_good_images(scan: Scan, faults: list[str]) -> None:
    """All image files have a name that parses and can be decoded."""
    bad = [f"{name}: {scan.why_unparsed}" for name in scan.unparsed] + faults
    if bad:
        raise UserError(
            f"{len(bad)} bad images among {len(scan.rows) + len(scan.unparsed)}: {'; '.join(bad[:EXAMPLES])}",
            where=scan.where,
            expected=scan.expected,
            do="remove or replace these files, or set index_dataset.bad_images to skip to go on without them",
        )


def require_no_errors(diagnosis: dict, name: str) -> None:
    """The doctor found nothing of severity error."""
    errors = [each for each in diagnosis["findings"] if each["severity"] == "error"]
    if errors:
        raise UserError(
            " ".join(f"{each['what']} ({each['count']}: {', '.join(each['examples'])})" for each in errors),
            where=f"data set {name}",
            expected="train and test of different persons, and queries that another camera's images can answer",
            do=" ".join(each["do"] for each in errors),
        )
