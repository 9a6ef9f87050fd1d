"""Ann writes to people who are on a list: nothing is sent to them, and everybody hears why."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from cast import House
from mailreports.mails import complaint, dsn
from retour import ids, limits
from retour.catalog.suppression import Given
from retour.channels import Receipt
from retour.model import Campaign, Fact, Failure, FailureCategory, FailureType, FeedbackStatus
from retour.suppression import Cause, Entry, EntryKind, ListName
from rooms.steps import Clock, Script, message_of, row_of, send_due, told_of

SENT = Receipt(facts=(Fact(status=FeedbackStatus.SENT, key="sent"),))
FULL = Failure(category=FailureCategory.SYNC, type=FailureType.SOFT, code="22", reason="Mailbox Full")
GONE = Failure(category=FailureCategory.SYNC, type=FailureType.HARD, code="10", reason="Invalid Recipient")
HARD = Receipt(facts=(Fact(status=FeedbackStatus.BOUNCE, key="bounce", failure=GONE),))
VERA = "vera@luma.example"
TO_VERA = "Final-Recipient: rfc822; vera@luma.example\n"
ADDRESS, DOMAIN = EntryKind.ADDRESS, EntryKind.DOMAIN
SUPPRESSED, ALLOWED = ListName.SUPPRESSED, ListName.ALLOWED


@dataclass
class Scene:
    """A campaign on a relay that does as the script says."""

    house: House
    script: Script
    configuration: str
    campaign: Campaign

    async def write(self, address: str = VERA) -> str:
        """Ann writes to somebody; the message's id, after its first try."""
        execution = await self.house.execute(self.campaign, address)
        message = await message_of(self.house, execution.id)
        await self.send()
        return message

    async def send(self) -> None:
        """What is due goes."""
        await send_due(self.house, self.configuration)

    async def told(self, message: str) -> list[str]:
        """The statuses that were recorded."""
        return await told_of(self.house, message)

    async def body(self, message: str) -> Any:
        """Of the last event."""
        return json.loads((await self.house.retour.shelves.events(self.house.dev.id, message))[-1].body)

    async def add(self, value: str, name: ListName = SUPPRESSED) -> None:
        """Put it on a list."""
        kind = ADDRESS if "@" in value else DOMAIN
        await self.house.retour.suppression.add(self.house.dev, name, [Given(kind, value)])

    async def activate(self, active: bool = True) -> None:
        """The allowed list."""
        suppression = self.house.retour.suppression
        await suppression.activate(self.house.dev, active, (await suppression.rules(self.house.dev)).version)

    async def entry(self, address: str = VERA) -> Entry | None:
        """What the suppression list says of an address."""
        return await self.house.retour.suppressed.entry(self.house.dev.id, SUPPRESSED, ADDRESS, address)

    async def back(self, message: str, mail: bytes) -> None:
        """A mail comes back."""
        mark = self.house.retour.reports.marks.of(self.house.dev.id, message)
        await self.house.retour.reports.mail(f"bounce+{mark}@back.luma.example", mail, ids.now())


@pytest.fixture
async def scene(house: House) -> Scene:
    """Ann's campaign on a real relay's configuration."""
    script = Script(otherwise=SENT)
    house.retour.channels["smtp"] = script
    configuration = await house.relay(2525)
    return Scene(house, script, configuration, await house.campaign(configuration))


# --- before a try ---


@pytest.mark.parametrize(
    ("listed", "code", "reason"),
    [("Vera@luma.example", "050102", "EmailSuppressed"), ("LUMA.example", "050105", "DomainSuppressed")],
)
async def test_to_who_is_suppressed_nothing_is_sent(
    scene: Scene, listed: str, code: str, reason: str
) -> None:
    await scene.add(listed)
    message = await scene.write("VERA@luma.example")
    assert (await scene.told(message), scene.script.tried) == (["denylist"], [])
    body = await scene.body(message)
    assert body["messageDeliveryFeedback"]["messageExclusion"] == {
        "code": code,
        "reason": reason,
        "details": None,
    }
    assert body["messageDeliveryFeedback"]["messageFailure"] is None
    assert body["retour"]["final"] is True
    life = await scene.house.retour.event_shelves.life(scene.house.dev.id, message)
    assert life is not None
    assert (life.kept, life.due_at) == (False, None)


async def test_others_are_written_to_all_the_same(scene: Scene) -> None:
    await scene.add("luma.example")
    assert await scene.told(await scene.write("vera@sub.luma.example")) == ["sent"]


async def test_what_was_taken_off_is_sent_to_at_once(scene: Scene) -> None:
    await scene.add(VERA)
    await scene.house.retour.suppression.remove(scene.house.dev, SUPPRESSED, ADDRESS, VERA)
    assert await scene.told(await scene.write()) == ["sent"]


async def test_another_sandbox_s_list_says_nothing_here(scene: Scene) -> None:
    house = scene.house
    for sandbox in (house.prod, house.other):
        await house.retour.suppression.add(sandbox, SUPPRESSED, [Given(ADDRESS, VERA)])
        await house.retour.suppression.activate(sandbox, True, 0)
    assert await scene.told(await scene.write()) == ["sent"]


async def test_while_the_allowed_list_is_active_the_others_are_left_out(scene: Scene) -> None:
    await scene.add("ann@acme.example", ALLOWED)
    assert await scene.told(await scene.write()) == ["sent"]
    await scene.activate()
    left = await scene.write()
    assert await scene.told(left) == ["exclude"]
    exclusion = (await scene.body(left))["messageDeliveryFeedback"]["messageExclusion"]
    assert (exclusion["code"], exclusion["reason"]) == ("050103", "EmailNotAllowed")
    assert await scene.told(await scene.write("Ann@acme.example")) == ["sent"]
    await scene.activate(False)
    assert await scene.told(await scene.write()) == ["sent"]


async def test_where_domains_alone_are_allowed_a_domain_is_not_allowed(scene: Scene) -> None:
    await scene.add("acme.example", ALLOWED)
    await scene.activate()
    left = await scene.write()
    assert (await scene.body(left))["messageDeliveryFeedback"]["messageExclusion"]["code"] == "050106"
    assert await scene.told(await scene.write("bob@acme.example")) == ["sent"]


async def test_an_active_and_empty_list_is_a_brake(scene: Scene) -> None:
    await scene.activate()
    await scene.write("ann@acme.example")
    assert scene.script.tried == []


async def test_who_is_on_both_lists_gets_nothing(scene: Scene) -> None:
    await scene.add(VERA)
    await scene.add(VERA, ALLOWED)
    await scene.activate()
    assert await scene.told(await scene.write()) == ["denylist"]


async def test_the_lists_of_e_mail_hold_for_the_simulator_and_not_for_text_messages(house: House) -> None:
    await house.retour.suppression.add(house.dev, SUPPRESSED, [Given(DOMAIN, "example.com")])
    await house.retour.suppression.activate(house.dev, True, 0)
    mail, text = await house.simulated(), await house.simulated("sms")
    written = await house.execute(await house.campaign(mail), "delivered@example.com")
    texted = await house.execute(
        await house.campaign(text, channel="sms", identity_namespace="Phone"), "+15555550123"
    )
    for configuration in (mail, text):
        await send_due(house, configuration)
    assert await told_of(house, await message_of(house, written.id)) == ["denylist"]
    assert (await told_of(house, await message_of(house, texted.id)))[:1] != ["exclude"]


# --- after a try, and after a report ---


async def test_a_hard_bounce_suppresses_at_once(scene: Scene) -> None:
    scene.script.otherwise = HARD
    message = await scene.write()
    entry = await scene.entry()
    assert entry is not None
    assert (entry.cause, entry.reason, entry.message_id) == (Cause.HARD, "Invalid Recipient", message)
    assert await scene.told(await scene.write()) == ["denylist"]


async def test_a_bounce_that_comes_later_suppresses_too(scene: Scene) -> None:
    message = await scene.write()
    report = f"{TO_VERA}Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no"
    await scene.back(message, dsn(report))
    entry = await scene.entry()
    assert entry is not None
    assert (entry.cause, entry.message_id) == (Cause.HARD, message)


async def test_a_complaint_suppresses(scene: Scene) -> None:
    await scene.back(await scene.write(), complaint())
    entry = await scene.entry()
    assert entry is not None
    assert (entry.cause, entry.reason) == (Cause.COMPLAINT, "Spam Complaint")


async def test_the_simulator_fills_no_list(house: House) -> None:
    configuration = await house.simulated()
    campaign = await house.campaign(configuration)
    for _ in range(2):
        execution = await house.execute(campaign, "bounce@example.com")
        for _ in range(3):
            await send_due(house, configuration)
        assert "bounce" in await told_of(house, await message_of(house, execution.id))
    assert await house.retour.suppressed.count(house.dev.id, SUPPRESSED) == 0


async def test_the_fifth_soft_error_of_a_message_suppresses(scene: Scene, clock: Clock) -> None:
    scene.script.otherwise = Receipt(soft=FULL)
    message = await scene.write()
    for _ in range(4):
        assert await scene.entry() is None
        clock.move(15_000)
        await scene.send()
    entry = await scene.entry()
    assert entry is not None
    assert (entry.cause, entry.reason, entry.errors) == (Cause.SOFT, "Mailbox Full", 5)
    clock.move(15_000)
    await scene.send()
    assert await scene.told(message) == ["delay", "denylist"]
    assert (await scene.body(message))["messageDeliveryFeedback"]["retryCount"] == 5
    assert len(scene.script.tried) == 5


async def test_the_threshold_is_the_sandbox_s(scene: Scene, clock: Clock) -> None:
    await scene.house.retour.suppression.change_threshold(scene.house.dev, 2, 0)
    scene.script.otherwise = Receipt(soft=FULL)
    await scene.write()
    clock.move(60)
    await scene.send()
    entry = await scene.entry()
    assert entry is not None
    assert entry.errors == 2


async def test_a_delivery_begins_the_count_again(scene: Scene, clock: Clock) -> None:
    await scene.house.retour.suppression.change_threshold(scene.house.dev, 2, 0)
    scene.script.otherwise = Receipt(soft=FULL)
    await scene.write()
    scene.script.otherwise = SENT
    good = await scene.write()
    report = f"{TO_VERA}Action: relayed\nStatus: 2.0.0\nDiagnostic-Code: smtp; 250 ok"
    await scene.back(good, dsn(report))
    clock.move(25 * 3_600)
    scene.script.otherwise = Receipt(soft=FULL)
    await scene.write()
    assert await scene.entry() is None


async def test_who_is_taken_off_begins_with_no_errors(scene: Scene, clock: Clock) -> None:
    await scene.house.retour.suppression.change_threshold(scene.house.dev, 2, 0)
    scene.script.otherwise = Receipt(soft=FULL)
    await scene.write()
    clock.move(60)
    await scene.send()
    await scene.house.retour.suppression.remove(scene.house.dev, SUPPRESSED, ADDRESS, VERA)
    clock.move(60)
    await scene.send()
    assert await scene.entry() is None


async def test_what_somebody_added_keeps_its_cause(scene: Scene) -> None:
    message = await scene.write()
    await scene.add(VERA)
    await scene.back(message, complaint())
    entry = await scene.entry()
    assert entry is not None
    assert entry.cause is Cause.MANUAL


async def test_a_message_that_is_sent_and_only_asked_about_is_not_left_out(scene: Scene) -> None:
    scene.script.otherwise = Receipt(facts=SENT.facts, again_at=ids.now())
    message = await scene.write()
    await scene.add(VERA)
    scene.script.otherwise = Receipt(facts=(Fact(status=FeedbackStatus.DELIVERED, key="delivered"),))
    await scene.send()
    assert await scene.told(message) == ["sent", "delivered"]


async def test_soft_errors_that_are_long_ago_are_forgotten(scene: Scene, clock: Clock) -> None:
    scene.script.otherwise = Receipt(soft=FULL)
    message = await scene.write()
    asked = {"sandbox": scene.house.dev.id, "address": VERA}
    await scene.house.retour.upkeep.run(ids.now())
    assert await scene.house.retour.store.read("soft_error_get", **asked) != []
    clock.move(limits.SOFT_ERROR_AGE // limits.SECOND + 60)
    await scene.house.retour.upkeep.run(ids.now())
    assert await scene.house.retour.store.read("soft_error_get", **asked) == []
    assert (await row_of(scene.house, message))[7] == VERA


async def test_who_is_erased_has_no_errors_and_stays_suppressed(scene: Scene) -> None:
    house, asked = scene.house, {"sandbox": scene.house.dev.id, "address": "bob@acme.example"}
    scene.script.otherwise = HARD
    await scene.write()
    scene.script.otherwise = Receipt(soft=FULL)
    await scene.write("Bob@acme.example")
    assert len(await house.retour.store.read("soft_error_get", **asked)) == 1
    for address in (VERA, "bob@acme.example"):
        await house.retour.erasure.erase(house.dev, "email", address)
    assert await house.retour.store.read("soft_error_get", **asked) == []
    assert await scene.entry() is not None
