"""Twilio's statuses and error codes, and what they mean of a message.

Twilio splits codes into finer ones from time to time and advises against hard logic on them (changelog of 2024-07-10):
what is not here goes by its range. Source of each row: twilio.com/docs/api/errors/<code>.
"""

from __future__ import annotations

from retour.model import FailureType, FeedbackStatus
from retour.smsproviders.shapes import Row

DICTIONARY = "twilio.com/docs/api/errors/"
STATUS_PAGE = "twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks"

_REASONS: tuple[tuple[FeedbackStatus, FailureType, dict[str, str]], ...] = (
    (
        FeedbackStatus.BOUNCE,
        FailureType.HARD,
        {
            "21211": "Invalid number",
            "21214": "Number can't be reached",
            "21217": "Invalid number",
            "21265": "Number is a short code",
            "21268": "Number is of a premium service",
            "21614": "Number is no mobile number",
            "21635": "Number is a landline",
            "30005": "Unknown destination handset",
            "30006": "Landline or unreachable carrier",
        },
    ),
    (
        FeedbackStatus.BOUNCE,
        FailureType.SOFT,
        {"30003": "Unreachable destination handset", "30011": "MMS not supported by the carrier"},
    ),
    (
        FeedbackStatus.BOUNCE,
        FailureType.IGNORED,
        {
            "30004": "Blocked by the carrier or the recipient",
            "30007": "Filtered as spam",
            "30008": "Unknown error at the carrier",
            "30009": "A part went missing",
            "30036": "Validity period expired",
            "30038": "One-time password filtered",
            "30410": "Provider timeout",
            "30450": "Blocked as fraud",
            "30453": "Blocked as pumping",
        },
    ),
    (FeedbackStatus.DENYLIST, FailureType.IGNORED, {"21610": "Recipient has opted out"}),
    (
        FeedbackStatus.ERROR,
        FailureType.IGNORED,
        {
            "21212": "Invalid sender",
            "21266": "Sender and recipient are the same",
            "21267": "Sender not for trial accounts",
            "21408": "Region not enabled",
            "21602": "No text",
            "21603": "No sender",
            "21604": "No recipient",
            "21605": "Text too long",
            "21606": "Sender can't send messages",
            "21608": "Number not verified (trial account)",
            "21609": "Callback address not taken",
            "21612": "No route from this sender to this number",
            "21617": "Text too long",
            "21624": "Validity period not taken",
            "21659": "Sender is no number of Twilio",
            "21660": "Sender is another account's",
            "21661": "Sender can't send messages",
            "21701": "No such messaging service",
            "21703": "Messaging service without senders",
            "30001": "Queue overflow",
            "30002": "Account suspended",
            "30010": "Price over the maximum",
            "30017": "Carrier congestion",
            "30018": "Sender needs registration",
            "30022": "Rate limit of the carrier (10DLC)",
            "30023": "Daily limit of the carrier (10DLC)",
            "30024": "Sender not provisioned by the carrier",
            "30027": "Daily limit of the carrier (10DLC)",
            "30032": "Toll-free number not verified",
            "30034": "Sender not registered (10DLC)",
        },
    ),
)

CODES: dict[str, Row] = {
    code: Row(status, kind, reason, DICTIONARY + code)
    for status, kind, reasons in _REASONS
    for code, reason in reasons.items()
}

BUSY = ("14107", "20429", "21611")
"""Too many at once: Twilio took nothing, and will later."""

TROUBLES = {
    "10001": "Twilio says that the account is not active.",
    "20003": "Twilio refuses our credentials. Correct Account SID and Auth Token.",
    "20005": "Twilio says that the account is not active.",
    "20404": "Twilio knows no such account here. Check Account SID and base URL.",
}
"""Of the account, not of this message."""

FAILED = ("failed", "undelivered")

STATUSES: dict[str, Row] = {
    "sent": Row(FeedbackStatus.SENT, FailureType.IGNORED, "", STATUS_PAGE),
    "delivered": Row(FeedbackStatus.DELIVERED, FailureType.IGNORED, "", STATUS_PAGE),
    "read": Row(FeedbackStatus.DELIVERED, FailureType.IGNORED, "", STATUS_PAGE),
    "partially_delivered": Row(FeedbackStatus.DELIVERED, FailureType.IGNORED, "", STATUS_PAGE),
    "canceled": Row(FeedbackStatus.EXCLUDE, FailureType.IGNORED, "Canceled at Twilio", STATUS_PAGE),
}

QUEUED = Row(None, FailureType.IGNORED, "on its way", STATUS_PAGE)
"""accepted, scheduled, queued, sending, and what may be added."""

UNDELIVERED = Row(FeedbackStatus.BOUNCE, FailureType.IGNORED, "Not delivered", DICTIONARY)
REFUSED = Row(FeedbackStatus.ERROR, FailureType.IGNORED, "Refused by Twilio", DICTIONARY)


def meaning(status: str, code: str) -> Row:
    """Of a message's status, and its error code, "" for none."""
    return row_of(code) if status in FAILED else STATUSES.get(status, QUEUED)


def row_of(code: str) -> Row:
    """3xxxx: on its way to the recipient; anything else was refused at the door."""
    return CODES.get(code) or (UNDELIVERED if code[:1] in ("", "3") else REFUSED)
