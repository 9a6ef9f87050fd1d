"""The channel socket: what a room hands a provider, and what it hears at once.

A channel is one file, `<kind>_<provider>.py`. Expected trouble is a value: a refused recipient is a Fact in
the receipt, a relay that can't be reached is `trouble`. Exceptions are bugs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol, runtime_checkable

import msgspec

from retour.model import (
    ChannelConfiguration,
    ChannelKind,
    Fact,
    Failure,
    Learned,
    ProviderFacts,
    Rendered,
    Value,
)


class Outgoing(Value):
    """One message as a channel sees it.

    mark: what names the message to whoever reports of it, the same at each try (marks.py). content: None once it is
    `sent` and the room only asks for news. step: how many facts the channel gave for it so far.
    configuration: with its secrets still sealed; secrets: those in the clear (sealed.py). callback: where the provider
    has to post its reports, "" for nowhere.
    """

    org: str
    sandbox: str
    mark: str
    channel: ChannelKind
    address: str
    attempt: int
    step: int
    configuration: ChannelConfiguration
    content: Rendered | None
    secrets: dict[str, str] = msgspec.field(default_factory=dict)
    callback: str = ""


class Receipt(Value):
    """What came of one try.

    facts: in order, each told as a feedback event. soft: the recipient's host said "later" (the room retries
    and tells `delay` once). trouble: our own relay failed before it saw the recipient (one sentence, shown
    on the configuration; no fact about the message). again_at: ask again then for more facts (microseconds).
    throttled: the provider takes no more at the moment; seconds to wait, 0 when it does not say. uncertain: nobody
    knows whether it was sent. references: the provider's ids of it, by which reports may name it.
    """

    facts: tuple[Fact, ...] = ()
    soft: Failure | None = None
    trouble: str | None = None
    again_at: int | None = None
    provider: ProviderFacts | None = None
    throttled: float | None = None
    uncertain: bool = False
    references: tuple[str, ...] = ()


class Channel(Protocol):
    """A way to reach people.

    repeats: it may be asked again to send what it may have sent already: the recipient knows both for one.
    """

    kinds: tuple[ChannelKind, ...]
    repeats: bool

    async def send(self, outgoing: Outgoing, now: int) -> Receipt:
        """Try once, within its own time budget. `now` in microseconds."""

    async def close(self) -> None:
        """Let connections go."""


class Examination(Value, frozen=True):
    """Which way out to try. secrets: those of the configuration, in the clear (sealed.py)."""

    org: str
    configuration: ChannelConfiguration
    secrets: dict[str, str]


class Examined(Value, frozen=True):
    """What a relay said of itself, to the point where it would take a message.

    trouble: one sentence, None when it would. Without TLS, tls_version is None. certificate_until: microseconds.
    size: the largest message in octets; 0: it offers SIZE without a number, None: it does not offer SIZE.
    learned: of an SMS provider, what was found out, a sentence each.
    """

    trouble: str | None = None
    banner: str = ""
    tls_version: str | None = None
    certificate_names: tuple[str, ...] = ()
    certificate_until: int | None = None
    logged_in: bool = False
    dsn: bool = False
    size: int | None = None
    smtputf8: bool = False
    learned: tuple[str, ...] = ()


@runtime_checkable
class Examinable(Protocol):
    """A channel whose way out can be tried without a message."""

    async def examine(self, examination: Examination) -> Examined:
        """Try it, within its own time budget."""


OnReport = Callable[[str, str, str, Learned], Awaitable[None]]
"""(sandbox, configuration id, the provider's reference, what it says); done when it is written down. Raises Busy."""

OnReply = Callable[[str, str, str, str, str], Awaitable[None]]
"""(sandbox, configuration id, the person's number, ours, text); done when it is written down. Raises Busy."""


class Standing(Value, frozen=True):
    """A channel configuration whose connection stays open. secrets: in the clear."""

    org: str
    configuration: ChannelConfiguration
    secrets: dict[str, str]


@runtime_checkable
class Listening(Protocol):
    """A channel that hears of messages over a connection of its own."""

    def listen(self, on_report: OnReport, on_reply: OnReply) -> None:
        """From now on, tell them what comes in."""

    def keep(self, standing: Iterable[Standing]) -> None:
        """Keep a connection open for these, and for no others."""


CHANNELS = {
    "smpp": "retour.channels.sms_smpp:SmppChannel",
    "smtp": "retour.channels.email_smtp:SmtpChannel",
    "simulated": "retour.channels.simulated:SimulatedChannel",
    "sms_http": "retour.channels.sms_http:HttpSmsChannel",
}
"""Plugs by name. `sms_http` speaks to every provider of smsproviders."""
