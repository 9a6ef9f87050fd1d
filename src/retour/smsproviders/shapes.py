"""What the files of SMS providers have in common: their settings, a message on its way out, and what they say of it.

Nothing that a provider answers or posts is trusted to have a shape: `at` and `text` give something of the wanted type
for any JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from retour.ids import parse_iso
from retour.limits import SECOND
from retour.model import (
    ChannelConfiguration,
    Exclusion,
    Failure,
    FailureCategory,
    FailureType,
    FeedbackStatus,
    Learned,
    ProviderFacts,
    ProviderSettings,
    Value,
)
from retour.suppression import SMS_NO_CONSENT

_PERSONAL = re.compile(r"[^\s@<>]+@[^\s@<>]+|\+?[0-9][0-9 ()./-]{5,}[0-9]")
CHARACTERS = 500  # told of any one text
REFERENCE_CHARACTERS = 200
LAST_INSTANT = parse_iso("9999-12-31")  # with an offset, a later one has no date

Settings = Mapping[str, Any]
"""What is configured for a provider, by the names of its fields, secrets in the clear."""


def settings_of(configuration: ChannelConfiguration, secrets: Mapping[str, str]) -> Settings:
    """Of a channel configuration, with its secrets as sealed.py opens them."""
    return (configuration.provider_settings or ProviderSettings()).values | dict(secrets)


class Kind(StrEnum):
    """What a field holds, and how a form asks for it."""

    TEXT = "text"
    SECRET = "secret"  # noqa: S105 - the word
    URL = "url"
    CHOICE = "choice"
    FLAG = "flag"
    NUMBER = "number"
    JSON = "json"


class Field(Value, frozen=True):
    """One setting of a provider. name: camelCase, as the API has it. choices: of a CHOICE, the default first.

    A secret is sealed and never shown again. group: the part of a form that it stands in, "" for the first one; those
    of a group stand together. example: as it may look, shown where nothing is typed. leads: it says where secrets are
    sent to, as every URL does; who changes it has to enter every secret again (a stored secret is never led elsewhere
    by an edit).
    """

    name: str
    label: str
    kind: Kind = Kind.TEXT
    required: bool = False
    help: str = ""
    choices: tuple[str, ...] = ()
    leads: bool = False
    group: str = ""
    example: str = ""

    @property
    def is_way(self) -> bool:
        """Whether it says where secrets are sent to."""
        return self.leads or self.kind is Kind.URL


class Text(Value, frozen=True):
    """One message as it goes out.

    mark: names it to whoever reports of it (marks.py). to: E.164 with +. sender: E.164 with +, or a name. callback:
    the public address that reports of this channel configuration are posted to, "" where the provider could not reach
    it. minutes: how long the provider may try. now: microseconds.
    """

    mark: str
    to: str
    sender: str
    text: str
    encoding: str
    parts: int
    callback: str
    minutes: int
    now: int


class Request(Value, frozen=True):
    """An HTTP request to a provider. url: absolute. body: as it goes out, its content-type among the headers."""

    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    method: str = "POST"


class Got(Value, frozen=True):
    """What the provider answered. headers: names in lower case. body: its first 16 KiB."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Decoded; None where it is no JSON."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return None


class Posted(NamedTuple):
    """A callback as it came. url: the public one, with its query. headers: names in lower case."""

    url: str
    headers: Mapping[str, str]
    raw: bytes

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters."""
        return dict(parse_qsl(self.url.partition("?")[2], keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        """The body as a form; {} where it is none."""
        try:
            return dict(parse_qsl(self.raw.decode(), keep_blank_values=True, max_num_fields=100))
        except ValueError:
            return {}

    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        return Got(status=200, headers=self.headers, body=self.raw).json()


class Taken(Value, frozen=True):
    """The provider took the message. references: the ids that its reports may name, one for each part or just one."""

    facts: ProviderFacts
    references: tuple[str, ...] = ()


class Refused(Value, frozen=True):
    """It did not, and never will: what becomes of the message (bounce, error, denylist, duplicate …)."""

    learned: Learned


class Busy(Value, frozen=True):
    """It did not now: too many at once, or a fault that it says is temporary. seconds: to wait, None: as we like."""

    facts: ProviderFacts
    seconds: float | None = None


class Trouble(Value, frozen=True):
    """It takes nothing from us: login refused, account closed, not the API that we know. sentence: for a person."""

    sentence: str
    facts: ProviderFacts


class Uncertain(Value, frozen=True):
    """Nobody knows whether it took the message."""

    facts: ProviderFacts


Outcome = Taken | Refused | Busy | Trouble | Uncertain


def by_status(name: str, got: Got, facts: ProviderFacts) -> Outcome:
    """What an answer means that holds nothing we know, by its HTTP status alone.

    Of a fault inside (5xx) nobody knows whether the message went out before it; 429 and 503 say that it did not.
    """
    if got.status in (401, 403):
        return Trouble(sentence=f"{name} refuses our credentials ({got.status}). Correct them.", facts=facts)
    if got.status in (429, 503):
        return Busy(facts=facts, seconds=retry_after(got))
    if 200 <= got.status < 300 or got.status >= 500 or got.status == 408:
        return Uncertain(facts=facts)
    sentence = (
        f"{name} answered {got.status} in words that are not of its API. Check the address and the account."
    )
    return Trouble(sentence=sentence, facts=facts)


def retry_after(got: Got) -> float | None:
    """Seconds, where the answer names them (RFC 9110, 10.2.3); None where it does not, or names a date."""
    given = got.headers.get("retry-after", "").strip()
    return float(given) if re.fullmatch(r"[0-9]{1,6}", given) else None


class Report(Value, frozen=True):
    """A delivery report. mark: text in which a mark may stand. reference: the provider's id, "" for none.

    learned: None where nothing is told by it (still queued, not known).
    """

    mark: str
    reference: str
    learned: Learned | None


class Reply(Value, frozen=True):
    """A text message from a person. sender: the person's number, as the provider writes it. to: ours."""

    sender: str
    to: str
    text: str


class Row(NamedTuple):
    """A line of a provider's table: what a code or status means, and where that is written.

    status None: nothing is told.
    """

    status: FeedbackStatus | None
    type: FailureType
    reason: str
    source: str


def learned(row: Row, code: str, facts: ProviderFacts, category: FailureCategory) -> Learned:
    """What a row says of one message. `code` is the provider's own and is told as it is."""
    assert row.status is not None  # noqa: S101 - whoever asks has looked
    if row.status in (FeedbackStatus.DENYLIST, FeedbackStatus.EXCLUDE, FeedbackStatus.DUPLICATE):
        exclusion = (
            SMS_NO_CONSENT
            if row.status is FeedbackStatus.DENYLIST
            else Exclusion(code=code, reason=row.reason)
        )
        return Learned(status=row.status, provider=facts, exclusion=exclusion)
    if row.status in (FeedbackStatus.SENT, FeedbackStatus.DELIVERED):
        return Learned(status=row.status, provider=facts)
    failure = Failure(category=category, type=row.type, code=code or str(row.status), reason=row.reason)
    return Learned(status=row.status, failure=failure, provider=facts)


def at(value: Any, *path: str | int) -> Any:
    """What stands at these names and places; None where one is missing or what should hold it is something else."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and -len(value) <= step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def text(value: Any, *path: str | int) -> str:
    """The same as text: a string's beginning, a number's digits, else ""."""
    found = at(value, *path)
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        return ""
    return str(found)[:CHARACTERS]


def number(value: Any, *path: str | int) -> int | None:
    """The same as a small whole number, or None."""
    found = text(value, *path)
    return int(found) if re.fullmatch(r"[0-9]{1,6}", found) else None


def instant(value: str) -> int | None:
    """Microseconds of ISO 8601, or of Unix time in seconds or milliseconds; None for anything else, or before 1970."""
    if re.fullmatch(r"[0-9]{10}|[0-9]{13}", value):
        return int(value) * (SECOND if len(value) == 10 else 1_000)
    try:
        found = parse_iso(value)
    except (ValueError, OverflowError):
        return None
    return found if 0 <= found <= LAST_INSTANT else None


def plain(words: str) -> str | None:
    """Words of a provider in one line, without addresses and numbers of people; None for none."""
    return _PERSONAL.sub("…", " ".join(words.split()))[:CHARACTERS] or None


def word(value: str) -> str | None:
    """As one printable word, for a reference; None for nothing."""
    return "".join(character for character in value if "!" <= character <= "~")[:REFERENCE_CHARACTERS] or None


def minute(value: str) -> int | None:
    """Microseconds of a carrier's `YYMMDDhhmm` (SMPP's done date), read as UTC; None for anything else."""
    if not re.fullmatch("[0-9]{10}", value):
        return None
    try:
        return int(datetime.strptime(value, "%y%m%d%H%M").replace(tzinfo=UTC).timestamp()) * SECOND
    except ValueError:
        return None
