"""What Sinch's codes and statuses mean.

Sources: Sinch, "Delivery reports" (statuses, and the REST API's own codes, 400 to 413), "SMPP error codes" (the codes
that its networks report, and whether it treats them as permanent), "HTTP status codes" of the SMS REST API.

Hard is what Sinch calls permanent and what is of the number itself: it comes on the denylist. What is permanent of a
route, a handset or a sender is Ignored.
"""

from __future__ import annotations

from retour.model import FailureType, FeedbackStatus
from retour.smsproviders.shapes import Row

_STATUSES = "Delivery report statuses"
_CODES = "Delivery report error codes"
_SMPP = "SMPP error codes"
_HTTP = "HTTP status codes"

_BOUNCE, _ERROR = FeedbackStatus.BOUNCE, FeedbackStatus.ERROR
_HARD, _SOFT, _IGNORED = FailureType.HARD, FailureType.SOFT, FailureType.IGNORED


def _rows(status: FeedbackStatus, kind: FailureType, source: str, reasons: dict[int, str]) -> dict[int, Row]:
    return {code: Row(status, kind, reason, source) for code, reason in reasons.items()}


STATUSES: dict[str, Row] = {
    "queued": Row(None, _IGNORED, "Queued", _STATUSES),
    "dispatched": Row(FeedbackStatus.SENT, _IGNORED, "Dispatched", _STATUSES),
    "delivered": Row(FeedbackStatus.DELIVERED, _IGNORED, "Delivered", _STATUSES),
    "unknown": Row(None, _IGNORED, "No receipt from the network", _STATUSES),
    "expired": Row(_BOUNCE, _IGNORED, "Expired", _STATUSES),
    "deleted": Row(_BOUNCE, _HARD, "Invalid number, or opted out", _STATUSES),
    "cancelled": Row(FeedbackStatus.EXCLUDE, _IGNORED, "Cancelled", _STATUSES),
    "canceled": Row(FeedbackStatus.EXCLUDE, _IGNORED, "Cancelled", _STATUSES),
    "aborted": Row(_BOUNCE, _IGNORED, "Aborted", _STATUSES),
    "rejected": Row(_BOUNCE, _IGNORED, "Rejected by the network", _STATUSES),
    "failed": Row(_BOUNCE, _IGNORED, "Failed", _STATUSES),
}
"""By status, in lower case; of the last three the code says more where it is known."""

CODED = ("aborted", "rejected", "failed")

NOT_KNOWN = Row(None, _IGNORED, "A status that is not known", _STATUSES)

CODES: dict[int, Row] = {
    402: Row(_BOUNCE, _SOFT, "Message unroutable", _CODES),
    403: Row(_BOUNCE, _SOFT, "Internal error of Sinch", _CODES),
    404: Row(_BOUNCE, _SOFT, "Temporary delivery failure", _CODES),
    405: Row(_ERROR, _IGNORED, "Unmatched parameter", _CODES),
    406: Row(_BOUNCE, _IGNORED, "Expired before it reached the network", _CODES),
    407: Row(FeedbackStatus.EXCLUDE, _IGNORED, "Cancelled", _CODES),
    408: Row(_BOUNCE, _SOFT, "Internal reject", _CODES),
    410: Row(_ERROR, _IGNORED, "No default originator for this recipient", _CODES),
    411: Row(_ERROR, _IGNORED, "Exceeded parts limit", _CODES),
    412: Row(_ERROR, _IGNORED, "Account not provisioned for this region", _CODES),
    413: Row(_ERROR, _IGNORED, "Account blocked", _CODES),
    61: Row(FeedbackStatus.DENYLIST, _IGNORED, "Destination blocked", _SMPP),
    **_rows(
        _BOUNCE,
        _HARD,
        _SMPP,
        {
            100: "Unidentified subscriber",
            150: "Unknown subscriber",
            151: "Call barred",
            152: "Teleservice not provisioned",
            204: "Facility not supported",
            205: "Illegal subscriber",
            300: "Invalid destination address",
            301: "Invalid destination numbering plan",
            302: "Invalid destination type of number",
        },
    ),
    **_rows(
        _BOUNCE,
        _SOFT,
        _SMPP,
        {
            101: "Facility not supported",
            102: "System failure",
            106: "Unknown service centre address",
            107: "Service centre congestion",
            109: "Not a subscriber of the service centre",
            111: "Local cancel",
            112: "Abort",
            153: "Absent subscriber",
            155: "System failure",
            158: "Memory capacity exceeded",
            159: "Mobile subscriber not reachable",
            161: "Local cancel",
            162: "Abort",
            200: "Unidentified subscriber",
            201: "Absent subscriber, IMSI detached",
            202: "Absent subscriber, no page response",
            203: "Subscriber busy for MT SMS",
            207: "System failure",
            210: "Memory capacity exceeded",
            211: "Equipment protocol error",
            212: "Equipment not short message equipped",
            214: "Local cancel",
            215: "Abort",
            322: "Temporary error of the receiver",
            360: "Message queue full",
        },
    ),
    **_rows(
        _BOUNCE,
        _IGNORED,
        _SMPP,
        {
            9: "Unsupported number plan",
            10: "Unsupported type of number",
            11: "Message not delivered",
            12: "Dialling zone not found",
            15: "Screening block",
            16: "Terminating IMSI blocked",
            17: "Destination network type unknown",
            19: "Originating location mismatch",
            60: "Originator blocked",
            62: "Keyword blocked",
            63: "Service centre address blocked",
            64: "Quota exceeded",
            65: "Loop detected",
            66: "Data coding scheme blocked",
            67: "Information element blocked",
            108: "Invalid short message entity address",
            154: "Facility not supported where the subscriber is",
            206: "Illegal equipment",
            254: "Barred by the subscriber's white list",
            255: "Barred by the subscriber's black list",
            256: "Barred by the operator's white list",
            257: "Barred by the operator's black list",
            320: "Permanent error of the receiver",
            321: "Rejected by the receiver",
        },
    ),
    **_rows(
        _ERROR,
        _IGNORED,
        _SMPP,
        {
            310: "Invalid source address",
            311: "Invalid source numbering plan",
            312: "Invalid source type of number",
            339: "Invalid validity",
            342: "Invalid message class",
            343: "Invalid message length",
        },
    ),
}
"""By code; of one that is not here the status alone speaks."""

REFUSALS: dict[str, Row] = {
    "syntax_invalid_json": Row(_ERROR, _IGNORED, "Invalid JSON", _HTTP),
    "syntax_invalid_parameter_format": Row(_ERROR, _IGNORED, "Invalid parameter", _HTTP),
    "syntax_constraint_violation": Row(_ERROR, _IGNORED, "Constraint violation", _HTTP),
    "unknown_campaign": Row(_ERROR, _IGNORED, "The campaign is not one of this sender", _HTTP),
}
"""What the API refuses, by the code in its answer."""

REFUSED = Row(_ERROR, _IGNORED, "Refused by Sinch", _HTTP)
INVALID_RECIPIENT = Row(_BOUNCE, _HARD, "Invalid recipient", _HTTP)
