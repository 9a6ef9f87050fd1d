"""People on the pages: one-time links, passwords, sessions.

The cookie holds a random token; the store holds its hash. Sign-in by password is throttled per address, in this
process's memory.
"""

from __future__ import annotations

import asyncio

from retour import ids, limits
from retour.errors import Code, Refused, Unauthorized
from retour.kept import Kept
from retour.model import User, Value
from retour.passwords import hash_secret, password_fits
from retour.stores import Store
from retour.stores.handovers import Changed, Stale, Step
from retour.stores.shelves import Membership, Shelves


class Person(Value):
    """Somebody signed in, and where they belong."""

    user_id: str
    email: str
    name: str
    memberships: tuple[Membership, ...]


class Sessions:
    """Makes, reads and ends sessions."""

    def __init__(self, store: Store, shelves: Shelves) -> None:
        self._store = store
        self._shelves = shelves
        self._tries: Kept[tuple[int, int]] = Kept()
        self._one_at_a_time = asyncio.Lock()

    async def user_of_link(self, token: str) -> User | None:
        """Whom a link would sign in; looking does not use it up."""
        rows = await self._store.read("sign_in_link_get", hash=hash_secret(token), now=ids.now())
        user = await self._shelves.user(rows[0][0]) if rows else None
        return None if user is None or user.disabled else user

    async def by_link(self, token: str) -> tuple[str, User]:
        """A new session's token, for a link that was not used yet. Raises Unauthorized."""
        user = await self.user_of_link(token)
        if user is None:
            raise Unauthorized(Code.UNAUTHENTICATED, "This sign-in link was used already or has expired.")
        values = {"hash": hash_secret(token), "now": ids.now()}
        use = Step(statement="sign_in_link_use", values=values, guard=True)
        return await self._start(user, use), user

    async def by_password(self, email: str, password: str) -> tuple[str, User]:
        """A new session's token. Raises Unauthorized with the same words for anybody; Refused 429 after too many."""
        email = email.strip().lower()
        self._throttle(email)
        user = await self._shelves.user_by_email(email)
        fits = await self._fits(password, user)
        if user is None or user.disabled or not fits:
            raise Unauthorized(Code.CLIENT_REFUSED, "Email or password is wrong. Check both and try again.")
        self._tries.drop(email)
        return await self._start(user), user

    async def _fits(self, password: str, user: User | None) -> bool:
        """Asked in a thread, one at a time: argon2 takes long and much memory on purpose, and others must not wait."""
        known = user.password_hash if user else None
        async with self._one_at_a_time:
            return await asyncio.to_thread(
                password_fits, password[: limits.PASSWORD_CHARACTERS[1] + 1], known
            )

    async def identify(self, token: str) -> Person | None:
        """The person of a session that has not ended."""
        if not token:
            return None
        rows = await self._store.read("session_get", hash=hash_secret(token), now=ids.now())
        if not rows:
            return None
        user_id, email, name = rows[0]
        memberships = tuple(await self._shelves.memberships(user_id))
        return Person(user_id=user_id, email=email, name=name, memberships=memberships)

    async def end(self, token: str) -> None:
        """Sign out."""
        step = Step(statement="session_delete", values={"hash": hash_secret(token)})
        await self._store.write(Changed(steps=(step,)))

    async def _start(self, user: User, *before: Step) -> str:
        token, now = ids.new_secret(32), ids.now()
        values = {
            "hash": hash_secret(token),
            "person_id": user.id,
            "created_at": now,
            "expires_at": now + limits.SESSION_SECONDS * limits.SECOND,
        }
        answer = await self._store.write(
            Changed(steps=(*before, Step(statement="session_insert", values=values)))
        )
        if isinstance(answer, Stale):
            raise Unauthorized(Code.UNAUTHENTICATED, "This sign-in link was used already or has expired.")
        return token

    def _throttle(self, email: str) -> None:
        """SIGN_IN_TRIES per address and minute."""
        now = ids.now()
        tries, since = self._tries.get(email) or (0, now)
        if now - since >= limits.MINUTE:
            tries, since = 0, now
        if tries >= limits.SIGN_IN_TRIES:
            seconds = (since + limits.MINUTE - now) // limits.SECOND + 1
            title = f"Too many tries. Wait {seconds} seconds."
            raise Refused(Code.TOO_MANY_TRIES, title, context={"retryAfter": str(seconds)}, status=429)
        self._tries.keep(email, (tries + 1, since))
