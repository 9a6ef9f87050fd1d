"""What a hand-over asks of the database, step by step, the same for every store.

A plan is a generator. It gives the asks of a step and is told what each led to: the number of rows that it changed,
or the rows that it found. Its end is the answer. So the order of the statements, the guards and the answers are
written once, and a store brings only the way in which it runs a statement (and may run many plans side by side).
"""

from __future__ import annotations

from collections.abc import Generator
from functools import singledispatch
from typing import Any, NamedTuple, TypeAlias, TypeVar

import msgspec

from retour import ids, limits, suppression
from retour.model import DEFAULT_EVENTS, ChannelBits, DeliveryState, status_bits
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
    Reported,
    Returned,
    Settled,
    Stale,
    Written,
)
from retour.stores.sql import Source
from retour.suppression import Count, Lesson, LessonKind

T = TypeVar("T")
Values: TypeAlias = dict[str, Any]
UNDONE = (Stale, Known, Clash, Repeated)
encode = msgspec.json.Encoder().encode


class Ask(NamedTuple):
    """A named statement with its values: by name, or the row itself. rows: they are asked for, not the number that it
    changed."""

    statement: str
    values: Source
    rows: bool = False


Plan: TypeAlias = Generator[list[Ask], list[Any], T]


class Conflict(Exception):
    """A key is there already. Thrown into a plan by its store; one that does not expect it lets it through."""


def of(handover: Handover) -> Plan[Answer]:
    """The plan of a hand-over. Raises TypeError for anything else."""
    return _plan.registry.get(type(handover), _plan)(
        handover
    )  # without the detour over subclasses: there are none


def subject(handover: Handover) -> str | None:
    """What a hand-over is about: two of one subject go one after the other. None: about anything."""
    match handover:
        case Accepted():
            return f"request {handover.execution.request_id}"
        case Settled() | Reported() | Attempted() | GivenUp():
            return f"message {handover.message_id}"
        case _:
            return None


def sandbox(handover: Handover) -> str:
    """The sandbox that a hand-over touches; empty for what belongs to none, or to all."""
    match handover:
        case Accepted():
            return handover.execution.sandbox
        case Settled():
            return handover.lane.sandbox
        case Reported() | Attempted() | GivenUp():
            return handover.sandbox
        case Changed():
            named = {str(step.values.get("sandbox", "")) for step in handover.steps}
            return named.pop() if len(named) == 1 else ""


def undone(answer: Any) -> bool:
    """Whether this answer says that nothing was written."""
    return isinstance(answer, UNDONE)


def refuse(plan: Plan[T], conflict: Conflict) -> T:
    """Tell a plan that its last step met a key that is there. Raises the conflict if it was not expected."""
    try:
        plan.throw(conflict)
    except StopIteration as end:
        answer: T = end.value
        return answer
    raise RuntimeError("a plan goes on after a conflict")


@singledispatch
def _plan(handover: Any) -> Plan[Answer]:
    raise TypeError(f"not a hand-over: {type(handover).__name__}")


def change(statement: str, values: Values) -> Plan[int]:
    """One statement; the number of rows that it changed."""
    (changed,) = yield [Ask(statement, values)]
    return int(changed)


def find(statement: str, values: Values) -> Plan[list[tuple[Any, ...]]]:
    """One statement; its rows."""
    (rows,) = yield [Ask(statement, values, rows=True)]
    found: list[tuple[Any, ...]] = rows
    return found


# --- intake ---


@_plan.register
def _accepted(handover: Accepted) -> Plan[Answer]:
    execution = handover.execution
    key = {
        "sandbox": execution.sandbox,
        "request_id": execution.request_id,
        "hash": handover.hash,
        "execution_id": execution.id,
        "created_at": execution.created_at,
    }
    if not (yield from change("request_key_insert", key)):
        return (yield from _known(handover))
    messages = [Ask("message_insert", message) for message in handover.messages]
    profiles = [Ask("profile_insert", profile) for profile in handover.profiles]
    told = yield [Ask("execution_insert", execution), *messages, *profiles]
    if not told[0]:
        return Stale()
    return Written()


def _known(handover: Accepted) -> Plan[Answer]:
    """The first answer when the request is the same, else a clash."""
    execution = handover.execution
    key = {"sandbox": execution.sandbox, "request_id": execution.request_id}
    rows = yield from find("request_key_get", key)
    if not rows or bytes(rows[0][0]) != handover.hash:
        return Clash(what="request_key")
    names = ("id", "created_at", "created_by", "campaign_version_id")
    return Known(execution=msgspec.structs.replace(execution, **dict(zip(names, rows[0][1:], strict=True))))


# --- sending ---


@_plan.register
def _settled(handover: Settled) -> Plan[Answer]:
    if not (yield from change("message_settle", _settle_values(handover))):
        return Stale()
    owings = handover.owings
    recorded = []
    if owings:
        recorded = yield [Ask("event_insert", owing.event) for owing in owings]
    known = [owing.event.fact for owing, new in zip(owings, recorded, strict=True) if not new]
    if known:
        return Repeated(facts=tuple(known))
    owed = [Ask("delivery_owe", _owe_values(owing)) for owing in owings if owing.wanted]
    noted = _relay_notes(handover)
    told = (yield [*owed, *noted]) if owed or noted else []
    if noted and noted[0].statement == "configuration_ok" and told[len(owed)]:
        yield from change("messages_wake", _lane(handover) | {"now": handover.now})
    if handover.lesson is not None:
        yield from _learned(handover.lane.sandbox, handover.lesson)
    woken = bool(handover.references) and (yield from _referred(handover))
    return Written(owed=sum(told[: len(owed)]), woken=woken)


def _referred(handover: Settled) -> Plan[bool]:
    """By which ids it is reported of; whether reports waited for it."""
    place = _lane(handover) | {"message_id": handover.message_id, "now": handover.now}
    named = [place | {"reference": reference} for reference in sorted(set(handover.references))]
    puts = [Ask("provider_ref_put", values) for values in named]
    wakes = [Ask("early_reports_wake", values) for values in named]
    told = yield [*puts, *wakes, Ask("early_reports_wake_of", place)]
    return any(told[len(puts) :])


SETTLED = (
    "fence", "revision", "status", "due_at", "attempts", "delayed", "final_event_id", "waits_for_relay",
    "drop_content",
)  # fmt: skip


def _settle_values(handover: Settled) -> Values:
    place = {"sandbox": handover.lane.sandbox, "id": handover.message_id, "told": len(handover.owings)}
    return place | {name: getattr(handover, name) for name in SETTLED}


def _owe_values(owing: Owing) -> Values:
    """Of an event's delivery, made if the webhook, as it is now, wants it."""
    event = owing.event
    return {
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
    }


def _relay_notes(handover: Settled) -> list[Ask]:
    """How the relay did. When it works again, what waited for it is due at once.

    Until then one more takes part in probing: the message that did may be over.
    """
    relay, lane = handover.relay, _lane(handover)
    place = {"sandbox": handover.lane.sandbox, "id": handover.lane.name}
    if relay is not None and relay.trouble is not None:
        note = {"now": handover.now, "open_until": relay.open_until, "trouble": relay.trouble}
        woken = Ask("message_wake_one", lane | {"at": relay.open_until})
        return [Ask("configuration_trouble", place | note), woken]
    if relay is not None:
        return [Ask("configuration_ok", place)]
    if handover.due_at is None:
        return [Ask("message_wake_one", lane | {"at": handover.now})]
    return []


def _lane(handover: Settled) -> Values:
    return {"sandbox": handover.lane.sandbox, "configuration_id": handover.lane.name}


# --- reports ---


REPORTED = ("revision", "status", "due_at", "delayed", "final_event_id")


@_plan.register
def _reported(handover: Reported) -> Plan[Answer]:
    place = {"sandbox": handover.sandbox, "id": handover.message_id, "told": len(handover.owings)}
    values = place | {name: getattr(handover, name) for name in REPORTED}
    if not (yield from change("message_report", values)):
        return Stale()
    recorded = yield [Ask("event_insert", owing.event) for owing in handover.owings]
    known = [owing.event.fact for owing, new in zip(handover.owings, recorded, strict=True) if not new]
    if known:
        return Repeated(facts=tuple(known))
    owed = [Ask("delivery_owe", _owe_values(owing)) for owing in handover.owings if owing.wanted]
    kept = [Ask("returned_mail_insert", _mail_values(handover, handover.mail))] if handover.mail else []
    if handover.early is not None:
        kept.append(Ask("early_report_delete", {"sandbox": handover.sandbox, "id": handover.early}))
    told = (yield [*owed, *kept]) if owed or kept else []
    if handover.lesson is not None:
        yield from _learned(handover.sandbox, handover.lesson)
    return Written(owed=sum(told[: len(owed)]))


def _mail_values(handover: Reported, mail: Returned) -> Values:
    place = {"sandbox": handover.sandbox, "message_id": handover.message_id}
    return msgspec.structs.asdict(mail) | place | {"event_id": handover.owings[-1].event.id}


# --- what a message taught of its address ---


def _learned(sandbox: str, lesson: Lesson) -> Plan[None]:
    """On the suppression list with it, counted, or the count begun again."""
    place = {"sandbox": sandbox, "address": lesson.address}
    if lesson.kind is LessonKind.DELIVERED:
        yield from change("soft_error_reset", place)
    elif lesson.kind is not LessonKind.SOFT or (yield from _too_many(place, lesson)):
        yield from change("suppression_learn", suppression.learned(sandbox, lesson, ids.new_id()))


def _too_many(place: Values, lesson: Lesson) -> Plan[bool]:
    """Count a soft error, again if somebody else has counted meanwhile; whether that reached the threshold."""
    rules = yield from find("suppression_rules_get", {"sandbox": place["sandbox"]})
    threshold = rules[0][0] if rules else limits.SOFT_THRESHOLD_DEFAULT
    while True:
        rows = yield from find("soft_error_get", place)
        before = Count(errors=rows[0][0], message_id=rows[0][1], at=rows[0][2]) if rows else None
        count = suppression.counted(before, lesson)
        if count is None:
            return False
        values = msgspec.structs.asdict(count) | {"before": before.errors if before else 0}
        if (yield from change("soft_error_put", place | values)):
            return count.errors >= threshold


# --- dispatch ---


@_plan.register
def _attempted(handover: Attempted) -> Plan[Answer]:
    attempt, final = handover.attempt, handover.state is not DeliveryState.DUE
    values = _end_values(handover, handover.due_at, handover.now if final else None)
    values |= {"last_code": attempt.status_code, "webhook_id": handover.webhook_id}
    (told,) = yield [Ask("delivery_settle", values, rows=True)]
    if not told:
        return Stale()
    followed, news, erased = told[0]
    left = [] if erased else [Ask("attempt_insert", _attempt_values(handover))]
    if news or not attempt.accepted:
        left += _webhook_notes(handover)
    if not final:
        place = {"sandbox": handover.sandbox, "id": handover.delivery_id, "now": handover.now}
        left.append(Ask("delivery_cancel_orphan", place))
    elif followed:
        left.append(_wake_next(handover))
    changed = (yield left)[-1] if left else 0
    return Written(owed=changed if final and followed else 0)


@_plan.register
def _given_up(handover: GivenUp) -> Plan[Answer]:
    values = _end_values(handover, handover.now, handover.now) | {"last_code": None, "webhook_id": ""}
    (told,) = yield [Ask("delivery_settle", values, rows=True)]
    if not told:
        return Stale()
    woken = (yield [_wake_next(handover)]) if told[0][0] else []
    return Written(owed=sum(woken))


def _end_values(handover: Attempted | GivenUp, due_at: int, settled_at: int | None) -> Values:
    return {
        "sandbox": handover.sandbox,
        "id": handover.delivery_id,
        "now": handover.now,
        "fence": handover.fence,
        "state": handover.state,
        "attempts": handover.attempts,
        "due_at": due_at,
        "settled_at": settled_at,
        "last_trouble": handover.trouble,
    }


def _attempt_values(handover: Attempted) -> Values:
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


def _webhook_notes(handover: Attempted) -> list[Ask]:
    """How the endpoint did: closes or opens the circuit, or pauses the webhook on 410."""
    place = {"sandbox": handover.sandbox, "id": handover.webhook_id, "now": handover.now}
    if handover.attempt.accepted:
        return [Ask("webhook_accepted", place)]
    failed = {"open_until": handover.open_until, "trouble": handover.attempt.detail}
    noted = [Ask("webhook_failed", place | failed | {"threshold": limits.CIRCUIT_FAILURES})]
    return [*noted, Ask("webhook_gone", place)] if handover.gone else noted


def _wake_next(handover: Attempted | GivenUp) -> Ask:
    """The message's next event need not wait any longer."""
    place = {"sandbox": handover.sandbox, "message_id": handover.message_id, "replay": handover.replay}
    return Ask("delivery_wake_next", place | {"sequence": handover.sequence, "now": handover.now})


# --- the catalog ---


@_plan.register
def _changed(handover: Changed) -> Plan[Answer]:
    changed = 0
    for step in handover.steps:
        try:
            changed = yield from change(step.statement, step.values)
        except Conflict:
            return Clash(what=step.statement)
        if step.guard and changed != 1:
            return Stale()
    if handover.together:
        changed = sum((yield [Ask(step.statement, step.values) for step in handover.together]))
    return Written(changed=changed)
