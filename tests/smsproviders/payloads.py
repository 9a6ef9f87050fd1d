"""Recorded payloads: `payloads/<provider>/<case>.json`, what is sent to a provider or comes from it, and what it means.

A case of a submit has `message`, `request` and `answer`, a callback has `posted`. `settings` are laid over those of
`settings.json` in the same folder, null removes one. In a body MARK stands for the mark of the message.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from retour import segments
from retour.model import Failure, Learned
from retour.smsproviders import PROVIDERS, SmsProvider
from retour.smsproviders.shapes import (
    Busy,
    Got,
    Outcome,
    Posted,
    Refused,
    Reply,
    Report,
    Request,
    Taken,
    Text,
    Trouble,
)

HERE = Path(__file__).parent / "payloads"
MARK = "a" * 56
CALLBACK = "https://retour.example/callbacks/provider/token"
NOON = 1_795_521_600_000_000
TOKEN = "access-token"


class Case:
    """One recorded exchange."""

    def __init__(self, path: Path) -> None:
        self.provider = path.parent.name
        self.name = path.stem
        self.told: dict[str, Any] = json.loads(path.read_text())
        base = path.with_name("settings.json")
        self.settings: dict[str, Any] = json.loads(base.read_text()) if base.is_file() else {}
        self.settings |= self.told.get("settings", {})
        self.settings = {name: value for name, value in self.settings.items() if value is not None}
        for field in self.file.FIELDS:
            if field.choices:
                self.settings.setdefault(field.name, field.choices[0])

    @property
    def file(self) -> SmsProvider:
        """The provider's file."""
        return PROVIDERS[self.provider]

    @property
    def text(self) -> Text:
        """The message that is sent."""
        given = {"to": "+15550100", "sender": "+15550199", "text": "Hello Ann"} | self.told.get("message", {})
        counted = segments.count(given["text"])
        return Text(
            mark=MARK, callback=CALLBACK, minutes=60, now=NOON,
            encoding=counted.encoding, parts=counted.parts, **given,
        )  # fmt: skip

    @property
    def got(self) -> Got:
        """What was answered."""
        answer = self.told["answer"]
        headers = {name.lower(): value for name, value in answer.get("headers", {}).items()}
        return Got(status=answer["status"], headers=headers, body=_body(answer))

    @property
    def posted(self) -> Posted:
        """What was posted."""
        given = self.told["posted"]
        headers = {name.lower(): value for name, value in given.get("headers", {}).items()}
        query = given.get("query", "").replace("MARK", MARK)
        return Posted(url=f"{CALLBACK}?{query}" if query else CALLBACK, headers=headers, raw=_body(given))


@cache
def cases(kind: str) -> list[Case]:
    """All that hold `answer`, or `posted`."""
    found = [Case(path) for path in sorted(HERE.glob("*/*.json")) if path.stem != "settings"]
    return [case for case in found if kind in case.told]


def _body(given: dict[str, Any]) -> bytes:
    if "json" in given:
        body = json.dumps(given["json"])
    elif "form" in given:
        body = urlencode(given["form"])
    else:
        body = given.get("body", "")
    return body.replace("MARK", MARK).encode()


def shown(request: Request) -> dict[str, Any]:
    """A request in the words of a case, with every key that one may have."""
    headers = {name.lower(): value for name, value in request.headers}
    body = request.body.decode()
    url, _, query = request.url.partition("?")
    return {
        "method": request.method,
        "url": url,
        "query": dict(parse_qsl(query, keep_blank_values=True)),
        "headers": headers,
        "json": json.loads(body) if body.startswith(("{", "[")) else None,
        "form": dict(parse_qsl(body, keep_blank_values=True))
        if "=" in body and body[:1] not in "{["
        else None,
        "body": body,
        "host": urlsplit(request.url).hostname,
    }


def meaning(outcome: Outcome) -> str:
    """`sent SM1`, `bounce 21211 Hard`, `denylist`, `busy 30`, `trouble`, `uncertain`."""
    if isinstance(outcome, Taken):
        return " ".join(["sent", *outcome.references])
    if isinstance(outcome, Refused):
        return in_short(outcome.learned)
    if isinstance(outcome, Busy):
        return "busy" if outcome.seconds is None else f"busy {outcome.seconds:g}"
    return "trouble" if isinstance(outcome, Trouble) else "uncertain"


def told(one: Report | Reply) -> str:
    """`delivered`, `bounce 30005 Hard`, `nothing`, `reply +15550100 STOP`."""
    if isinstance(one, Reply):
        return f"reply {one.sender} {one.text}"
    return in_short(one.learned) if one.learned else "nothing"


def in_short(learned: Learned) -> str:
    """Status, and why."""
    return learned.status.value + _why(learned.failure)


def _why(failure: Failure | None) -> str:
    return f" {failure.code} {failure.type.value}" if failure else ""
