"""Puts the house together: settings -> a Retour with its store, bell, rooms and tools. Faces get this and no plug."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path

from retour import __version__, certificates, ids
from retour.auth.api_tokens import ApiTokens
from retour.auth.sessions import Sessions
from retour.bells import Bell
from retour.bells.local import LocalBell
from retour.catalog.campaigns import Campaigns
from retour.catalog.configurations import Configurations
from retour.catalog.first_steps import Operator
from retour.catalog.organizations import Organizations
from retour.catalog.webhooks import Webhooks
from retour.channels import CHANNELS, Channel
from retour.config import Settings
from retour.dispatch import Dispatch
from retour.errors import ConfigError
from retour.intake import Intake
from retour.outbound import Outbound, names
from retour.outbound.addresses import Allowed, Problem, parse_allowed
from retour.outbound.reach import Reach
from retour.sealing import Keys, WrongKey
from retour.sending import Sending
from retour.stores import Store
from retour.stores.handovers import Changed, Step
from retour.stores.shelves import Shelves
from retour.stores.sqlite import SqliteStore
from retour.upkeep import Upkeep

KEY_CHECK = "key_check"
CONTROL = "control"
RELAY_ALLOW = "RETOUR_RELAY_ALLOW"


@dataclass(frozen=True)
class Retour:
    """The house: what faces may use."""

    settings: Settings
    store: Store
    shelves: Shelves
    bell: Bell
    keys: Keys
    intake: Intake
    sending: Sending
    dispatch: Dispatch
    organizations: Organizations
    configurations: Configurations
    campaigns: Campaigns
    webhooks: Webhooks
    operator: Operator
    upkeep: Upkeep
    api_tokens: ApiTokens
    sessions: Sessions
    outbound: Outbound
    channels: dict[str, Channel]

    async def close(self) -> None:
        """Let connections go, then the store."""
        for channel in self.channels.values():
            await channel.close()
        await self.outbound.close()
        await self.store.close()


async def build(settings: Settings) -> Retour:
    """A Retour on its store, migrated, with the key checked. Raises ConfigError."""
    _prepare(settings.data_dir)
    keys = Keys(_master_key(settings), settings.secret_key_previous or None)
    store = await SqliteStore.open(settings.database_file, ids.now())
    shelves = Shelves(store)
    await _check_key(store, shelves, keys)
    bell = LocalBell()
    reach = Reach(on_loopback=settings.on_loopback)
    outbound = _outbound(settings)
    channels = _channels(settings)
    organizations = Organizations(store, shelves)
    configurations = Configurations(store, shelves, keys)
    campaigns = Campaigns(store, shelves)
    return Retour(
        settings=settings,
        store=store,
        shelves=shelves,
        bell=bell,
        keys=keys,
        intake=Intake(store, shelves, bell, keys),
        sending=Sending(store, shelves, bell, keys, channels.__getitem__),
        dispatch=Dispatch(store, shelves, bell, keys, outbound, reach),
        organizations=organizations,
        configurations=configurations,
        campaigns=campaigns,
        operator=Operator(organizations, configurations, campaigns),
        webhooks=Webhooks(store, shelves, keys, outbound, reach),
        upkeep=Upkeep(store),
        api_tokens=ApiTokens(shelves, keys),
        sessions=Sessions(store, shelves),
        outbound=outbound,
        channels=channels,
    )


def _prepare(folder: Path) -> None:
    """The data directory, for its owner only."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigError(f"RETOUR_DATA_DIR: {folder} can't be made: {error.strerror}.") from error


def _master_key(settings: Settings) -> str:
    """The operator's key, or one made in the data directory (0600) at the first start."""
    if settings.secret_key:
        return settings.secret_key
    path = settings.data_dir / "secret.key"
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(ids.new_secret(32))
    except FileExistsError:
        pass
    return path.read_text().strip()


def control_token(settings: Settings) -> str:
    """What the command line shows the running service; derived from the master key."""
    return Keys(_master_key(settings), settings.secret_key_previous or None).derive(CONTROL).hex()


async def _check_key(store: Store, shelves: Shelves, keys: Keys) -> None:
    """A wrong key must not start: what is sealed would be unreadable, and new secrets unlike the old ones.

    The value stays the one of the first key: as long as secrets sealed by it may be left, it must be one of the two.
    """
    step = Step(statement="setting_put", values={"name": KEY_CHECK, "value": keys.check_value()})
    await store.write(Changed(steps=(step,)))
    try:
        keys.verify_check(await shelves.setting(KEY_CHECK) or "")
    except WrongKey:
        await store.close()
        raise


def _ca_files(settings: Settings) -> tuple[Path, ...]:
    """Our own CA, for receivers on this machine, and the operator's."""
    own = certificates.ensure_ca(settings.data_dir / "ca").path
    return (own, Path(settings.ca_file)) if settings.ca_file else (own,)


def _outbound(settings: Settings) -> Outbound:
    return Outbound(
        allowed=parse_allowed(settings.target_allow),
        ca_files=_ca_files(settings),
        user_agent=f"retour/{__version__}",
    )


def _channels(settings: Settings) -> dict[str, Channel]:
    """Every plug of the table, made with what it takes."""
    allowed = parse_allowed(settings.relay_allow, RELAY_ALLOW)
    context = ssl.create_default_context()
    for file in _ca_files(settings):
        context.load_verify_locations(file)
    vet = partial(_relay_addresses, allowed=allowed, resolver=names.DnsResolver())
    return {"smtp": _plug("smtp")(vet, context), "simulated": _plug("simulated")()}


def _plug(name: str) -> Callable[..., Channel]:
    """Imported on first use, by its dotted name."""
    module, _, attribute = CHANNELS[name].partition(":")
    plug: Callable[..., Channel] = getattr(import_module(module), attribute)
    return plug


async def _relay_addresses(
    host: str, port: int, org: str, *, allowed: tuple[Allowed, ...], resolver: names.Resolver
) -> tuple[str, ...] | str:
    """The addresses of a relay that may be dialled, or a sentence why not."""
    found = await names.vet(host, port, org, allowed, resolver, setting=RELAY_ALLOW)
    return found.sentence if isinstance(found, Problem) else found.addresses
