"""The sending room with a real store; relay and recipients do what the test says."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import apsw
import pytest

from cast import House
from outside.smtp import Conduct, relay
from retour import ids, limits
from retour.channels import Outgoing, Receipt
from retour.model import Campaign, Fact, Failure, FailureCategory, FailureType, FeedbackStatus, Lane
from retour.stores import RoomName
from rooms.steps import Clock, Script, message_of, row_of, send_due, told_of

SENT = Receipt(facts=(Fact(status=FeedbackStatus.SENT, key="sent"),))
TROUBLE = Receipt(trouble="The relay refused the login.")
SOFT = Receipt(
    soft=Failure(category=FailureCategory.SYNC, type=FailureType.SOFT, code="22", reason="Mailbox Full")
)
DAY = 86_400


@dataclass
class Scene:
    """A campaign on a channel that does what `script` says."""

    house: House
    clock: Clock
    script: Script
    configuration: str
    campaign: Campaign

    async def execute(self, address: str = "bob@acme.example") -> str:
        """One message; its id."""
        execution = await self.house.execute(self.campaign, address)
        return await message_of(self.house, execution.id)

    async def send(self, times: int = 1, seconds: float = 0) -> None:
        """Rounds of the room with some time after each."""
        for _ in range(times):
            await send_due(self.house, self.configuration)
            self.clock.move(seconds)

    async def content(self, message_id: str) -> bytes | None:
        """What is stored of the message's content."""
        with apsw.Connection(str(self.house.retour.settings.database_file)) as outside:
            rows = outside.execute("SELECT content FROM message WHERE id = ?", (message_id,)).fetchall()
        outside.close()
        return None if rows[0][0] is None else bytes(rows[0][0])  # type: ignore[arg-type]


@pytest.fixture
async def scene(house: House, clock: Clock) -> Scene:
    """Everything in place; nothing sent yet."""
    script = Script(otherwise=SENT)
    house.retour.channels["simulated"] = script
    configuration = await house.simulated()
    return Scene(house, clock, script, configuration, await house.campaign(configuration))


async def test_content_is_removed_once_the_message_is_sent(scene: Scene) -> None:
    message = await scene.execute()
    assert await scene.content(message) is not None
    await scene.send()
    assert await scene.content(message) is None
    assert await told_of(scene.house, message) == ["sent"]
    assert (await row_of(scene.house, message))[9] == "sent"


async def test_content_is_kept_while_the_recipients_host_says_later(scene: Scene) -> None:
    scene.script.otherwise = SOFT
    message = await scene.execute()
    await scene.send()
    assert await scene.content(message) is not None
    scene.script.otherwise = SENT
    scene.clock.move(10)
    await scene.send()
    assert await scene.content(message) is None
    assert await told_of(scene.house, message) == ["delay", "sent"]


async def test_delay_is_told_once_however_often_the_host_says_later(scene: Scene) -> None:
    scene.script.otherwise = SOFT
    message = await scene.execute()
    await scene.send(times=6, seconds=2 * 3600)
    assert len(scene.script.tried) == 6
    assert await told_of(scene.house, message) == ["delay"]
    assert (await row_of(scene.house, message))[10] == 6


async def test_a_soft_answer_until_the_period_ends_is_told_as_a_bounce(scene: Scene) -> None:
    scene.script.otherwise = SOFT
    message = await scene.execute()
    await scene.send(times=4, seconds=3 * DAY)
    assert await told_of(scene.house, message) == ["delay", "bounce"]
    assert await scene.content(message) is None


async def test_a_relay_in_trouble_for_days_tells_delay_once_then_an_error_and_no_bounce(
    scene: Scene,
) -> None:
    scene.script.otherwise = TROUBLE
    messages = [await scene.execute(f"person-{number}@acme.example") for number in range(5)]
    await scene.send(times=2)
    await scene.send(times=3 * 24, seconds=3600)
    for message in messages:
        assert await told_of(scene.house, message) == ["delay"]
        assert (await row_of(scene.house, message))[10] == 0
    scene.clock.move(DAY)
    await scene.send(times=2)
    for message in messages:
        assert await told_of(scene.house, message) == ["delay", "error"]
        assert await scene.content(message) is None
        (_, error) = await scene.house.retour.shelves.events(scene.house.dev.id, message)
        assert b'"code":"25"' in error.body


async def test_a_relay_in_trouble_gets_one_probe_at_a_time_and_not_a_try_per_message(scene: Scene) -> None:
    scene.script.otherwise = TROUBLE
    for number in range(5):
        await scene.execute(f"person-{number}@acme.example")
    await scene.send(times=3)
    tried = len(scene.script.tried)
    assert tried <= limits.SENDING_SLOTS
    await scene.execute("new@acme.example")
    await scene.send(times=3)
    assert len(scene.script.tried) == tried
    scene.clock.move(120)
    await scene.send()
    assert len(scene.script.tried) == tried + 1


async def test_a_relay_that_works_again_gets_everything_that_waited(scene: Scene) -> None:
    scene.script.otherwise = TROUBLE
    await scene.execute("first@acme.example")
    await scene.send()
    messages = [await scene.execute(f"person-{number}@acme.example") for number in range(5)]
    await scene.send(times=2)
    scene.clock.move(90)
    scene.script.otherwise = SENT
    bell = scene.house.retour.bell
    await bell.wait(RoomName.SENDING, 0)
    await scene.send()
    assert await bell.wait(RoomName.SENDING, 1) == {Lane(scene.house.dev.id, scene.configuration)}
    await scene.send(times=2)
    for message in messages:
        assert await told_of(scene.house, message) == ["delay", "sent"]
    configuration = await scene.house.retour.configurations.get(scene.house.dev, scene.configuration)
    assert configuration.health.failures == 0


async def test_a_failing_relay_is_shown_on_its_configuration(scene: Scene) -> None:
    scene.script.otherwise = TROUBLE
    await scene.execute()
    await scene.send()
    health = (await scene.house.retour.configurations.get(scene.house.dev, scene.configuration)).health
    assert (health.failures, health.trouble) == (1, TROUBLE.trouble)
    assert health.failing_since is not None


async def test_a_bug_in_one_message_does_not_stop_the_others(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "TAKEN_TOO_OFTEN", 3)

    async def bug(outgoing: Outgoing, now: int) -> Receipt:
        raise RuntimeError("a bug in the channel")

    scene.script.answers["bug@acme.example"] = bug
    names = ("ann@acme.example", "bug@acme.example", "bob@acme.example")
    first, broken, last = [await scene.execute(name) for name in names]
    await scene.send()
    assert await told_of(scene.house, first) == await told_of(scene.house, last) == ["sent"]
    assert await told_of(scene.house, broken) == []
    await scene.send(times=limits.TAKEN_TOO_OFTEN - 1, seconds=120)
    assert await told_of(scene.house, broken) == []
    await scene.send(times=2, seconds=120)
    assert await told_of(scene.house, broken) == ["error"]
    assert scene.script.tried.count("bug@acme.example") == limits.TAKEN_TOO_OFTEN


async def test_a_message_whose_configuration_is_gone_is_an_error_and_no_endless_loop(scene: Scene) -> None:
    message = await scene.execute()
    with apsw.Connection(str(scene.house.retour.settings.database_file)) as outside:
        outside.execute("DELETE FROM channel_configuration")
    outside.close()
    await scene.send()
    assert await told_of(scene.house, message) == ["error"]
    assert scene.script.tried == []


async def test_a_channel_that_repeats_itself_is_told_once_and_without_a_gap(scene: Scene) -> None:
    delivered = Fact(status=FeedbackStatus.DELIVERED, key="delivered")
    scene.script.otherwise = Receipt(facts=SENT.facts, again_at=ids.now())
    message = await scene.execute()
    await scene.send(seconds=1)
    scene.script.otherwise = Receipt(facts=(*SENT.facts, delivered))
    await scene.send()
    events = await scene.house.retour.shelves.events(scene.house.dev.id, message)
    assert [(event.sequence, event.status) for event in events] == [(1, "sent"), (2, "delivered")]
    assert b'"sequence":2' in events[1].body


async def test_no_more_than_its_places_are_on_their_way_at_once(scene: Scene) -> None:
    going, gate = asyncio.Event(), asyncio.Event()

    async def hang(outgoing: Outgoing, now: int) -> Receipt:
        if len(scene.script.tried) == limits.SENDING_SLOTS:
            going.set()
        await gate.wait()
        return SENT

    names = [f"person-{number}@acme.example" for number in range(limits.SENDING_SLOTS + 5)]
    scene.script.answers = dict.fromkeys(names, hang)
    for name in names:
        await scene.execute(name)
    sending, lane = scene.house.retour.sending, Lane(scene.house.dev.id, scene.configuration)
    await sending.run_due(lane, ids.now())
    await sending.run_due(lane, ids.now())
    async with asyncio.timeout(5):
        await going.wait()
    assert len(scene.script.tried) == limits.SENDING_SLOTS
    gate.set()
    await sending.slots.finish(5)
    await scene.send()
    assert len(scene.script.tried) == len(names)


@pytest.mark.parametrize(
    "end", ["250 2.0.0 Ok: queued", "250 delivered", "250 2.1.5 Message delivered to mailbox"]
)
async def test_a_250_is_sent_and_never_delivered(house: House, end: str) -> None:
    async with relay(Conduct(answers={".": end})) as mx:
        configuration = await house.relay(mx.port)
        execution = await house.execute(await house.campaign(configuration), "jane@example.com")
        message = await message_of(house, execution.id)
        await send_due(house, configuration)
        await send_due(house, configuration)
    assert await told_of(house, message) == ["sent"]
    assert (await row_of(house, message))[9] == "sent"
