"""The filter of the list of deliveries: as it stands in the address, and as the store is asked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec

from retour import ids, limits
from retour.model import DeliveryState, DeliveryStatus, FeedbackStatus, Value
from retour.stores.delivery_shelves import Sought

ANSWERS = {"2xx": "2xx", "3xx": "3xx", "4xx": "4xx", "5xx": "5xx", "none": "No answer"}
PERIODS = {
    "1h": (limits.HOUR, "Last hour"),
    "24h": (limits.DAY, "Last 24 hours"),
    "7d": (7 * limits.DAY, "Last 7 days"),
    "30d": (30 * limits.DAY, "Last 30 days"),
}


class Filter(Value):
    """What is asked for; empty means any. q: an id, a requestId or a recipient, exactly."""

    q: str = ""
    status: str = ""
    feedback: str = ""
    answer: str = ""
    period: str = ""

    @property
    def chosen(self) -> bool:
        """Whether anything is."""
        return self != Filter()

    def query(self, **more: str) -> str:
        """`?status=…`, as far as it says anything."""
        values = msgspec.structs.asdict(self) | more
        said = urlencode({name: value for name, value in values.items() if value})
        return f"?{said}" if said else ""


def read(given: Mapping[str, str]) -> Filter | None:
    """From an address; None when it holds what no filter can be."""
    found = Filter(
        q=given.get("q", "").strip(),
        status=given.get("status", ""),
        feedback=given.get("feedback", ""),
        answer=given.get("answer", ""),
        period=given.get("period", ""),
    )
    known = (
        found.status in ("", *DeliveryStatus)
        and found.feedback in ("", *FeedbackStatus)
        and found.answer in ("", *ANSWERS)
        and found.period in ("", *PERIODS)
    )
    return found if known and len(found.q) <= limits.SEARCH_CHARACTERS and _printable(found.q) else None


def _printable(text: str) -> bool:
    return not any(ord(character) < 32 or 0xD800 <= ord(character) < 0xE000 for character in text)


def sought(chosen: Filter, parked: bool, now: int) -> Sought | None:
    """What to ask the store; None when nothing can have this status now. parked: nothing is posted to the webhook."""
    if chosen.status == DeliveryStatus.PARKED and not parked:
        return None
    if chosen.status == DeliveryStatus.PENDING and parked:
        return None
    state, failed = _state(chosen.status)
    length = PERIODS[chosen.period][0] if chosen.period else 0
    return Sought(
        text=chosen.q,
        state=state,
        failed=failed,
        feedback=FeedbackStatus(chosen.feedback) if chosen.feedback else None,
        codes=(int(chosen.answer[0]) * 100, int(chosen.answer[0]) * 100 + 100)
        if chosen.answer[:1].isdecimal()
        else None,
        unanswered=chosen.answer == "none",
        after=ids.first_id(now - length) if length else "",
    )


def _state(status: str) -> tuple[DeliveryState | None, bool | None]:
    """State, and whether a try has failed."""
    if not status:
        return None, None
    if status in [*DeliveryState]:
        return DeliveryState(status), None
    failed = {DeliveryStatus.RETRYING: True, DeliveryStatus.PENDING: False}
    return DeliveryState.DUE, failed.get(DeliveryStatus(status))


def meets(chosen: Filter, status: DeliveryStatus, feedback: FeedbackStatus, code: int | None) -> bool:
    """Whether a delivery that has just changed belongs into the list. A text is not looked for again."""
    if chosen.q:
        return False
    if chosen.status and chosen.status != status:
        return False
    if chosen.feedback and chosen.feedback != feedback:
        return False
    if chosen.answer == "none":
        return code is None and status in (DeliveryStatus.RETRYING, DeliveryStatus.EXHAUSTED)
    return not chosen.answer or (code is not None and str(code)[0] == chosen.answer[0])
