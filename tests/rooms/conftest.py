"""A house whose clock tests move."""

from __future__ import annotations

import pytest

from retour import ids
from rooms.steps import Clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of every room."""
    made = Clock()
    monkeypatch.setattr(ids, "now", made)
    return made
