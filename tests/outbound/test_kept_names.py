"""Answers about names are kept as long as their TTL says, and vetted each time all the same."""

from __future__ import annotations

import asyncio

import pytest

from outside.nameserver import naming
from retour.outbound.addresses import Problem, Trouble, parse_allowed
from retour.outbound.names import DnsResolver, Vetted, vet

FIRST, SECOND = "127.0.0.2", "127.0.0.1"


async def test_an_answer_is_kept_for_its_ttl() -> None:
    async with naming({"hooks.test": [[FIRST], [SECOND]]}, ttl=60) as nameserver:
        resolver = DnsResolver((nameserver.address,))
        assert [await resolver.resolve("hooks.test") for _ in range(3)] == [(FIRST,)] * 3
        await resolver.close()
    assert nameserver.asked["hooks.test", "A"] == 1


async def test_an_answer_without_a_ttl_is_not_kept() -> None:
    async with naming({"hooks.test": [[FIRST], [SECOND]]}, ttl=0) as nameserver:
        resolver = DnsResolver((nameserver.address,))
        assert [await resolver.resolve("hooks.test") for _ in range(3)] == [(FIRST,), (SECOND,), (SECOND,)]
        await resolver.close()


@pytest.mark.slow
async def test_an_answer_is_not_kept_longer_than_its_ttl() -> None:
    async with naming({"hooks.test": [[FIRST], [SECOND]]}, ttl=1) as nameserver:
        resolver = DnsResolver((nameserver.address,))
        assert await resolver.resolve("hooks.test") == (FIRST,)
        async with asyncio.timeout(5):
            while await resolver.resolve("hooks.test") != (SECOND,):  # noqa: ASYNC110 - time itself is waited for
                await asyncio.sleep(0.1)
        await resolver.close()


async def test_a_kept_answer_is_vetted_for_whoever_asks() -> None:
    """What Acme may dial is kept, and Other Ltd may not dial it."""
    allowed = parse_allowed(f"{FIRST}/32@acme")
    async with naming({"hooks.test": [[FIRST]]}, ttl=60) as nameserver:
        resolver = DnsResolver((nameserver.address,))
        assert isinstance(await vet("hooks.test", 443, "acme", allowed, resolver), Vetted)
        refused = await vet("hooks.test", 443, "other", allowed, resolver)
        await resolver.close()
    assert isinstance(refused, Problem)
    assert refused.trouble == Trouble.ADDRESS_FORBIDDEN
