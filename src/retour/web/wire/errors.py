"""AJO's error shape, and the answers of the token endpoint. web/problems.py and auth write them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from retour.catalog.inputs import told
from retour.web.wire.shapes import Answer

TYPE_PATTERN = r"^https://ns\.adobe\.com/aep/errors/MSG-[0-9]{6}-[0-9]{3}$"
ContextMap = dict[str, str]


class Report(Answer):
    """What is wrong, text to text: `reason` is the code in words, the path of a field says what it needs."""

    additional_context: ContextMap


class Error(Answer):
    """An error in AJO's shape. type: `MSG-` with a stable code of six digits, and the status."""

    type: Annotated[str, told(pattern=TYPE_PATTERN)]
    title: str
    status: Annotated[int, told(minimum=400, maximum=599)]
    report: Report


class TokenError(Error):
    """The same with OAuth's word for it (RFC 6749, 5.2)."""

    error: Literal["invalid_request", "invalid_client", "temporarily_unavailable"]


class TokenRequest(msgspec.Struct):
    """OAuth 2 client credentials, a form (RFC 6749, 4.4)."""

    grant_type: Literal["client_credentials"]
    client_id: str
    client_secret: str


class Token(msgspec.Struct):
    """A bearer token. expires_in: seconds."""

    access_token: str
    token_type: Literal["bearer"]
    expires_in: int
