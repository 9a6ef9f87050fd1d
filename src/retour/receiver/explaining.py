"""Why a request does not verify: every step is looked at, and what is likely is said in words.

For people, with a secret at hand: it decides nothing. `verify` does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from enum import StrEnum
from typing import Final

import msgspec

from retour import ids
from retour.model import Value
from retour.receiver import guessing, incoming, signature, token
from retour.receiver.event import read_event
from retour.receiver.incoming import Headers
from retour.receiver.token import JwtRule
from retour.receiver.verifying import TOLERANCE_SECONDS, Step


class Outcome(StrEnum):
    """What came of a step."""

    OK = "ok"
    DIFFERS = "differs"
    NOT_CHECKED = "not checked"


class Finding(Value):
    """A step, what came of it, and sentences: what is there, what differs, what to do."""

    step: Step
    outcome: Outcome
    sentences: tuple[str, ...] = ()


def explain(
    headers: Headers,
    body: object,
    secret: str | Sequence[str] | None,
    *,
    jwt: JwtRule | None = None,
    now: int | None = None,
    tolerance_seconds: int = TOLERANCE_SECONDS,
) -> list[Finding]:
    """A finding for each step, in their order. It raises nothing, whatever the request holds.

    As for `verify`; without a secret the signature is not checked. Of a body that is no bytes it says so, and looks
    at what it would be in UTF-8.
    """
    given = incoming.read_headers(headers)
    renamed = _renamed(given)
    found = {**given, **{name: given[other] for name, other in renamed.items()}}
    raw = _as_bytes(body)
    at = ids.now() if now is None else now
    secrets = (secret,) if isinstance(secret, str) else tuple(secret or ())
    return [
        _headers(given, renamed) if secrets else _not_asked(Step.HEADERS),
        _timestamp(found, at, tolerance_seconds) if secrets else _not_asked(Step.TIMESTAMP),
        _signature(found, raw, secrets) if secrets else _not_asked(Step.SIGNATURE),
        _token(found, jwt, at),
        _body(found, body, raw),
    ]


def _as_bytes(body: object) -> bytes:
    raw = incoming.raw_bytes(body)
    if raw is not None:
        return raw
    if isinstance(body, str):
        return body.encode(errors="surrogatepass")
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=str).encode(
        errors="surrogatepass"
    )


NOT_ASKED: Final = "No signing secret was given."


def _not_asked(step: Step) -> Finding:
    return Finding(step=step, outcome=Outcome.NOT_CHECKED, sentences=(NOT_ASKED,))


def _judged(step: Step, troubles: Sequence[str], well: str) -> Finding:
    """Differs if there are troubles; else `well` says what was found."""
    if troubles:
        return Finding(step=step, outcome=Outcome.DIFFERS, sentences=tuple(troubles))
    return Finding(step=step, outcome=Outcome.OK, sentences=(well,))


# --- headers ---

OTHER_NAMES: Final = {name: (name.replace("webhook", "svix"), f"x-{name}") for name in signature.NAMES}


def _renamed(headers: Mapping[str, str]) -> dict[str, str]:
    """Missing header -> the one that has its value, renamed on the way: by CGI, by a proxy, by hand."""
    missing = [name for name in signature.NAMES if name not in headers]
    others = {_plain(name): name for name in headers if name not in signature.NAMES}
    found = {name: _similar(name, others) for name in missing}
    return {name: other for name, other in found.items() if other is not None}


def _plain(name: str) -> str:
    return name.replace("_", "-").removeprefix("http-")


def _similar(name: str, others: Mapping[str, str]) -> str | None:
    known = next((others[one] for one in (name, *OTHER_NAMES[name]) if one in others), None)
    close = get_close_matches(name, others, n=1, cutoff=CLOSE)
    return known or (others[close[0]] if close else None)


CLOSE: Final = 0.85  # webhok-signature, webhook-signatures; not webhook-id for webhook-timestamp


def _headers(headers: Mapping[str, str], renamed: Mapping[str, str]) -> Finding:
    if not headers:
        return _judged(Step.HEADERS, ("There are no headers at all: hand over those of the request.",), "")
    troubles = [_absent(name, renamed.get(name)) for name in signature.NAMES if name not in headers]
    return _judged(Step.HEADERS, troubles, f"{', '.join(signature.NAMES)} are there.")


def _absent(name: str, other: str | None) -> str:
    if other is None:
        return signature.missing(name)
    return f"The header {name} is missing, and there is {other}: it has to be handed over as {name}."


# --- timestamp ---


def _timestamp(headers: Mapping[str, str], now: int, tolerance_seconds: int) -> Finding:
    if signature.TIMESTAMP not in headers:
        return _left_out(Step.TIMESTAMP, signature.TIMESTAMP)
    text = headers[signature.TIMESTAMP]
    seconds = signature.read_seconds(text)
    troubles = list(signature.timestamp_troubles(headers, now, tolerance_seconds))
    if seconds is None and len(text) == guessing.MILLISECONDS_DIGITS and text.isdigit():
        troubles.append("It looks like milliseconds.")
    return _judged(
        Step.TIMESTAMP, troubles, f"Signed at {signature.moment(seconds or 0)}, our clock: {ids.iso(now)}."
    )


def _left_out(step: Step, name: str) -> Finding:
    return Finding(step=step, outcome=Outcome.NOT_CHECKED, sentences=(f"The header {name} is missing.",))


# --- signature ---


def _signature(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> Finding:
    if signature.SIGNATURE not in headers:
        unusable = [trouble for secret in secrets if (trouble := signature.secret_trouble(secret))]
        return (
            _judged(Step.SIGNATURE, unusable, "")
            if unusable
            else _left_out(Step.SIGNATURE, signature.SIGNATURE)
        )
    whole = {**dict.fromkeys(signature.NAMES, ""), **headers}
    troubles = signature.signature_troubles(secrets, whole, body)
    if not troubles:
        return _judged(Step.SIGNATURE, (), f"It matches, over {len(body):,} bytes.")
    guesses = guessing.guess(secrets, headers, body)
    return _judged(Step.SIGNATURE, guesses or (*troubles, *_likely(headers, body, secrets)), "")


def _likely(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> Iterator[str]:
    """No guess matches. What speaks for which cause?"""
    if not signature.given_signatures(headers[signature.SIGNATURE]):
        yield "webhook-signature has no signature of scheme v1 (v1, and base64), the one that is sent."
    suspicions = list(_suspicions(headers, body))
    yield from suspicions
    if not suspicions and all(signature.secret_trouble(secret) is None for secret in secrets):
        yield (
            "The body looks as it was sent, so it is likely the secret: compare it with the webhook's. It was shown "
            "once; if it is lost, make a new one."
        )


def _suspicions(headers: Mapping[str, str], body: bytes) -> Iterator[str]:
    """What is odd about a body that was posted as compact JSON."""
    yield from _cut_off(headers, body)
    read = guessing.parsed(body)
    if read is None:
        yield "The body is no JSON as it stands: is it cut off, still compressed, or wrapped in something?"
    elif _compact(read) != body:
        yield "The body is not written as it was sent, in compact JSON: it was parsed and encoded again, or edited."
    own = guessing.own_id(body)
    if own and own != headers.get(signature.ID, own):
        yield f"webhook-id is not the _id of the body, {own!r}: headers and body are of two requests."


def _cut_off(headers: Mapping[str, str], body: bytes) -> Iterator[str]:
    said = headers.get("content-length", "")
    if said.isascii() and said.isdigit() and len(said) < signature.SECONDS_DIGITS and int(said) != len(body):
        yield f"content-length says {int(said):,} bytes, and the body has {len(body):,}: it was cut off or changed."


def _compact(read: object) -> bytes:
    text = json.dumps(read, ensure_ascii=False, separators=(",", ":"))
    return text.encode(errors="surrogatepass")


# --- token and body ---


def _token(headers: Mapping[str, str], jwt: JwtRule | None, now: int) -> Finding:
    if jwt is None:
        there = headers.get("authorization", "").startswith("Bearer ")
        says = "A JWT came along, and no rule for it was given." if there else "No rule for a JWT was given."
        return Finding(step=Step.TOKEN, outcome=Outcome.NOT_CHECKED, sentences=(says,))
    troubles = token.token_troubles(jwt, headers, now)
    if troubles and isinstance(jwt.key, str) and _verifies_stripped(jwt, jwt.key, headers, now):
        troubles = ("The JWT secret has blanks, a line end or quotation marks around it: leave them out.",)
    return _judged(Step.TOKEN, troubles, f"It verifies by {jwt.algorithm}, and says what it has to.")


def _verifies_stripped(jwt: JwtRule, key: str, headers: Mapping[str, str], now: int) -> bool:
    clean = msgspec.structs.replace(jwt, key=key.strip().strip("\"'"))
    return clean.key != key and not token.token_troubles(clean, headers, now)


def _body(headers: Mapping[str, str], body: object, raw: bytes) -> Finding:
    event = read_event(raw, headers)
    troubles = [] if incoming.raw_bytes(body) is not None else [incoming.not_raw(body)]
    if isinstance(event, str):
        said = f" It has {len(raw):,} bytes." if raw else " It is empty."
        return _judged(Step.BODY, [*troubles, event + said], "")
    told = (
        f"{event.status}, {event.channel}, {event.recipient or 'no recipient'}, requestId {event.request_id}."
    )
    return _judged(Step.BODY, troubles, told)
