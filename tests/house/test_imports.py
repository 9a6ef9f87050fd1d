"""The import contract of pyproject.toml, and that it can be broken."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from house.tree import ROOT, SOURCE

LINTER = Path(sys.executable).with_name("lint-imports")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """The linter on the package below a folder."""
    return subprocess.run(
        [LINTER, "--no-logo", "--no-cache", "--config", folder / "pyproject.toml"],
        cwd=folder,
        env={"PYTHONPATH": str(folder / "src"), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    skip = shutil.ignore_patterns("__pycache__", "static")
    shutil.copytree(SOURCE, tmp_path / "src" / "retour", ignore=skip)
    return tmp_path


def test_imports_go_downwards_only() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.slow
def test_an_upward_import_is_refused(copy: Path) -> None:
    with (copy / "src/retour/retries.py").open("a") as file:
        file.write("\nfrom retour import sending\n")
    result = lint(copy)
    assert result.returncode == 1
    assert "retour.retries -> retour.sending" in result.stdout


@pytest.mark.slow
def test_a_module_without_a_place_is_refused(copy: Path) -> None:
    (copy / "src/retour/odds_and_ends.py").write_text('"""Whatever."""\n')
    result = lint(copy)
    assert result.returncode == 1
    assert "odds_and_ends" in result.stdout


def test_every_module_of_a_store_plug_is_closed_to_rooms() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (rooms,) = [contract for contract in contracts if contract["name"].startswith("rooms")]
    modules = [path.stem for path in (SOURCE / "stores").glob("*.py")]
    plugs = {f"retour.stores.{name}" for name in modules if name.startswith(("sqlite", "postgres"))}
    assert len(plugs) > 2
    assert plugs <= set(rooms["forbidden_modules"])
