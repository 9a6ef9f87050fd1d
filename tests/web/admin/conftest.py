"""The desk in front of the house, and Ann's browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest

from cast import House
from web.admin.desk import Desk


@pytest.fixture
async def desk(house: House) -> AsyncIterator[Desk]:
    """The house with nobody in front of it yet."""
    async with AsyncExitStack() as stack:
        yield Desk(house=house, stack=stack)


@pytest.fixture
async def ann(desk: Desk) -> httpx.AsyncClient:
    """The browser of Acme's administrator."""
    return await desk.browser("ann")
