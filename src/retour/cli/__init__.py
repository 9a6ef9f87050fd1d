"""retour: the command line. Each command's module is imported when it is asked for, so that --help is quick."""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

import click

from retour import __version__


class Command(NamedTuple):
    """Where a command is, `module:name`, and what it says of itself in the list of them all."""

    place: str
    summary: str


COMMANDS = {
    "serve": Command(
        "retour.cli.serve:serve",
        "Serve the API, the pages and the rooms in one process.",
    ),
    "init": Command(
        "retour.cli.setup:init",
        "Make an organization with two sandboxes, its first administrator and API credential.",
    ),
    "user": Command(
        "retour.cli.people:user",
        "People who may sign in to the pages.",
    ),
    "org": Command(
        "retour.cli.organizations:org",
        "Organizations: customers with sandboxes and people of their own.",
    ),
    "sandbox": Command(
        "retour.cli.organizations:sandbox",
        "Sandboxes: separate spaces of an organization.",
    ),
    "credential": Command(
        "retour.cli.credentials:credential",
        "API credentials of an organization.",
    ),
    "settings": Command(
        "retour.cli.setup:settings",
        "List every setting with its meaning and its value now; secrets are hidden.",
    ),
    "backup": Command(
        "retour.cli.backup:backup",
        "Copy the store into one FILE, while it is used.",
    ),
    "restore": Command(
        "retour.cli.backup:restore",
        "Make the store of an empty data directory from a backup FILE.",
    ),
    "demo": Command(
        "retour.cli.demo:demo",
        "Play the whole product against a real mail host and a real HTTPS endpoint, in half a minute.",
    ),
    "listen": Command(
        "retour.cli.client:listen",
        "Show feedback events as they arrive, verified, on this machine.",
    ),
    "webhook": Command(
        "retour.cli.client:webhook",
        "Create, replace, show or delete the feedback webhook of the development sandbox.",
    ),
    "send": Command(
        "retour.cli.client:send",
        "Send one message through a campaign and show what becomes of it.",
    ),
    "verify": Command(
        "retour.cli.verify:verify",
        "Check a request that you received, and say what differs.",
    ),
}


class LazyGroup(click.Group):
    """A group that knows its commands by name only."""

    def list_commands(self, context: click.Context) -> list[str]:
        """In the order of the table: what one does first stands first."""
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Import the one that was asked for."""
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name].place.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Out of the table: click would import them all."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.summary) for name, command in COMMANDS.items()])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="retour")
def main() -> None:
    """Transactional messaging that answers: send by API, hear every outcome at your HTTPS endpoint.

    \b
    Start here:  retour demo      the main job, shown with real parts
                 retour init      your own organization and sandboxes
                 retour serve     the service
    """
