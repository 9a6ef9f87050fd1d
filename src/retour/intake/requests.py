"""What intake is asked, in our words."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from retour import checks
from retour.errors import Code, Conflict, Field
from retour.model import ChannelKind, Value

AEP, EXTERNAL = "aep", "external"
OWN_NAMESPACES = {ChannelKind.EMAIL: ("email",), ChannelKind.SMS: ("phone",)}


class Recipient(Value):
    """One recipient of a request, in our words. kind: `aep` (somebody with a profile) or `external`."""

    kind: str
    user_id: str
    namespace: str
    email_address: str | None = None
    phone_number: str | None = None
    profile: dict[str, Any] = msgspec.field(default_factory=dict)
    context: dict[str, Any] = msgspec.field(default_factory=dict)


class Request(Value):
    """A decoded execution request; `hash` tells a repeat from another request with the same id.

    high_throughput: it came by the endpoint of that mode.
    """

    request_id: str
    campaign_id: str
    recipients: tuple[Recipient, ...]
    hash: bytes
    high_throughput: bool = False

    @property
    def context(self) -> dict[str, str]:
        """What a refusal of it tells beside the fields."""
        return {"requestId": self.request_id, "campaignId": self.campaign_id}


def hash_of(endpoint: str, request: Any) -> bytes:
    """Of the endpoint and the decoded request, encoded again with sorted keys: spelling does not matter."""
    return hashlib.sha256(endpoint.encode() + b"\n" + msgspec.json.encode(request, order="sorted")).digest()


def address_of(person: Recipient, channel: ChannelKind, region: str | None = None) -> str | None:
    """Where to: channelData, else the profile's field that AJO takes by default, else a userId of that kind.

    A telephone number as E.164. region: of numbers without a country code.
    """
    own = person.user_id if person.namespace.lower() in OWN_NAMESPACES[channel] else None
    if channel is ChannelKind.EMAIL:
        found = person.email_address or _text_at(person.profile, "personalEmail", "address") or own
        return found if found and checks.email_address(found) else None
    found = person.phone_number or _text_at(person.profile, "mobilePhone", "number") or own
    return checks.phone_number(found, region) if found else None


def reused(request: Request) -> Conflict:
    """The refusal of a request id that led to something else."""
    title = (
        "This requestId was used for another request. Use a new one, or repeat the first request as it was."
    )
    return Conflict(Code.REQUEST_ID_REUSED, title, (Field("requestId", title),), request.context)


def _text_at(data: dict[str, Any], outer: str, inner: str) -> str | None:
    holder = data.get(outer)
    found = holder.get(inner) if isinstance(holder, dict) else None
    return found if isinstance(found, str) else None
