"""What of a module counts, and what does not."""

import ast
import textwrap
from pathlib import Path

import pytest
from rewriting import other_constants

from purereid.digests.result_code import result_code

IMPORTS = """
from typing import NamedTuple, Protocol, TypeVar
from dataclasses import dataclass
from purereid.errors import UserError
from purereid.logs import log
"""
ALIKE = {
    "a line for the log": ("log.info('%d of %d', done, len(rows))", ""),
    "how loud it is": ("log.info('done')", "log.warning('done')"),
    "a condition for the log": ("if left:\n    log.info('left: %.1f', 100 * rows['left'].mean())", ""),
    "an else for the log": ("if a:\n    b()", "if a:\n    b()\nelse:\n    log.info('no a')"),
    "words around a call": ("log.info('next: %s', next(rows))", "log.warning('the next row is %s', next(rows))"),
    "words around a loop": (
        'raise UserError(f\'bad: {", ".join(f"row {row}" for row in rows)}\')',
        'raise UserError(f\'bad rows: {"; ".join(f"number {row}" for row in rows)}\')',
    ),
    "words of a user's mistake": (
        "raise UserError('no file', where=path, expected='a file', do='add it')",
        "raise UserError(f'{path.name} is missing', expected=f'one of {len(files)}', do='look' if many else 'add')",
    ),
    "a mistake that is not raised here": ("return UserError('a')", "return UserError('b', where=1)"),
    "words of another error": ("raise ValueError('no %d' % number)", "raise ValueError(f'{other} is not {number}')"),
    "words of an assertion": ("assert a == 1, f'{a} is not 1'", "assert a == 1"),
    "words put together before": (
        "what = f'no {name}'\nwhere, do = 'here', f'mend {what}'\nraise UserError(what, where=where, do=do)",
        "raise UserError(f'{name} is missing')",
    ),
    "words chosen before": (
        "if many:\n    what = 'many'\nelse:\n    what = 'few'\nlog.info(what)",
        "log.info('many' if many else 'few')",
    ),
    "annotations": (
        "def f(a: int, *b: str, c: 'list[int]' = 1, **d: 'x') -> None:\n    e: int = a\n    self.g: int = e",
        "def f(a, *b, c=1, **d):\n    e = a\n    self.g = e",
    ),
    "annotations under a known decorator": (
        "@property\ndef f(self) -> int: return 1",
        "@property\ndef f(self): return 1",
    ),
    "types of fields": (
        "@dataclass(frozen=True)\nclass A:\n    b: int\n    c: list = 1",
        "@dataclass(frozen=True)\nclass A:\n    b: float\n    c: 'tuple' = 1",
    ),
    "types of named tuples": ("class A(NamedTuple):\n    b: int = 1", "class A(NamedTuple):\n    b: str = 1"),
    "type variables": ("A, B = TypeVar('A'), TypeVar('B', int, str)\nC = TypeVar('C')", ""),
    "imports for types": ("from collections.abc import Callable\nfrom typing import Any, TextIO", ""),
    "what type checkers import": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from a import B\nelse:\n    c()",
        "c()",
    ),
    "protocols that declare": (
        "class A(Protocol):\n    '''Words.'''\n    b: int\n\n    def c(self) -> int:\n        '''Words.'''\n"
        "    def d(self): ...",
        "",
    ),
    "the version": ("__version__ = '1'", "__version__ = '2'"),
    "docstrings and comments": ("def f():\n    '''Words.'''\n    return 1  # one", "def f():\n    return 1"),
}
UNLIKE = {
    "a call in a message": ("log.info('%s', next(rows))", ""),
    "a call in the form of a number": ("log.info(f'{number:{next(widths)}}')", "log.info(f'{number:3}')"),
    "an iterator used up": ("log.info('%s', [*rows])", "log.info('rows')"),
    "an iterator looped over": ("log.info('%s', ', '.join(row for row in rows))", "log.info('rows')"),
    "an iterator searched": ("raise UserError(f'{1 in rows}')", "raise UserError('1')"),
    "a name given in a message": ("log.info('%d', (count := 1))", "log.info('%d', (count := 2))"),
    "a text named in a message": ("log.info(name := 'a')", "log.info(name := 'b')"),
    "a value yielded in a message": ("log.info((yield 'a'))", "log.info((yield 'b'))"),
    "a text given to a call in a message": ("log.info('%s', write('a.csv'))", "log.info('%s', write('b.csv'))"),
    "which call a message makes": (
        "log.info('%s', f() if kind == 'train' else g())",
        "log.info('%s', f() if kind == 'test' else g())",
    ),
    "a call to put words together": ("what = next(rows)\nlog.info(what)", "what = 'a'\nlog.info(what)"),
    "a condition that acts": ("if next(rows):\n    log.info('a')", "log.info('a')"),
    "that an error is raised": ("raise UserError('a')", "log.error('a')"),
    "the class of an error": ("raise ValueError('a')", "raise TypeError('a')"),
    "a value that an error carries": ("raise SystemExit(1)", "raise SystemExit(2)"),
    "a text for a function that makes an error": ("raise made('a')", "raise made('b')"),
    "what is caught": ("try:\n    a()\nexcept ValueError:\n    b()", "try:\n    a()\nexcept KeyError:\n    b()"),
    "what is asserted": ("assert a == 1, 'a'", "assert a == 2, 'a'"),
    "a column": ("table[f'{name}_generated'] = 1", "table[f'{name}_made'] = 1"),
    "a key": ("return {'loss': loss}", "return {'losses': loss}"),
    "a file": ("path = folder / 'a.csv'\nreturn path", "path = folder / 'b.csv'\nreturn path"),
    "a text used and told": ("name = 'a'\nlog.info(name)\nreturn name", "name = 'b'\nlog.info(name)\nreturn name"),
    "a default": ("def f(a: int = 1): return a", "def f(a: int = 2): return a"),
    "a name of an argument": ("def f(a: int): pass", "def f(b: int): pass"),
    "the order of fields": (
        "class A(NamedTuple):\n    b: int\n    c: int",
        "class A(NamedTuple):\n    c: int\n    b: int",
    ),
    "a field": ("@dataclass\nclass A:\n    b: int", "@dataclass\nclass A:\n    b: int\n    c: int"),
    "a value of a field": ("@dataclass\nclass A:\n    b: int = 1", "@dataclass\nclass A:\n    b: int = 2"),
    "a field of the class": ("@dataclass\nclass A:\n    b: ClassVar[int] = 1", "@dataclass\nclass A:\n    b: int = 1"),
    "annotations that a decorator reads": ("@f.register\ndef _(a: int): pass", "@f.register\ndef _(a: str): pass"),
    "fields that a decorator reads": ("@table\nclass A:\n    b: int", "@table\nclass A:\n    b: str"),
    "a protocol with a default": ("class A(Protocol):\n    b: int = 1", "class A(Protocol):\n    b: int = 2"),
    "a protocol that does something": (
        "class A(Protocol):\n    def b(self): return 1",
        "class A(Protocol):\n    def b(self): return 2",
    ),
    "an attribute of a class in a function": (
        "class A:\n    b = 1\nreturn A",
        "class A:\n    b = 2\nreturn A",
    ),
    "a name that an inner function gives back": (
        "a = 1\ndef b():\n    nonlocal a\n    a = 2\nb()\nreturn a",
        "a = 1\ndef b():\n    nonlocal a\n    a = 3\nb()\nreturn a",
    ),
    "names read unseen": ("a = 1\nreturn locals()", "a = 2\nreturn locals()"),
    "a name that grows": ("a = [1]\na += next(rows)\nlog.info('a')", "a = [2]\na += next(rows)\nlog.info('a')"),
    "a schedule": ("if epoch >= 5:\n    rate *= 0.1\nreturn rate", "if epoch >= 6:\n    rate *= 0.1\nreturn rate"),
    "an import": ("from a import b", "from a import c"),
}


def counted(body: str, imports: str = IMPORTS) -> str:
    """What counts of a statement in a function and, where it may stand there, in a module."""
    source = f"{imports}\ndef outer(self):\n{textwrap.indent(body or 'pass', '    ')}\n"
    return ast.unparse(result_code(source.encode()))


@pytest.mark.parametrize(("first", "second"), ALIKE.values(), ids=ALIKE)
def test_does_not_count(first: str, second: str):
    assert counted(first) == counted(second)


@pytest.mark.parametrize(("first", "second"), UNLIKE.values(), ids=UNLIKE)
def test_counts(first: str, second: str):
    assert counted(first) != counted(second)


@pytest.mark.parametrize(
    "imports",
    [
        "",
        "from elsewhere import UserError, log",
        "from .errors import UserError\nfrom .logs import log",
        f"{IMPORTS}\nlog = table()\ndef UserError(text): table(text)",
        f"{IMPORTS}\nfrom elsewhere import UserError, log",
    ],
)
@pytest.mark.parametrize("statement", ["log.info(%r)", "raise UserError(where=%r)"])
def test_only_our_own_log_and_error_are_known_to_write_no_result(imports: str, statement: str):
    assert counted(statement % "a", imports) != counted(statement % "b", imports)


@pytest.mark.slow
def test_of_every_module_other_constants_count(root: Path):
    """A third of them, in each module another."""
    for number, path in enumerate(sorted((root / "workflow_scripts").rglob("*.py"))):
        source = path.read_text(encoding="utf-8")
        before = ast.unparse(result_code(source.encode()))
        for place in range(number % 40, len(other_constants(ast.parse(source))), 40):
            tree = ast.parse(source)
            constant = other_constants(tree)[place]
            constant.value += "x" if isinstance(constant.value, str) else 1
            after = ast.unparse(result_code(ast.unparse(tree).encode()))
            assert after != before, (path, constant.lineno, constant.value)
