"""How much may be claimed: pure decisions on the state of a relay or a webhook, the same for every store."""

from __future__ import annotations

from retour import limits
from retour.model import Value


class Turn(Value):
    """limit: rows to take now. probe: the circuit is open and this is its one try. stuck: only tell, do not try."""

    limit: int
    probe: bool = False
    stuck: bool = False


def messages(failures: int, open_until: int | None, leased: bool, now: int, limit: int) -> Turn:
    """A failing relay gets one probe at a time; what is due meanwhile is told `delay`, or given up when too old."""
    if failures == 0:
        return Turn(limit=limit)
    if leased or (open_until is not None and open_until > now):
        return Turn(limit=limit, stuck=True)
    return Turn(limit=1, probe=True)


def deliveries(
    paused: bool, failures: int, open_until: int | None, leased: bool, now: int, limit: int
) -> Turn:
    """Nothing while paused; one probe at a time once the circuit is open."""
    if paused:
        return Turn(limit=0)
    if failures < limits.CIRCUIT_FAILURES:
        return Turn(limit=limit)
    if leased or (open_until is not None and open_until > now):
        return Turn(limit=0)
    return Turn(limit=1, probe=True)
