"""What the readers of providers' events have in common: the request as it came, an event, and what it means.

Nothing that a provider posts is trusted to have a shape: `at` and `text` give something of the wanted type for any
JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from retour.classify import classify, failure
from retour.classify import told as told_words
from retour.limits import CALLBACK_AGE, CALLBACK_AHEAD, SECOND
from retour.model import Failure, FailureCategory, FailureType, FeedbackStatus, Learned, ProviderFacts, Value
from retour.suppression import EMAIL_SUPPRESSED

NAME = "retour"
"""What the mark is called among a provider's own arguments, tags, variables, metadata."""

UNDETERMINED, INVALID, SOFT, TIMEOUT, ADMIN, SPAM_BLOCK, TRANSIENT = 1, 10, 20, 24, 25, 51, 70
CHARACTERS = 4_096  # read of any one text; the classifier reads no more
REFERENCE_CHARACTERS = 200
ABUSE = "abuse"

_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_SECONDS = re.compile(r"\d{1,12}(\.\d{1,9})?")
_KIND = re.compile(r"[a-z-]{1,40}")


class Posted(NamedTuple):
    """A callback as it came. headers: names in lower case. body: `raw`, decoded from JSON."""

    headers: Mapping[str, str]
    raw: bytes
    body: Any


class EspEvent(NamedTuple):
    """One event of a provider. mark: text in which a mark may stand. learned: None where nothing is told by it."""

    mark: str
    learned: Learned | None
    id: str


class Said(Value):
    """What a provider said beside the kind of event. status: RFC 3463, or anything. code: an SMTP reply code."""

    provider: str
    words: str = ""
    status: str = ""
    code: int | None = None
    reference: str = ""


def at(value: Any, *path: str) -> Any:
    """What stands under these names; None where a name is missing or what should hold it is no object."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def text(value: Any, *path: str) -> str:
    """The same as text: a string's beginning, a number's digits, else ""."""
    found = at(value, *path)
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        return ""
    return str(found)[:CHARACTERS]


def first(value: Any, *path: str) -> Any:
    """The first member of a list that stands under these names; None where there is none."""
    found = at(value, *path)
    return found[0] if isinstance(found, list) and found else None


def reply(value: str) -> int | None:
    """An SMTP reply code; None for anything else."""
    return int(value) if re.fullmatch(r"[245][0-9]{2}", value) else None


def fresh(seconds: str, now: int) -> bool:
    """Whether an instant in seconds of Unix time is neither old nor of the future."""
    if not _SECONDS.fullmatch(seconds):
        return False
    return -CALLBACK_AHEAD <= now - round(float(seconds) * SECOND) <= CALLBACK_AGE


# --- what it means ---


def sent(said: Said) -> Learned:
    """The provider has it; told only where the relay's own answer was lost."""
    return Learned(status=FeedbackStatus.SENT, provider=_facts(said))


def delivered(said: Said) -> Learned:
    """The recipient's host took it."""
    return Learned(status=FeedbackStatus.DELIVERED, provider=_facts(said))


def delayed(said: Said) -> Learned:
    """It is late and tried on."""
    why = failure(TRANSIENT, FailureCategory.ASYNC)
    return Learned(status=FeedbackStatus.DELAY, failure=why, provider=_facts(said))


def bounced(said: Said, code: int) -> Learned:
    """It came back, for the reason of this code."""
    why = failure(code, FailureCategory.ASYNC)
    return Learned(status=FeedbackStatus.BOUNCE, failure=why, provider=_facts(said))


def denied(said: Said) -> Learned:
    """The provider keeps the address on a list of those that get nothing."""
    return Learned(status=FeedbackStatus.DENYLIST, provider=_facts(said), exclusion=EMAIL_SUPPRESSED)


def failed(said: Said) -> Learned:
    """The provider took it and would not send it, for a reason that is ours."""
    why = failure(ADMIN, FailureCategory.ASYNC)
    return Learned(status=FeedbackStatus.ERROR, failure=why, provider=_facts(said))


def complained(said: Said, kind: str = ABUSE) -> Learned:
    """The recipient called it spam. kind: RFC 5965's Feedback-Type."""
    why = failure(SPAM_BLOCK, FailureCategory.ASYNC)
    word = kind if _KIND.fullmatch(kind) else ABUSE
    return Learned(status=FeedbackStatus.COMPLAINT, failure=why, provider=_facts(said), complaint=word)


def code_of(said: Said, otherwise: int = UNDETERMINED) -> int:
    """The code that the words tell, `otherwise` where they tell none."""
    found = _classified(said)
    return otherwise if found.code == str(UNDETERMINED) else int(found.code)


def is_hard(said: Said) -> bool:
    """Whether the words speak of an address that will never work."""
    return _classified(said).type is FailureType.HARD


def _classified(said: Said) -> Failure:
    return classify(said.code, _status(said), said.words, category=FailureCategory.ASYNC, final=True)


def _status(said: Said) -> str | None:
    return said.status if _STATUS.fullmatch(said.status) else None


def _facts(said: Said) -> ProviderFacts:
    """The words without addresses; the reference as one printable word."""
    reference = "".join(character for character in said.reference if "!" <= character <= "~")
    return ProviderFacts(
        name=said.provider,
        code=None if said.code is None else str(said.code),
        enhanced_code=_status(said),
        text=told_words(said.words) or None,
        reference=reference[:REFERENCE_CHARACTERS] or None,
    )
