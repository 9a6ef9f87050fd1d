"""Is a request genuine? The steps, in their order, and the first one that fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from retour import ids
from retour.model import Value
from retour.receiver import incoming, signature, token
from retour.receiver.event import FeedbackEvent, read_event
from retour.receiver.incoming import Headers
from retour.receiver.token import JwtRule

TOLERANCE_SECONDS: Final = 300  # Standard Webhooks: what its libraries allow


class Step(StrEnum):
    """What is checked, in this order."""

    HEADERS = "headers"
    TIMESTAMP = "timestamp"
    SIGNATURE = "signature"
    TOKEN = "token"  # noqa: S105 - a word
    BODY = "body"


class Trouble(Value):
    """A step that failed, and a sentence that says what to do."""

    step: Step
    sentence: str


class VerificationError(Exception):
    """The request is not genuine, or it was not handed over as it came. Answer 401; the text may be shown.

    step: what failed. sentence: what to do about it. It never holds a secret.
    """

    def __init__(self, step: Step, sentence: str) -> None:
        super().__init__(f"{step}: {sentence}")
        self.step = step
        self.sentence = sentence


def verify(
    headers: Headers,
    body: bytes,
    *,
    secret: str | Sequence[str],
    jwt: JwtRule | None = None,
    now: int | None = None,
    tolerance_seconds: int = TOLERANCE_SECONDS,
) -> FeedbackEvent:
    """The event of a genuine request. Raises VerificationError.

    headers: a mapping, or pairs; upper and lower case are one. body: the raw bytes. secret: the webhook's signing
    secret (whsec_…); several while it is changed, of which one has to match. jwt: the token that has to come along,
    too. now: microseconds since 1970, in tests. tolerance_seconds: how old, or how far ahead, a request may be.
    """
    secrets = (secret,) if isinstance(secret, str) else tuple(secret)
    if not any(secrets):
        raise VerificationError(Step.SIGNATURE, str(signature.secret_trouble("")))
    raw = incoming.raw_bytes(body)
    if raw is None:
        raise VerificationError(Step.BODY, incoming.not_raw(body))
    found = incoming.read_headers(headers)
    at = ids.now() if now is None else now
    trouble = first_trouble(found, raw, at, secrets=secrets, jwt=jwt, tolerance_seconds=tolerance_seconds)
    if trouble is not None:
        raise VerificationError(trouble.step, trouble.sentence)
    return _event(raw, found)


def first_trouble(
    headers: Mapping[str, str],
    body: bytes,
    now: int,
    *,
    secrets: Sequence[str],
    jwt: JwtRule | None,
    tolerance_seconds: int = TOLERANCE_SECONDS,
) -> Trouble | None:
    """The first step that a request fails at; None if it proves what is asked for.

    headers: names in lower case. Without secrets no signature is asked for, without jwt no token: `verify`
    never calls it without secrets.
    """
    trouble = _signature_trouble(headers, body, now, secrets, tolerance_seconds) if secrets else None
    if trouble is None and jwt is not None:
        return _first(Step.TOKEN, token.token_troubles(jwt, headers, now))
    return trouble


def _signature_trouble(
    headers: Mapping[str, str], body: bytes, now: int, secrets: Sequence[str], tolerance_seconds: int
) -> Trouble | None:
    return (
        _first(Step.HEADERS, signature.missing_headers(headers))
        or _first(Step.TIMESTAMP, signature.timestamp_troubles(headers, now, tolerance_seconds))
        or _first(Step.SIGNATURE, signature.signature_troubles(secrets, headers, body))
    )


def _first(step: Step, sentences: Sequence[str]) -> Trouble | None:
    return Trouble(step=step, sentence=sentences[0]) if sentences else None


def _event(body: bytes, headers: Mapping[str, str]) -> FeedbackEvent:
    event = read_event(body, headers)
    if isinstance(event, str):
        raise VerificationError(Step.BODY, event)
    return event
