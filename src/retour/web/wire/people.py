"""What is left of a person: counts."""

from __future__ import annotations

from retour import erasure
from retour.web.wire.shapes import Answer


class Counts(Answer):
    """How much belonged to the person: messages, and what belonged to those."""

    messages: int
    events: int
    deliveries: int
    attempts: int
    profiles: int


class Erasure(Answer):
    """A person was erased."""

    erased: Counts


def erased(value: erasure.Erased) -> Erasure:
    """How much was erased."""
    return Erasure(Counts(value.messages, value.events, value.deliveries, value.attempts, value.profiles))
