"""Digest of the code behind an artifact.

Snakemake sees an edit of a rule's script but not of the modules that the script imports. Each rule therefore carries
``code_digest`` of its script as a param: a hash over the script and everything it imports inside this package, as far
as it can change a result (see ``result_code``).
"""

import ast
from functools import cache
from pathlib import Path
from typing import NamedTuple

from purereid.digests.result_code import LEFT_OUT, result_code
from purereid.digests.unread import read_names, unread_constants
from purereid.digests.values import digest

PACKAGE = Path(__file__).parents[1]


class _Code(NamedTuple):
    """What of a module can change a result.

    Attributes:
        digest: of all of it but the constants that the module itself does not read.
        unread: the texts of these constants, by name.
        named: what the module may read in others: names that it imports and reads, attributes, names in texts.
        imports: files of the package that it imports.
    """

    digest: str
    unread: dict[str, str]
    named: set[str]
    imports: list[Path]

    def constants(self, named: set[str]) -> list[str]:
        """Those of the constants that other modules may read."""
        return [self.unread[name] for name in sorted(self.unread.keys() & named)]


@cache
def code_digest(script: str | Path, *modules: str | Path) -> str:
    """Hash the code that a script runs.

    Args:
        script: a Python file.
        modules: files of the package that it imports by a name that is known only when it runs.

    Returns:
        SHA-256 (hex) of what can change a result in the import closure inside the package.
    """
    closure = import_closure(script).union(*({Path(module), *import_closure(module)} for module in modules))
    codes = {path.relative_to(PACKAGE).as_posix(): _code(path) for path in closure}
    codes[Path(script).name] = _code(Path(script))
    named = set().union(*(code.named for code in codes.values()))
    return digest({name: [code.digest, *code.constants(named)] for name, code in codes.items()})


def import_closure(script: str | Path) -> set[Path]:
    """Files of the package that a script imports, directly or through others, inside functions too."""
    found: set[Path] = set()
    waiting = list(_code(Path(script)).imports)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting.extend(_code(path).imports)
    return found


@cache
def _code(path: Path) -> _Code:
    tree = result_code(path.read_bytes())
    nodes = list(ast.walk(tree))
    named, imports = _named(nodes), _imports(nodes, path)
    unread = unread_constants(tree)
    tree.body = [statement for statement in tree.body if statement not in unread.values()]
    texts = {name: ast.unparse(node) for name, node in unread.items()}
    return _Code(digest(ast.unparse(tree)), texts, named, imports)


def _named(nodes: list[ast.AST]) -> set[str]:
    names, read = set(), read_names(nodes)
    for node in nodes:
        match node:
            case ast.ImportFrom(names=aliases):
                names.update(alias.name for alias in aliases if (alias.asname or alias.name) in read)
            case ast.Attribute(attr=name) | ast.Constant(value=str(name)):
                names.add(name)
    return names


def _imports(nodes: list[ast.AST], path: Path) -> list[Path]:
    names = []
    for node in nodes:
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
    """Files that an import of a dotted name runs: the module and the ``__init__`` of each package on the way.

    A module that is left out is none of them, and what it imports does not count for its sake either.
    """
    parts = name.split(".")[1:]
    packages = [PACKAGE.joinpath(*parts[:depth], "__init__.py") for depth in range(len(parts) + 1)]
    module = PACKAGE.joinpath(*parts).with_suffix(".py") if parts else packages[0]
    return [path for path in [*packages, *([] if name in LEFT_OUT else [module])] if path.is_file()]
