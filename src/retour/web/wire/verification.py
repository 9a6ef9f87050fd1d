"""What came of looking at a request that somebody received."""

from __future__ import annotations

from retour import receiver
from retour.receiver import Outcome, Step
from retour.web.wire.shapes import Answer


class Finding(Answer):
    """A step and what came of it. sentences: what is there, what differs, what to do."""

    step: Step
    outcome: Outcome
    sentences: list[str]


class Verification(Answer):
    """The steps in their order. verified: none of them differs."""

    verified: bool
    findings: list[Finding]


def verification(findings: list[receiver.Finding]) -> Verification:
    """As shown; it holds no secret."""
    shown = [Finding(found.step, found.outcome, list(found.sentences)) for found in findings]
    return Verification(all(found.outcome is not Outcome.DIFFERS for found in findings), shown)
