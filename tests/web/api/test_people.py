"""DELETE /ajo/config/people/{namespace}/{userId}: a person is erased, and counts are left."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from cast import House
from outside.certificates import Authority
from outside.https import Endpoint, Exchange, replying, serving
from retour import erasure, ids
from retour.channels import Outgoing, Receipt
from retour.model import DeliveryState, Execution, Fact, FeedbackStatus, Lane, RecipientStatus
from rooms.steps import Script, deliveries, message_of, post_due, send_due
from web.api.callers import DELIVERIES, EXECUTIONS, WEBHOOKS, Api, execution, refusal, webhook

PEOPLE = "/ajo/config/people"
JANE = "sent+jane@example.com"
OTHERS = "sent+john@example.com"
NONE = {"messages": 0, "events": 0, "deliveries": 0, "attempts": 0, "profiles": 0}
SENT = Receipt(facts=(Fact(status=FeedbackStatus.SENT, key="sent"),))


async def erase(api: Api, user_id: str = JANE, namespace: str = "email") -> dict[str, int]:
    """What the answer counts."""
    answer = await api.call("DELETE", f"{PEOPLE}/{namespace}/{user_id}")
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"erased"}
    erased: dict[str, int] = answer.json()["erased"]
    return erased


async def bodies(house: House, message: str) -> list[bytes]:
    return [event.body for event in await house.retour.shelves.events(house.dev.id, message)]


async def made(house: House, *addresses: str) -> tuple[str, Execution]:
    """A configuration and an execution for these addresses, nothing sent yet."""
    configuration = await house.simulated()
    campaign = await house.campaign(configuration)
    return configuration, await house.execute(campaign, *addresses)


async def test_a_person_who_was_written_to_is_gone_and_counts_are_left(
    house: House, acme: Api, receiver: Endpoint
) -> None:
    await acme.post(WEBHOOKS, webhook(url=receiver.url("/x")))
    configuration, made_ = await made(house, JANE, OTHERS)
    await send_due(house, configuration)
    await post_due(house)
    assert await erase(acme) == NONE | {"messages": 1, "events": 1, "deliveries": 1, "attempts": 1}
    told = await acme.get(f"{EXECUTIONS}/{made_.id}")
    (jane, john) = told["recipients"]
    assert (jane["userId"], jane["status"], jane["events"][0]["body"]) == ("", "sent", None)
    assert (john["userId"], john["events"][0]["status"]) == (OTHERS, "sent")
    assert await erase(acme) == NONE


async def test_what_endpoints_answered_is_removed_and_the_outcome_stays(
    house: House, acme: Api, authority: Authority
) -> None:
    answering = replying(200, JANE.encode(), (("X-Person", JANE),))
    async with serving(answering, tls=authority.server("127.0.0.1")) as endpoint:
        await acme.post(WEBHOOKS, webhook(url=endpoint.url("/x")))
        configuration, _ = await made(house, JANE)
        await send_due(house, configuration)
        await post_due(house)
    (row,) = await deliveries(house)
    assert JANE in (await acme.get(f"{DELIVERIES}/{row.id}"))["attemptLog"][0]["responseBody"]
    assert (await erase(acme))["attempts"] == 1
    detail = await acme.get(f"{DELIVERIES}/{row.id}")
    (attempt,) = detail["attemptLog"]
    assert (attempt["statusCode"], attempt["responseBody"], attempt["responseHeaders"]) == (200, "", [])
    assert detail["body"] is None
    context = refusal(await acme.call("POST", f"{DELIVERIES}/{row.id}/replay"), 409, "000124")
    assert context["reason"] == "body_removed"


async def test_what_is_still_due_is_neither_sent_nor_posted(
    house: House, acme: Api, receiver: Endpoint
) -> None:
    await acme.post(WEBHOOKS, webhook(url=receiver.url("/x")))
    configuration, first = await made(house, JANE)
    await send_due(house, configuration)
    channel = house.retour.channels["simulated"] = Script(otherwise=SENT)
    campaign = await house.campaign(configuration)
    second = await house.execute(campaign, JANE)
    await erase(acme)
    await send_due(house, configuration)
    await post_due(house)
    assert (channel.tried, receiver.requests) == ([], [])
    assert [row.state for row in await deliveries(house)] == [DeliveryState.CANCELLED]
    (found,) = await house.retour.shelves.recipients(house.dev.id, second.id)
    assert found[2] is RecipientStatus.EXCLUDED
    assert await bodies(house, await message_of(house, first.id)) == [b""]


async def test_a_message_on_its_way_at_that_moment_ends_and_is_not_tried_again(
    house: House, acme: Api
) -> None:
    going, gate = asyncio.Event(), asyncio.Event()

    async def slow(outgoing: Outgoing, now: int) -> Receipt:
        going.set()
        await gate.wait()
        return msgspec.structs.replace(SENT, again_at=now)

    channel = house.retour.channels["simulated"] = Script(answers={JANE: slow})
    configuration, made_ = await made(house, JANE)
    sending = asyncio.ensure_future(send_due(house, configuration))
    async with asyncio.timeout(5):
        await going.wait()
    assert (await erase(acme))["messages"] == 1
    gate.set()
    await sending
    await send_due(house, configuration)
    assert channel.tried == [JANE]
    assert await bodies(house, await message_of(house, made_.id)) == []
    assert await deliveries(house) == []


async def test_what_is_being_posted_at_that_moment_ends_and_is_not_posted_again(
    house: House, acme: Api, authority: Authority
) -> None:
    going, gate = asyncio.Event(), asyncio.Event()

    async def slow(exchange: Exchange) -> None:
        going.set()
        await gate.wait()
        await exchange.reply(500, body=JANE.encode())

    async with serving(slow, tls=authority.server("127.0.0.1")) as endpoint:
        await acme.post(WEBHOOKS, webhook(url=endpoint.url("/x")))
        configuration, _ = await made(house, JANE)
        await send_due(house, configuration)
        posting = asyncio.ensure_future(post_due(house))
        async with asyncio.timeout(5):
            await going.wait()
        await erase(acme)
        gate.set()
        await posting
    (row,) = await deliveries(house)
    assert row.state is DeliveryState.CANCELLED
    assert await house.retour.shelves.attempts(house.dev.id, row.id) == []


async def test_a_lease_that_nobody_settled_ends_without_a_second_try(house: House, acme: Api) -> None:
    """As after a crash: what was taken is taken again, and there is nothing to send."""
    channel = house.retour.channels["simulated"] = Script(otherwise=SENT)
    configuration, _ = await made(house, JANE)
    lane = Lane(house.dev.id, configuration)
    claim = await house.retour.store.claim_messages(lane, ids.now(), 1)
    await erase(acme)
    (message,) = claim.messages
    later = (message.due_at or 0) + 1
    (again,) = (await house.retour.store.claim_messages(lane, later, 1)).messages
    assert (again.content, again.address, again.user_id) == (None, "", "")
    await house.retour.sending.send(again, claim)
    assert channel.tried == [""]
    assert (await house.retour.store.claim_messages(lane, later * 2, 1)).messages == ()


@pytest.mark.parametrize(
    ("namespace", "user_id", "count"),
    [
        ("EMAIL", "Sent+Jane@Example.com", 1),
        ("email", "sent+jan@example.com", 0),
        ("crm", JANE, 0),
        ("phone", JANE, 0),
    ],
)
async def test_who_is_meant(house: House, acme: Api, namespace: str, user_id: str, count: int) -> None:
    await made(house, JANE)
    assert (await erase(acme, user_id, namespace))["messages"] == count


async def test_a_person_of_another_namespace_is_found_by_address_and_by_id(house: House, acme: Api) -> None:
    campaign = await house.campaign(await house.simulated(), identity_namespace="crm")
    for number in (1, 2):
        body = execution(campaign.id, f"C-{number}")
        body["recipients"][0] |= {"namespace": "crm", "channelData": {"emailAddress": JANE}}
        await acme.post(f"{EXECUTIONS}/unitary", body, status=202)
    assert await erase(acme, "c-1", "crm") == NONE
    assert await erase(acme, "C-1", "crm") == NONE | {"messages": 1}
    assert await erase(acme, JANE.upper()) == NONE | {"messages": 1}
    assert await erase(acme, "C-2", "crm") == NONE


async def test_the_profile_goes_too(house: House, acme: Api) -> None:
    place = "/ajo/config/profiles/email"
    for user_id in (JANE, "jack@example.com"):
        assert (await acme.call("PUT", f"{place}/{user_id}", {"person": {}})).status_code == 200
    assert await erase(acme, JANE.upper()) == NONE | {"profiles": 1}
    refusal(await acme.call("GET", f"{place}/{JANE}"), 404, "000120")
    assert (await acme.call("GET", f"{place}/jack@example.com")).status_code == 200


async def test_more_than_a_batch_goes_and_what_was_cut_short_goes_on(
    house: House, acme: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "BATCH", 2)
    configuration = await house.simulated()
    campaign = await house.campaign(configuration)
    for _ in range(5):
        await house.execute(campaign, JANE)
    monkeypatch.setattr(erasure.Erasure, "_bare_attempts", _broken)
    with pytest.raises(RuntimeError, match="power cut"):
        await house.retour.erasure.erase(house.dev, "email", JANE)
    monkeypatch.undo()
    monkeypatch.setattr(erasure, "BATCH", 2)
    assert (await erase(acme))["messages"] == 5
    assert await erase(acme) == NONE


async def _broken(*_: object) -> None:
    raise RuntimeError("power cut")


async def test_only_this_sandbox_and_this_organization_are_meant(
    house: House, acme: Api, charlie: Api
) -> None:
    await made(house, JANE)
    assert await erase(charlie) == NONE
    assert await erase(acme.at("prod")) == NONE
    assert (await erase(acme))["messages"] == 1


async def test_what_comes_afterwards_is_kept_like_before(house: House, acme: Api) -> None:
    configuration, _ = await made(house, JANE)
    await erase(acme)
    campaign = await house.campaign(configuration)
    later = await house.execute(campaign, JANE)
    await send_due(house, configuration)
    (found,) = await house.retour.shelves.recipients(house.dev.id, later.id)
    assert found[1:] == (JANE, RecipientStatus.SENT)
