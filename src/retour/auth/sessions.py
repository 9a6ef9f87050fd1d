"""People on the pages: one-time links, passwords, sessions.

The cookie holds a random token; the store holds its hash. Sign-in by password is throttled per account and per network
address, in this process's memory.
"""

from __future__ import annotations

import asyncio

from retour import ids, limits
from retour.errors import Code, Refused, Unauthorized
from retour.kept import Kept
from retour.model import Actor, ActorKind, User, Value
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

    @property
    def actor(self) -> Actor:
        """As it is written down beside what they change."""
        return Actor(kind=ActorKind.PERSON, id=self.user_id, name=self.email)


class Browser(Value):
    """What is known of a browser: its network address, and what it calls itself."""

    address: str = ""
    agent: str = ""


class Session(Value):
    """A session that has not ended, as its owner sees it. here: the one that asks."""

    created_at: int
    browser: Browser
    here: bool


UNKNOWN = Browser()


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

    async def by_link(self, token: str, browser: Browser = UNKNOWN) -> tuple[str, User]:
        """A new session's token, for a link that was not used yet. Raises Unauthorized."""
        user = await self.user_of_link(token)
        if user is None:
            raise Unauthorized(Code.UNAUTHENTICATED, "This sign-in link was used already or has expired.")
        values = {"hash": hash_secret(token), "now": ids.now()}
        use = Step(statement="sign_in_link_use", values=values, guard=True)
        return await self.start(user, browser, use), user

    async def by_password(self, email: str, password: str, browser: Browser = UNKNOWN) -> tuple[str, User]:
        """A new session's token. Raises Unauthorized with the same words for anybody; Refused 429 after too many."""
        email = email.strip().lower()
        self._throttle(("account", email), limits.SIGN_IN_TRIES)
        if browser.address:
            self._throttle(("address", browser.address), limits.SIGN_IN_TRIES_OF_ADDRESS)
        user = await self._shelves.user_by_email(email)
        fits = await self._fits(password, user)
        if user is None or user.disabled or not fits:
            raise Unauthorized(Code.CLIENT_REFUSED, "Email or password is wrong. Check both and try again.")
        self._tries.drop(("account", email))
        return await self.start(user, browser), user

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

    async def list(self, person: Person, token: str) -> list[Session]:
        """A person's sessions, the newest first. token: of the one that asks."""
        rows = await self._store.read("sessions_of", person_id=person.user_id, now=ids.now())
        here = hash_secret(token)
        return [
            Session(created_at=row[1], browser=Browser(agent=row[2], address=row[3]), here=row[0] == here)
            for row in rows
        ]

    async def end(self, token: str) -> None:
        """Sign out."""
        step = Step(statement="session_delete", values={"hash": hash_secret(token)})
        await self._store.write(Changed(steps=(step,)))

    async def end_others(self, person: Person, token: str) -> None:
        """Sign out everywhere but here."""
        values = {"person_id": person.user_id, "hash": hash_secret(token)}
        await self._store.write(Changed(steps=(Step(statement="sessions_elsewhere_delete", values=values),)))

    async def start(self, user: User, browser: Browser = UNKNOWN, *before: Step) -> str:
        """A new session's token, for somebody who is known by now; before: steps of the same transaction."""
        token, now = ids.new_secret(32), ids.now()
        values = {
            "hash": hash_secret(token),
            "person_id": user.id,
            "created_at": now,
            "expires_at": now + limits.SESSION_SECONDS * limits.SECOND,
            "agent": browser.agent[: limits.AGENT_CHARACTERS],
            "address": browser.address,
        }
        steps = (
            *before,
            Step(statement="session_insert", values=values),
            Step(statement="person_signed_in", values={"id": user.id, "now": now}),
        )
        if isinstance(await self._store.write(Changed(steps=steps)), Stale):
            raise Unauthorized(Code.UNAUTHENTICATED, "This sign-in link was used already or has expired.")
        return token

    def _throttle(self, key: tuple[str, str], most: int) -> None:
        """`most` tries for each key and minute. Raises Refused with the seconds to wait."""
        now = ids.now()
        tries, since = self._tries.get(key) or (0, now)
        if now - since >= limits.MINUTE:
            tries, since = 0, now
        if tries >= most:
            seconds = (since + limits.MINUTE - now) // limits.SECOND + 1
            title = f"Too many tries. Wait {seconds} seconds."
            raise Refused(Code.TOO_MANY_TRIES, title, context={"retryAfter": str(seconds)}, status=429)
        self._tries.keep(key, (tries + 1, since))
