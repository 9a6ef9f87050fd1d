"""How SQLite runs a plan: statement by statement, on the writer's thread, inside the open transaction.

An answer that says "nothing was written" undoes what came before it: that is up to who opened the transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import apsw

from retour.model import Lane
from retour.stores import DeliveryClaim, EarlyReport, MessageClaim, claims, plans, tallies
from retour.stores.handovers import Answer, Handover
from retour.stores.plans import Ask, Conflict, Plan
from retour.stores.sql import Statement, names_of, statements

T = TypeVar("T")


def _bound(text: str) -> Statement:
    """One statement or several, which count their places anew. The driver reads all of a text each time: no blanks."""
    squeezed = " ".join(text.split())
    return Statement(squeezed, tuple(name for part in squeezed.split(";") for name in names_of(part)))


SQL = {name: _bound(text) for name, text in statements("sqlite").items()}


def apply(db: apsw.Connection, handover: Handover) -> Answer:
    """Write one hand-over."""
    return _carry_out(db, plans.of(handover))


def count(db: apsw.Connection, written: Iterable[tuple[Handover, Answer]]) -> None:
    """Add what these hand-overs count, in the transaction that wrote them."""
    counts = tallies.total(written)
    add = SQL["tally_add"]
    rows = [add.arguments({**place._asdict(), "part": "", "n": n}) for place, n in counts.items()]
    db.executemany(add.text, rows)


def claim_messages(db: apsw.Connection, lane: Lane, now: int, limit: int) -> MessageClaim:
    """Take due messages of a lane."""
    return _carry_out(db, claims.take_messages(lane, now, limit))


def claim_deliveries(db: apsw.Connection, sandbox: str, now: int, limit: int) -> DeliveryClaim:
    """Take due deliveries of a sandbox."""
    return _carry_out(db, claims.take_deliveries(sandbox, now, limit))


def claim_reports(db: apsw.Connection, sandbox: str, now: int, limit: int) -> tuple[EarlyReport, ...]:
    """Take due early reports of a sandbox."""
    return _carry_out(db, claims.take_reports(sandbox, now, limit))


def _carry_out(db: apsw.Connection, plan: Plan[T]) -> T:
    """Step by step, to its answer."""
    try:
        asks = next(plan)
        while True:
            asks = plan.send([run(db, ask) for ask in asks])
    except StopIteration as end:
        answer: T = end.value
        return answer
    except apsw.ConstraintError as error:
        return plans.refuse(plan, Conflict(str(error)))


def run(db: apsw.Connection, ask: Ask) -> Any:
    """The rows that were asked for, or how many it changed."""
    statement = SQL[ask.statement]
    cursor = db.execute(statement.text, statement.arguments(ask.values))
    return cursor.fetchall() if ask.rows else db.changes()
