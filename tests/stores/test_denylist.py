"""Telephone numbers that get no text messages, the same on every store: Ann's sandbox ACME, Charlie's OTHER."""

from __future__ import annotations

import asyncio

import pytest

from retour.catalog.opt_outs import Did, OptOuts
from retour.catalog.suppression import Given, Suppression
from retour.model import ChannelKind, RecipientStatus
from retour.stores.handovers import Relay
from retour.stores.shelves import Shelves
from retour.stores.suppression_shelves import Sought, SuppressionShelves
from retour.suppression import MAIL_KINDS, Cause, Entry, EntryKind, Guard, Lesson, LessonKind, ListName
from stores.desk import ACME, OTHER, RELAY, Desk
from stores.test_suppression import SANDBOXES, activate

NUMBER, VERA = EntryKind.NUMBER, "+31612345678"
SUPPRESSED = ListName.SUPPRESSED
TEXT = {"channel": ChannelKind.SMS, "namespace": "Phone"}


async def deny(desk: Desk, *numbers: str, sandbox: str = ACME) -> None:
    """Put these on the list by hand."""
    given = [Given(NUMBER, number) for number in numbers]
    await Suppression(desk.store, SuppressionShelves(desk.store)).add(SANDBOXES[sandbox], SUPPRESSED, given)


async def entry(desk: Desk) -> Entry | None:
    """What the list says of Vera's number."""
    return await SuppressionShelves(desk.store).entry(ACME, SUPPRESSED, NUMBER, VERA)


async def guard(desk: Desk) -> Guard:
    """What a claim would ask."""
    return Guard((await desk.rows("configuration_health", sandbox=ACME, id=RELAY))[0][-1])


async def answers(desk: Desk) -> OptOuts:
    """What takes answers, in sandboxes that are there."""
    for name in (ACME, OTHER):
        await desk.change(
            "sandbox_insert", org="org", id=name, name=name, type="development", created_at=desk.now
        )
    return OptOuts(desk.store, Shelves(desk.store))


async def test_a_claim_knows_whose_number_is_listed(desk: Desk) -> None:
    await deny(desk, VERA)
    await deny(desk, "+31687654321", sandbox=OTHER)
    for number in (VERA, "+31687654321", "+31612345679"):
        await desk.accept(number, address=number, **TEXT)
    await desk.accept("mail", address="vera@luma.example")
    claim = await desk.messages()
    assert len(claim.messages) == 4
    assert list(claim.left_out) == [VERA]
    fact = claim.left_out[VERA]
    assert fact.exclusion is not None
    assert (fact.status, fact.exclusion.code, fact.exclusion.reason) == (
        "denylist",
        "050104",
        "SMSNoConsent",
    )


async def test_the_lists_of_e_mail_say_nothing_of_text_messages(desk: Desk) -> None:
    await activate(desk)
    await desk.accept("one", address=VERA, **TEXT)
    await desk.accept("two", address="vera@luma.example")
    assert list((await desk.messages()).left_out) == ["two"]
    await deny(desk, "+31687654321")
    await desk.accept("three", address=VERA, **TEXT)
    await desk.accept("four", address="+31687654321", **TEXT)
    assert list((await desk.messages()).left_out) == ["four"]


async def test_a_claim_asks_each_channel_s_list_only_where_there_is_one(desk: Desk) -> None:
    await deny(desk, VERA, sandbox=OTHER)
    assert await guard(desk) == Guard.NONE
    await deny(desk, VERA)
    assert await guard(desk) == Guard.DENIES
    suppression = Suppression(desk.store, SuppressionShelves(desk.store))
    await suppression.add(SANDBOXES[ACME], SUPPRESSED, [Given(EntryKind.ADDRESS, "vera@luma.example")])
    assert await guard(desk) == Guard.SUPPRESSES | Guard.DENIES
    await suppression.remove(SANDBOXES[ACME], SUPPRESSED, NUMBER, VERA)
    assert await guard(desk) == Guard.SUPPRESSES


async def taught(desk: Desk, message: str, kind: LessonKind) -> None:
    """A text message to Vera taught this."""
    await desk.accept(message, address=VERA, **TEXT)
    (taken,) = (await desk.messages()).messages
    reason = "Unknown Subscriber" if kind is LessonKind.HARD else ""
    lesson = Lesson(kind=kind, address=VERA, reason=reason, message_id=message, now=desk.now, of=NUMBER)
    settled = desk.settled(taken, status=RecipientStatus.SENT, relay=Relay(), lesson=lesson)
    await desk.store.write(settled)


@pytest.mark.parametrize(
    ("kind", "cause"), [(LessonKind.HARD, Cause.HARD), (LessonKind.OPT_OUT, Cause.OPT_OUT)]
)
async def test_what_a_text_message_taught_is_written_with_it(
    desk: Desk, kind: LessonKind, cause: Cause
) -> None:
    await taught(desk, "one", kind)
    found = await entry(desk)
    assert found is not None
    assert (found.cause, found.message_id, found.created_at) == (cause, "one", desk.now)
    await desk.accept("two", address=VERA, **TEXT)
    assert list((await desk.messages()).left_out) == ["two"]


async def test_a_number_that_bounced_and_then_opts_out_has_opted_out(desk: Desk) -> None:
    await taught(desk, "one", LessonKind.HARD)
    opt_outs = await answers(desk)
    desk.wait(60)
    assert await opt_outs.heard(ACME, VERA, "Stop", "text", desk.now) is Did.OPTED_OUT
    found = await entry(desk)
    assert found is not None
    assert (found.cause, found.reason, found.message_id) == (Cause.OPT_OUT, "", "")
    assert (found.comment, found.made_by) == ("STOP", "text")
    assert found.modified_at == desk.now > found.created_at


async def test_what_a_person_says_is_done_once_and_undone(desk: Desk) -> None:
    opt_outs = await answers(desk)
    said = ["START", "Stop!", "stop", "UNSUBSCRIBE", "help", "stop it", "start", "unstop", "STOP"]
    done = [await opt_outs.heard(ACME, VERA, text, "text", desk.now) for text in said]
    nothing, out, back = Did.NOTHING, Did.OPTED_OUT, Did.OPTED_IN
    assert done == [nothing, out, nothing, nothing, nothing, nothing, back, nothing, out]
    assert await SuppressionShelves(desk.store).count(OTHER, SUPPRESSED) == 0
    assert await opt_outs.heard(OTHER, VERA, "START", "text", desk.now) is Did.NOTHING
    assert await entry(desk) is not None


async def test_many_who_hear_the_same_at_once_write_it_once(desk: Desk) -> None:
    opt_outs = await answers(desk)
    done = await asyncio.gather(*(opt_outs.heard(ACME, VERA, "STOP", "text", desk.now) for _ in range(8)))
    assert sorted(done) == [Did.NOTHING] * 7 + [Did.OPTED_OUT]
    assert (
        len(await desk.rows("audit_of", sandbox=ACME, org="org", noun="", actor="", before="~", limit=99))
        == 1
    )


async def test_start_takes_off_nobody_who_is_there_for_another_cause(desk: Desk) -> None:
    await deny(desk, VERA)
    opt_outs = await answers(desk)
    for text in ("START", "STOP", "START"):
        assert await opt_outs.heard(ACME, VERA, text, "text", desk.now) is Did.NOTHING
    found = await entry(desk)
    assert found is not None
    assert found.cause is Cause.MANUAL


async def test_a_wipe_leaves_who_has_opted_out(desk: Desk) -> None:
    await deny(desk, "+31687654321")
    await (await answers(desk)).heard(ACME, VERA, "STOP", "text", desk.now)
    shelves = SuppressionShelves(desk.store)
    await Suppression(desk.store, shelves).wipe(SANDBOXES[ACME])
    assert [one.value for one in await shelves.mixed(ACME, Sought(), "", 9)] == [VERA]


async def test_numbers_are_read_counted_and_found_apart_from_addresses(desk: Desk) -> None:
    await deny(desk, VERA, "+31687654321")
    shelves = SuppressionShelves(desk.store)
    await Suppression(desk.store, shelves).add(
        SANDBOXES[ACME], SUPPRESSED, [Given(EntryKind.ADDRESS, "316@luma.example")]
    )
    assert [one.kind for one in await shelves.mixed(ACME, Sought(text="316"), "", 9, MAIL_KINDS)] == [
        EntryKind.ADDRESS
    ]
    assert len(await shelves.mixed(ACME, Sought(text="316"), "", 9, (NUMBER,))) == 2
    assert [await shelves.count(ACME, SUPPRESSED, most) for most in (1, 2, 9)] == [1, 2, 3]
    assert await shelves.count(ACME, SUPPRESSED, 9, (NUMBER,)) == 2
    found = await entry(desk)
    assert found is not None
    assert await shelves.by_id(ACME, SUPPRESSED, found.id, MAIL_KINDS) is None
    assert await shelves.by_id(OTHER, SUPPRESSED, found.id) is None
