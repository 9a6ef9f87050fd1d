"""How a relay or an endpoint does, and the service itself."""

from __future__ import annotations

from typing import Literal

from retour import model
from retour.web.wire.shapes import Answer, Instant, time_or_none


class Health(Answer):
    """How a relay or an endpoint has done lately. nextProbeAt: no try before that, after too many failures."""

    failures: int
    failing_since: Instant | None
    next_probe_at: Instant | None
    trouble: str | None


class HealthStatus(Answer):
    """Whether the service is up."""

    status: Literal["up", "down"]


def health(value: model.Health) -> Health:
    """How a relay or an endpoint has done lately."""
    return Health(
        failures=value.failures,
        failing_since=time_or_none(value.failing_since),
        next_probe_at=time_or_none(value.open_until),
        trouble=value.trouble,
    )
