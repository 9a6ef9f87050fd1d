"""`retour serve`: everything in one process."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import socket
import sys
from pathlib import Path

import click
import uvicorn

from retour import app, config, logs
from retour.errors import ConfigError
from retour.mailin import receiving
from retour.postfixlog import following
from retour.sealed import Secrets
from retour.smppin import Ears, Keeper, keeping
from retour.watching import Watching
from retour.web.server import application
from retour.worker import Worker

GRACE_SECONDS = 10
BACKLOG = 2048
COLLECT_EVERY = 10_000  # new objects, some MB; after every 700 the collector took 4 % of the CPU
KEEP_ALIVE_SECONDS = (
    75  # longer than the 60 s that proxies keep an idle connection, else they meet a closed one
)


class Server(uvicorn.Server):
    """Ends the pages' streams at a stop: what is open is waited for, and they would stay open."""

    def __init__(self, config: uvicorn.Config, watching: Watching) -> None:
        super().__init__(config)
        self._watching = watching

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Streams first."""
        await self._watching.end()
        await super().shutdown(sockets)


@click.command()
def serve() -> None:
    """Serve the API, the pages and the rooms in one process.

    Settings come from RETOUR_* variables or a TOML file; `retour settings` lists them.
    """
    try:
        settings = config.load()
        logs.set_up(settings.log_format, for_good=True)
        with asyncio.Runner(loop_factory=_loop) as runner:
            runner.run(_serve(settings))
    except ConfigError as error:
        click.echo(f"retour: {error}", err=True)
        sys.exit(2)


def _loop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()


async def _serve(settings: config.Settings) -> None:
    """Build the house, open the door, work until told to stop, close in order."""
    listening = _listen(settings)
    retour = await app.build(settings)
    server = Server(_server_config(settings, application(retour)), retour.watching)
    worker = Worker(retour)
    working = asyncio.ensure_future(worker.run())
    _ignore_signals_after_uvicorn()
    note = _note(settings)
    await _greet(retour)
    _collect_seldom()
    try:
        async with (
            receiving(retour.reports, settings.mail_listeners),
            following(retour.reports, retour.store, retour.shelves, settings.postfix_log),
            keeping(_keeper(retour)),
        ):
            await server.serve(sockets=[listening])
    finally:
        await worker.stop()
        await working
        note.unlink(missing_ok=True)
        await retour.close()


def _keeper(retour: app.Retour) -> Keeper:
    """Of sessions with SMSCs."""
    keeper = Keeper(retour.store, retour.shelves, retour.channels, Secrets(retour.keys).opened)
    ears = Ears(retour.reports, retour.opt_outs, retour.shelves)
    keeper.listen(ears.report, ears.reply)
    return keeper


def _listen(settings: config.Settings) -> socket.socket:
    """Bound before anything else is opened, so that a taken port is told at once."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
        listening.listen(BACKLOG)
    except OSError as error:
        raise ConfigError(
            f"RETOUR_LISTEN: {settings.listen} can't be listened on: {error.strerror}. Choose another port, or stop "
            "what holds it."
        ) from error
    return listening


def _server_config(settings: config.Settings, application_: object) -> uvicorn.Config:
    return uvicorn.Config(
        application_,  # type: ignore[arg-type]
        http="httptools",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or None,
        ssl_certfile=settings.tls_cert or None,
        ssl_keyfile=settings.tls_key or None,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def _ignore_signals_after_uvicorn() -> None:
    """uvicorn stops at a signal, then raises it again; by then the house closes in order."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)


def _collect_seldom() -> None:
    """What is there now stays for good, and need not be looked through again; little of the rest is in cycles."""
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY)


def _note(settings: config.Settings) -> Path:
    """Where the command line finds the running service."""
    note = settings.data_dir / "serve.json"
    note.write_text(json.dumps({"pid": os.getpid(), "url": _local_url(settings)}))
    return note


def _local_url(settings: config.Settings) -> str:
    scheme = "https" if settings.tls_cert else "http"
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.listen.rpartition(":")[0])  # noqa: S104
    return f"{scheme}://{host}:{settings.port}"


async def _greet(retour: app.Retour) -> None:
    settings = retour.settings
    place = settings.database_shown if settings.on_postgresql else settings.data_dir
    click.echo(f"retour serves on {settings.base_url}  (data in {place})")
    if not await retour.shelves.organizations():
        click.echo("There is no organization yet. `retour init` makes the first one, with a sign-in link.")
