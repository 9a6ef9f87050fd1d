"""Erasing a person everywhere in a sandbox: nothing of them is left but counts.

Idempotent and restartable: whoever is interrupted asks again, and what is left to do is done. In this order: from the
first commit on nothing is sent, posted or recorded any more; then what endpoints answered goes; at last who it was. A
row that is leased keeps its lease: whoever holds it settles it, and finds that nothing more is due.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from retour import audit, ids
from retour.audit import Deed, Noun, Subject
from retour.model import COMMAND_LINE, Actor, Attempt, ChannelKind, Sandbox, Value
from retour.stores import Row, Store
from retour.stores.handovers import Changed, Step

BATCH = 100  # messages per commit: some hundred rows
NOTHING = b""
ADDRESSES = {"email": ChannelKind.EMAIL, "phone": ChannelKind.SMS}  # namespaces in which the id is an address
FOLDED = ("email",)  # those in which capitals make no difference
STORE_NOTE = "erased"  # the embedded store rewrites its file at the next start


class Erased(Value):
    """How much was erased: messages, and what belonged to them."""

    messages: int = 0
    events: int = 0
    deliveries: int = 0
    attempts: int = 0
    profiles: int = 0


class Erasure:
    """Erases people."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def erase(self, sandbox: Sandbox, namespace: str, user_id: str, by: Actor = COMMAND_LINE) -> Erased:
        """Everything of the person with this id in this namespace (in any case), and what went to that address.

        The audit log learns how much it was, and not who.
        """
        who: dict[str, Any] = {"sandbox": sandbox.id, "namespace": namespace.lower(), "user_id": user_id}
        who["fold"] = int(who["namespace"] in FOLDED)
        done = Erased(profiles=await self._profiles(who))
        async for rows in self._messages(who):
            await self._silence([row[0] for row in rows], sandbox.id)
            for row in rows:
                await self._bare_attempts(sandbox.id, row[0])
            await self._forget([row[0] for row in rows], sandbox.id)
            done = _plus(done, rows)
        if done != Erased():
            note = Step(statement="setting_put", values={"name": STORE_NOTE, "value": "1"})
            subject = Subject(Noun.PERSON, "", who["namespace"])
            told = audit.entry(by, audit.place_of(sandbox), Deed.ERASED, subject, None, done)
            await self._store.write(Changed(steps=(note, told)))
        return done

    async def _profiles(self, who: dict[str, Any]) -> int:
        """More than one if the same address was written differently."""
        place = {"sandbox": who["sandbox"], "namespace": who["namespace"]}
        count = 0
        while rows := await self._store.read("profiles_of_person", **who, limit=BATCH):
            steps = [Step(statement="profile_delete", values=place | {"user_id": row[0]}) for row in rows]
            await self._store.write(Changed(steps=tuple(steps)))
            count += len(rows)
        return count

    async def _messages(self, who: dict[str, Any]) -> AsyncIterator[list[Row]]:
        """Batches of (id, events, deliveries, attempts): those of the user id, then those to the address."""
        place = {"sandbox": who["sandbox"], "fold": who["fold"]}
        asked = [("messages_of_person", who)]
        if channel := ADDRESSES.get(who["namespace"]):
            asked.append(
                ("messages_to_address", place | {"address": who["user_id"], "channel": channel.value})
            )
        for statement, values in asked:
            after = ""
            while rows := await self._store.read(statement, **values, after=after, limit=BATCH):
                after = rows[-1][0]
                yield rows

    async def _silence(self, messages: list[str], sandbox: str) -> None:
        """From here on nothing is sent, posted or recorded; content and bodies are gone."""
        steps: list[Step] = []
        for message in messages:
            place = {"sandbox": sandbox, "id": message}
            steps += [
                Step(statement="message_erase", values=place),
                Step(statement="events_erase", values=place | {"nothing": NOTHING}),
                Step(statement="deliveries_erase", values=place | {"now": ids.now()}),
                Step(statement="deliveries_mark_erased", values=place),
                Step(statement="returned_mails_erase", values=place),
                Step(statement="early_reports_erase", values=place),
                Step(statement="provider_refs_erase", values=place),
                Step(statement="soft_error_erase", values=place),
            ]
        await self._store.write(Changed(steps=tuple(steps)))

    async def _bare_attempts(self, sandbox: str, message: str) -> None:
        """What endpoints answered may name the person: of an attempt its outcome and times are left."""
        place, after = {"sandbox": sandbox, "message_id": message}, ""
        while rows := await self._store.read("attempts_of_message", **place, after=after, limit=BATCH):
            steps = [
                Step(statement="attempt_update", values=place | {"id": row[0], "doc": _bare(row[1])})
                for row in rows
            ]
            await self._store.write(Changed(steps=tuple(steps)))
            after = rows[-1][0]

    async def _forget(self, messages: list[str], sandbox: str) -> None:
        """The last trace, and what the messages were found by."""
        steps = [
            Step(statement="message_forget", values={"sandbox": sandbox, "id": message})
            for message in messages
        ]
        await self._store.write(Changed(steps=tuple(steps)))


def _bare(doc: bytes) -> bytes:
    attempt = msgspec.json.decode(doc, type=Attempt)
    return msgspec.json.encode(msgspec.structs.replace(attempt, response_body="", response_headers=()))


def _plus(done: Erased, rows: list[Row]) -> Erased:
    _, events, deliveries, attempts = zip(*rows, strict=True)
    return msgspec.structs.replace(
        done,
        messages=done.messages + len(rows),
        events=done.events + sum(events),
        deliveries=done.deliveries + sum(deliveries),
        attempts=done.attempts + sum(attempts),
    )
