"""The master key: a wrong one refuses to start, a changed one goes on with the old one beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from retour import app
from retour.config import Settings
from retour.errors import ConfigError

FIRST, SECOND = "the first key of thirty-two characters", "the second key of thirty-two characters"


async def started(folder: Path, key: str, previous: str = "") -> None:
    """Build a house with this key, and close it again."""
    retour = await app.build(Settings(data_dir=folder, secret_key=key, secret_key_previous=previous))
    await retour.close()


async def test_another_key_than_the_stores_refuses_to_start_and_says_what_to_do(tmp_path: Path) -> None:
    await started(tmp_path, FIRST)
    with pytest.raises(ConfigError, match="RETOUR_SECRET_KEY"):
        await started(tmp_path, SECOND)
    await started(tmp_path, FIRST)


async def test_after_a_change_of_key_the_old_one_beside_it_opens_what_it_sealed(tmp_path: Path) -> None:
    await started(tmp_path, FIRST)
    await started(tmp_path, SECOND, previous=FIRST)
    await started(tmp_path, SECOND, previous=FIRST)
