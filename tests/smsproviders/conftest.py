"""A house that providers' fakes can post to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from outside.certificates import Authority
from smsproviders.serving import Site, served


@pytest.fixture
async def site(tmp_path: Path, authority: Authority) -> AsyncIterator[Site]:
    """Acme and Other Ltd, served on this machine."""
    async with served(tmp_path, authority.write(tmp_path)) as made:
        yield made
