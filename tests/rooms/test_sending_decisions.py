"""What a try to send leads to: tables. Trouble of our own relay is never a fact about the recipient."""

from __future__ import annotations

import pytest

from retour import limits
from retour.channels import Receipt
from retour.model import (
    ChannelConfiguration,
    ChannelKind,
    Fact,
    Failure,
    FailureCategory,
    FailureType,
    FeedbackStatus,
    Message,
    Rendered,
    SmsSettings,
)
from retour.outcomes import Decision, give_up, settle, too_long, unrendered, wait_for_relay
from retour.stores import MessageClaim
from retour.stores.handovers import Relay

NOW = 1_800_000_000 * limits.SECOND
LATER = Failure(category=FailureCategory.SYNC, type=FailureType.SOFT, code="22", reason="Mailbox Full")
SENT = Fact(status=FeedbackStatus.SENT, key="sent")
DELIVERED = Fact(status=FeedbackStatus.DELIVERED, key="delivered")
BOUNCE = Fact(status=FeedbackStatus.BOUNCE, key="bounce", failure=LATER)
TROUBLE = Receipt(trouble="The relay refused the login.")


def a_message(
    attempts: int = 1, delayed: bool = False, expires: int = limits.DAY, content: bytes | None = b"sealed"
) -> Message:
    return Message(
        sandbox="acme",
        id="message",
        execution_id="execution",
        request_id="request",
        campaign_id="campaign",
        version_id="version",
        configuration_id="relay",
        channel=ChannelKind.EMAIL,
        namespace="email",
        user_id="ann",
        address="ann@acme.example",
        created_at=NOW,
        expires_at=NOW + expires,
        content=content,
        attempts=attempts,
        delayed=delayed,
    )


def after(message: Message, receipt: Receipt, failing_since: int | None = None) -> Decision:
    return settle(message, receipt, MessageClaim(failing_since=failing_since), NOW, lambda: 0.5)


def told(decision: Decision) -> list[tuple[str, str | None]]:
    return [(fact.status.value, fact.failure.code if fact.failure else None) for fact in decision.facts]


# --- the relay ---


def test_trouble_with_the_relay_does_not_count_and_tells_delay() -> None:
    decision = after(a_message(), TROUBLE)
    assert told(decision) == [("delay", "70")]
    assert (decision.attempts, decision.waits_for_relay, decision.delayed) == (0, True, True)
    assert decision.due_at == NOW + limits.RELAY_PROBE[0]
    assert decision.relay == Relay(trouble=TROUBLE.trouble, open_until=decision.due_at)
    assert not decision.drop_content


@pytest.mark.parametrize(("failing", "pause"), [(0, 2), (8, 2), (40, 10), (240, 60), (86_400, 60)])
def test_the_longer_the_relay_fails_the_longer_the_pause_up_to_a_minute(failing: int, pause: int) -> None:
    decision = after(a_message(), TROUBLE, failing_since=NOW - failing * limits.SECOND)
    assert decision.due_at == NOW + pause * limits.SECOND


def test_delay_is_told_once() -> None:
    assert told(after(a_message(delayed=True), TROUBLE)) == []
    assert told(wait_for_relay(a_message(delayed=True), NOW)) == []
    assert told(after(a_message(delayed=True), Receipt(soft=LATER))) == []


def test_what_waits_for_the_relay_sleeps_until_it_expires() -> None:
    decision = wait_for_relay(a_message(), NOW)
    assert told(decision) == [("delay", "70")]
    assert (decision.due_at, decision.attempts, decision.relay) == (NOW + limits.DAY, 0, None)
    assert decision.waits_for_relay


@pytest.mark.parametrize("how", ["tried", "told only"])
@pytest.mark.parametrize("delayed", [False, True])
def test_what_expires_because_of_the_relay_is_an_error_and_never_a_bounce(how: str, delayed: bool) -> None:
    message = a_message(attempts=3, expires=0, delayed=delayed)
    decision = after(message, TROUBLE) if how == "tried" else wait_for_relay(message, NOW)
    assert told(decision) == [("error", "25")]
    assert (decision.due_at, decision.drop_content) == (None, True)


def test_a_probe_never_comes_after_the_message_has_expired() -> None:
    assert after(a_message(expires=limits.SECOND), TROUBLE).due_at == NOW + limits.SECOND


@pytest.mark.parametrize(("expires", "due_at"), [(limits.DAY, NOW + limits.DAY), (0, None)])
def test_news_of_what_is_sent_wait_for_the_relay_in_silence(expires: int, due_at: int | None) -> None:
    decision = wait_for_relay(a_message(attempts=2, expires=expires, content=None), NOW)
    assert (decision.facts, decision.attempts, decision.due_at) == ((), 1, due_at)
    assert not decision.delayed


def test_what_cannot_be_rendered_is_an_error_and_says_nothing_about_the_relay() -> None:
    decision = unrendered(a_message(), "the template needs more fuel")
    assert told(decision) == [("error", "25")]
    assert (decision.due_at, decision.drop_content, decision.relay) == (None, True, None)


@pytest.mark.parametrize(
    ("text", "most", "told_of_it"),
    [
        ("a" * 160, 1, None),
        ("a" * 161, 1, "Too Large: 2 parts, 1 are allowed"),
        ("a" * 161, 2, None),
        ("ж" * 671, 10, "Too Large: 11 parts, 10 are allowed"),
        ("", 1, None),
        (None, 1, None),
    ],
)
def test_a_text_of_more_parts_than_the_configuration_allows_is_not_sent(
    text: str | None, most: int, told_of_it: str | None
) -> None:
    configuration = ChannelConfiguration(
        sandbox="acme",
        id="texts",
        name="texts",
        channel=ChannelKind.SMS,
        provider="simulated",
        sms=SmsSettings(sender_number="LUMA", max_parts=most),
    )
    content = None if text is None else Rendered(text=text)
    decision = too_long(a_message(), configuration, content)
    if told_of_it is None:
        assert decision is None
        return
    assert decision is not None
    assert told(decision) == [("error", "23")]
    assert [fact.failure.reason for fact in decision.facts if fact.failure] == [told_of_it]
    assert (decision.due_at, decision.drop_content, decision.relay) == (None, True, None)


def test_an_e_mail_has_no_parts() -> None:
    relay = ChannelConfiguration(
        sandbox="acme", id="relay", name="relay", channel=ChannelKind.EMAIL, provider="smtp"
    )
    assert too_long(a_message(), relay, Rendered(subject="Hi", text="a" * 10_000)) is None


# --- the recipient ---


def test_a_soft_answer_counts_tells_delay_and_says_that_the_relay_works() -> None:
    decision = after(a_message(), Receipt(soft=LATER))
    assert told(decision) == [("delay", "22")]
    assert (decision.attempts, decision.waits_for_relay, decision.relay) == (1, False, Relay())
    assert decision.due_at == NOW + 5 * limits.SECOND
    assert not decision.drop_content


@pytest.mark.parametrize(
    ("attempts", "pause"), [*enumerate(limits.SENDING_SCHEDULE, start=1), (10, 14_400), (99, 14_400)]
)
def test_soft_answers_are_retried_by_the_schedule_whose_last_pause_repeats(attempts: int, pause: int) -> None:
    decision = after(a_message(attempts=attempts), Receipt(soft=LATER))
    assert decision.due_at == NOW + pause * limits.SECOND


def test_a_soft_answer_until_the_period_ends_is_a_bounce() -> None:
    decision = after(a_message(expires=4 * limits.SECOND, delayed=True), Receipt(soft=LATER))
    assert [fact.status for fact in decision.facts] == [FeedbackStatus.BOUNCE]
    assert (decision.due_at, decision.drop_content, decision.relay) == (None, True, Relay())


# --- facts ---


@pytest.mark.parametrize(
    ("facts", "again_at", "dropped"),
    [
        ((SENT,), None, True),
        ((SENT, DELIVERED), None, True),
        ((BOUNCE,), None, True),
        ((SENT,), NOW + 1, True),
        ((), NOW + 1, False),
    ],
)
def test_content_goes_once_the_message_is_sent_or_over(
    facts: tuple[Fact, ...], again_at: int | None, dropped: bool
) -> None:
    decision = after(a_message(), Receipt(facts=facts, again_at=again_at))
    assert (decision.facts, decision.due_at, decision.drop_content) == (facts, again_at, dropped)
    assert decision.relay == Relay()


def test_asking_for_news_is_no_try() -> None:
    decision = after(a_message(attempts=2, content=None), Receipt(facts=(DELIVERED,)))
    assert decision.attempts == 1


def test_a_delay_that_was_told_stays_told() -> None:
    assert after(a_message(delayed=True), Receipt(facts=(SENT,), again_at=NOW + 1)).delayed


def test_a_channel_that_says_nothing_at_all_is_a_bug_and_not_the_end_of_the_message() -> None:
    with pytest.raises(ValueError, match="never be heard of again"):
        after(a_message(), Receipt())


def test_no_more_news_of_a_sent_message_is_its_end() -> None:
    assert after(a_message(content=None), Receipt()).due_at is None


def test_what_is_given_up_is_an_error() -> None:
    decision = give_up(a_message(attempts=11), "taken too often without an outcome")
    assert told(decision) == [("error", "25")]
    assert (decision.due_at, decision.drop_content) == (None, True)
