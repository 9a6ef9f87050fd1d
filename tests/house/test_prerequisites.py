"""tools/prerequisites on machines that lack something: the first line names Debian's package."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from house.tree import ROOT

BASICS = ("sh", "sed")
NO_ENSUREPIP = """#!{python}
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name == "ensurepip":
            raise ImportError(name)
sys.modules.pop("ensurepip", None)
sys.meta_path.insert(0, Hidden())
exec(sys.argv[2])
"""
OLD = """#!/bin/sh
if [ "$1" = -V ]; then echo Python 3.9.2; else echo old; fi
"""


class Machine:
    """A PATH of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.have(*BASICS)

    def have(self, *programs: str) -> None:
        """Programs of the real machine."""
        for program in programs:
            real = shutil.which(program)
            assert real is not None, program
            (self._folder / program).symlink_to(real)

    def make(self, program: str, text: str) -> None:
        """A program of our own."""
        path = self._folder / program
        path.write_text(text)
        path.chmod(0o755)

    def look(self, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", ROOT / "tools" / "prerequisites"],
            env={"PATH": str(self._folder), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def first_line(self) -> str:
        """What a machine that lacks something is told."""
        result = self.look()
        assert result.returncode == 1
        return result.stdout.splitlines()[0]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    folder = tmp_path / "bin"
    folder.mkdir()
    return Machine(folder)


def a_python(machine: Machine, name: str = "python3") -> None:
    machine.make(name, f'#!/bin/sh\nexec {sys.executable} "$@"\n')


def test_with_everything_there_it_says_which_python(machine: Machine) -> None:
    machine.have("make", "git")
    a_python(machine)
    result = machine.look()
    assert result.returncode == 0
    assert result.stdout.strip().endswith("/python3")


def test_a_newer_python_beside_the_usual_one_is_taken(machine: Machine) -> None:
    machine.have("make", "git")
    machine.make("python3", OLD)
    a_python(machine, "python3.12")
    assert machine.look().stdout.strip().endswith("/python3.12")


def test_the_python_that_is_asked_for_is_taken(machine: Machine) -> None:
    machine.have("make", "git")
    a_python(machine, "snake")
    assert machine.look(PYTHON="snake").stdout.strip().endswith("/snake")


def test_no_python_at_all(machine: Machine) -> None:
    machine.have("make", "git")
    assert machine.first_line() == "python3 (3.11 or newer) is missing: apt install python3-venv"


def test_a_python_that_is_too_old(machine: Machine) -> None:
    machine.have("make", "git")
    machine.make("python3", OLD)
    assert machine.first_line().startswith("python3 (3.11 or newer) is missing: apt install python3-venv")
    assert "Python 3.9.2" in machine.first_line()


def test_a_python_without_venv(machine: Machine) -> None:
    machine.have("make", "git")
    machine.make("python3", NO_ENSUREPIP.format(python=sys.executable))
    told = machine.first_line()
    assert "venv is missing: apt install python3" in told


@pytest.mark.parametrize(("there", "lacks"), [("git", "make"), ("make", "git")])
def test_a_program_that_is_missing(machine: Machine, there: str, lacks: str) -> None:
    machine.have(there)
    a_python(machine)
    assert machine.first_line() == f"{lacks} is missing: apt install {lacks}"


def test_all_that_is_missing_is_told_at_once(machine: Machine) -> None:
    told = "python3 (3.11 or newer), make, git are missing: apt install python3-venv make git"
    assert machine.first_line() == told
