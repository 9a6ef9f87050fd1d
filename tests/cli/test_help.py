"""`retour --help`: the commands at a glance, at once."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from retour.cli import COMMANDS, main

ASK = "import sys; from retour.cli import main; main(['--help'], standalone_mode=False); print(*sys.modules)"


def test_all_commands_are_listed_and_none_is_imported() -> None:
    shown = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True).stdout
    text, _, modules = shown.rpartition("\n  verify ")
    assert [line.split()[0] for line in text.split("Commands:\n")[1].splitlines() if line[2] != " "] == [
        name for name in COMMANDS if name != "verify"
    ]
    assert [name for name in modules.split() if name.startswith("retour.cli.")] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_of_itself_what_the_list_says(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.get_short_help_str(limit=200) == COMMANDS[name].summary
