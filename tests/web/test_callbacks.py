"""Mail providers post what became of Ann's messages: who is believed, what is told, and who may not touch them."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from cast import House, until
from espevents.providers import (
    ALL,
    CERTIFICATE,
    SUBSCRIBE,
    TOPIC,
    Callback,
    Mailgun,
    Postmark,
    SendGrid,
    Ses,
)
from outside.https import Endpoint, Exchange, serving
from outside.smtp import relay
from retour import ids, limits
from retour.callbacks import Callbacks, esp
from retour.catalog.inputs import ConfigurationInput, EmailInput, EventsInput, SmtpInput
from retour.channels import Receipt
from retour.doorways import Doorways
from retour.errors import Busy, NotFound
from retour.espevents import PROVIDERS
from retour.model import ChannelConfiguration, Fact, FeedbackStatus, Sandbox
from retour.outbound import Outbound
from retour.outbound.addresses import LOOPBACK
from retour.sealing import Keys
from retour.stores.sqlite import SqliteStore
from retour.web.server import application
from rooms.steps import Script, message_of, send_due, told_of

MAKERS: dict[str, Any] = {"ses": Ses, "sendgrid": SendGrid, "mailgun": Mailgun, "postmark": Postmark}


@dataclass
class Desk:
    """Ann's relay at a provider that posts events, and a message to Bob that it took."""

    house: House
    provider: str
    esp: Any
    configuration: ChannelConfiguration
    client: httpx.AsyncClient
    message: str = ""
    asked: list[httpx.Response] = field(default_factory=list)

    @property
    def mark(self) -> str:
        """What names the message."""
        return self.house.retour.reports.marks.of(self.house.dev.id, self.message)

    @property
    def address(self) -> str:
        """Where the provider posts to."""
        return self.house.retour.callbacks.address(self.configuration) or ""

    def made(self, event: Any, **more: Any) -> Callback:
        """A callback with an event in it."""
        made: Callback = self.esp.post(event, ids.now(), **more)
        return made

    def case(self, means: str) -> Any:
        """A recorded event of the provider that means this, of the message."""
        return next(c for c in ALL if (c.provider, c.means) == (self.provider, means)).of(self.mark)

    async def post(self, callback: Callback, address: str = "") -> httpx.Response:
        """Post it."""
        content = {"content-type": "application/json"} | callback.headers
        answer = await self.client.post(address or self.address, content=callback.raw, headers=content)
        self.asked.append(answer)
        return answer

    async def told(self) -> list[str]:
        """What was recorded of the message."""
        return await told_of(self.house, self.message)


async def configure(
    house: House, provider: str, key: str, sandbox: Sandbox | None = None
) -> ChannelConfiguration:
    """A relay whose provider posts events."""
    given = ConfigurationInput(name=f"by {provider}", channel="email", provider="smtp")
    given.email = EmailInput(sender_name="Luma", sender_email="no-reply@luma.example")
    given.smtp = SmtpInput(host="127.0.0.1", port=2525)
    given.events = EventsInput(provider=provider, key=key)
    return await house.retour.configurations.create(sandbox or house.dev, given)


async def _desk(house: House, provider: str, client: httpx.AsyncClient) -> Desk:
    esp = MAKERS[provider]()
    house.retour.channels["smtp"] = Script(
        otherwise=Receipt(facts=(Fact(status=FeedbackStatus.SENT, key="sent"),))
    )
    configuration = await configure(house, provider, esp.key)
    made = Desk(house, provider, esp, configuration, client)
    execution = await house.execute(await house.campaign(configuration.id), "bob@acme.example")
    made.message = await message_of(house, execution.id)
    await send_due(house, configuration.id)
    return made


@pytest.fixture
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody on the other side of HTTP."""
    transport = httpx.ASGITransport(app=application(house.retour))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as made:
        yield made


@pytest.fixture
async def desk(house: House, client: httpx.AsyncClient, request: pytest.FixtureRequest) -> Desk:
    """By default at SendGrid. SNS's certificate comes from where the tests say."""
    made = await _desk(house, getattr(request, "param", "sendgrid"), client)
    _lead_to(made.esp, house)
    return made


def _lead_to(esp: Any, house: House) -> None:
    """What is at SNS's addresses comes from the tests' own SNS."""
    if isinstance(esp, Ses):
        house.retour.callbacks._esp._fetch = esp.fetch


everywhere = pytest.mark.parametrize("desk", PROVIDERS, indirect=True)
of_sns = pytest.mark.parametrize("desk", ["ses"], indirect=True)


@everywhere
async def test_a_bounce_is_told_and_told_again_it_is_known(desk: Desk) -> None:
    callback = desk.made(desk.case("bounce 10"))
    assert [(await desk.post(callback)).status_code for _ in range(2)] == [200, 200]
    assert await desk.told() == ["sent", "bounce"]
    events = await desk.house.retour.shelves.events(desk.house.dev.id, desk.message)
    body = json.loads(events[-1].body)
    failure = body["messageDeliveryFeedback"]["messageFailure"]
    assert (failure["category"], failure["type"], failure["code"]) == ("async", "Hard", "10")
    assert body["retour"]["provider"]["name"] == desk.provider


@everywhere
async def test_a_delivery_a_complaint_and_one_more_of_each(desk: Desk) -> None:
    for means in ("delivered", "complaint 51 abuse", "delivered", "complaint 51 abuse"):
        assert (await desk.post(desk.made(desk.case(means)))).status_code == 200
    assert await desk.told() == ["sent", "delivered", "complaint"]


@everywhere
async def test_an_address_on_the_provider_s_list_is_told_as_excluded(desk: Desk) -> None:
    assert (await desk.post(desk.made(desk.case("denylist")))).status_code == 200
    events = await desk.house.retour.shelves.events(desk.house.dev.id, desk.message)
    assert [event.status for event in events] == ["sent", "denylist"]
    exclusion = json.loads(events[-1].body)["messageDeliveryFeedback"]["messageExclusion"]
    assert (exclusion["code"], exclusion["reason"]) == ("050102", "EmailSuppressed")


@everywhere
async def test_a_tampered_one_is_refused_and_changes_nothing(desk: Desk) -> None:
    """Mailgun signs no body: there a genuine one has to have come before. Postmark shows a password, no more."""
    genuine = desk.made(desk.case("delivered"))
    assert (await desk.post(genuine)).status_code == 200
    changed = genuine.raw.replace(b"acme", b"acne")
    headers = {} if desk.provider == "postmark" else genuine.headers
    answer = await desk.post(Callback(headers, changed))
    assert (answer.status_code, answer.json()["report"]["additionalContext"]["reason"]) == (
        403,
        "not_genuine",
    )
    assert changed != genuine.raw
    assert await desk.told() == ["sent", "delivered"]


@pytest.mark.parametrize("desk", ["sendgrid", "mailgun", "ses"], indirect=True)
async def test_one_of_the_day_before_yesterday_is_refused(desk: Desk) -> None:
    old = desk.esp.post(desk.case("bounce 10"), ids.now() - 2 * limits.DAY)
    assert (await desk.post(old)).status_code == 403
    assert await desk.told() == ["sent"]


@everywhere
async def test_what_is_no_json_is_400_and_what_is_too_large_413(desk: Desk) -> None:
    for raw in (b"", b"{", b"\xff", b"[" * 5_000, b'{"a":1}x'):
        answer = await desk.post(Callback({}, raw))
        assert (answer.status_code, answer.json()["report"]["additionalContext"]["reason"]) == (
            400,
            "malformed_json",
        )
    assert (await desk.post(Callback({}, b" " * (limits.CALLBACK_BYTES + 1)))).status_code == 413
    for raw in (b"1", b"null", b"[]", b"{}", b'"x"', b"[1]"):
        assert (await desk.post(Callback({}, raw))).status_code == 403, raw


async def test_more_events_than_are_taken_at_once_are_too_large(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CALLBACK_EVENTS", 2)
    one = desk.case("delivered")
    assert (await desk.post(desk.made([one] * 3))).status_code == 413
    assert (await desk.post(desk.made([one] * 2))).status_code == 200


async def test_an_address_that_is_none_is_404(desk: Desk) -> None:
    token = desk.address.rpartition("/")[2]
    last = "A" if token[-1] != "A" else "B"
    other = await configure(desk.house, "postmark", "")
    wrong = [
        f"/callbacks/sendgrid/{token[:-1]}{last}",
        f"/callbacks/sendgrid/{token}=",
        f"/callbacks/sendgrid/{token.lower()}",
        "/callbacks/sendgrid/x",
        "/callbacks/sendgrid/ä",
        f"/callbacks/mailgun/{token}",
        f"/callbacks/nobody/{token}",
        (desk.house.retour.callbacks.address(other) or "").replace("postmark", "sendgrid"),
    ]
    for address in wrong:
        assert (await desk.post(desk.made(desk.case("bounce 10")), address)).status_code == 404, address
    assert (await desk.client.get(desk.address)).status_code == 404
    assert await desk.told() == ["sent"]


async def test_an_address_ends_with_what_it_is_for(desk: Desk) -> None:
    """Without events in the configuration, nothing is taken; with the same ones again, the address is the same."""
    before = desk.address
    house, stored = desk.house, desk.configuration
    given = ConfigurationInput(name="plain", channel="email", provider="smtp")
    given.email = EmailInput(sender_name="Luma", sender_email="no-reply@luma.example")
    given.smtp = SmtpInput(host="127.0.0.1", port=2525)
    plain = await house.retour.configurations.update(house.dev, stored.id, 1, given)
    assert house.retour.callbacks.address(plain) is None
    assert (await desk.post(desk.made(desk.case("bounce 10")), before)).status_code == 404
    given.events = EventsInput(provider="sendgrid", key=desk.esp.key)
    desk.configuration = await house.retour.configurations.update(house.dev, stored.id, 2, given)
    assert desk.address == before
    assert (await desk.post(desk.made(desk.case("bounce 10")))).status_code == 200


async def test_an_address_outlives_a_change_of_the_master_key(desk: Desk) -> None:
    """It was entered at the provider, where nobody enters it anew."""
    retour, old = desk.house.retour, "the key before " * 3

    def with_keys(*keys: str) -> Callbacks:
        doorways = Doorways(Keys(*keys), "")
        return Callbacks(retour.shelves, doorways, retour.callbacks._esp, retour.callbacks._sms)

    token = (with_keys(old).address(desk.configuration) or "").rpartition("/")[2]
    new = "the new key " * 3
    assert (await with_keys(new, old).find("sendgrid", token)).id == desk.configuration.id
    with pytest.raises(NotFound):
        await with_keys(new).find("sendgrid", token)


async def test_charlie_can_t_touch_ann_s_messages_nor_ann_charlie_s(desk: Desk) -> None:
    """Each has a genuine callback of his own; what it says of the other's message is left alone."""
    house, esp = desk.house, SendGrid()
    charlie = await configure(house, "sendgrid", esp.key, house.other)
    address = house.retour.callbacks.address(charlie) or ""
    of_ann = desk.case("bounce 10")
    assert (await desk.post(esp.post(of_ann, ids.now()), address)).status_code == 200
    assert await desk.told() == ["sent"]
    assert (await desk.post(esp.post(of_ann, ids.now()))).status_code == 403
    other_sandbox = await configure(house, "sendgrid", esp.key, house.prod)
    address = house.retour.callbacks.address(other_sandbox) or ""
    assert (await desk.post(esp.post(of_ann, ids.now()), address)).status_code == 200
    assert await desk.told() == ["sent"]


async def test_what_is_logged_of_another_sandbox_s_mark_is_no_content(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    house, esp = desk.house, SendGrid()
    charlie = await configure(house, "sendgrid", esp.key, house.other)
    await desk.post(
        esp.post(desk.case("bounce 10"), ids.now()), house.retour.callbacks.address(charlie) or ""
    )
    said = "".join(capsys.readouterr())
    assert "callback_of_another_sandbox" in said
    assert not re.search(f"{desk.mark}|bob@|does not exist|{desk.message}", said)


async def test_marks_of_nobody_change_nothing(desk: Desk) -> None:
    nobody = desk.house.retour.reports.marks.of(desk.house.dev.id, ids.new_id())
    strange = [
        json.loads(json.dumps(desk.case("bounce 10")).replace(desk.mark, one))
        for one in (nobody, "", "x" * 56)
    ]
    assert (await desk.post(desk.made(strange))).status_code == 200
    assert await desk.told() == ["sent"]


async def test_a_batch_of_many_messages_is_committed_when_it_is_answered(desk: Desk) -> None:
    house, campaign = desk.house, await desk.house.campaign(desk.configuration.id)
    messages = []
    for _ in range(4):
        execution = await house.execute(campaign, *(f"{ids.new_id()}@acme.example" for _ in range(20)))
        messages += [row[0] for row in await house.retour.shelves.recipients(house.dev.id, execution.id)]
    while not await _are_sent(desk, 81):
        await send_due(house, desk.configuration.id)
    mark_of = house.retour.reports.marks.of
    case = next(c for c in ALL if (c.provider, c.means) == ("sendgrid", "delivered"))
    batch = [case.of(mark_of(house.dev.id, message)) for message in messages]
    assert (await desk.post(desk.made(batch + batch))).status_code == 200
    assert {tuple(await told_of(house, message)) for message in messages} == {("sent", "delivered")}


async def _are_sent(desk: Desk, count: int) -> bool:
    asked = {"sandbox": desk.house.dev.id, "before": "~", "state": "", "tried": -1, "limit": count}
    return len(await desk.house.retour.store.read("deliveries_page", **asked)) == count


async def test_events_of_one_message_are_told_in_the_order_of_the_batch(desk: Desk) -> None:
    batch = [desk.case(means) for means in ("sent", "delay 70", "delivered", "delay 70", "bounce 22")]
    assert (await desk.post(desk.made(batch))).status_code == 200
    assert await desk.told() == ["sent", "delay", "delivered", "bounce"]


async def test_what_comes_before_sent_is_committed_brings_sent_along(
    house: House, client: httpx.AsyncClient
) -> None:
    """The relay's own answer was lost: the provider's word stands for it, and once."""
    desk = await _desk(house, "sendgrid", client)
    for means, expected in (("sent", ["sent"]), ("delivered", ["sent", "delivered"])):
        execution = await house.execute(await house.campaign(desk.configuration.id), "carol@acme.example")
        desk.message = await message_of(house, execution.id)
        assert (await desk.post(desk.made(desk.case(means)))).status_code == 200
        assert (await desk.post(desk.made(desk.case(means)))).status_code == 200
        assert await desk.told() == expected


async def test_a_busy_store_is_asked_again_and_nothing_is_lost(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = SqliteStore.write

    async def busy(*_: Any, **__: Any) -> Any:
        raise Busy(begun=False)

    monkeypatch.setattr(SqliteStore, "write", busy)
    answer = await desk.post(desk.made(desk.case("bounce 10")))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    monkeypatch.setattr(SqliteStore, "write", real)
    assert (await desk.post(desk.made(desk.case("bounce 10")))).status_code == 200
    assert await desk.told() == ["sent", "bounce"]


async def test_more_callbacks_than_are_worked_on_at_once_are_asked_to_come_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CALLBACKS_AT_ONCE", 1)
    with desk.house.retour.callbacks.turn():
        assert (await desk.post(desk.made(desk.case("bounce 10")))).status_code == 503
    assert (await desk.post(desk.made(desk.case("bounce 10")))).status_code == 200


# --- SNS ---


@of_sns
async def test_sns_is_confirmed_where_its_topic_and_its_host_are_right(desk: Desk) -> None:
    now = ids.now()
    assert (await desk.post(desk.esp.confirmation(now))).status_code == 200
    assert desk.esp.fetched == [CERTIFICATE, SUBSCRIBE]
    refused = (
        desk.esp.confirmation(now, SubscribeURL="https://169.254.169.254/latest/meta-data/"),
        desk.esp.confirmation(now, SubscribeURL="http://sns.eu-west-1.amazonaws.com/"),
        desk.esp.confirmation(now, TopicArn=TOPIC + "2"),
        desk.esp.confirmation(now, SigningCertURL="https://evil.example/x.pem"),
        Ses().confirmation(now),
    )
    for callback in refused:
        assert (await desk.post(callback)).status_code == 403
    assert desk.esp.fetched == [CERTIFICATE, SUBSCRIBE]


@of_sns
async def test_a_certificate_is_fetched_once_a_day(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        assert (await desk.post(desk.made(desk.case("delivered")))).status_code == 200
    assert desk.esp.fetched == [CERTIFICATE]
    monkeypatch.setattr(limits, "CERTIFICATE_AGE", 0)
    assert (await desk.post(desk.made(desk.case("delivered")))).status_code == 200
    assert desk.esp.fetched == [CERTIFICATE] * 2


@of_sns
async def test_while_sns_s_certificate_can_t_be_fetched_it_is_asked_to_come_again(desk: Desk) -> None:
    desk.esp.down = True
    assert (await desk.post(desk.made(desk.case("delivered")))).status_code == 503
    desk.esp.down = False
    assert (await desk.post(desk.made(desk.case("delivered"), version="1"))).status_code == 200
    assert await desk.told() == ["sent", "delivered"]


async def test_what_is_fetched_is_whole_small_and_not_led_elsewhere(house: House, receiver: Endpoint) -> None:
    """By the one way out, which a test has to allow to go to this machine."""
    answers: dict[str, tuple[int, bytes, tuple[tuple[str, str], ...]]] = {
        "/good": (200, b"certificate", ()),
        "/large": (200, b"x" * (limits.RESPONSE_KEPT_BYTES + 1), ()),
        "/away": (302, b"", (("Location", receiver.url("/taken")),)),
        "/gone": (404, b"", ()),
    }

    async def conduct(exchange: Exchange) -> None:
        status, body, headers = answers[exchange.request.path]
        await exchange.reply(status, body, headers)

    async with serving(conduct) as endpoint:
        out = Outbound(allowed=LOOPBACK, user_agent="test")
        fetch = esp.by(out)
        found = [await fetch(endpoint.url(path), house.dev.org, house.dev.id) for path in answers]
        refused = await esp.by(house.retour.outbound)(endpoint.url("/good"), house.dev.org, house.dev.id)
        asked = [(request.method, request.path) for request in endpoint.requests]
        await out.close()
    assert found == [b"certificate", None, None, None]
    assert (refused, asked) == (None, [("GET", path) for path in answers])
    assert receiver.requests == []


# --- from end to end ---


@pytest.mark.parametrize("provider", ["sendgrid", "mailgun", "postmark", "ses"])
async def test_from_the_execution_to_the_feedback_webhook(
    house: House, client: httpx.AsyncClient, receiver: Endpoint, provider: str
) -> None:
    """The mail carries the mark, the provider posts it back, the webhook hears."""
    events = ["sent", "delivered"]
    await house.webhook(receiver.url("/feedback"), events=events)
    esp = MAKERS[provider]()
    desk = Desk(house, provider, esp, await configure(house, provider, esp.key), client)
    _lead_to(esp, house)
    async with relay() as esp_s_relay, house.working():
        await _point(house, desk, esp_s_relay.port)
        await house.execute(await house.campaign(desk.configuration.id), "bob@acme.example")
        await esp_s_relay.until(lambda: esp_s_relay.messages)
        head = esp_s_relay.messages[0].content.partition(b"\r\n\r\n")[0].decode()
        carried = re.search(_HEADERS[provider], head)
        assert carried is not None, head
        case = next(c for c in ALL if (c.provider, c.means) == (provider, "delivered"))
        assert (await desk.post(desk.made(case.of(carried[1])))).status_code == 200
        await until(lambda: _posted(receiver, 2))
    heard = [json.loads(request.body) for request in receiver.requests]
    statuses = [body["messageDeliveryFeedback"]["feedbackStatus"]["value"] for body in heard]
    assert statuses == events
    assert heard[1]["retour"]["provider"]["name"] == provider


_HEADERS = {
    "sendgrid": r'\r\nX-SMTPAPI: {"unique_args":{"retour":"(\w{56})"}}(?=\r\n)',
    "mailgun": r'\r\nX-Mailgun-Variables: {"retour":"(\w{56})"}(?=\r\n)',
    "postmark": r"\r\nX-PM-Metadata-retour: (\w{56})(?=\r\n)",
    "ses": r"\r\nX-SES-MESSAGE-TAGS: retour=(\w{56})(?=\r\n)",
}


async def _point(house: House, desk: Desk, port: int) -> None:
    """The configuration to the relay of this test."""
    given = ConfigurationInput(name="to the relay", channel="email", provider="smtp")
    given.email = EmailInput(sender_name="Luma", sender_email="no-reply@luma.example")
    given.smtp = SmtpInput(host="127.0.0.1", port=port)
    given.events = EventsInput(provider=desk.provider)
    desk.configuration = await house.retour.configurations.update(
        house.dev, desk.configuration.id, desk.configuration.version, given
    )


async def _posted(receiver: Endpoint, count: int) -> bool:
    return len(receiver.requests) >= count
