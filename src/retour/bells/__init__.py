"""The bell socket: "look now", named by room and lane.

A lost ring is harmless: rows are the truth, and a sweep finds what nobody rang for within SWEEP_SECONDS.
"""

from __future__ import annotations

from typing import Protocol

from retour.model import Lane


class Bell(Protocol):
    """Wakes the worker of a room."""

    def ring(self, room: str, lane: Lane) -> None:
        """This lane has something due. Cheap, may be called often."""

    def ring_at(self, room: str, lane: Lane, due_at: int, now: int) -> None:
        """It will have at `due_at` (microseconds)."""

    async def wait(self, room: str, seconds: float) -> frozenset[Lane]:
        """Lanes rung since the last wait; returns empty after `seconds`."""
