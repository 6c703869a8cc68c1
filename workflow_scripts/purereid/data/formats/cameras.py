"""Camera numbers for whatever names a data set gives its cameras, and what patterns find in file names."""

import re
from collections.abc import Iterable

from purereid.data.formats.scan import Scan
from purereid.errors import UserError

UNKNOWN = ""
EXAMPLES = {"camera_pattern": ("camera", "_cam([0-9]+)_"), "pid_pattern": ("person", "^([0-9]+)_")}


def number_cameras(labels: Iterable[str]) -> dict[str, int]:
    """Number cameras from 0 in sorted order, by value if all are whole numbers, otherwise as text.

    Args:
        labels: names of cameras; "" stands for unknown and becomes -1.
    """
    known = set(labels) - {UNKNOWN}
    if all(re.fullmatch("[0-9]{1,18}", label) for label in known):
        order = sorted({int(label) for label in known})
        return {UNKNOWN: -1} | {label: order.index(int(label)) for label in sorted(known)}
    return {UNKNOWN: -1} | {label: number for number, label in enumerate(sorted(known))}


def tell_cameras(scan: Scan, camids: dict[str, int]) -> None:
    """Note the numbers of cameras that bear other names in the data."""
    renamed = [f"{label} = {camid}" for label, camid in camids.items() if label != UNKNOWN and label != str(camid)]
    scan.tell("note", "Cameras were numbered from 0 in sorted order.", renamed)


def find_in_name(name: str, pattern: str, option: str) -> str:
    """First group of a regular expression in a file name; "" where it does not match.

    Args:
        name: of the file.
        pattern: the regular expression.
        option: ``camera_pattern`` or ``pid_pattern``, for the message.

    Raises:
        UserError: no regular expression, or one without a group.
    """
    where = f"option {option}"
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise UserError(f"{pattern!r} is no regular expression: {error}", where=where) from None
    if not compiled.groups:
        what, example = EXAMPLES[option]
        expected = f"round brackets around the {what}, such as {example}"
        raise UserError(f"{pattern!r} has no group", where=where, expected=expected)
    match = compiled.search(name)
    return (match[1] or UNKNOWN) if match else UNKNOWN
