"""`retour demo`."""

from __future__ import annotations

import asyncio

import click

TERMINATED = 143  # what a shell reports after SIGTERM
BREAKS = ("secret", "drop-one", "duplicate", "relay")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, and nothing else.")
@click.option("--receiver", metavar="URL", help="Send the events to this endpoint instead of our own.")
@click.option("--keep", is_flag=True, help="Stay up afterwards, with the data on the pages.")
@click.option("--break", "broken", type=click.Choice(BREAKS), help="Damage a part; the demo must then fail.")
@click.option("--database", metavar="URL", help="Run on this PostgreSQL database, which must be empty.")
def demo(as_json: bool, receiver: str | None, keep: bool, broken: str | None, database: str | None) -> None:
    """Play the whole product against a real mail host and a real HTTPS endpoint, in half a minute."""
    from retour.demo import Options, play
    from retour.demo.cases import Break
    from retour.demo.report import Screen
    from retour.errors import RetourError

    if receiver is not None and broken not in (None, "relay"):
        raise click.UsageError(f"--break {broken} damages our own endpoint, which --receiver does not use.")
    options = Options(
        receiver=receiver, broken=Break(broken) if broken else None, keep=keep, database=database
    )
    try:
        if database is not None:
            _refuse_used(database)
        outcome = asyncio.run(play(options, Screen(as_json)))
    except RetourError as error:
        raise click.ClickException(str(error)) from error
    except asyncio.CancelledError:
        raise SystemExit(TERMINATED) from None
    raise SystemExit(0 if outcome.ok else 1)


def _refuse_used(database: str) -> None:
    """Nobody's messages are sent by a demo."""
    from retour import app
    from retour.errors import ConfigError

    if asyncio.run(app.holds_store(database)):
        raise ConfigError("--database: a retour has its data there. Create an empty database for the demo.")


COMMAND: click.Command = demo
