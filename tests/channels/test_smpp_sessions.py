"""Sessions with an SMSC: kept bound while nothing is sent, asked whether they live, and what comes in over them."""

from __future__ import annotations

import asyncio
import random
import struct

import pytest

from channels.letters import NOON
from channels.texts import Ears, channel, in_short, outgoing, standing
from outside.smsc import Conduct, smsc
from retour import limits
from retour.channels import smpp_link, smpp_session
from retour.model import FeedbackStatus

LATER = 0x58


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses and silences of real life, in short."""
    monkeypatch.setattr(smpp_link, "SMPP_PAUSE_SECONDS", (0.01, 0.05))


async def test_a_receipt_comes_while_nothing_is_sent() -> None:
    ears = Ears()
    async with smsc() as center, channel(ears) as smpp:
        smpp.keep([standing(center)])
        await center.until(lambda: center.bound)
        assert await center.receipt("m7", "DELIVRD") == 0
    ((sandbox, configuration_id, reference, learned),) = ears.reports
    assert (sandbox, configuration_id, reference) == ("prod", "text", "m7")
    assert learned.status is FeedbackStatus.DELIVERED
    assert learned.provider is not None
    assert learned.provider.text is not None
    assert "Hi Ann" not in learned.provider.text


async def test_a_receipt_is_answered_only_when_it_is_written_down() -> None:
    ears = Ears()
    ears.gate = asyncio.Event()
    async with smsc() as center, channel(ears) as smpp:
        smpp.keep([standing(center)])
        await center.until(lambda: center.bound)
        receipt = asyncio.create_task(center.receipt("m1", "DELIVRD"))
        assert in_short(await smpp.send(outgoing(center), NOON)) == "sent m1"  # the session goes on meanwhile
        assert not receipt.done()
        ears.gate.set()
        assert await receipt == 0
    assert len(ears.reports) == 1


async def test_a_busy_store_makes_the_smsc_come_again() -> None:
    ears = Ears()
    ears.busy = 1
    async with smsc() as center, channel(ears) as smpp:
        smpp.keep([standing(center)])
        await center.until(lambda: center.bound)
        assert await center.receipt("m1", "DELIVRD") == LATER
        assert ears.reports == []
        assert await center.receipt("m1", "DELIVRD") == 0
    assert len(ears.reports) == 1


async def test_with_nobody_to_tell_the_smsc_has_to_come_again() -> None:
    async with smsc() as center, channel() as smpp:
        smpp.keep([standing(center)])
        await center.until(lambda: center.bound)
        assert await center.receipt("m1", "DELIVRD") == LATER


async def test_more_than_can_be_heard_at_once_has_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smpp_session, "SMPP_HEARD_AT_ONCE", 2)
    ears = Ears()
    ears.gate = asyncio.Event()
    async with smsc() as center, channel(ears) as smpp:
        smpp.keep([standing(center)])
        await center.until(lambda: center.bound)
        first = [asyncio.create_task(center.receipt(f"m{n}", "DELIVRD")) for n in (1, 2)]
        await ears.until(lambda: ears.asked == 2)
        assert await center.receipt("m3", "DELIVRD") == LATER
        ears.gate.set()
        assert [await each for each in first] == [0, 0]
    assert {told[2] for told in ears.reports} == {"m1", "m2"}


async def test_what_a_person_writes_is_a_reply_and_no_receipt_whatever_its_words() -> None:
    ears = Ears()
    words = "id:m1 stat:DELIVRD err:000"
    async with smsc() as center, channel(ears) as smpp:
        smpp.keep([standing(center)])
        await center.until(lambda: center.bound)
        assert await center.deliver(b"STOP") == 0
        assert await center.deliver(words.encode()) == 0
        assert await center.deliver("Стоп".encode("utf-16-be"), coding=8) == 0
        assert await center.deliver(b"\x05\x00\x03\x01\x02\x01STOP", esm_class=0x40) == 0
        assert await center.deliver(b"", tlvs=((0x0424, b"STOP \x1b\x65"),)) == 0
    person = ("prod", "text", "+4915112345670", "+15550100")
    assert ears.reports == []
    assert ears.replies == [(*person, text) for text in ("STOP", words, "Стоп", "STOP", "STOP €")]


async def test_an_intermediate_receipt_and_a_handsets_acknowledgement_tell_nothing() -> None:
    ears = Ears()
    async with smsc() as center, channel(ears) as smpp:
        smpp.keep([standing(center)])
        await center.until(lambda: center.bound)
        assert await center.receipt("m1", "ENROUTE") == 0
        assert await center.deliver(b"yes", esm_class=0x08) == 0
    assert (ears.reports, ears.replies) == ([], [])


async def test_a_deliver_that_is_spoilt_is_refused_and_the_session_lives_on() -> None:
    ears = Ears()
    async with smsc() as center, channel(ears) as smpp:
        smpp.keep([standing(center)])
        await center.until(lambda: center.bound)
        await center.send_raw((20).to_bytes(4) + (5).to_bytes(4) + bytes(4) + (99).to_bytes(4) + b"\xff" * 4)
        assert await center.receipt("m1", "DELIVRD") == 0
    assert len(center.binds) == 1


async def test_an_smsc_that_asks_without_end_is_read_at_its_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smpp_session, "SMPP_PDUS", 50)
    async with smsc() as center, channel(Ears()) as smpp:
        smpp.keep([standing(center)])
        await center.has_bound()
        began = asyncio.get_running_loop().time()
        enquiry = (16).to_bytes(4) + (0x15).to_bytes(4) + bytes(8)
        await center.send_raw(enquiry * 60)
        assert await center.receipt("m1", "DELIVRD") == 0
        assert asyncio.get_running_loop().time() - began > 0.15  # of 60 beyond 50 at once, at 50 a second


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_an_smsc_sends_the_session_lives_on_as_long_as_it_is_pdus(seed: int) -> None:
    chance, ears = random.Random(seed), Ears()
    commands = [0x05, 0x15, 0x80000004, 0x80000000, 0x80000009, 0x103, 0x102, 0x04, 0x3FF]
    async with smsc() as center, channel(ears) as smpp:
        smpp.keep([standing(center)])
        await center.has_bound()
        for _ in range(300):
            body = chance.randbytes(chance.randrange(80))
            head = (len(body) + 16, chance.choice(commands), chance.randrange(4), chance.randrange(1000))
            await center.send_raw(struct.pack("!IIII", *head) + body)
        while await center.receipt("last", "DELIVRD") == LATER:
            pass
        assert in_short(await smpp.send(outgoing(center), NOON)) == "sent m1"
    assert ears.reports[-1][2] == "last"
    assert len(center.binds) == 1


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("octets", [(3).to_bytes(4) + bytes(12), (2**31).to_bytes(4) + bytes(12)])
async def test_what_is_no_pdu_ends_the_session_and_another_is_bound(octets: bytes) -> None:
    async with smsc() as center, channel(Ears()) as smpp:
        smpp.keep([standing(center)])
        await center.until(lambda: center.bound)
        await center.send_raw(octets)
        await center.until(lambda: len(center.binds) == 2 and center.bound)


@pytest.mark.usefixtures("quick")
async def test_a_session_that_is_cut_is_bound_again_without_a_message() -> None:
    ears = Ears()
    async with smsc() as center, channel(ears) as smpp:
        smpp.keep([standing(center)])
        for times in (1, 2, 3):
            await center.has_bound(times)
            await center.hang_up()
        await center.until(lambda: center.bound)
        assert await center.receipt("m1", "DELIVRD") == 0
    assert len(ears.reports) == 1


@pytest.mark.usefixtures("quick")
async def test_an_smsc_that_comes_back_after_a_while_is_bound_again() -> None:
    async with smsc() as center:
        port = center.port
    async with channel(Ears()) as smpp:
        smpp.keep([standing(center)])
        assert in_short(await smpp.send(outgoing(center), NOON)) == "trouble"
        async with smsc(port=port) as back:
            await back.until(lambda: back.bound)
            assert in_short(await smpp.send(outgoing(back), NOON)) == "sent m1"


@pytest.mark.usefixtures("quick")
async def test_a_refused_bind_is_tried_again_until_it_is_taken() -> None:
    async with smsc(Conduct(statuses={"bind": 0x05})) as center, channel(Ears()) as smpp:
        smpp.keep([standing(center)])
        await center.until(lambda: len(center.binds) >= 3)
        center.conduct.statuses.clear()
        await center.until(lambda: center.bound)


async def test_a_silent_session_is_asked_whether_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smpp_session, "SMPP_ENQUIRE_SECONDS", 0.05)
    async with smsc() as center, channel(Ears()) as smpp:
        smpp.keep([standing(center)])
        await center.until(lambda: center.commands.count("enquire") >= 2)
    assert len(center.binds) == 1


@pytest.mark.usefixtures("quick")
async def test_a_session_that_does_not_answer_is_bound_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smpp_session, "SMPP_ENQUIRE_SECONDS", 0.05)
    monkeypatch.setattr(smpp_session.Session.ask, "__defaults__", (None, 0.1))
    async with smsc(Conduct(hang={"enquire"})) as center, channel(Ears()) as smpp:
        smpp.keep([standing(center)])
        await center.until(lambda: len(center.binds) >= 2)


async def test_after_a_silence_the_smsc_is_asked_before_a_submit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smpp_session, "SMPP_FRESH_SECONDS", 0)
    async with smsc() as center, channel() as smpp:
        await smpp.send(outgoing(center), NOON)
    assert center.commands == ["bind", "enquire", "submit", "unbind"]


async def test_a_session_that_died_in_silence_costs_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smpp_session, "SMPP_FRESH_SECONDS", 0)
    async with smsc() as center, channel() as smpp:
        await smpp.send(outgoing(center), NOON)
        center.conduct.drop.add("enquire")
        task = asyncio.create_task(smpp.send(outgoing(center), NOON))
        await center.until(lambda: not center.bound)
        center.conduct.drop.clear()
        assert in_short(await task) == "sent m2"
    assert (len(center.submits), len(center.binds)) == (2, 2)


async def test_an_smsc_that_unbinds_us_gets_its_answer_and_no_more_submits() -> None:
    async with smsc() as center, channel() as smpp:
        await smpp.send(outgoing(center), NOON)
        await center.unbind()
        await center.until(lambda: not center.bound)
        assert in_short(await smpp.send(outgoing(center), NOON)) == "sent m2"
    assert len(center.binds) == 2


async def test_a_new_version_of_the_configuration_is_bound_when_the_old_one_has_gone() -> None:
    ears = Ears()
    async with smsc(Conduct(hang={"submit"})) as center, channel(ears) as smpp:
        smpp.keep([standing(center)])
        await center.until(lambda: center.bound)
        old = asyncio.create_task(smpp.send(outgoing(center), NOON))
        await center.until(lambda: center.submits)
        smpp.keep([standing(center, version=2, systemType="new")])
        new = asyncio.create_task(smpp.send(outgoing(center, version=2, values={"systemType": "new"}), NOON))
        for _ in range(10):  # the old one is still at work, so there is no second bind
            assert await center.receipt("m1", "ENROUTE") == 0
        assert len(center.binds) == 1
        center.conduct.hang.clear()
        await center.answer_hung()
        assert [in_short(await old), in_short(await new)] == ["sent m1", "sent m2"]
        smpp.keep([standing(center)])  # somebody who has read the old one
        assert in_short(await smpp.send(outgoing(center), NOON)) == "sent m3"
    assert [bind[2] for bind in center.binds] == ["", "new"]
    assert center.commands == ["bind", "submit", "unbind", "bind", "submit", "submit", "unbind"]


async def test_a_configuration_that_is_gone_is_unbound() -> None:
    async with smsc() as center, channel(Ears()) as smpp:
        smpp.keep([standing(center)])
        await center.until(lambda: center.bound)
        assert await center.receipt("m1", "DELIVRD") == 0
        smpp.keep([])
        await center.until(lambda: not center.bound)
    assert center.commands == ["bind", "unbind"]


async def test_a_stop_waits_for_what_is_being_written_down() -> None:
    ears = Ears()
    ears.gate = asyncio.Event()
    async with smsc() as center:
        async with channel(ears) as smpp:
            smpp.keep([standing(center)])
            await center.until(lambda: center.bound)
            receipt = asyncio.create_task(center.receipt("m1", "DELIVRD"))
            await ears.until(lambda: ears.asked)
            asyncio.get_running_loop().call_later(0.05, ears.gate.set)
        assert await receipt == 0
    assert len(ears.reports) == 1


def test_a_message_waits_for_a_session_longer_than_an_attempt_takes() -> None:
    attempt = limits.NAME_LOOKUP_SECONDS + limits.SMPP_CONNECT_SECONDS + limits.SMPP_BIND_SECONDS
    assert attempt < limits.SMPP_READY_SECONDS < limits.SMPP_SECONDS
