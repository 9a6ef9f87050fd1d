"""What a name, an address, a number and a piece of data must be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retour import checks, limits
from retour.errors import Invalid


@pytest.mark.parametrize(
    "name", ["a", "Order status", "Ünï-çødé", "日本語", "🎉", "שלום", "x" * 100, " padded "]
)
def test_a_name_is_something_to_read(name: str) -> None:
    assert checks.name(name, "webhook") is None


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", "\t", "a\nb", "a\x00", "a\x7f", "\x85", "a\u2028b", "a\u2029b", "\u200b", "\u2060\ufeff", "\u0301"),
        *("pay\u202etxt", "\u2066x", "x\u2069", "x" * 101),
    ],
)  # fmt: skip
def test_a_name_that_does_not_show_as_it_is_written_is_none(name: str) -> None:
    assert checks.name(name, "webhook")


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example",
        "jane.doe+tag@sub.example.com",
        "admin@localhost",
        "jürgen@bücher.example",
        "a@1.example",
    ],
)
def test_an_address_that_mail_could_go_to(address: str) -> None:
    assert checks.email_address(address)


@pytest.mark.parametrize(
    "address",
    [
        *("", "a", "@", "a@", "@b", "a@@b", "a b@c.example", "a@b..example", ".a@b.example", "a.@b.example"),
        *("a@-b.example", "a@b.example\n", "a\r\n@b.example", "a\x00@b.example", "a@b.example, c@d.example"),
        *("<a@b.example>", '"a"@b.example', "a\u200b@b.example", "a\u202e@b.example", "a\x80@b.example"),
        *("x" * 65 + "@b.example", "a@" + "b." * 200 + "c", "a@" + "x" * 64 + ".example", "a@[127.0.0.1]"),
        *("a@b_.example",),
    ],
)  # fmt: skip
def test_an_address_that_is_none(address: str) -> None:
    assert not checks.email_address(address)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("+15555550123", "+15555550123"),
        (" +1 (415) 555-2671 ", "+14155552671"),
        ("+31 6 12345678", "+31612345678"),
        ("0612345678", None),
        ("call +14155552671", None),
        ("tel:+14155552671", None),
        ("+1", None),
        ("+999999999999999999", None),
        ("", None),
        ("+" + "1" * 5_000, None),
    ],
)
def test_a_number_has_a_country_code(typed: str, number: str | None) -> None:
    assert checks.phone_number(typed) == number


@pytest.mark.parametrize(
    ("typed", "region", "number"),
    [
        ("06 12345678", "NL", "+31612345678"),
        ("(06) 1234-5678", "NL", "+31612345678"),
        ("0031612345678", "NL", "+31612345678"),
        ("+44 7911 123456", "NL", "+447911123456"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("(415) 555-2671", "US", "+14155552671"),
        ("555-2671", "US", None),  # within a town
        ("112", "NL", None),
        ("1-800-FLOWERS", "US", None),
        ("call 0612345678", "NL", None),
        ("0612345678 or 0687654321", "NL", None),
        ("06123456789012345", "NL", None),
        ("٠٦١٢٣٤٥٦٧٨", "NL", None),
        ("0612345678", "ZZ", None),
        ("", "NL", None),
    ],
)
def test_a_number_without_a_country_code_is_one_of_the_region(
    typed: str, region: str, number: str | None
) -> None:
    assert checks.phone_number(typed, region) == number


def test_a_region_is_a_country_of_two_letters() -> None:
    assert checks.region("NL") is None
    for wrong in ("nl", "ZZ", "NLD", "31", "001", ""):
        assert "ISO 3166" in (checks.region(wrong) or "")


@given(st.text(), st.sampled_from(["NL", "US", "ZZ", None]))
def test_a_number_is_made_of_any_text_or_refused(text: str, region: str | None) -> None:
    number = checks.phone_number(text, region)
    assert number is None or checks.phone_number(number) == number


@given(st.text())
def test_no_text_makes_a_check_fail(text: str) -> None:
    checks.name(text, "webhook")
    checks.email_address(text)
    checks.phone_number(text)
    checks.line(text, 10)


def nested(levels: int, kind: type) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value} if kind is dict else [value]
    return value


@pytest.mark.parametrize("kind", [dict, list])
def test_data_may_be_nested_so_deep_and_no_deeper(kind: type) -> None:
    assert checks.depth(nested(limits.JSON_DEPTH, kind)) is None
    assert checks.depth(nested(limits.JSON_DEPTH + 1, kind)) is not None
    assert checks.depth(nested(100_000, kind)) is not None
    assert checks.depth("x" * 1_000_000) is None


def test_of_very_many_problems_the_first_are_told() -> None:
    problems = checks.Problems()
    for number in range(10_000):
        problems.need(f"channels[{number}]", False, "Wrong.")
    with pytest.raises(Invalid) as caught:
        problems.refuse("No.")
    assert len(caught.value.fields) == checks.MOST_PROBLEMS
