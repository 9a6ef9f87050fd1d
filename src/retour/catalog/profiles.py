"""Profiles: what is known of the people of a sandbox, for recipients of the type aep."""

from __future__ import annotations

from typing import Any

import msgspec

from retour import checks, ids, profiles
from retour.errors import Code, NotFound
from retour.model import Profile, Sandbox, Value
from retour.sealing import Keys
from retour.stores import Store
from retour.stores.handovers import Changed, Stale, Step


class Known(Value):
    """A stored profile, and what it says."""

    stored: Profile
    profile: dict[str, Any]


class Profiles:
    """Read, write and delete profiles, by namespace (in any case) and user id."""

    def __init__(self, store: Store, keys: Keys) -> None:
        self._store = store
        self._keys = keys

    async def get(self, sandbox: Sandbox, namespace: str, user_id: str) -> Known:
        """What is stored. Raises NotFound."""
        found = await profiles.find(self._store, sandbox.id, namespace, (user_id,))
        if user_id not in found:
            raise _missing()
        stored = found[user_id]
        return Known(stored=stored, profile=profiles.opened(self._keys, stored))

    async def put(self, sandbox: Sandbox, namespace: str, user_id: str, profile: dict[str, Any]) -> Known:
        """Make it, or put it in the place of the one there is. Raises Invalid."""
        problems = checks.Problems()
        problems.add("profile", checks.depth(profile) or profiles.too_large(profile))
        problems.refuse("The profile can't be kept like this.")
        made = profiles.sealed(self._keys, sandbox.id, namespace, user_id, profile, ids.now())
        step = Step(statement="profile_put", values=msgspec.structs.asdict(made))
        await self._store.write(Changed(steps=(step,)))
        return await self.get(sandbox, namespace, user_id)

    async def delete(self, sandbox: Sandbox, namespace: str, user_id: str) -> None:
        """Forget it. What was accepted before keeps what it took from it. Raises NotFound."""
        place = {"sandbox": sandbox.id, "namespace": profiles.known_as(namespace), "user_id": user_id}
        step = Step(statement="profile_delete", values=place, guard=True)
        if isinstance(await self._store.write(Changed(steps=(step,))), Stale):
            raise _missing()


def _missing() -> NotFound:
    return NotFound(Code.NOT_FOUND, "There is no profile of this namespace and userId in this sandbox.")
