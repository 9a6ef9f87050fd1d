"""A relay looked at without a message: greeted, encrypted, logged in, asked what it offers, left with QUIT."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import aiosmtplib

from retour.channels import Examined
from retour.channels.dialling import certificate
from retour.channels.smtp_connection import Dialer, Progress
from retour.channels.smtp_replies import lost
from retour.limits import SMTP_EXAMINE_SECONDS

BANNER_CHARACTERS = 200


async def examine(dialer: Dialer, budget_seconds: float = SMTP_EXAMINE_SECONDS) -> Examined:
    """What the relay of this dialer says of itself, or the sentence why it would take no message."""
    progress = Progress()
    try:
        async with asyncio.timeout(budget_seconds):
            client = await dialer.open(progress)
    except TimeoutError:
        receipt = lost(progress.stage, dialer.name, f"timed out after {budget_seconds:g} s")
        return Examined(trouble=receipt.trouble, banner=_banner(progress))
    if isinstance(client, str):
        return Examined(trouble=client, banner=_banner(progress))
    try:
        return _told(client, dialer, progress)
    finally:
        await _leave(client)


def _told(client: aiosmtplib.SMTP, dialer: Dialer, progress: Progress) -> Examined:
    names, until = certificate(client.get_transport_info("peercert"))
    encrypted = client.get_transport_info("ssl_object")
    return Examined(
        banner=_banner(progress),
        tls_version=encrypted.version() if encrypted else None,
        certificate_names=names,
        certificate_until=until,
        logged_in=dialer.logs_in,
        dsn=client.supports_extension("dsn"),
        size=_size(client),
        smtputf8=client.supports_extension("smtputf8"),
    )


def _banner(progress: Progress) -> str:
    return " ".join(progress.banner.split())[:BANNER_CHARACTERS]


def _size(client: aiosmtplib.SMTP) -> int | None:
    """RFC 1870: `SIZE`, with or without a number."""
    if not client.supports_extension("size"):
        return None
    told = str(client.esmtp_extensions.get("size", "")).strip()
    return int(told) if told.isdecimal() and len(told) <= 20 else 0


async def _leave(client: aiosmtplib.SMTP) -> None:
    with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
        async with asyncio.timeout(1):
            await client.quit()
    client.close()
