"""What tests of the SMPP channel send, and what they hear."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from channels.letters import anywhere
from outside.smsc import Smsc
from retour.channels import Examination, Outgoing, Receipt, Standing
from retour.channels.sms_smpp import SmppChannel
from retour.errors import Busy
from retour.model import ChannelConfiguration, ChannelKind, Learned, ProviderSettings, Rendered, SmsSettings

MARK = "mark-of-anns-message"
ANN = "+4915112345670"
SECRETS = {"password": "secret"}
Told = tuple[str, str, str, Learned]


class Ears:
    """Who hears what an SMSC says. busy: how often the store is, first."""

    def __init__(self) -> None:
        self.reports: list[Told] = []
        self.replies: list[tuple[str, ...]] = []
        self.asked = self.busy = 0
        self.gate: asyncio.Event | None = None
        self._changed = asyncio.Condition()

    async def report(self, sandbox: str, configuration_id: str, reference: str, learned: Learned) -> None:
        await self._take()
        await self._note(lambda: self.reports.append((sandbox, configuration_id, reference, learned)))

    async def reply(self, sandbox: str, configuration_id: str, sender: str, to: str, text: str) -> None:
        await self._take()
        await self._note(lambda: self.replies.append((sandbox, configuration_id, sender, to, text)))

    async def until(self, what: Callable[[], object]) -> None:
        """Wait for `what()` to become true."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(what)

    async def _take(self) -> None:
        async with self._changed:
            self.asked += 1
            self._changed.notify_all()
        if self.gate is not None:
            await self.gate.wait()
        if self.busy:
            self.busy -= 1
            raise Busy(begun=False)

    async def _note(self, do: Callable[[], None]) -> None:
        async with self._changed:
            do()
            self._changed.notify_all()


@asynccontextmanager
async def channel(
    ears: Ears | None = None, context: ssl.SSLContext | None = None, vet: Any = anywhere, **options: Any
) -> AsyncIterator[SmppChannel]:
    """An SMPP channel that is closed at the end."""
    made = SmppChannel(vet, (lambda: context) if context else ssl.create_default_context, **options)
    if ears is not None:
        made.listen(ears.report, ears.reply)
    try:
        yield made
    finally:
        await made.close()


def configuration(to: Smsc, version: int = 1, **values: Any) -> ChannelConfiguration:
    """Acme's text messages, through this SMSC."""
    plain = {"host": to.host, "port": to.port, "security": "none", "systemId": "acme"}
    return ChannelConfiguration(
        sandbox="prod", id="text", name="text", channel=ChannelKind.SMS, provider="smpp", version=version,
        sms=SmsSettings(sender_number=values.pop("sender", "+15550100")),
        provider_settings=ProviderSettings(values=plain | values),
    )  # fmt: skip


def standing(to: Smsc, version: int = 1, **values: Any) -> Standing:
    """The same, as whoever keeps sessions bound names it."""
    return Standing(org="acme", configuration=configuration(to, version, **values), secrets=SECRETS)


def examination(to: Smsc, secrets: dict[str, str] = SECRETS, **values: Any) -> Examination:
    """The same, to be tried."""
    return Examination(org="acme", configuration=configuration(to, **values), secrets=secrets)


def outgoing(to: Smsc, text: str = "Hi Ann", address: str = ANN, **changes: Any) -> Outgoing:
    """A text message for Ann, through this SMSC."""
    version, values = changes.pop("version", 1), changes.pop("values", {})
    plain = Outgoing(
        org="acme", sandbox="prod", mark=MARK, channel=ChannelKind.SMS, address=address, attempt=1, step=0,
        configuration=configuration(to, version, **values), content=Rendered(text=text), secrets=SECRETS,
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def in_short(receipt: Receipt) -> str:
    """A receipt in words: `sent m1`, `bounce Hard 0x0000000B`, `throttled`, `uncertain`, `trouble`."""
    said = [
        fact.status.value + (f" {fact.failure.type} {fact.failure.code}" if fact.failure else "")
        for fact in receipt.facts
    ]
    said += ["throttled"] if receipt.throttled is not None else []
    said += ["uncertain"] if receipt.uncertain else []
    said += ["trouble"] if receipt.trouble else []
    return " ".join([*said, *receipt.references])
