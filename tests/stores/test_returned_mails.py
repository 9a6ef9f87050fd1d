"""Mails that came back, on both stores: when the last one came, for each sandbox by itself."""

from __future__ import annotations

from retour import ids
from retour.stores.handovers import Changed, Step
from retour.stores.report_shelves import ReportShelves
from stores.desk import Desk


async def keep(desk: Desk, sandbox: str, at: int) -> None:
    """A mail for a new message came back."""
    values = {"sandbox": sandbox, "message_id": ids.new_id(), "id": "m", "at": at, "kind": "dsn"}
    values |= {"event_id": None, "size": 1, "raw": b"sealed"}
    await desk.store.write(Changed(steps=(Step(statement="returned_mail_insert", values=values),)))


async def test_the_newest_is_that_of_the_own_sandbox(desk: Desk) -> None:
    reading = ReportShelves(desk.store)
    acme, other = ids.new_id(), ids.new_id()
    assert await reading.newest(acme) is None
    for at in (3, 7, 5):
        await keep(desk, acme, at)
    await keep(desk, other, 9)
    assert (await reading.newest(acme), await reading.newest(other)) == (7, 9)
