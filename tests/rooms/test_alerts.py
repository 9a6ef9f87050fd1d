"""Alerts: what has been failing is told once for each step, and once when it works again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from cast import ACME, ANN, House, a_house, until
from outside.certificates import Authority
from outside.https import serving
from outside.service import free_port
from outside.smtp import Relay, relay
from retour import ids, limits
from retour.alerts import GONE, Alert, Kind, Told, due_alerts, gone_alerts, is_settled
from retour.catalog.inputs import ConfigurationInput, EmailInput, SmtpInput
from retour.config import Settings, check, relay_of
from retour.errors import ConfigError
from retour.model import Campaign, Health, Role
from rooms.steps import Clock, Conduct, message_of, post_due, send_due

NOW = 1_800_000_000 * limits.SECOND
FIVE, HOUR, DAY, FOUR_DAYS = limits.ALERT_STEPS


def failing(ago: int) -> Health:
    """Since so long ago."""
    return Health(failures=3, failing_since=NOW - ago, trouble="The endpoint answered 503.")


def told(ago: int, step: int) -> Told:
    """Of the spell that began so long ago."""
    return Told(failing_since=NOW - ago, step=step, at=NOW - 1)


def goes_on(ago: int, step: int) -> Alert:
    return Alert(since=NOW - ago, step=step, lasted=ago)


def over(ago: int) -> Alert:
    return Alert(since=NOW - ago, step=0, lasted=ago)


WELL = Health()
CASES = {
    "well": (WELL, None, False, ()),
    "failing for less than the first step": (failing(FIVE - 1), None, False, ()),
    "at the first step": (failing(FIVE), None, False, (goes_on(FIVE, FIVE),)),
    "told of it": (failing(FIVE + 1), told(FIVE + 1, FIVE), False, ()),
    "just before the next": (failing(HOUR - 1), told(HOUR - 1, FIVE), False, ()),
    "at the next": (failing(HOUR), told(HOUR, FIVE), False, (goes_on(HOUR, HOUR),)),
    "a day": (failing(DAY), told(DAY, HOUR), False, (goes_on(DAY, DAY),)),
    "four days": (failing(FOUR_DAYS), told(FOUR_DAYS, DAY), False, (goes_on(FOUR_DAYS, FOUR_DAYS),)),
    "after the last step": (failing(2 * FOUR_DAYS), told(2 * FOUR_DAYS, FOUR_DAYS), False, ()),
    "found late: the highest step alone": (failing(DAY + 1), None, False, (goes_on(DAY + 1, DAY),)),
    "held by somebody who then told nothing": (
        failing(FIVE),
        told(FIVE, 0),
        False,
        (goes_on(FIVE, FIVE),),
    ),
    "works again": (WELL, told(HOUR, FIVE), True, (over(HOUR),)),
    "well, but never tried since": (WELL, told(HOUR, FIVE), False, ()),
    "works again and nobody was told that it failed": (WELL, told(FIVE, 0), True, ()),
    "worked and fails anew": (failing(1), told(HOUR, FIVE), True, (over(HOUR),)),
    "worked and has been failing anew": (
        failing(FIVE),
        told(DAY, HOUR),
        True,
        (over(DAY), goes_on(FIVE, FIVE)),
    ),
    "resumed, and fails anew": (failing(FIVE), told(DAY, HOUR), False, (goes_on(FIVE, FIVE),)),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_due(name: str) -> None:
    health, before, works, due = CASES[name]
    assert due_alerts(health, before, NOW, works=works) == due


SETTLED = {
    "well and nobody was told": (WELL, None, False, Kind.WEBHOOK, True),
    "held only": (WELL, told(FIVE, 0), False, Kind.WEBHOOK, True),
    "failing": (failing(1), None, False, Kind.WEBHOOK, False),
    "a webhook that was resumed is waited for": (WELL, told(HOUR, FIVE), False, Kind.WEBHOOK, False),
    "a configuration that was edited begins anew": (WELL, told(HOUR, FIVE), False, Kind.CONFIGURATION, True),
    "a relay that works is to be told": (WELL, told(HOUR, FIVE), True, Kind.CONFIGURATION, False),
}


@pytest.mark.parametrize("name", SETTLED)
def test_what_need_not_be_remembered(name: str) -> None:
    health, before, works, kind, settled = SETTLED[name]
    assert is_settled(health, before, works=works, kind=kind) is settled


GONE_AT = NOW - HOUR
PAUSED = Alert(since=GONE_AT, step=GONE, lasted=HOUR)
ENDED = {
    "nobody was told": (None, (PAUSED,)),
    "told of it": (Told(failing_since=GONE_AT, step=GONE, at=NOW), ()),
    "told that it failed before": (Told(failing_since=GONE_AT, step=FIVE, at=NOW), (PAUSED,)),
    "told of another time": (Told(failing_since=GONE_AT - DAY, step=GONE, at=NOW), (PAUSED,)),
    "held by somebody who then told nothing": (Told(failing_since=GONE_AT, step=0, at=NOW), (PAUSED,)),
}


@pytest.mark.parametrize("name", ENDED)
def test_what_is_due_of_a_webhook_that_its_endpoint_paused(name: str) -> None:
    before, due = ENDED[name]
    assert gone_alerts(GONE_AT, before, NOW) == due


@pytest.fixture
async def mx() -> AsyncIterator[Relay]:
    """Takes the alerts."""
    async with relay() as made:
        yield made


@pytest.fixture
async def alerted(tmp_path: Path, authority: Authority, mx: Relay) -> AsyncIterator[House]:
    """A house that sends alerts by e-mail."""
    more = {"alert_smtp": f"smtp://127.0.0.1:{mx.port}", "alert_from": "alerts@luma.example"}
    async with a_house(tmp_path, authority.write(tmp_path), **more) as house:
        yield house


async def fail(house: House, url: str) -> tuple[Campaign, str]:
    """One event is owed, and could not be posted. What it was sent by."""
    await house.webhook(url)
    configuration = await house.simulated()
    campaign = await house.campaign(configuration)
    await owe(house, campaign, configuration)
    return campaign, configuration


async def owe(house: House, campaign: Campaign, configuration: str) -> None:
    """One event is owed, and posted as far as that goes."""
    await house.execute(campaign, "sent@example.com")
    await send_due(house, configuration)
    await post_due(house)


async def resume(house: House) -> None:
    """Bob resumes the webhook, and what waited is posted."""
    webhook = await house.retour.webhooks.find(house.dev)
    assert webhook is not None
    await house.retour.webhooks.resume(house.dev, webhook.id)
    await post_due(house)


async def look(house: House) -> None:
    """One look."""
    await house.retour.alerts.run(ids.now())


async def remembered(house: House) -> int:
    """How many rows remember what was told."""
    place = {"after_sandbox": "", "after_kind": "", "after": ""}
    return len(await house.retour.store.read("alerts_all", **place, limit=9))


def letters(mx: Relay) -> list[tuple[str, str]]:
    """Subject and text of what the relay took."""
    read = [message_from_bytes(taken.content, policy=policy.default) for taken in mx.messages]
    return [(letter["Subject"], letter.get_content()) for letter in read]


async def test_a_failing_webhook_is_told_to_the_administrators_once_for_each_step(
    alerted: House, clock: Clock, mx: Relay, authority: Authority
) -> None:
    conduct = Conduct(status=503)
    async with serving(conduct, tls=authority.server("127.0.0.1")) as endpoint:
        await fail(alerted, endpoint.url("/x"))
        await look(alerted)
        assert mx.messages == []
        for seconds, count in ((300, 1), (600, 1), (3_600, 2)):
            clock.move(seconds)
            await look(alerted)
            await look(alerted)
            assert len(mx.messages) == count
        conduct.status = 200
        clock.move(2)
        await post_due(alerted)
        await look(alerted)
        await look(alerted)
    assert [mail.recipients for mail in mx.messages] == [["ann@acme.example"]] * 3
    what = "feedback webhook “Order status” of acme@Org / dev"
    (five, first), (hour, _), (well, last) = letters(mx)
    assert [five, hour, well] == [
        f"Failing for 5 min: {what}",
        f"Failing for 1 h: {what}",
        f"Works again: {what}",
    ]
    assert "has been failing for 5 min" in first
    assert "503" in first
    assert "/admin/acme@Org/dev/feedback-webhooks/" in first
    assert "works again, after 1 h 15 min" in last
    assert await remembered(alerted) == 0


async def test_a_failing_relay_is_told_and_an_edit_begins_anew(
    alerted: House, clock: Clock, mx: Relay
) -> None:
    configuration = await alerted.relay(1)
    await alerted.execute(await alerted.campaign(configuration), "jane@example.com")
    await send_due(alerted, configuration)
    clock.move(300)
    await look(alerted)
    ((title, text),) = letters(mx)
    assert title == "Failing for 5 min: channel configuration “relay 1” of acme@Org / dev"
    assert "The relay 127.0.0.1:1 can't be reached" in text
    clock.move(1)
    edit = ConfigurationInput(name="relay 1", channel="email", provider="smtp")
    edit.email = EmailInput(sender_name="Luma", sender_email="no-reply@luma.example")
    edit.smtp = SmtpInput(host="127.0.0.1", port=mx.port)
    await alerted.retour.configurations.update(alerted.dev, configuration, 1, edit)
    await send_due(alerted, configuration)
    await look(alerted)
    assert [mail.recipients for mail in mx.messages] == [["ann@acme.example"], ["jane@example.com"]]
    assert await remembered(alerted) == 0


async def test_a_relay_that_works_again_is_told(alerted: House, clock: Clock, mx: Relay) -> None:
    port = free_port()
    configuration = await alerted.relay(port)
    await alerted.execute(await alerted.campaign(configuration), "jane@example.com")
    await send_due(alerted, configuration)
    clock.move(3_600)
    await look(alerted)
    async with relay(port=port):
        await send_due(alerted, configuration)
    await look(alerted)
    assert [title.partition(":")[0] for title, _ in letters(mx)] == ["Failing for 1 h", "Works again"]


async def test_an_alert_that_could_not_be_sent_is_sent_later(alerted: House, clock: Clock, mx: Relay) -> None:
    mx.conduct.answers["MAIL"] = "451 4.3.0 later"
    await fail(alerted, "https://127.0.0.1:1/x")
    clock.move(300)
    with capture_logs() as logged:
        await look(alerted)
        await look(alerted)
    assert [line["event"] for line in logged] == ["failing", "alert_unsent"]
    assert "ann@acme.example" not in str(logged)
    mx.conduct.answers.clear()
    clock.move(limits.ALERT_HOLD / limits.SECOND)
    await look(alerted)
    await look(alerted)
    assert [title.partition(":")[0] for title, _ in letters(mx)] == ["Failing for 5 min"]


async def test_somebody_who_may_not_sign_in_is_told_nothing_and_other_organizations_neither(
    alerted: House, clock: Clock, mx: Relay
) -> None:
    people = alerted.retour.people
    await people.add(ACME, "eve@acme.example", "Eve", Role.ADMINISTRATOR)
    dan = await people.add(ACME, "dan@acme.example", "Dan", Role.ADMINISTRATOR)
    await people.close("ann@acme.example", True)
    await people.disable(ACME, dan.id, True)
    await fail(alerted, "https://127.0.0.1:1/x")
    clock.move(300)
    await look(alerted)
    assert [taken.recipients for taken in mx.messages] == [["eve@acme.example"]]
    assert await remembered(alerted) == 1


async def test_a_paused_webhook_is_not_called_failing_and_a_deleted_one_is_forgotten(
    alerted: House, clock: Clock, mx: Relay
) -> None:
    await fail(alerted, "https://127.0.0.1:1/x")
    webhook = await alerted.retour.webhooks.find(alerted.dev)
    assert webhook is not None
    clock.move(300)
    await look(alerted)
    await alerted.retour.webhooks.pause(alerted.dev, webhook.id, ANN)
    clock.move(3_600)
    await look(alerted)
    assert len(mx.messages) == 1
    await alerted.retour.webhooks.delete(alerted.dev, webhook.id)
    await look(alerted)
    assert await remembered(alerted) == 0


async def test_a_webhook_that_its_endpoint_paused_is_told_once_with_what_to_do(
    alerted: House, clock: Clock, mx: Relay, authority: Authority
) -> None:
    """At once, to Ann alone; when it was resumed, works, and ends once more, these are told too."""
    conduct = Conduct(status=410)
    async with serving(conduct, tls=authority.server("127.0.0.1")) as endpoint:
        by = await fail(alerted, endpoint.url("/x"))
        for seconds in (0, 30, 3_600):
            clock.move(seconds)
            await look(alerted)
        ((title, text),) = letters(mx)
        assert title == "Paused: feedback webhook “Order status” of acme@Org / dev"
        assert "its endpoint answered 410 Gone" in text
        assert "resume the webhook on its page" in text
        assert "/admin/acme@Org/dev/feedback-webhooks/" in text
        conduct.status = 200
        await resume(alerted)
        await look(alerted)
        conduct.status = 410
        await owe(alerted, *by)
        await look(alerted)
    assert [mail.recipients for mail in mx.messages] == [["ann@acme.example"]] * 3
    assert [title.partition(":")[0] for title, _ in letters(mx)] == ["Paused", "Works again", "Paused"]


async def test_a_webhook_that_its_endpoint_paused_and_somebody_deleted_is_forgotten(
    alerted: House, clock: Clock, mx: Relay, authority: Authority
) -> None:
    async with serving(Conduct(status=410), tls=authority.server("127.0.0.1")) as endpoint:
        await fail(alerted, endpoint.url("/x"))
        with capture_logs() as logged:
            await look(alerted)
    assert [line["event"] for line in logged] == ["paused_by_endpoint"]
    webhook = await alerted.retour.webhooks.find(alerted.dev)
    assert webhook is not None
    await alerted.retour.webhooks.delete(alerted.dev, webhook.id)
    await look(alerted)
    assert await remembered(alerted) == 0


async def test_without_a_relay_for_alerts_the_log_is_told(house: House, clock: Clock) -> None:
    await fail(house, "https://127.0.0.1:1/x")
    clock.move(300)
    with capture_logs() as logged:
        await look(house)
        await look(house)
    assert [(line["event"], line["what"]) for line in logged] == [("failing", "webhook")]


async def test_a_relay_that_hangs_keeps_no_room_waiting(alerted: House, mx: Relay, clock: Clock) -> None:
    mx.conduct.hang.add("MAIL")
    await fail(alerted, "https://127.0.0.1:1/x")
    clock.move(300)
    async with alerted.working():
        await mx.until(lambda: "MAIL" in dict(mx.commands))
        configuration = await alerted.simulated("sms")
        campaign = await alerted.campaign(configuration, channel="sms", identity_namespace="phone")
        execution = await alerted.execute(campaign, "+15555550100")
        message = await message_of(alerted, execution.id)

        async def sent() -> bool:
            return bool(await alerted.retour.shelves.events(alerted.dev.id, message))

        await until(sent)
        await mx.hang_up()
    assert mx.messages == []


RELAYS = {
    "smtp://mail.luma.example": ("mail.luma.example", 25, "none", None, None),
    "smtp://ann:p%40ss@mail.luma.example:587": ("mail.luma.example", 587, "starttls", "ann", "p@ss"),
    "smtp://ann:pass@127.0.0.1:2525": ("127.0.0.1", 2525, "none", "ann", "pass"),
    "smtps://ann:pass@mail.luma.example": ("mail.luma.example", 465, "tls", "ann", "pass"),
    "smtp://[::1]:25/": ("::1", 25, "none", None, None),
}


@pytest.mark.parametrize("url", RELAYS)
def test_the_relay_of_a_url(url: str) -> None:
    found = relay_of(url)
    assert found is not None
    smtp, password = found
    assert (smtp.host, smtp.port, smtp.security, smtp.username, password) == RELAYS[url]


@pytest.mark.parametrize(
    "url",
    ["mail.luma.example", "http://mail.luma.example", "smtp://", "smtp://a:b", "smtp://x:0", "smtp://x/y"],
)
def test_what_is_no_relay_does_not_start(url: str) -> None:
    with pytest.raises(ConfigError, match="RETOUR_ALERT_SMTP"):
        check(Settings(alert_smtp=url, alert_from="a@luma.example"))


def test_sender_and_relay_belong_together() -> None:
    for half in (Settings(alert_smtp="smtp://x"), Settings(alert_from="a@luma.example")):
        with pytest.raises(ConfigError, match="belong together"):
            check(half)
    with pytest.raises(ConfigError, match="RETOUR_ALERT_FROM"):
        check(Settings(alert_smtp="smtp://x", alert_from="nobody"))
