"""What an artifact was made from: digests of code, settings and inputs, and the record beside the artifact.

Snakemake sees an edit of a rule's script but not of the modules that the script imports. Each rule therefore
carries ``code_digest`` of its script as a param: a hash over the script and everything it imports inside this
package, taken from the syntax tree without comments and docstrings, so that only edits that can change a result
count.
"""

import ast
import datetime
import hashlib
import importlib.metadata
import json
import platform
import subprocess
from functools import cache
from pathlib import Path

import purereid
from purereid.data.atomic import whole_file

PACKAGE = Path(__file__).parent
LIBRARIES = (
    "numba",
    "numpy",
    "pandas",
    "pyarrow",
    "pillow",
    "simplejpeg",
    "opencv-python-headless",
    "scipy",
    "snakemake",
    "torch",
    "torchvision",
)


def code_digest(script: str | Path, *modules: str | Path) -> str:
    """Hash the code that a script runs.

    Args:
        script: a Python file.
        modules: files of the package that it imports by a name that is known only when it runs.

    Returns:
        SHA-256 (hex) of the import closure inside the package; comments, docstrings and layout do not count.
    """
    sources = {Path(script).name: _canonical(Path(script))}
    closure = import_closure(script).union(*({Path(module), *import_closure(module)} for module in modules))
    for path in sorted(closure):
        sources[path.relative_to(PACKAGE).as_posix()] = _canonical(path)
    return digest(sources)


def import_closure(script: str | Path) -> set[Path]:
    """Files of the package that a script imports, directly or through others, inside functions too."""
    found: set[Path] = set()
    waiting = list(_imports(Path(script)))
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting.extend(_imports(path))
    return found


def digest(value: object) -> str:
    """SHA-256 (hex) of a value made of dicts, lists, texts and numbers; the order of dict keys does not count."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def file_digest(path: str | Path) -> str:
    """SHA-256 (hex) of a file's bytes; of a folder: of the names and sizes of the files in it.

    Reading all bytes of a data set for its record would take longer than indexing it, and the index holds the digest of
    each image.
    """
    path = Path(path)
    if path.is_dir():
        files = (file for file in path.rglob("*") if file.is_file() and not file.name.startswith(".snakemake"))
        return digest({file.relative_to(path).as_posix(): file.stat().st_size for file in files})
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_provenance(folder: Path, record: dict, started: datetime.datetime) -> None:
    """Write ``provenance.json`` into an artifact's folder.

    Args:
        folder: where the artifact lies.
        record: what made it: rule, wildcards, settings, code digest, digests of inputs.
        started: when the job began, with time zone.
    """
    now = datetime.datetime.now(datetime.UTC)
    record = record | {
        "package": {"version": purereid.__version__} | _commit(),
        "libraries": _libraries(),
        "machine": {"platform": platform.platform(), "processor": _processor(), "python": platform.python_version()},
        "started": started.isoformat(timespec="seconds"),
        "seconds": round((now - started).total_seconds(), 1),
    }
    with whole_file(folder / "provenance.json") as file:
        file.write_text(json.dumps(record, indent=2, sort_keys=True, default=str) + "\n")


@cache
def _canonical(path: Path) -> str:
    tree = ast.parse(path.read_text(), filename=str(path))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(
            node, clean=False
        ):
            node.body = node.body[1:]
    return ast.unparse(tree)


@cache
def _imports(path: Path) -> list[Path]:
    names = []
    for node in ast.walk(ast.parse(path.read_text(), filename=str(path))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(node, path)
            names += [module] + [f"{module}.{alias.name}" for alias in node.names]
    return [file for name in names if name.split(".")[0] == "purereid" for file in _files(name)]


def _absolute(node: ast.ImportFrom, path: Path) -> str:
    if node.level == 0:
        return node.module or ""
    package = ("purereid", *path.relative_to(PACKAGE).parent.parts)
    parts = package[: len(package) - node.level + 1]
    return ".".join((*parts, node.module) if node.module else parts)


def _files(name: str) -> list[Path]:
    """Files that an import of a dotted name runs: the module and the ``__init__`` of each package on the way."""
    parts = name.split(".")[1:]
    packages = [PACKAGE.joinpath(*parts[:depth], "__init__.py") for depth in range(len(parts) + 1)]
    module = PACKAGE.joinpath(*parts).with_suffix(".py") if parts else packages[0]
    return [path for path in [*packages, module] if path.is_file()]


def _commit() -> dict:
    def git(*command: str) -> str | None:
        try:
            done = subprocess.run(["git", *command], cwd=PACKAGE, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return None
        return done.stdout.strip()

    status = git("status", "--porcelain", "--untracked-files=no")
    return {"commit": git("rev-parse", "HEAD"), "dirty": None if status is None else bool(status)}


def _libraries() -> dict:
    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = None
    return versions


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor()
    )
