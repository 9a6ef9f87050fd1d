"""Vonage's statuses and error codes, and what they mean of a message."""

from __future__ import annotations

from retour.model import FailureType, FeedbackStatus
from retour.smsproviders.shapes import Row

SUBMIT_PAGE = "developer.vonage.com/en/api-errors/sms"
RECEIPT_PAGE = "developer.vonage.com/en/messaging/sms/guides/delivery-receipts"

_BOUNCE, _ERROR, _DENYLIST = FeedbackStatus.BOUNCE, FeedbackStatus.ERROR, FeedbackStatus.DENYLIST
_HARD, _SOFT, _IGNORED = FailureType.HARD, FailureType.SOFT, FailureType.IGNORED

BUSY = ("1", "5", "10")
"""Of a submit: too many at once, and a fault inside, after which Vonage asks to try again."""

TROUBLES = {
    "4": "Vonage refuses our credentials. Correct API key and API secret.",
    "8": "Vonage says that the account is suspended.",
    "9": "Vonage says that the account has not enough credit.",
    "11": "Vonage says that the account may not use the SMS API.",
    "14": "Vonage takes signed requests alone. Allow those without a signature in its dashboard.",
    "32": "Vonage takes signed requests alone. Allow those without a signature in its dashboard.",
}
"""Of a submit, and of the account."""

SUBMITS: dict[str, Row] = {
    "2": Row(_ERROR, _IGNORED, "Missing parameters", SUBMIT_PAGE),
    "3": Row(_ERROR, _IGNORED, "Invalid parameters", SUBMIT_PAGE),
    "6": Row(_BOUNCE, _HARD, "Unknown prefix of the number", SUBMIT_PAGE),
    "7": Row(_DENYLIST, _IGNORED, "Number barred", SUBMIT_PAGE),
    "12": Row(_ERROR, _IGNORED, "Text too long", SUBMIT_PAGE),
    "15": Row(_ERROR, _IGNORED, "Sender not allowed", SUBMIT_PAGE),
    "22": Row(_ERROR, _IGNORED, "Invalid network code", SUBMIT_PAGE),
    "23": Row(_ERROR, _IGNORED, "Callback address not taken", SUBMIT_PAGE),
    "29": Row(_ERROR, _IGNORED, "Number not on the list of the demo account", SUBMIT_PAGE),
    "33": Row(_BOUNCE, _HARD, "Number deactivated", SUBMIT_PAGE),
}
"""By `status` of a message in the answer."""

REFUSED = Row(_ERROR, _IGNORED, "Refused by Vonage", SUBMIT_PAGE)

RECEIPTS: dict[str, Row] = {
    "1": Row(_BOUNCE, _IGNORED, "No reason known", RECEIPT_PAGE),
    "2": Row(_BOUNCE, _SOFT, "Absent for now", RECEIPT_PAGE),
    "3": Row(_BOUNCE, _HARD, "Number no longer active", RECEIPT_PAGE),
    "4": Row(_BOUNCE, _HARD, "Barred by the recipient", RECEIPT_PAGE),
    "5": Row(_BOUNCE, _SOFT, "Portability error", RECEIPT_PAGE),
    "6": Row(_BOUNCE, _IGNORED, "Filtered as spam", RECEIPT_PAGE),
    "7": Row(_BOUNCE, _SOFT, "Handset busy", RECEIPT_PAGE),
    "8": Row(_BOUNCE, _SOFT, "Network error", RECEIPT_PAGE),
    "9": Row(_DENYLIST, _IGNORED, "Recipient has opted out", RECEIPT_PAGE),
    "10": Row(_ERROR, _IGNORED, "Error in a parameter of the message", RECEIPT_PAGE),
    "11": Row(_BOUNCE, _IGNORED, "No route", RECEIPT_PAGE),
    "12": Row(_BOUNCE, _HARD, "Destination can't be reached", RECEIPT_PAGE),
    "13": Row(_BOUNCE, _IGNORED, "Recipient too young for this content", RECEIPT_PAGE),
    "14": Row(_BOUNCE, _IGNORED, "Blocked by the carrier", RECEIPT_PAGE),
    "15": Row(_BOUNCE, _SOFT, "Recipient's prepaid credit is used up", RECEIPT_PAGE),
    "16": Row(_ERROR, _IGNORED, "Quota of the gateway used up", RECEIPT_PAGE),
    "39": Row(_ERROR, _IGNORED, "Sender not allowed", RECEIPT_PAGE),
    "50": Row(_ERROR, _IGNORED, "Entity not registered", RECEIPT_PAGE),
    "51": Row(_ERROR, _IGNORED, "Sender not registered", RECEIPT_PAGE),
    "52": Row(_BOUNCE, _IGNORED, "Content filtered", RECEIPT_PAGE),
    "53": Row(_BOUNCE, _IGNORED, "No consent registered", RECEIPT_PAGE),
    "54": Row(_ERROR, _IGNORED, "Against a regulation", RECEIPT_PAGE),
    "99": Row(_BOUNCE, _IGNORED, "General error", RECEIPT_PAGE),
}
"""By `err-code` of a delivery receipt."""

MESSAGES_API = {
    "1180": "2", "1190": "3", "1200": "5", "1210": "6", "1220": "7", "1230": "8", "1240": "9", "1260": "12",
    "1270": "13", "1280": "14", "1290": "15",
}  # fmt: skip
"""The same in the words of the Messages API, for accounts whose receipts are set to it."""

UNDELIVERED = Row(_BOUNCE, _IGNORED, "Not delivered", RECEIPT_PAGE)
EXPIRED = "expired"
FAILED = ("failed", "rejected", "unknown", "undeliverable")

STATUSES: dict[str, Row] = {
    "accepted": Row(FeedbackStatus.SENT, _IGNORED, "", RECEIPT_PAGE),
    "buffered": Row(FeedbackStatus.SENT, _IGNORED, "", RECEIPT_PAGE),
    "submitted": Row(FeedbackStatus.SENT, _IGNORED, "", RECEIPT_PAGE),
    "delivered": Row(FeedbackStatus.DELIVERED, _IGNORED, "", RECEIPT_PAGE),
    "read": Row(FeedbackStatus.DELIVERED, _IGNORED, "", RECEIPT_PAGE),
    EXPIRED: Row(_BOUNCE, _IGNORED, "Expired", RECEIPT_PAGE),
}

NOTHING = Row(None, _IGNORED, "not known", RECEIPT_PAGE)


def meaning(status: str, code: str) -> Row:
    """Of a delivery receipt: its status, and its error code, "" for none."""
    if status not in FAILED:
        return STATUSES.get(status, NOTHING)
    return RECEIPTS.get(MESSAGES_API.get(code, code), UNDELIVERED)
