"""What is read of the tallies for the reports and the overview."""

from __future__ import annotations

from collections.abc import Sequence

from retour import limits
from retour.model import FeedbackStatus, Sandbox, Value, Webhook
from retour.stores.shelves import Shelves
from retour.stores.tallies import Tally, TallyKind
from retour.web.admin import amounts, figures, words
from retour.web.admin.amounts import Success
from retour.web.admin.figures import Counts
from retour.web.admin.periods import Window

MESSAGES = (TallyKind.ACCEPTED, TallyKind.FEEDBACK)


class Tile(Value):
    """A total, its share and how it changed, in words. look: the class of its colour."""

    name: str
    look: str
    count: str
    share: str
    change: str


async def counts(
    shelves: Shelves, sandbox: Sandbox, window: Window, kinds: Sequence[TallyKind] = tuple(TallyKind)
) -> Counts:
    """What was counted in a window."""
    since, until, step = window.since, window.until, window.period.size
    found = await shelves.tallies(sandbox.id, since, until, step, kinds)
    if len(found) >= limits.TALLY_ROWS:  # cut off: each kind by itself is not
        parts = [await shelves.tallies(sandbox.id, since, until, step, [kind]) for kind in kinds]
        found = [one for part in parts for one in part]
    return Counts(window, found)


async def success(shelves: Shelves, sandbox: Sandbox, now: int, length: int) -> Success:
    """How the webhook's attempts went from so many microseconds ago until now, to the minute."""
    until = now - now % limits.MINUTE + limits.MINUTE
    return figures.succeeded(
        await shelves.tallies(sandbox.id, until - length, until, length, [TallyKind.ANSWER])
    )


async def webhook_status(shelves: Shelves, sandbox: Sandbox, webhook: Webhook, now: int) -> words.Status:
    """Its state in words, by how the last hour went."""
    return words.webhook_status(webhook, await success(shelves, sandbox, now, limits.HOUR))


async def tiles(shelves: Shelves, sandbox: Sandbox, seen: Counts, channel: str) -> list[Tile]:
    """What became of messages in a window, and in the same time before it. channel: empty for all."""
    since, until = seen.window.compared()
    length = seen.window.period.length
    before: list[Tally] = []
    if until > since:
        feedback = [TallyKind.FEEDBACK]
        before = await shelves.tallies(sandbox.id, since - length, until - length, until - since, feedback)
    changes = {
        status: amounts.change(
            figures.between(seen, channel, status, since, until),
            figures.total(before, channel, status),
            seen.window.period.before,
        )
        for status in figures.SHOWN
    }
    return [_tile(seen, channel, status, changes[status]) for status in figures.SHOWN]


def _tile(seen: Counts, channel: str, status: FeedbackStatus, change: str) -> Tile:
    """A share of the messages that were accepted; of those that are known to be delivered, of the sent ones."""
    number = sum(figures.by_status(seen, channel, status))
    delivered = status is FeedbackStatus.DELIVERED
    of = figures.by_status(seen, channel, FeedbackStatus.SENT) if delivered else figures.taken(seen, channel)
    share = amounts.share(number, sum(of))
    told = "" if share is None else f"{amounts.percent(share)} of {'sent' if delivered else 'accepted'}"
    return Tile(
        name=status.value.capitalize(),
        look=f"c-{status.value}",
        count=amounts.count(number),
        share=told,
        change=change,
    )
