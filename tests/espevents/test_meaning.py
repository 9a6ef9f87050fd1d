"""What each event of each provider means, and of which message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from espevents.providers import ALL, Case, SendGrid, Ses
from retour import ids
from retour.espevents import PROVIDERS
from retour.model import FeedbackStatus, Learned

MARK = "m" * 56
SNS = Ses()  # its key takes long to make, and says nothing here
WRAPPED: dict[str, Callable[[Any], Any]] = {
    "ses": lambda event: SNS.post(event, ids.now()).body,
    "sendgrid": lambda event: [event],
    "mailgun": lambda event: {"event-data": event},
    "postmark": lambda event: event,
}


def told(learned: Learned | None) -> str:
    """In a word or two."""
    if learned is None:
        return "nothing"
    words = [learned.status.value, learned.failure.code if learned.failure else "", learned.complaint or ""]
    return " ".join(word for word in words if word)


@pytest.mark.parametrize("case", ALL, ids=lambda case: f"{case.provider}-{case.means}")
def test_each_event_means_what_the_table_says(case: Case) -> None:
    (event,) = PROVIDERS[case.provider].read(WRAPPED[case.provider](case.of(MARK)))
    assert told(event.learned) == case.means
    assert MARK in event.mark
    assert event.id or case.means == "nothing"


@pytest.mark.parametrize("case", ALL, ids=lambda case: f"{case.provider}-{case.means}")
def test_what_is_told_names_the_provider_and_nobody(case: Case) -> None:
    (event,) = PROVIDERS[case.provider].read(WRAPPED[case.provider](case.of(MARK)))
    if event.learned is None:
        return
    facts = event.learned.provider
    assert facts is not None
    assert (facts.name, "bob@" in str(facts)) == (case.provider, False)
    is_left_out = event.learned.status is FeedbackStatus.DENYLIST
    assert (event.learned.exclusion is not None) == is_left_out
    assert event.learned.failure is None or event.learned.failure.category == "async"


def test_the_table_has_every_status_of_every_provider() -> None:
    """So that none is forgotten here. Postmark tells of no acceptance."""
    every = {"sent", "delivered", "delay", "bounce", "denylist", "error", "complaint", "nothing"}
    for provider in PROVIDERS:
        found = {case.means.split(" ")[0] for case in ALL if case.provider == provider}
        assert found == (every - {"sent"} if provider == "postmark" else every), provider


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_header_of_a_mail_is_one_plain_line(provider: str) -> None:
    ((name, value),) = PROVIDERS[provider].headers(MARK)
    assert f"{name}: {value}".isascii()
    assert f"{name}: {value}".isprintable()
    assert MARK in value


JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("provider", PROVIDERS)
@given(junk=JSON, place=st.integers(0, 30), case=st.integers(0, 100))
def test_no_json_is_too_strange(provider: str, junk: Any, place: int, case: int) -> None:
    """Any JSON at all, and a real event in which one value is something else."""
    reads = PROVIDERS[provider].read
    assert isinstance(reads(junk), list)
    assert isinstance(reads(WRAPPED[provider](junk)), list)
    mine = [one for one in ALL if one.provider == provider]
    event = mine[case % len(mine)].of(MARK)
    names = list(event)
    event[names[place % len(names)]] = junk
    for read in reads(WRAPPED[provider](event)):
        assert isinstance(read.mark, str)


def test_a_batch_is_read_in_its_order() -> None:
    mine = [case for case in ALL if case.provider == "sendgrid"]
    posted = SendGrid().post([case.of(MARK) for case in mine], ids.now())
    assert [told(event.learned) for event in PROVIDERS["sendgrid"].read(posted.body)] == [
        case.means for case in mine
    ]
