"""What can go wrong, as a tree. Faces turn these into answers; nothing else does.

RetourError
├── Refused            the caller's request can't be done; has a code, a title, and fields with their paths
│   ├── Invalid        400/422  the request is wrong: what, where, and what to do
│   ├── Unauthorized   401      who are you
│   ├── Forbidden      403      you may not
│   ├── NotFound       404      not here, or not yours: the same answer
│   ├── Conflict       409      it exists, or the id was used for something else
│   ├── Changed        412      somebody changed it meanwhile
│   ├── Precondition   428      say which version you mean (If-Match)
│   └── TooLarge       413
├── Busy               503      the store could not commit in time; try again with the same requestId
└── ConfigError                 the service can't start like this: says what to change
    └── StoreInUse              another process holds the embedded store
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Code(StrEnum):
    """Stable codes of refusals: the six digits of `MSG-000111-400`. docs/errors.md has each with an example."""

    UNAUTHENTICATED = "000100"
    CLIENT_REFUSED = "000101"
    SCOPE_MISSING = "000102"
    ORGANIZATION_MISMATCH = "000103"
    SANDBOX_UNKNOWN = "000104"
    TOO_MANY_TRIES = "000105"
    TOO_MANY_CALLS = "000106"
    NOT_GENUINE = "000107"
    MALFORMED_JSON = "000110"
    INVALID_FIELDS = "000111"
    BODY_TOO_LARGE = "000112"
    CONTEXT_TOO_LARGE = "000113"
    NOT_FOUND = "000120"
    EXISTS = "000121"
    VERSION_MISSING = "000122"
    VERSION_STALE = "000123"
    BODY_REMOVED = "000124"
    METHOD_NOT_ALLOWED = "000125"
    CAMPAIGN_NOT_LIVE = "000130"
    OUTSIDE_DATES = "000131"
    REQUEST_ID_REUSED = "000132"
    PROFILE_UNKNOWN = "000133"
    VARIABLES_MISSING = "000134"
    WRONG_MODE = "000135"
    TEMPLATE_INVALID = "000140"
    SECRET_REQUIRED = "000141"  # noqa: S105 - a code, not a secret
    SIMULATED_IN_PRODUCTION = "000142"
    CAMPAIGN_INCOMPLETE = "000143"
    STORE_BUSY = "000150"
    INTERNAL = "000151"


class RetourError(Exception):
    """Anything that this service says about itself."""


@dataclass(frozen=True)
class Field:
    """One thing wrong in a request: `path` as in `recipients[0].userId`, `message` a sentence to act on."""

    path: str
    message: str


@dataclass
class Refused(RetourError):
    """A request that can't be done. `context` goes to the caller beside the fields (text to text)."""

    code: Code
    title: str
    fields: tuple[Field, ...] = ()
    context: dict[str, str] = field(default_factory=dict)
    status: int = 400

    def __str__(self) -> str:
        return self.title


@dataclass
class Invalid(Refused):
    """The request is wrong."""


@dataclass
class Unauthorized(Refused):
    """No or no valid credentials."""

    status: int = 401


@dataclass
class Forbidden(Refused):
    """The caller may not do this."""

    status: int = 403


@dataclass
class NotFound(Refused):
    """Not here, or not the caller's."""

    status: int = 404


@dataclass
class Conflict(Refused):
    """It exists already, or the id was used for another request."""

    status: int = 409


@dataclass
class Changed(Refused):
    """The version named by If-Match is not the newest."""

    status: int = 412


@dataclass
class Precondition(Refused):
    """If-Match is missing."""

    status: int = 428


@dataclass
class TooLarge(Refused):
    """The body is over its limit."""

    status: int = 413


class Busy(RetourError):
    """The store could not commit in time. `begun`: the outcome is unknown, ask again with the same id."""

    def __init__(self, begun: bool) -> None:
        super().__init__("The store could not commit in time. Try again with the same requestId.")
        self.begun = begun


class ConfigError(RetourError):
    """The service can't start like this."""


class StoreInUse(ConfigError):
    """Another process holds the embedded store."""
