"""What tests of the e-mail channel send, and how they reach a relay."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from outside.certificates import Authority
from outside.smtp import Relay
from retour.channels import Outgoing, Receipt
from retour.channels.email_smtp import SmtpChannel
from retour.model import (
    ChannelConfiguration,
    ChannelKind,
    EmailSettings,
    FailureType,
    FeedbackStatus,
    Rendered,
    SmtpSettings,
)
from retour.sealed import PASSWORD

NOON = 1_795_521_600_000_000
ID = "019A0000-0000-7000-8000-00000000000f"
LUMA = EmailSettings(sender_name="Luma", sender_email="no-reply@luma.example")


async def anywhere(host: str, port: int, org: str) -> tuple[str, ...] | str:
    """A guard that lets everything to loopback."""
    return ("127.0.0.1",)


@asynccontextmanager
async def channel(
    context: ssl.SSLContext | None = None, vet: Any = anywhere, **options: Any
) -> AsyncIterator[SmtpChannel]:
    """An e-mail channel that is closed at the end."""
    made = SmtpChannel(vet, (lambda: context) if context else ssl.create_default_context, **options)
    try:
        yield made
    finally:
        await made.close()


def trusting(authority: Authority) -> ssl.SSLContext:
    """A client's context that trusts this authority and nobody else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=authority.pem.decode())
    return context


def outgoing(
    to: Relay,
    *,
    smtp: dict[str, Any] | None = None,
    email: EmailSettings = LUMA,
    password: str | None = None,
    **changes: Any,
) -> Outgoing:
    """Ann's letter, through this relay."""
    version = changes.pop("version", 1)
    relay = msgspec.structs.replace(SmtpSettings(host=to.host, port=to.port), **(smtp or {}))
    configuration = ChannelConfiguration(
        sandbox="prod", id="mail", name="mail", channel=ChannelKind.EMAIL, provider="smtp",
        email=email, smtp=relay, version=version,
    )  # fmt: skip
    plain = Outgoing(
        org="acme", sandbox="prod", mark=ID, channel=ChannelKind.EMAIL, address="ann@acme.example",
        attempt=1, step=0, configuration=configuration, content=Rendered(subject="Hello", text="Hi Ann"),
        secrets={} if password is None else {PASSWORD: password},
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def in_short(receipt: Receipt) -> str:
    """A receipt in words: `sent`, `bounce 10 Hard`, `error 25 Ignored`, `soft 22 Soft`, `trouble`."""
    said = [fact.status.value + _why(fact.failure) for fact in receipt.facts]
    said += ["soft" + _why(receipt.soft)] if receipt.soft else []
    said += ["trouble"] if receipt.trouble else []
    return ", ".join(said)


def _why(failure: Any) -> str:
    return f" {failure.code} {FailureType(failure.type)}" if failure else ""


def statuses(receipt: Receipt) -> list[FeedbackStatus]:
    """The statuses of a receipt's facts."""
    return [fact.status for fact in receipt.facts]
