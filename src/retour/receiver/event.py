"""A feedback event as who receives it reads it, out of either format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from retour import ids
from retour.model import ChannelKind, Failure, FeedbackStatus, ProviderFacts, Value

NOT_JSON: Final = "The body is no JSON: it is not what was posted."
CUT_OFF: Final = "The body ends in the middle of its JSON: it was cut off."


class FeedbackEvent(Value):
    """What happened to a message. Every body has the keys without a default; None is what its format leaves out.

    event_id: `webhook-id`, the same at every try: remember it, and do the work once. request_id: yours, of the
    execution. identities: namespace -> ids of the recipient; address: where the message went. sequence: 1, 2, 3 …
    per message; final: nothing more is expected; amends: the earlier event that this one corrects. message_id: one
    message to one person; content_id: what was said to everybody. failure: of a bounce or an error. provider: what
    the next hop said. complaint: its kind, of a bounce with code 51 that is one. occurred_at: microseconds since
    1970, UTC. raw: the whole body, decoded.

    The format `ajo` leaves out sequence, final, amends, provider, complaint and occurred_at; for e-mail message_id,
    content_id and address too.
    """

    event_id: str
    request_id: str
    status: FeedbackStatus
    channel: ChannelKind
    raw: dict[str, Any]
    org: str = ""
    sandbox_id: str = ""
    sandbox_name: str = ""
    identities: Mapping[str, tuple[str, ...]] = {}
    address: str | None = None
    sequence: int | None = None
    final: bool | None = None
    amends: str | None = None
    message_id: str | None = None
    content_id: str | None = None
    execution_id: str | None = None
    campaign_id: str | None = None
    campaign_version_id: str | None = None
    failure: Failure | None = None
    exclusion_code: str | None = None
    exclusion_reason: str | None = None
    provider: ProviderFacts | None = None
    complaint: str | None = None
    occurred_at: int | None = None

    @property
    def recipient(self) -> str:
        """The first id of the recipient; empty if the body names none."""
        return next((id for found in self.identities.values() for id in found), "")


def read_event(body: bytes, headers: Mapping[str, str]) -> FeedbackEvent | str:
    """The event; or, as a sentence, why the body is none. headers: names in lower case.

    It proves nothing by itself: `verify` does.
    """
    try:
        raw = msgspec.json.decode(body, type=dict[str, Any])
        read = msgspec.convert(raw, _Body)
        return _event(read, raw, headers.get("webhook-id", ""))
    except msgspec.ValidationError as error:
        return f"The body is no feedback event of a version that is known here: {_plainly(error)}."
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return CUT_OFF if "truncated" in str(error) else NOT_JSON
    except ValueError:
        return "The body is no feedback event: its timestamp is no date and time."


def _plainly(error: msgspec.ValidationError) -> str:
    """msgspec's words without the quotes of code: which key, and what is wrong."""
    return str(error).replace("`", "").rstrip(".")


# --- the shape: Adobe's keys (journey-optimizer: feedback webhooks, payload), and ours ---


class _Sandbox(msgspec.Struct):
    id: str = ""
    name: str = ""


class _Context(msgspec.Struct, rename="camel"):
    profile_address: str | None = None
    profile_number: str | None = None


class _Execution(msgspec.Struct):
    execution_id: str | None = msgspec.field(default=None, name="messageExecutionID")
    campaign_id: str | None = msgspec.field(default=None, name="campaignID")
    version_id: str | None = msgspec.field(default=None, name="campaignVersionID")
    content_id: str | None = msgspec.field(default=None, name="messageID")
    message_id: str | None = msgspec.field(default=None, name="messageProfileID")


class _Status(msgspec.Struct):
    value: FeedbackStatus


class _Exclusion(msgspec.Struct):
    code: str | None = None
    reason: str | None = None


class _Delivery(msgspec.Struct, rename="camel"):
    feedback_status: _Status
    message_failure: Failure | None = None
    message_exclusion: _Exclusion | None = None


class _Identity(msgspec.Struct):
    id: str


class _Provider(msgspec.Struct, rename="camel"):
    name: str
    code: str | None = None
    enhanced_code: str | None = None
    text: str | None = None
    reference: str | None = None


class _Retour(msgspec.Struct, rename="camel"):
    sequence: int | None = None
    final: bool | None = None
    amends: str | None = None
    message_id: str | None = None
    provider: _Provider | None = None
    complaint: str | None = None


class _Body(msgspec.Struct, rename="camel"):
    request_id: str
    channel: ChannelKind
    message_delivery_feedback: _Delivery
    ims_org: str = ""
    sandbox: _Sandbox = msgspec.field(default_factory=_Sandbox)
    channel_context: _Context = msgspec.field(default_factory=_Context)
    message_execution: _Execution = msgspec.field(default_factory=_Execution)
    identity_map: dict[str, list[_Identity]] = {}
    id: str = msgspec.field(default="", name="_id")
    timestamp: str | None = None
    retour: _Retour = msgspec.field(default_factory=_Retour)


def _event(read: _Body, raw: dict[str, Any], webhook_id: str) -> FeedbackEvent:
    execution, feedback = read.message_execution, read.message_delivery_feedback
    exclusion = feedback.message_exclusion or _Exclusion()
    return FeedbackEvent(
        event_id=webhook_id or read.id,
        request_id=read.request_id,
        status=feedback.feedback_status.value,
        channel=read.channel,
        raw=raw,
        org=read.ims_org,
        sandbox_id=read.sandbox.id,
        sandbox_name=read.sandbox.name,
        identities={name: tuple(one.id for one in found) for name, found in read.identity_map.items()},
        address=read.channel_context.profile_address or read.channel_context.profile_number,
        sequence=read.retour.sequence,
        final=read.retour.final,
        amends=read.retour.amends,
        message_id=read.retour.message_id or execution.message_id,
        content_id=execution.content_id,
        execution_id=execution.execution_id,
        campaign_id=execution.campaign_id,
        campaign_version_id=execution.version_id,
        failure=feedback.message_failure,
        exclusion_code=exclusion.code,
        exclusion_reason=exclusion.reason,
        provider=_provider(read.retour.provider),
        complaint=read.retour.complaint,
        occurred_at=None if read.timestamp is None else ids.parse_iso(read.timestamp),
    )


def _provider(read: _Provider | None) -> ProviderFacts | None:
    return None if read is None else ProviderFacts(**msgspec.structs.asdict(read))
