"""Puts the house together: settings -> a Retour with its store, bell, rooms and tools. Faces get this and no plug."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType

from retour import ids
from retour.alerts import Alerts
from retour.audit import AuditLog
from retour.auth.api_tokens import ApiTokens
from retour.auth.sessions import Sessions
from retour.bells import Bell
from retour.bells.local import LocalBell
from retour.callbacks import Callbacks, esp
from retour.callbacks.esp import EspCallbacks
from retour.callbacks.sms import SmsCallbacks
from retour.catalog.campaigns import Campaigns
from retour.catalog.configurations import Configurations
from retour.catalog.credentials import Credentials
from retour.catalog.first_steps import Operator
from retour.catalog.opt_outs import OptOuts
from retour.catalog.organizations import Organizations
from retour.catalog.people import People
from retour.catalog.profiles import Profiles
from retour.catalog.relays import Relays
from retour.catalog.replays import Replays
from retour.catalog.return_paths import ReturnPaths
from retour.catalog.rotations import Rotations
from retour.catalog.suppression import Suppression
from retour.catalog.uploads import Uploads
from retour.catalog.verification import Verification
from retour.catalog.webhooks import Webhooks
from retour.channels import Channel
from retour.config import Settings
from retour.dispatch import Dispatch
from retour.doorways import Doorways
from retour.erasure import Erasure
from retour.errors import Busy, ConfigError
from retour.intake import Intake, Rates
from retour.outbound import Outbound
from retour.outbound.reach import Reach
from retour.plugs import channels_of, outbound_of, post_of, relays_allowed
from retour.rates import Rate
from retour.reports import Reports
from retour.retention import Ages, Retention
from retour.sealed import Secrets
from retour.sealing import Keys, WrongKey
from retour.sending import Sending
from retour.stores import Store
from retour.stores.delivery_shelves import DeliveryShelves
from retour.stores.event_shelves import EventShelves
from retour.stores.handovers import Changed, Step
from retour.stores.report_shelves import ReportShelves
from retour.stores.shelves import Shelves
from retour.stores.sqlite import SqliteStore
from retour.stores.sqlite_backup import Backups, restore
from retour.stores.suppression_shelves import SuppressionShelves
from retour.upkeep import Upkeep
from retour.watching import Watching

KEY_CHECK = "key_check"
CONTROL = "control"
KEY_FILE = "secret.key"
NO_DATA = {KEY_FILE, "ca", "cli.json", "retour.lock"}  # what may be there before a store is restored


@dataclass(frozen=True)
class Tools:
    """What rooms and the cupboard work with. reach: what development sandboxes may dial besides."""

    settings: Settings
    keys: Keys
    store: Store
    shelves: Shelves
    event_shelves: EventShelves
    deliveries: DeliveryShelves
    returned: ReportShelves
    suppressed: SuppressionShelves
    bell: Bell
    outbound: Outbound
    reach: Reach
    channels: dict[str, Channel]
    doorways: Doorways
    api_tokens: ApiTokens
    sessions: Sessions
    backups: Backups


@dataclass(frozen=True)
class Cupboard:
    """What people configure, and what they ask of it."""

    organizations: Organizations
    people: People
    credentials: Credentials
    audit: AuditLog
    configurations: Configurations
    relays: Relays
    return_paths: ReturnPaths
    campaigns: Campaigns
    profiles: Profiles
    erasure: Erasure
    webhooks: Webhooks
    replays: Replays
    suppression: Suppression
    uploads: Uploads
    opt_outs: OptOuts
    rotations: Rotations
    verification: Verification
    operator: Operator


@dataclass(frozen=True)
class Rooms:
    """The rooms, and the housekeeping."""

    intake: Intake
    sending: Sending
    reports: Reports
    callbacks: Callbacks
    dispatch: Dispatch
    upkeep: Upkeep
    alerts: Alerts
    watching: Watching


@dataclass(frozen=True)
class Retour(Tools, Cupboard, Rooms):
    """The house: what faces may use."""

    async def close(self) -> None:
        """Let connections go, then the store."""
        await self.watching.end()
        await self.uploads.close()
        await self.backups.close()
        for channel in self.channels.values():
            await channel.close()
        await self.alerts.close()
        await self.outbound.close()
        await self.store.close()


async def build(settings: Settings) -> Retour:
    """A Retour on its store, migrated, with the key checked. Raises ConfigError."""
    _prepare(settings.data_dir)
    keys = Keys(_master_key(settings), settings.secret_key_previous or None)
    store = await _open_store(settings)
    await _check_key(store, Shelves(store), keys)
    tools = _tools(settings, keys, store)
    return Retour(**vars(tools), **vars(_cupboard(tools)), **vars(_rooms(tools)))


def _tools(settings: Settings, keys: Keys, store: Store) -> Tools:
    shelves, outbound = Shelves(store), outbound_of(settings)
    return Tools(
        settings=settings,
        keys=keys,
        store=store,
        shelves=shelves,
        event_shelves=EventShelves(store),
        deliveries=DeliveryShelves(store),
        returned=ReportShelves(store),
        suppressed=SuppressionShelves(store),
        bell=LocalBell(),
        outbound=outbound,
        reach=Reach(on_loopback=settings.on_loopback),
        channels=channels_of(settings, outbound),
        doorways=Doorways(keys, settings.base_url),
        api_tokens=ApiTokens(store, shelves, keys),
        sessions=Sessions(store, shelves),
        backups=Backups(store),
    )


def _cupboard(tools: Tools) -> Cupboard:
    store, shelves, keys = tools.store, tools.shelves, tools.keys
    organizations, people = Organizations(store, shelves), People(store, shelves)
    credentials = Credentials(store, shelves, tools.api_tokens.forget)
    wrong_url = partial(tools.outbound.check, also=relays_allowed(tools.settings))
    configurations, campaigns = (
        Configurations(store, shelves, keys, wrong_url),
        Campaigns(store, shelves),
    )
    days = tools.settings.keep_bodies_days
    webhooks = Webhooks(store, shelves, keys, tools.outbound, tools.reach, days)
    return Cupboard(
        organizations=organizations,
        people=people,
        credentials=credentials,
        audit=AuditLog(store),
        configurations=configurations,
        relays=Relays(keys, tools.channels.__getitem__),
        return_paths=ReturnPaths(tools.outbound, tools.returned, tools.settings.mail_listeners),
        campaigns=campaigns,
        profiles=Profiles(store, keys),
        erasure=Erasure(store),
        webhooks=webhooks,
        replays=Replays(webhooks, tools.deliveries),
        suppression=Suppression(store, tools.suppressed),
        uploads=Uploads(store, tools.suppressed),
        opt_outs=OptOuts(store, shelves),
        rotations=Rotations(webhooks, keys),
        verification=Verification(webhooks, keys),
        operator=Operator(organizations, people, credentials, configurations, campaigns),
    )


def _rooms(tools: Tools) -> Rooms:
    settings, store, shelves, bell, keys = tools.settings, tools.store, tools.shelves, tools.bell, tools.keys
    reports = Reports(store, shelves, tools.returned, bell, keys)
    callbacks = Callbacks(
        shelves,
        tools.doorways,
        EspCallbacks(shelves, reports, keys, esp.by(tools.outbound)),
        SmsCallbacks(reports, OptOuts(store, shelves), Secrets(keys)),
    )
    return Rooms(
        intake=Intake(store, shelves, bell, keys, _rates(settings)),
        sending=Sending(store, shelves, bell, keys, tools.channels.__getitem__, tools.doorways.address),
        reports=reports,
        callbacks=callbacks,
        dispatch=Dispatch(store, shelves, bell, keys, tools.outbound, tools.reach),
        upkeep=Upkeep(store, Retention(store, _ages(settings))),
        alerts=Alerts(store, shelves, post_of(settings), settings.base_url),
        watching=Watching(tools.deliveries),
    )


async def _open_store(settings: Settings) -> Store:
    """The plug that RETOUR_DATABASE names."""
    if not settings.on_postgresql:
        return await SqliteStore.open(settings.database_file, ids.now())
    store: Store = await _postgresql("postgres").PostgresStore.open(settings.database, ids.now())
    return store


async def holds_store(database: str) -> bool:
    """Whether a PostgreSQL database is in use by a retour already. Raises ConfigError."""
    used: bool = await _postgresql("postgres_schema").is_used(database)
    return used


def _postgresql(module: str) -> ModuleType:
    """A module of that plug; its driver comes with an extra of its own."""
    try:
        return import_module(f"retour.stores.{module}")
    except ModuleNotFoundError as error:
        if error.name != "asyncpg":
            raise
        raise ConfigError(
            "RETOUR_DATABASE: PostgreSQL needs asyncpg: pip install 'retour[postgres]'."
        ) from error


def _prepare(folder: Path) -> None:
    """The data directory, for its owner only."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigError(f"RETOUR_DATA_DIR: {folder} can't be made: {error.strerror}.") from error


def key_place(settings: Settings) -> str:
    """Where the master key is, to be told to whoever has to keep it."""
    return "RETOUR_SECRET_KEY" if settings.secret_key else str(settings.data_dir / KEY_FILE)


def restore_backup(settings: Settings, file: Path, told: Callable[[int, int], None]) -> None:
    """The embedded store from a backup, in a data directory without one. Raises ConfigError.

    told: pages copied, pages in all.
    """
    if settings.on_postgresql:
        raise ConfigError("RETOUR_DATABASE is PostgreSQL: restore it with its own tools.")
    if not file.is_file():
        raise ConfigError(f"There is no file {file}.")
    _prepare(settings.data_dir)
    others = sorted({entry.name for entry in settings.data_dir.iterdir()} - NO_DATA)
    if others:
        there = f"{settings.data_dir} is not empty: it has {others[0]}."
        raise ConfigError(f"{there} Restore into an empty data directory (RETOUR_DATA_DIR).")
    if not settings.secret_key and not (settings.data_dir / KEY_FILE).is_file():
        raise ConfigError(
            f"The master key is missing. Put the {KEY_FILE} that belongs to the backup into {settings.data_dir}, or "
            "set RETOUR_SECRET_KEY."
        )
    keys = Keys(_master_key(settings), settings.secret_key_previous or None)
    restore(file, settings.database_file, keys.verify_check, ids.now(), told)


def _master_key(settings: Settings) -> str:
    """The operator's key, or one made in the data directory (0600) at the first start."""
    if settings.secret_key:
        return settings.secret_key
    path = settings.data_dir / KEY_FILE
    try:
        _make_key(path)
        key = path.read_text().strip()
    except OSError as error:
        raise ConfigError(f"The master key {path} can't be made or read: {error.strerror}.") from error
    if not key:
        raise ConfigError(
            f"The master key {path} is empty. Put the key there that this store's secrets were sealed with; delete the "
            "file if nothing was stored yet."
        )
    return key


def _make_key(path: Path) -> None:
    """On the disk before anything is sealed with it, or not at all."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    try:
        with open(descriptor, "w") as file:
            file.write(ids.new_secret(32))
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink()
        raise


def control_token(settings: Settings) -> str:
    """What the command line shows the running service; derived from the master key."""
    return Keys(_master_key(settings), settings.secret_key_previous or None).derive(CONTROL).hex()


async def _check_key(store: Store, shelves: Shelves, keys: Keys) -> None:
    """A wrong key must not start: what is sealed would be unreadable, and new secrets unlike the old ones.

    The value stays the one of the first key: as long as secrets sealed by it may be left, it must be one of the two.
    """
    step = Step(statement="setting_put", values={"name": KEY_CHECK, "value": keys.check_value()})
    try:
        await store.write(Changed(steps=(step,)))
        keys.verify_check(await shelves.setting(KEY_CHECK) or "")
    except WrongKey:
        await store.close()
        raise
    except Busy as busy:
        await store.close()
        raise ConfigError(
            "The store can't be written to; what it said stands above. Is its disk full?"
        ) from busy


def _ages(settings: Settings) -> Ages:
    return Ages(bodies=settings.keep_bodies_days, attempts=settings.keep_attempts_days)


def _rates(settings: Settings) -> Rates:
    return Rates(usual=Rate(settings.intake_rate), high_throughput=Rate(settings.intake_rate_high))
