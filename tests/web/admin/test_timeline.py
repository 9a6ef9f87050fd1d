"""The line of a message's life, from what the store has of it. Pure: no house, the clock is given."""

from __future__ import annotations

import msgspec
import pytest

from retour import limits, payloads
from retour.model import (
    ChannelKind,
    Event,
    Failure,
    FailureCategory,
    FailureType,
    FeedbackStatus,
    ProviderFacts,
)
from retour.model import RecipientStatus as Status
from retour.stores.event_shelves import Life
from retour.stores.shelves import MessageRow
from retour.web.admin import timeline, told

NOW = 1_800_000_000 * limits.SECOND
MESSAGE = MessageRow(
    id="m1", execution_id="HUMA-1", request_id="order-17", campaign_id="c1", channel=ChannelKind.EMAIL,
    namespace="email", user_id="ann@acme.example", address="ann@acme.example", created_at=NOW, status=Status.QUEUED,
    attempts=0,
)  # fmt: skip
LIFE = Life(
    configuration_id="relay", version_id="v1", expires_at=NOW + limits.DAY, due_at=NOW + limits.MINUTE, leased=False,
    waits_for_relay=False, erased=False, kept=True,
)  # fmt: skip
HARD = Failure(category=FailureCategory.ASYNC, type=FailureType.HARD, code="10", reason="Invalid Recipient")


def event(sequence: int, status: FeedbackStatus, after: float = 0, **more: object) -> Event:
    """One that was recorded so many seconds after the message was accepted."""
    at = NOW + round(after * limits.SECOND)
    facts: dict[str, object] = {
        "org": "acme@Org", "sandbox_id": "s", "sandbox_name": "dev", "channel": ChannelKind.EMAIL,
        "request_id": "order-17", "execution_id": "HUMA-1", "campaign_id": "c1", "version_id": "v1",
        "content_id": "x", "message_id": "m1", "namespace": "email", "user_id": "ann@acme.example",
        "address": "ann@acme.example", "event_id": f"e{sequence}", "at": at, "sequence": sequence, "final": True,
        "status": status,
    }  # fmt: skip
    body = payloads.body(msgspec.convert(facts | more, payloads.EventFacts))
    return Event(
        sandbox="s", id=f"e{sequence}", message_id="m1", sequence=sequence, fact=status.value, status=status,
        channel=ChannelKind.EMAIL, at=at, body=body,
    )  # fmt: skip


def told_of(*events: Event) -> list[timeline.Step]:
    """The line."""
    return timeline.steps(MESSAGE, LIFE, events, ())


def test_accepted_rendered_handed_over_with_the_relay_s_reply_and_delivered() -> None:
    reply = ProviderFacts(
        name="smtp", code="250", enhanced_code="2.0.0", text="Ok: queued as 4F1", reference="4F1"
    )
    sent = event(1, FeedbackStatus.SENT, 0.12, provider=reply, retry_count=2)
    delivered = event(2, FeedbackStatus.DELIVERED, 102.12, delivered_at=NOW + 100 * limits.SECOND)
    line = told_of(sent, delivered)
    assert [step.title for step in line] == ["Accepted", "Rendered", "Handed over to the relay", "Delivered"]
    assert [step.gap for step in line] == ["", "", "+0.12 s", "+1 min 42 s"]
    assert line[2].sentences == (
        "The mail host said: 250 2.0.0 Ok: queued as 4F1", "Queue id: 4F1", "After 2 failed tries.",
    )  # fmt: skip
    assert line[3].sentences == ("By the provider's clock: 2027-01-15 08:01:40 UTC.",)


def test_a_bounce_that_comes_after_delivered_is_marked_on_both() -> None:
    line = told_of(
        event(1, FeedbackStatus.SENT),
        event(2, FeedbackStatus.DELIVERED),
        event(3, FeedbackStatus.BOUNCE, failure=HARD, amends="e2"),
    )
    assert [(step.amends, step.amended) for step in line[1:]] == [(None, ()), (None, (3,)), (2, ())]
    assert line[3].sentences == ("Invalid Recipient (code 10, Hard).", "Told later.")


@pytest.mark.parametrize(
    ("provider", "title"),
    [(None, "Handed over"), ("simulated", "Handed over (simulated)"), ("twilio", "Handed over to twilio")],
)
def test_who_took_it_is_named(provider: str | None, title: str) -> None:
    facts = ProviderFacts(name=provider) if provider else None
    assert told_of(event(1, FeedbackStatus.SENT, provider=facts))[-1].title == title


def test_of_a_body_that_is_removed_its_state_and_time_are_left() -> None:
    bare = msgspec.structs.replace(event(1, FeedbackStatus.BOUNCE, failure=HARD), body=b"")
    line = told_of(bare)
    assert [(step.title, step.sentences) for step in line] == [("Accepted", ()), ("Bounced", ())]


@pytest.mark.parametrize("status", [*FeedbackStatus])
def test_every_status_has_a_title(status: FeedbackStatus) -> None:
    assert told_of(event(1, status))[-1].title


def test_a_recipient_who_was_left_out_is_told_why() -> None:
    left_out = event(1, FeedbackStatus.EXCLUDE, exclusion_code="denied", exclusion_reason="No consent")
    assert told.reason(told.read(left_out.body)) == "No consent (code denied)"


@pytest.mark.parametrize(
    ("life", "message", "said"),
    [
        ({}, {}, ["Next try at the relay in 1 min, at", "Given up in 1 d, at"]),
        ({}, {"channel": ChannelKind.SMS}, ["Next try at the provider in 1 min, at", "Given up"]),
        ({"due_at": NOW}, {}, ["The next try is about to start.", "Given up in 1 d"]),
        ({"due_at": NOW, "expires_at": NOW}, {}, ["The next try is about to start.", "Given up now."]),
        ({"waits_for_relay": True}, {}, ["It waits for the relay, which can't be used now", "Given up"]),
        ({"leased": True}, {}, ["A try is under way."]),
        ({"kept": False}, {"status": Status.SENT}, ["News is asked for in 1 min, at"]),
        (
            {"kept": False},
            {"channel": ChannelKind.SMS},
            ["A final report is waited for; it is over in 1 min"],
        ),
        ({"due_at": None, "kept": False}, {"status": Status.SENT}, ["It is with the next hop."]),
        ({"due_at": None, "kept": False}, {"status": Status.BOUNCED}, ["Nothing more is expected."]),
        ({"erased": True}, {}, []),
    ],
)
def test_what_comes_next_is_always_said(
    life: dict[str, object], message: dict[str, object], said: list[str]
) -> None:
    sentences = timeline.following(
        msgspec.structs.replace(MESSAGE, **message), msgspec.structs.replace(LIFE, **life), NOW
    )
    assert len(sentences) == len(said)
    assert all(sentence.startswith(start) for sentence, start in zip(sentences, said, strict=True))


@pytest.mark.parametrize(
    ("seconds", "word"),
    [(0, "+0.00 s"), (-1, "+0.00 s"), (0.004, "+0.00 s"), (59.99, "+59.99 s"), (3_660, "+1 h 1 min")],
)
def test_a_gap_in_words(seconds: float, word: str) -> None:
    assert timeline.gap(round(seconds * limits.SECOND)) == word


@pytest.mark.parametrize(
    ("encoding", "parts", "sentence"),
    [
        ("GSM", "2", "Text: GSM, 2 parts."),
        ("UNICODE", "1", "Text: UNICODE, 1 part."),
        (None, "3", "Text: 3 parts."),
    ],
)
def test_a_text_message_says_how_it_travelled_and_the_provider_s_time(
    encoding: str | None, parts: str, sentence: str
) -> None:
    delivered = event(
        1, FeedbackStatus.DELIVERED, channel=ChannelKind.SMS, encoding=encoding, parts=parts, delivered_at=NOW
    )
    (*_, step) = told_of(delivered)
    assert sentence in step.sentences
    assert any(told.startswith("By the provider's clock: ") for told in step.sentences)


def test_nothing_is_said_of_how_an_e_mail_travelled() -> None:
    assert not any("Text:" in told for told in told_of(event(1, FeedbackStatus.SENT))[-1].sentences)
