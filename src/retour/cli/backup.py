"""`retour backup`, `retour restore`: the embedded store, while it is used."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from retour import app, config
from retour.cli.operating import failure, read_settings
from retour.client import ApiError, UnreachableError, ask_control, running_url
from retour.errors import ConfigError, Refused, StoreInUse
from retour.stores.sqlite_backup import Standing, State

LOOK_SECONDS = 0.2
UNDER_WAY = (State.COPYING, State.CHECKING)
FILE = click.Path(dir_okay=False, path_type=Path)
KEEP_KEY = (
    "The master key is not in it. Keep a copy of {place} in another place: without it nobody can open the secrets and "
    "the unsent content in the backup."
)


class Screen(Protocol):
    """Shows how far it has come."""

    def __call__(self, copied: int, pages: int) -> None:
        """Pages copied, pages in all."""


@click.command()
@click.argument("file", type=FILE)
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
def backup(file: Path, force: bool) -> None:
    """Copy the store into one FILE, while it is used."""
    with _told_plainly():
        settings = read_settings()
        if not settings.on_postgresql and not settings.database_file.exists():
            raise ConfigError(f"There is no store at {settings.database_file}.")
        with _screen("Backing up") as show:
            standing = _back_up(settings, {"file": str(file.absolute()), "force": force}, show)
        if standing.state is not State.DONE:
            raise ConfigError(standing.trouble or "The backup was given up.")
        click.echo(f"Backed up {file.stat().st_size / 1_000_000:,.1f} MB to {file}.")
        click.echo(KEEP_KEY.format(place=app.key_place(settings)))


@click.command()
@click.argument("file", type=FILE)
def restore(file: Path) -> None:
    """Make the store of an empty data directory from a backup FILE."""
    with _told_plainly():
        settings = read_settings()
        with _screen("Restoring") as show:
            app.restore_backup(settings, file, show)
        click.echo(f"Restored to {settings.database_file}.")
        click.echo("What was due when the backup was made is due again: it goes out once more at most.")


def _back_up(settings: config.Settings, words: dict[str, Any], show: Screen) -> Standing:
    """On the store itself, or by the running service when that one holds it."""
    try:
        return asyncio.run(_beside(settings, words, show))
    except StoreInUse:
        return _by_service(settings, words, show)


async def _beside(settings: config.Settings, words: dict[str, Any], show: Screen) -> Standing:
    retour = await app.build(settings)
    try:
        standing = await retour.backups.backup(**words)
        async for standing in _standings(retour):
            show(standing.copied, standing.pages)
        return standing
    finally:
        await retour.close()


async def _standings(retour: app.Retour) -> AsyncIterator[Standing]:
    """One after the other, the last one when it is over."""
    standing = Standing(state=State.COPYING)
    while standing.state in UNDER_WAY:
        await asyncio.sleep(LOOK_SECONDS / 10)
        standing = await retour.backups.backup_state()
        yield standing


def _by_service(settings: config.Settings, words: dict[str, Any], show: Screen) -> Standing:
    url, token = running_url(settings.data_dir) or settings.base_url, app.control_token(settings)

    def ask(deed: str, said: dict[str, Any]) -> Standing:
        return msgspec.convert(ask_control(url, token, deed, said, settings.ca_file), Standing)

    standing = ask("backup", words)
    while standing.state in UNDER_WAY:
        time.sleep(LOOK_SECONDS)
        standing = ask("backup_state", {})
        show(standing.copied, standing.pages)
    return standing


@contextmanager
def _screen(what: str) -> Iterator[Screen]:
    """A bar on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    columns = (TextColumn(what), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=None)

        def show(copied: int, pages: int) -> None:
            progress.update(task, completed=copied, total=pages or None)

        yield show


@contextmanager
def _told_plainly() -> Iterator[None]:
    """Expected trouble becomes a sentence and exit status 2."""
    try:
        yield
    except ApiError as error:
        raise failure(error.title) from None
    except (ConfigError, Refused, UnreachableError) as error:
        raise failure(str(error)) from None
