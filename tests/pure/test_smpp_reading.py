"""SMPP's receipts and ids: what they mean, and which message they name. Pure."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retour.channels.smpp_pdus import delivered
from retour.model import FailureType, FeedbackStatus
from retour.smsproviders.shapes import Busy, Refused, Reply, Report, Taken, Trouble
from retour.smsproviders.smpp import FIELDS, Delivered, answer, choice, read, reference, references, wrong
from retour.smsproviders.smpp_codes import ERRORS, STATES, STATUSES

GOOD = {"host": "smsc.example", "port": 2775, "systemId": "acme", "password": "secret"}
RECEIPT = (
    "id:{id} sub:001 dlvrd:000 submit date:2611302100 done date:2611302101 stat:{stat} err:{err} text:Hi"
)


def receipt(stat: str, err: str = "000", *, settings: dict[str, Any] | None = None, **tlvs: Any) -> Report:
    """A receipt of the message `3EB`, read."""
    text = RECEIPT.format(id="3EB", stat=stat, err=err)
    found = read(Delivered(esm_class=4, sender="+49151", to="+1555", text=text, **tlvs), settings or {})
    assert isinstance(found, Report)
    return found


def in_short(found: Report) -> str:
    """`delivered`, `bounce Soft EXPIRED`, `nothing`."""
    if found.learned is None:
        return "nothing"
    failure = found.learned.failure
    return found.learned.status.value + (f" {failure.type} {failure.code}" if failure else "")


@pytest.mark.parametrize(
    ("stat", "came"),
    [
        ("DELIVRD", "delivered"),
        ("DELIVERED", "delivered"),
        ("delivrd", "delivered"),
        ("EXPIRED", "bounce Soft EXPIRED"),
        ("DELETED", "bounce Ignored DELETED"),
        ("UNDELIV", "bounce Ignored UNDELIV"),
        ("UNKNOWN", "bounce Ignored UNKNOWN"),
        ("REJECTD", "bounce Ignored REJECTD"),
        ("ENROUTE", "nothing"),
        ("ACCEPTD", "nothing"),
        ("SLEEPING", "nothing"),
        ("BUFFRED", "nothing"),
        ("FAILED", "bounce Ignored UNDELIV"),
        ("SYSERR", "bounce Ignored UNDELIV"),
        ("NOCRED", "bounce Ignored REJECTD"),
    ],
)
def test_a_state_is_what_its_word_says(stat: str, came: str) -> None:
    assert in_short(receipt(stat)) == came


@pytest.mark.parametrize("number", STATES)
def test_message_state_outranks_the_words(number: int) -> None:
    by_number, by_word = receipt("ENROUTE", state=number), receipt(STATES[number].word)
    assert in_short(by_number) == in_short(by_word)


@pytest.mark.parametrize(
    ("table", "stat", "err", "came"),
    [
        ("generic", "UNDELIV", "001", "bounce Ignored UNDELIV"),
        ("twilio", "UNDELIV", "001", "bounce Soft 001"),
        ("twilio", "UNDELIV", "005", "bounce Hard 005"),
        ("gsm", "UNDELIV", "001", "bounce Hard 001"),
        ("gsm", "REJECTD", "27", "bounce Soft 27"),
        ("gsm", "EXPIRED", "001", "bounce Soft EXPIRED"),
        ("gsm", "UNDELIV", "999", "bounce Ignored UNDELIV"),
        ("gsm", "UNDELIV", "EC1", "bounce Ignored UNDELIV"),
        ("gsm", "DELIVRD", "001", "delivered"),
    ],
)
def test_err_means_what_its_vocabulary_says(table: str, stat: str, err: str, came: str) -> None:
    assert in_short(receipt(stat, err, settings={"errorTable": table})) == came


def test_what_the_smsc_said_is_kept_but_not_what_was_written_to_ann() -> None:
    learned = receipt("UNDELIV", "027", state=5, network_error="3/27").learned
    assert learned is not None
    assert learned.provider is not None
    assert learned.provider.text == (
        "stat:UNDELIV err:027 done date:2611302101 message_state:5 (UNDELIV) network_error_code:3/27"
    )
    assert learned.provider.reference == "3EB"


def test_the_messages_own_words_are_not_read_as_a_receipt() -> None:
    text = "id:7 stat:DELIVRD text:err:005 stat:UNDELIV id:8"
    found = read(Delivered(esm_class=4, sender="", to="", text=text), {"errorTable": "twilio"})
    assert isinstance(found, Report)
    assert (found.reference, in_short(found)) == ("7", "delivered")


def test_a_message_state_that_nobody_knows_leaves_it_to_the_words() -> None:
    assert in_short(receipt("DELIVRD", state=50)) == "delivered"


@pytest.mark.parametrize(
    ("text", "named", "came"),
    [
        ("id: sub:001 dlvrd:000 done date:2611302101 stat:UNDELIV err:000", "", "bounce Ignored UNDELIV"),
        ("id:ns:12345 sub:001 stat:DELIVRD err:000", "ns:12345", "delivered"),
        ("id:7 sub:001 dlvrd:001 done date:261130210102 DELIVRD err:000 text:", "7", "delivered"),
        ("id:7 sub:001 done date:2611302101 stat:EXPIRED err:000", "7", "bounce Soft EXPIRED"),
        ("id:7 done date:2611302101 stat: err:000", "7", "nothing"),
    ],
)
def test_receipts_whose_fields_lack_a_value_or_a_label_are_read(text: str, named: str, came: str) -> None:
    found = read(Delivered(esm_class=4, sender="", to="", text=text), {})
    assert isinstance(found, Report)
    assert (found.reference, in_short(found)) == (named, came)


@pytest.mark.parametrize(
    ("esm_class", "coding", "body"),
    [
        (0x04, 0, b"id:a_7 sub:001 stat:DELIVRD err:000"),
        (0x04, 8, b"id:a_7 sub:001 stat:DELIVRD err:000"),  # the coding of the message that it is about
        (0x44, 8, b"id:a_7 sub:001 stat:DELIVRD err:000"),  # and its header, which is not there
        (0x04, 8, "id:a_7 sub:001 stat:DELIVRD err:000".encode("utf-16-be")),
        (0x44, 0, b"\x05\x00\x03\x01\x02\x01id:a_7 sub:001 stat:DELIVRD err:000"),
    ],
)
def test_a_receipt_is_read_whatever_it_has_of_its_message_s_coding(
    esm_class: int, coding: int, body: bytes
) -> None:
    found = delivered(deliver_sm(esm_class, coding, body))
    assert found is not None
    report = read(found, {})
    assert isinstance(report, Report)
    assert (report.reference, in_short(report)) == ("a_7", "delivered")


def test_a_text_of_a_person_keeps_its_coding() -> None:
    found = delivered(deliver_sm(0x00, 8, "Hallo Ännchen".encode("utf-16-be")))
    assert found is not None
    assert found.text == "Hallo Ännchen"


def deliver_sm(esm_class: int, coding: int, body: bytes) -> bytes:
    """The octets of a deliver_sm (SMPP 3.4, 4.6.1) from +49151 to +1555."""
    fields = (
        b"\0"
        + b"\1\1"
        + b"49151\0"
        + b"\1\1"
        + b"1555\0"
        + bytes([esm_class])
        + bytes(2)
        + b"\0\0"
        + bytes(2)
    )
    fields += bytes([coding, 0, len(body)]) + body
    return (16 + len(fields)).to_bytes(4) + (5).to_bytes(4) + bytes(4) + (1).to_bytes(4) + fields


def test_the_id_of_the_tlv_outranks_the_text() -> None:
    assert receipt("DELIVRD", receipted_id="ABC-7").reference == "abc-7"


@pytest.mark.parametrize(
    ("notation", "answered", "receipted", "same"),
    [
        ("auto", "3EB", "3eb", True),
        ("auto", "0000001003", "1003", True),
        ("auto", "4f1e7a2c-0001", "4F1E7A2C-0001", True),
        ("auto", "1A2B3C4D", "0439041101", True),
        ("auto", "439041101", "1a2b3c4d", True),
        ("auto", "3EB", "1003", False),  # a small number may be another message's id
        ("same", "1A2B3C4D", "0439041101", False),
        ("decimal", "3EB", "0000001003", True),
        ("decimal", "1003", "1003", False),
        ("hexadecimal", "1003", "3EB", True),
        ("hexadecimal", "x-1", "X-1", True),
    ],
)
def test_ids_in_answers_and_receipts_are_compared_as_configured(
    notation: str, answered: str, receipted: str, same: bool
) -> None:
    assert (reference(receipted) in references(answered, {"messageIds": notation})) is same


@given(st.integers(1, 2**23), st.integers(1, 2**23), st.sampled_from(["{:d}", "{:x}", "{:08X}"]))
def test_small_ids_that_count_up_name_one_message_each(one: int, other: int, notation: str) -> None:
    shared = set(references(notation.format(one), {})) & set(references(notation.format(other), {}))
    assert bool(shared) is (one == other)


@pytest.mark.parametrize("status", [*STATUSES, 0x04FF, 0x7FFF])
def test_every_status_has_a_meaning_and_its_code_is_told(status: int) -> None:
    outcome = answer(status, "", {})
    assert isinstance(outcome, Busy | Refused | Trouble)
    facts = outcome.learned.provider if isinstance(outcome, Refused) else outcome.facts
    assert facts is not None
    assert facts.code == f"0x{status:08X}"


def test_an_answer_without_an_id_is_taken_and_no_receipt_can_name_it() -> None:
    taken = answer(0, "", {})
    assert isinstance(taken, Taken)
    assert taken.references == ()


def test_every_row_says_where_it_is_written() -> None:
    rows = [status.row for status in STATUSES.values()] + [state.row for state in STATES.values()]
    rows += [row for table in ERRORS.values() for row in table.values()]
    assert all(row.source and row.reason for row in rows)
    assert all(row.type is FailureType.IGNORED or row.status is FeedbackStatus.BOUNCE for row in rows)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"host": "smpp://smsc.example"}, "host"),
        ({"host": ""}, "host"),
        ({"port": 0}, "port"),
        ({"port": 70_000}, "port"),
        ({"port": "x"}, "port"),
        ({"window": 0}, "window"),
        ({"window": 101}, "window"),
        ({"systemId": "a" * 16}, "systemId"),
        ({"systemId": "ac\0me"}, "systemId"),
        ({"password": "ж"}, "password"),
        ({"systemType": "a" * 13}, "systemType"),
    ],
)
def test_a_wrong_setting_is_told_at_its_field(changed: dict[str, Any], field: str) -> None:
    assert set(wrong(GOOD | changed)) == {field}


def test_good_settings_are_not_wrong_and_what_is_not_chosen_has_a_default() -> None:
    assert wrong(GOOD) == {}
    assert wrong(GOOD | {"window": 100}) == {}
    chosen = {field.name: choice({}, field.name) for field in FIELDS if field.choices}
    assert chosen == {
        "security": "tls", "sourceTon": "auto", "sourceNpi": "auto", "messageIds": "auto", "errorTable": "generic",
        "registeredDelivery": "final",
    }  # fmt: skip


@given(st.binary(max_size=300))
def test_whatever_an_smsc_sends_is_read_or_refused(octets: bytes) -> None:
    raw = (16 + len(octets)).to_bytes(4) + (5).to_bytes(4) + bytes(8) + octets
    found = delivered(raw)
    assert found is None or isinstance(read(found, {"errorTable": "gsm"}), Report | Reply | None)


@given(st.text(max_size=200))
def test_whatever_a_receipt_says_is_read(text: str) -> None:
    found = read(Delivered(esm_class=4, sender="", to="", text=text), {"errorTable": "gsm"})
    assert isinstance(found, Report)
