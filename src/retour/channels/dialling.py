"""Dialling what was vetted, and what to say where it fails: for relays and SMSCs alike."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

from retour.limits import SECOND

Vet = Callable[[str, int, str], Awaitable[tuple[str, ...] | str]]
"""(host, port, organization) -> the addresses that may be dialled, or a sentence why none may."""

Trust = Callable[[], ssl.SSLContext]
"""What verifies a host's certificate and its name, made when it is first asked for."""


async def dial(addresses: tuple[str, ...], port: int, seconds: float) -> socket.socket | str:
    """A connected socket to the first address that answers, or why there is none; `seconds` are for all of them."""
    loop, why = asyncio.get_running_loop(), "it has no address"
    until = loop.time() + seconds
    for address in addresses:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        made = socket.socket(family, socket.SOCK_STREAM)
        made.setblocking(False)
        try:
            async with asyncio.timeout_at(until):
                await loop.sock_connect(made, (address, port))
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return made
        except TimeoutError:
            why = f"no answer within {seconds:.0f} s"
        except OSError as error:
            why = os.strerror(error.errno).lower() if error.errno else "no connection"
        except BaseException:
            made.close()
            raise
        made.close()
    return why


def tls_trouble(error: BaseException, whose: str) -> str | None:
    """What to do where TLS was the cause; None where it was not. whose: `the relay mail.example:587`."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return (
            f"The certificate of {whose} can't be trusted: {cause.verify_message}. "
            "Use the name that it is made for as host, or add its authority with RETOUR_CA_FILE."
        )
    if isinstance(cause, ssl.SSLError):
        reason = (cause.reason or "no handshake").replace("_", " ").lower()
        return f"TLS with {whose} failed: {reason}. Check port and security."
    return None


def login_is_safe(security: str, peer: str) -> bool:
    """A password goes over TLS, or stays on this machine. `peer`: the address that was dialled."""
    return security != "none" or ipaddress.ip_address(peer.partition("%")[0]).is_loopback


def certificate(peer: dict[str, Any] | None) -> tuple[tuple[str, ...], int | None]:
    """The names that it is made for, and its end in microseconds. peer: as `ssl` tells it."""
    found = peer or {}
    names = tuple(str(name) for _, name in found.get("subjectAltName", ()))
    until = found.get("notAfter")
    return names, int(ssl.cert_time_to_seconds(until)) * SECOND if until else None
