"""Messages in code, and what stays of them.

A message can act: ``next(rows)`` in it takes a row away. So it goes wholly only where it is made of names, attributes,
items, operators and calls of ``COMPUTES``, none of which uses up an iterator. Any other stays without its texts. Texts
that may decide something stay too: those compared, looped over, given a name, those that name an item, and those that
an unknown function is given.
"""

import ast
import copy
from collections.abc import Iterable

COMPUTES = {"abs", "bool", "float", "int", "len", "repr", "round", "str", "type"}
COMPUTES |= {".all", ".any", ".max", ".mean", ".min", ".nunique", ".sum"}  # methods of arrays and tables
ACTS = (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom, ast.comprehension, ast.Starred, ast.In, ast.NotIn)
DECIDES = (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom, ast.comprehension, ast.Compare, ast.Subscript)


def acting(messages: Iterable[ast.expr]) -> list[ast.expr]:
    """Those parts of messages that may do more than compute, without their texts, in the order in which they act."""
    parts = [part for message in messages for part in _parts(message)]
    return [_Silent().visit(copy.deepcopy(part)) for part in parts if any(map(_acts, ast.walk(part)))]


def is_text(node: ast.expr) -> bool:
    """Whether the form of an expression shows that its value is a text."""
    match node:
        case ast.JoinedStr() | ast.Constant(value=str()):
            return True
        case ast.BinOp(left=first, right=second):
            return is_text(first) or is_text(second)
        case ast.IfExp(body=first, orelse=second):
            return is_text(first) and is_text(second)
        case ast.Call(func=ast.Attribute(value=value)):
            return is_text(value)  # "...".format(), ", ".join()
    return False


def _parts(message: ast.AST) -> list[ast.AST]:
    """What a message joins, each of which is computed in any case."""
    match message:
        case ast.JoinedStr(values=joined) | ast.Tuple(elts=joined):
            return [part for each in joined for part in _parts(each)]
        case ast.BinOp(left=first, right=second):
            return [*_parts(first), *_parts(second)]
        case ast.FormattedValue(value=value, format_spec=form):
            return [*_parts(value), *(_parts(form) if form else [])]
    return [message]


class _Silent(ast.NodeTransformer):
    """Takes the texts out of a message."""

    def visit(self, node: ast.AST) -> ast.AST:
        return node if isinstance(node, DECIDES) else super().visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant(bool(node.value)) if isinstance(node.value, str) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.JoinedStr:
        values = [value for value in node.values if isinstance(value, ast.FormattedValue)]
        return ast.JoinedStr(list(map(self.visit, values)))

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.FormattedValue:
        self.generic_visit(node)
        form = node.format_spec if node.format_spec and node.format_spec.values else None
        return ast.FormattedValue(node.value, node.conversion, form)

    def visit_Call(self, node: ast.Call) -> ast.Call:
        return self.generic_visit(node) if _computes(node.func) or is_text(node) else node


def _acts(node: ast.AST) -> bool:
    return isinstance(node, ACTS) or (isinstance(node, ast.Call) and not _computes(node.func))


def _computes(function: ast.expr) -> bool:
    match function:
        case ast.Name(id=name):
            return name in COMPUTES
        case ast.Attribute(attr=name):
            return f".{name}" in COMPUTES
    return False
