"""Mail comes back for Ann's messages: what is told, once, and what is not told."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import pytest

from cast import House
from mailreports.mails import complaint, dsn, prose
from retour import ids
from retour.channels import Outgoing, Receipt
from retour.marks import Place
from retour.model import (
    Campaign,
    Fact,
    Failure,
    FailureCategory,
    FailureType,
    FeedbackStatus,
    Lane,
    Learned,
    RecipientStatus,
)
from retour.reports import Heard
from retour.stores import RoomName
from rooms.steps import Script, message_of, send_due, told_of

SENT = Receipt(facts=(Fact(status=FeedbackStatus.SENT, key="sent"),))
SOFT = Failure(category=FailureCategory.SYNC, type=FailureType.SOFT, code="22", reason="Mailbox Full")
TO_BOB = "Final-Recipient: rfc822; bob@acme.example\n"
GONE = TO_BOB + "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user"
FULL = TO_BOB + "Action: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 5.2.2 mailbox full"
TOOK = TO_BOB + "Action: relayed\nStatus: 2.0.0\nDiagnostic-Code: smtp; 250 2.0.0 ok"
LATE = TO_BOB + "Action: delayed\nStatus: 4.4.1\nDiagnostic-Code: smtp; 451 4.4.1 later"


@dataclass
class Scene:
    """A campaign on a relay that takes everything."""

    house: House
    script: Script
    configuration: str
    campaign: Campaign
    message: str = ""

    async def accept(self) -> None:
        """Ann writes to Bob."""
        execution = await self.house.execute(self.campaign, "bob@acme.example")
        self.message = await message_of(self.house, execution.id)

    async def send(self) -> None:
        """The message goes to the relay."""
        await send_due(self.house, self.configuration)

    async def back(self, mail: bytes, to: str = "") -> Heard:
        """A mail comes back to the message's return path, or to another address."""
        return await self.house.retour.reports.mail(to or self.path, mail, ids.now())

    @property
    def path(self) -> str:
        """The return path."""
        return (
            f"bounce+{self.house.retour.reports.marks.of(self.house.dev.id, self.message)}@back.luma.example"
        )

    async def told(self) -> list[str]:
        """What was recorded of the message."""
        return await told_of(self.house, self.message)

    async def bodies(self) -> list[dict[str, Any]]:
        """The bodies of these events."""
        events = await self.house.retour.shelves.events(self.house.dev.id, self.message)
        return [json.loads(event.body) for event in events]

    async def kept(self) -> list[str]:
        """The kinds of the mails that are kept of it."""
        mails = await self.house.retour.returned.returned_mails(self.house.dev.id, self.message)
        return [mail.kind for mail in mails]


@pytest.fixture
async def scene(house: House) -> Scene:
    """Ann's message to Bob, sent."""
    made = await _scene(house)
    await made.accept()
    await made.send()
    return made


async def _scene(house: House) -> Scene:
    script = Script(otherwise=SENT)
    house.retour.channels["simulated"] = script
    configuration = await house.simulated()
    return Scene(house, script, configuration, await house.campaign(configuration))


async def test_a_late_bounce_is_told_with_its_reason(scene: Scene) -> None:
    assert await scene.back(dsn(GONE)) is Heard.TOLD
    assert await scene.told() == ["sent", "bounce"]
    body = (await scene.bodies())[-1]
    failure = body["messageDeliveryFeedback"]["messageFailure"]
    assert (failure["category"], failure["type"], failure["code"]) == ("async", "Hard", "10")
    assert (body["retour"]["sequence"], body["retour"]["final"], body["retour"]["amends"]) == (2, True, None)
    assert body["retour"]["provider"]["enhancedCode"] == "5.1.1"


async def test_a_notice_that_another_host_took_it_is_a_delivery(scene: Scene) -> None:
    assert await scene.back(dsn(TOOK)) is Heard.TOLD
    assert await scene.told() == ["sent", "delivered"]
    assert (await scene.bodies())[-1]["messageDeliveryFeedback"]["messageFailure"] is None


async def test_the_same_mail_again_changes_nothing(scene: Scene) -> None:
    await scene.back(dsn(GONE))
    assert await scene.back(dsn(GONE)) is Heard.KNOWN
    assert (await scene.told(), await scene.kept()) == (["sent", "bounce"], ["dsn"])


async def test_a_delay_is_told_once_and_before_what_ends_it(scene: Scene) -> None:
    assert [await scene.back(dsn(LATE)), await scene.back(dsn(LATE, words="again"))] == [
        Heard.TOLD,
        Heard.KNOWN,
    ]
    await scene.back(dsn(TOOK))
    assert await scene.back(dsn(LATE, words="and again")) is Heard.KNOWN
    assert await scene.told() == ["sent", "delay", "delivered"]


async def test_a_bounce_after_a_delivery_amends_it(scene: Scene) -> None:
    await scene.back(dsn(TOOK))
    await scene.back(dsn(FULL))
    sent, delivered, bounce = await scene.bodies()
    assert bounce["messageDeliveryFeedback"]["feedbackStatus"]["value"] == "bounce"
    assert bounce["retour"]["amends"] == delivered["_id"]
    assert sent["retour"]["amends"] is None


async def test_nothing_follows_a_hard_bounce(scene: Scene) -> None:
    await scene.back(dsn(GONE))
    assert [await scene.back(dsn(TOOK)), await scene.back(dsn(FULL))] == [Heard.KNOWN, Heard.KNOWN]
    assert await scene.told() == ["sent", "bounce"]
    assert await scene.kept() == ["dsn", "dsn", "dsn"]


async def test_a_delivery_after_a_soft_bounce_amends_it(scene: Scene) -> None:
    await scene.back(dsn(FULL))
    assert await scene.back(dsn(TOOK)) is Heard.TOLD
    _, bounce, delivered = await scene.bodies()
    assert delivered["retour"]["amends"] == bounce["_id"]


async def test_the_return_path_survives_a_change_of_capitals(scene: Scene) -> None:
    assert await scene.back(dsn(GONE), scene.path.upper()) is Heard.TOLD


async def test_a_mail_for_a_message_that_is_not_there_is_nobody_s(scene: Scene) -> None:
    marks = scene.house.retour.reports.marks
    nowhere = f"bounce+{marks.of(scene.house.dev.id, ids.new_id())}@back.luma.example"
    assert await scene.back(dsn(GONE), nowhere) is Heard.NOBODY
    assert not scene.house.retour.reports.knows("bounce+" + "a" * 56 + "@back.luma.example")
    assert not scene.house.retour.reports.knows("ann@acme.example")


async def test_a_complaint_is_recorded_and_told_in_adobe_s_words_to_who_asked(scene: Scene) -> None:
    await scene.house.webhook(
        "https://hooks.acme.example/", events=["sent", "delivered", "bounce", "complaint"]
    )
    assert await scene.back(complaint(), "complaints@back.luma.example") is Heard.NOBODY
    mark = scene.path.partition("@")[0]
    about_us = complaint().replace(b"<bounce+t@back.example>", f"<{mark}@back.luma.example>".encode())
    assert await scene.back(about_us, "complaints@back.luma.example") is Heard.TOLD
    assert await scene.told() == ["sent", "complaint"]
    body = (await scene.bodies())[-1]
    assert body["messageDeliveryFeedback"]["feedbackStatus"]["value"] == "bounce"
    assert body["messageDeliveryFeedback"]["messageFailure"]["code"] == "51"
    assert body["retour"]["complaint"] == "abuse"
    owed = await scene.house.retour.shelves.deliveries(scene.house.dev.id)
    assert "complaint" in [row.feedback_status for row in owed]


async def test_a_complaint_is_owed_to_nobody_who_did_not_ask(scene: Scene) -> None:
    await scene.house.webhook("https://hooks.acme.example/", events=["sent", "delivered", "bounce", "error"])
    await scene.back(complaint(), scene.path)
    owed = await scene.house.retour.shelves.deliveries(scene.house.dev.id)
    assert "complaint" not in [row.feedback_status for row in owed]


async def test_a_complaint_takes_no_bounce_back(scene: Scene) -> None:
    await scene.back(dsn(FULL))
    await scene.back(complaint(), scene.path)
    row = await scene.house.retour.shelves.message(scene.house.dev.id, scene.message)
    assert row is not None
    assert (row.status, await scene.told()) == (RecipientStatus.BOUNCED, ["sent", "bounce", "complaint"])


async def test_an_answer_of_a_machine_or_a_person_is_kept_and_not_told(scene: Scene) -> None:
    away = (
        b"From: bob@acme.example\nSubject: Out of office\nAuto-Submitted: auto-replied\n\nBack on Monday.\n"
    )
    thanks = b"From: bob@acme.example\nSubject: Re: Hello\n\nThanks!\n"
    assert [await scene.back(away), await scene.back(thanks)] == [Heard.KNOWN, Heard.KNOWN]
    assert await scene.told() == ["sent"]
    assert sorted(await scene.kept()) == ["auto_reply", "other"]


async def test_a_kept_mail_can_be_read_by_who_has_the_key_alone(scene: Scene) -> None:
    mail = dsn(GONE)
    await scene.back(mail)
    dev, returned = scene.house.dev.id, scene.house.retour.returned
    (kept,) = await returned.returned_mails(dev, scene.message)
    found = await returned.returned_mail(dev, scene.message, kept.id)
    assert found is not None
    assert b"bob@acme" not in found[1]
    assert await scene.house.retour.reports.reads(Place(dev, scene.message), kept.id) == mail
    assert await returned.returned_mail(scene.house.other.id, scene.message, kept.id) is None


async def test_an_erased_person_leaves_no_mail_and_nothing_more_is_kept_or_told(scene: Scene) -> None:
    await scene.back(dsn(LATE))
    await scene.house.retour.erasure.erase(scene.house.dev, "email", "bob@acme.example")
    assert await scene.kept() == []
    assert await scene.back(dsn(GONE)) is Heard.KNOWN
    assert (await scene.told(), await scene.kept()) == (["sent", "delay"], [])


async def test_a_report_that_comes_before_sent_is_stored_tells_sent_first_and_ends_the_trying(
    house: House,
) -> None:
    """The relay took it, and this service stopped before it wrote that down."""
    scene = await _scene(house)
    await scene.accept()
    assert await scene.back(dsn(TOOK)) is Heard.TOLD
    assert await scene.told() == ["sent", "delivered"]
    await scene.send()
    assert (scene.script.tried, await scene.told()) == ([], ["sent", "delivered"])


async def test_a_report_that_comes_while_the_message_is_being_tried_waits_for_sent(house: House) -> None:
    scene = await _scene(house)
    await scene.accept()
    reports: list[asyncio.Task[Heard]] = []

    async def quick(outgoing: Outgoing, now: int) -> Receipt:
        reports.append(asyncio.ensure_future(scene.back(dsn(GONE))))
        await asyncio.sleep(0)
        return SENT

    scene.script.answers["bob@acme.example"] = quick
    await scene.send()
    assert await reports[0] is Heard.TOLD
    assert await scene.told() == ["sent", "bounce"]


async def test_two_reports_at_once_are_told_one_after_the_other(scene: Scene) -> None:
    heard = await asyncio.gather(scene.back(dsn(TOOK)), scene.back(dsn(FULL)), scene.back(dsn(TOOK)))
    assert heard.count(Heard.TOLD) == 2
    assert [body["retour"]["sequence"] for body in await scene.bodies()] == [1, 2, 3]


async def test_a_provider_s_word_is_told_like_a_mail(scene: Scene) -> None:
    place = Place(scene.house.dev.id, scene.message)
    learned = Learned(status=FeedbackStatus.BOUNCE, failure=SOFT)
    assert await scene.house.retour.reports.told(place, learned, ids.now()) is Heard.TOLD
    assert await scene.told() == ["sent", "bounce"]


async def test_a_bounce_in_a_host_s_own_words_needs_no_address_in_it(scene: Scene) -> None:
    assert (
        await scene.back(prose("I'm sorry, I wasn't able to deliver your message. The mailbox is full."))
        is Heard.TOLD
    )
    assert (await scene.bodies())[-1]["messageDeliveryFeedback"]["messageFailure"]["code"] == "22"


async def test_reports_make_deliveries_due(scene: Scene) -> None:
    await scene.house.webhook("https://hooks.acme.example/")
    await scene.back(dsn(GONE))
    lanes = await scene.house.retour.store.due_lanes(RoomName.DISPATCH, ids.now())
    assert Lane(scene.house.dev.id) in lanes
