"""Reports and replies come in over connections that we keep open: sessions with SMSCs, for as long as the service runs.

Which there have to be stands in the channel configurations. They are looked at again and again, since whoever changes
one may be another process. Only what was written down is taken; the rest has to come again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import structlog

from retour import ids, limits
from retour.catalog.opt_outs import OptOuts
from retour.channels import Channel, Listening, OnReply, OnReport, Standing
from retour.errors import Busy
from retour.model import ChannelConfiguration, Learned
from retour.reports import Reports
from retour.stores import Store
from retour.stores.shelves import Shelves

log = structlog.get_logger()

BATCH = 1_000

SecretsOf = Callable[[ChannelConfiguration], dict[str, str]]
Key = tuple[str, str]


class Ears:
    """Hears what comes in. Done when it is written down; raises Busy where it has to come again."""

    def __init__(self, reports: Reports, opt_outs: OptOuts, shelves: Shelves) -> None:
        self._reports = reports
        self._opt_outs = opt_outs
        self._shelves = shelves

    async def report(self, sandbox: str, configuration_id: str, reference: str, learned: Learned) -> None:
        """Of a message that the provider calls by this reference."""
        now = ids.now()
        heard = await self._reports.heard_of(sandbox, configuration_id, "", reference, learned, now)
        log.info("report_heard", sandbox=sandbox, configuration=configuration_id, heard=heard)

    async def reply(self, sandbox: str, configuration_id: str, sender: str, to: str, text: str) -> None:
        """Somebody wrote back."""
        configuration = await self._shelves.configuration(sandbox, configuration_id)
        by = configuration.name if configuration else configuration_id
        did = await self._opt_outs.heard(sandbox, sender, text, by, ids.now())
        log.info("reply_heard", sandbox=sandbox, configuration=configuration_id, did=did)


class Keeper:
    """Tells each channel that listens for which configurations it has to keep a connection."""

    def __init__(
        self, store: Store, shelves: Shelves, channels: Mapping[str, Channel], secrets_of: SecretsOf
    ) -> None:
        self._store = store
        self._shelves = shelves
        self._listening = {name: one for name, one in channels.items() if isinstance(one, Listening)}
        self._secrets_of = secrets_of
        self._known: dict[Key, tuple[int, Standing | None]] = {}

    def listen(self, on_report: OnReport, on_reply: OnReply) -> None:
        """From now on, tell them what comes in."""
        for channel in self._listening.values():
            channel.listen(on_report, on_reply)

    async def look(self) -> None:
        """At every configuration: new ones, changed ones, and those that are gone. Raises Busy."""
        versions = await self._versions()
        self._known = {key: await self._at(key, version) for key, version in versions.items()}
        standing = [one for _, one in self._known.values() if one is not None]
        for name, channel in self._listening.items():
            channel.keep([one for one in standing if one.configuration.provider == name])

    async def follow(self) -> None:
        """Until it is cancelled. Nothing that goes wrong ends it."""
        while True:
            try:
                await self.look()
            except Busy:
                log.warning("store_busy", room="smppin")
            except Exception:
                log.exception("smppin_failed")
            await asyncio.sleep(limits.SMPP_LOOK_SECONDS)

    async def _versions(self) -> dict[Key, int]:
        """Of all configurations of all sandboxes."""
        found: dict[Key, int] = {}
        after = ("", "")
        while rows := await self._store.read(
            "configurations_standing", after_sandbox=after[0], after=after[1], limit=BATCH
        ):
            found |= {(row[0], row[1]): row[2] for row in rows}
            after = (rows[-1][0], rows[-1][1])
        return found

    async def _at(self, key: Key, version: int) -> tuple[int, Standing | None]:
        """What is known of that version; None: nothing has to stay open for it."""
        known = self._known.get(key)
        if known is not None and known[0] == version:
            return known
        configuration = await self._shelves.configuration(*key, version)
        if configuration is None or configuration.provider not in self._listening:
            return version, None
        sandbox = await self._shelves.sandbox_by_id(configuration.sandbox)
        secrets = self._secrets_of(configuration)
        return version, Standing(org=sandbox.org, configuration=configuration, secrets=secrets)


@asynccontextmanager
async def keeping(keeper: Keeper) -> AsyncIterator[None]:
    """Looks while it is open."""
    task = asyncio.create_task(keeper.follow())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
