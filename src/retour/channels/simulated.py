"""Sends nothing: the recipient's address decides the outcome, for e-mail and SMS (docs/simulator.md).

Each outcome is a short script of facts with the seconds between them. Nothing is remembered here: how far a
message is stands in its row (`attempt`, `step`), and the row is asked again at `again_at`, also after a
restart. `sent` comes before anything that follows it.
"""

from __future__ import annotations

import re

import msgspec

from retour import segments
from retour.channels import Outgoing, Receipt
from retour.classify import failure
from retour.classify.tables import FAILURES, RETRYING
from retour.limits import SECOND
from retour.model import (
    ChannelKind,
    Fact,
    Failure,
    FailureCategory,
    FailureType,
    FeedbackStatus,
    ProviderFacts,
    Value,
)

PROVIDER = "simulated"
DELAY_SECONDS_MAX = 3_600
"""Longest delay that an address may ask for: a simulated message should not outlive its test by days."""

SOFT_TRIES = 2
"""How often `deferred` says "later" before it delivers."""

ADMIN_FAILURE = 25

_SYNC, _ASYNC = FailureCategory.SYNC, FailureCategory.ASYNC
_FICTIONAL = re.compile(r"\+1555(?:555)?01(\d\d)")
_DELAY = re.compile(r"(\d{1,4})s")


class Step(Value, frozen=True):
    """One fact of a script, and how many seconds after the one before it."""

    status: FeedbackStatus
    code: int | None = None
    category: FailureCategory = _SYNC
    after: int = 0


class Outcome(Value, frozen=True):
    """What becomes of a message. soft: how many tries are put off first (-1: all of them)."""

    steps: tuple[Step, ...] = ()
    soft: int = 0
    soft_code: int = RETRYING
    trouble: str | None = None


_SENT = Step(status=FeedbackStatus.SENT)
_DELIVERED = Step(status=FeedbackStatus.DELIVERED)
_DOWN = "The simulated relay is down because the recipient asked for it. Nothing needs to be done."


def _bounced(code: int) -> Outcome:
    return Outcome(steps=(Step(status=FeedbackStatus.BOUNCE, code=code),))


def _bounced_late(code: int, after: int) -> Outcome:
    return Outcome(steps=(_SENT, Step(status=FeedbackStatus.BOUNCE, code=code, category=_ASYNC, after=after)))


def _delivered(after: int) -> Outcome:
    return Outcome(steps=(_SENT, msgspec.structs.replace(_DELIVERED, after=after)))


OUTCOMES: dict[str, Outcome] = {
    "delivered": _delivered(0),
    "sent": Outcome(steps=(_SENT,)),
    "slow": _delivered(5),
    "bounce": _bounced(10),
    "full": _bounced(22),
    "spam": _bounced(52),
    "blocked": _bounced(50),
    "late-bounce": _bounced_late(10, 2),
    "deferred": Outcome(steps=(_SENT, _DELIVERED), soft=SOFT_TRIES),
    "greylist": Outcome(steps=(_SENT, _DELIVERED), soft=SOFT_TRIES, soft_code=50),
    "delayed-forever": Outcome(soft=-1),
    "error": Outcome(steps=(Step(status=FeedbackStatus.ERROR, code=ADMIN_FAILURE),)),
    "relay-down": Outcome(trouble=_DOWN),
}
"""By the local part of an e-mail address."""

NUMBERS: dict[str, str] = {
    "00": "delivered",
    "01": "bounce",
    "02": "sent",
    "03": "late-bounce",
    "04": "deferred",
    "05": "slow",
    "06": "error",
    "07": "blocked",
    "08": "delayed-forever",
    "09": "relay-down",
    "10": "full",
    "11": "spam",
}
"""By the last two digits of a fictional number, +1555 01xx or +1 555 555 01xx."""

SMS_FAILURES: dict[int, tuple[FailureType, str]] = {
    10: (FailureType.HARD, "Unknown Subscriber"),
    22: (FailureType.SOFT, "Handset Memory Full"),
    25: (FailureType.IGNORED, "Account Not Allowed"),
    50: (FailureType.IGNORED, "Blocked by Carrier"),
    52: (FailureType.IGNORED, "Content Filtered by Carrier"),
    RETRYING: (FailureType.IGNORED, "Subscriber Absent"),
}
"""An SMS has no table of codes in AJO: the provider's own are told, and these are the simulator's."""


class SimulatedChannel:
    """The provider `simulated`. A production sandbox may not use it."""

    kinds: tuple[ChannelKind, ...] = (ChannelKind.EMAIL, ChannelKind.SMS)
    repeats = True

    async def send(self, outgoing: Outgoing, now: int) -> Receipt:
        """What the address asks for, from where the message is (`attempt` counts from 1)."""
        outcome = outcome_of(outgoing.channel, outgoing.address)
        if outcome.trouble is not None:
            return Receipt(trouble=outcome.trouble, provider=_provider("down"))
        if outcome.soft < 0 or (outgoing.attempt <= outcome.soft and outgoing.step == 0):
            later = _failure(outgoing.channel, outcome.soft_code, _SYNC)
            return Receipt(soft=later, provider=_travelling(_provider("later", later), outgoing))
        return _play(outcome.steps, outgoing, now)

    async def close(self) -> None:
        """Nothing is open."""


def outcome_of(channel: ChannelKind, address: str) -> Outcome:
    """The outcome that an address decides; delivered at once for any other address."""
    if channel is ChannelKind.SMS:
        found = _FICTIONAL.fullmatch("".join(c for c in address if c not in " -().\t"))
        return OUTCOMES[NUMBERS.get(found[1], "delivered") if found else "delivered"]
    name, *suffixes = address.rpartition("@")[0].strip().lower().split("+")
    outcome = OUTCOMES.get(name, OUTCOMES["delivered"])
    for suffix in suffixes:
        outcome = _with_suffix(outcome, suffix)
    return outcome


def _with_suffix(outcome: Outcome, suffix: str) -> Outcome:
    """`+52`: this failure code. `+3s`: this delay. Anything else is a tag and means nothing."""
    delay = _DELAY.fullmatch(suffix)
    if delay and int(delay[1]) <= DELAY_SECONDS_MAX and len(outcome.steps) > 1:
        *first, last = outcome.steps
        return msgspec.structs.replace(
            outcome, steps=(*first, msgspec.structs.replace(last, after=int(delay[1])))
        )
    if suffix.isdecimal() and suffix.isascii() and int(suffix[:4]) in set(FAILURES) - {RETRYING}:
        steps = tuple(_with_code(step, int(suffix[:4])) for step in outcome.steps)
        return msgspec.structs.replace(outcome, steps=steps)
    return outcome


def _with_code(step: Step, code: int) -> Step:
    """Only a bounce has a choice: an `error` is always 25."""
    return msgspec.structs.replace(step, code=code) if step.status is FeedbackStatus.BOUNCE else step


def _play(steps: tuple[Step, ...], outgoing: Outgoing, now: int) -> Receipt:
    """The next fact, with those that follow it at once; and when to ask for the one after."""
    facts: list[Fact] = []
    for step in steps[outgoing.step :]:
        if facts and step.after:
            return Receipt(facts=tuple(facts), again_at=now + step.after * SECOND, provider=facts[0].provider)
        facts.append(_fact(step, outgoing, now))
    return Receipt(facts=tuple(facts), provider=facts[0].provider if facts else None)


def _fact(step: Step, outgoing: Outgoing, now: int) -> Fact:
    why = _failure(outgoing.channel, step.code, step.category) if step.code is not None else None
    said = _travelling(_provider(step.status, why), outgoing)
    if outgoing.channel is ChannelKind.SMS and step.status is FeedbackStatus.DELIVERED:
        said = msgspec.structs.replace(said, at=now)
    return Fact(status=step.status, key=step.status.value, failure=why, provider=said)


def _travelling(said: ProviderFacts, outgoing: Outgoing) -> ProviderFacts:
    """With encoding and parts of a text message, while its text is here."""
    if outgoing.channel is not ChannelKind.SMS or outgoing.content is None:
        return said
    counted = segments.count(outgoing.content.text or "")
    return msgspec.structs.replace(said, encoding=segments.SHOWN[counted.encoding], parts=counted.parts)


def _failure(channel: ChannelKind, code: int, category: FailureCategory) -> Failure:
    if channel is ChannelKind.EMAIL:
        return failure(code, category)
    kind, reason = SMS_FAILURES[code]
    return Failure(category=category, type=kind, code=f"SIM-{code}", reason=reason)


def _provider(word: str, why: Failure | None = None) -> ProviderFacts:
    return ProviderFacts(name=PROVIDER, code=why.code if why else None, text=f"simulated: {word}")
