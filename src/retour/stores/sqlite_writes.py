"""What the writer's thread does with a hand-over or a claim, inside the open transaction.

Each function runs in a savepoint of its own: an answer that says "nothing was written" undoes what came before it.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import apsw
import msgspec

from retour import limits
from retour.model import (
    DEFAULT_EVENTS,
    ChannelBits,
    ChannelKind,
    Delivery,
    DeliveryState,
    Execution,
    FeedbackStatus,
    Lane,
    Message,
    RecipientStatus,
    status_bits,
)
from retour.stores import DeliveryClaim, MessageClaim, claims
from retour.stores.handovers import (
    Accepted,
    Answer,
    Attempted,
    Changed,
    Clash,
    GivenUp,
    Handover,
    Known,
    Owing,
    Repeated,
    Settled,
    Stale,
    Written,
)
from retour.stores.sql import statements

SQL = statements()
encode = msgspec.json.Encoder().encode


def undone(answer: Any) -> bool:
    """Whether this answer says that nothing was written."""
    return isinstance(answer, Stale | Known | Clash | Repeated)


def apply(db: apsw.Connection, handover: Handover) -> Answer:
    """Write one hand-over."""
    return _apply(handover, db)


@singledispatch
def _apply(handover: Any, db: apsw.Connection) -> Answer:
    raise TypeError(f"not a hand-over: {type(handover).__name__}")


def _run(db: apsw.Connection, statement: str, values: dict[str, Any]) -> int:
    """Run a named statement; the number of rows that it changed."""
    db.execute(SQL[statement], values)
    return db.changes()


def _row(db: apsw.Connection, statement: str, **values: Any) -> tuple[Any, ...] | None:
    rows = db.execute(SQL[statement], values).fetchall()
    return rows[0] if rows else None


# --- intake ---


@_apply.register
def _accepted(handover: Accepted, db: apsw.Connection) -> Answer:
    execution = handover.execution
    key = {
        "sandbox": execution.sandbox,
        "request_id": execution.request_id,
        "hash": handover.hash,
        "execution_id": execution.id,
        "created_at": execution.created_at,
    }
    if not _run(db, "request_key_insert", key):
        return _known(db, handover)
    live = _row(
        db,
        "campaign_live",
        sandbox=execution.sandbox,
        id=execution.campaign_id,
        version_id=execution.campaign_version_id,
    )
    if live is None:
        return Stale()
    _run(db, "execution_insert", _execution_values(execution))
    for message in handover.messages:
        _run(db, "message_insert", _message_values(message))
    return Written()


def _known(db: apsw.Connection, handover: Accepted) -> Answer:
    """The first answer when the request is the same, else a clash."""
    execution = handover.execution
    row = _row(db, "request_key_get", sandbox=execution.sandbox, request_id=execution.request_id)
    if row is None or bytes(row[0]) != handover.hash:
        return Clash(what="request_key")
    told = {"id": row[1], "created_at": row[2], "created_by": row[3], "campaign_version_id": row[4]}
    return Known(execution=msgspec.structs.replace(execution, **told))


def _execution_values(execution: Execution) -> dict[str, Any]:
    values = msgspec.structs.asdict(execution)
    values["version_id"] = values.pop("campaign_version_id")
    return values


def _message_values(message: Message) -> dict[str, Any]:
    return msgspec.structs.asdict(message)


# --- sending ---


@_apply.register
def _settled(handover: Settled, db: apsw.Connection) -> Answer:
    if not _run(db, "message_settle", _settle_values(handover)):
        return Stale()
    if repeated := [owing.event.fact for owing in handover.owings if not _record(db, owing)]:
        return Repeated(facts=tuple(repeated))
    owed = sum(_owe(db, owing) for owing in handover.owings if owing.wanted)
    if handover.relay is not None:
        _relay(db, handover)
    return Written(owed=owed)


def _settle_values(handover: Settled) -> dict[str, Any]:
    return {
        "sandbox": handover.lane.sandbox,
        "id": handover.message_id,
        "fence": handover.fence,
        "revision": handover.revision,
        "status": handover.status,
        "due_at": handover.due_at,
        "attempts": handover.attempts,
        "told": len(handover.owings),
        "delayed": handover.delayed,
        "final_event_id": handover.final_event_id,
        "waits_for_relay": handover.waits_for_relay,
        "drop_content": handover.drop_content,
    }


def _record(db: apsw.Connection, owing: Owing) -> int:
    """Write an event, unless its fact is known."""
    return _run(db, "event_insert", msgspec.structs.asdict(owing.event))


def _owe(db: apsw.Connection, owing: Owing) -> int:
    """Make an event's delivery if the webhook, as it is now, wants it."""
    event = owing.event
    return _run(
        db,
        "delivery_owe",
        {
            "sandbox": event.sandbox,
            "message_id": event.message_id,
            "sequence": event.sequence,
            "id": owing.delivery_id,
            "event_id": event.id,
            "request_id": owing.request_id,
            "status": event.status,
            "at": event.at,
            "by_default": int(event.status in DEFAULT_EVENTS),
            "channel_bit": int(ChannelBits.of(event.channel)),
            "status_bit": status_bits(event.status),
        },
    )


def _relay(db: apsw.Connection, handover: Settled) -> None:
    """Note how the relay did; when it works again, what waited for it is due at once.

    While it fails, one more of those that wait takes part in probing: the one that did may expire.
    """
    relay = handover.relay
    assert relay is not None  # noqa: S101 - asked by the caller
    place = {"sandbox": handover.lane.sandbox, "id": handover.lane.name}
    lane = {"sandbox": handover.lane.sandbox, "configuration_id": handover.lane.name}
    if relay.trouble is not None:
        note = {"now": handover.now, "open_until": relay.open_until, "trouble": relay.trouble}
        _run(db, "configuration_trouble", place | note)
        _run(db, "message_wake_one", lane | {"open_until": relay.open_until})
    elif _run(db, "configuration_ok", place):
        _run(db, "messages_wake", lane | {"now": handover.now})


def claim_messages(db: apsw.Connection, lane: Lane, now: int, limit: int) -> MessageClaim:
    """Take due messages, as many as the relay's state allows (claims.messages)."""
    place = {"sandbox": lane.sandbox, "configuration_id": lane.name}
    health = _row(db, "configuration_health", sandbox=lane.sandbox, id=lane.name) or (0, 0, None, None)
    version, failures, failing_since, open_until = health
    leased = failures > 0 and _row(db, "message_leased", **place, now=now) is not None
    turn = claims.messages(failures, open_until, leased, now, limit)
    statement = "message_claim_stuck" if turn.stuck else "message_claim"
    values = place | {"now": now, "until": now + limits.SENDING_LEASE, "limit": turn.limit}
    rows = db.execute(SQL[statement], values).fetchall()
    return MessageClaim(
        messages=tuple(_message(lane.sandbox, row) for row in rows),
        version=version,
        failing_since=failing_since,
        probe=turn.probe,
        stuck=turn.stuck,
    )


MESSAGE_COLUMNS = (
    "id", "execution_id", "request_id", "campaign_id", "version_id", "configuration_id", "channel",
    "namespace", "user_id", "address", "created_at", "expires_at", "content", "status", "attempts",
    "fence", "taken", "revision", "events", "delayed", "final_event_id", "due_at",
)  # fmt: skip


def _message(sandbox: str, row: tuple[Any, ...]) -> Message:
    values = dict(zip(MESSAGE_COLUMNS, row, strict=True))
    values |= {
        "channel": ChannelKind(values["channel"]),
        "status": RecipientStatus(values["status"]),
        "delayed": bool(values["delayed"]),
    }
    return Message(sandbox=sandbox, **values)


# --- dispatch ---


def claim_deliveries(db: apsw.Connection, sandbox: str, now: int, limit: int) -> DeliveryClaim:
    """Take due deliveries, as many as the webhook's state allows (claims.deliveries)."""
    state = _row(db, "webhook_state", sandbox=sandbox)
    if state is None:
        return DeliveryClaim()
    webhook_id, version, paused_at, failures, open_until, deadline, last_accepted_at, failing_since = state
    failing = failures >= limits.CIRCUIT_FAILURES
    leased = failing and _row(db, "delivery_leased", sandbox=sandbox, now=now) is not None
    turn = claims.deliveries(paused_at is not None, failures, open_until, leased, now, limit)
    rows: list[tuple[Any, ...]] = []
    if turn.limit:
        until = now + deadline * limits.SECOND + limits.LEASE_MARGIN
        values = {"sandbox": sandbox, "now": now, "until": until, "limit": turn.limit}
        rows = db.execute(SQL["delivery_claim"], values).fetchall()
    return DeliveryClaim(
        deliveries=tuple(_delivery(db, sandbox, row) for row in rows),
        webhook_id=webhook_id,
        version=version,
        failing_since=failing_since,
        last_accepted_at=last_accepted_at,
        probe=turn.probe,
    )


DELIVERY_COLUMNS = (
    "id", "event_id", "message_id", "request_id", "feedback_status", "sequence", "replay", "webhook_id",
    "format", "state", "attempts", "fence", "taken", "due_at", "created_at", "first_attempt_at",
)  # fmt: skip


def _delivery(db: apsw.Connection, sandbox: str, row: tuple[Any, ...]) -> Delivery:
    values = dict(zip(DELIVERY_COLUMNS, row, strict=True))
    place = {"sandbox": sandbox, "message_id": values["message_id"], "sequence": values["sequence"]}
    body = _row(db, "event_body", **place)
    values |= {
        "feedback_status": FeedbackStatus(values["feedback_status"]),
        "state": DeliveryState(values["state"]),
        "body": bytes(body[0]) if body else b"",
    }
    return Delivery(sandbox=sandbox, **values)


@_apply.register
def _attempted(handover: Attempted, db: apsw.Connection) -> Answer:
    attempt = handover.attempt
    final = handover.state is not DeliveryState.DUE
    values = {
        "sandbox": handover.sandbox,
        "id": handover.delivery_id,
        "fence": handover.fence,
        "state": handover.state,
        "due_at": handover.due_at,
        "attempts": handover.attempts,
        "settled_at": handover.now if final else None,
        "last_code": attempt.status_code,
        "last_trouble": handover.trouble,
    }
    if not _run(db, "delivery_settle", values):
        return Stale()
    _run(db, "attempt_insert", _attempt_values(handover))
    _note_webhook(db, handover)
    if final:
        return Written(owed=_wake_next(db, handover))
    place = {"sandbox": handover.sandbox, "id": handover.delivery_id, "now": handover.now}
    _run(db, "delivery_cancel_orphan", place)
    return Written()


def _attempt_values(handover: Attempted) -> dict[str, Any]:
    attempt = handover.attempt
    return {
        "sandbox": handover.sandbox,
        "message_id": handover.message_id,
        "id": attempt.id,
        "delivery_id": attempt.delivery_id,
        "number": attempt.number,
        "at": attempt.at,
        "doc": encode(attempt),
    }


def _note_webhook(db: apsw.Connection, handover: Attempted) -> None:
    """How the endpoint did: closes or opens the circuit, or pauses the webhook on 410."""
    place = {"sandbox": handover.sandbox, "id": handover.webhook_id, "now": handover.now}
    if handover.attempt.accepted:
        _run(db, "webhook_accepted", place)
        return
    failed = {
        "threshold": limits.CIRCUIT_FAILURES,
        "open_until": handover.open_until,
        "trouble": handover.attempt.detail,
    }
    _run(db, "webhook_failed", place | failed)
    if handover.gone:
        _run(db, "webhook_gone", place)


def _wake_next(db: apsw.Connection, handover: Attempted | GivenUp) -> int:
    """The message's next event need not wait any longer."""
    values = {
        "sandbox": handover.sandbox,
        "message_id": handover.message_id,
        "replay": handover.replay,
        "sequence": handover.sequence,
        "now": handover.now,
    }
    return _run(db, "delivery_wake_next", values)


@_apply.register
def _given_up(handover: GivenUp, db: apsw.Connection) -> Answer:
    values = {
        "sandbox": handover.sandbox,
        "id": handover.delivery_id,
        "fence": handover.fence,
        "state": handover.state,
        "due_at": handover.now,
        "attempts": handover.attempts,
        "settled_at": handover.now,
        "last_code": None,
        "last_trouble": handover.trouble,
    }
    if not _run(db, "delivery_settle", values):
        return Stale()
    return Written(owed=_wake_next(db, handover))


# --- the catalog ---


@_apply.register
def _changed(handover: Changed, db: apsw.Connection) -> Answer:
    changed = 0
    for step in handover.steps:
        try:
            changed = _run(db, step.statement, step.values)
        except apsw.ConstraintError:
            return Clash(what=step.statement)
        if step.guard and changed != 1:
            return Stale()
    return Written(changed=changed)
