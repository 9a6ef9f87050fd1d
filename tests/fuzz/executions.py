"""Executions: raw bytes at both endpoints, and what was taken goes through the sending room."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

from cast import House, a_house
from fuzz import spoiling
from fuzz.asgi import Door
from retour import ids
from retour.catalog.inputs import BodyInput, ContentInput
from retour.config import MOST_RATE
from retour.model import Lane
from retour.web.ingest import HIGH_THROUGHPUT_PATH, PATH

SUBJECT = "Hello {{profile.person.name.firstName}}"
HTML = (
    "<p>{{context.code}} {%= upperCase(context.note) %}{{#each context.items as |i|}}{{i.name}}{{/each}}</p>"
    '{%#if profile.loyalty.points > 10%}gold{%/if%}{%= formatDate(context.day, "MMMM d") %}'
)
TEXT = "{{context.code}} {{{context.note}}} {{profile.person.name.firstName}}"
CONTEXT = {
    "code": "17",
    "note": "Bonjour",
    "day": "2026-01-31T09:30:00Z",
    "items": [{"name": "a"}, {"name": "b"}],
}
PROFILE = {
    "person": {"name": {"firstName": "Jane"}},
    "loyalty": {"points": 12},
    "personalEmail": {"address": "p@x.org"},
}
ADDRESSES = (
    "delivered",
    "sent",
    "bounce",
    "error",
    "deferred",
    "delivered+1s",
    "bounce+22",
    "jane",
    "jürgen",
)
PEOPLE = (1,) * 12 + (2, 2, 3, 3, 5, 20, 21, 0)
RUNNING = 3  # of the campaigns, outside of high throughput mode
SETTLE_SECONDS = 20.0
ODD_HEADERS = (
    (b"content-length", b"0"),
    (b"content-length", b"-1"),
    (b"content-length", b"9" * 400),
    (b"content-length", "²".encode("latin-1")),
    (b"x-sandbox-name", b"\xff\x00"),
    (b"x-sandbox-name", b""),
    (b"x-gw-ims-org-id", b"other@Org"),
    (b"content-type", b"\xff"),
    (b"content-encoding", b"gzip"),
    (b"authorization", b"Bearer " + b"x" * 10_000),
)


class Executions:
    """See Kind."""

    name = "executions"

    def __init__(self, house: House, door: Door, campaigns: list[str], lanes: list[Lane]) -> None:
        self._house = house
        self._door = door
        self._campaigns = campaigns
        self._lanes = lanes

    async def one(self, chance: Random, trail: list[Any]) -> str:
        """See Kind."""
        path = chance.choice((PATH, PATH, PATH, HIGH_THROUGHPUT_PATH))
        headers = [chance.choice(ODD_HEADERS)] if chance.random() < 0.03 else []
        body = _bytes(self._request(chance, high=path != PATH), chance)
        trail += [path, headers, len(body), body]
        said = await self._door.ask("POST", path, body, headers)
        if said.status == 202:
            await self._send()
        return str(said.status)

    def _request(self, chance: Random, *, high: bool) -> dict[str, Any]:
        """A request that is right, or nearly."""
        people = [_person(chance, high=high) for _ in range(chance.choice(PEOPLE))]
        return {
            "requestId": "again" if chance.random() < 0.1 else f"{chance.getrandbits(128):032x}",
            "campaignId": self._campaign(chance, high=high),
            "recipients": people,
        }

    def _campaign(self, chance: Random, *, high: bool) -> str:
        """Mostly one that runs, and in the mode of the endpoint."""
        if chance.random() < 0.05:
            return chance.choice(self._campaigns)
        return self._campaigns[-1] if high else chance.choice(self._campaigns[:RUNNING])

    async def _send(self) -> None:
        """One round of the sending room for what may have been taken; the messages' own outcomes follow."""
        for lane in self._lanes:
            await self._house.retour.sending.run_due(lane, ids.now())
        await self._house.retour.sending.slots.finish(SETTLE_SECONDS)


def _person(chance: Random, *, high: bool) -> dict[str, Any]:
    address = f"{chance.choice(ADDRESSES)}@example.com"
    person: dict[str, Any] = {
        "type": "external" if high or chance.random() < 0.5 else "aep",
        "userId": address,
        "namespace": "email",
        "channelData": {"emailAddress": address, "mobilePhoneNumber": "+15550100"},
        "context": CONTEXT,
    }
    if not high:
        person["profile"] = PROFILE
    return person


def _bytes(request: dict[str, Any], chance: Random) -> bytes:
    """Of ten: six with other data, one with other bytes, one as no encoder writes it, one of all sorts, one right."""
    kind = chance.randrange(10)
    if kind < 6:
        request = spoiling.data(request, chance, chance.choice((1, 1, 1, 2)))
    good = spoiling.json_bytes(request, chance)
    if kind == 6:
        return spoiling.raw(good, chance)
    if kind == 7:
        return spoiling.json_of_no_sort(good, chance)
    if kind == 8:
        return spoiling.raw(
            spoiling.json_of_no_sort(json.dumps(spoiling.value(chance)).encode(), chance), chance
        )
    return good


@asynccontextmanager
async def executions(folder: Path) -> AsyncIterator[Executions]:
    """A house with campaigns of every kind, whose messages nobody outside gets."""
    async with a_house(folder, intake_rate=MOST_RATE, intake_rate_high=MOST_RATE) as house:
        mail, sms = await house.simulated(), await house.simulated("sms")
        content = ContentInput(subject=SUBJECT, html=BodyInput(body=HTML), text=BodyInput(body=TEXT))
        told = ContentInput(text="{{context.code}} {{context.note}}")
        plain = await house.campaign(mail)
        stopped = await house.campaign(mail)
        await house.retour.campaigns.stop(house.dev, stopped.id)
        made = [
            plain.id,
            (await house.campaign(mail, content=content)).id,
            (await house.campaign(sms, channel="sms", content=told, identity_namespace="email")).id,
            stopped.id,
            "nothing",
            (await house.campaign(mail, content=_without_profile(), high_throughput_mode=True)).id,
        ]
        door = Door(house)
        await door.open()
        yield Executions(house, door, made, [Lane(house.dev.id, mail), Lane(house.dev.id, sms)])


def _without_profile() -> ContentInput:
    return ContentInput(subject="Hello {{context.code}}", html=BodyInput(body="<p>{{context.note}}</p>"))
