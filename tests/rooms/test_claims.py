"""How much may be claimed: tables."""

from __future__ import annotations

import pytest

from retour.limits import CIRCUIT_FAILURES as MANY
from retour.stores import claims
from retour.stores.claims import Turn

NOW = 1_000_000

DELIVERIES = {
    "well": ((False, 0, None, False), Turn(limit=16)),
    "some failures": ((False, MANY - 1, None, False), Turn(limit=16)),
    "some failures, others in work": ((False, MANY - 1, None, True), Turn(limit=16)),
    "paused": ((True, 0, None, False), Turn(limit=0)),
    "paused and open": ((True, MANY, NOW - 1, False), Turn(limit=0)),
    "open": ((False, MANY, NOW + 1, False), Turn(limit=0)),
    "to be probed": ((False, MANY, NOW, False), Turn(limit=1, probe=True)),
    "to be probed after an edit": ((False, MANY, None, False), Turn(limit=1, probe=True)),
    "being probed": ((False, MANY, NOW, True), Turn(limit=0)),
}
MESSAGES = {
    "well": ((0, None, False), Turn(limit=16)),
    "well, others in work": ((0, None, True), Turn(limit=16)),
    "failing": ((1, NOW + 1, False), Turn(limit=16, stuck=True)),
    "to be probed": ((1, NOW, False), Turn(limit=1, probe=True)),
    "being probed": ((1, NOW, True), Turn(limit=16, stuck=True)),
}


@pytest.mark.parametrize("name", DELIVERIES)
def test_deliveries(name: str) -> None:
    (paused, failures, open_until, leased), turn = DELIVERIES[name]
    assert claims.deliveries(paused, failures, open_until, leased, NOW, 16) == turn


@pytest.mark.parametrize("name", MESSAGES)
def test_messages(name: str) -> None:
    (failures, open_until, leased), turn = MESSAGES[name]
    assert claims.messages(failures, open_until, leased, NOW, 16) == turn
