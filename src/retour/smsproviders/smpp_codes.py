"""What the codes of SMPP mean: answers to a submit, states of a message, and the `err` of receipts. Data alone.

Sources: SMPP 3.4 (issue 1.2), by section; the MAP errors of 3GPP TS 29.002, 17.7; Twilio's list of SMPP error codes.
"""

from __future__ import annotations

from typing import NamedTuple

from retour.model import FailureType, FeedbackStatus
from retour.smsproviders.shapes import Row

HARD, SOFT, IGNORED = FailureType.HARD, FailureType.SOFT, FailureType.IGNORED
BOUNCE, ERROR, DELIVERED = FeedbackStatus.BOUNCE, FeedbackStatus.ERROR, FeedbackStatus.DELIVERED

_STATUS = "SMPP 3.4, 5.1.3"
_STATE = "SMPP 3.4, 5.2.28"
_STATE_5 = "SMPP 5.0, 4.7.15"
_MAP = "3GPP TS 29.002, 17.7"
_TWILIO = "https://www.twilio.com/docs/smpp/error-codes"


class Status(NamedTuple):
    """A command status. row: what it says of the message. busy: the SMSC says "later". ours: nothing about a message,
    the SMSC takes nothing on this session."""

    name: str
    row: Row
    busy: bool = False
    ours: bool = False


def _error(name: str, reason: str) -> Status:
    return Status(name, Row(ERROR, IGNORED, reason, _STATUS))


def _bounce(name: str, kind: FailureType, reason: str) -> Status:
    return Status(name, Row(BOUNCE, kind, reason, _STATUS))


def _busy(name: str, reason: str) -> Status:
    return Status(name, Row(None, IGNORED, reason, _STATUS), busy=True)


def _ours(name: str, reason: str) -> Status:
    return Status(name, Row(None, IGNORED, reason, _STATUS), ours=True)


OK = 0x00
LATER = 0x58
"""What is answered to a receipt that has to come again. ESME_RX_T_APPN was made for that, but some take it for final
(Vonage, "SMPP Response Codes"); this one all of those repeat whose lists are public."""
UNKNOWN_COMMAND = 0x03
WRONG_PARAMETER_LENGTH = 0xC2

STATUSES = {
    0x01: _error("ESME_RINVMSGLEN", "Message length is invalid"),
    0x02: _error("ESME_RINVCMDLEN", "Command length is invalid"),
    0x03: _error("ESME_RINVCMDID", "Invalid command id"),
    0x04: _ours("ESME_RINVBNDSTS", "Incorrect bind status for the command"),
    0x05: _ours("ESME_RALYBND", "Already in bound state"),
    0x06: _error("ESME_RINVPRTFLG", "Invalid priority flag"),
    0x07: _error("ESME_RINVREGDLVFLG", "Invalid registered delivery flag"),
    0x08: _busy("ESME_RSYSERR", "System error"),
    0x0A: _error("ESME_RINVSRCADR", "Invalid source address"),
    0x0B: _bounce("ESME_RINVDSTADR", HARD, "Invalid destination address"),
    0x0C: _error("ESME_RINVMSGID", "Message id is invalid"),
    0x0D: _ours("ESME_RBINDFAIL", "Bind failed"),
    0x0E: _ours("ESME_RINVPASWD", "Invalid password"),
    0x0F: _ours("ESME_RINVSYSID", "Invalid system id"),
    0x11: _error("ESME_RCANCELFAIL", "Cancel failed"),
    0x13: _error("ESME_RREPLACEFAIL", "Replace failed"),
    0x14: _busy("ESME_RMSGQFUL", "Message queue full"),
    0x15: _error("ESME_RINVSERTYP", "Invalid service type"),
    0x33: _bounce("ESME_RINVNUMDESTS", HARD, "Invalid number of destinations"),
    0x34: _bounce("ESME_RINVDLNAME", HARD, "Invalid distribution list name"),
    0x40: _error("ESME_RINVDESTFLAG", "Invalid destination flag"),
    0x42: _error("ESME_RINVSUBREP", "Invalid submit with replace"),
    0x43: _error("ESME_RINVESMCLASS", "Invalid esm_class"),
    0x44: _error("ESME_RCNTSUBDL", "Cannot submit to the distribution list"),
    0x45: _error("ESME_RSUBMITFAIL", "Submit failed"),
    0x48: _error("ESME_RINVSRCTON", "Invalid source address TON"),
    0x49: _error("ESME_RINVSRCNPI", "Invalid source address NPI"),
    0x50: _error("ESME_RINVDSTTON", "Invalid destination address TON"),
    0x51: _error("ESME_RINVDSTNPI", "Invalid destination address NPI"),
    0x53: _ours("ESME_RINVSYSTYP", "Invalid system type"),
    0x54: _error("ESME_RINVREPFLAG", "Invalid replace_if_present flag"),
    0x55: _error("ESME_RINVNUMMSGS", "Invalid number of messages"),
    0x58: _busy("ESME_RTHROTTLED", "Allowed message limits exceeded"),
    0x61: _error("ESME_RINVSCHED", "Invalid scheduled delivery time"),
    0x62: _error("ESME_RINVEXPIRY", "Invalid validity period"),
    0x63: _error("ESME_RINVDFTMSGID", "Predefined message is invalid or not found"),
    0x64: _busy("ESME_RX_T_APPN", "Receiver temporary application error"),
    0x65: _error("ESME_RX_P_APPN", "Receiver permanent application error"),
    0x66: _error("ESME_RX_R_APPN", "Receiver rejected the message"),
    0x67: _error("ESME_RQUERYFAIL", "Query failed"),
    0xC0: _error("ESME_RINVOPTPARSTREAM", "Error in the optional part of the PDU"),
    0xC1: _error("ESME_ROPTPARNOTALLWD", "Optional parameter not allowed"),
    0xC2: _error("ESME_RINVPARLEN", "Invalid parameter length"),
    0xC3: _error("ESME_RMISSINGOPTPARAM", "Expected optional parameter missing"),
    0xC4: _error("ESME_RINVOPTPARAMVAL", "Invalid optional parameter value"),
    0xFE: _bounce("ESME_RDELIVERYFAILURE", IGNORED, "Delivery failure"),
    0xFF: _error("ESME_RUNKNOWNERR", "Unknown error"),
}
"""By the status of an answer. 0 is no error."""

UNKNOWN_STATUS = Status("", Row(ERROR, IGNORED, "Refused with a status of the provider's own", _STATUS))
"""Reserved, or a vendor's (0x400 to 0x4FF)."""


class State(NamedTuple):
    """A state of a message. word: in the text of a receipt. by_err: `err` may say more about why."""

    word: str
    row: Row
    by_err: bool = False


STATES = {
    0: State("SCHEDULED", Row(None, IGNORED, "Scheduled", _STATE_5)),
    1: State("ENROUTE", Row(None, IGNORED, "En route", _STATE)),
    2: State("DELIVRD", Row(DELIVERED, IGNORED, "Delivered", _STATE)),
    3: State("EXPIRED", Row(BOUNCE, SOFT, "Validity period expired", _STATE)),
    4: State("DELETED", Row(BOUNCE, IGNORED, "Deleted by the SMSC", _STATE)),
    5: State("UNDELIV", Row(BOUNCE, IGNORED, "Undeliverable", _STATE), by_err=True),
    6: State("ACCEPTD", Row(None, IGNORED, "Accepted", _STATE)),
    7: State("UNKNOWN", Row(BOUNCE, IGNORED, "The SMSC does not know what became of it", _STATE)),
    8: State("REJECTD", Row(BOUNCE, IGNORED, "Rejected", _STATE), by_err=True),
    9: State("SKIPPED", Row(BOUNCE, IGNORED, "Skipped", _STATE_5)),
}
"""By message_state."""

UNKNOWN_STATE = State("", Row(None, IGNORED, "A state that nobody knows", _STATE))

WORDS = {state.word[:5]: number for number, state in STATES.items()}
"""States by the beginning of their word: DELIVRD and DELIVERED, UNDELIV and UNDELIVERABLE, as SMSCs write them."""

WORDS |= {"FAILE": 5, "SYSER": 5, "NOCRE": 8}
"""FAILED, SYSERR and NOCRED are no states of SMPP; gateways write them when it is over (SMS Central, Route Mobile)."""


def _err(kind: FailureType, reason: str, source: str) -> Row:
    return Row(BOUNCE, kind, reason, source)


ERRORS: dict[str, dict[int, Row]] = {
    "generic": {},
    "twilio": {
        1: _err(SOFT, "Absent subscriber", _TWILIO),
        2: _err(SOFT, "Handset memory full", _TWILIO),
        3: _err(SOFT, "Equipment protocol error", _TWILIO),
        4: _err(HARD, "Equipment without SMS", _TWILIO),
        5: _err(HARD, "Unknown subscriber", _TWILIO),
        6: _err(HARD, "Illegal subscriber", _TWILIO),
        7: _err(HARD, "Teleservice not provisioned", _TWILIO),
        8: _err(HARD, "Illegal equipment", _TWILIO),
        9: _err(SOFT, "Call barred", _TWILIO),
        10: _err(IGNORED, "Facility not supported", _TWILIO),
        11: _err(SOFT, "Subscriber busy", _TWILIO),
        12: _err(SOFT, "System failure", _TWILIO),
    },
    "gsm": {
        1: _err(HARD, "Unknown subscriber", _MAP),
        5: _err(HARD, "Unidentified subscriber", _MAP),
        6: _err(SOFT, "Absent subscriber (SM)", _MAP),
        8: _err(SOFT, "Roaming not allowed", _MAP),
        9: _err(HARD, "Illegal subscriber", _MAP),
        10: _err(HARD, "Bearer service not provisioned", _MAP),
        11: _err(HARD, "Teleservice not provisioned", _MAP),
        12: _err(HARD, "Illegal equipment", _MAP),
        13: _err(SOFT, "Call barred", _MAP),
        21: _err(IGNORED, "Facility not supported", _MAP),
        27: _err(SOFT, "Absent subscriber", _MAP),
        31: _err(SOFT, "Subscriber busy for text messages", _MAP),
        32: _err(SOFT, "Delivery failure at the handset", _MAP),
        33: _err(SOFT, "Message waiting list full", _MAP),
        34: _err(SOFT, "System failure", _MAP),
        35: _err(IGNORED, "Data missing", _MAP),
        36: _err(IGNORED, "Unexpected data value", _MAP),
    },
}
"""What `err` of a receipt means, by the vocabulary that the SMSC uses. One that is not here leaves it to the state."""
