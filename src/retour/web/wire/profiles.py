"""A profile as it is shown."""

from __future__ import annotations

from typing import Any

from retour import model
from retour.web.wire.shapes import Answer, Instant, time_of


class Profile(Answer):
    """What is known of a person. namespace: in lower case. profile: what PUT takes as its body."""

    namespace: str
    user_id: str
    profile: dict[str, Any]
    created_at: Instant
    modified_at: Instant


def profile(stored: model.Profile, says: dict[str, Any]) -> Profile:
    """A stored profile, and what it says."""
    return Profile(
        namespace=stored.namespace,
        user_id=stored.user_id,
        profile=says,
        created_at=time_of(stored.created_at),
        modified_at=time_of(stored.modified_at),
    )
