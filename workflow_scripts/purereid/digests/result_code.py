"""What of a module's code can change a result.

That is its syntax tree without

- comments, layout, docstrings and ``__version__``;
- annotations, type variables, what type checkers alone import, and protocols that only declare. The names and the order
  of a class's fields stay, and so do annotations that a dataclass or an unknown decorator may act upon;
- imports of modules that only speak, watch or keep order (``LEFT_OUT``);
- messages (see ``messages``): calls of ``log``, arguments of ``UserError``, what ``assert`` says, and arguments of
  other exceptions whose form shows that they are texts;
- local names that only messages read.

That an exception is raised and of which class stays, since it may be caught; no code may act on its text.
"""

import ast
from collections import defaultdict

from purereid.digests.messages import acting, is_text
from purereid.digests.unread import as_statements, drop_unread_locals, without_empty

# What they return goes into no artifact. Such is not threads.py: how work is divided decides in which order numbers
# are added; nor training/made.py, which gives back what was made before.
LEFT_OUT = {
    "purereid.data.formats.layout",
    "purereid.digests.code",
    "purereid.errors",
    "purereid.file_times",
    "purereid.job",
    "purereid.library_versions",
    "purereid.lock",
    "purereid.logs",
    "purereid.provenance",
    "purereid.signals",
    "purereid.training.progress",
}
TYPING = {"__future__", "collections.abc", "typing"}
FIELD_KINDS = ("ClassVar", "InitVar", "KW_ONLY")  # make a dataclass treat a field in another way
# decorators to which the types in annotations make no difference
INDIFFERENT = {"abstractmethod", "cache", "cached_property", "classmethod", "compiled", "contextmanager", "dataclass"}
INDIFFERENT |= {"inference_mode", "lru_cache", "no_grad", "property", "setter", "staticmethod", "wraps"}
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def result_code(source: bytes) -> ast.Module:
    """Syntax tree of what can change a result. Blocks of it may be empty."""
    tree = ast.parse(source)
    return _Result(tree).visit(tree)


class _Result(ast.NodeTransformer):
    def __init__(self, tree: ast.Module):
        self.scope: ast.AST = tree
        self.origins = _origins(tree)

    # --- docstrings, version -----------------------------------------------------------------------------------------

    def visit_Expr(self, node: ast.Expr) -> ast.AST | list[ast.Expr] | None:
        if isinstance(node.value, ast.Constant):
            return None
        return as_statements(acting(_arguments(node.value))) if self._logs(node.value) else self.generic_visit(node)

    def visit_Pass(self, node: ast.Pass) -> None:
        return None

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        version = _last_name(node.targets[0]) == "__version__"
        return None if version or _is_type_variable(node.value) else self.generic_visit(node)

    # --- types -------------------------------------------------------------------------------------------------------

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        return None if node.level == 0 and node.module in TYPING | LEFT_OUT else node

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.AST]:
        checking = _last_name(node.test) == "TYPE_CHECKING"
        node.body = [] if checking else node.body
        self.generic_visit(node)
        return node.orelse if checking else without_empty(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        if _is_indifferent(node):
            node.returns = None
            for argument in ast.walk(node.args):
                if isinstance(argument, ast.arg):
                    argument.annotation = None
        self._visit_inside(node)
        drop_unread_locals(node)
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self.visit_FunctionDef(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST | None:
        self._visit_inside(node)
        return None if _only_declares(node) else node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        field = isinstance(self.scope, ast.ClassDef)
        if node.value and not field:
            return ast.Assign([node.target], node.value, lineno=node.lineno)
        if not field or (_is_indifferent(self.scope) and not _is_special(node.annotation)):
            node.annotation = ast.Constant(...)
        return node

    # --- messages ----------------------------------------------------------------------------------------------------

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if not self._is(node.func, "purereid.errors.UserError"):
            return self.generic_visit(node)
        return ast.Call(node.func, acting(_arguments(node)), [])

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.exc, ast.Call) and _last_name(node.exc.func).lstrip("_")[:1].isupper():
            node.exc.args = [kept for each in node.exc.args for kept in (acting([each]) if is_text(each) else [each])]
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        self.generic_visit(node)
        node.msg = next(iter(acting([node.msg] if node.msg else [])), None)
        return node

    # --- names -------------------------------------------------------------------------------------------------------

    def _visit_inside(self, node: ast.AST) -> None:
        outer, self.scope = self.scope, node
        self.generic_visit(node)
        self.scope = outer

    def _is(self, node: ast.expr, origin: str) -> bool:
        return isinstance(node, ast.Name) and self.origins[node.id] == {origin}

    def _logs(self, node: ast.expr) -> bool:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            return False
        return node.func.attr in LEVELS and self._is(node.func.value, "purereid.logs.log")


def _origins(tree: ast.Module) -> dict[str, set[str]]:
    """From where the names of a module come: what was imported, or "" for what the module itself makes."""
    origins: dict[str, set[str]] = defaultdict(set)
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=module, names=aliases):
                for alias in aliases:
                    origins[alias.asname or alias.name].add(f"{module}.{alias.name}")
            case ast.Import(names=aliases):
                for alias in aliases:
                    origins[alias.asname or alias.name.split(".")[0]].add(alias.name)
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
                origins[name].add("")
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                origins[name].add("")
    return origins


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _is_indifferent(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    return all(_last_name(decorator) in INDIFFERENT for decorator in node.decorator_list)


def _last_name(node: ast.expr) -> str:
    match node:
        case ast.Call(func=value) | ast.Subscript(value=value):
            return _last_name(value)
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def _is_special(annotation: ast.expr) -> bool:
    return any(kind in ast.unparse(annotation) for kind in FIELD_KINDS)


def _is_type_variable(value: ast.expr) -> bool:
    values = value.elts if isinstance(value, ast.Tuple) else [value]
    return bool(values) and all(isinstance(each, ast.Call) and _last_name(each) == "TypeVar" for each in values)


def _only_declares(node: ast.ClassDef) -> bool:
    protocol = any(_last_name(base) == "Protocol" for base in node.bases)
    return protocol and not node.decorator_list and all(map(_declares, node.body))


def _declares(statement: ast.stmt) -> bool:
    match statement:
        case ast.AnnAssign(value=None) | ast.FunctionDef(body=[]) | ast.AsyncFunctionDef(body=[]):
            return True
    return False
