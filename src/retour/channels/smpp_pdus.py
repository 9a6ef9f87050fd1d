"""PDUs of SMPP 3.4 as octets. submit_sm and deliver_sm are smpp34's; the few others are a header and some strings."""

from __future__ import annotations

import struct
from typing import NamedTuple

import smpp34

from retour.segments import ALPHABET, ESCAPE, EXTENSION
from retour.smsproviders.smpp import Delivered

RESPONSE = 0x80000000
NACK = 0x80000000
SUBMIT_SM, DELIVER_SM, UNBIND, BIND_TRANSCEIVER, ENQUIRE_LINK = 0x04, 0x05, 0x06, 0x09, 0x15
VERSION = 0x34
RECEIPTED_MESSAGE_ID, MESSAGE_STATE, NETWORK_ERROR_CODE, MESSAGE_PAYLOAD = 0x001E, 0x0427, 0x0423, 0x0424
HEADER = struct.Struct("!IIII")

UDH_PRESENT = 0x40  # of esm_class
KIND = 0x3C  # of esm_class: what it is, 0 for a message
UCS2_CODING = 8
LATIN_CODINGS = (1, 3)  # IA5, Latin 1
_ESCAPE = ALPHABET.index(ESCAPE)
_ESCAPED = {septet: character for character, septet in EXTENSION.items()}


class Pdu(NamedTuple):
    """A PDU as it came. raw: all of it."""

    command: int
    status: int
    sequence: int
    raw: bytes

    @property
    def body(self) -> bytes:
        """What follows the header."""
        return self.raw[HEADER.size :]


def header(raw: bytes) -> Pdu:
    """The PDU of these octets, which begin with its length."""
    _, command, status, sequence = HEADER.unpack_from(raw)
    return Pdu(command, status, sequence, raw)


def pdu(command: int, sequence: int, status: int = 0, body: bytes = b"") -> bytes:
    """Any PDU."""
    return HEADER.pack(HEADER.size + len(body), command, status, sequence) + body


def bind(system_id: str, password: str, system_type: str) -> bytes:
    """The body of bind_transceiver (4.1.5)."""
    words = b"".join(word.encode("ascii", "replace") + b"\0" for word in (system_id, password, system_type))
    return words + bytes((VERSION, 0, 0)) + b"\0"


def string(body: bytes) -> str:
    """The C-octet string that a body begins with."""
    return body.partition(b"\0")[0].decode("latin-1")


def delivered(raw: bytes) -> Delivered | None:
    """What a deliver_sm carries; None where it is not well-formed."""
    try:
        found = smpp34.decode(raw)
    except smpp34.SmppError:
        return None
    if not isinstance(found, smpp34.DeliverSm):
        return None
    values = {tlv.tag: tlv.value for tlv in found.tlvs}
    body = found.short_message or values.get(MESSAGE_PAYLOAD, b"")
    state = values.get(MESSAGE_STATE, b"")
    return Delivered(
        esm_class=found.esm_class,
        sender=_number(found.source_addr, found.source_addr_ton),
        to=_number(found.destination_addr, found.dest_addr_ton),
        text=_text(body, found.data_coding, found.esm_class),
        receipted_id=string(values.get(RECEIPTED_MESSAGE_ID, b"")),
        state=state[0] if state else None,
        network_error=_network_error(values.get(NETWORK_ERROR_CODE, b"")),
    )


def _number(address: str, ton: int) -> str:
    """An international number is written with + everywhere else."""
    return f"+{address}" if ton == 1 and address.isdecimal() else address


def _network_error(value: bytes) -> str:
    """Kind of network and code (5.3.2.31)."""
    return f"{value[0]}/{int.from_bytes(value[1:3])}" if len(value) == 3 else ""


def _text(body: bytes, coding: int, esm_class: int) -> str:
    """A receipt is ASCII whatever alphabet the SMSC has by default: `_` in an id would be `§`.

    Some repeat in it what the message had that it is about, its coding and its esm_class; then its text is ASCII all
    the same, without any header.
    """
    is_receipt = bool(esm_class & KIND)
    if esm_class & UDH_PRESENT and body and not (is_receipt and body[:3].lower() == b"id:"):
        body = body[1 + body[0] :]
    if coding == UCS2_CODING and not (is_receipt and body[:1] != b"\0"):
        return body.decode("utf-16-be", "replace")
    if coding in LATIN_CODINGS or is_receipt:
        return body.decode("latin-1")
    return _gsm_text(body)


def _gsm_text(body: bytes) -> str:
    """Unpacked septets; what is beyond them, as Latin 1, which some SMSCs send instead."""
    found, escaped = [], False
    for octet in body:
        if octet == _ESCAPE and not escaped:
            escaped = True
            continue
        plain = ALPHABET[octet] if octet < len(ALPHABET) else chr(octet)
        found.append(_ESCAPED.get(octet, plain) if escaped else plain)
        escaped = False
    return "".join(found)
