"""By which ids reports name a message, and reports that come before it is written down as sent: on every store."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from retour import limits
from retour.erasure import Erasure
from retour.model import FeedbackStatus, Lane, Message, RecipientStatus, Sandbox, SandboxType
from retour.retention import Ages, Retention
from retour.stores import EarlyReport, RoomName
from retour.stores.handovers import Changed, Owing, Reported, Stale, Step, Written
from retour.upkeep import Upkeep
from stores.desk import ACME, OTHER, RELAY, Desk
from stores.others import a_desk

PLACE = Sandbox(id=ACME, org="acme@Org", name="prod", type=SandboxType.PRODUCTION, created_at=0)
SENT, DELAY, DELIVERED = FeedbackStatus.SENT, FeedbackStatus.DELAY, FeedbackStatus.DELIVERED


async def keep(
    desk: Desk, name: str, reference: str = "SM1", message: str | None = None, sandbox: str = ACME
) -> None:
    """A report came early; it is looked at again in five seconds."""
    values: dict[str, Any] = {"sandbox": sandbox, "id": name, "configuration_id": RELAY}
    values |= {"reference": reference, "message_id": message, "at": desk.now, "doc": b"{}"}
    values |= {"due_at": desk.now + 5 * limits.SECOND, "expires_at": desk.now + limits.EARLY_REPORT_AGE}
    await desk.change("early_report_insert", **values)


async def taken(desk: Desk, sandbox: str = ACME, limit: int = 10) -> list[str]:
    """The ids of the early reports that are due, claimed."""
    return [report.id for report in await claim(desk, sandbox, limit)]


async def claim(desk: Desk, sandbox: str = ACME, limit: int = 10) -> tuple[EarlyReport, ...]:
    return await desk.store.claim_reports(sandbox, desk.now, limit)


async def named(desk: Desk, reference: str = "SM1", sandbox: str = ACME, name: str = RELAY) -> str | None:
    """The message that a provider calls so."""
    rows = await desk.rows("provider_ref_get", sandbox=sandbox, configuration_id=name, reference=reference)
    return rows[0][0] if rows else None


async def claimed(desk: Desk, name: str = "order-1", sandbox: str = ACME) -> Message:
    """A message on its way."""
    await desk.accept(name, sandbox)
    (message,) = (await desk.messages(sandbox)).messages
    return message


def reported(desk: Desk, message: Message, status: FeedbackStatus, **more: Any) -> Reported:
    """The feedback that a report of what was settled once becomes."""
    event = desk.event(message, 2, status, status.value)
    owing = Owing(event=event, delivery_id=event.id, request_id=message.request_id, wanted=False)
    values: dict[str, Any] = {"sandbox": message.sandbox, "message_id": message.id, "owings": (owing,)}
    values |= {"revision": message.revision + 1, "delayed": False, "final_event_id": None}
    return Reported(**(values | {"status": RecipientStatus.SENT} | more))


async def test_settling_keeps_what_the_provider_calls_the_message(desk: Desk) -> None:
    message = await claimed(desk)
    await desk.settle(message, SENT, references=("SM1", "SM2", "SM1"))
    assert [await named(desk, reference) for reference in ("SM1", "SM2", "SM3")] == [
        "order-1",
        "order-1",
        None,
    ]
    assert await named(desk, sandbox=OTHER) is None
    assert await named(desk, name="another") is None


async def test_an_id_that_a_provider_gives_again_names_the_newer_message(desk: Desk) -> None:
    await desk.settle(await claimed(desk, "order-1"), SENT, references=("7",))
    await desk.settle(await claimed(desk, "order-2"), SENT, references=("7",))
    assert await named(desk, "7") == "order-2"


async def test_settling_wakes_what_waits_for_one_of_its_references_or_for_itself(desk: Desk) -> None:
    message = await claimed(desk)
    await keep(desk, "by reference", "SM2")
    desk.wait(1)
    await keep(desk, "by mark", "", "order-1")
    await keep(desk, "of another", "SM9", "order-9")
    assert await taken(desk) == []
    assert await desk.settle(message, SENT, references=("SM1", "SM2")) == Written(owed=1, woken=True)
    (first, second) = await claim(desk)
    assert [first.id, second.id] == ["by reference", "by mark"]
    assert (first.message_id, second.message_id) == ("order-1", "order-1")


async def test_an_email_wakes_and_keeps_nothing(desk: Desk) -> None:
    message = await claimed(desk)
    await keep(desk, "early", "", "order-1")
    assert await desk.settle(message, SENT) == Written(owed=1)
    assert await taken(desk) == []


async def test_nothing_is_kept_or_woken_by_who_lost_the_lease(desk: Desk) -> None:
    message = await claimed(desk)
    await keep(desk, "early")
    desk.wait(limits.SENDING_LEASE / limits.SECOND)
    await desk.messages()
    assert await desk.settle(message, SENT, references=("SM1",)) == Stale()
    assert await named(desk) is None
    assert [report.message_id for report in await claim(desk)] == [None]


@pytest.mark.parametrize("first", ["report", "settling"])
async def test_whichever_comes_first_the_report_finds_its_message(desk: Desk, first: str) -> None:
    """The report is kept and looks once more; settling names the message and looks who waits: no order leaves a gap."""
    message = await claimed(desk)
    if first == "report":
        await keep(desk, "early")
        assert await named(desk) is None
        await desk.settle(message, SENT, references=("SM1",))
        assert await taken(desk) == ["early"]
    else:
        await desk.settle(message, SENT, references=("SM1",))
        await keep(desk, "early")
        assert await named(desk) == "order-1"


async def test_many_reports_and_settlings_at_once_all_find_each_other(desk: Desk) -> None:
    messages = [await claimed(desk, f"order-{number}") for number in range(20)]
    settling = [desk.settle(one, SENT, references=(f"SM-{one.id}",)) for one in messages]
    keeping = [keep(desk, f"of {one.id}", f"SM-{one.id}") for one in messages]
    await asyncio.gather(*(work for pair in zip(settling, keeping, strict=True) for work in pair))
    assert [await named(desk, f"SM-{one.id}") for one in messages] == [one.id for one in messages]
    desk.wait(5)
    assert sorted(await taken(desk, limit=50)) == sorted(f"of {one.id}" for one in messages)


@pytest.mark.peer("postgres")
async def test_two_processes_that_settle_and_keep_at_once_leave_no_report_behind(database: str) -> None:
    async with a_desk(database) as first, a_desk(database) as second:
        await first.campaign()
        await first.configuration()
        messages = [await claimed(first, f"order-{number}") for number in range(20)]
        settling = [first.settle(one, SENT, references=(f"SM-{one.id}",)) for one in messages]
        keeping = [keep(second, f"of {one.id}", f"SM-{one.id}") for one in messages]
        await asyncio.gather(*settling, *keeping)
        assert [await named(second, f"SM-{one.id}") for one in messages] == [one.id for one in messages]
        for desk in (first, second):
            desk.wait(5)
        halves = await asyncio.gather(*(taken(desk, limit=20) for desk in (first, second)))
        assert sorted(halves[0] + halves[1]) == sorted(f"of {one.id}" for one in messages)


async def test_a_claimed_report_is_somebody_s_until_its_lease_ends(desk: Desk) -> None:
    await keep(desk, "early")
    desk.wait(5)
    assert await taken(desk) == ["early"]
    assert await taken(desk) == []
    desk.wait(limits.EARLY_REPORT_LEASE / limits.SECOND)
    assert [report.attempts for report in await claim(desk)] == [2]


async def test_two_who_claim_at_once_share_no_report(desk: Desk) -> None:
    for number in range(20):
        await keep(desk, f"early-{number}", f"SM{number}")
    desk.wait(5)
    both = await asyncio.gather(taken(desk, limit=10), taken(desk, limit=10), taken(desk, limit=10))
    names = [name for names in both for name in names]
    assert len(names) == len(set(names)) == 20


async def test_what_was_woken_meanwhile_is_not_put_off(desk: Desk) -> None:
    message = await claimed(desk)
    await keep(desk, "early")
    desk.wait(5)
    (held,) = await claim(desk)
    await desk.settle(message, SENT, references=("SM1",))
    later: dict[str, Any] = {"sandbox": ACME, "id": held.id, "due_at": desk.now + limits.HOUR}
    assert await desk.change("early_report_put_off", attempts=held.attempts, **later) == Written()
    assert await taken(desk) == ["early"]


async def test_what_is_put_off_is_due_then(desk: Desk) -> None:
    await keep(desk, "early")
    desk.wait(5)
    (held,) = await claim(desk)
    due_at = desk.now + 30 * limits.SECOND
    values: dict[str, Any] = {"sandbox": ACME, "id": held.id, "attempts": held.attempts, "due_at": due_at}
    assert await desk.change("early_report_put_off", **values) == Written(changed=1)
    desk.wait(29)
    assert await taken(desk) == []
    desk.wait(1)
    assert await taken(desk) == ["early"]


async def test_the_same_report_again_is_the_same_row(desk: Desk) -> None:
    await keep(desk, "early")
    await keep(desk, "early")
    desk.wait(5)
    assert await taken(desk) == ["early"]


async def test_sandboxes_with_due_reports_are_lanes_and_no_other(desk: Desk) -> None:
    await keep(desk, "early", sandbox=OTHER)
    assert await desk.store.due_lanes(RoomName.REPORTS, desk.now) == []
    desk.wait(5)
    await keep(desk, "early")
    assert await desk.store.due_lanes(RoomName.REPORTS, desk.now) == [Lane(OTHER)]
    assert await taken(desk) == []
    assert await taken(desk, OTHER) == ["early"]


async def test_the_feedback_that_an_early_report_became_and_its_end_are_one_transaction(desk: Desk) -> None:
    message = await claimed(desk)
    await desk.settle(message, SENT, references=("SM1",))
    await keep(desk, "early")
    stale = reported(desk, message, DELIVERED, revision=message.revision, early="early")
    assert await desk.store.write(stale) == Stale()
    desk.wait(5)
    assert await taken(desk) == ["early"]
    assert await desk.store.write(reported(desk, message, DELIVERED, early="early")) == Written()
    desk.wait(60)
    assert await taken(desk) == []


async def test_a_report_says_until_when_a_final_one_is_waited_for(desk: Desk) -> None:
    message = await claimed(desk)
    await desk.settle(message, SENT, due_at=desk.now + limits.HOUR)
    until = desk.now + 2 * limits.HOUR
    assert await desk.store.write(reported(desk, message, DELAY, due_at=until)) == Written()
    desk.wait(3_600)
    assert (await desk.messages()).messages == ()
    desk.wait(3_600)
    assert [found.id for found in (await desk.messages()).messages] == ["order-1"]


async def test_after_a_final_one_no_more_is_waited_for(desk: Desk) -> None:
    message = await claimed(desk)
    await desk.settle(message, SENT, due_at=desk.now + limits.HOUR)
    assert await desk.store.write(reported(desk, message, DELIVERED)) == Written()
    desk.wait(7_200)
    assert (await desk.messages()).messages == ()


# --- how often it was tried ---


async def test_a_try_that_was_never_settled_is_remembered_also_by_the_next_start(desk: Desk) -> None:
    await desk.accept("order-1")
    assert [message.tried for message in (await desk.messages()).messages] == [1]
    await desk.reopen()
    (again,) = (await desk.messages()).messages
    assert (again.tried, again.taken) == (2, 2)
    await desk.settle(again, due_at=desk.now, drop_content=False)
    assert [message.tried for message in (await desk.messages()).messages] == [1]


async def test_who_is_only_told_that_the_relay_fails_was_not_tried(desk: Desk) -> None:
    await desk.accept("order-1")
    await desk.relay_fails((await desk.messages()).messages[0], seconds=600)
    await desk.accept("order-2")
    claim = await desk.messages()
    assert (claim.stuck, [message.tried for message in claim.messages]) == (True, [0])
    desk.wait(limits.SENDING_LEASE / limits.SECOND)  # and whoever held it is gone
    claim = await desk.messages()
    assert (claim.stuck, [(message.tried, message.taken) for message in claim.messages]) == (True, [(0, 2)])


# --- what goes ---


async def test_erasing_a_person_takes_the_references_and_what_waits_for_them(desk: Desk) -> None:
    await desk.settle(await claimed(desk), SENT, references=("SM1",))
    await keep(desk, "by reference")
    await keep(desk, "by mark", "", "order-1")
    await keep(desk, "of another", "SM2")
    await Erasure(desk.store).erase(PLACE, "email", "ann@acme.example")
    desk.wait(60)
    assert (await named(desk), await taken(desk)) == (None, ["of another"])


async def test_of_an_erased_message_no_reference_is_kept(desk: Desk) -> None:
    message = await claimed(desk)
    await Erasure(desk.store).erase(PLACE, "email", "ann@acme.example")
    await desk.settle(message, references=("SM1",))
    assert await named(desk) is None


async def test_references_go_after_their_age_and_with_their_message(desk: Desk) -> None:
    upkeep = Upkeep(desk.store, Retention(desk.store, Ages(bodies=1, attempts=30)))
    await desk.settle(await claimed(desk), references=("SM1",))
    await upkeep.run(desk.now + limits.PROVIDER_REF_AGE)
    assert await named(desk) == "order-1"
    await upkeep.run(desk.now + limits.PROVIDER_REF_AGE + 1)
    assert await named(desk) is None
    await desk.store.write(Changed(steps=(Step(statement="sandbox_insert", values=_sandbox()),)))
    await desk.settle(await claimed(desk, "order-2"), references=("SM2",))
    await upkeep.run(desk.now + 31 * limits.DAY)
    assert await named(desk, "SM2") is None


def _sandbox() -> dict[str, Any]:
    return {"id": ACME, "org": "acme@Org", "name": "prod", "type": "production", "created_at": 0}
