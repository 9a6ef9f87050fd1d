"""What the overview asks of a person: each thing once, the most urgent first, and nothing when all is well."""

from __future__ import annotations

from typing import Any

import pytest

from retour import limits
from retour.model import (
    Campaign,
    ChannelConfiguration,
    ChannelKind,
    Health,
    RetiringSecret,
    Sealed,
    Webhook,
)
from retour.times import moment
from retour.web.admin import attention, words
from retour.web.admin.amounts import Success
from retour.web.admin.attention import Seen

NOW = 1_800_000_000 * limits.SECOND
WELL = Success(good=100, bad=0)


def webhook(**more: Any) -> Webhook:
    values = {"last_accepted_at": NOW - limits.MINUTE} | more
    return Webhook(
        sandbox="s",
        id="w",
        name="Order status",
        channels=(ChannelKind.EMAIL,),
        url="https://h.example",
        **values,
    )


def campaign(name: str, channel: ChannelKind = ChannelKind.EMAIL) -> Campaign:
    return Campaign(sandbox="s", id="c", name=name, channel=channel, enable_webhooks=True)


def relay(**health: Any) -> ChannelConfiguration:
    made = Health(**health)
    return ChannelConfiguration(
        sandbox="s", id="r", name="Our relay", channel=ChannelKind.EMAIL, provider="smtp", health=made
    )


def needs(one: Webhook | None = None, hour: Success = WELL, **more: Any) -> list[attention.Need]:
    values: dict[str, Any] = {"configurations": (), "campaigns": (), "parked": False}
    values |= {"waiting": 0, "retrying": 0, "failed": 0}
    state = words.webhook_status(one, hour) if one else None
    return attention.needs(Seen(**(values | {"webhook": one, "status": state} | more)), NOW)


def test_nothing_is_asked_when_all_is_well() -> None:
    assert needs(webhook(), campaigns=[campaign("Reset")], configurations=[relay()], waiting=3) == []
    assert needs() == []


def test_a_paused_webhook_says_by_whom_and_since_when() -> None:
    (need,) = needs(webhook(paused_at=NOW, paused_by="ann@acme.example"))
    assert need.title == "Order status: paused"
    assert need.note == f"Paused by ann@acme.example at {moment(NOW)}. Events wait."
    assert (need.look, need.path, need.label) == ("notice", "/feedback-webhooks/w", "Open “Order status”")
    (gone,) = needs(webhook(paused_at=NOW, paused_by=words.GONE))
    assert "410 Gone" in gone.note


def test_a_failing_webhook_says_since_when_and_the_cause() -> None:
    since = NOW - limits.HOUR
    health = Health(
        failures=12, failing_since=since, trouble="The endpoint answered 503.", open_until=NOW + limits.MINUTE
    )
    (need,) = needs(webhook(health=health), Success(good=0, bad=12))
    assert need.title == "Order status: failing for 1 h"
    next_try = f"Next try at {moment(NOW + limits.MINUTE)}."
    assert need.note == f"12 tries have failed since {moment(since)}. The endpoint answered 503. {next_try}"
    assert need.look == "negative"


@pytest.mark.parametrize(
    ("hour", "failures", "failing"),
    [
        (Success(good=90, bad=10), 0, False),
        (Success(good=89, bad=11), 0, True),
        (Success(good=99, bad=1), limits.CIRCUIT_FAILURES - 1, False),
        (Success(good=99, bad=10), limits.CIRCUIT_FAILURES, True),
        (Success(), 0, False),
        (Success(), 1, True),
    ],
)
def test_failing_is_less_than_nine_tenths_of_an_hour_or_an_open_circuit(
    hour: Success, failures: int, failing: bool
) -> None:
    health = Health(failures=failures, trouble="timeout" if failures else None)
    told = words.webhook_status(webhook(health=health), hour)
    assert told.word == ("Failing" if failing else "Active")
    assert limits.SUCCESS_FAILING == 90


def test_a_failing_webhook_that_takes_some_says_how_many() -> None:
    (need,) = needs(webhook(), Success(good=1, bad=2))
    assert (
        need.note
        == "Your endpoint took 33.3% of the attempts of the last hour. Events are kept and tried again."
    )


def test_failed_and_retrying_deliveries_are_reviewed_each_by_itself() -> None:
    failed, retrying = needs(webhook(), failed=1, retrying=2_000)
    assert (failed.title, failed.label, failed.about) == (
        "1 delivery failed",
        "Review",
        "the delivery failed",
    )
    assert failed.path == "/deliveries?status=exhausted"
    assert failed.look == "negative"
    assert retrying.title == f"More than {limits.LIST_COUNT:,} deliveries retrying"
    assert retrying.path == "/deliveries?status=retrying"


def test_what_waits_for_a_parked_webhook_is_not_called_retrying() -> None:
    _, waiting = needs(webhook(paused_at=NOW, paused_by="ann"), parked=True, waiting=7, retrying=3)
    assert (waiting.title, waiting.path) == ("7 deliveries waiting", "/deliveries?status=parked")


def test_a_failing_relay_is_told_with_its_cause() -> None:
    (need,) = needs(
        configurations=[relay(failures=2, failing_since=NOW, trouble="The relay refused the login.")]
    )
    assert need.title == "Our relay: failing"
    assert need.note == "The last try failed. The relay refused the login."
    assert need.path == "/channel-configurations?channel=email"
    (long,) = needs(
        configurations=[relay(failures=2, failing_since=NOW - limits.HOUR, trouble="It is down.")]
    )
    assert long.title == "Our relay: failing for 1 h"


def test_a_campaign_that_tells_a_webhook_that_is_not_there() -> None:
    (need,) = needs(campaigns=[campaign("Reset"), campaign("<b>Order</b>")], parked=True)
    assert need.title == "There is no webhook to tell"
    assert need.note == "“Reset” and “<b>Order</b>” are live with “Enable webhooks”. Create one."
    (waiting,) = needs(campaigns=[campaign("Reset")], parked=True, waiting=1)
    assert waiting.title == "1 feedback event waits for a webhook"
    assert needs(parked=True, waiting=2)[0].title == "2 feedback events wait for a webhook"


def test_a_webhook_that_does_not_receive_a_campaign_s_channel() -> None:
    campaigns = [campaign("Reset"), campaign("Code", ChannelKind.SMS)]
    (need,) = needs(webhook(), campaigns=campaigns)
    assert need.title == "Order status does not receive SMS feedback"
    assert need.note == "“Code” is live with “Enable webhooks”, and nothing of it is told."


def test_the_end_of_an_overlap_is_told_before_it_comes() -> None:
    old = RetiringSecret(secret=Sealed(sealed="x"), until=NOW + limits.HOUR)
    (need,) = needs(webhook(retiring_secrets=(old,)))
    assert need.title == "Order status: a secret was replaced"
    assert moment(NOW + limits.HOUR) in need.note


def test_the_most_urgent_stands_first() -> None:
    failing = webhook(health=Health(failures=1, failing_since=NOW, trouble="timeout"))
    found = needs(
        failing,
        Success(good=0, bad=1),
        failed=1,
        retrying=1,
        configurations=[relay(failures=1, failing_since=NOW)],
        campaigns=[campaign("Code", ChannelKind.SMS)],
    )
    assert [need.label for need in found] == [
        "Open “Order status”",
        "Review",
        "Review",
        "Open “Our relay”",
        "Open “Order status”",
    ]
