"""Follows the log of a Postfix on this machine: what became of messages, without a notice of success for each.

Postfix logs the sender of a mail when it enters the queue, and what each try came to; where the sender is a return path
of ours, the queue id names a message until the mail leaves the queue. How far the log was read is written down after
what it told was committed: a start in between reads it again, which changes nothing. Source: Postfix 3.7, qmgr(8).
"""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog

from retour import ids, limits, mailreports
from retour.errors import Busy
from retour.mailreports import Action, Told
from retour.marks import Place
from retour.model import Learned, Value
from retour.reports import Heard, Reports
from retour.stores import Store
from retour.stores.handovers import Changed, Step
from retour.stores.shelves import Shelves

log = structlog.get_logger()

ACTIONS = {"sent": Action.RELAYED, "deferred": Action.DELAYED, "bounced": Action.FAILED}
FORWARDED = "forwarded as"  # by an alias of this machine: another queue id goes on with it
EXPIRED = "4.4.7"  # RFC 3463 3.5: delivery time expired

_LINE = re.compile(
    r"\bpostfix[\w-]{0,40}/(?:\w{1,20}/)?(\w{1,20})\[\d{1,10}\]: ([0-9A-Za-z]{6,24}): (.*)", re.S
)
_FROM = re.compile(r"from=<([^>]{0,320})>, (?:size=\d|status=expired)")
_TRY = re.compile(
    r"to=<[^>]{0,320}>, .{0,800}?\bdsn=([245]\.\d{1,3}\.\d{1,3}), status=([a-z]{1,20}) \((.{0,4096})", re.S
)


class Open(Value):
    """A mail in the queue. sender: its return path. status, words: why it was put off last, "" if it was not."""

    sender: str
    status: str = ""
    words: str = ""


class Position(Value):
    """How far the log was read. inode: of the file. open: by queue id, the oldest first."""

    inode: int
    offset: int
    open: dict[str, Open]


class Line(NamedTuple):
    """A line about a mail in the queue. kind: entered, tried, expired, removed. said: of a try."""

    kind: str
    queue_id: str
    sender: str = ""
    action: Action | None = None
    status: str = ""
    words: str = ""


# --- pure ---


def parse(text: str) -> Line | None:
    """What a line of the log says of a mail in the queue; None for any other line."""
    found = _LINE.search(text[: limits.POSTFIX_LINE])
    if found is None:
        return None
    service, queue_id, rest = found.groups()
    if service == "qmgr":
        return _of_queue(queue_id, rest)
    tried = _TRY.match(rest)
    if tried is None or tried[2] not in ACTIONS:
        return None
    words = tried[3].rstrip().removesuffix(")")
    action = Action.EXPANDED if words.startswith(FORWARDED) else ACTIONS[tried[2]]
    return Line("tried", queue_id, action=action, status=tried[1], words=words)


def _of_queue(queue_id: str, rest: str) -> Line | None:
    if rest.startswith("removed"):
        return Line("removed", queue_id)
    sender = _FROM.match(rest)
    if sender is None:
        return None
    return Line("expired" if "status=expired" in rest else "entered", queue_id, sender=sender[1])


def learn(lines: Iterable[Line], reports: Reports, mails: dict[str, Open]) -> list[tuple[Place, Learned]]:
    """What these lines tell of messages of ours, in their order. Changes `mails`, the open ones."""
    learned: list[tuple[Place, Learned]] = []
    for line in lines:
        if line.kind == "entered" and reports.marks.read_address(line.sender) is not None:
            mails.setdefault(line.queue_id, Open(sender=line.sender))
        mail = mails.get(line.queue_id)
        if mail is None:
            continue
        said, place = _said(line, mail), reports.marks.read_address(mail.sender)
        meaning = mailreports.meaning_of(said) if said else None
        if place is not None and meaning is not None:
            one = Learned(status=meaning.status, failure=meaning.failure, provider=meaning.provider)
            learned.append((place, one))
        _follow(line, mail, mails)
    return learned


def _said(line: Line, mail: Open) -> Told | None:
    if line.kind == "expired":
        status = mail.status or EXPIRED
        return Told(recipient="", action=Action.FAILED, status=status, text=mail.words)
    if line.action is None:
        return None
    return Told(recipient="", action=line.action, status=line.status, text=line.words)


def _follow(line: Line, mail: Open, mails: dict[str, Open]) -> None:
    """The open mails after a line; over the limit, the oldest is let go."""
    if line.kind == "removed":
        del mails[line.queue_id]
    elif line.action is Action.DELAYED:
        words = line.words[: limits.POSTFIX_WORDS]
        mails[line.queue_id] = Open(sender=mail.sender, status=line.status, words=words)
    while len(mails) > limits.POSTFIX_OPEN:
        del mails[next(iter(mails))]


# --- the file ---


def read_on(path: Path, at: Position | None) -> tuple[list[Line], Position] | None:
    """The next lines and how far they go; None while there is no file.

    A first look begins at the end. A file that was renamed is read to its end before the new one is begun; one that was
    cut short is begun again.
    """
    try:
        current = path.stat()
    except OSError:
        return None
    if at is None:
        return [], Position(inode=current.st_ino, offset=current.st_size, open={})
    file = path if current.st_ino == at.inode else _renamed(path, at.inode)
    if file is None:
        log.warning("postfix_log_lost", path=str(path))
        return [], Position(inode=current.st_ino, offset=0, open=at.open)
    offset = at.offset if file.stat().st_size >= at.offset else 0
    lines, end = _lines(file, offset)
    if end == offset and file is not path and current.st_size:
        return [], Position(inode=current.st_ino, offset=0, open=at.open)
    return lines, Position(inode=at.inode, offset=end, open=at.open)


def _renamed(path: Path, inode: int) -> Path | None:
    """The file of that inode beside it, under another name."""
    return next((file for file in path.parent.glob(f"{path.name}*") if file.stat().st_ino == inode), None)


def _lines(file: Path, offset: int) -> tuple[list[Line], int]:
    """Whole lines from there on, and where they end. What has no end of line in a whole chunk is passed over."""
    with file.open("rb") as opened:
        opened.seek(offset)
        chunk = opened.read(limits.POSTFIX_CHUNK)
    whole = chunk.rfind(b"\n") + 1
    if not whole:
        return [], offset + (len(chunk) if len(chunk) == limits.POSTFIX_CHUNK else 0)
    parsed = (parse(line) for line in chunk[:whole].decode(errors="replace").split("\n"))
    return [line for line in parsed if line is not None], offset + whole


# --- following it ---


class PostfixLog:
    """Reads on, tells what is new, remembers how far it came. name: of what it remembers, by machine and log."""

    def __init__(self, reports: Reports, store: Store, shelves: Shelves, path: Path) -> None:
        self._reports = reports
        self._store = store
        self._shelves = shelves
        self._path = path
        self.name = f"postfix_log {socket.gethostname()} {path}"
        self._position: Position | None = None
        self._remembered: Position | None = None

    async def resume(self) -> None:
        """From where this machine stopped. Raises Busy."""
        kept = await self._shelves.setting(self.name)
        self._position = msgspec.json.decode(kept, type=Position) if kept else None

    async def step(self) -> bool:
        """One piece of the log: read and told. Whether there was anything. Raises Busy: nothing is passed."""
        found = await asyncio.to_thread(read_on, self._path, self._position)
        if found is None or found[1] == self._position:
            return False
        lines, position = found
        mails = dict(position.open)
        heard = await self._reports.all_told(learn(lines, self._reports, mails), ids.now())
        if heard[Heard.LATER]:
            raise Busy(begun=True)
        self._position = Position(inode=position.inode, offset=position.offset, open=mails)
        return True

    async def remember(self) -> None:
        """Write down how far it came, if that has changed. Raises Busy."""
        if self._position == self._remembered:
            return
        value = msgspec.json.encode(self._position).decode()
        step = Step(statement="setting_set", values={"name": self.name, "value": value})
        await self._store.write(Changed(steps=(step,)))
        self._remembered = self._position

    async def follow(self) -> None:
        """Until it is cancelled. Nothing that goes wrong ends it: it is tried again from where it stood."""
        next_note = 0.0  # of the clock that nobody sets back
        while True:
            more = False
            try:
                if self._position is None:
                    await self.resume()
                more = await self.step()
                if time.monotonic() >= next_note:
                    await self.remember()
                    next_note = time.monotonic() + limits.POSTFIX_REMEMBERED
            except (Busy, OSError) as error:
                log.warning("postfix_log_waits", trouble=type(error).__name__)
            except Exception:
                log.exception("postfix_log_failed")
            if not more:
                await asyncio.sleep(limits.POSTFIX_PAUSE)


@asynccontextmanager
async def following(reports: Reports, store: Store, shelves: Shelves, path: str) -> AsyncIterator[None]:
    """Follows the log while it is open; without a path there is nothing to follow."""
    if not path:
        yield
        return
    task = asyncio.create_task(PostfixLog(reports, store, shelves, Path(path)).follow())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
