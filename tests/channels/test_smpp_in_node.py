"""SMPP with an SMSC that no one here wrote: npm's smpp. Every fate, every break; nothing lost, nothing sent twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from channels.letters import NOON
from channels.texts import Ears, channel, examination, in_short, outgoing, standing
from outside.node_smsc import NodeSmsc, package, running
from retour.channels import Receipt, smpp_link

LONG = "Dear Ann, " + "your order is on its way. " * 15
Values = dict[str, Any]

pytestmark = pytest.mark.peer("node")


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the SMSC's package is."""
    return package(tmp_path_factory.mktemp("smsc"))


@pytest.fixture
async def node(modules: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[NodeSmsc]:
    """An SMSC of today, and short pauses before another bind."""
    monkeypatch.setattr(smpp_link, "SMPP_PAUSE_SECONDS", (0.01, 0.1))
    async with running(modules) as made:
        yield made


@pytest.mark.parametrize(
    ("fate", "states", "told"),
    [
        (0, ["DELIVRD"], ["delivered"]),
        (1, ["UNDELIV"], ["bounce Hard 001"]),
        (2, ["ENROUTE", "DELIVRD"], ["delivered"]),
        (3, ["EXPIRED"], ["bounce Soft EXPIRED"]),
        (4, ["REJECTD"], ["bounce Ignored REJECTD"]),
    ],
)
async def test_a_receipt_tells_the_fate_of_the_message_that_was_submitted(
    node: NodeSmsc, fate: int, states: list[str], told: list[str]
) -> None:
    ears, values = Ears(), Values(errorTable="gsm")
    async with channel(ears) as smpp:
        smpp.keep([standing(node.place, **values)])
        sent = await smpp.send(outgoing(node.place, address=f"+491511234567{fate}", values=values), NOON)
        await node.until(lambda: node.taken() == states)
    assert in_short(sent).startswith("sent")
    assert [_in_short(learned) for *_, learned in ears.reports] == told
    assert {reference for _, _, reference, _ in ears.reports} <= set(sent.references)
    assert len(node.all("submit")) == 1


@pytest.mark.parametrize(
    ("fate", "first"), [(5, "throttled"), (6, "throttled"), (8, "bounce Hard 0x0000000B")]
)
async def test_who_is_put_off_or_refused_is_told_so(node: NodeSmsc, fate: int, first: str) -> None:
    ears, address = Ears(), f"+491511234567{fate}"
    async with channel(ears) as smpp:
        smpp.keep([standing(node.place)])
        assert in_short(await smpp.send(outgoing(node.place, address=address), NOON)) == first
        if first == "throttled":
            assert in_short(await smpp.send(outgoing(node.place, address=address), NOON)).startswith("sent")
            await node.until(lambda: node.taken() == ["DELIVRD"])
    assert len(ears.reports) == (first == "throttled")


async def test_a_long_text_is_delivered_once_when_its_last_part_is(node: NodeSmsc) -> None:
    ears = Ears()
    async with channel(ears) as smpp:
        smpp.keep([standing(node.place)])
        sent = await smpp.send(outgoing(node.place, LONG), NOON)
        await node.until(lambda: node.taken() == ["DELIVRD"])
    assert "".join(one["text"] for one in node.all("submit")) == LONG
    assert [one["parts"] for one in node.all("submit")] == [1, 1, 1]
    ((*_, reference, learned),) = ears.reports
    assert learned.status == "delivered"
    assert sent.references[-2:].count(reference) == 1


async def test_of_a_long_text_whose_parts_fail_each_part_says_so(node: NodeSmsc) -> None:
    ears = Ears()
    async with channel(ears) as smpp:
        smpp.keep([standing(node.place)])
        sent = await smpp.send(outgoing(node.place, LONG, "+4915112345671"), NOON)
        await node.until(lambda: node.taken() == ["UNDELIV"] * 3)
    assert {reference for _, _, reference, _ in ears.reports} <= set(sent.references)


async def test_a_cut_in_mid_window_leaves_what_was_unanswered_in_doubt_and_nothing_goes_twice(
    node: NodeSmsc,
) -> None:
    ears = Ears()
    async with channel(ears) as smpp:
        smpp.keep([standing(node.place)])
        numbers = [f"+49151{n:06}{7 if n == 5 else 0}" for n in range(10)]
        sent = await asyncio.gather(
            *(smpp.send(outgoing(node.place, address=number), NOON) for number in numbers)
        )
        came = Counter(in_short(each).split()[0] for each in sent)
        assert came["uncertain"] >= 1
        assert came["uncertain"] + came["sent"] == 10
        expected = sum(one["to"][-1] != "7" for one in node.all("submit"))
        await node.until(lambda: len(node.taken()) == expected)
    assert set(Counter(one["to"] for one in node.all("submit")).values()) == {1}
    known = {reference for each in sent for reference in each.references}
    assert len(known & {reference for _, _, reference, _ in ears.reports}) == came["sent"]


async def test_receipts_outlive_a_restart_of_the_smsc(node: NodeSmsc) -> None:
    ears = Ears()
    async with channel(ears) as smpp:
        smpp.keep([standing(node.place)])
        await node.do("hold")
        sent = [await smpp.send(outgoing(node.place, address=f"+49151{n}000"), NOON) for n in range(1, 6)]
        await node.do("restart")
        await node.do("release")
        await node.until(lambda: node.taken() == ["DELIVRD"] * 5)
        assert in_short(await smpp.send(outgoing(node.place), NOON)).startswith("sent")
    known = {each.references[0] for each in sent}
    assert {reference for _, _, reference, _ in ears.reports} >= known
    assert len(node.all("submit")) == 6


async def test_receipts_outlive_a_restart_of_ours(node: NodeSmsc) -> None:
    before, after = Ears(), Ears()
    async with channel(before) as smpp:
        smpp.keep([standing(node.place)])
        await node.do("hold")
        sent = await smpp.send(outgoing(node.place), NOON)
    await node.do("release")
    async with channel(after) as smpp:
        smpp.keep([standing(node.place)])
        await node.until(lambda: node.taken() == ["DELIVRD"])
    assert before.reports == []
    assert [reference for _, _, reference, _ in after.reports] == [sent.references[0]]


@pytest.mark.slow
async def test_in_a_storm_of_cuts_and_restarts_every_message_is_accounted_for(node: NodeSmsc) -> None:
    """What was sent has its receipt, what is in doubt went once at most, and what is in trouble never went."""
    ears, at_once = Ears(), asyncio.Semaphore(20)

    async def send(number: int) -> tuple[str, Receipt]:
        async with at_once:
            fate = 7 if number % 23 == 0 else 0
            address = f"+49151{number:07}{fate}"
            return address, await smpp.send(outgoing(node.place, address=address), NOON)

    async with channel(ears) as smpp:
        smpp.keep([standing(node.place)])
        sending = asyncio.gather(*(send(number) for number in range(600)))
        for share in (50, 150, 300, 450):
            await node.submitted(share)
            await node.do("restart")
        came = await sending
        sent = {receipt.references[0] for _, receipt in came if in_short(receipt).startswith("sent")}
        await ears.until(lambda: sent <= {reference for _, _, reference, _ in ears.reports})
    submits = Counter(f"+{one['to']}" for one in node.all("submit"))
    assert set(submits.values()) == {1}
    troubled = {address for address, receipt in came if receipt.trouble}
    assert not troubled & submits.keys()
    doubted = [address for address, receipt in came if receipt.uncertain]
    assert len(sent) + len(doubted) + len(troubled) == 600
    assert len(doubted) >= 600 // 23


async def test_a_receipt_comes_again_until_the_store_has_it(node: NodeSmsc) -> None:
    ears = Ears()
    ears.busy = 3
    async with channel(ears) as smpp:
        smpp.keep([standing(node.place)])
        await smpp.send(outgoing(node.place), NOON)
        await node.until(lambda: node.taken() == ["DELIVRD"])
    assert [one["status"] for one in node.all("answered")] == [0x58, 0x58, 0x58, 0]
    assert len(ears.reports) == 1


async def test_what_a_person_answers_is_heard(node: NodeSmsc) -> None:
    ears = Ears()
    async with channel(ears) as smpp:
        smpp.keep([standing(node.place)])
        await node.until(lambda: node.all("bound"))
        await node.do("reply", **{"from": "4915112345670", "to": "15550100", "text": "STOP"})
        await node.until(lambda: node.all("reply_answered"))
    assert ears.replies == [("prod", "text", "+4915112345670", "15550100", "STOP")]


async def test_an_smsc_of_old_writes_ids_in_hexadecimal_and_in_decimal(modules: Path) -> None:
    ears, values = Ears(), Values(messageIds="decimal")
    async with running(modules, "legacy") as old, channel(ears) as smpp:
        smpp.keep([standing(old.place, **values)])
        sent = await smpp.send(outgoing(old.place, values=values), NOON)
        await old.until(lambda: old.taken() == ["DELIVRD"])
    assert tuple(reference for _, _, reference, _ in ears.reports) == sent.references


async def test_verify_says_who_is_there(node: NodeSmsc) -> None:
    async with channel() as smpp:
        good = await smpp.examine(examination(node.place))
        bad = await smpp.examine(examination(node.place, {"password": "no"}))
    assert (good.trouble, good.banner) == (None, "NODE")
    assert "invalid password (ESME_RINVPASWD)" in (bad.trouble or "")
    assert node.all("bound") == [{"event": "bound", "system": "acme", "version": 0x34}]


def _in_short(learned: Any) -> str:
    failure = learned.failure
    return str(learned.status) + (f" {failure.type} {failure.code}" if failure else "")
