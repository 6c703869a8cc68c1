"""Other words in the same code: what speaks to people and type checkers, found in another way than by the package."""

import ast
from collections import Counter
from collections.abc import Iterator

LEVELS = ("debug", "info", "warning", "error", "exception", "critical")


def messages(tree: ast.AST) -> Iterator[ast.expr]:
    """Arguments of calls of ``log``, of ``UserError`` and of raised exceptions, and what ``assert`` says."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert) and node.msg:
            yield node.msg
        call = node.exc if isinstance(node, ast.Raise) else node
        if isinstance(call, ast.Call) and (isinstance(node, ast.Raise) or _speaks(call.func)):
            yield from [*call.args, *(keyword.value for keyword in call.keywords)]


def texts(message: ast.expr) -> Iterator[ast.Constant]:
    """The texts of which a message is put together, not those that its calls are given or that choose an item."""
    match message:
        case ast.Constant(value=str(words)) if words:
            yield message
        case ast.JoinedStr(values=parts) | ast.BoolOp(values=parts) | ast.Tuple(elts=parts) | ast.List(elts=parts):
            for part in parts:
                yield from texts(part)
        case ast.BinOp(left=first, right=second) | ast.IfExp(body=first, orelse=second):
            yield from [*texts(first), *texts(second)]
        case ast.FormattedValue(value=value) | ast.GeneratorExp(elt=value) | ast.ListComp(elt=value):
            yield from texts(value)
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str()) as text), args=arguments):
            yield from texts(text)
            for argument in arguments:
                yield from texts(argument)


def reworded(source: str) -> tuple[str, Counter]:
    """The code with other messages, annotations, docstrings and version; how many of each were changed."""
    tree, counts = ast.parse(source), Counter()
    for words in texts_of_messages(tree):
        words.value, counts["texts"] = f"{words.value} other words", counts["texts"] + 1
    for node in ast.walk(tree):
        for field in ("annotation", "returns"):
            if getattr(node, field, None):
                setattr(node, field, ast.Constant("Another"))
                counts["annotations"] += 1
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value, counts["docstrings"] = ast.Constant("Other words."), counts["docstrings"] + 1
        if isinstance(node, ast.Assign) and ast.unparse(node.targets) == "__version__":
            node.value, counts["versions"] = ast.Constant("9.9"), counts["versions"] + 1
    return ast.unparse(tree), counts


def more_talkative(source: str) -> tuple[str, Counter]:
    """The code with a line for the log at the begin of each function, where the module has a log."""
    tree, counts = ast.parse(source), Counter()
    if any(isinstance(node, ast.ImportFrom) and node.module == "purereid.logs" for node in ast.walk(tree)):
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                first = 1 if ast.get_docstring(node) is not None else 0
                names = ", ".join(argument.arg for argument in node.args.args)
                said = ast.parse(f"log.info('begun: %s', ({names + ', ' if names else ''}len('words')))").body
                node.body[first:first], counts["lines"] = said, counts["lines"] + 1
    return ast.unparse(tree), counts


def texts_of_messages(tree: ast.Module) -> list[ast.Constant]:
    """All texts of messages, also those that get a name first which only messages use."""
    said = [*messages(tree), *_values_of_messages(tree)]
    return list({id(text): text for message in said for text in texts(message)}.values())


def other_constants(tree: ast.Module) -> list[ast.Constant]:
    """Texts and numbers that are no part of a message, of what is computed for one, of an annotation or a docstring."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    silent = [*messages(tree), *(value for scope in (tree, *functions) for value in _values_of_messages(scope))]
    for node in ast.walk(tree):
        match node:
            case ast.arg(annotation=value) | ast.AnnAssign(annotation=value) | ast.FunctionDef(returns=value) if value:
                silent.append(value)
            case (
                ast.Expr(value=ast.Constant() as value) | ast.Assign(targets=[ast.Name(id="__version__")], value=value)
            ):
                silent.append(value)
            case ast.Call(func=ast.Name(id="TypeVar")):
                silent.append(node)
            case ast.If(test=value, body=[ast.Expr(value=ast.Call(func=function))]) if _speaks(function):
                silent.append(value)
    inside = {id(node) for tree in silent for node in ast.walk(tree)}
    constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in inside]
    return [node for node in constants if type(node.value) in (str, int, float)]


def names_besides_messages(tree: ast.AST) -> set[str]:
    """Names and attributes that are read, but for what is read in a message or to put one together."""
    silent = [*messages(tree), *_values_of_messages(tree)]
    inside = {id(node) for message in silent for node in ast.walk(message)}
    return {_name(node) for node in ast.walk(tree) if _is_use(node) and id(node) not in inside}


def _values_of_messages(tree: ast.AST) -> list[ast.expr]:
    """Values of names that only messages use."""
    said = list(messages(tree))
    inside = {id(node) for message in said for node in ast.walk(message)}
    used = {_name(node) for node in ast.walk(tree) if _is_use(node) and id(node) not in inside}
    named = {_name(node) for message in said for node in ast.walk(message) if _is_use(node)} - used
    return [
        value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target, value in _pairs(node.targets[0], node.value)
        if isinstance(target, ast.Name) and target.id in named
    ]


def _speaks(function: ast.expr) -> bool:
    return ast.unparse(function) in ("UserError", *(f"log.{level}" for level in LEVELS))


def _pairs(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    both = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
    return list(zip(target.elts, value.elts, strict=True)) if both else [(target, value)]


def _is_use(node: ast.AST) -> bool:
    return isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load)


def _name(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr
