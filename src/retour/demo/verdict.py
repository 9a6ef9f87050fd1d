"""What the demo makes of it: pure functions of what was played, the receiver's log and the delivery log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from retour.demo.cases import Case, sender_of
from retour.demo.product import Owed
from retour.demo.receiver import Entry
from retour.model import Value

LAST = ("delivered", "bounce", "error")  # statuses after which nothing is awaited
FAILURES = ("bounce", "error")


class Played(Value, frozen=True):
    """A case that was sent."""

    case: Case
    request_id: str


class CaseResult(Value, frozen=True):
    """A case as it came out. codes: of its bounces and errors. reasons: why it is not as it should be.

    verified: everything that came was genuine, by the receiver's own check (never true without one).
    """

    case: Case
    received: tuple[str, ...]
    codes: tuple[str, ...]
    verified: bool
    duplicates: int
    reasons: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The keys of `retour demo --json`."""
        return {
            "name": self.case.name,
            "channel": sender_of(self.case).channel,
            "recipient": self.case.recipient,
            "expected": self.case.expected,
            "received": self.received,
            "codes": self.codes,
            "verified": self.verified,
            "duplicates": self.duplicates,
        }


class Outcome(Value, frozen=True):
    """The whole run. by_receiver: judged by the receiver's own log, not by the delivery log of the API."""

    results: tuple[CaseResult, ...]
    stray: int
    seconds: float
    by_receiver: bool

    @property
    def ok(self) -> bool:
        """Each expected event exactly once and genuine, and nothing else."""
        return not self.stray and not any(result.reasons for result in self.results)

    def as_json(self) -> dict[str, Any]:
        """What `retour demo --json` prints."""
        return {
            "ok": self.ok,
            "cases": [result.as_json() for result in self.results],
            "elapsedSeconds": round(self.seconds, 1),
        }


def all_told(played: Sequence[Played], deliveries: Sequence[Owed]) -> bool:
    """Whether every message has had its last word and nothing is left to be posted."""
    return all(_told(one, deliveries) for one in played) and not any(owed.outstanding for owed in deliveries)


def _told(played: Played, deliveries: Sequence[Owed]) -> bool:
    statuses = [owed.feedback_status for owed in _of(played, deliveries)]
    return len(statuses) >= len(played.case.expected) or any(status in LAST for status in statuses)


def is_delayed(played: Played, deliveries: Sequence[Owed]) -> bool:
    """Whether the delay of this message was told."""
    return any(owed.feedback_status == "delay" for owed in _of(played, deliveries))


def judge_log(played: Played, log: Sequence[Entry], deliveries: Sequence[Owed]) -> CaseResult:
    """A case by what the receiver's own log holds; the delivery log only helps to say why."""
    mine = [entry for entry in log if entry.checked.feedback.request_id == played.request_id]
    firsts = [entry.checked.feedback for entry in mine if not entry.before]
    result = CaseResult(
        case=played.case,
        received=tuple(feedback.status for feedback in firsts),
        codes=tuple(f.failure_code or "" for f in firsts if f.status in FAILURES),
        verified=bool(mine) and all(entry.checked.verified for entry in mine),
        duplicates=sum(entry.before > 0 for entry in mine),
    )
    if unverified := _unverified(mine):
        return _because(result, unverified)  # the run ended with it: what is missing says nothing
    return _because(result, [*_duplicates(mine), *_differences(result, _of(played, deliveries))])


def judge_deliveries(played: Played, deliveries: Sequence[Owed]) -> CaseResult:
    """A case by the delivery log alone: what the endpoint accepted. Nothing is known of its checks."""
    mine = _of(played, deliveries)
    accepted = [owed for owed in mine if owed.status == "accepted"]
    result = CaseResult(
        case=played.case,
        received=tuple(owed.feedback_status for owed in accepted),
        codes=tuple(owed.failure_code or "" for owed in accepted if owed.feedback_status in FAILURES),
        verified=False,
        duplicates=0,
    )
    return _because(result, _differences(result, mine))


def stray(played: Sequence[Played], log: Sequence[Entry]) -> int:
    """How many events of the receiver's log belong to nothing that was sent."""
    known = {one.request_id for one in played}
    return sum(entry.checked.feedback.request_id not in known for entry in log)


def _of(played: Played, deliveries: Sequence[Owed]) -> list[Owed]:
    return [owed for owed in deliveries if owed.request_id == played.request_id]


def _because(result: CaseResult, reasons: Sequence[str]) -> CaseResult:
    return msgspec.structs.replace(result, reasons=tuple(reasons))


def _unverified(mine: Sequence[Entry]) -> list[str]:
    return [
        f"“{entry.checked.feedback.status}” fails at the {entry.checked.failed}. {entry.checked.sentence}"
        for entry in mine
        if not entry.checked.verified
    ]


def _duplicates(mine: Sequence[Entry]) -> list[str]:
    return [
        f"“{entry.checked.feedback.status}” came again (webhook-id {entry.checked.webhook_id})."
        for entry in mine
        if entry.before
    ]


def _differences(result: CaseResult, mine: Sequence[Owed]) -> list[str]:
    case = result.case
    if result.received != case.expected:
        words = f"expected {_words(case.expected)}, received {_words(result.received)}{_codes(result)}."
        return [words, *(_missing(status, mine) for status in case.expected if status not in result.received)]
    if case.code is not None and result.codes != (case.code,):
        return [f"expected code {case.code}, received {_words(result.codes)}."]
    return []


def _missing(status: str, mine: Sequence[Owed]) -> str:
    """What the delivery log says about an event that the endpoint's log does not hold."""
    owed = next((owed for owed in mine if owed.feedback_status == status), None)
    if owed is None:
        return f"“{status}” did not happen during the run, says the delivery log."
    if owed.status == "accepted":
        return f"“{status}” was accepted, says the delivery log: the receiver lost it."
    return f"“{status}” is {owed.status} after {owed.attempts} attempts, says the delivery log."


def _words(words: Sequence[str]) -> str:
    return ", ".join(words) or "nothing"


def _codes(result: CaseResult) -> str:
    return f" (code {_words(result.codes)})" if result.codes else ""
