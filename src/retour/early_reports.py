"""Early reports: what a provider says of a message before it is written down that the message was sent, as rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from retour import limits
from retour.marks import Place
from retour.model import Lane, Learned
from retour.stores import EarlyReport
from retour.stores.handovers import Step


def of(lane: Lane, place: Place | None, reference: str, learned: Learned, now: int) -> EarlyReport:
    """The row that a report becomes. The same report again is the same row."""
    doc = msgspec.json.encode(learned)
    named = msgspec.json.encode((lane.name, place, reference))
    return EarlyReport(
        sandbox=lane.sandbox,
        id=hashlib.sha256(named + doc).hexdigest()[:32],
        configuration_id=lane.name,
        reference=reference,
        message_id=place.message_id if place else None,
        at=now,
        due_at=next_look(0, now),
        expires_at=now + limits.EARLY_REPORT_AGE,
        doc=doc,
    )


def next_look(attempts: int, now: int) -> int:
    """When to look again for what it waits for, after so many looks."""
    schedule = limits.EARLY_REPORT_SCHEDULE
    return now + schedule[min(attempts, len(schedule) - 1)] * limits.SECOND


def insert(early: EarlyReport) -> Step:
    """Keep it, if it is not kept already."""
    values = msgspec.structs.asdict(early)
    del values["attempts"]
    return Step(statement="early_report_insert", values=values)


def put_off(early: EarlyReport, due_at: int) -> Step:
    """Not if it was woken meanwhile."""
    values = {"sandbox": early.sandbox, "id": early.id, "attempts": early.attempts, "due_at": due_at}
    return Step(statement="early_report_put_off", values=values)


def delete(early: EarlyReport) -> Step:
    """It is over."""
    return Step(statement="early_report_delete", values={"sandbox": early.sandbox, "id": early.id})


def by_subject(reports: Iterable[EarlyReport]) -> list[list[EarlyReport]]:
    """Those that are about one message together, in their order."""
    found: dict[str, list[EarlyReport]] = {}
    for report in reports:
        found.setdefault(report.message_id or f"{report.configuration_id} {report.reference}", []).append(
            report
        )
    return list(found.values())
