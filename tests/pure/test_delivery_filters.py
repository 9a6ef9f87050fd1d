"""The filter of the list of deliveries, why a delivery stands where it stands, and a try as a cURL command."""

from __future__ import annotations

import shlex
import subprocess
from typing import Any

import msgspec
import pytest

from retour import ids, limits
from retour.model import Attempt, DeliveryState, DeliveryStatus, FeedbackStatus, Timings
from retour.stores.delivery_shelves import ALL, NAMED, OVER, RETRYING, TROUBLED, LastTry, Sought
from retour.stores.shelves import DeliveryRow
from retour.web.admin import causes, curl_command
from retour.web.admin.forms import deliveries as filters
from retour.web.admin.forms.deliveries import Filter

NOW = 1_800_000_000 * limits.SECOND
ATTEMPT = Attempt(
    sandbox="s",
    id="a",
    delivery_id="d",
    number=1,
    at=NOW,
    url="https://hooks.example/x?a='b'&c=$HOME",
    status_code=503,
    trouble=None,
    detail="The endpoint answered 503 Service Unavailable.",
    address=None,
    request_headers=(
        ("content-type", "application/json"),
        ("Authorization", "Bearer (hidden)"),
        ("X-Key", "(hidden)"),
        ("X-Empty", ""),
        ("X-Words", "it's `$(id)`"),
    ),
    response_headers=(),
    response_body="",
    timings=Timings(name=1_000, connect=3_000, tls=9_000, first_byte=80_000, total=90_000),
    accepted=False,
)


def row(**more: Any) -> DeliveryRow:
    """A delivery that was tried twice in vain."""
    values: dict[str, Any] = {
        "id": "d", "event_id": "e", "message_id": "m", "request_id": "r", "feedback_status": FeedbackStatus.SENT,
        "sequence": 1, "replay": "", "webhook_id": "w", "format": "extended", "state": DeliveryState.DUE,
        "attempts": 2, "due_at": NOW + 102 * limits.SECOND, "created_at": NOW, "settled_at": None, "leased": False,
        "last_code": 503, "last_trouble": "http_503",
    }  # fmt: skip
    return DeliveryRow(**(values | more))


def last(detail: str = ATTEMPT.detail) -> LastTry:
    """Its newest attempt."""
    return LastTry(at=NOW, status_code=503, trouble=None, detail=detail, timings=ATTEMPT.timings)


# --- the filter ---


def test_an_address_and_back() -> None:
    given = {"q": " a&b ", "status": "retrying", "feedback": "bounce", "answer": "none", "period": "24h"}
    chosen = filters.read(given)
    assert chosen == Filter(q="a&b", status="retrying", feedback="bounce", answer="none", period="24h")
    assert chosen is not None
    assert chosen.query() == "?q=a%26b&status=retrying&feedback=bounce&answer=none&period=24h"
    assert Filter().query() == ""
    assert Filter().query(before="x") == "?before=x"


@pytest.mark.parametrize(
    "given",
    [
        {"status": "<script>"},
        {"feedback": "lost"},
        {"answer": "6xx"},
        {"period": "1y"},
        {"q": "x" * (limits.SEARCH_CHARACTERS + 1)},
        {"q": "a\0b"},
        {"q": "\ud800"},
    ],
)
def test_what_no_filter_can_be_is_refused(given: dict[str, str]) -> None:
    assert filters.read(given) is None


@pytest.mark.parametrize(
    ("chosen", "walk", "picks"),
    [
        (Filter(), ALL, False),
        (Filter(status="exhausted"), OVER, False),
        (Filter(status="exhausted", answer="5xx"), OVER, True),
        (Filter(status="cancelled"), OVER, False),
        (Filter(status="retrying"), RETRYING, False),
        (Filter(status="retrying", feedback="bounce"), RETRYING, True),
        (Filter(answer="5xx"), TROUBLED, True),
        (Filter(answer="none"), TROUBLED, True),
        (Filter(answer="2xx"), ALL, True),
        (Filter(status="accepted"), ALL, True),
        (Filter(status="pending"), ALL, True),
        (Filter(feedback="bounce"), ALL, True),
        (Filter(q="x", status="exhausted"), NAMED, True),
    ],
)
def test_each_filter_takes_the_shortest_walk(chosen: Filter, walk: tuple[str, str], picks: bool) -> None:
    sought = filters.sought(chosen, False, NOW)
    assert sought is not None
    assert (sought.walk, sought.picks) == (walk, picks)


def test_nothing_is_paused_while_the_webhook_works_and_nothing_pending_while_it_does_not() -> None:
    assert filters.sought(Filter(status="parked"), False, NOW) is None
    assert filters.sought(Filter(status="pending"), True, NOW) is None
    parked = filters.sought(Filter(status="parked"), True, NOW)
    assert parked is not None
    assert parked.state is DeliveryState.DUE
    assert filters.sought(Filter(status="retrying"), True, NOW) == Sought(
        state=DeliveryState.DUE, failed=True
    )


def test_a_period_is_a_bound_of_ids() -> None:
    sought = filters.sought(Filter(period="1h"), False, NOW)
    assert sought is not None
    assert sought.after == ids.first_id(NOW - limits.HOUR)


def test_what_no_delivery_can_be_is_not_looked_for() -> None:
    assert Sought(state=DeliveryState.ACCEPTED, codes=(500, 600)).absurd
    assert Sought(state=DeliveryState.DUE, failed=False, unanswered=True).absurd
    assert not Sought(state=DeliveryState.EXHAUSTED, codes=(500, 600)).absurd


@pytest.mark.parametrize(
    ("chosen", "belongs"),
    [
        (Filter(), True),
        (Filter(status="retrying"), True),
        (Filter(status="accepted"), False),
        (Filter(feedback="bounce"), False),
        (Filter(answer="5xx"), True),
        (Filter(answer="4xx"), False),
        (Filter(answer="none"), False),
        (Filter(q="x"), False),
    ],
)
def test_what_has_just_changed_belongs_into_a_list_or_not(chosen: Filter, belongs: bool) -> None:
    assert filters.meets(chosen, DeliveryStatus.RETRYING, FeedbackStatus.SENT, 503) is belongs


# --- causes ---


@pytest.mark.parametrize(
    ("delivery", "tried", "sentence"),
    [
        (row(), last(), "Your endpoint answered 503 Service Unavailable."),
        (row(), None, "Your endpoint answered 503 Service Unavailable."),
        (row(last_code=799), None, "Your endpoint answered 799."),
        (
            row(last_code=None, last_trouble="timeout"),
            last("No answer within 10 s."),
            "No answer within 10 s.",
        ),
        (row(last_code=None, last_trouble="name_not_found"), None, "No answer: name not found."),
        (row(last_trouble="no_webhook"), last(), "This sandbox had no feedback webhook for 14 days."),
        (row(last_trouble=None, last_code=None), None, ""),
        (row(state=DeliveryState.ACCEPTED, last_trouble=None, last_code=200), last(), ""),
    ],
)
def test_the_cause_is_a_sentence(delivery: DeliveryRow, tried: LastTry | None, sentence: str) -> None:
    assert causes.cause(delivery, tried) == sentence


def test_what_happens_next_is_always_said() -> None:
    def told(status: DeliveryStatus, removed: str = "", **more: Any) -> str:
        return causes.outlook(row(**more), status, NOW, 30, removed)

    assert told(DeliveryStatus.RETRYING) == "Next attempt in 1 min 42 s."
    assert told(DeliveryStatus.EXHAUSTED, attempts=11).startswith(
        "Gave up after 11 attempts. Fix it, then replay."
    )
    assert "kept for 30 days" in told(DeliveryStatus.EXHAUSTED)
    assert (
        told(DeliveryStatus.EXHAUSTED, "gone", attempts=1)
        == "Gave up after 1 attempt. It can't be replayed any more."
    )
    assert told(DeliveryStatus.EXHAUSTED, attempts=0).startswith("Given up without an attempt.")


def test_phases_follow_each_other_and_end_with_the_whole() -> None:
    phases = causes.phases(ATTEMPT.timings)
    assert [(one.word, one.took) for one in phases] == [
        ("Name", "1 ms"), ("Connect", "2 ms"), ("TLS", "6 ms"), ("First byte", "71 ms"), ("Body", "10 ms"),
    ]  # fmt: skip
    assert all(0 <= one.start < 1_000 and one.length >= 4 for one in phases)
    assert [one.word for one in causes.phases(Timings(name=1_000, total=3_000))] == ["Name", "Waited in vain"]
    assert [one.word for one in causes.phases(Timings())] == ["Waited in vain"]


# --- cURL ---


def test_a_shell_gets_each_word_as_it_was_and_secrets_from_its_variables() -> None:
    body = b'{"text": "it\'s $HOME `id` \\\\ \xc3\xa9\\n"}\n'
    command = curl_command.command(ATTEMPT, body)
    assert "(hidden)" not in command
    assert curl_command.secrets(ATTEMPT) == ["$AUTHORIZATION", "$X_KEY"]
    script = f"curl() {{ printf '%s\\0' \"$@\"; }}\nAUTHORIZATION=token X_KEY=key\n{command}"
    said = subprocess.run(["sh", "-c", script], check=True, capture_output=True).stdout.split(b"\0")
    assert said[:3] == [b"-X", b"POST", ATTEMPT.url.encode()]
    assert b"Authorization: Bearer token" in said
    assert b"X-Key: key" in said
    assert b"X-Empty;" in said
    assert b"X-Words: it's `$(id)`" in said
    assert said[said.index(b"--data-binary") + 1] == body
    assert shlex.split(command, posix=True)[0] == "curl"


def test_a_header_s_name_becomes_a_variable_s_name() -> None:
    odd = msgspec.structs.replace(ATTEMPT, request_headers=(("1-a.b", "(hidden)"), ("!", "(hidden)")))
    assert curl_command.secrets(odd) == ["$_1_A_B", "$SECRET"]
