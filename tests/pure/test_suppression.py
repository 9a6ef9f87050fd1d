"""When an address comes on the suppression list, and who may not be written to. Pure; days are told."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from retour import limits
from retour.model import (
    ChannelKind,
    Fact,
    Failure,
    FailureCategory,
    FailureType,
    FeedbackStatus,
    Message,
    ProviderFacts,
)
from retour.suppression import (
    ASKED,
    Count,
    EntryKind,
    Guard,
    Lesson,
    LessonKind,
    counted,
    domain_of,
    key_of,
    left_out,
    lesson_of,
)

MONDAY = 1_795_392_000 * limits.SECOND
SUPPRESSED, ALLOWED = "suppressed", "allowed"


def error(message: str, at: int) -> Lesson:
    """A soft error of a message to Vera."""
    return Lesson(
        kind=LessonKind.SOFT, address="vera@luma.example", reason="Mailbox Full", message_id=message, now=at
    )


def count_of(*errors: tuple[str, int]) -> int:
    """How many of these count."""
    count: Count | None = None
    for message, at in errors:
        count = counted(count, error(message, at)) or count
    return count.errors if count else 0


def test_adobe_s_example_three_errors_on_monday_and_two_on_wednesday_are_five() -> None:
    minute, wednesday = limits.MINUTE, MONDAY + 2 * limits.DAY
    monday = [("first", MONDAY + number * minute) for number in range(3)]
    assert count_of(*monday, ("second", wednesday), ("second", wednesday + minute)) == 5


def test_five_errors_of_one_message_are_five_however_near() -> None:
    assert count_of(*[("first", MONDAY + number) for number in range(5)]) == 5


def test_errors_of_different_messages_on_one_day_are_one() -> None:
    assert count_of(*[(f"message {number}", MONDAY + number * limits.HOUR) for number in range(5)]) == 1


def test_a_day_apart_is_far_enough_and_a_moment_less_is_not() -> None:
    assert count_of(("first", MONDAY), ("second", MONDAY + limits.DAY)) == 2
    assert count_of(("first", MONDAY), ("second", MONDAY + limits.DAY - 1)) == 1


def test_what_did_not_count_does_not_move_the_day() -> None:
    assert count_of(("first", MONDAY), ("second", MONDAY + limits.HOUR), ("third", MONDAY + limits.DAY)) == 2


@pytest.mark.parametrize(
    ("written", "address", "domain"),
    [
        ("Vera@LUMA.example", "vera@luma.example", "luma.example"),
        (" vera@luma.example ", "vera@luma.example", "luma.example"),
        ("vera@Bücher.example", "vera@xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("VÉRA@luma.example", "véra@luma.example", "luma.example"),
        ("No Address", "no address", ""),
    ],
)
def test_an_address_is_one_however_it_is_written(written: str, address: str, domain: str) -> None:
    assert key_of(written) == (address, domain)


@pytest.mark.parametrize(
    ("written", "domain"),
    [
        ("@Luma.example.", "luma.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("luma", None),
        ("a b.c", None),
    ],
)
def test_a_domain_is_one_however_it_is_written(written: str, domain: str | None) -> None:
    assert domain_of(written) == domain


BOTH = Guard.SUPPRESSES | Guard.ALLOWS_ONLY | Guard.ALLOWS_ADDRESSES


@pytest.mark.parametrize(
    ("guard", "listed", "told"),
    [
        (Guard.SUPPRESSES, [], None),
        (Guard.SUPPRESSES, [(ALLOWED, "address")], None),
        (Guard.SUPPRESSES, [(SUPPRESSED, "address")], ("denylist", "050102", "EmailSuppressed")),
        (Guard.SUPPRESSES, [(SUPPRESSED, "domain")], ("denylist", "050105", "DomainSuppressed")),
        (BOTH, [(ALLOWED, "domain")], None),
        (BOTH, [(ALLOWED, "address"), (SUPPRESSED, "domain")], ("denylist", "050105", "DomainSuppressed")),
        (BOTH, [], ("exclude", "050103", "EmailNotAllowed")),
        (Guard.DENIES, [], None),
        (Guard.DENIES, [(SUPPRESSED, "number")], ("denylist", "050104", "SMSNoConsent")),
        (Guard.ALLOWS_ONLY, [], ("exclude", "050106", "DomainNotAllowed")),
    ],
)
def test_who_is_left_out(guard: Guard, listed: list[tuple[str, str]], told: tuple[str, ...] | None) -> None:
    fact = left_out(guard, listed)
    if fact is None or fact.exclusion is None:
        assert told is None
    else:
        assert (fact.status.value, fact.exclusion.code, fact.exclusion.reason) == told


def test_what_there_is_to_ask_of_a_text_message_is_the_denylist_alone() -> None:
    every = BOTH | Guard.DENIES
    assert every & ASKED[ChannelKind.SMS] == Guard.DENIES
    assert every & ASKED[ChannelKind.EMAIL] == BOTH


def failure(kind: FailureType) -> Failure:
    """Of a type."""
    return Failure(category=FailureCategory.SYNC, type=kind, code="1", reason="Why")


def fact(status: FeedbackStatus, kind: FailureType | None = None) -> Fact:
    """What was learned."""
    return Fact(status=status, key="x", failure=failure(kind) if kind else None)


@pytest.mark.parametrize(
    ("facts", "soft", "taught"),
    [
        ([fact(FeedbackStatus.SENT)], None, None),
        ([fact(FeedbackStatus.SENT), fact(FeedbackStatus.DELIVERED)], None, LessonKind.DELIVERED),
        ([fact(FeedbackStatus.BOUNCE, FailureType.HARD)], None, LessonKind.HARD),
        ([fact(FeedbackStatus.BOUNCE, FailureType.SOFT)], None, LessonKind.SOFT),
        ([fact(FeedbackStatus.BOUNCE, FailureType.IGNORED)], None, None),
        ([fact(FeedbackStatus.COMPLAINT, FailureType.IGNORED)], None, LessonKind.COMPLAINT),
        ([fact(FeedbackStatus.DELAY, FailureType.SOFT)], None, None),
        ([], FailureType.SOFT, LessonKind.SOFT),
        ([], FailureType.IGNORED, None),
        ([fact(FeedbackStatus.ERROR, FailureType.IGNORED)], None, None),
    ],
)
def test_what_a_message_teaches(
    facts: list[Fact], soft: FailureType | None, taught: LessonKind | None
) -> None:
    lesson = lesson_of(message(), "smtp", tuple(facts), failure(soft) if soft else None, MONDAY)
    assert (lesson.kind if lesson else None) == taught
    assert lesson_of(message(), "simulated", tuple(facts), failure(soft) if soft else None, MONDAY) is None


def by_provider(status: FeedbackStatus, kind: FailureType | None = None) -> Fact:
    """What a provider tells."""
    return msgspec.structs.replace(fact(status, kind), provider=ProviderFacts(name="telephony"))


@pytest.mark.parametrize(
    ("facts", "taught"),
    [
        ([by_provider(FeedbackStatus.SENT), by_provider(FeedbackStatus.DELIVERED)], None),
        ([by_provider(FeedbackStatus.DENYLIST)], LessonKind.OPT_OUT),
        ([by_provider(FeedbackStatus.SENT), by_provider(FeedbackStatus.DENYLIST)], LessonKind.OPT_OUT),
        ([by_provider(FeedbackStatus.BOUNCE, FailureType.HARD)], LessonKind.HARD),
        ([by_provider(FeedbackStatus.BOUNCE, FailureType.SOFT)], None),
        ([by_provider(FeedbackStatus.BOUNCE, FailureType.IGNORED)], None),
        ([by_provider(FeedbackStatus.ERROR, FailureType.IGNORED)], None),
        ([fact(FeedbackStatus.DENYLIST)], None),  # our own word, of a number that is listed already
        ([], None),
    ],
)
def test_what_a_text_message_teaches_of_its_number(facts: list[Fact], taught: LessonKind | None) -> None:
    text = message(ChannelKind.SMS, "+31612345678")
    lesson = lesson_of(text, "telephony", tuple(facts), failure(FailureType.SOFT), MONDAY)
    assert (lesson.kind if lesson else None) == taught
    if lesson is not None:
        assert (lesson.address, lesson.of) == ("+31612345678", EntryKind.NUMBER)
    assert lesson_of(text, "simulated", tuple(facts), None, MONDAY) is None


def test_a_provider_s_list_of_addresses_teaches_nothing_of_an_address() -> None:
    assert lesson_of(message(), "smtp", (by_provider(FeedbackStatus.DENYLIST),), None, MONDAY) is None


def message(channel: ChannelKind = ChannelKind.EMAIL, address: str = "vera@luma.example") -> Message:
    """To Vera."""
    names = ("sandbox", "id", "execution_id", "request_id", "campaign_id", "version_id", "configuration_id")
    values: dict[str, Any] = dict.fromkeys((*names, "namespace", "user_id"), "x")
    return Message(**values, channel=channel, address=address, created_at=0, expires_at=1)
