"""Acme's and Charlie's programs in front of a house."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from cast import House
from web.api.callers import Api, browser_of, connect


@pytest.fixture
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """Something that speaks HTTP to the house and has no credential."""
    async with browser_of(house) as made:
        yield made


@pytest.fixture
async def acme(house: House, client: httpx.AsyncClient) -> Api:
    """Acme's credential, in dev."""
    return await connect(client, house.acme_credential, "dev")


@pytest.fixture
async def charlie(house: House, client: httpx.AsyncClient) -> Api:
    """The credential of Other Ltd, in its own prod."""
    return await connect(client, house.other_credential, "prod")


@pytest.fixture
async def campaign_id(house: House) -> str:
    """A live e-mail campaign of Acme's dev, with webhooks enabled."""
    return (await house.campaign(await house.simulated())).id
