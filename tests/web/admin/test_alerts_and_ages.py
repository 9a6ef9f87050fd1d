"""What the pages say of what has been failing, and of what is not kept any more."""

from __future__ import annotations

import pytest

from cast import ANN
from outside.https import Endpoint
from retour import ids, limits
from retour.channels import Receipt
from retour.model import Health
from retour.times import moment
from retour.web.admin import words
from rooms.steps import Clock, Script, deliveries, post_due, send_due
from web.admin.desk import DEV, Desk

NOW = 1_800_000_000 * limits.SECOND
FIVE = limits.ALERT_STEPS[0]
DOWN = "https://127.0.0.1:1/x"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of rooms and pages."""
    made = Clock()
    monkeypatch.setattr(ids, "now", made)
    return made


def failing(ago: int, open_until: int | None = None) -> words.Status | None:
    health = Health(failing_since=NOW - ago, open_until=open_until, trouble="The relay refused the login.")
    return words.failing(health, NOW)


def test_what_failed_a_moment_ago_is_no_banner() -> None:
    assert words.failing(Health(), NOW) is None
    assert failing(FIVE - 1) is None


def test_a_banner_says_for_how_long_what_and_when_next() -> None:
    told = failing(65 * limits.MINUTE, NOW + limits.SECOND)
    assert told is not None
    assert told.word == "Failing for 1 h 5 min"
    assert told.note == f"The relay refused the login. Next try at {moment(NOW + limits.SECOND)}."
    past = failing(FIVE, NOW)
    assert past is not None
    assert past.note == "The relay refused the login. It is about to be tried again."


async def test_a_webhook_that_fails_for_long_is_told_where_one_looks(desk: Desk, clock: Clock) -> None:
    house = desk.house
    webhook = (await house.webhook(DOWN)).webhook
    configuration = await house.simulated()
    await house.execute(await house.campaign(configuration), "sent@example.com")
    await send_due(house, configuration)
    await post_due(house)
    ann = await desk.browser("ann")
    pages = (f"{DEV}/overview", f"{DEV}/feedback-webhooks/{webhook.id}")
    for page in pages:
        assert "Failing for" not in (await ann.get(page)).text
    clock.move(600)
    for page in pages:
        text = (await ann.get(page)).text
        assert "ailing for 10 min" in text, page
        assert "about to be tried again" in text, page
    await house.retour.webhooks.pause(house.dev, webhook.id, ANN)
    for page in pages:
        assert "ailing for" not in (await ann.get(page)).text


async def test_a_relay_that_fails_for_long_is_told_where_one_looks(desk: Desk, clock: Clock) -> None:
    house = desk.house
    house.retour.channels["simulated"] = Script(otherwise=Receipt(trouble="The relay refused the login."))
    configuration = await house.simulated()
    await house.execute(await house.campaign(configuration), "sent@example.com")
    await send_due(house, configuration)
    clock.move(3_600)
    ann = await desk.browser("ann")
    settings = f"{DEV}/channel-configurations"
    for page in (f"{DEV}/overview", f"{settings}?channel=email", f"{settings}/{configuration}/edit"):
        text = (await ann.get(page)).text
        assert "ailing for 1 h" in text, page
        assert "The relay refused the login." in text, page


@pytest.mark.parametrize("erased", [False, True])
async def test_a_body_that_is_not_kept_any_more_is_told(desk: Desk, receiver: Endpoint, erased: bool) -> None:
    house = desk.house
    await house.webhook(receiver.url("/x"))
    configuration = await house.simulated()
    await house.execute(await house.campaign(configuration), "sent@example.com")
    await send_due(house, configuration)
    await post_due(house)
    (row,) = await deliveries(house)
    if erased:
        await house.retour.erasure.erase(house.dev, "email", "sent@example.com")
    else:
        await house.retour.upkeep.run(ids.now() + limits.KEEP_BODIES_DAYS * limits.DAY)
    ann = await desk.browser("ann")
    told = "The person was erased, and this body with them." if erased else "Kept for 30 days."
    for page in (f"{DEV}/deliveries/{row.id}", f"{DEV}/messages/{row.message_id}"):
        text = (await ann.get(page)).text
        assert told in text, page
        assert ("somebody who was erased" in text) is erased, page
        assert "Replay</a>" not in text
    refused = await ann.post(f"{DEV}/deliveries/{row.id}/replay")
    assert refused.status_code == 409
    assert ("erased" if erased else "Kept for 30 days") in refused.text
