"""What a word that somebody typed may name: an id, a requestId, a recipient. Exact, in one sandbox, by index only."""

from __future__ import annotations

import unicodedata

from retour import limits
from retour.app import Retour
from retour.model import Execution, Value
from retour.stores.event_shelves import NEWEST
from retour.times import moment
from retour.web.admin import words

SEARCHED = (
    "a requestId",
    "an execution id (messageExecutionID)",
    "a message id",
    "an event id",
    "a delivery id",
    "a recipient's address or user id",
)


class Hit(Value):
    """Something that the word names. kind: its noun, as a heading; path: below the sandbox."""

    kind: str
    label: str
    path: str
    note: str = ""


def problem(word: str) -> str:
    """Why this is not searched for; empty when it is."""
    if len(word) > limits.SEARCH_CHARACTERS:
        return f"That is too long: no id and no address has more than {limits.SEARCH_CHARACTERS} characters."
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in word):
        return "There are control characters in it, which no id and no address has."
    return ""


async def hits(retour: Retour, sandbox: str, word: str) -> list[Hit]:
    """All that the word names, the newest messages of a recipient last."""
    found: list[Hit] = []
    if execution := await _execution(retour, sandbox, word):
        found.append(_execution_hit(execution))
    found += await _by_id(retour, sandbox, word.lower())
    own = {hit.path for hit in found}
    ids = await retour.event_shelves.messages_to(sandbox, word, NEWEST, limits.SEARCH_HITS)
    listed = [await _message_hit(retour, sandbox, one) for one in ids]
    return found + [hit for hit in listed if hit is not None and hit.path not in own]


async def _execution(retour: Retour, sandbox: str, word: str) -> Execution | None:
    """By its own id, or by the caller's."""
    if execution := await retour.shelves.execution(sandbox, word.upper()):
        return execution
    first = await retour.shelves.first_answer(sandbox, word)
    return first[1] if first else None


async def _by_id(retour: Retour, sandbox: str, word: str) -> list[Hit]:
    """A message, an event, a delivery: ids that never meet."""
    if hit := await _message_hit(retour, sandbox, word):
        return [hit]
    if event := await retour.event_shelves.find_event(sandbox, word):
        message, sequence = event
        return [Hit(kind="Feedback events", label=word, path=f"/messages/{message}#event-{sequence}")]
    if row := await retour.shelves.delivery(sandbox, word):
        return [Hit(kind="Deliveries", label=row.id, path=f"/deliveries/{row.id}")]
    return []


def _execution_hit(execution: Execution) -> Hit:
    note = f"{execution.id}, accepted {moment(execution.created_at)}"
    return Hit(kind="Executions", label=execution.request_id, path=f"/executions/{execution.id}", note=note)


async def _message_hit(retour: Retour, sandbox: str, message_id: str) -> Hit | None:
    row = await retour.shelves.message(sandbox, message_id)
    if row is None:
        return None
    note = f"{row.status.value}, accepted {moment(row.created_at)}"
    return Hit(kind="Messages", label=words.somebody(row.user_id), path=f"/messages/{row.id}", note=note)


async def messages(retour: Retour, sandbox: str, word: str, before: str) -> tuple[list[str], bool]:
    """Ids of messages that the word names, the newest first, older than `before`; and whether there are more."""
    if named := await _named(retour, sandbox, word):
        return sorted((one for one in named if one < before), reverse=True), False
    limit = limits.MESSAGES_SCANNED
    ids = await retour.event_shelves.messages_to(sandbox, word, before, limit + 1)
    return ids[:limit], len(ids) > limit


async def _named(retour: Retour, sandbox: str, word: str) -> list[str]:
    """By an id: few."""
    if execution := await _execution(retour, sandbox, word):
        return [row[0] for row in await retour.shelves.recipients(sandbox, execution.id)]
    if await retour.shelves.message(sandbox, word.lower()):
        return [word.lower()]
    event = await retour.event_shelves.find_event(sandbox, word.lower())
    return [event[0]] if event else []
