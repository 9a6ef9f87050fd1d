"""What a report is decided on, and the mails that came back, as they are read from the store."""

from __future__ import annotations

import msgspec

from retour.model import Event, Message, Value
from retour.stores import Store
from retour.stores.claims import MESSAGE_COLUMNS, message_of
from retour.stores.shelves import event_of

EVENT_FROM = len(MESSAGE_COLUMNS) + 2  # of message_to_report: leased and erased come between


class Reportable(Value):
    """A message, its events so far, and whether it is being tried at this moment, or belongs to somebody erased."""

    message: Message
    events: tuple[Event, ...]
    leased: bool
    erased: bool


class ReturnedMail(Value):
    """A mail that came back. at: microseconds. kind: mailreports.Kind. size: of the whole mail, octets."""

    id: str
    at: int
    kind: str
    event_id: str | None
    size: int


class ReportShelves:
    """Reads for reports."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def reportable(self, sandbox: str, message_id: str) -> Reportable | None:
        """A message to report of; None when there is none of that id."""
        rows = await self._store.read("message_to_report", sandbox=sandbox, id=message_id)
        if not rows:
            return None
        *values, leased, erased = rows[0][:EVENT_FROM]
        return Reportable(
            message=message_of(sandbox, tuple(values)),
            events=tuple(event_of(sandbox, row[EVENT_FROM:]) for row in rows if row[EVENT_FROM] is not None),
            leased=bool(leased),
            erased=bool(erased),
        )

    async def message_of(self, sandbox: str, configuration_id: str, reference: str) -> str | None:
        """The id of the message that a provider calls so; None when none is known."""
        place = {"sandbox": sandbox, "configuration_id": configuration_id}
        rows = await self._store.read("provider_ref_get", **place, reference=reference)
        return str(rows[0][0]) if rows else None

    async def returned_mails(self, sandbox: str, message_id: str) -> list[ReturnedMail]:
        """Of a message, the first one first."""
        rows = await self._store.read("returned_mails_of", sandbox=sandbox, message_id=message_id)
        return [
            msgspec.convert(dict(zip(ReturnedMail.__struct_fields__, row, strict=True)), ReturnedMail)
            for row in rows
        ]

    async def newest(self, sandbox: str) -> int | None:
        """When a mail last came back, microseconds; None when none is kept."""
        rows = await self._store.read("returned_mail_newest", sandbox=sandbox)
        return rows[0][0] if rows else None

    async def returned_mail(
        self, sandbox: str, message_id: str, mail_id: str
    ) -> tuple[ReturnedMail, bytes] | None:
        """One of them with its sealed beginning."""
        rows = await self._store.read("returned_mail_get", sandbox=sandbox, message_id=message_id, id=mail_id)
        if not rows:
            return None
        *values, raw = rows[0]
        found = msgspec.convert(dict(zip(ReturnedMail.__struct_fields__, values, strict=True)), ReturnedMail)
        return found, bytes(raw)
