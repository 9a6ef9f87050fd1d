"""Vonage as its own library knows it, and from an execution to the feedback webhook."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from vonage_account import Account
from vonage_http_client.auth import Auth
from vonage_http_client.errors import AuthenticationError
from vonage_http_client.http_client import HttpClient
from vonage_sms import Sms, SmsMessage
from vonage_sms.errors import SmsError

from cast import until
from outside.certificates import Authority
from outside.https import Endpoint, serving
from outside.vonage import FakeVonage
from retour.catalog.inputs import ContentInput
from retour.model import Campaign, ChannelConfiguration
from retour.smsproviders import vonage
from retour.smsproviders.shapes import Got, Taken, Text
from retour.smsproviders.vonage_codes import (
    FAILED,
    MESSAGES_API,
    RECEIPTS,
    STATUSES,
    SUBMITS,
    TROUBLES,
    meaning,
)
from rooms.steps import send_due, told_of
from smsproviders.serving import EVERY, SENDER, Site, execute, heard, is_told, sent_to

BOB = "+12025550101"
FIGURES = BOB.removeprefix("+")
OUT = Text(
    mark="m", to=BOB, sender="Luma", text="x", encoding="GSM-7", parts=1, callback="", minutes=5040, now=0
)


@pytest.fixture
async def fake(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[FakeVonage, Endpoint]]:
    """Vonage, by TLS: its library knows nothing else, and trusts whom the environment says."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.write(tmp_path)))
    made = FakeVonage()
    async with serving(made, tls=authority.server("127.0.0.1")) as endpoint:
        yield made, endpoint


def client_of(endpoint: Endpoint, fake: FakeVonage, secret: str = "") -> HttpClient:
    """Vonage's library, aimed at the fake."""
    auth = Auth(api_key=fake.key, api_secret=secret or fake.secret)
    return HttpClient(auth, {"rest_host": f"127.0.0.1:{endpoint.port}", "max_retries": 0})


async def sdk(endpoint: Endpoint, fake: FakeVonage, secret: str = "", **message: Any) -> Any:
    """What the library makes of a text."""
    given = {"to": FIGURES, "from_": "Luma", "text": "Hello Bob"} | message
    sms = Sms(client_of(endpoint, fake, secret))
    return await asyncio.to_thread(sms.send, SmsMessage(**given))


# --- the fake is Vonage, to Vonage's own library ---


async def test_the_library_sends_texts_of_one_part_and_of_more(fake: tuple[FakeVonage, Endpoint]) -> None:
    account, endpoint = fake
    one = await sdk(endpoint, account, client_ref="m1")
    long = await sdk(endpoint, account, text="x" * 161)
    balance = await asyncio.to_thread(Account(client_of(endpoint, account)).get_balance)
    assert (one.message_count, one.messages[0].status, one.messages[0].client_ref) == ("1", "0", "m1")
    assert [part.message_id for part in [*one.messages, *long.messages]] == list(account.messages)
    assert (len(long.messages), balance.value) == (2, 10.28)


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ({"secret": "another"}, "code 4: Bad Credentials"),
        ({"to": "Bob"}, "code 3: Invalid value"),
        ({"text": ""}, "code 2: Missing text"),
        ({"callback": "nowhere"}, "code 23: Invalid callback"),
        ({"to": "12025550133"}, "code 33: Number De-activated"),
    ],
)
async def test_the_library_is_refused_as_vonage_refuses(
    fake: tuple[FakeVonage, Endpoint], message: dict[str, Any], told: str
) -> None:
    account, endpoint = fake
    account.refuses["12025550133"] = ("33", "Number De-activated")
    with pytest.raises(SmsError, match=told):
        await sdk(endpoint, account, **message)


async def test_the_library_is_told_that_the_balance_is_not_for_strangers(
    fake: tuple[FakeVonage, Endpoint],
) -> None:
    account, endpoint = fake
    with pytest.raises(AuthenticationError):
        await asyncio.to_thread(Account(client_of(endpoint, account, "another")).get_balance)


@pytest.mark.parametrize("text", ["Hello Bob", "Здравствуй, Bob & Ann = 😀"])
async def test_we_send_what_the_library_sends(fake: tuple[FakeVonage, Endpoint], text: str) -> None:
    account, endpoint = fake
    kind = "text" if text.isascii() else "unicode"
    await sdk(
        endpoint, account, text=text, type=kind, ttl=5040 * 60_000, client_ref="m", callback="https://x"
    )
    (asked,) = endpoint.requests
    encoding = "GSM-7" if text.isascii() else "UCS-2"
    out = msgspec.structs.replace(OUT, text=text, encoding=encoding, callback="https://x")
    ours = vonage.submit(out, account.settings(endpoint.url("")), "")
    assert ours.url == endpoint.url(asked.path)
    assert sorted(ours.body.split(b"&")) == sorted(asked.body.split(b"&"))
    assert dict(ours.headers)["Authorization"] == asked.header("authorization")


def test_a_callback_address_that_is_too_long_for_vonage_is_left_to_its_dashboard() -> None:
    for length, goes in ((99, True), (100, True), (101, False)):
        one = msgspec.structs.replace(OUT, callback="https://x/".ljust(length, "y"))
        assert (b"callback=" in vonage.submit(one, FakeVonage().settings(), "").body) == goes


def test_what_was_taken_in_part_says_so_with_all_ids() -> None:
    taken = {"status": "0", "message-id": "A"}
    refused = {"status": "1", "error-text": "Throughput of +12025550101 exceeded"}
    body = {"message-count": "3", "messages": [taken, refused, taken | {"message-id": "B"}]}
    outcome = vonage.answer(Got(status=200, headers={}, body=msgspec.json.encode(body)), OUT, {})
    assert isinstance(outcome, Taken)
    facts = outcome.facts
    assert (outcome.references, facts.reference, facts.code, facts.parts) == (("A", "B"), "A", "1", 3)
    assert facts.text == "Throughput of … exceeded"


# --- the tables ---


def test_every_code_says_where_it_is_from_and_what_it_means() -> None:
    for row in [*SUBMITS.values(), *RECEIPTS.values()]:
        assert (bool(row.source), bool(row.reason), row.status is not None) == (True, True, True)
    assert not set(SUBMITS) & set(TROUBLES)
    assert set(MESSAGES_API.values()) <= set(RECEIPTS)
    assert meaning("failed", "1240") == meaning("rejected", "9")


# --- from end to end ---


@asynccontextmanager
async def acme_at(
    site: Site, fake: tuple[FakeVonage, Endpoint], text: str = "Hello"
) -> AsyncIterator[tuple[Campaign, ChannelConfiguration]]:
    """A campaign at Vonage, whose dashboard has the address of the channel configuration."""
    account, endpoint = fake
    configuration = await site.configure("vonage", account.settings(endpoint.url("")))
    account.webhook = site.address(configuration)
    more: dict[str, Any] = {"identity_namespace": "phone", "content": ContentInput(text=text)}
    yield await site.house.campaign(configuration.id, channel="sms", **more), configuration


REPORTED: dict[str, tuple[str, str, list[str]]] = {
    "+12025550110": ("delivered", "0", ["sent", "delivered"]),
    "+12025550111": ("accepted", "0", ["sent"]),
    "+12025550112": ("buffered", "0", ["sent"]),
    "+12025550113": ("expired", "1", ["sent", "bounce expired Ignored"]),
    "+12025550114": ("failed", "2", ["sent", "bounce 2 Soft"]),
    "+12025550115": ("failed", "3", ["sent", "bounce 3 Hard"]),
    "+12025550116": ("rejected", "6", ["sent", "bounce 6 Ignored"]),
    "+12025550117": ("rejected", "9", ["sent", "denylist"]),
    "+12025550118": ("failed", "50", ["sent", "error 50 Ignored"]),
    "+12025550119": ("unknown", "0", ["sent", "bounce unknown Ignored"]),
}
REFUSED: dict[str, tuple[str, list[str]]] = {
    "+12025550130": ("3", ["error 3 Ignored"]),
    "+12025550131": ("6", ["bounce 6 Hard"]),
    "+12025550132": ("7", ["denylist"]),
    "+12025550133": ("33", ["bounce 33 Hard"]),
}


def test_the_journey_has_every_status_of_the_sms_api() -> None:
    of_messages_api = {"submitted", "read", "undeliverable"}
    assert {*STATUSES, *FAILED} - {status for status, _, _ in REPORTED.values()} == of_messages_api


@pytest.mark.parametrize("http_method", ["POST", "GET", "POST-JSON"])
async def test_from_the_execution_to_the_feedback_webhook(
    site: Site, receiver: Endpoint, fake: tuple[FakeVonage, Endpoint], http_method: str
) -> None:
    account = fake[0]
    account.http_method = http_method
    account.refuses = {number.removeprefix("+"): (status, "No") for number, (status, _) in REFUSED.items()}
    expected = {number: told for number, (_, _, told) in REPORTED.items()}
    expected |= {number: told for number, (_, told) in REFUSED.items()}
    await site.house.webhook(receiver.url("/feedback"), events=EVERY)
    async with acme_at(site, fake) as (campaign, _), site.calling() as acme, site.house.working():
        await execute(acme, campaign, *REPORTED, *REFUSED)
        await until(lambda: _has_taken(account, len(REPORTED)))
        for number, (status, err, _) in REPORTED.items():
            (message,) = account.of(number.removeprefix("+"))
            assert [await account.tell(message, status, err) for _ in range(2)] == [200, 200]
        await receiver.arrived(sum(len(told) for told in expected.values()), seconds=10)
    assert heard(receiver) == expected


async def _has_taken(account: FakeVonage, count: int) -> bool:
    return len(account.messages) >= count


async def test_a_receipt_of_the_second_part_is_known_by_its_id_alone(
    site: Site, fake: tuple[FakeVonage, Endpoint]
) -> None:
    account = fake[0]
    async with acme_at(site, fake, "x" * 200) as (campaign, configuration):
        message = await sent_to(site, campaign, BOB)
        await send_due(site.house, configuration.id)
        _, second = account.of(FIGURES)
        assert await account.post(account.signed(_bare(account.receipt(second, "failed", "2")))) == 200
        assert await told_of(site.house, message) == ["sent", "bounce"]


def _bare(receipt: dict[str, Any]) -> dict[str, Any]:
    """Without our mark, nor what proves it."""
    ours = ("client-ref", "sig", "timestamp", "nonce")
    return {name: value for name, value in receipt.items() if name not in ours}


async def test_a_receipt_that_comes_before_the_submit_is_answered(
    site: Site, fake: tuple[FakeVonage, Endpoint]
) -> None:
    account = fake[0]
    account.hasty = "delivered"
    async with acme_at(site, fake) as (campaign, configuration):
        message = await sent_to(site, campaign, BOB)
        await send_due(site.house, configuration.id)
        assert account.posted == [200]
        async with site.house.working():
            await until(lambda: is_told(site.house, message, ["sent", "delivered"]))


async def test_an_answer_that_is_lost_is_uncertain_and_a_receipt_amends_it(
    site: Site, fake: tuple[FakeVonage, Endpoint]
) -> None:
    account = fake[0]
    account.mute = True
    async with acme_at(site, fake) as (campaign, configuration):
        message = await sent_to(site, campaign, BOB)
        await send_due(site.house, configuration.id)
        assert (len(account.messages), await told_of(site.house, message)) == (1, ["error"])
        assert await account.tell(account.of(FIGURES)[0], "delivered") == 200
        assert (await told_of(site.house, message))[-1] == "delivered"


@pytest.mark.parametrize(
    ("status", "failing"),
    [("1", None), ("4", TROUBLES["4"]), ("9", TROUBLES["9"])],
)
async def test_who_is_busy_or_takes_nothing_of_us_loses_nothing(
    site: Site, fake: tuple[FakeVonage, Endpoint], status: str, failing: str | None
) -> None:
    account, house = fake[0], site.house
    account.refuses[FIGURES] = (status, "No")
    async with acme_at(site, fake) as (campaign, configuration):
        message = await sent_to(site, campaign, BOB)
        await send_due(house, configuration.id)
        stored = await house.retour.shelves.fresh_configuration(house.dev.id, configuration.id)
    assert (account.messages, await told_of(house, message)) == ({}, ["delay"])
    assert stored is not None
    assert stored.health.trouble == failing


async def test_a_status_in_the_shape_of_the_messages_api_is_told_too(
    site: Site, fake: tuple[FakeVonage, Endpoint]
) -> None:
    account = fake[0]
    async with acme_at(site, fake) as (campaign, configuration):
        message = await sent_to(site, campaign, BOB)
        await send_due(site.house, configuration.id)
        (one,) = account.of(FIGURES)
        error = {"type": "https://developer.vonage.com/api-errors/messages#1180", "title": "1180"}
        assert await account.tell_by_token(one, "undeliverable", error=error) == 200
        assert await told_of(site.house, message) == ["sent", "bounce"]


async def test_callbacks_that_are_not_vonage_s_change_nothing(
    site: Site, fake: tuple[FakeVonage, Endpoint]
) -> None:
    """Changed on their way, signed by somebody else, and Charlie's own, of Ann's message."""
    account, other = fake[0], FakeVonage(key="charlie1", signature_secret="Charlie's, and long enough, too")
    async with acme_at(site, fake) as (campaign, configuration):
        message = await sent_to(site, campaign, BOB)
        await send_due(site.house, configuration.id)
        receipt = account.receipt(account.of(FIGURES)[0], "failed", "3")
        assert await account.post(receipt | {"err-code": "9"}) == 403
        bare = _bare(receipt) | {"client-ref": receipt["client-ref"]}
        assert await account.post(bare) == 403
        assert await account.post(other.signed(bare)) == 403
        charlie = await site.configure("vonage", other.settings(), site.house.other)
        assert await other.post(other.signed(bare), site.address(charlie)) == 200
        assert await told_of(site.house, message) == ["sent"]


async def test_verify_asks_for_the_balance(site: Site, fake: tuple[FakeVonage, Endpoint]) -> None:
    account, relays = fake[0], site.house.retour.relays
    async with acme_at(site, fake) as (_, configuration):
        good = await relays.examine(site.house.dev, configuration)
        account.secret = "rotated"
        refused = await relays.examine(site.house.dev, configuration)
    assert good is not None
    assert (good.trouble, good.learned) == (None, ("127.0.0.1 knows the credentials.",))
    assert refused is not None
    assert refused.trouble == TROUBLES["4"]
    assert account.messages == {}


@pytest.mark.parametrize("http_method", ["POST", "GET", "POST-JSON"])
async def test_who_answers_stop_gets_no_more_texts(
    site: Site, fake: tuple[FakeVonage, Endpoint], http_method: str
) -> None:
    """Vonage writes numbers without +."""
    account = fake[0]
    account.http_method = http_method
    async with acme_at(site, fake) as (campaign, configuration):
        assert await account.post(account.inbound(FIGURES, SENDER.removeprefix("+"), "Stop")) == 200
        message = await sent_to(site, campaign, BOB)
        await send_due(site.house, configuration.id)
        assert (account.messages, await told_of(site.house, message)) == ({}, ["denylist"])
