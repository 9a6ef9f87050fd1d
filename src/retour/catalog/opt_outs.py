"""Answers of people to text messages: who says STOP gets none any more, who says START gets them again.

Whoever hears an answer calls this, a callback as well as a connection that is kept open. Neither the number nor what
somebody wrote stands in a log.
"""

from __future__ import annotations

from enum import StrEnum

from retour import checks, ids, keywords
from retour.audit import Deed
from retour.catalog.suppression import Given, told_of
from retour.keywords import Keyword, Wish
from retour.model import Actor, ActorKind, Sandbox
from retour.stores import Store
from retour.stores.handovers import Changed, Stale, Step
from retour.stores.shelves import Shelves
from retour.suppression import EntryKind, Lesson, LessonKind, ListName, learned


class Did(StrEnum):
    """What came of an answer."""

    OPTED_OUT = "opted_out"
    OPTED_IN = "opted_in"
    NOTHING = "nothing"


class OptOuts:
    """Takes answers."""

    def __init__(self, store: Store, shelves: Shelves) -> None:
        self._store = store
        self._shelves = shelves

    async def heard(self, sandbox_id: str, number: str, text: str, by: str, now: int) -> Did:
        """Somebody with this number answered. A repeat changes nothing, nor does what is no word or asks for help.

        number: the person's, with its country code; a plus sign may be missing, as with many providers. by: the name
        of the channel configuration that heard it. STOP leaves an entry made by hand as it is; START takes off who has
        opted out, and nobody who is on the list for another cause. Raises Busy: nothing is lost by hearing it again.
        """
        keyword, known = keywords.read(text), _international(number)
        if keyword is None or keyword.wish is Wish.HELP or known is None:
            return Did.NOTHING
        sandbox = await self._shelves.sandbox_by_id(sandbox_id)
        stops = keyword.wish is Wish.STOP
        steps = _stop(sandbox, known, keyword, by, now) if stops else _start(sandbox, known, keyword, by)
        if isinstance(await self._store.write(Changed(steps=steps)), Stale):
            return Did.NOTHING
        return Did.OPTED_OUT if stops else Did.OPTED_IN


def _international(number: str) -> str | None:
    """In E.164; None when it is none."""
    plain = number.strip()
    return checks.phone_number(plain if plain.startswith("+") else "+" + plain.removeprefix("00"))


def _stop(sandbox: Sandbox, number: str, keyword: Keyword, by: str, now: int) -> tuple[Step, ...]:
    word = keyword.text.upper()
    lesson = Lesson(
        kind=LessonKind.OPT_OUT, address=number, reason="", message_id="", now=now, of=EntryKind.NUMBER
    )
    values = learned(sandbox.id, lesson, ids.new_id()) | {"comment": word, "by": by}
    listed = Step(statement="suppression_learn", values=values, guard=True)
    return listed, _told(sandbox, Deed.ADDED, Given(EntryKind.NUMBER, number, word), by)


def _start(sandbox: Sandbox, number: str, keyword: Keyword, by: str) -> tuple[Step, ...]:
    ended = Step(statement="opt_out_end", values={"sandbox": sandbox.id, "value": number}, guard=True)
    return ended, _told(sandbox, Deed.REMOVED, Given(EntryKind.NUMBER, number, keyword.text.upper()), by)


def _told(sandbox: Sandbox, deed: Deed, given: Given, by: str) -> Step:
    who = Actor(kind=ActorKind.PROVIDER, id=by, name=by)
    return told_of(who, sandbox, ListName.SUPPRESSED, deed, [given])
