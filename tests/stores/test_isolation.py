"""Charlie of Other Ltd asks every question that there is about a sandbox, with Ann's ids. He gets nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest

from retour import limits
from retour.model import FeedbackStatus
from retour.stores.sql import statements
from stores.desk import ACME, OTHER, Desk

IDS = {
    "campaign_get": "campaign",
    "configuration_get": "relay",
    "configuration_health": "relay",
    "version_get": "v1",
    "message_get": "order-1",
    "message_life": "order-1",
    "campaign_name": "campaign",
    "event_find": "event-order-1.1",
    "delivery_get": "order-1.1",
    "alert_get": "hook",
    "audit_get": "change-1",
    "delivery_line": "order-1.1",
    "message_to_report": "order-1",
    "returned_mail_get": "mail-1",
    "suppression_by_id": "entry-1",
    "upload_get": "upload-1",
    "upload_file": "upload-1",
    "failures_page": "upload-1",
}
OTHERWISE: dict[str, dict[str, Any]] = {  # where the same name asks for something else
    "suppression_get": {"kind": "address"},
    "suppression_by_id": {"kind": "address"},
    "suppression_count": {"kind": "address"},
    "suppressions_newest": {"kind": "address", "start": "~"},
    "suppressions_oldest": {"kind": "address", "start": ""},
    "failures_page": {"after": -1},
}
QUESTIONS = sorted(
    name for name, text in statements().items() if text.startswith("SELECT") and ":sandbox" in text
)


NOTHING: tuple[list[tuple[Any, ...]], ...] = ([], [(0,)], [(0, None)])


async def furnish(desk: Desk, sandbox: str) -> dict[str, Any]:
    """One of everything; the values that find it."""
    await desk.webhook(sandbox)
    await desk.change("version_insert", sandbox=sandbox, id="v1", campaign_id="campaign", doc=b"{}")
    await desk.told("order-1", FeedbackStatus.SENT, FeedbackStatus.DELIVERED, sandbox=sandbox)
    await desk.told("order-0", FeedbackStatus.BOUNCE, sandbox=sandbox, wanted=False)
    (delivery,) = (await desk.deliveries(sandbox)).deliveries
    await desk.post(delivery, 500)
    await desk.deliveries(sandbox)
    desk.wait(5)
    await desk.deliveries(sandbox)
    await desk.told("order-9", FeedbackStatus.SENT, sandbox=sandbox)
    (failed,) = (await desk.deliveries(sandbox)).deliveries
    await desk.give_up(failed)
    await desk.accept("order-2", sandbox)
    await desk.messages(sandbox)
    ann: dict[str, Any] = {"namespace": "email", "user_id": "ann@acme.example", "doc": b"sealed"}
    await desk.change("profile_put", sandbox=sandbox, created_at=desk.now, modified_at=desk.now, **ann)
    await desk.accept("order-3", sandbox, address="ann@home.example")
    place: dict[str, Any] = {"sandbox": sandbox, "kind": "webhook", "id": "hook", "failing_since": desk.now}
    await desk.change("alert_hold", **place, now=desk.now, until=desk.now)
    mail: dict[str, Any] = {
        "message_id": "order-1",
        "id": "mail-1",
        "at": desk.now,
        "kind": "dsn",
        "event_id": None,
    }
    await desk.change("returned_mail_insert", sandbox=sandbox, size=7, raw=b"sealed", **mail)
    await desk.change(
        "provider_ref_put",
        sandbox=sandbox,
        configuration_id="relay",
        reference="SM1",
        message_id="order-1",
        now=desk.now,
    )
    await suppress(desk, sandbox)
    change: dict[str, Any] = {
        "org": "acme@Org",
        "id": "change-1",
        "at": desk.now,
        "noun": "campaign",
        "deed": "created",
    }
    change |= {"actor_kind": "person", "actor_id": "ann", "actor": "ann@acme.example"}
    await desk.change("audit_insert", sandbox=sandbox, subject_id="1", subject="Hello", doc=b"{}", **change)
    (key,) = await desk.rows("request_key_get", sandbox=sandbox, request_id="order-1")
    return {
        "execution_id": key[1],
        "request_id": "order-1",
        "message_id": "order-1",
        "reference": "SM1",
        "delivery_id": "order-1.1",
        "configuration_id": "relay",
        "version_id": "v1",
        "sequence": 1,
        "before": "~",
        "state": "",
        "tried": -1,
        "limit": 100,
        "now": desk.now,
        "namespace": "email",
        "user_id": "ann@acme.example",
        "address": "ann@home.example",
        "fold": 1,
        "channel": "email",
        "kind": "webhook",
        "org": "acme@Org",
        "noun": "campaign",
        "actor": "ann@acme.example",
        "after": "",
        "older_than": desk.now,
        "from_id": "",
        "last": "~",
        "scan": 0,
        "status": "",
        "campaign": "",
        "who": "ann@acme.example",
        "ended": 0,
        "width": "minute",
        "since": 0,
        "until": desk.now,
        "step": limits.MINUTE,
        "kinds": ",accepted,",
        "text": "order-1",
        "feedback": "",
        "failed": 0,
        "unanswered": 0,
        "low": 0,
        "high": 0,
        "skip": 0,
        "list": "suppressed",
        "value": "ann@home.example",
        "number": "+15550100",
        "domain": "home.example",
        "cause": "",
        "pattern": "%",
        "most": 9,
        **{f"id{number}": "ann@acme.example" for number in range(limits.RECIPIENTS)},
    }


async def suppress(desk: Desk, sandbox: str) -> None:
    """An entry, the rules, a soft error, an upload with a record that failed."""
    place: dict[str, Any] = {"sandbox": sandbox, "address": "ann@home.example", "now": desk.now}
    learned: dict[str, Any] = {
        "cause": "HARD",
        "reason": "Invalid Recipient",
        "message_id": "order-1",
    }
    address: dict[str, Any] = {"kind": "address", "value": "ann@home.example", "comment": "", "by": ""}
    number: dict[str, Any] = {"kind": "number", "value": "+15550100", "comment": "STOP", "by": "text"}
    for entry_id, entry in (("entry-1", address), ("entry-2", number)):
        values = learned | entry | {"id": entry_id, "now": desk.now}
        await desk.change("suppression_learn", sandbox=sandbox, **values)
    await desk.change("suppression_rules_put", sandbox=sandbox, soft_threshold=3, allow_active=0, version=0)
    error: dict[str, Any] = {"errors": 1, "message_id": "order-1", "at": desk.now - 1, "before": 0}
    await desk.change("soft_error_put", **place, **error)
    upload: dict[str, Any] = {"sandbox": sandbox, "id": "upload-1"}
    job: dict[str, Any] = {
        "list": "suppressed",
        "name": "x.csv",
        "records": 1,
        "by": "ann",
        "held_until": desk.now,
    }
    await desk.change("upload_insert", **upload, **job, now=desk.now)
    await desk.change("file_insert", **upload, file=b"TYPE,VALUE,COMMENT")
    await desk.change("failure_insert", **upload, number=0, doc=b"[]")


@pytest.mark.parametrize("question", QUESTIONS)
async def test_a_question_is_answered_from_its_own_sandbox_only(desk: Desk, question: str) -> None:
    known = await furnish(desk, ACME)
    known["id"] = known["execution_id"] if question == "execution_get" else IDS.get(question)
    if question.startswith("deliveries_over"):
        known["state"] = "exhausted"
    if question == "deliveries_named_edge":
        known["text"] = "ann@acme.example"
    known |= OTHERWISE.get(question, {})
    if question.startswith("suppressions_"):
        known["until"] = desk.now + 1
    names = set(re.findall(r":(\w+)", statements()[question])) - {"sandbox"}
    values = {name: known[name] for name in names}
    mine = await desk.rows(question, sandbox=ACME, **values)
    theirs = await desk.rows(question, sandbox=OTHER, **values)
    assert mine not in NOTHING
    assert theirs in NOTHING
