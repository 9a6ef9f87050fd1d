"""What a try to send a text message leads to: tables. Nobody gets one twice because somebody did not know."""

from __future__ import annotations

import msgspec
import pytest

from retour import limits
from retour.channels import Receipt
from retour.model import (
    ChannelKind,
    Fact,
    FeedbackStatus,
    Message,
    ProviderFacts,
    RecipientStatus,
    SmsSettings,
)
from retour.outcomes import Decision, may_have_gone, settle, uncertain, unreported
from retour.stores import MessageClaim
from retour.stores.handovers import Relay
from rooms.test_sending_decisions import DELIVERED, NOW, SENT, told
from rooms.test_sending_decisions import a_message as an_email

SMS = SmsSettings(sender_number="+15550100")
AGAIN = SmsSettings(sender_number="+15550100", repeat_uncertain=True)
BUSY = ProviderFacts(name="sinch", code="429", text="Too many requests")
HOUR = limits.HOUR / limits.SECOND


def a_message(
    attempts: int = 1, delayed: bool = False, expires: int = limits.DAY, content: bytes | None = b"sealed"
) -> Message:
    email = an_email(attempts, delayed, expires, content)
    return msgspec.structs.replace(email, channel=ChannelKind.SMS, address="+15550101", tried=1)


def after(message: Message, receipt: Receipt, sms: SmsSettings = SMS) -> Decision:
    return settle(message, receipt, MessageClaim(), NOW, lambda: 0.5, sms)


# --- a provider that takes no more ---


@pytest.mark.parametrize(
    ("seconds", "attempts", "again", "pause"),
    [
        (0, 1, 5, 1),
        (3, 1, 5, 3),
        (60, 1, 60, 60),
        (0, 3, 120, 1),
        (HOUR, 1, HOUR, 300),
        (1e300, 1, 86_400, 300),
        (-5, 1, 5, 1),
    ],
)
def test_it_goes_again_when_the_provider_says_and_not_before_the_schedule(
    seconds: float, attempts: int, again: float, pause: float
) -> None:
    decision = after(a_message(attempts), Receipt(throttled=seconds, provider=BUSY))
    assert decision.due_at == NOW + round(again * limits.SECOND)
    assert decision.paused_until == NOW + round(pause * limits.SECOND)
    assert (decision.drop_content, decision.relay) == (False, Relay())


def test_delay_is_told_once_in_the_provider_s_words() -> None:
    decision = after(a_message(), Receipt(throttled=1, provider=BUSY))
    assert told(decision) == [("delay", "429")]
    assert decision.facts[0].failure is not None
    assert (decision.facts[0].failure.type, decision.facts[0].failure.reason) == ("Ignored", BUSY.text)
    assert told(after(a_message(delayed=True), Receipt(throttled=1, provider=BUSY))) == []
    assert told(after(a_message(), Receipt(throttled=1))) == [("delay", "70")]


def test_a_provider_that_takes_no_more_until_the_period_ends_is_an_error_and_no_bounce() -> None:
    message = a_message(attempts=4, delayed=True, expires=60 * limits.SECOND)
    decision = after(message, Receipt(throttled=0, provider=BUSY))
    assert told(decision) == [("error", "429")]
    assert (decision.due_at, decision.drop_content) == (None, True)
    assert decision.paused_until == NOW + limits.SECOND


# --- nobody knows ---


def test_what_may_have_been_sent_is_an_error_that_says_so_and_is_not_sent_again() -> None:
    decision = after(a_message(), Receipt(uncertain=True, provider=BUSY))
    assert told(decision) == [("error", "uncertain")]
    failure = decision.facts[0].failure
    assert failure is not None
    assert "uncertain" in failure.reason
    assert (failure.type, decision.due_at, decision.drop_content) == ("Ignored", None, True)


def test_who_would_rather_have_it_twice_than_never_gets_another_try_within_the_period() -> None:
    decision = after(a_message(), Receipt(uncertain=True), AGAIN)
    assert told(decision) == [("delay", "uncertain")]
    assert (decision.due_at, decision.drop_content) == (NOW + 5 * limits.SECOND, False)
    late = after(a_message(delayed=True, expires=limits.SECOND), Receipt(uncertain=True), AGAIN)
    assert told(late) == [("error", "uncertain")]


@pytest.mark.parametrize(
    ("tried", "stuck", "repeats", "sms", "content", "gone"),
    [
        (1, False, False, SMS, b"sealed", False),
        (2, False, False, SMS, b"sealed", True),
        (2, False, False, AGAIN, b"sealed", False),
        (2, False, True, SMS, b"sealed", False),  # an e-mail, or a simulated one
        (2, False, False, None, b"sealed", True),
        (2, False, False, SMS, None, False),  # it is sent, and known to be
        (0, True, False, SMS, b"sealed", False),  # told only, never tried
        (1, True, False, SMS, b"sealed", True),  # told only, but tried before
    ],
)
def test_a_try_that_was_never_settled_may_have_gone(
    tried: int, stuck: bool, repeats: bool, sms: SmsSettings | None, content: bytes | None, gone: bool
) -> None:
    message = msgspec.structs.replace(a_message(content=content), tried=tried)
    assert may_have_gone(message, MessageClaim(stuck=stuck), repeats, sms) is gone


def test_what_may_have_gone_ends_as_uncertain() -> None:
    assert told(uncertain(a_message(attempts=2))) == [("error", "uncertain")]


# --- the final report ---


@pytest.mark.parametrize(
    ("facts", "hours", "due_at"),
    [
        ((SENT,), 72, NOW + 72 * limits.HOUR),
        ((SENT,), 0.5, NOW + limits.HOUR // 2),
        ((SENT,), 0, None),
        ((SENT, DELIVERED), 72, None),
        ((Fact(status=FeedbackStatus.BOUNCE, key="bounce:1"),), 72, None),
    ],
)
def test_a_final_report_is_waited_for_after_sent(
    facts: tuple[Fact, ...], hours: float, due_at: int | None
) -> None:
    sms = SmsSettings(sender_number="+15550100", report_hours=hours)
    decision = after(a_message(), Receipt(facts=facts, references=("SM1",)), sms)
    assert (decision.due_at, decision.drop_content, decision.references) == (due_at, True, ("SM1",))


def test_nobody_waits_for_a_report_of_an_email_or_of_what_is_asked_for_news() -> None:
    receipt = Receipt(facts=(SENT,))
    assert settle(an_email(), receipt, MessageClaim(), NOW, lambda: 0.5).due_at is None
    news = Receipt(facts=(SENT,), again_at=NOW + 1)
    assert settle(a_message(), news, MessageClaim(), NOW, lambda: 0.5).due_at == NOW + 1


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (RecipientStatus.SENT, [("error", "24")]),
        (RecipientStatus.DELAYED, [("error", "24")]),
        (RecipientStatus.DELIVERED, []),
        (RecipientStatus.BOUNCED, []),
        (RecipientStatus.EXCLUDED, []),
    ],
)
def test_a_report_that_did_not_come_is_a_timeout_unless_it_is_over(
    status: RecipientStatus, said: list[tuple[str, str | None]]
) -> None:
    message = msgspec.structs.replace(a_message(attempts=2, content=None), status=status)
    decision = unreported(message)
    assert (told(decision), decision.due_at, decision.attempts) == (said, None, 1)
