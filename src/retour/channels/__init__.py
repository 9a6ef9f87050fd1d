"""The channel socket: what a room hands a provider, and what it hears at once.

A channel is one file, `<kind>_<provider>.py`. Expected trouble is a value: a refused recipient is a Fact in
the receipt, a relay that can't be reached is `trouble`. Exceptions are bugs.
"""

from __future__ import annotations

from typing import Protocol

from retour.model import ChannelConfiguration, ChannelKind, Fact, Failure, ProviderFacts, Rendered, Value


class Outgoing(Value):
    """One message as a channel sees it.

    message_id: ours, repeated at each try (Message-ID, correlation). content: None once the message is
    `sent` and the room only asks for news. step: how many facts the channel gave for it so far.
    configuration: with its secrets still sealed; password: the SMTP password in the clear.
    """

    org: str
    sandbox: str
    message_id: str
    channel: ChannelKind
    address: str
    attempt: int
    step: int
    configuration: ChannelConfiguration
    content: Rendered | None
    password: str | None = None


class Receipt(Value):
    """What came of one try.

    facts: in order, each told as a feedback event. soft: the recipient's host said "later" (the room retries
    and tells `delay` once). trouble: our own relay failed before it saw the recipient (one sentence, shown
    on the configuration; no fact about the message). again_at: ask again then for more facts (microseconds).
    """

    facts: tuple[Fact, ...] = ()
    soft: Failure | None = None
    trouble: str | None = None
    again_at: int | None = None
    provider: ProviderFacts | None = None


class Channel(Protocol):
    """A way to reach people."""

    kinds: tuple[ChannelKind, ...]

    async def send(self, outgoing: Outgoing, now: int) -> Receipt:
        """Try once, within its own time budget. `now` in microseconds."""

    async def close(self) -> None:
        """Let connections go."""


CHANNELS = {
    "smtp": "retour.channels.email_smtp:SmtpChannel",
    "simulated": "retour.channels.simulated:SimulatedChannel",
}
