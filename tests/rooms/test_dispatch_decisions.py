"""What a try at the webhook leads to: a table."""

from __future__ import annotations

from typing import Any

import pytest

from retour import limits
from retour.dispatch import Outcome, settle
from retour.model import Delivery, DeliveryState, Timings
from retour.outbound import Answer, Trouble
from retour.stores import DeliveryClaim

NOW = 1_800_000_000 * limits.SECOND
SCHEDULE = [5, 30, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]


def a_delivery(attempts: int = 1, first: int = NOW) -> Delivery:
    return Delivery(
        sandbox="acme",
        id="delivery",
        event_id="event",
        message_id="message",
        sequence=1,
        replay="",
        webhook_id="hook",
        format="extended",
        attempts=attempts,
        fence=attempts,
        taken=1,
        due_at=NOW,
        first_attempt_at=first,
        body=b"{}",
    )


def an_answer(status: int | None, ended: bool = True, **headers: Any) -> Answer:
    trouble = Trouble.TIMEOUT if status is None else None
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer(
        status_code=status, trouble=trouble, detail="", timings=Timings(), headers=pairs, ended=ended
    )


def after(
    status: int | None, attempts: int = 1, chance: float = 0.5, probe: bool = False, **headers: Any
) -> Outcome:
    claim = DeliveryClaim(probe=probe)
    return settle(a_delivery(attempts), an_answer(status, **headers), claim, NOW, lambda: chance)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_a_2xx_is_accepted(status: int) -> None:
    assert after(status).state is DeliveryState.ACCEPTED


def test_a_2xx_that_did_not_end_is_a_failed_try() -> None:
    outcome = settle(a_delivery(), an_answer(200, ended=False), DeliveryClaim(), NOW, lambda: 0.5)
    assert (outcome.state, outcome.counted) == (DeliveryState.DUE, True)


@pytest.mark.parametrize("status", [None, 100, 301, 302, 400, 401, 404, 409, 429, 500, 503])
def test_everything_else_is_a_failed_try_that_counts(status: int | None) -> None:
    outcome = after(status)
    assert (outcome.state, outcome.counted, outcome.attempts) == (DeliveryState.DUE, True, 1)
    assert not outcome.gone


@pytest.mark.parametrize(("attempts", "pause"), list(enumerate(SCHEDULE, start=1)))
@pytest.mark.parametrize(("chance", "factor"), [(0.0, 0.8), (0.5, 1.0), (1.0, 1.2)])
def test_the_next_try_follows_the_schedule_with_a_fifth_of_jitter(
    attempts: int, pause: int, chance: float, factor: float
) -> None:
    outcome = after(500, attempts, chance)
    assert outcome.due_at - NOW == round(pause * factor * limits.SECOND)


def test_the_schedule_is_eleven_tries_in_three_days() -> None:
    assert list(limits.WEBHOOK_SCHEDULE) == SCHEDULE
    assert round(sum(SCHEDULE) / 3600, 1) == 75.6


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [
        (503, "120", 120),
        (429, "120", 120),
        (503, "1", 5),
        (503, "99999999", 86_400),
        (500, "120", 5),
        (404, "120", 5),
        (302, "120", 5),
        (503, "soon", 5),
        (503, "Fri, 15 Jan 2027 09:00:00 GMT", 3_600),
    ],
)
def test_retry_after_counts_on_429_and_503_only(status: int, header: str, seconds: int) -> None:
    assert after(status, Retry_After=header).due_at == NOW + seconds * limits.SECOND


def test_410_pauses_and_the_try_does_not_count() -> None:
    outcome = after(410, attempts=3)
    assert (outcome.state, outcome.gone, outcome.counted, outcome.attempts) == (
        DeliveryState.DUE,
        True,
        False,
        2,
    )


@pytest.mark.parametrize("attempts", [1, 10, 11, 12])
def test_a_failed_probe_never_counts_and_never_exhausts(attempts: int) -> None:
    outcome = after(500, attempts, probe=True)
    assert (outcome.state, outcome.counted, outcome.attempts) == (DeliveryState.DUE, False, attempts - 1)


def test_a_probe_that_is_told_to_come_later_keeps_the_circuit_open_so_long() -> None:
    assert after(503, probe=True, Retry_After="3600").not_before == NOW + limits.HOUR
    assert after(500, probe=True, Retry_After="3600").not_before == 0


@pytest.mark.parametrize("status", [200, 204])
def test_a_probe_that_is_accepted_is_accepted(status: int) -> None:
    assert after(status, probe=True).state is DeliveryState.ACCEPTED


FIRST = NOW - 4 * limits.DAY
ACCEPTED: dict[str, tuple[dict[str, Any], DeliveryState]] = {
    "nothing ever": ({}, DeliveryState.DUE),
    "something before the first try": ({"last_accepted_at": FIRST - 1}, DeliveryState.DUE),
    "something since": ({"last_accepted_at": FIRST + 1}, DeliveryState.EXHAUSTED),
}


@pytest.mark.parametrize("what", ACCEPTED)
def test_the_last_try_exhausts_only_if_something_else_was_accepted_since_the_first(what: str) -> None:
    claim, state = ACCEPTED[what]
    delivery = a_delivery(attempts=11, first=FIRST)
    outcome = settle(delivery, an_answer(500), DeliveryClaim(**claim), NOW, lambda: 0.5)
    assert outcome.state is state
    if state is DeliveryState.DUE:
        assert (outcome.attempts, outcome.counted, outcome.due_at) == (10, False, NOW + limits.DAY)
