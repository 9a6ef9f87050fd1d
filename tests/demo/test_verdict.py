"""What the demo makes of a log: right, lost, twice, not genuine."""

from __future__ import annotations

import msgspec
import pytest

from retour.demo import verdict
from retour.demo.cases import CASES
from retour.demo.product import Owed
from retour.demo.receiver import Entry
from retour.demo.verdict import CaseResult, Outcome, Played
from retour.receiver import Step
from retour.receiving import Checked, Feedback

GREYLISTED = next(case for case in CASES if case.expected == ("delay", "sent"))
BOUNCED = next(case for case in CASES if case.code == "10")
PLAYED = Played(case=GREYLISTED, request_id="r1")


def entry(status: str, *, before: int = 0, failed: Step | None = None, code: str | None = None) -> Entry:
    feedback = Feedback(status=status, request_id="r1", failure_code=code)
    checked = Checked(webhook_id="e1", feedback=feedback, failed=failed, sentence="Why." if failed else "")
    return Entry(at=0, sandbox="prod", checked=checked, before=before)


def owed(status: str, state: str = "accepted", request_id: str = "r1", code: str | None = None) -> Owed:
    return Owed(
        id=status,
        sandbox="prod",
        request_id=request_id,
        feedback_status=status,
        status=state,
        attempts=3,
        failure_code=code,
    )


def test_each_expected_event_once_and_genuine_is_right() -> None:
    result = verdict.judge_log(PLAYED, [entry("delay"), entry("sent")], [])
    assert result.reasons == ()
    assert (result.received, result.verified, result.duplicates) == (("delay", "sent"), True, 0)


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        ([entry("delay"), entry("sent"), entry("sent", before=1)], "came again"),
        ([entry("delay"), entry("sent", failed=Step.TOKEN)], "“sent” fails at the token. Why."),
        ([entry("sent"), entry("delay")], "expected delay, sent, received sent, delay"),
        ([entry("delay"), entry("sent"), entry("delivered")], "received delay, sent, delivered"),
        ([], "received nothing"),
    ],
)
def test_anything_else_is_wrong_and_says_why(log: list[Entry], reason: str) -> None:
    result = verdict.judge_log(PLAYED, log, [])
    assert reason in " ".join(result.reasons)


@pytest.mark.parametrize(
    ("deliveries", "reason"),
    [
        ([owed("delay"), owed("sent")], "was accepted, says the delivery log: the receiver lost it"),
        ([owed("delay"), owed("sent", "retrying")], "“sent” is retrying after 3 attempts"),
        ([owed("delay")], "“sent” did not happen"),
    ],
)
def test_the_delivery_log_helps_to_say_where_an_event_was_lost(deliveries: list[Owed], reason: str) -> None:
    result = verdict.judge_log(PLAYED, [entry("delay")], deliveries)
    assert reason in " ".join(result.reasons)


def test_another_failure_code_is_wrong() -> None:
    played = Played(case=BOUNCED, request_id="r1")
    assert verdict.judge_log(played, [entry("bounce", code="10")], []).reasons == ()
    assert "expected code 10" in verdict.judge_log(played, [entry("bounce", code="20")], []).reasons[0]


def test_without_an_own_receiver_what_was_accepted_counts_and_nothing_is_called_verified() -> None:
    result = verdict.judge_deliveries(PLAYED, [owed("delay"), owed("sent")])
    assert (result.reasons, result.verified) == ((), False)
    assert verdict.judge_deliveries(PLAYED, [owed("delay"), owed("sent", "parked")]).reasons


def test_all_is_told_when_each_message_had_its_last_word_and_nothing_is_left_to_post() -> None:
    assert verdict.all_told([PLAYED], [owed("delay"), owed("sent")])
    assert verdict.all_told([PLAYED], [owed("bounce")])
    assert not verdict.all_told([PLAYED], [owed("delay")])
    assert not verdict.all_told([PLAYED], [owed("delay"), owed("sent", "retrying")])
    assert not verdict.all_told([PLAYED], [owed("sent", request_id="another")])


def test_an_event_of_nothing_that_was_sent_spoils_the_run() -> None:
    right = verdict.judge_log(PLAYED, [entry("delay"), entry("sent")], [])
    outcome = Outcome(results=(right,), stray=0, seconds=1.0, by_receiver=True)
    assert outcome.ok
    assert not msgspec.structs.replace(outcome, stray=1).ok
    assert verdict.stray([Played(case=GREYLISTED, request_id="other")], [entry("sent")]) == 1


def test_the_json_has_the_documented_keys() -> None:
    result = CaseResult(case=BOUNCED, received=("bounce",), codes=("10",), verified=True, duplicates=0)
    told = Outcome(results=(result,), stray=0, seconds=1.23, by_receiver=True).as_json()
    assert told == {
        "ok": True,
        "elapsedSeconds": 1.2,
        "cases": [
            {
                "name": "hard bounce",
                "channel": "email",
                "recipient": "nobody@recipients.example",
                "expected": ("bounce",),
                "received": ("bounce",),
                "codes": ("10",),
                "verified": True,
                "duplicates": 0,
            }
        ],
    }
