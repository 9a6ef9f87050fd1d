"""Housekeeping: what has outlived its age goes, or is given up with a trace. Runs at the start and every hour."""

from __future__ import annotations

from typing import Any

import msgspec

from retour import limits, signing
from retour.model import Webhook
from retour.retention import Retention
from retour.stores import Row, Store
from retour.stores.handovers import Changed, Step, Written

EVERY_SECONDS = 3_600.0
SOON_SECONDS = 60.0  # after a round that left something
BATCH = 1_000  # rows per commit: what callers wait for must not wait for housekeeping


class Upkeep:
    """Small deletes by age; a crash between two of them is harmless."""

    def __init__(self, store: Store, retention: Retention) -> None:
        self._store = store
        self._retention = retention

    async def run(self, now: int) -> bool:
        """One round: parked events that nobody came for; what has run out: links, sessions, request ids, secrets.

        Last what is old. True: there may be more of that, so that a next round should come soon.
        """
        await self._store.write(
            Changed(
                steps=(
                    Step(
                        statement="deliveries_expire", values={"now": now, "before": now - limits.PARKED_AGE}
                    ),
                    Step(statement="sign_in_links_expire", values={"now": now}),
                    Step(statement="sessions_expire", values={"now": now}),
                    Step(statement="invitations_expire", values={"now": now}),
                )
            )
        )
        await self._in_batches("request_keys_expire", now - limits.REQUEST_KEY_AGE)
        await self._in_batches("provider_refs_expire", now - limits.PROVIDER_REF_AGE)
        await self._in_batches("audit_expire", now - limits.AUDIT_AGE)
        await self._in_batches("soft_errors_expire", now - limits.SOFT_ERROR_AGE)
        await self._end_overlaps(now)
        await self._fold_tallies(now)
        return await self._retention.run(now)

    async def _in_batches(self, statement: str, before: int) -> None:
        """Until a batch is not full."""
        changed = BATCH
        while changed == BATCH:
            step = Step(statement=statement, values={"before": before, "limit": BATCH})
            answer = await self._store.write(Changed(steps=(step,)))
            changed = answer.changed if isinstance(answer, Written) else 0

    async def _fold_tallies(self, now: int) -> None:
        """Counts by the minute become counts by the hour, an hour to a commit; those by the hour go at last."""
        sandbox = ""
        while rows := await self._store.read("sandbox_after", after=sandbox):
            sandbox = rows[0][0]
            while hour := await self._first_hour(sandbox, "minute", now - limits.TALLY_MINUTES_AGE):
                await self._store.write(_folded(sandbox, hour))
            while hour := await self._first_hour(sandbox, "hour", now - limits.TALLY_HOURS_AGE):
                await self._store.write(Changed(steps=(_dropped(sandbox, "hour", hour),)))

    async def _first_hour(self, sandbox: str, width: str, before: int) -> int | None:
        """The start of the first hour of which something is counted, if that is before then."""
        rows = await self._store.read("tally_first", sandbox=sandbox, width=width, older_than=before)
        return rows[0][0] - rows[0][0] % limits.HOUR if rows else None

    async def _end_overlaps(self, now: int) -> None:
        """Take secrets that a rotation replaced out of their rows, when they have come to their end.

        A row that somebody changes meanwhile is left alone: who changed it left them out, too.
        """
        after = ""
        while rows := await self._store.read("webhooks_overlapped", now=now, after=after, limit=BATCH):
            for row in rows:
                await self._store.write(Changed(steps=(_without_ended(row, now),)))
            after = rows[-1][0]


def _folded(sandbox: str, hour: int) -> Changed:
    place = _hour(sandbox, hour)
    steps = (Step(statement="tally_take", values=place), Step(statement="tally_fold", values=place))
    return Changed(steps=(*steps, _dropped(sandbox, "taken", hour)))


def _dropped(sandbox: str, width: str, hour: int) -> Step:
    return Step(statement="tally_drop", values=_hour(sandbox, hour) | {"width": width})


def _hour(sandbox: str, hour: int) -> dict[str, Any]:
    return {"sandbox": sandbox, "hour": hour, "next": hour + limits.HOUR}


def _without_ended(row: Row, now: int) -> Step:
    sandbox, webhook_id, doc, version = row
    webhook = signing.without_ended(msgspec.json.decode(doc, type=Webhook), now)
    values = {"sandbox": sandbox, "id": webhook_id, "version": version}
    values |= {"doc": msgspec.json.encode(webhook), "overlap_until": signing.first_end(webhook)}
    return Step(statement="webhook_overlap_end", values=values)
