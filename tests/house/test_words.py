"""The words of GLOSSARY.md are the code's words."""

from __future__ import annotations

import ast
import re
from importlib import import_module

import pytest

from house.tree import ROOT, modules, shown

CLASS = re.compile(r"`(retour\.[\w.]+)`")
NOT_IN_NAMES = ("Manager", "Helper", "Util", "Service", "Handler", "Processor", "Wrapper", "Factory")


def glossary() -> list[str]:
    return CLASS.findall((ROOT / "GLOSSARY.md").read_text())


def test_the_glossary_names_classes() -> None:
    assert len(glossary()) > 20


@pytest.mark.parametrize("name", sorted(set(glossary())))
def test_what_the_glossary_names_is_there(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    try:
        import_module(name)
    except ModuleNotFoundError:
        assert hasattr(import_module(module), attribute)


def test_class_names_say_what_a_thing_is() -> None:
    empty = [
        f"{shown(path)}:{node.lineno} {node.name}"
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and any(word in node.name for word in NOT_IN_NAMES)
    ]
    assert empty == []


def test_module_names_say_what_is_in_them() -> None:
    empty = (
        "util",
        "utils",
        "helper",
        "helpers",
        "common",
        "misc",
        "manager",
        "handler",
        "handlers",
        "types",
    )
    assert [shown(path) for path, _ in modules() if path.stem in empty] == []
