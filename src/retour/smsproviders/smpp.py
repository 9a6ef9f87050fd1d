"""SMPP 3.4: what is configured for an SMSC, what its answers and receipts mean, and how the ids in them compare. Pure.

The other half, the sessions, is channels/sms_smpp.py. Tables: smpp_codes.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from retour.model import FailureCategory, ProviderFacts, Value
from retour.smsproviders.shapes import (
    Busy,
    Field,
    Kind,
    Outcome,
    Refused,
    Reply,
    Report,
    Row,
    Settings,
    Taken,
    Trouble,
    learned,
    number,
    text,
    word,
)
from retour.smsproviders.smpp_codes import (
    ERRORS,
    OK,
    STATES,
    STATUSES,
    UNKNOWN_STATE,
    UNKNOWN_STATUS,
    WORDS,
    State,
)

NAME = "SMPP 3.4"
PROVIDER = "smpp"
AUTO = "auto"
WINDOW = (1, 100)
WINDOW_DEFAULT = 10

FIELDS: tuple[Field, ...] = (
    Field(name="host", label="Host of the SMSC", required=True, leads=True),
    Field(
        name="port",
        label="Port",
        kind=Kind.NUMBER,
        required=True,
        help="Often 2775, with TLS 3550.",
        leads=True,
    ),
    Field(
        name="security",
        label="Security",
        kind=Kind.CHOICE,
        choices=("tls", "none"),
        help="Without TLS only to this machine, for a tunnel that ends here.",
        leads=True,
    ),
    Field(name="systemId", label="System ID", required=True),
    Field(name="password", label="Password", kind=Kind.SECRET, required=True),
    Field(name="systemType", label="System type", help="Empty, unless the provider names one."),
    Field(
        name="window",
        label="Window",
        kind=Kind.NUMBER,
        help="Messages that may wait for an answer at once: 1 to 100, 10 by default.",
    ),
    Field(
        name="sourceTon",
        label="Type of number of the sender",
        kind=Kind.CHOICE,
        choices=(AUTO, "0", "1", "2", "3", "4", "5", "6"),
        help="auto: 1 for a number with +, 3 for a short code, 5 for a name.",
    ),
    Field(
        name="sourceNpi",
        label="Numbering plan of the sender",
        kind=Kind.CHOICE,
        choices=(AUTO, "0", "1", "3", "4", "6", "8", "9", "10", "14", "18"),
        help="auto: 1 for a number with +, else 0.",
    ),
    Field(
        name="messageIds",
        label="Message ids in receipts",
        kind=Kind.CHOICE,
        choices=(AUTO, "same", "decimal", "hexadecimal"),
        help="decimal: answers name a message in hexadecimal, receipts in decimal. hexadecimal: the other way round.",
    ),
    Field(
        name="errorTable",
        label="Error codes in receipts",
        kind=Kind.CHOICE,
        choices=tuple(ERRORS),
        help="What err: in a receipt means: nothing that is known, Twilio's list, or the errors of GSM MAP.",
    ),
    Field(
        name="registeredDelivery",
        label="Receipts",
        kind=Kind.CHOICE,
        choices=("final", "all", "none"),
        help="all: intermediate ones, too, which change nothing here.",
    ),
)

_LONGEST = {"systemId": 15, "password": 64, "systemType": 12}
_PLAIN = re.compile(r"[ -~]*")
_RECEIPT = {
    "id": re.compile(r"\bid:\s*(?!sub:|dlvrd:|submit date:)(\S{1,65})", re.I),
    "stat": re.compile(
        r"(?:\bstat:\s*(?!\w{1,20}:)|\bdone date:\s*\d{6,16}\s+(?=[a-z]{5,13}\b(?!:)))(\w{1,20})", re.I
    ),
    "err": re.compile(r"\berr:\s*(\w{1,10})", re.I),
    "done": re.compile(r"\bdone date:\s*(\d{6,16})", re.I),
}
_TEXT = re.compile(r"\btext:", re.I)
_HEX = re.compile(r"[0-9a-f]{1,32}")
_SURE = 1 << 24
"""Auto compares notations of ids from here on: below it, one message's id in one is another's id in the other."""


class Delivered(Value, frozen=True):
    """What a deliver_sm carries. text: decoded. receipted_id, state: of its TLVs, "" and None where they are missing.

    network_error: kind of network and code as `3/27`, "" for none.
    """

    esm_class: int
    sender: str
    to: str
    text: str
    receipted_id: str = ""
    state: int | None = None
    network_error: str = ""


# --- settings ---


def wrong(settings: Settings) -> dict[str, str]:
    """What is wrong with the settings, a sentence for each field's name."""
    found = {}
    if not re.fullmatch(r"[^\s/@]{1,253}", text(settings, "host")):
        found["host"] = "Enter a host name or an address, without a scheme."
    if not 1 <= (number(settings, "port") or 0) <= 65_535:
        found["port"] = "Enter a port from 1 to 65535."
    if not WINDOW[0] <= window(settings) <= WINDOW[1]:
        found["window"] = f"Enter a number from {WINDOW[0]} to {WINDOW[1]}."
    for name, longest in _LONGEST.items():
        value = text(settings, name)
        if len(value) > longest or not _PLAIN.fullmatch(value):
            found[name] = f"Use {longest} characters at most, of ASCII."
    return found


def window(settings: Settings) -> int:
    """How many submits may wait for an answer."""
    if settings.get("window") in (None, ""):
        return WINDOW_DEFAULT
    return number(settings, "window") or 0


def choice(settings: Settings, name: str) -> str:
    """A choice, the default one where nothing is chosen."""
    field = next(field for field in FIELDS if field.name == name)
    value = text(settings, name)
    return value if value in field.choices else field.choices[0]


def source(sender: str, settings: Settings) -> tuple[str, int, int]:
    """The sender as a submit has it: address, type of number, numbering plan."""
    if sender.startswith("+"):
        address, ton, npi = sender[1:], 1, 1
    elif sender.isdecimal():
        address, ton, npi = sender, 3, 0
    else:
        address, ton, npi = sender, 5, 0
    chosen = choice(settings, "sourceTon"), choice(settings, "sourceNpi")
    return address, ton if chosen[0] == AUTO else int(chosen[0]), npi if chosen[1] == AUTO else int(chosen[1])


# --- message ids ---


def references(message_id: str, settings: Settings) -> tuple[str, ...]:
    """What receipts may call a message that an answer gave this id; canonical, as `reference` makes them."""
    same = _canonical(message_id)
    notation = choice(settings, "messageIds")
    if not same or notation == "same":
        return (same,) if same else ()
    if notation == "decimal":
        return (_decimal(same) or same,)
    if notation == "hexadecimal":
        return (_hexadecimal(same) or same,)
    others = (_decimal(same, _SURE), _hexadecimal(same, _SURE))
    return tuple(dict.fromkeys((same, *(other for other in others if other))))


def reference(message_id: str) -> str:
    """The id in a receipt, as it is looked for."""
    return _canonical(message_id)


def _canonical(message_id: str) -> str:
    """Capitals and leading zeros of a number differ between answers and receipts of one SMSC."""
    bare = (word(message_id) or "").lower()
    return (bare.lstrip("0") or "0") if _HEX.fullmatch(bare) else bare


def _decimal(hexadecimal: str, least: int = 0) -> str | None:
    value = int(hexadecimal, 16) if _HEX.fullmatch(hexadecimal) else -1
    return str(value) if value >= least else None


def _hexadecimal(decimal: str, least: int = 0) -> str | None:
    value = int(decimal) if _HEX.fullmatch(decimal) and decimal.isdecimal() else -1
    return f"{value:x}" if value >= least else None


# --- what an answer means ---


def answer(status: int, message_id: str, settings: Settings) -> Outcome:
    """What the SMSC's answer to a submit means."""
    known = STATUSES.get(status, UNKNOWN_STATUS)
    code = f"0x{status:08X}"
    if status == OK:
        facts = ProviderFacts(name=PROVIDER, code=code, reference=word(message_id))
        return Taken(facts=facts, references=references(message_id, settings))
    facts = ProviderFacts(name=PROVIDER, code=code, text=known.name or None)
    if known.busy:
        return Busy(facts=facts)
    if known.ours:
        return Trouble(sentence=f"The SMSC takes no messages: {told(status)}.", facts=facts)
    return Refused(learned=learned(known.row, code, facts, FailureCategory.SYNC))


def told(status: int) -> str:
    """A status in words, for a sentence."""
    known = STATUSES.get(status)
    return f"{known.row.reason.lower()} ({known.name})" if known else f"status 0x{status:08X}"


# --- what comes in ---


def read(delivered: Delivered, settings: Settings) -> Report | Reply | None:
    """A receipt, a person's message, or None: an acknowledgement by a handset, which tells nothing here.

    A receipt is known by esm_class or by its TLV; by its text alone it is not, since anybody can write that.
    """
    kind = delivered.esm_class & 0x3C
    if kind in (0x04, 0x20) or delivered.receipted_id:
        return _report(delivered, settings)
    if kind:
        return None
    return Reply(sender=delivered.sender, to=delivered.to, text=delivered.text)


def _report(delivered: Delivered, settings: Settings) -> Report:
    """TLVs first, where they say something that is known: text has no rule that every SMSC keeps."""
    said = _said(delivered.text)
    in_words = WORDS.get(said.get("stat", "").upper()[:5], -1)
    state = STATES.get(delivered.state if delivered.state in STATES else in_words, UNKNOWN_STATE)
    named = reference(delivered.receipted_id or said.get("id", ""))
    if state.row.status is None:
        return Report(mark="", reference=named, learned=None)
    row, code = _row(state, said.get("err", ""), settings)
    facts = _facts(delivered, said, state, code)
    return Report(mark="", reference=named, learned=learned(row, code, facts, FailureCategory.ASYNC))


def _said(receipt: str) -> dict[str, str]:
    """The fields of a receipt's text (SMPP 3.4, appendix B), without the message's own beginning, which comes last."""
    before = _TEXT.split(receipt, maxsplit=1)[0]
    found = ((name, pattern.search(before)) for name, pattern in _RECEIPT.items())
    return {name: match[1] for name, match in found if match}


def _row(state: State, err: str, settings: Settings) -> tuple[Row, str]:
    """What it means, and the code that says so: `err` where its table knows it, else the state's word."""
    table = ERRORS[choice(settings, "errorTable")]
    known = table.get(int(err)) if state.by_err and err.isdecimal() else None
    return (known, err) if known else (state.row, state.word)


def _facts(delivered: Delivered, said: Mapping[str, str], state: State, code: str) -> ProviderFacts:
    """The SMSC's own words. Its times have no zone, so they stay words."""
    words = [f"{name}:{said[name]}" for name in ("stat", "err") if name in said]
    words += [f"done date:{said['done']}"] if "done" in said else []
    words += [f"message_state:{delivered.state} ({state.word})"] if delivered.state is not None else []
    words += [f"network_error_code:{delivered.network_error}"] if delivered.network_error else []
    named = word(delivered.receipted_id or said.get("id", ""))
    return ProviderFacts(name=PROVIDER, code=code, text=" ".join(words) or None, reference=named)
