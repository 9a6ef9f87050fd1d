"""What Infobip's statuses and errors mean.

Source: Infobip, "Response status and error codes" (its groups, and which errors it calls permanent).

Hard is what says that there is no such number, or nobody behind it: it comes on the denylist. Infobip's own flag is
false for many that last and true for expiries, so it decides of unknown errors alone.
"""

from __future__ import annotations

from retour.model import FailureType, FeedbackStatus
from retour.smsproviders.shapes import Row

_STATUS = "API status codes"
_ERROR_CODES = "API error codes"

_BOUNCE, _ERROR = FeedbackStatus.BOUNCE, FeedbackStatus.ERROR
_DENYLIST, _EXCLUDE = FeedbackStatus.DENYLIST, FeedbackStatus.EXCLUDE
_HARD, _SOFT, _IGNORED = FailureType.HARD, FailureType.SOFT, FailureType.IGNORED

ACCEPTED, PENDING, UNDELIVERABLE, DELIVERED, EXPIRED, REJECTED = range(6)
TAKEN = (ACCEPTED, PENDING, DELIVERED)

SENT = Row(FeedbackStatus.SENT, _IGNORED, "Accepted", _STATUS)
KNOWN = Row(None, _IGNORED, "Taken before", _STATUS)
"""Of a duplicate message id: the id is ours, one for each message, so an earlier try was taken."""

NOT_KNOWN = Row(None, _IGNORED, "A status that is not known", _STATUS)

GROUPS: dict[int, Row] = {
    ACCEPTED: SENT,
    PENDING: SENT,
    UNDELIVERABLE: Row(_BOUNCE, _IGNORED, "Undeliverable", _STATUS),
    DELIVERED: Row(FeedbackStatus.DELIVERED, _IGNORED, "Delivered", _STATUS),
    EXPIRED: Row(_BOUNCE, _IGNORED, "Expired", _STATUS),
    REJECTED: Row(_ERROR, _IGNORED, "Rejected by Infobip", _STATUS),
}
"""By the status's group, where neither error nor status say more."""

STATUSES: dict[int, Row] = {
    2: Row(FeedbackStatus.SENT, _IGNORED, "Delivered to the operator", _STATUS),
    6: Row(_ERROR, _IGNORED, "Network not in the account", _STATUS),
    8: Row(_BOUNCE, _HARD, "Prefix missing", _STATUS),
    10: Row(_DENYLIST, _IGNORED, "Do not disturb", _STATUS),
    11: Row(_ERROR, _IGNORED, "Sender not registered", _STATUS),
    12: Row(_ERROR, _IGNORED, "Not enough credits", _STATUS),
    13: Row(_ERROR, _IGNORED, "Sender blocklisted", _STATUS),
    14: Row(_DENYLIST, _IGNORED, "Destination blocklisted", _STATUS),
    17: Row(_ERROR, _IGNORED, "Prepaid package expired", _STATUS),
    18: Row(_ERROR, _IGNORED, "Destination not registered for this account", _STATUS),
    19: Row(_ERROR, _IGNORED, "Route not available", _STATUS),
    20: Row(_EXCLUDE, _IGNORED, "Flooding filter", _STATUS),
    21: Row(_ERROR, _IGNORED, "System error of Infobip", _STATUS),
    23: KNOWN,
    24: Row(_ERROR, _IGNORED, "Invalid user data header", _STATUS),
    25: Row(_ERROR, _IGNORED, "Message too long", _STATUS),
    51: Row(_BOUNCE, _HARD, "Recipient missing", _STATUS),
    52: Row(_BOUNCE, _HARD, "Invalid recipient", _STATUS),
    87: Row(_BOUNCE, _IGNORED, "Blocked as artificial traffic", _STATUS),
}
"""By the status."""


def _errors(status: FeedbackStatus, kind: FailureType, reasons: dict[int, str]) -> dict[int, Row]:
    return {code: Row(status, kind, reason, _ERROR_CODES) for code, reason in reasons.items()}


_NETWORK = (34, 500, 501, 503, 504, 507, 508, 509, 511, *range(1024, 1032), *range(1152, 1157))

ERRORS: dict[int, Row] = {
    **_errors(
        _BOUNCE,
        _HARD,
        {
            1: "Unknown subscriber",
            9: "Illegal subscriber",
            11: "Teleservice not provisioned",
            351: "No such number",
            352: "No such number",
            568: "No such number",
            569: "No such number",
            629: "No such number",
            3041: "Number deactivated",
        },
    ),
    **_errors(
        _BOUNCE,
        _SOFT,
        {
            5: "Unidentified subscriber",
            6: "Absent subscriber",
            8: "Roaming not allowed",
            13: "Call barred",
            27: "Absent subscriber",
            31: "Subscriber busy",
            32: "Delivery failure",
            33: "Message waiting list full",
            256: "Memory capacity exceeded",
            502: "No response of the operator",
            581: "No credit of the subscriber",
            628: "Subscriber not reachable",
            1157: "Network failure",
            1158: "Network congestion",
        },
    ),
    **_errors(_BOUNCE, _IGNORED, dict.fromkeys(_NETWORK, "Network failure")),
    **_errors(
        _BOUNCE,
        _IGNORED,
        {
            12: "Illegal equipment",
            561: "Content blocked by the operator",
            607: "Refused as spam by the operator",
            608: "Refused as spam",
            811: "Expired",
            2048: "Timeout",
            2049: "IMSI blocklisted",
            4098: "Expired",
            4100: "Expired before it was sent",
            4101: "Expired",
            4102: "No connection to the operator",
        },
    ),
    **_errors(
        _DENYLIST, _IGNORED, {603: "Opted out", 2050: "Do not disturb", 2052: "Destination blocklisted"}
    ),
    **_errors(
        _EXCLUDE, _IGNORED, {4103: "Too many messages to this number", 4104: "The same text too often"}
    ),
    **_errors(
        _ERROR, _IGNORED, {355: "Message too long", 2053: "Sender blocklisted", 4096: "Invalid message"}
    ),
    5492: KNOWN,
}
"""By the error; 0 is none."""

LASTING = Row(_BOUNCE, _IGNORED, "Undeliverable", _ERROR_CODES)
PASSING = Row(_BOUNCE, _SOFT, "Not delivered", _ERROR_CODES)
"""Of an error that is not known, by Infobip's flag."""

REFUSED = Row(_ERROR, _IGNORED, "Refused by Infobip", "API errors")
INVALID_RECIPIENT = Row(_BOUNCE, _HARD, "Invalid recipient", "API errors")
