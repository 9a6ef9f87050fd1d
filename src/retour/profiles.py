"""Stored profiles: what is known of people, sealed at rest, bound to sandbox, namespace and user id.

A profile is a JSON object in XDM's shape. What a call says of somebody is laid over it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from retour import limits
from retour.model import Profile
from retour.sealing import Keys
from retour.stores import Store


async def find(store: Store, sandbox: str, namespace: str, user_ids: Sequence[str]) -> dict[str, Profile]:
    """The stored ones of these people, at most limits.RECIPIENTS, by user id; in one read."""
    place: dict[str, Any] = {"sandbox": sandbox, "namespace": known_as(namespace)}
    places: dict[str, str | None] = {f"id{number}": None for number in range(limits.RECIPIENTS)}
    wanted = {f"id{number}": user_id for number, user_id in enumerate(user_ids)}
    rows = await store.read("profiles_of", **place, **(places | wanted))
    names = ("user_id", "doc", "created_at", "modified_at")
    return {row[0]: Profile(**place, **dict(zip(names, row, strict=True))) for row in rows}


def known_as(namespace: str) -> str:
    """A namespace as it is stored: `Email` and `email` are the same one."""
    return namespace.lower()


def sealed(
    keys: Keys, sandbox: str, namespace: str, user_id: str, profile: dict[str, Any], now: int
) -> Profile:
    """What the store gets."""
    namespace = known_as(namespace)
    doc = keys.seal_bytes(msgspec.json.encode(profile), **_place(sandbox, namespace, user_id))
    return Profile(
        sandbox=sandbox, namespace=namespace, user_id=user_id, doc=doc, created_at=now, modified_at=now
    )


def opened(keys: Keys, stored: Profile) -> dict[str, Any]:
    """The profile itself. Raises WrongKey."""
    place = _place(stored.sandbox, stored.namespace, stored.user_id)
    profile: dict[str, Any] = msgspec.json.decode(keys.open_bytes(stored.doc, **place))
    return profile


def merged(stored: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """What is stored with what a call says laid over it: objects are merged, of all else the call's value counts."""
    made = stored | given
    for name in stored.keys() & given.keys():
        if isinstance(stored[name], dict) and isinstance(given[name], dict):
            made[name] = merged(stored[name], given[name])
    return made


def too_large(profile: dict[str, Any]) -> str | None:
    """Why it can't be kept."""
    size = len(msgspec.json.encode(profile))
    if size <= limits.PROFILE_BYTES:
        return None
    return f"The profile has {size:,} bytes; at most {limits.PROFILE_BYTES:,} are kept."


def _place(sandbox: str, namespace: str, user_id: str) -> dict[str, str]:
    return {"sandbox": sandbox, "row": user_id, "column": f"profile {namespace}"}
