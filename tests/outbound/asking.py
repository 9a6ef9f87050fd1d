"""What the tests of this folder ask with."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from outside.nameserver import Answers, NameServer
from retour.outbound import Ask, Outbound

HERE: Answers = {"hooks.test": [["127.0.0.1"]]}
JSON = (("Content-Type", "application/json"),)

Opening = Callable[..., AbstractAsyncContextManager[tuple[Outbound, NameServer]]]


def asking(
    url: str,
    *,
    body: bytes = b"{}",
    seconds: float = 5,
    method: str = "POST",
    org: str = "acme",
    sandbox: str = "acme-prod",
    headers: tuple[tuple[str, str], ...] = JSON,
    once: bool = False,
) -> Ask:
    """A request of Acme's, with what a test leaves open filled in."""
    return Ask(
        url=url,
        headers=headers,
        body=body,
        deadline_seconds=seconds,
        org=org,
        sandbox=sandbox,
        method=method,
        once=once,
    )
