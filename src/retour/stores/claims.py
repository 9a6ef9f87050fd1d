"""Claims: how much may be taken, pure decisions on the state of a relay or a webhook, and what is asked for that.

The same for every store: `take_messages` and `take_deliveries` are plans (plans.py). A lease is given as its end
(`until`, by the clock of the room) and as its length (`lease`), for stores that keep their own time.
"""

from __future__ import annotations

from typing import Any

from retour import limits, suppression
from retour.model import (
    ChannelKind,
    Delivery,
    Fact,
    Lane,
    Message,
    RecipientStatus,
    Value,
)
from retour.stores import DeliveryClaim, EarlyReport, MessageClaim
from retour.stores.plans import Ask, Plan, Values, find
from retour.suppression import Guard


class Turn(Value):
    """limit: rows to take now. probe: the circuit is open and this is its one try. stuck: only tell, do not try."""

    limit: int
    probe: bool = False
    stuck: bool = False


def messages(failures: int, open_until: int | None, leased: bool, now: int, limit: int) -> Turn:
    """A failing relay gets one probe at a time; what is due meanwhile is told `delay`, or given up when too old."""
    if failures == 0:
        return Turn(limit=limit)
    if leased or (open_until is not None and open_until > now):
        return Turn(limit=limit, stuck=True)
    return Turn(limit=1, probe=True)


def deliveries(
    paused: bool, failures: int, open_until: int | None, leased: bool, now: int, limit: int
) -> Turn:
    """Nothing while paused; one probe at a time once the circuit is open."""
    if paused:
        return Turn(limit=0)
    if failures < limits.CIRCUIT_FAILURES:
        return Turn(limit=limit)
    if leased or (open_until is not None and open_until > now):
        return Turn(limit=0)
    return Turn(limit=1, probe=True)


# --- messages ---

MESSAGE_COLUMNS = (
    "id", "execution_id", "request_id", "campaign_id", "version_id", "configuration_id", "channel",
    "namespace", "user_id", "address", "created_at", "expires_at", "content", "status", "attempts",
    "fence", "taken", "revision", "events", "delayed", "final_event_id", "due_at", "tried",
)  # fmt: skip


def take_messages(lane: Lane, now: int, limit: int) -> Plan[MessageClaim]:
    """Take due messages, as many as the relay's state allows (`messages`)."""
    place = {"sandbox": lane.sandbox, "configuration_id": lane.name, "now": now}
    healths = yield from find("configuration_health", {"sandbox": lane.sandbox, "id": lane.name})
    version, failures, failing_since, open_until, guard = healths[0] if healths else (0, 0, None, None, 0)
    leased = failures > 0 and bool((yield from find("message_leased", place)))
    turn = messages(failures, open_until, leased, now, limit)
    statement = "message_claim_stuck" if turn.stuck else "message_claim"
    rows = yield from find(statement, place | _lease(now, limits.SENDING_LEASE) | {"limit": turn.limit})
    taken = tuple(message_of(lane.sandbox, row) for row in rows)
    return MessageClaim(
        messages=taken,
        left_out=(yield from _left_out(Guard(guard), taken)),
        version=version,
        failing_since=failing_since,
        probe=turn.probe,
        stuck=turn.stuck,
    )


def _left_out(guard: Guard, taken: tuple[Message, ...]) -> Plan[dict[str, Fact]]:
    """Which of them may not go, by the lists as they are in the claim's transaction."""
    asking = [message for message in taken if guard & suppression.ASKED[message.channel]]
    listed = (yield [_listed(message) for message in asking]) if asking else []
    facts = [
        suppression.left_out(guard & suppression.ASKED[message.channel], rows)
        for message, rows in zip(asking, listed, strict=True)
    ]
    return {message.id: fact for message, fact in zip(asking, facts, strict=True) if fact is not None}


def _listed(message: Message) -> Ask:
    """What the lists say of whom it is for."""
    if message.channel is ChannelKind.SMS:
        return Ask("denied_number", {"sandbox": message.sandbox, "number": message.address}, rows=True)
    key = suppression.key_of(message.address)._asdict()
    return Ask("suppression_of", {"sandbox": message.sandbox, **key}, rows=True)


def _lease(now: int, lease: int) -> Values:
    return {"until": now + lease, "lease": lease}


def message_of(sandbox: str, row: tuple[Any, ...]) -> Message:
    """A message from its MESSAGE_COLUMNS."""
    values = dict(zip(MESSAGE_COLUMNS, row, strict=True))
    values |= {
        "channel": ChannelKind(values["channel"]),
        "status": RecipientStatus(values["status"]),
        "delayed": bool(values["delayed"]),
    }
    return Message(sandbox=sandbox, **values)


# --- deliveries ---


def take_deliveries(sandbox: str, now: int, limit: int) -> Plan[DeliveryClaim]:
    """Take due deliveries, as many as the webhook's state allows (`deliveries`)."""
    place = {"sandbox": sandbox, "now": now}
    states = yield from find("webhook_state", place)
    if not states:
        return DeliveryClaim()
    webhook_id, version, paused_at, failures, open_until, deadline, accepted_at, failing_since = states[0]
    failing = failures >= limits.CIRCUIT_FAILURES
    leased = failing and bool((yield from find("delivery_leased", place)))
    turn = deliveries(paused_at is not None, failures, open_until, leased, now, limit)
    rows: list[tuple[Any, ...]] = []
    if turn.limit:
        lease = _lease(now, deadline * limits.SECOND + limits.LEASE_MARGIN)
        rows = yield from find("delivery_claim", place | lease | {"limit": turn.limit})
    return DeliveryClaim(
        deliveries=tuple(_delivery(sandbox, row) for row in rows),
        webhook_id=webhook_id,
        version=version,
        failing_since=failing_since,
        last_accepted_at=accepted_at,
        probe=turn.probe,
    )


def _delivery(sandbox: str, row: tuple[Any, ...]) -> Delivery:
    """From the columns of `delivery_claim`; with its event's frozen body, which is empty once it is removed."""
    (
        id_,
        event_id,
        message_id,
        sequence,
        replay,
        webhook_id,
        format_,
        attempts,
        fence,
        taken,
        due_at,
        first,
        body,
    ) = row
    return Delivery(
        sandbox=sandbox,
        id=id_,
        event_id=event_id,
        message_id=message_id,
        sequence=sequence,
        replay=replay,
        webhook_id=webhook_id,
        format=format_,
        attempts=attempts,
        fence=fence,
        taken=taken,
        due_at=due_at,
        first_attempt_at=first,
        body=body or b"",
    )


# --- early reports ---

REPORT_COLUMNS = (
    "id", "configuration_id", "reference", "message_id", "at", "due_at", "expires_at", "attempts", "doc",
)  # fmt: skip


def take_reports(sandbox: str, now: int, limit: int) -> Plan[tuple[EarlyReport, ...]]:
    """Take due early reports, in the order in which they came."""
    values = {"sandbox": sandbox, "now": now, "limit": limit} | _lease(now, limits.EARLY_REPORT_LEASE)
    rows = yield from find("early_report_claim", values)
    taken = (EarlyReport(sandbox=sandbox, **dict(zip(REPORT_COLUMNS, row, strict=True))) for row in rows)
    return tuple(sorted(taken, key=lambda report: (report.at, report.id)))
