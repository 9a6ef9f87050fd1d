"""Everything here runs on asyncio's own loop and on uvloop: libcurl's sockets must work on both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvloop

from outbound.asking import HERE, Opening
from outside.certificates import Authority
from outside.nameserver import Answers, NameServer, naming
from retour.outbound import Outbound
from retour.outbound.addresses import LOOPBACK, Allowed
from retour.outbound.names import DnsResolver


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
def opening(authority: Authority, tmp_path: Path) -> Opening:
    """An Outbound that trusts the test authority, may go to loopback and resolves names by a server of ours."""
    trusted = authority.write(tmp_path)

    @asynccontextmanager
    async def open_(
        names: Answers = HERE, allowed: tuple[Allowed, ...] = LOOPBACK
    ) -> AsyncIterator[tuple[Outbound, NameServer]]:
        async with naming(names) as nameserver:
            resolver = DnsResolver((nameserver.address,))
            outbound = Outbound(
                allowed=allowed, ca_files=(trusted,), resolver=resolver, user_agent="Retour/test"
            )
            try:
                yield outbound, nameserver
            finally:
                await outbound.close()

    return open_
