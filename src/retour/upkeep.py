"""Housekeeping: what has outlived its age goes, or is given up with a trace. Runs at the start and every hour."""

from __future__ import annotations

from retour import limits
from retour.stores import Store
from retour.stores.handovers import Changed, Step

EVERY_SECONDS = 3_600.0


class Upkeep:
    """Small deletes by age; a crash between two of them is harmless."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def run(self, now: int) -> None:
        """One round."""
        await self._store.write(Changed(steps=_steps(now)))


def _steps(now: int) -> tuple[Step, ...]:
    """Parked events that nobody came for; request ids, links and sessions that have run out."""
    return (
        Step(statement="deliveries_expire", values={"now": now, "before": now - limits.PARKED_AGE}),
        Step(statement="request_keys_expire", values={"before": now - limits.REQUEST_KEY_AGE}),
        Step(statement="sign_in_links_expire", values={"now": now}),
        Step(statement="sessions_expire", values={"now": now}),
    )
