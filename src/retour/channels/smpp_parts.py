"""A text message as the submits that carry it. Pure."""

from __future__ import annotations

import re
import zlib

import smpp34

from retour.channels import Outgoing, Receipt
from retour.channels.smpp_pdus import UCS2_CODING, UDH_PRESENT
from retour.limits import SMPP_PARTS, SMPP_VALIDITY_MINUTES
from retour.model import Fact, Failure, FailureCategory, FailureType, FeedbackStatus, ProviderFacts, Value
from retour.segments import GSM, SHOWN, UCS2, encoding_of, octets, split
from retour.smsproviders.smpp import PROVIDER, choice, source

ANSWERED = {"final": (1, 2), "all": (0x11, 0x12), "none": (0, 0)}
"""registered_delivery of the last part and of the others: of these, a receipt is asked for in the case of failure."""

_NUMBER = re.compile(r"\+?([0-9]{3,20})")
_SENDER = re.compile(r"[ -~]{1,20}")
MINUTES, HOURS, DAYS = 60, 3_600, 86_400


class Part(Value, frozen=True):
    """What one submit carries: a whole message, or one part of it behind the header that joins them."""

    source: tuple[str, int, int]
    to: str
    octets: bytes
    coding: int
    esm_class: int
    registered: int
    validity: str

    @property
    def encoding(self) -> str:
        """As it is shown."""
        return SHOWN[UCS2 if self.coding == UCS2_CODING else GSM]

    def encoded(self, sequence: int) -> bytes:
        """submit_sm."""
        address, ton, npi = self.source
        return smpp34.SubmitSm(
            address, self.to, self.octets,
            source_addr_ton=ton, source_addr_npi=npi, dest_addr_ton=1, dest_addr_npi=1, esm_class=self.esm_class,
            registered_delivery=self.registered, validity_period=self.validity, data_coding=self.coding,
            sequence_number=sequence,
        ).encode()  # fmt: skip


def parts_of(outgoing: Outgoing) -> tuple[Part, ...] | Receipt:
    """The parts in their order, or what can be known to be wrong before anybody is called."""
    configuration, text = outgoing.configuration, (outgoing.content and outgoing.content.text) or ""
    if configuration.sms is None or configuration.provider_settings is None:
        return Receipt(trouble="The channel configuration has no SMS or SMPP settings. Complete it.")
    settings = configuration.provider_settings.values
    sender = source(configuration.sms.sender_number, settings)
    if not _SENDER.fullmatch(sender[0]):
        return Receipt(
            trouble="The sender has to be a number or a name of 20 ASCII characters at most. Correct it."
        )
    to = _NUMBER.fullmatch(outgoing.address)
    bodies = _bodies(text, zlib.crc32(outgoing.mark.encode()) & 0xFF)
    if to is None or len(bodies) > SMPP_PARTS:
        return _never("not a telephone number" if to is None else f"a text of more than {SMPP_PARTS} parts")
    last, others = ANSWERED[choice(settings, "registeredDelivery")]
    minutes = min(configuration.sms.retry_period_minutes, SMPP_VALIDITY_MINUTES)
    return tuple(
        Part(
            source=sender, to=to[1], octets=body, coding=coding, esm_class=esm_class,
            registered=last if place == len(bodies) else others, validity=validity(minutes),
        )
        for place, (body, coding, esm_class) in enumerate(bodies, 1)
    )  # fmt: skip


def _bodies(text: str, number: int) -> tuple[tuple[bytes, int, int], ...]:
    """Octets, data_coding and esm_class of each part. number: 0 to 255, the same at each try.

    A try after one that broke off repeats parts under the same number, so that a phone joins whichever arrive
    (3GPP TS 23.040, 9.2.3.24.1).
    """
    encoding, parts = encoding_of(text), split(text)
    coding = 0 if encoding == GSM else UCS2_CODING
    if len(parts) < 2:
        return ((octets(text, encoding), coding, 0),)
    joins = (bytes((5, 0, 3, number, len(parts) & 0xFF, place & 0xFF)) for place in range(1, len(parts) + 1))
    return tuple(
        (join + octets(part, encoding), coding, UDH_PRESENT) for join, part in zip(joins, parts, strict=True)
    )


def validity(minutes: float) -> str:
    """A relative time (SMPP 3.4, 7.1.1.1): years to seconds from now, a minute at least."""
    seconds = max(MINUTES, int(minutes * 60))
    days, hours = seconds // DAYS, seconds // HOURS % 24
    return f"0000{days:02d}{hours:02d}{seconds // MINUTES % 60:02d}{seconds % 60:02d}000R"


def _never(why: str) -> Receipt:
    """It can't be sent as it is, by anybody."""
    failure = Failure(
        category=FailureCategory.SYNC, type=FailureType.IGNORED, code="25", reason=f"Admin Failure: {why}"
    )
    facts = ProviderFacts(name=PROVIDER, text=why)
    return Receipt(facts=(Fact(status=FeedbackStatus.ERROR, key="error", failure=failure, provider=facts),))
