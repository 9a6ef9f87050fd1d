"""POST, GET, PUT /ajo/config/channel-configurations."""

from __future__ import annotations

from typing import Any

import pytest

from cast import House
from web.api.callers import CONFIGURATIONS, Api, refusal, relay, rows

SMS = {"name": "text", "channel": "sms", "provider": "simulated", "sms": {"senderNumber": "+15550100"}}
STAMPS = {"id", "createdAt", "modifiedAt", "version"}


async def test_it_comes_back_with_what_was_not_said_and_without_its_password(acme: Api) -> None:
    answer = await acme.call("POST", CONFIGURATIONS, relay())
    made = answer.json()
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    assert set(made) >= STAMPS
    assert made["email"]["retryPeriodMinutes"] == 5040
    assert (made["smtp"]["password"], made["smtp"]["hasPassword"]) == (None, True)
    assert "hush" not in answer.text
    assert "v1." not in answer.text
    assert await acme.get(f"{CONFIGURATIONS}/{made['id']}") == made
    assert (await acme.get(CONFIGURATIONS))["data"] == [made]


async def test_what_get_returns_can_be_put_back_and_the_password_stays(house: House, acme: Api) -> None:
    made = await acme.post(CONFIGURATIONS, relay())
    place = f"{CONFIGURATIONS}/{made['id']}"
    answer = await acme.put(place, await acme.get(place), made["version"])
    assert answer.status_code == 200, answer.text
    changed = {"version", "modifiedAt"}
    assert {key: value for key, value in answer.json().items() if key not in changed} == {
        key: value for key, value in made.items() if key not in changed
    }
    assert (answer.json()["version"], answer.json()["smtp"]["hasPassword"]) == (2, True)


async def test_a_text_message_sender_is_kept_as_a_number(acme: Api) -> None:
    made = await acme.post(CONFIGURATIONS, SMS | {"sms": {"senderNumber": "+1 (415) 555-2671"}})
    assert made["sms"]["senderNumber"] == "+14155552671"
    other = await acme.post(CONFIGURATIONS, SMS | {"name": "word", "sms": {"senderNumber": "LUMA"}})
    assert other["sms"]["senderNumber"] == "LUMA"


@pytest.mark.parametrize("sender", ["bol.com", "Luma Shop", "Luma-Store1", "7Eleven", "123", "12345678"])
async def test_a_name_or_a_short_code_may_send(acme: Api, sender: str) -> None:
    made = await acme.post(CONFIGURATIONS, SMS | {"sms": {"senderNumber": f" {sender} "}})
    assert made["sms"]["senderNumber"] == sender


async def test_what_is_not_said_of_text_messages_has_its_usual_value(acme: Api) -> None:
    made = await acme.post(CONFIGURATIONS, SMS)
    assert made["sms"] == {
        "senderNumber": "+15550100", "retryPeriodMinutes": 5040, "defaultRegion": None, "maxParts": 10,
        "perSecond": None, "atOnce": 8, "reportHours": 72, "repeatUncertain": False,
    }  # fmt: skip


async def test_limits_of_text_messages_are_kept_as_they_are_given(acme: Api) -> None:
    limits = {"maxParts": 1, "perSecond": 0.1, "atOnce": 64, "reportHours": 168, "repeatUncertain": True}
    given = {"senderNumber": "+15550100", "retryPeriodMinutes": 60, "defaultRegion": "NL"} | limits
    made = await acme.post(CONFIGURATIONS, SMS | {"sms": given})
    assert made["sms"] == given
    other = {"maxParts": 10, "perSecond": 1_000, "atOnce": 1, "reportHours": 0, "defaultRegion": " nl "}
    changed = await acme.put(f"{CONFIGURATIONS}/{made['id']}", SMS | {"sms": given | other}, made["version"])
    assert changed.json()["sms"] == given | other | {"defaultRegion": "NL"}


ELSEWHERE = (
    {"host": "evil.example"},
    {"port": 2525},
    {"security": "none"},
    {"host": "mail.luma.example.evil.example"},
)


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
@pytest.mark.parametrize("password", [None, "", {"clear": False}, "absent"])
async def test_a_stored_password_is_not_led_to_another_relay(
    acme: Api, elsewhere: dict[str, Any], password: Any
) -> None:
    made = await acme.post(CONFIGURATIONS, relay())
    body = relay(smtp=elsewhere | {"password": password})
    if password == "absent":
        del body["smtp"]["password"]
    place = f"{CONFIGURATIONS}/{made['id']}"
    context = refusal(await acme.put(place, body, 1), 422, "000141")
    assert "smtp.password" in context
    assert await acme.get(place) == made


async def test_another_spelling_of_the_host_is_no_other_relay(acme: Api) -> None:
    made = await acme.post(CONFIGURATIONS, relay())
    body = relay(smtp={"host": " MAIL.luma.example. ", "password": None})
    answer = await acme.put(f"{CONFIGURATIONS}/{made['id']}", body, 1)
    assert (answer.status_code, answer.json()["smtp"]["host"]) == (200, "mail.luma.example")


async def test_a_password_can_be_removed_or_entered_again_with_a_new_relay(acme: Api) -> None:
    made = await acme.post(CONFIGURATIONS, relay())
    place = f"{CONFIGURATIONS}/{made['id']}"
    moved = await acme.put(place, relay(smtp={"host": "other.example", "password": "new"}), 1)
    assert (moved.status_code, moved.json()["smtp"]["hasPassword"]) == (200, True)
    cleared = await acme.put(place, relay(smtp={"host": "third.example", "password": {"clear": True}}), 2)
    assert (cleared.status_code, cleared.json()["smtp"]["hasPassword"]) == (200, False)


async def test_put_needs_the_version_that_was_read(acme: Api) -> None:
    made = await acme.post(CONFIGURATIONS, relay())
    place = f"{CONFIGURATIONS}/{made['id']}"
    refusal(await acme.call("PUT", place, relay()), 428, "000122")
    for stale in ("2", "0", "x", "*", "²", "9" * 40, "-1", "1.0"):
        context = refusal(await acme.put(place, relay(), stale), 412, "000123")
        assert context["version"] == "1", stale
    weak = await acme.call("PUT", place, relay(), if_match='W/"1"')
    assert weak.status_code == 200
    refusal(await acme.put(f"{CONFIGURATIONS}/nothing", relay(), 1), 404, "000120")


async def test_a_name_is_taken_once(house: House, acme: Api) -> None:
    await acme.post(CONFIGURATIONS, relay())
    second = await acme.post(CONFIGURATIONS, relay(name="second"))
    before = rows(house)
    context = refusal(
        await acme.call("POST", CONFIGURATIONS, relay(name=" transactional-mail ")), 409, "000121"
    )
    assert "name" in context
    answer = await acme.put(f"{CONFIGURATIONS}/{second['id']}", relay(), 1)
    refusal(answer, 409, "000121")
    assert rows(house) == before


def text(**more: Any) -> dict[str, Any]:
    """A text message's configuration with something in `sms`."""
    return SMS | {"sms": {"senderNumber": "+15550100"} | more}


EMAIL = {"senderName": "Luma", "senderEmail": "a@b.example"}
WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({}, "name"),
    (relay(name=" "), "name"),
    (relay(name="x" * 101), "name"),
    (relay(name="a\nb"), "name"),
    (relay(name="a\x00b"), "name"),
    (relay(name="a\u2028b"), "name"),
    (relay(name="\u200b\u200b"), "name"),
    (relay(name="invoice\u202etxt.exe"), "name"),
    (relay(name=5), "name"),
    (relay(channel="fax"), "channel"),
    (relay(channel="sms"), "provider"),
    (relay(provider="carrier-pigeon"), "provider"),
    (relay(messageType="marketing"), "messageType"),
    (relay(email=None), "email.senderEmail"),
    (relay(email={"senderName": "Luma\r\nBcc: x", "senderEmail": "a@b.example"}), "email.senderName"),
    (relay(email={"senderName": "Luma", "senderEmail": "a@b.example\r\nX: y"}), "email.senderEmail"),
    (relay(email=EMAIL | {"replyToEmail": "x"}), "email.replyToEmail"),
    (relay(email=EMAIL | {"returnPathDomain": "x@y"}), "email.returnPathDomain"),
    (relay(email=EMAIL | {"retryPeriodMinutes": 1e9}), "email.retryPeriodMinutes"),
    (relay(email=EMAIL | {"retryPeriodMinutes": 0}), "email.retryPeriodMinutes"),
    (relay(email=EMAIL | {"deliveryNotices": "all"}), "email.deliveryNotices"),
    (relay(email=[]), "email"),
    (relay(smtp={"host": ""}), "smtp.host"),
    (relay(smtp={"host": "smtp://x"}), "smtp.host"),
    (relay(smtp={"host": "user@host"}), "smtp.host"),
    (relay(smtp={"host": "a b"}), "smtp.host"),
    (relay(smtp={"host": "a\r\nb"}), "smtp.host"),
    (relay(smtp={"host": "fe80::1%eth0"}), "smtp.host"),
    (relay(smtp={"host": "x" * 300}), "smtp.host"),
    (relay(smtp={"port": 0}), "smtp.port"),
    (relay(smtp={"port": 65536}), "smtp.port"),
    (relay(smtp={"port": 10**30}), "smtp.port"),
    (relay(smtp={"port": "25"}), "smtp.port"),
    (relay(smtp={"port": 25.5}), "smtp.port"),
    (relay(smtp={"security": "ssl"}), "smtp.security"),
    (relay(smtp={"maxConnections": 0}), "smtp.maxConnections"),
    (relay(smtp={"maxConnections": 65}), "smtp.maxConnections"),
    (relay(smtp={"username": None}), "smtp.username"),
    (relay(smtp={"username": "a\x00b"}), "smtp.username"),
    (relay(smtp={"password": "a\x00b"}), "smtp.password"),
    (relay(smtp={"password": "x" * 2_000}), "smtp.password"),
    (relay(smtp={"password": 5}), "smtp.password"),
    (relay(smtp={"password": {}}), "smtp.password.clear"),
    (SMS | {"sms": {"senderNumber": ""}}, "sms.senderNumber"),
    (SMS | {"sms": {"senderNumber": "a name that is long"}}, "sms.senderNumber"),
    (SMS | {"sms": {"senderNumber": "+1555\r\nX: y"}}, "sms.senderNumber"),
    (SMS | {"sms": {"senderNumber": "call +14155552671"}}, "sms.senderNumber"),
    (SMS | {"sms": {"senderNumber": "\u0661\u0662"}}, "sms.senderNumber"),
    (SMS | {"sms": {"senderNumber": "\u0661\u0662\u0663\u0664"}}, "sms.senderNumber"),
    (SMS | {"sms": {"senderNumber": "12"}}, "sms.senderNumber"),
    (SMS | {"sms": {"senderNumber": "123456789"}}, "sms.senderNumber"),
    (SMS | {"sms": {"senderNumber": "Twelve chars"}}, "sms.senderNumber"),
    (SMS | {"sms": {"senderNumber": "Luma\nX"}}, "sms.senderNumber"),
    (SMS | {"sms": {"senderNumber": "Café"}}, "sms.senderNumber"),
    (SMS | {"sms": {"senderNumber": "-Luma"}}, "sms.senderNumber"),
    (text(defaultRegion="ZZ"), "sms.defaultRegion"),
    (text(defaultRegion="NLD"), "sms.defaultRegion"),
    (text(defaultRegion=31), "sms.defaultRegion"),
    (text(maxParts=0), "sms.maxParts"),
    (text(maxParts=11), "sms.maxParts"),
    (text(maxParts=1.5), "sms.maxParts"),
    (text(perSecond=0), "sms.perSecond"),
    (text(perSecond=0.09), "sms.perSecond"),
    (text(perSecond=1_000.1), "sms.perSecond"),
    (text(atOnce=0), "sms.atOnce"),
    (text(atOnce=65), "sms.atOnce"),
    (text(reportHours=-1), "sms.reportHours"),
    (text(reportHours=168.5), "sms.reportHours"),
    (text(repeatUncertain="yes"), "sms.repeatUncertain"),
)  # fmt: skip


async def test_everything_wrong_is_422_with_its_path_and_leaves_nothing(house: House, acme: Api) -> None:
    before = rows(house)
    for body, path in WRONG:
        context = refusal(await acme.call("POST", CONFIGURATIONS, body), 422, "000111")
        assert path in context, (body, context)
    refusal(await acme.call("POST", CONFIGURATIONS, b"{"), 400, "000110")
    assert rows(house) == before


async def test_the_channel_stays_what_it_is(house: House, acme: Api) -> None:
    made = await acme.post(CONFIGURATIONS, SMS)
    context = refusal(await acme.put(f"{CONFIGURATIONS}/{made['id']}", relay(), 1), 422, "000111")
    assert "channel" in context
