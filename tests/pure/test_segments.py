"""How a text message is counted, by the numbers of 3GPP TS 23.038 and 23.040."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retour.segments import (
    ALONE,
    ALPHABET,
    BASIC,
    EXTENSION,
    GSM,
    JOINED,
    UCS2,
    count,
    gsm_octets,
    octets,
    split,
)


@pytest.mark.parametrize(
    ("text", "encoding", "units", "parts"),
    [
        ("", GSM, 0, 0),
        ("Your code is 123456", GSM, 19, 1),
        ("a" * 160, GSM, 160, 1),
        ("a" * 161, GSM, 161, 2),
        ("a" * 306, GSM, 306, 2),
        ("a" * 307, GSM, 307, 3),
        ("€" * 80, GSM, 160, 1),
        ("€" * 81, GSM, 162, 2),
        ("é" * 70, GSM, 70, 1),
        ("ê", UCS2, 1, 1),
        ("я" * 70, UCS2, 70, 1),
        ("я" * 71, UCS2, 71, 2),
        ("я" * 134, UCS2, 134, 2),
        ("я" * 135, UCS2, 135, 3),
        ("😀" * 35, UCS2, 70, 1),
        ("😀" * 36, UCS2, 72, 2),
    ],
)
def test_texts_at_the_limits(text: str, encoding: str, units: int, parts: int) -> None:
    counted = count(text)
    assert (counted.encoding, counted.units, counted.parts) == (encoding, units, parts)
    assert counted.characters == len(text)


def test_no_character_is_cut_in_two() -> None:
    assert (
        count("a" * 152 + "€" + "a" * 152).parts == 3
    )  # the euro does not fit into the first part: 306 septets
    assert count("я" * 66 + "😀" + "я" * 66).parts == 3  # 134 units, which would fill two


def test_the_parts_are_those_that_travel() -> None:
    assert split("") == ()
    assert split("a" * 160) == ("a" * 160,)
    assert split("a" * 161) == ("a" * 153, "a" * 8)
    assert split("a" * 152 + "€" * 5) == ("a" * 152, "€" * 5)
    assert split("я" * 66 + "😀" * 3) == ("я" * 66, "😀" * 3)


def test_octets_for_smpp() -> None:
    assert gsm_octets("@a€\n") == b"\x00a\x1be\n"
    assert gsm_octets("ΞÆ§à{") == b"\x1a\x1c\x5f\x7f\x1b\x28"
    assert octets("a", GSM) == b"a"
    assert octets("a😀", UCS2) == b"\x00a\xd8\x3d\xde\x00"


def test_the_character_that_makes_it_ucs_2_is_named() -> None:
    assert count("Don’t €").other == "’"
    assert count("Don't €").other == ""


def test_the_alphabets_have_as_many_characters_as_the_standard() -> None:
    assert len(BASIC) == 127  # 128 with the escape
    assert len(EXTENSION) == 10
    assert not BASIC & set(EXTENSION)
    assert len(ALPHABET) == 128


@given(st.text(max_size=700))
def test_parts_hold_all_units_and_no_part_is_empty(text: str) -> None:
    counted = count(text)
    if counted.units <= ALONE[counted.encoding]:
        assert counted.parts == bool(text)
    else:
        room = JOINED[counted.encoding]
        assert counted.units <= counted.parts * room
        assert counted.units > (counted.parts - 1) * (room - 1)
