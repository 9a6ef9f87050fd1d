"""What becomes of a simulated message, told from the simulator's own tables. Pure."""

from __future__ import annotations

from typing import NamedTuple

from retour.channels import simulated
from retour.channels.simulated import Outcome, Step
from retour.classify import failure
from retour.classify.tables import FAILURES, RETRYING
from retour.model import ChannelKind, Failure, FailureCategory

DOMAIN = "example.com"
NUMBER = "+155501"


class Simulation(NamedTuple):
    """An address, and what is heard of it."""

    address: str
    told: str


def simulations(channel: ChannelKind) -> list[Simulation]:
    """One for each outcome that an address of the channel can ask for."""
    if channel is ChannelKind.EMAIL:
        addresses = [f"{name}@{DOMAIN}" for name in simulated.OUTCOMES]
    else:
        addresses = [f"{NUMBER}{digits}" for digits in simulated.NUMBERS]
    return [
        Simulation(address, sentence(channel, simulated.outcome_of(channel, address)))
        for address in addresses
    ]


def sentence(channel: ChannelKind, outcome: Outcome) -> str:
    """`sent, bounce (async Hard 10 Invalid Recipient) after 2 s`, as docs/simulator.md has it."""
    if outcome.trouble is not None:
        return "relay trouble"
    later = _failure(channel, outcome.soft_code, FailureCategory.SYNC)
    put_off = f"put off ({later.code} {later.reason})"
    if outcome.soft < 0:
        return f"{put_off} every time"
    before = [f"{put_off} {outcome.soft} times"] if outcome.soft else []
    return ", ".join([*before, *(_step(channel, step) for step in outcome.steps)])


def codes() -> list[int]:
    """The failure codes that a bounce can be given."""
    return sorted(set(FAILURES) - {RETRYING})


def _step(channel: ChannelKind, step: Step) -> str:
    told = step.status.value
    if step.code is not None:
        why = _failure(channel, step.code, step.category)
        told += f" ({why.category} {why.type} {why.code} {why.reason})"
    return f"{told} after {step.after} s" if step.after else told


def _failure(channel: ChannelKind, code: int, category: FailureCategory) -> Failure:
    if channel is ChannelKind.EMAIL:
        return failure(code, category)
    kind, reason = simulated.SMS_FAILURES[code]
    return Failure(category=category, type=kind, code=f"SIM-{code}", reason=reason)
