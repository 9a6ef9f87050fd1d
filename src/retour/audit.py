"""The audit log: who changed what, when, and how. An entry is one more step of the hand-over that makes the change.

It holds the fields that changed, before and after. Of a secret it only says that it changed; of a long text the
beginning; of a person who was erased how much was.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from retour import ids, limits
from retour.model import Actor, ActorKind, Sandbox, Value
from retour.stores import Row, Store
from retour.stores.handovers import Step

SECRET = "changed"  # noqa: S105 - what is told of one
NEWEST = "~"  # sorts after every id
# What every change changes, what says the same as the deed, and what is not the changer's.
UNTOLD = frozenset(
    ("sandbox", "id", "version", "created_at", "created_by", "modified_at", "modified_by", "paused_at", "paused_by",
     "last_accepted_at", "health", "draft", "live_version_id")
)  # fmt: skip
TIMES = ("_at", "until", "signs_from")


class Noun(StrEnum):
    """What can be changed."""

    WEBHOOK = "webhook"
    CAMPAIGN = "campaign"
    CONFIGURATION = "configuration"
    DELIVERY = "delivery"
    CREDENTIAL = "credential"
    USER = "user"
    SANDBOX = "sandbox"
    ORGANIZATION = "organization"
    PERSON = "person"
    SUPPRESSION = "suppression"


class Deed(StrEnum):
    """What can be done with it."""

    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"
    PAUSED = "paused"
    RESUMED = "resumed"
    ROTATED = "rotated"
    REPLAYED = "replayed"
    PUBLISHED = "published"
    STOPPED = "stopped"
    DUPLICATED = "duplicated"
    REVOKED = "revoked"
    ADDED = "added"
    INVITED = "invited"
    WITHDRAWN = "withdrawn"
    JOINED = "joined"
    ROLE_CHANGED = "role changed"
    DISABLED = "disabled"
    ENABLED = "enabled"
    REMOVED = "removed"
    LINK_MADE = "link made"
    ERASED = "erased"
    UPLOADED = "uploaded"
    WIPED = "wiped"


class Place(NamedTuple):
    """Where something is changed: an organization, and one of its sandboxes (its id) or none."""

    org: str
    sandbox: str = ""


class Subject(NamedTuple):
    """What is changed, by its id and by its name of that time."""

    noun: Noun
    id: str
    name: str


class Entry(Value):
    """One change. before, after: the fields that changed, as text; a field that was not there is not there."""

    id: str
    sandbox: str
    at: int
    actor: Actor
    noun: Noun
    deed: Deed
    subject_id: str
    subject: str
    before: dict[str, str]
    after: dict[str, str]


def place_of(sandbox: Sandbox) -> Place:
    """A sandbox, in its organization."""
    return Place(sandbox.org, sandbox.id)


def entry(
    by: Actor, place: Place, deed: Deed, subject: Subject, before: Any = None, after: Any = None
) -> Step:
    """The step that writes it. before, after: a value or a dict, None for nothing."""
    old, new = _fields(before), _fields(after)
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    doc = {"before": _told(old, changed), "after": _told(new, changed)}
    values = {
        "sandbox": place.sandbox,
        "org": place.org,
        "id": ids.new_id(),
        "at": ids.now(),
        "actor_kind": by.kind,
        "actor_id": by.id,
        "actor": by.name,
        "noun": subject.noun,
        "deed": deed,
        "subject_id": subject.id,
        "subject": subject.name,
        "doc": msgspec.json.encode(doc),
    }
    return Step(statement="audit_insert", values=values)


def _fields(value: Any) -> dict[str, Any]:
    """Path to value of what is set. A sealed one is a dict here, too, so that another one is another value."""
    if value is None:
        return {}
    known = msgspec.json.decode(msgspec.json.encode(value))
    return _flat({name: inner for name, inner in known.items() if name not in UNTOLD}, "")


def _flat(value: Any, path: str) -> dict[str, Any]:
    if isinstance(value, dict) and set(value) != {"sealed"}:
        inner = value.items()
    elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
        inner = dict(_named(one, place) for place, one in enumerate(value, start=1)).items()
    else:
        return {} if value is None else {path: value}
    found: dict[str, Any] = {}
    for name, one in inner:
        found |= _flat(one, f"{path}.{name}" if path else str(name))
    return found


def _named(member: Any, place: int) -> tuple[str, Any]:
    """A member of a list: under its name if it has one, else under its place."""
    if not isinstance(member, dict) or "name" not in member:
        return str(place), member
    return str(member["name"]), {name: inner for name, inner in member.items() if name != "name"}


def _told(fields: dict[str, Any], changed: list[str]) -> dict[str, str]:
    return {name: _word(name, fields[name]) for name in changed if name in fields}


def _word(name: str, value: Any) -> str:
    if isinstance(value, dict):
        return SECRET
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    if isinstance(value, int) and name.endswith(TIMES):
        return ids.iso(value)
    text = str(value)
    most = limits.AUDIT_VALUE_CHARACTERS
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"


class AuditLog:
    """Reads what was changed in a sandbox and in its organization as a whole."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(
        self, sandbox: Sandbox, noun: str = "", actor: str = "", before: str = "", limit: int = 50
    ) -> list[Entry]:
        """Newest first. noun, actor (an e-mail address, a client id, `cli`): only these. before: an id."""
        asked = {"noun": noun, "actor": actor, "before": before or NEWEST, "limit": limit}
        rows: list[Row] = []
        for place in (sandbox.id, ""):
            rows += await self._store.read("audit_of", sandbox=place, org=sandbox.org, **asked)
        rows.sort(key=lambda row: str(row[0]), reverse=True)
        return [_entry(row) for row in rows[:limit]]

    async def get(self, sandbox: Sandbox, entry_id: str) -> Entry | None:
        """One of them."""
        for place in (sandbox.id, ""):
            if rows := await self._store.read("audit_get", sandbox=place, org=sandbox.org, id=entry_id):
                return _entry(rows[0])
        return None


def _entry(row: Row) -> Entry:
    entry_id, sandbox, at, kind, actor_id, actor, noun, deed, subject_id, subject, doc = row
    changed = msgspec.json.decode(doc, type=dict[str, dict[str, str]])
    return Entry(
        id=entry_id,
        sandbox=sandbox,
        at=at,
        actor=Actor(kind=ActorKind(kind), id=actor_id, name=actor),
        noun=Noun(noun),
        deed=Deed(deed),
        subject_id=subject_id,
        subject=subject,
        before=changed["before"],
        after=changed["after"],
    )
