"""What is personal is not in the files or in the log once it has done its work, or its person was erased."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
import structlog

from cast import House, until
from outside.certificates import Authority
from outside.https import Endpoint, Exchange, serving
from outside.smtp import Relay, relay
from retour import app, intake, logs
from retour.catalog.inputs import BodyInput, ContentInput
from retour.model import Campaign, Execution
from retour.stores import sqlite
from rooms.steps import post_due
from web.api.callers import rows

LINK, NAME, TITLE = "https://luma.example/reset/Jf83kd02ks", "Wilhelmina-Jane", "Order of a walking frame"
CONTENT = {
    "subject": "{{context.order.title}}",
    "html": '<p>{{profile.person.name}}</p><a href="{{context.link}}">x</a>',
}
PAGE_BYTES, LEAVES = 4_096, (10, 13)
JANE, JOHN = "jane.personal@example.com", "john.personal@example.com"


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Standard error as an operator keeps it."""
    kept = io.StringIO()
    before = structlog.get_config()
    with contextlib.redirect_stderr(kept):
        logs.set_up("json", for_good=False)
        yield kept
    structlog.configure(**before)


def on_disk(house: House) -> bytes:
    """Every byte of the data directory, with the log emptied into the file."""
    file = house.retour.settings.database_file
    db = sqlite.connect(file)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return b"".join(path.read_bytes() for path in sorted(file.parent.iterdir()) if path.is_file())


def found(text: bytes | str, *words: str) -> list[str]:
    """Those that are there."""
    raw = text.encode() if isinstance(text, str) else text
    return [word for word in words if word.encode() in raw]


async def mail(house: House, mx: Relay, *people: str) -> tuple[Campaign, Execution]:
    """A mail with personal content to each of these."""
    content = ContentInput(subject=CONTENT["subject"], html=BodyInput(body=CONTENT["html"]))
    campaign = await house.campaign(await house.relay(mx.port), content=content)
    recipients = tuple(
        intake.Recipient(
            kind="aep",
            user_id=person,
            namespace="email",
            profile={"person": {"name": NAME}},
            context={"link": LINK, "order": {"title": TITLE}},
        )
        for person in people
    )
    request = intake.Request(
        request_id="order-17", campaign_id=campaign.id, recipients=recipients, hash=b"hash"
    )
    return campaign, await house.retour.intake.accept(house.dev, request, "test")


async def all_told(house: House, receiver: Endpoint, count: int) -> None:
    async def so() -> bool:
        return len(receiver.requests) >= count and await house.retour.shelves.waiting(house.dev.id) == 0

    await until(so)


async def test_content_is_in_no_file_and_in_no_log_once_the_message_is_sent(
    house: House, receiver: Endpoint, logged: io.StringIO
) -> None:
    async with relay() as mx:
        await house.webhook(receiver.url("/x"))
        await mail(house, mx, JANE, JOHN)
        assert found(on_disk(house), LINK, NAME, TITLE) == [], "it is sealed while it waits, too"
        assert found(on_disk(house), JANE) == [JANE], "what is looked for is found where it is"
        async with house.working():
            await all_told(house, receiver, 2)
        assert len(mx.messages) == 2
        assert found(mx.messages[0].content, TITLE) == [TITLE]
    assert found(on_disk(house), LINK, NAME, TITLE) == []
    assert sealed(house) == []
    assert found(logged.getvalue(), LINK, NAME, TITLE, JANE, JOHN) == []


def sealed(house: House) -> list[Any]:
    """Content that is still kept."""
    db = apsw.Connection(str(house.retour.settings.database_file), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return db.execute("SELECT id FROM message WHERE content IS NOT NULL").fetchall()
    finally:
        db.close()


async def test_trouble_tells_the_log_nothing_personal(
    house: House, logged: io.StringIO, authority: Authority
) -> None:
    async def refusing(exchange: Exchange) -> None:
        await exchange.reply(500, body=JANE.encode())

    async with relay() as mx, serving(refusing, tls=authority.server("127.0.0.1")) as endpoint:
        mx.conduct.answers["RCPT"] = f"550 5.1.1 <{JANE}> {TITLE}"
        await house.webhook(endpoint.url("/x"))
        await mail(house, mx, JANE)
        async with house.working():
            await endpoint.arrived(1)
        db = apsw.Connection(str(house.retour.settings.database_file))
        db.execute("UPDATE delivery SET taken = 99, due_at = 0, attempts = 0")
        db.close()
        await post_due(house)
    assert "delivery_given_up" in logged.getvalue(), "nothing was logged, so this proves nothing"
    assert found(logged.getvalue(), LINK, NAME, TITLE, JANE) == []


async def test_nothing_of_a_person_who_was_erased_is_in_any_file(
    house: House, authority: Authority, logged: io.StringIO
) -> None:
    async def answering(exchange: Exchange) -> None:
        person = JANE if JANE.encode() in exchange.request.body else JOHN
        await exchange.reply(200, body=exchange.request.body, headers=(("X-Person", person),))

    async with relay() as mx, serving(answering, tls=authority.server("127.0.0.1")) as endpoint:
        await house.webhook(endpoint.url("/x"))
        await mail(house, mx, JANE, JOHN)
        async with house.working():
            await all_told(house, endpoint, 2)
    assert found(on_disk(house), JANE, JOHN) == [JANE, JOHN]
    before = rows(house)
    erased = await house.retour.erasure.erase(house.dev, "email", JANE)
    assert (erased.messages, erased.events, erased.profiles) == (1, 1, 1)
    assert found(on_disk(house), JANE, JANE.partition("@")[0], JOHN) == [JOHN]
    left = {"profile": before["profile"] - 1, "setting": before["setting"] + 1, "audit": before["audit"] + 1}
    assert rows(house) == before | left
    assert found(logged.getvalue(), JANE) == []


async def test_what_sqlite_left_in_unused_corners_is_gone_after_the_next_start(house: House) -> None:
    """Rows that moved from page to page may leave copies that no DELETE overwrites."""
    await house.execute(await house.campaign(await house.simulated()), JOHN, "nobody@example.com")
    settings = house.retour.settings
    await house.retour.close()
    leave(settings.database_file, JANE.encode())
    house.retour = await app.build(settings)
    assert found(on_disk(house), JANE, JOHN) == [JANE, JOHN], "nothing was left, so this proves nothing"
    await house.retour.erasure.erase(house.dev, "email", "nobody@example.com")
    await house.retour.close()
    house.retour = await app.build(settings)
    assert found(on_disk(house), JANE, JOHN) == [JOHN]
    assert await house.retour.shelves.setting(sqlite.ERASED) is None
    await house.retour.close()


def leave(file: Path, words: bytes) -> None:
    """In the unused middle of the first page that has room (sqlite.org/fileformat2.html, 1.6)."""
    raw = bytearray(file.read_bytes())
    for page in range(PAGE_BYTES, len(raw), PAGE_BYTES):
        cells, content = (int.from_bytes(raw[page + at : page + at + 2]) for at in (3, 5))
        unused = 8 + 2 * cells
        if raw[page] in LEAVES and content - unused > len(words):
            raw[page + unused : page + unused + len(words)] = words
            file.write_bytes(raw)
            return
    raise AssertionError("no page has room")
