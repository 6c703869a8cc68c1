"""Whether the jobs of the workflow run its own code."""

from pathlib import Path

from purereid.errors import UserError


def check_installed(own: Path) -> None:
    """Refuse another version of this package that is installed: Python finds it before that of the workflow.

    Args:
        own: folder of the package in the workflow.

    Raises:
        UserError: what was imported is other code.
    """
    imported = Path(__file__).parent
    if not imported.samefile(own) and _code(imported) != _code(own):
        raise UserError(
            "another version of purereid is installed, and the jobs would run its code",
            where=imported,
            expected=f"the code of {own}",
            do=f"uninstall it (pip uninstall purereid), or install this one (pip install {own.parents[1]})",
        )


def _code(package: Path) -> dict[str, bytes]:
    """Contents of the files that make up a package, by name."""
    files = (file for file in package.rglob("*") if file.suffix in (".py", ".yaml"))
    return {file.relative_to(package).as_posix(): file.read_bytes() for file in files}
