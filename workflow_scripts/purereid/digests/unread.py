"""Names that get a value and that nothing reads: what is left of a message that was put together before it was told."""

import ast
from collections.abc import Iterable

from purereid.digests.messages import acting

LOOKS = {"eval", "exec", "locals", "vars"}  # read local names unseen


def drop_unread_locals(function: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    """Take the assignments of names that a function never reads out of it; of a value that may act that value stays."""
    nodes = list(ast.walk(function))
    if not any(map(_hides_reading, nodes)):
        while unread := _droppable(nodes):
            _Dropped(unread).generic_visit(function)
            nodes = list(ast.walk(function))


def unread_constants(tree: ast.Module) -> dict[str, ast.Assign]:
    """Assignments of a module's names that nothing in it reads, where the values do not act."""
    read = read_names(ast.walk(tree))
    return {
        name: statement
        for statement in tree.body
        for name in _given(statement)
        if not _given(statement) & read and not acting([statement.value])
    }


def read_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Names whose values code uses."""
    names: set[str] = set()
    for node in nodes:
        match node:
            case ast.Name(id=name, ctx=ast.Load() | ast.Del()) | ast.AugAssign(target=ast.Name(id=name)):
                names.add(name)
            case ast.Global(names=several) | ast.Nonlocal(names=several):
                names.update(several)
    return names


def without_empty(node: ast.If) -> ast.If | list[ast.Expr]:
    """A branch, or what is left of one with nothing in it: its condition, where that may act."""
    return node if node.body or node.orelse else as_statements(acting([node.test]))


def as_statements(expressions: list[ast.expr]) -> list[ast.Expr]:
    """One statement for each expression."""
    return [ast.Expr(expression) for expression in expressions]


class _Dropped(ast.NodeTransformer):
    """Drops assignments of some names."""

    def __init__(self, names: set[str]):
        self.names = names

    def visit_Assign(self, node: ast.Assign) -> ast.Assign | list[ast.Expr]:
        unread = _given(node) and _given(node) <= self.names
        return as_statements(acting([node.value])) if unread else node

    def visit_If(self, node: ast.If) -> ast.If | list[ast.Expr]:
        return without_empty(self.generic_visit(node))


def _droppable(nodes: list[ast.AST]) -> set[str]:
    read = read_names(nodes)
    return {name for node in nodes if not _given(node) & read for name in _given(node)}


def _hides_reading(node: ast.AST) -> bool:
    """The names of a class body are read as attributes."""
    return isinstance(node, ast.ClassDef) or (isinstance(node, ast.Name) and node.id in LOOKS)


def _given(node: ast.AST) -> set[str]:
    """The names to which an assignment gives one value each."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]):
            return {name}
        case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)) if len(names) == len(values):
            return {each.id for each in names} if all(isinstance(each, ast.Name) for each in names) else set()
    return set()
