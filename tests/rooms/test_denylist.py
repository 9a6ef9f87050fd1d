"""Ann texts people who want no text messages: nothing is sent to them, and everybody hears why."""

from __future__ import annotations

import json
from dataclasses import dataclass

import msgspec
import pytest

from cast import House
from retour import ids
from retour.catalog.suppression import Given
from retour.channels import Receipt
from retour.marks import Place
from retour.model import (
    Campaign,
    ChannelKind,
    Fact,
    Failure,
    FailureCategory,
    FailureType,
    FeedbackStatus,
    Learned,
    ProviderFacts,
)
from retour.stores.handovers import Changed, Step, Written
from retour.suppression import SMS_NO_CONSENT, Cause, Entry, EntryKind, ListName
from rooms.steps import Script, message_of, send_due, told_of

VERA, BOB = "+31612345678", "+31687654321"
PROVIDER = "telephony"
SAID = ProviderFacts(name=PROVIDER, code="21610", text="Unsubscribed recipient")
SENT = Receipt(facts=(Fact(status=FeedbackStatus.SENT, key="sent"),))
OPTED_OUT = Fact(status=FeedbackStatus.DENYLIST, key="denylist", provider=SAID, exclusion=SMS_NO_CONSENT)
GONE = Failure(category=FailureCategory.SYNC, type=FailureType.HARD, code="1", reason="Unknown Subscriber")
OFF = msgspec.structs.replace(GONE, type=FailureType.SOFT, reason="Absent Subscriber")


def bounced(failure: Failure) -> Receipt:
    """The provider refuses the message."""
    fact = Fact(status=FeedbackStatus.BOUNCE, key="bounce", failure=failure, provider=SAID)
    return Receipt(facts=(fact,))


@dataclass
class Scene:
    """A campaign of text messages at a provider that does as the script says."""

    house: House
    script: Script
    configuration: str
    campaign: Campaign

    async def text(self, number: str = VERA) -> str:
        """Ann texts somebody; the message's id, after its first try."""
        execution = await self.house.execute(self.campaign, number)
        message = await message_of(self.house, execution.id)
        await send_due(self.house, self.configuration)
        return message

    async def told(self, message: str) -> list[str]:
        """The statuses that were recorded."""
        return await told_of(self.house, message)

    async def reported(self, message: str, learned: Learned) -> None:
        """The provider reports later."""
        await self.house.retour.reports.told(Place(self.house.dev.id, message), learned, ids.now())

    async def hear(self, text: str, number: str = VERA) -> None:
        """Somebody answers."""
        await self.house.retour.opt_outs.heard(self.house.dev.id, number, text, "text", ids.now())

    async def entry(self, number: str = VERA) -> Entry | None:
        """What the list says of a number."""
        shelves = self.house.retour.suppressed
        return await shelves.entry(self.house.dev.id, ListName.SUPPRESSED, EntryKind.NUMBER, number)


async def scene_of(house: House, provider: str) -> Scene:
    """Ann's campaign at this provider."""
    script = Script(otherwise=SENT, kinds=(ChannelKind.SMS,))
    house.retour.channels[provider] = script
    made = await house.retour.shelves.configuration(house.dev.id, await house.simulated("sms"))
    assert made is not None
    values = {
        "sandbox": house.dev.id,
        "id": made.id,
        "name": made.name,
        "version": 1,
        "modified_at": ids.now(),
    }
    doc = msgspec.json.encode(msgspec.structs.replace(made, provider=provider))
    step = Step(statement="configuration_update", values=values | {"doc": doc}, guard=True)
    assert isinstance(await house.retour.store.write(Changed(steps=(step,))), Written)
    campaign = await house.campaign(made.id, channel="sms", identity_namespace="Phone")
    return Scene(house, script, made.id, campaign)


@pytest.fixture
async def scene(house: House) -> Scene:
    """A provider that is no simulation."""
    return await scene_of(house, PROVIDER)


async def test_who_says_stop_gets_nothing_from_the_next_message_on(scene: Scene) -> None:
    assert await scene.told(await scene.text()) == ["sent"]
    await scene.hear("Stop")
    left = await scene.text()
    assert (await scene.told(left), scene.script.tried) == (["denylist"], [VERA])
    events = await scene.house.retour.shelves.events(scene.house.dev.id, left)
    told = json.loads(events[-1].body)
    assert told["messageDeliveryFeedback"]["messageExclusion"] == {
        "code": "050104",
        "reason": "SMSNoConsent",
        "details": None,
    }
    assert told["retour"]["final"] is True
    assert await scene.told(await scene.text(BOB)) == ["sent"]
    await scene.hear("start")
    assert await scene.told(await scene.text()) == ["sent"]


async def test_a_message_that_waited_meanwhile_is_left_out_too(scene: Scene) -> None:
    execution = await scene.house.execute(scene.campaign, VERA)
    await scene.hear("STOP")
    await send_due(scene.house, scene.configuration)
    assert await scene.told(await message_of(scene.house, execution.id)) == ["denylist"]


async def test_who_has_opted_out_at_the_provider_is_listed_by_the_answer(scene: Scene) -> None:
    scene.script.otherwise = Receipt(facts=(OPTED_OUT,))
    message = await scene.text()
    entry = await scene.entry()
    assert entry is not None
    assert (entry.cause, entry.message_id, entry.comment) == (Cause.OPT_OUT, message, "")
    assert await scene.told(await scene.text()) == ["denylist"]
    assert scene.script.tried == [VERA]


async def test_who_has_opted_out_at_the_provider_is_listed_by_a_report(scene: Scene) -> None:
    message = await scene.text()
    learned = Learned(status=FeedbackStatus.DENYLIST, provider=SAID, exclusion=SMS_NO_CONSENT)
    await scene.reported(message, learned)
    assert await scene.told(message) == ["sent", "denylist"]
    entry = await scene.entry()
    assert entry is not None
    assert (entry.cause, entry.message_id) == (Cause.OPT_OUT, message)


async def test_a_number_that_takes_no_messages_is_listed_and_a_phone_that_is_off_is_not(
    scene: Scene,
) -> None:
    scene.script.otherwise = bounced(OFF)
    for _ in range(6):
        await scene.text(BOB)
    assert await scene.entry(BOB) is None
    scene.script.otherwise = bounced(GONE)
    await scene.text()
    entry = await scene.entry()
    assert entry is not None
    assert (entry.cause, entry.reason) == (Cause.HARD, "Unknown Subscriber")


async def test_start_holds_though_a_message_that_was_left_out_is_settled_after_it(scene: Scene) -> None:
    await scene.hear("STOP")
    left = await scene.text()
    await scene.hear("START")
    assert await scene.told(left) == ["denylist"]
    assert await scene.entry() is None


async def test_the_denylist_holds_for_the_simulator_which_puts_nobody_on_it(house: House) -> None:
    scene = await scene_of(house, "simulated")
    scene.script.otherwise = Receipt(facts=(OPTED_OUT,))
    await scene.text()
    assert await scene.entry() is None
    given = [Given(EntryKind.NUMBER, VERA)]
    await house.retour.suppression.add(house.dev, ListName.SUPPRESSED, given)
    assert await scene.told(await scene.text()) == ["denylist"]


async def test_another_sandbox_s_denylist_says_nothing_here(scene: Scene) -> None:
    house = scene.house
    for sandbox in (house.prod, house.other):
        await house.retour.opt_outs.heard(sandbox.id, VERA, "STOP", "text", ids.now())
    assert await scene.told(await scene.text()) == ["sent"]


async def test_who_is_erased_stays_on_the_list(scene: Scene) -> None:
    await scene.text()
    await scene.hear("STOP")
    await scene.house.retour.erasure.erase(scene.house.dev, "phone", VERA)
    assert await scene.entry() is not None
