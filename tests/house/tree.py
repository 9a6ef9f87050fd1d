"""The project's own files, as the tests of the house read them."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "retour"
VENDOR = SOURCE / "web" / "admin" / "static" / "vendor"


def files() -> list[Path]:
    """Every file that belongs to the project: tracked, or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return sorted(path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file())


def texts() -> Iterator[tuple[Path, str]]:
    """Every file of ours that is text, with it."""
    for path in files():
        if VENDOR in path.parents:
            continue  # what others wrote, as they wrote it
        try:
            yield path, path.read_text()
        except UnicodeDecodeError:
            continue  # a font or a picture


def modules(folder: Path = SOURCE) -> Iterator[tuple[Path, ast.Module]]:
    """Every Python file below a folder, parsed."""
    for path in sorted(folder.rglob("*.py")):
        yield path, ast.parse(path.read_text())


def imported(tree: ast.Module) -> set[str]:
    """The dotted names that a module imports, wherever it does so."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return names


def shown(path: Path) -> str:
    """A path as a person would type it in the project's folder."""
    return str(path.relative_to(ROOT))
