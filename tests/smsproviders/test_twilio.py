"""Twilio as its own library knows it, and from an execution to the feedback webhook."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator, get_signature_algorithm
from twilio.rest import Client

from cast import until
from outside.https import Endpoint, serving
from outside.twilio import MAGIC_FROM, MAGIC_TO, FakeTwilio
from retour import ids
from retour.model import Campaign, ChannelConfiguration
from retour.smsproviders import twilio
from retour.smsproviders.shapes import Got, Posted, Taken, Text
from retour.smsproviders.twilio_codes import CODES, FAILED, STATUSES, row_of
from rooms.steps import send_due, told_of
from smsproviders.serving import EVERY, SENDER, Site, execute, heard, is_told, sent_to

BOB = "+12025550101"


class Aimed:
    """Twilio's client, which knows but one address."""

    def __init__(self, base: str) -> None:
        self._client = TwilioHttpClient()
        self._base = base

    def request(self, method: str, url: str, *more: Any, **named: Any) -> Any:
        """The same, at the fake."""
        return self._client.request(method, url.replace(twilio.BASE_URL, self._base), *more, **named)


async def sdk(endpoint: Endpoint, fake: FakeTwilio, token: str = "", **message: Any) -> Any:
    """What Twilio's library makes of a message."""
    client = Client(fake.sid, token or fake.token, http_client=Aimed(endpoint.url("")))
    given = {"to": BOB, "from_": SENDER, "body": "Hello Bob"} | message
    return await asyncio.to_thread(client.messages.create, **given)


# --- the fake is Twilio, to Twilio's own library ---


async def test_the_library_sends_a_message_and_finds_it_again() -> None:
    fake = FakeTwilio()
    async with serving(fake) as endpoint:
        made = await sdk(endpoint, fake, status_callback="https://retour.example/x?m=1", validity_period=60)
        client = Client(fake.sid, fake.token, http_client=Aimed(endpoint.url("")))
        found = await asyncio.to_thread(client.messages(made.sid).fetch)
        account = await asyncio.to_thread(client.api.accounts(fake.sid).fetch)
    assert (made.sid, made.status, made.num_segments, made.error_code) == (found.sid, "queued", "1", None)
    assert made.date_created.year >= 2026
    assert fake.messages[made.sid]["StatusCallback"] == "https://retour.example/x?m=1"
    assert account.status == "active"


@pytest.mark.parametrize(
    ("message", "code"),
    [({"to": number}, refusal[1]) for number, refusal in MAGIC_TO.items()]
    + [({"from_": number}, refusal[1]) for number, refusal in MAGIC_FROM.items()]
    + [({"to": "Bob"}, 21211), ({"body": "x" * 1601}, 21617), ({"status_callback": "x"}, 21609)]
    + [({"validity_period": 14_401}, 21624), ({"token": "another"}, 20003)],
)
async def test_the_library_is_refused_as_twilio_refuses(message: dict[str, Any], code: int) -> None:
    fake = FakeTwilio()
    async with serving(fake) as endpoint:
        with pytest.raises(TwilioRestException) as refused:
            await sdk(endpoint, fake, **message)
    assert refused.value.code == code


OUT = Text(
    mark="m",
    to=BOB,
    sender=SENDER,
    text="Hello Bob",
    encoding="GSM-7",
    parts=1,
    callback="",
    minutes=5040,
    now=0,
)


async def test_we_send_what_the_library_sends() -> None:
    fake = FakeTwilio()
    async with serving(fake) as endpoint:
        await sdk(endpoint, fake)
        (asked,) = endpoint.requests
    account = {"accountSid": fake.sid, "authToken": fake.token, "baseUrl": endpoint.url("")}
    ours = twilio.submit(OUT, account, "")
    assert ours.url == endpoint.url(asked.path)
    assert sorted(ours.body.split(b"&")) == sorted(asked.body.split(b"&"))
    assert dict(ours.headers)["Authorization"] == asked.header("authorization")


@pytest.mark.parametrize(("minutes", "asked"), [(1, b"60"), (239, b"14340"), (240, None), (5040, None)])
def test_twilio_tries_as_long_as_we_or_as_long_as_it_does_by_itself(
    minutes: int, asked: bytes | None
) -> None:
    account = {"accountSid": "AC", "authToken": "x"}
    form = twilio.submit(msgspec.structs.replace(OUT, minutes=minutes), account, "").body
    assert (b"ValidityPeriod=" + asked in form) if asked else (b"ValidityPeriod" not in form)


@pytest.mark.parametrize(
    ("segments", "created", "parts", "at"),
    [
        ("3", "Tue, 24 Nov 2026 12:00:00 +0000", 3, 1_795_521_600_000_000),
        ("0", "Tue, 24 Nov 2026 13:00:00 +0100", None, 1_795_521_600_000_000),
        ("many", "yesterday", None, None),
        (None, None, None, None),
    ],
)
def test_parts_and_time_of_what_was_taken_are_told(
    segments: str | None, created: str | None, parts: int | None, at: int | None
) -> None:
    body = {"sid": "SM1", "status": "queued", "num_segments": segments, "date_created": created}
    got = Got(status=201, headers={}, body=msgspec.json.encode(body))
    outcome = twilio.answer(got, OUT, {})
    assert isinstance(outcome, Taken)
    facts = outcome.facts
    assert (facts.reference, facts.code, facts.parts, facts.at) == ("SM1", "queued", parts, at)


# --- callbacks: the library's opinion and ours ---

PLACES = st.sampled_from(
    ["https://retour.example/callbacks/twilio/x", "https://retour.example:8443/callbacks/twilio/x?m=a", "http://[::1]:80/"]
)  # fmt: skip
FORMS = st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=20), max_size=5)
TWILIO = FakeTwilio()
KEYS = {"accountSid": TWILIO.sid, "authToken": TWILIO.token, "sharedKeySecret": "the shared key of Acme"}


@settings(max_examples=40)
@given(url=PLACES, form=FORMS, changed=FORMS, shared=st.booleans())
def test_the_library_and_we_believe_the_same(
    url: str, form: dict[str, str], changed: dict[str, str], shared: bool
) -> None:
    how = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256" if shared else ""
    validator = RequestValidator(KEYS["sharedKeySecret"] if shared else KEYS["authToken"])
    algorithm = get_signature_algorithm(how)
    signature = validator.compute_signature(url, form, algorithm)
    headers = {"x-twilio-signature": signature, "x-twilio-webhooks-signature-settings": how}
    for posted in (form, changed):
        ours = twilio.genuine(Posted(url, headers, urlencode(posted).encode()), KEYS, ids.now())
        assert ours == validator.validate(url, posted, signature, algorithm)


@pytest.mark.parametrize("url", ["https://retour.example/x?m=a", "https://retour.example:443/x?m=a"])
def test_either_spelling_of_the_port_is_believed(url: str) -> None:
    form = {"MessageStatus": "sent"}
    headers = {"x-twilio-signature": TWILIO.signed(url, form)}
    for place in ("https://retour.example/x?m=a", "https://retour.example:443/x?m=a"):
        assert twilio.genuine(Posted(place, headers, urlencode(form).encode()), KEYS, ids.now())
    other = Posted("https://retour.example/x?m=b", headers, urlencode(form).encode())
    assert not twilio.genuine(other, KEYS, ids.now())


async def test_the_library_believes_what_the_fake_posts() -> None:
    fake = FakeTwilio()
    async with serving(fake) as endpoint:
        made = await sdk(endpoint, fake, status_callback="https://retour.example/x?m=1")
    url, headers, form = fake.callback(made.sid, "delivered")
    assert RequestValidator(fake.token).validate(url, form, headers["X-Twilio-Signature"])
    assert not RequestValidator(fake.token).validate(
        url, form | {"MessageStatus": "failed"}, headers["X-Twilio-Signature"]
    )


# --- the table ---


def test_every_code_says_where_it_is_from_and_what_it_means() -> None:
    assert len(CODES) > 50
    for code, row in CODES.items():
        assert (row.source.endswith(code), bool(row.reason), row.status is not None) == (True, True, True)


@pytest.mark.parametrize(
    ("code", "means"), [("30999", "bounce"), ("", "bounce"), ("21998", "error"), ("63001", "error")]
)
def test_a_code_to_come_goes_by_its_range(code: str, means: str) -> None:
    assert row_of(code).status == means


# --- from end to end ---


@asynccontextmanager
async def acme_at(site: Site, fake: FakeTwilio) -> AsyncIterator[tuple[Campaign, ChannelConfiguration]]:
    """A campaign at Twilio."""
    async with serving(fake) as endpoint:
        account = {"accountSid": fake.sid, "authToken": fake.token, "baseUrl": endpoint.url("")}
        configuration = await site.configure("twilio", account)
        campaign = await site.house.campaign(configuration.id, channel="sms", identity_namespace="phone")
        yield campaign, configuration


REPORTED: dict[str, tuple[str, str, list[str]]] = {
    "+12025550110": ("delivered", "", ["sent", "delivered"]),
    "+12025550111": ("read", "", ["sent", "delivered"]),
    "+12025550112": ("sent", "", ["sent"]),
    "+12025550113": ("queued", "", ["sent"]),
    "+12025550114": ("canceled", "", ["sent", "exclude"]),
    "+12025550115": ("undelivered", "30003", ["sent", "bounce 30003 Soft"]),
    "+12025550116": ("undelivered", "30005", ["sent", "bounce 30005 Hard"]),
    "+12025550117": ("undelivered", "30007", ["sent", "bounce 30007 Ignored"]),
    "+12025550118": ("undelivered", "", ["sent", "bounce undelivered Ignored"]),
    "+12025550119": ("failed", "21610", ["sent", "denylist"]),
    "+12025550120": ("failed", "30034", ["sent", "error 30034 Ignored"]),
}
REFUSED: dict[str, list[str]] = {
    "+15005550002": ["error 21612 Ignored"],
    "+15005550003": ["error 21408 Ignored"],
    "+15005550004": ["denylist"],
    "+15005550009": ["bounce 21614 Hard"],
}


def test_the_journey_has_every_status() -> None:
    assert {*STATUSES, *FAILED} - {status for status, _, _ in REPORTED.values()} == {"partially_delivered"}


async def test_from_the_execution_to_the_feedback_webhook(site: Site, receiver: Endpoint) -> None:
    fake, expected = FakeTwilio(), REFUSED | {number: told for number, (_, _, told) in REPORTED.items()}
    await site.house.webhook(receiver.url("/feedback"), events=EVERY)
    async with acme_at(site, fake) as (campaign, _), site.calling() as acme, site.house.working():
        await execute(acme, campaign, *REPORTED, *REFUSED)
        await until(lambda: _all_taken(fake, len(REPORTED)))
        for number, (status, code, _) in REPORTED.items():
            more = {"ErrorCode": code} if code else {}
            assert [await fake.tell(fake.of(number), status, **more) for _ in range(2)] == [200, 200]
        await receiver.arrived(sum(len(told) for told in expected.values()), seconds=10)
    assert heard(receiver) == expected


async def _all_taken(fake: FakeTwilio, count: int) -> bool:
    return len(fake.messages) >= count


async def test_a_report_that_comes_before_the_submit_is_answered(site: Site) -> None:
    """The carrier is quick, and Twilio's answer slow."""
    fake = FakeTwilio(hasty="delivered")
    async with acme_at(site, fake) as (campaign, configuration):
        message = await sent_to(site, campaign, BOB)
        await send_due(site.house, configuration.id)
        assert fake.posted == [200]
        async with site.house.working():
            await until(lambda: is_told(site.house, message, ["sent", "delivered"]))


async def test_an_answer_that_is_lost_is_uncertain_and_a_report_amends_it(site: Site) -> None:
    fake = FakeTwilio(mute=True)
    async with acme_at(site, fake) as (campaign, configuration):
        message = await sent_to(site, campaign, BOB)
        await send_due(site.house, configuration.id)
        assert (len(fake.messages), await told_of(site.house, message)) == (1, ["error"])
        assert await fake.tell(fake.of(BOB), "delivered") == 200
        assert (await told_of(site.house, message))[-1] == "delivered"


@pytest.mark.parametrize(
    ("refusal", "failing"),
    [
        ((429, 20429, "Too Many Requests"), None),
        ((401, 20003, "Authenticate"), "Twilio refuses our credentials. Correct Account SID and Auth Token."),
    ],
)
async def test_who_is_busy_or_knows_us_not_loses_nothing(
    site: Site, refusal: tuple[int, int, str], failing: str | None
) -> None:
    """The message is due again; a configuration is said to fail only where its credentials do."""
    fake, house = FakeTwilio(refuses={BOB: refusal}), site.house
    async with acme_at(site, fake) as (campaign, configuration):
        message = await sent_to(site, campaign, BOB)
        await send_due(house, configuration.id)
        stored = await house.retour.shelves.fresh_configuration(house.dev.id, configuration.id)
    assert (fake.messages, await told_of(house, message)) == ({}, ["delay"])
    assert stored is not None
    assert stored.health.trouble == failing


async def test_callbacks_that_are_not_twilio_s_change_nothing(site: Site) -> None:
    """Changed on their way, signed by somebody else, and Charlie's own, of Ann's message."""
    fake, other = FakeTwilio(), FakeTwilio(sid="AC" + "9" * 32, token="Charlie's")
    async with acme_at(site, fake) as (campaign, configuration):
        message = await sent_to(site, campaign, BOB)
        await send_due(site.house, configuration.id)
        url, headers, form = fake.callback(fake.of(BOB), "undelivered", ErrorCode="30005")
        assert await fake.post(url, headers, form | {"ErrorCode": "21610"}) == 403
        assert await fake.post(url, {"X-Twilio-Signature": other.signed(url, form)}, form) == 403
        of_charlie = {"accountSid": other.sid, "authToken": other.token}
        charlie = await site.configure("twilio", of_charlie, site.house.other)
        led = site.address(charlie) + "?" + url.partition("?")[2]
        assert await fake.post(led, {"X-Twilio-Signature": other.signed(led, form)}, form) == 200
        assert await told_of(site.house, message) == ["sent"]


async def test_verify_asks_for_the_account(site: Site) -> None:
    fake = FakeTwilio()
    relays = site.house.retour.relays
    async with acme_at(site, fake) as (_, configuration):
        good = await relays.examine(site.house.dev, configuration)
        fake.status = "suspended"
        suspended = await relays.examine(site.house.dev, configuration)
        fake.token = "rotated"
        refused = await relays.examine(site.house.dev, configuration)
        fake.down = 500
        down = await relays.examine(site.house.dev, configuration)
    assert good is not None
    assert (good.trouble, good.learned) == (None, ("127.0.0.1 knows the credentials.",))
    assert suspended is not None
    assert suspended.trouble == "Twilio says that the account is suspended."
    assert refused is not None
    assert "Correct Account SID and Auth Token" in (refused.trouble or "")
    assert down is not None
    assert "500" in (down.trouble or "")


async def test_who_answers_stop_gets_no_more_texts_until_he_answers_start(site: Site) -> None:
    fake, house = FakeTwilio(), site.house
    async with acme_at(site, fake) as (campaign, configuration):
        for word, told in (("STOP", ["denylist"]), ("START", ["sent"])):
            assert await fake.answer_back(site.address(configuration), BOB, SENDER, word) == 200
            message = await sent_to(site, campaign, BOB)
            await send_due(house, configuration.id)
            assert await told_of(house, message) == told


@pytest.mark.parametrize("number", ["+15005550004", "+15005550009"])
async def test_whom_twilio_knows_to_have_opted_out_or_to_be_a_landline_is_not_tried_again(
    site: Site, number: str
) -> None:
    fake, house = FakeTwilio(), site.house
    async with acme_at(site, fake) as (campaign, configuration):
        first = await sent_to(site, campaign, number)
        await send_due(house, configuration.id)
        fake.down = 500  # whoever asks now gets no answer that counts
        second = await sent_to(site, campaign, number)
        await send_due(house, configuration.id)
        assert await told_of(house, first) != ["error"]
        assert await told_of(house, second) == ["denylist"]
