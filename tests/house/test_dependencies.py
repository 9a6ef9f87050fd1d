"""What is installed is declared, locked with hashes, and has its reason written down."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from house.tree import ROOT, imported, modules

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUN: list[str] = PROJECT["project"]["dependencies"]
EXTRAS: list[str] = [name for extra in PROJECT["project"]["optional-dependencies"].values() for name in extra]
BUILD: list[str] = PROJECT["dependency-groups"]["build"]
DEV: list[str] = PROJECT["dependency-groups"]["dev"]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ]+)( ; .*)?( \\)?$", re.M)
REASONS = ROOT / "decisions" / "0007-dependencies.md"


def normal(name: str) -> str:
    """As registries compare names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def names(requirements: list[str]) -> set[str]:
    return {normal(re.split(r"[<>=!~\[; ]", requirement)[0]) for requirement in requirements}


def pins(file: str) -> dict[str, str]:
    return {normal(found[1]): found[2] for found in PIN.finditer((ROOT / file).read_text())}


def test_what_runs_is_locked() -> None:
    assert names(RUN + EXTRAS + BUILD) <= pins("requirements.txt").keys()


def test_what_tests_is_locked_at_the_same_versions() -> None:
    dev = pins("requirements-dev.txt")
    assert names(RUN + EXTRAS + BUILD + DEV) <= dev.keys()
    assert pins("requirements.txt").items() <= dev.items()


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_every_locked_package_has_hashes_and_no_place(file: str) -> None:
    text = (ROOT / file).read_text()
    pinned = list(PIN.finditer(text))
    blocks = [
        text[one.start() : two]
        for one, two in zip(pinned, [*(n.start() for n in pinned[1:]), len(text)], strict=True)
    ]
    assert [block.split("==")[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert not re.search(r"index-url|find-links|trusted-host|://", text)


def test_every_dependency_has_its_reason_in_one_line() -> None:
    told = {normal(name) for name in re.findall(r"^\| `([^`]+)` \| \S.* \|$", REASONS.read_text(), re.M)}
    assert told == names(RUN + EXTRAS + BUILD + DEV)


def outside(folder: Path) -> set[str]:
    """The packages, not of the standard library and not ours, that a folder imports."""
    ours = {"retour", *(path.stem for path in (ROOT / "tests").iterdir())}
    roots = {name.split(".")[0] for _, tree in modules(folder) for name in imported(tree)}
    return roots - ours - sys.stdlib_module_names


def undeclared(folder: Path, declared: list[str]) -> set[str]:
    known = packages_distributions()
    return {
        root
        for root in outside(folder)
        if not names(declared).intersection(normal(name) for name in known.get(root, []))
    }


def test_what_the_package_imports_it_declares() -> None:
    assert undeclared(ROOT / "src", RUN + EXTRAS) == set()


def test_what_the_tests_import_they_declare() -> None:
    assert undeclared(ROOT / "tests", RUN + EXTRAS + DEV) == set()
