"""What the demo shows: a line for each event as it arrives, then a table; or JSON and nothing else."""

from __future__ import annotations

import sys
import time

import msgspec
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from retour.demo.receiver import Entry
from retour.demo.verdict import CaseResult, Outcome, Played

STYLES = {"sent": "cyan", "delivered": "green", "bounce": "red", "error": "red", "delay": "yellow"}


class Screen:
    """Standard output for people, or for programs (as_json: one object at the end, reasons on stderr)."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._console = Console(stderr=as_json, quiet=as_json, highlight=False)
        self._began = time.monotonic()
        self._played: dict[str, Played] = {}

    def say(self, sentence: str) -> None:
        """What happens now."""
        self._print(Text(f"{self._elapsed()}  {sentence}", "dim"))

    def sent(self, played: Played) -> None:
        """From now on its events are shown with the name of the case."""
        self._played[played.request_id] = played

    def arrived(self, entry: Entry) -> None:
        """A line of the receiver's log."""
        feedback = entry.checked.feedback
        played = self._played.get(feedback.request_id)
        line = Text(f"{self._elapsed()}  ")
        line.append(f"{feedback.status or '?':<10}", STYLES.get(feedback.status, ""))
        line.append(f"{feedback.recipient:<26} {played.case.name if played else '':<30}")
        line.append(f" code {feedback.failure_code:<3} " if feedback.failure_code else " " * 10)
        line.append("verified" if entry.checked.verified else f"not verified: {entry.checked.failed}")
        line.append("  again" if entry.before else "", "yellow")
        self._print(line)

    def end(self, outcome: Outcome) -> None:
        """The verdict."""
        if self._as_json:
            sys.stdout.write(msgspec.json.encode(outcome.as_json()).decode() + "\n")
            sys.stdout.flush()
        self._print(_table(outcome))
        for line in _closing(outcome):
            self._tell(line)
        if outcome.ok:
            self._print(Text(_praise(outcome)))

    def stay(self, admin_url: str) -> None:
        """The service stays up: where to look at it."""
        self._tell(f"Still running. Sign in: {admin_url}")
        self._tell("Stop with Ctrl-C.")

    def _tell(self, line: str) -> None:
        """For people in either case; standard output is kept clean of it in JSON."""
        Console(stderr=self._as_json, highlight=False).print(Text(line), soft_wrap=True)

    def _print(self, what: Text | Table) -> None:
        self._console.print(what, soft_wrap=isinstance(what, Text))

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self._began:5.1f} s"


def _table(outcome: Outcome) -> Table:
    source = "the receiver's own log" if outcome.by_receiver else "the delivery log of the API"
    table = Table(title=f"What {source} holds", title_justify="left", box=SIMPLE)
    for heading in ("", "Case", "Events", "Code", "Verified"):
        table.add_column(heading, no_wrap=heading != "Events")
    for result in outcome.results:
        table.add_row(*_cells(result, outcome.by_receiver))
    return table


def _cells(result: CaseResult, by_receiver: bool) -> list[Text]:
    verified = "yes" if result.verified else "no"
    return [
        Text("FAIL", "bold red") if result.reasons else Text("ok", "green"),
        Text(result.case.name),
        Text(_events(result)),
        Text(", ".join(result.codes)),
        Text(verified if by_receiver else "not known"),
    ]


def _events(result: CaseResult) -> str:
    received, expected = ", ".join(result.received) or "none", ", ".join(result.case.expected)
    again = f" ({result.duplicates} came again)" if result.duplicates else ""
    return received + again + (f" (expected {expected})" if received != expected else "")


def _closing(outcome: Outcome) -> list[str]:
    lines = [f"{result.case.name}: {reason}" for result in outcome.results for reason in result.reasons]
    if outcome.stray:
        lines.append(f"{outcome.stray} events belong to nothing that was sent.")
    if not outcome.by_receiver:
        lines.append("Checked by the delivery log of the API; what the other endpoint verified is not known.")
    return lines


def _praise(outcome: Outcome) -> str:
    events = sum(len(result.received) for result in outcome.results)
    how = "each exactly once and verified" if outcome.by_receiver else "each accepted"
    return f"{events} events, {how}, in {outcome.seconds:.1f} s."
