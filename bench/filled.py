"""A store with many deliveries, filled past the rooms: what a busy sandbox has after two months."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import msgspec

from retour import ids, limits
from retour.model import Attempt, Timings

DAYS = 60
PEOPLE = 200_000
CHUNK = 50_000
BODY = b'{"messageDeliveryFeedback": {"feedbackStatus": {"value": "sent"}}}'
COLUMNS = {
    "message": (
        "sandbox", "id", "execution_id", "request_id", "campaign_id", "version_id", "configuration_id", "channel",
        "namespace", "user_id", "address", "created_at", "expires_at", "status",
    ),
    "event": ("sandbox", "message_id", "sequence", "id", "fact", "status", "channel", "at", "body"),
    "delivery": (
        "sandbox", "message_id", "sequence", "replay", "id", "event_id", "request_id", "feedback_status", "webhook_id",
        "format", "ordered", "state", "due_at", "created_at", "first_attempt_at", "settled_at", "attempts", "fence",
        "last_code", "last_trouble",
    ),
    "attempt": ("sandbox", "message_id", "id", "delivery_id", "number", "at", "doc"),
}  # fmt: skip
Rows = dict[str, list[tuple[Any, ...]]]


class End(NamedTuple):
    """How a delivery ended. share: of a thousand."""

    share: int
    state: str
    attempts: int
    code: int | None
    trouble: str | None


ENDS = (
    End(960, "accepted", 1, 200, None),
    End(12, "accepted", 3, 202, None),
    End(8, "exhausted", 11, 503, "http_503"),
    End(5, "exhausted", 11, None, "timeout"),
    End(2, "exhausted", 11, 404, "http_404"),
    End(5, "cancelled", 0, None, None),
    End(5, "due", 2, 500, "http_500"),
    End(3, "due", 0, None, None),
)
STATUSES = ("sent", "delivered", "bounce", "error", "delay")
WEIGHTS = (500, 460, 20, 15, 5)


def rows(sandbox: str, campaign: str, webhook: str, deliveries: int) -> Iterator[Rows]:
    """Some at a time: two deliveries for a message, evenly over DAYS until now. The same ones for the same number."""
    chance = random.Random(7)
    start, step = ids.now() - DAYS * limits.DAY, DAYS * limits.DAY // deliveries
    made: Rows = {table: [] for table in COLUMNS}
    for number in range(0, deliveries, 2):
        at = start + number * step
        person, message = f"person{chance.randrange(PEOPLE)}@example.com", made_id(at, chance)
        execution, request = f"HUMA-{number:024d}", f"request-{number}"
        made["message"].append(
            (sandbox, message, execution, request, campaign, "v", "c", "email", "email", person, person, at, at, "sent")
        )  # fmt: skip
        for sequence in (1, 2):
            _delivery(made, sandbox, webhook, message, request, sequence, at + sequence * step // 2, chance)
        if len(made["delivery"]) >= CHUNK:
            yield made
            made = {table: [] for table in COLUMNS}
    yield made


def _delivery(
    made: Rows, sandbox: str, webhook: str, message: str, request: str, sequence: int, at: int, chance: random.Random
) -> None:  # fmt: skip
    end = chance.choices(ENDS, [one.share for one in ENDS])[0]
    status = chance.choices(STATUSES, WEIGHTS)[0]
    event, delivery = made_id(at, chance), made_id(at, chance)
    settled, due = (None, ids.now() + limits.DAY) if end.state == "due" else (at, at)
    made["event"].append(
        (sandbox, message, sequence, event, f"{status}{sequence}", status, "email", at, BODY)
    )
    made["delivery"].append(
        (sandbox, message, sequence, "", delivery, event, request, status, webhook, "extended", 1, end.state, due, at,
         at, settled, end.attempts, 1, end.code, end.trouble)
    )  # fmt: skip
    if end.attempts:
        doc = _doc(sandbox, delivery, at, end)
        made["attempt"].append((sandbox, message, made_id(at, chance), delivery, end.attempts, at, doc))


def _doc(sandbox: str, delivery: str, at: int, end: End) -> bytes:
    attempt = Attempt(
        sandbox=sandbox,
        id="",
        delivery_id=delivery,
        number=end.attempts,
        at=at,
        url="https://hooks.example.com/feedback",
        status_code=end.code,
        trouble=None if end.code else end.trouble,
        detail=f"The endpoint answered {end.code}." if end.code else "No answer within 10 s.",
        address="192.0.2.1:443",
        request_headers=(("content-type", "application/json"),),
        response_headers=(("content-type", "text/plain"),),
        response_body="ok",
        timings=Timings(name=1_000, connect=9_000, tls=20_000, first_byte=80_000, total=81_000),
        accepted=end.state == "accepted",
    )
    return msgspec.json.encode(attempt)


def made_id(at: int, chance: random.Random) -> str:
    """A UUIDv7 of that time."""
    digits = f"{at // 1_000:012x}"
    tail = f"{chance.getrandbits(76):019x}"
    return f"{digits[:8]}-{digits[8:]}-7{tail[:3]}-8{tail[3:6]}-{tail[6:18]}"


def fill_sqlite(file: Path, sandbox: str, campaign: str, webhook: str, deliveries: int) -> None:
    """Into a store's file that nobody has open. Not durable until the end, which is quick."""
    db = apsw.Connection(str(file))
    db.execute("PRAGMA synchronous = OFF")
    for some in rows(sandbox, campaign, webhook, deliveries):
        with db:
            for table, columns in COLUMNS.items():
                marks = ", ".join("?" * len(columns))
                db.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", some[table])
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


async def fill_postgres(url: str, sandbox: str, campaign: str, webhook: str, deliveries: int) -> None:
    """Into a database with the schema."""
    import asyncpg

    db = await asyncpg.connect(url)
    for some in rows(sandbox, campaign, webhook, deliveries):
        for table, columns in COLUMNS.items():
            await db.copy_records_to_table(table, records=some[table], columns=columns)
    await db.execute("ANALYZE")
    await db.close()
