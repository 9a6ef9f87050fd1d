"""Small functions, short files, a docstring on everything public."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TypeGuard

from house.tree import modules, shown

FUNCTION_LINES = 40
FILE_LINES = 400
Function = ast.FunctionDef | ast.AsyncFunctionDef
Named = Function | ast.ClassDef


def functions(tree: ast.Module) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def lines_of(function: Function) -> int:
    """From `def` to the end, without the docstring."""
    first = function.body[0]
    text = (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
    docstring = (first.end_lineno or 0) - first.lineno + 1 if text else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def says_why_it_is_long(tree: ast.Module) -> bool:
    """Whether the first lines of the docstring speak of the file's length."""
    opening = "\n".join((ast.get_docstring(tree) or "").splitlines()[:6])
    return re.search(r"\bone (?:long )?file\b", opening, re.I) is not None


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        f"{shown(path)}:{function.lineno} {function.name}: {lines_of(function)} lines"
        for path, tree in modules()
        for function in functions(tree)
        if lines_of(function) > FUNCTION_LINES
    ]
    assert long == []


def test_a_long_file_says_in_its_first_lines_why_it_is_one_file() -> None:
    long = [
        f"{shown(path)}: {length} lines"
        for path, tree in modules()
        if (length := len(path.read_text().splitlines())) > FILE_LINES and not says_why_it_is_long(tree)
    ]
    assert long == []


def test_everything_public_says_what_it_is() -> None:
    silent = [
        f"{shown(path)}:{getattr(node, 'lineno', 1)} {getattr(node, 'name', 'module')}"
        for path, tree in modules()
        for node in [tree, *public(tree)]
        if path.stat().st_size and ast.get_docstring(node) is None
    ]
    assert silent == []


def public(tree: ast.Module) -> Iterator[Named]:
    """Public functions and classes of a module, and the public methods of its public classes."""
    for node in tree.body:
        if isinstance(node, Named) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from (item for item in node.body if is_public_method(item))


def is_public_method(node: ast.stmt) -> TypeGuard[Function]:
    """Properties and methods."""
    return isinstance(node, Function) and not node.name.startswith("_")


def test_a_function_of_forty_one_lines_is_seen() -> None:
    source = "def long():\n" + '    """Say.\n\n    More.\n    """\n' + "    pass\n" * FUNCTION_LINES
    (function,) = functions(ast.parse(source))
    assert lines_of(function) == FUNCTION_LINES + 1
