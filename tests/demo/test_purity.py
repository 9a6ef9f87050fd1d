"""The demo knows the product by REST and sockets only."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import retour.demo

ALLOWED = {
    "retour.certificates",
    "retour.client",
    "retour.errors",
    "retour.ids",
    "retour.limits",
    "retour.model",
    "retour.receiver",
    "retour.receiving",
}
FOLDER = Path(retour.demo.__file__).parent


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        if isinstance(node, ast.ImportFrom) and node.module == "retour":
            yield from (f"retour.{name.name}" for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_the_demo_imports_nothing_of_the_product_but_its_client_and_its_values() -> None:
    found = {name for path in FOLDER.glob("*.py") for name in imported(path) if name.startswith("retour.")}
    assert found, "no import was found: is the folder right?"
    assert {name for name in found if not name.startswith("retour.demo")} <= ALLOWED


def test_nothing_of_the_product_is_loaded_along_with_the_demo() -> None:
    code = "import retour.demo, sys; print(*sorted(m for m in sys.modules if m.startswith('retour.')))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name for name in run.stdout.split() if not name.startswith("retour.demo")}
    assert {".".join(name.split(".")[:2]) for name in loaded} <= ALLOWED
    assert "retour.client" in loaded
