"""retour: the command line. Each command's module is imported when it is asked for, so that --help is quick."""

from __future__ import annotations

from importlib import import_module

import click

from retour import __version__

COMMANDS = {
    "serve": "retour.cli.serve:serve",
    "init": "retour.cli.setup:init",
    "user": "retour.cli.people:user",
    "org": "retour.cli.organizations:org",
    "sandbox": "retour.cli.organizations:sandbox",
    "credential": "retour.cli.credentials:credential",
    "settings": "retour.cli.setup:settings",
    "backup": "retour.cli.backup:backup",
    "restore": "retour.cli.backup:restore",
    "demo": "retour.cli.demo:demo",
    "listen": "retour.cli.client:listen",
    "webhook": "retour.cli.client:webhook",
    "send": "retour.cli.client:send",
    "verify": "retour.cli.verify:verify",
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
        module, _, attribute = COMMANDS[name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="retour")
def main() -> None:
    """Transactional messaging that answers: send by API, hear every outcome at your HTTPS endpoint.

    \b
    Start here:  retour demo      the main job, shown with real parts
                 retour init      your own organization and sandboxes
                 retour serve     the service
    """
