"""The four numbers above the list of deliveries. None of them reads more than some hundred rows."""

from __future__ import annotations

from retour import limits
from retour.model import Value
from retour.stores import tallies
from retour.stores.tallies import Tally, TallyKind
from retour.web.admin import amounts, causes
from retour.web.admin.visits import SandboxVisit


class Tile(Value):
    """A number with its name. link: a query of the list, empty for none."""

    name: str
    number: str
    note: str
    link: str = ""


async def tiles(visit: SandboxVisit, now: int) -> list[Tile]:
    """Succeeded, Retrying now, Failed, Latency p95."""
    shelf, sandbox = visit.retour.deliveries, visit.sandbox.id
    day, hour = now - limits.DAY, now - limits.HOUR
    answers = await _counted(visit, day, now, TallyKind.ANSWER)
    spent = await _counted(visit, hour, now, TallyKind.LATENCY)
    retrying, first = await shelf.retrying(sandbox)
    failed = await shelf.failed_since(sandbox, day)
    return [
        _succeeded(answers),
        Tile(
            name="Retrying now",
            number=at_most(retrying, limits.LIST_COUNT),
            note=causes.next_try(first, now),
            link="?status=retrying" if retrying else "",
        ),
        Tile(
            name="Failed, 24 h",
            number=at_most(failed, limits.LIST_COUNT),
            note="Review and replay" if failed else "none",
            link="?status=exhausted" if failed else "",
        ),
        _latency(spent),
    ]


async def _counted(visit: SandboxVisit, since: int, until: int, kind: TallyKind) -> list[Tally]:
    start = since - since % limits.MINUTE
    step = until - start + limits.MINUTE
    return await visit.retour.shelves.tallies(visit.sandbox.id, start, start + step, step, [kind])


def _succeeded(answers: list[Tally]) -> Tile:
    good = sum(one.n for one in answers if tallies.accepted(one.key))
    tried = sum(one.n for one in answers)
    share = f"{amounts.percent(amounts.share(good, tried))} of attempts" if tried else "no attempts"
    return Tile(name="Succeeded, 24 h", number=amounts.count(good), note=share)


def _latency(spent: list[Tally]) -> Tile:
    """Of the last hour. Each key is the number of a bucket."""
    counts: dict[int, int] = {}
    for one in spent:
        counts[int(one.key)] = counts.get(int(one.key), 0) + one.n
    high, middle = tallies.quantile(counts, 0.95), tallies.quantile(counts, 0.5)
    note = "no attempts" if middle is None else f"median {amounts.milliseconds(middle)}"
    number = "–" if high is None else amounts.milliseconds(high)
    return Tile(name="Latency p95, 1 h", number=number, note=note)


def at_most(number: int, most: int) -> str:
    """`1,000+` for what was counted no further."""
    return f"{most:,}+" if number > most else f"{number:,}"
