"""Watching: what has changed among a sandbox's deliveries, told to whoever looks at their list.

One look a second for each sandbox that is watched in this process, however many watch it; none where nobody does. What
is looked at is the store, so it makes no difference which process changed it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from retour import ids, limits
from retour.errors import Busy, Code, Refused
from retour.model import Value
from retour.stores.delivery_shelves import DeliveryLine, DeliveryShelves, Glance, Sought

ANY = Sought()
FAILED = Sought(failed=True)
log = structlog.get_logger()


class News(Value):
    """What was seen at one look. lines: as they are now, the oldest first. much: more has changed than can be told."""

    at: int
    lines: tuple[DeliveryLine, ...] = ()
    much: bool = False


class Watcher:
    """One who looks; `next` gives the news."""

    def __init__(self) -> None:
        self._news: asyncio.Queue[News | None] = asyncio.Queue(maxsize=limits.LIVE_ROWS)
        self.ended = False

    def tell(self, news: News) -> None:
        """Keep it until it is asked for; who reads too slowly hears that there is more than was told."""
        if self._news.full():
            self._news.get_nowait()
            news = News(at=news.at, much=True)
        self._news.put_nowait(news)

    def end(self) -> None:
        """No more news."""
        self.ended = True
        if self._news.full():
            self._news.get_nowait()
        self._news.put_nowait(None)

    async def next(self, seconds: float) -> News | None:
        """The next news; None when there were none for so long, or there will be no more (`ended`)."""
        if self.ended:
            return None
        try:
            return await asyncio.wait_for(self._news.get(), seconds)
        except TimeoutError:
            return None


class Watching:
    """Looks at the sandboxes that are watched."""

    def __init__(self, shelves: DeliveryShelves) -> None:
        self._shelves = shelves
        self._watchers: dict[str, set[Watcher]] = {}
        self._people: dict[str, int] = {}
        self._looking: dict[str, asyncio.Task[None]] = {}
        self._over = False

    def admit(self, person: str) -> None:
        """Raises Refused 429 when somebody has LIVE_STREAMS already."""
        if self._people.get(person, 0) >= limits.LIVE_STREAMS:
            title = f"You watch {limits.LIVE_STREAMS} lists already. Close a page, then reload this one."
            raise Refused(Code.TOO_MANY_TRIES, title, context={"retryAfter": "10"}, status=429)

    @asynccontextmanager
    async def watch(self, sandbox: str, person: str) -> AsyncIterator[Watcher]:
        """Somebody watches as long as this is entered."""
        watcher = Watcher()
        self._people[person] = self._people.get(person, 0) + 1
        self._watchers.setdefault(sandbox, set()).add(watcher)
        if self._over:
            watcher.end()
        elif sandbox not in self._looking:
            self._looking[sandbox] = asyncio.create_task(self._look(sandbox))
        try:
            yield watcher
        finally:
            self._leave(sandbox, person, watcher)

    def _leave(self, sandbox: str, person: str, watcher: Watcher) -> None:
        self._people[person] -= 1
        if not self._people[person]:
            del self._people[person]
        self._watchers[sandbox].discard(watcher)
        if not self._watchers[sandbox]:
            del self._watchers[sandbox]
            if sandbox in self._looking:
                self._looking.pop(sandbox).cancel()

    async def since(self, sandbox: str, at: int) -> News:
        """What has changed since a time, as far as rows tell; what changed shortly before it is told once more."""
        now = ids.now()
        start = at - limits.LIVE_OVERLAP
        newer = Sought(after=ids.first_id(start))
        made = await self._shelves.page(sandbox, newer, limit=limits.LIVE_ROWS + 1)
        if len(made.lines) > limits.LIVE_ROWS:
            return News(at=now, much=True)
        known = (await self._shelves.page(sandbox, ANY, limit=limits.LIVE_ROWS)).lines
        failed = (await self._shelves.page(sandbox, FAILED, limit=limits.LIVE_ROWS)).lines
        lines = {line.row.id: line for line in (*known, *failed) if line.touched_at >= start}
        return News(at=now, lines=_in_order(lines | {line.row.id: line for line in made.lines}))

    async def end(self) -> None:
        """Tell everybody that there are no more news, now or later."""
        self._over = True
        for task in self._looking.values():
            task.cancel()
        for watchers in self._watchers.values():
            for watcher in watchers:
                watcher.end()

    # --- looking ---

    async def _look(self, sandbox: str) -> None:
        """Every LIVE_SECONDS; a store that is busy is looked at again the next time."""
        known: Glance | None = None
        while True:
            try:
                known = await self._compare(sandbox, known)
            except Busy:
                log.warning("watching_put_off", sandbox=sandbox)
            await asyncio.sleep(limits.LIVE_SECONDS)

    async def _compare(self, sandbox: str, known: Glance | None) -> Glance:
        """One look: what is not as it was is read and told."""
        at, seen = ids.now(), await self._shelves.glance(sandbox)
        if known is None:
            return seen
        changed = differing(known, seen)
        news = News(at=at, lines=await self._read(sandbox, changed), much=torn(known, seen))
        if news.lines or news.much:
            for watcher in self._watchers.get(sandbox, ()):
                watcher.tell(news)
        return seen

    async def _read(self, sandbox: str, changed: list[str]) -> tuple[DeliveryLine, ...]:
        found = [await self._shelves.line(sandbox, one) for one in changed]
        return tuple(line for line in found if line is not None)


def differing(known: Glance, seen: Glance) -> list[str]:
    """Ids of what is new or not as it was, the oldest first; also of what is no longer among those that failed."""
    before, now = known.newest | known.troubled, seen.newest | seen.troubled
    changed = {one for one, mark in now.items() if before.get(one) != mark}
    return sorted(changed | (known.troubled.keys() - now.keys()))


def torn(known: Glance, seen: Glance) -> bool:
    """Whether there may be new ones between the two looks that neither of them saw."""
    return len(seen.newest) >= limits.LIVE_ROWS and not known.newest.keys() & seen.newest.keys()


def _in_order(lines: dict[str, DeliveryLine]) -> tuple[DeliveryLine, ...]:
    return tuple(lines[one] for one in sorted(lines))
