"""Text messages by a provider that does what the test says, and what it reports of them, in whatever order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
import structlog.testing

from cast import House, until
from retour import ids, limits
from retour.channels import Outgoing, Receipt
from retour.model import (
    Campaign,
    ChannelConfiguration,
    ChannelKind,
    Fact,
    Failure,
    FailureCategory,
    FailureType,
    FeedbackStatus,
    Lane,
    Learned,
    ProviderFacts,
    SmsSettings,
)
from retour.payloads import read_failure
from retour.reports import Heard
from retour.stores import RoomName
from retour.stores.handovers import Changed, Step
from rooms.steps import PATIENCE, Clock, Script, message_of, send_due, told_of

BOB = "+15550101"
PROVIDER = "sinch"
SENT = Fact(status=FeedbackStatus.SENT, key="sent")
TAKEN = Receipt(facts=(SENT,), references=("SM1",))
BUSY = Receipt(throttled=30, provider=ProviderFacts(name=PROVIDER, code="429", text="Too many requests"))
DELIVERED = Learned(status=FeedbackStatus.DELIVERED)
ACCEPTED = Learned(status=FeedbackStatus.SENT)
OFF = Learned(
    status=FeedbackStatus.BOUNCE,
    failure=Failure(
        category=FailureCategory.ASYNC, type=FailureType.SOFT, code="30003", reason="Handset off"
    ),
)
HOUR = 3_600


@dataclass
class Scene:
    """A campaign on a provider that reports later."""

    house: House
    clock: Clock
    script: Script
    campaign: Campaign
    configuration: str
    message: str = ""

    async def accept(self, address: str = BOB) -> str:
        """Ann writes to Bob."""
        execution = await self.house.execute(self.campaign, address)
        self.message = await message_of(self.house, execution.id)
        return self.message

    async def send(self, times: int = 1, seconds: float = 0) -> None:
        """Rounds of the sending room, with some time after each."""
        for _ in range(times):
            await send_due(self.house, self.configuration)
            self.clock.move(seconds)

    async def hear(
        self, learned: Learned, reference: str = "SM1", mark: str = "", configuration: str = ""
    ) -> Heard:
        """The provider reports."""
        place = (self.house.dev.id, configuration or self.configuration)
        return await self.house.retour.reports.heard_of(*place, mark, reference, learned, ids.now())

    async def look(self, seconds: float = 0) -> None:
        """A round of the room of early reports, after some time."""
        self.clock.move(seconds)
        await self.house.retour.reports.run_due(Lane(self.house.dev.id), ids.now())
        await self.house.retour.reports.slots.finish(PATIENCE)

    @property
    def mark(self) -> str:
        """Of the message."""
        return self.house.retour.reports.marks.of(self.house.dev.id, self.message)

    async def told(self, message: str = "") -> list[str]:
        """What was recorded, with the codes of failures."""
        events = await self.house.retour.shelves.events(self.house.dev.id, message or self.message)
        failures = [(event.status.value, read_failure(event.body)) for event in events]
        return [f"{status} {why.code}" if why else status for status, why in failures]

    def is_told(self, said: list[str]) -> Callable[[], Awaitable[bool]]:
        """Whether that was recorded by now."""

        async def is_so() -> bool:
            return await self.told() == said

        return is_so

    async def amends(self) -> list[bool]:
        """Whether each event amends the one before it."""
        events = await self.house.retour.shelves.events(self.house.dev.id, self.message)
        before = ["none", *(event.id for event in events)]
        return [
            f'"amends":"{one}"'.encode() in event.body for one, event in zip(before, events, strict=False)
        ]

    async def waiting(self) -> int:
        """How many early reports are kept, due or not."""
        late = ids.now() + 2 * limits.EARLY_REPORT_AGE
        return len(await self.house.retour.store.claim_reports(self.house.dev.id, late, 100))


Make = Callable[..., Awaitable[Scene]]


@pytest.fixture
def make(house: House, clock: Clock) -> Make:
    """Makes a scene with such settings of the provider."""

    async def made(**settings: Any) -> Scene:
        script = Script(otherwise=TAKEN, kinds=(ChannelKind.SMS,), repeats=False)
        house.retour.channels["simulated"] = house.retour.channels[PROVIDER] = script
        configuration = await a_configuration(house, **settings)
        campaign = await house.campaign(configuration, channel="sms", identity_namespace="phone")
        return Scene(house, clock, script, campaign, configuration)

    return made


async def a_configuration(house: House, **settings: Any) -> str:
    """A channel configuration of that provider; its id."""
    made = ChannelConfiguration(
        sandbox=house.dev.id,
        id=ids.new_id(),
        name=f"sms {ids.new_id()}",
        channel=ChannelKind.SMS,
        provider=PROVIDER,
        sms=SmsSettings(sender_number="+15550100", **settings),
    )
    values = {"sandbox": made.sandbox, "id": made.id, "name": made.name, "created_at": ids.now()}
    values |= {"doc": msgspec.json.encode(made)}
    await house.retour.store.write(Changed(steps=(Step(statement="configuration_insert", values=values),)))
    return made.id


@pytest.fixture
async def scene(make: Make) -> Scene:
    """Ann's message to Bob, accepted."""
    made = await make()
    await made.accept()
    return made


# --- reports ---


async def test_a_report_finds_its_message_by_what_the_provider_calls_it(scene: Scene) -> None:
    await scene.send()
    assert [await scene.hear(DELIVERED), await scene.hear(DELIVERED)] == [Heard.TOLD, Heard.KNOWN]
    assert await scene.told() == ["sent", "delivered"]


async def test_a_report_finds_its_message_by_its_mark(scene: Scene) -> None:
    await scene.send()
    assert await scene.hear(OFF, "", f"id={scene.mark}") is Heard.TOLD
    assert await scene.told() == ["sent", "bounce 30003"]


async def test_reports_in_any_order_tell_the_same_and_contrary_ones_amend(scene: Scene) -> None:
    await scene.send()
    heard = [await scene.hear(one) for one in (DELIVERED, ACCEPTED, DELIVERED, OFF, DELIVERED, OFF)]
    assert heard == [Heard.TOLD, Heard.KNOWN, Heard.KNOWN, Heard.TOLD, Heard.KNOWN, Heard.KNOWN]
    assert await scene.told() == ["sent", "delivered", "bounce 30003"]
    assert await scene.amends() == [False, False, True]


async def test_a_report_before_the_answer_to_the_submit_is_stored_is_kept_and_told_after_sent(
    scene: Scene,
) -> None:
    heard: list[Heard] = []

    async def quick(outgoing: Outgoing, now: int) -> Receipt:
        heard.append(await scene.hear(DELIVERED))
        heard.append(await scene.hear(DELIVERED, "", outgoing.mark))
        return TAKEN

    scene.script.answers[BOB] = quick
    await scene.send()
    assert (heard, await scene.told()) == ([Heard.KEPT, Heard.KEPT], ["sent"])
    assert await scene.house.retour.bell.wait(RoomName.REPORTS, 1) == {Lane(scene.house.dev.id)}
    await scene.look()
    assert (await scene.told(), await scene.waiting()) == (["sent", "delivered"], 0)


async def test_a_settling_between_the_look_and_the_keeping_leaves_no_gap(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report found nothing; the message is settled, and nobody is there to be woken; then the report is kept."""
    store: Any = scene.house.retour.store
    write = store.write

    async def settle_first(handover: Any) -> Any:
        monkeypatch.setattr(store, "write", write)
        await scene.send()
        return await write(handover)

    monkeypatch.setattr(store, "write", settle_first)
    assert await scene.hear(DELIVERED) is Heard.TOLD
    assert (await scene.told(), await scene.waiting()) == (["sent", "delivered"], 0)


async def test_a_report_of_nothing_that_we_know_is_kept_for_three_days_and_given_up_in_the_log(
    scene: Scene,
) -> None:
    assert await scene.hear(DELIVERED, "SM-of-somebody") is Heard.KEPT
    for seconds in (5, 30, 120, 600, *[HOUR] * 60):
        await scene.look(seconds)
    assert len(await scene.house.retour.store.read("due_report_lanes", now=ids.now() + limits.DAY)) == 1
    with structlog.testing.capture_logs() as logs:
        await scene.look(limits.EARLY_REPORT_AGE / limits.SECOND)
    (line,) = [line for line in logs if line["event"] == "report_given_up"]
    assert (line["reference"], line["status"]) == ("SM-of-somebody", "delivered")
    assert await scene.waiting() == 0


async def test_a_report_that_comes_again_and_again_is_kept_once(scene: Scene) -> None:
    assert {await scene.hear(DELIVERED, "SM9") for _ in range(3)} == {Heard.KEPT}
    assert await scene.hear(OFF, "SM9") is Heard.KEPT
    assert await scene.waiting() == 2


async def test_what_names_nothing_is_nobody_s(scene: Scene) -> None:
    marks = scene.house.retour.reports.marks
    assert await scene.hear(DELIVERED, "") is Heard.NOBODY
    nowhere = marks.of(scene.house.dev.id, ids.new_id())
    assert await scene.hear(DELIVERED, "", nowhere) is Heard.NOBODY
    assert await scene.waiting() == 0


async def test_charlie_s_provider_tells_nothing_of_ann_s_message(scene: Scene) -> None:
    await scene.send()
    reports, other = scene.house.retour.reports, scene.house.other.id
    for mark, reference in ((scene.mark, ""), ("", "SM1"), (scene.mark, "SM1")):
        heard = await reports.heard_of(other, scene.configuration, mark, reference, DELIVERED, ids.now())
        assert heard is (Heard.KEPT if reference else Heard.NOBODY)
    assert await scene.hear(DELIVERED, "SM1", configuration="another") is Heard.KEPT
    await reports.run_due(Lane(other), ids.now() + limits.DAY)
    await reports.slots.finish(PATIENCE)
    assert await scene.told() == ["sent"]


async def test_many_reports_at_once_are_all_told_and_none_twice(scene: Scene) -> None:
    await scene.send()
    heard = await asyncio.gather(*(scene.hear(one) for one in (DELIVERED, OFF, DELIVERED, OFF, ACCEPTED)))
    assert set(heard) <= {Heard.TOLD, Heard.KNOWN, Heard.KEPT}
    for _ in range(3):
        await scene.look(HOUR)
    assert sorted(await scene.told()) == ["bounce 30003", "delivered", "sent"]
    assert await scene.waiting() == 0


async def test_the_worker_tells_an_early_report_by_itself(scene: Scene) -> None:
    async with scene.house.working():
        assert await scene.hear(DELIVERED, "SM1") in {Heard.KEPT, Heard.TOLD}
        await until(scene.is_told(["sent", "delivered"]), PATIENCE)


# --- nobody knows ---


async def test_after_a_crash_between_the_provider_and_the_store_it_is_not_sent_again(
    scene: Scene,
) -> None:
    await crash(scene)
    await scene.send()
    assert (scene.script.tried, await scene.told()) == ([], ["error uncertain"])
    assert await scene.hear(DELIVERED, "", scene.mark) is Heard.TOLD
    assert await scene.told() == ["error uncertain", "delivered"]
    assert await scene.amends() == [False, True]


async def crash(scene: Scene) -> None:
    """Somebody took the message and was never heard of again."""
    lane = Lane(scene.house.dev.id, scene.configuration)
    assert len((await scene.house.retour.store.claim_messages(lane, ids.now(), 10)).messages) == 1
    scene.clock.move(limits.SENDING_LEASE / limits.SECOND)


async def test_after_a_crash_it_is_sent_again_where_that_is_wanted(make: Make) -> None:
    scene = await make(repeat_uncertain=True)
    await scene.accept()
    await crash(scene)
    await scene.send()
    assert (scene.script.tried, await scene.told()) == ([BOB], ["sent"])


async def test_a_channel_that_may_repeat_sends_again_after_a_crash(scene: Scene) -> None:
    scene.script.repeats = True
    await crash(scene)
    await scene.send()
    assert (scene.script.tried, await scene.told()) == ([BOB], ["sent"])


async def test_a_report_that_waited_for_the_end_of_a_crash_amends_that_nobody_knows(scene: Scene) -> None:
    lane = Lane(scene.house.dev.id, scene.configuration)
    await scene.house.retour.store.claim_messages(lane, ids.now(), 10)
    assert await scene.hear(DELIVERED, "", scene.mark) is Heard.KEPT
    scene.clock.move(limits.SENDING_LEASE / limits.SECOND)
    await scene.send()
    await scene.look(5)
    assert await scene.told() == ["error uncertain", "delivered"]


async def test_who_answers_too_late_still_leaves_what_the_provider_calls_it(scene: Scene) -> None:
    """The lease ended while the provider thought: another try says that nobody knows, and the report corrects it."""
    going, gate = asyncio.Event(), asyncio.Event()

    async def slow(outgoing: Outgoing, now: int) -> Receipt:
        going.set()
        await gate.wait()
        return TAKEN

    scene.script.answers[BOB] = slow
    sending, lane = scene.house.retour.sending, Lane(scene.house.dev.id, scene.configuration)
    await sending.run_due(lane, ids.now())
    async with asyncio.timeout(PATIENCE):
        await going.wait()
    scene.clock.move(limits.SENDING_LEASE / limits.SECOND)
    await sending.run_due(lane, ids.now())
    await until(scene.is_told(["error uncertain"]), PATIENCE)
    gate.set()
    await sending.slots.finish(PATIENCE)
    assert await scene.told() == ["error uncertain"]
    assert await scene.hear(DELIVERED) is Heard.TOLD
    assert await scene.told() == ["error uncertain", "delivered"]


async def test_what_the_provider_may_have_taken_is_told_as_such(scene: Scene) -> None:
    scene.script.otherwise = Receipt(uncertain=True)
    await scene.send(times=3, seconds=HOUR)
    assert (scene.script.tried, await scene.told()) == ([BOB], ["error uncertain"])


# --- a provider that takes no more ---


async def test_a_busy_provider_is_left_alone_for_as_long_as_it_says_then_gets_everything(
    scene: Scene,
) -> None:
    scene.script.otherwise = BUSY
    await scene.send()
    others = [await scene.accept(f"+155501{number:02}") for number in range(10, 14)]
    await scene.send(times=5, seconds=5)
    assert scene.script.tried == [BOB]
    scene.script.otherwise = TAKEN
    await scene.send(times=2, seconds=10)
    assert len(scene.script.tried) == 6
    assert [await scene.told(message) for message in others] == [["sent"]] * 4


async def test_a_provider_that_stays_busy_is_an_error_at_the_end_of_the_period(scene: Scene) -> None:
    scene.script.otherwise = BUSY
    await scene.send(times=50, seconds=3 * HOUR)
    assert await scene.told() == ["delay 429", "error 429"]


# --- the final report ---


async def test_a_final_report_that_does_not_come_is_a_timeout_which_a_late_one_amends(scene: Scene) -> None:
    await scene.send(times=2, seconds=71 * HOUR)
    assert await scene.told() == ["sent"]
    await scene.send()
    assert await scene.told() == ["sent", "error 24"]
    assert scene.script.tried == [BOB]
    assert await scene.hear(DELIVERED) is Heard.TOLD
    assert await scene.told() == ["sent", "error 24", "delivered"]
    assert await scene.amends() == [False, False, True]


async def test_after_a_final_report_nobody_waits(scene: Scene) -> None:
    await scene.send()
    await scene.hear(DELIVERED)
    await scene.send(times=2, seconds=200 * HOUR)
    assert await scene.told() == ["sent", "delivered"]


async def test_a_report_that_is_not_final_does_not_end_the_waiting_nor_make_it_longer(scene: Scene) -> None:
    await scene.send()
    scene.clock.move(71 * HOUR)
    late = Learned(status=FeedbackStatus.DELAY, failure=OFF.failure)
    assert await scene.hear(late) is Heard.TOLD
    scene.clock.move(HOUR)
    await scene.send()
    assert await scene.told() == ["sent", "delay 30003", "error 24"]


async def test_what_a_report_says_was_sent_is_waited_for_from_then_on(scene: Scene) -> None:
    """The provider took it, and this service had not written that down when it stopped."""
    assert await scene.hear(ACCEPTED, "", scene.mark) is Heard.TOLD
    await scene.send()
    assert (scene.script.tried, await scene.told()) == ([], ["sent"])
    scene.clock.move(72 * HOUR)
    await scene.send()
    assert await scene.told() == ["sent", "error 24"]


async def test_where_no_report_is_waited_for_there_is_no_timeout(make: Make) -> None:
    scene = await make(report_hours=0)
    await scene.accept()
    await scene.send(times=3, seconds=500 * HOUR)
    assert await scene.told() == ["sent"]


# --- how fast ---


async def test_no_more_leave_than_the_provider_takes_a_second_and_the_rest_is_rung_for(make: Make) -> None:
    scene = await make(per_second=20, at_once=16)
    for number in range(10, 16):
        await scene.accept(f"+155501{number:02}")
    bell, lane = scene.house.retour.bell, Lane(scene.house.dev.id, scene.configuration)
    await bell.wait(RoomName.SENDING, 0)
    scene.clock.move(1)
    await scene.send()
    assert len(scene.script.tried) == 2  # a tenth of a second's worth
    assert lane in await bell.wait(RoomName.SENDING, PATIENCE)
    await scene.send(times=6, seconds=0.1)
    assert len(scene.script.tried) == 6


async def test_no_more_are_on_their_way_than_the_configuration_says(make: Make) -> None:
    scene = await make(at_once=3)
    going, gate = asyncio.Event(), asyncio.Event()

    async def hang(outgoing: Outgoing, now: int) -> Receipt:
        if len(scene.script.tried) == 3:
            going.set()
        await gate.wait()
        return Receipt(facts=(SENT,))

    numbers = [f"+155501{number:02}" for number in range(10, 16)]
    scene.script.answers = dict.fromkeys(numbers, hang)
    for number in numbers:
        await scene.accept(number)
    sending, lane = scene.house.retour.sending, Lane(scene.house.dev.id, scene.configuration)
    await sending.run_due(lane, ids.now())
    await sending.run_due(lane, ids.now())
    async with asyncio.timeout(PATIENCE):
        await going.wait()
    assert len(scene.script.tried) == 3
    gate.set()
    await sending.slots.finish(PATIENCE)
    await scene.send(times=2)
    assert len(scene.script.tried) == 6


# --- people ---


async def test_of_an_erased_person_nothing_is_told_and_no_report_is_left(scene: Scene) -> None:
    await scene.send()
    await scene.house.retour.erasure.erase(scene.house.dev, "phone", BOB)
    assert await scene.hear(DELIVERED, "SM1", scene.mark) is Heard.KNOWN
    assert await told_of(scene.house, scene.message) == ["sent"]
    scene.clock.move(100 * HOUR)
    await scene.send()
    assert (await told_of(scene.house, scene.message), await scene.waiting()) == (["sent"], 0)
