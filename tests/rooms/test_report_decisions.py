"""What a report says that is new: tables. Reports come twice, in any order, and contradict each other."""

from __future__ import annotations

import pytest

from retour.feedback import About, tell
from retour.model import (
    CampaignVersion,
    ChannelKind,
    Event,
    Fact,
    Failure,
    FailureCategory,
    FailureType,
    FeedbackStatus,
    Learned,
    Message,
    Sandbox,
    SandboxType,
)
from retour.outcomes import UNCERTAIN, UNCERTAIN_FAILURE, UNREPORTED_FAILURE
from retour.payloads import read_failure
from retour.reports import decide
from rooms.test_sending_decisions import NOW
from rooms.test_sms_decisions import a_message

ACME = Sandbox(id="acme", org="acme@Org", name="prod", type=SandboxType.PRODUCTION, created_at=0)
VERSION = CampaignVersion(
    sandbox="acme",
    id="version",
    campaign_id="campaign",
    message_id="content",
    channel=ChannelKind.SMS,
    configuration_id="relay",
    identity_namespace="phone",
    enable_webhooks=True,
    retry_period_minutes=10,
)


def failed(code: str, type: FailureType = FailureType.SOFT) -> Failure:
    return Failure(category=FailureCategory.ASYNC, type=type, code=code, reason="The carrier's word")


SENT = Learned(status=FeedbackStatus.SENT)
DELIVERED = Learned(status=FeedbackStatus.DELIVERED)
DELAY = Learned(status=FeedbackStatus.DELAY, failure=failed("27"))
OFF = Learned(status=FeedbackStatus.BOUNCE, failure=failed("30003"))
BLOCKED = Learned(status=FeedbackStatus.BOUNCE, failure=failed("30004"))
UNKNOWN = Learned(status=FeedbackStatus.BOUNCE, failure=failed("30005", FailureType.HARD))
ERROR = Learned(status=FeedbackStatus.ERROR, failure=failed("30008", FailureType.IGNORED))
NOBODY_KNOWS = Fact(status=FeedbackStatus.ERROR, key=UNCERTAIN, failure=UNCERTAIN_FAILURE)
TOO_LATE = Fact(status=FeedbackStatus.ERROR, key="unreported", failure=UNREPORTED_FAILURE)


def events_of(message: Message, *facts: Fact) -> tuple[Event, ...]:
    about = About(message=message, version=VERSION, sandbox=ACME, failed=0, now=NOW)
    return tuple(owing.event for owing in tell(about, facts).owings)


def heard(*reports: Learned, first: tuple[Fact, ...] = ()) -> list[str]:
    """What is told after that, of these reports one after the other: statuses, with the code of a failure."""
    message, facts = a_message(content=None), first
    for report in reports:
        facts += decide(message, events_of(message, *facts), report)
    return [_word(event) for event in events_of(message, *facts)[len(first) :]]


def _word(event: Event) -> str:
    failure = read_failure(event.body)
    return f"{event.status} {failure.code}" if failure else str(event.status)


@pytest.mark.parametrize(
    ("reports", "told"),
    [
        ((SENT, DELIVERED), ["sent", "delivered"]),
        ((DELIVERED,), ["sent", "delivered"]),
        ((DELIVERED, SENT), ["sent", "delivered"]),
        ((SENT, SENT, DELIVERED, DELIVERED, SENT), ["sent", "delivered"]),
        ((OFF, SENT), ["sent", "bounce 30003"]),
        ((DELAY, SENT, DELIVERED, DELAY), ["sent", "delay 27", "delivered"]),
        ((DELIVERED, OFF), ["sent", "delivered", "bounce 30003"]),
        ((OFF, DELIVERED, OFF), ["sent", "bounce 30003", "delivered"]),
        ((OFF, BLOCKED, OFF), ["sent", "bounce 30003", "bounce 30004"]),
        ((UNKNOWN, DELIVERED, OFF), ["sent", "bounce 30005"]),
        ((ERROR, DELIVERED), ["sent", "error 30008", "delivered"]),
        ((DELIVERED, ERROR, ERROR), ["sent", "delivered", "error 30008"]),
    ],
)
def test_what_is_told_of_reports_one_after_the_other(reports: tuple[Learned, ...], told: list[str]) -> None:
    assert heard(*reports) == told


@pytest.mark.parametrize(
    ("reports", "told"),
    [
        ((SENT,), ["sent"]),
        ((SENT, DELIVERED, SENT), ["sent", "delivered"]),
        ((DELIVERED, SENT), ["delivered"]),
        ((UNKNOWN,), ["bounce 30005"]),
        ((ERROR,), ["error 30008"]),
        ((DELAY, DELIVERED), ["sent", "delay 27", "delivered"]),
    ],
)
def test_everything_is_news_where_it_was_told_that_nobody_knows(
    reports: tuple[Learned, ...], told: list[str]
) -> None:
    assert heard(*reports, first=(NOBODY_KNOWS,)) == told


@pytest.mark.parametrize(
    ("reports", "told"),
    [((SENT,), []), ((DELIVERED,), ["delivered"]), ((OFF,), ["bounce 30003"]), ((DELAY,), [])],
)
def test_a_report_that_comes_after_the_time_for_it_is_told(
    reports: tuple[Learned, ...], told: list[str]
) -> None:
    assert heard(*reports, first=(SENT.fact, TOO_LATE)) == told


@pytest.mark.parametrize("first", [(NOBODY_KNOWS,), (SENT.fact, TOO_LATE)])
@pytest.mark.parametrize("report", [DELIVERED, OFF])
def test_it_amends_what_was_told(first: tuple[Fact, ...], report: Learned) -> None:
    message = a_message(content=None)
    facts = first + decide(message, events_of(message, *first), report)
    (*_, final, amendment) = events_of(message, *facts)
    assert f'"amends":"{final.id}"'.encode() in amendment.body


def test_sent_amends_that_nobody_knows_and_nothing_else() -> None:
    message = a_message(content=None)
    error, sent = events_of(message, NOBODY_KNOWS, SENT.fact)
    assert f'"amends":"{error.id}"'.encode() in sent.body
    assert b'"amends":null' in events_of(message, SENT.fact)[0].body


def test_the_same_news_has_the_same_key_and_other_codes_have_others() -> None:
    assert [one.fact.key for one in (OFF, BLOCKED, ERROR, DELAY, DELIVERED)] == [
        "bounce:30003",
        "bounce:30004",
        "error:30008",
        "delay",
        "delivered",
    ]
