"""headers: a custom header can neither break the request nor replace what the service says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retour import limits
from retour.headers import check_header, check_headers


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Tenant", "luma"),
        ("x_api.key", "a b\tc"),
        ("Cookie", "route=eu; stage=live"),
        ("Ocp-Apim-Subscription-Key", "~!@#$%^&*()"),
        ("X", "v" * limits.HEADER_VALUE_BYTES),
        ("N" * limits.HEADER_NAME_CHARACTERS, "v"),
        ("Te-Deum", "v"),
    ],
)
def test_an_honest_header_is_fine(name: str, value: str) -> None:
    assert check_header(name, value) is None


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Host",
            "Content-Type",
            "content-length",
            "Content-Encoding",
            "TRANSFER-ENCODING",
            "Connection",
            "TE",
        ),
        *(
            "Upgrade",
            "Proxy-Authorization",
            "Proxy-Connection",
            "Expect",
            "Trailer",
            "Keep-Alive",
            "User-Agent",
        ),
        *("webhook-id", "Webhook-Signature", "webhook-anything", "Authorization"),
    ],
)
def test_what_the_service_sets_can_not_be_changed(name: str) -> None:
    assert check_header(name, "v") == f"{name} is set by the service and can't be changed here."


@pytest.mark.parametrize(
    "name", ["", "X Tenant", "X-Tenant:", "X-Té", "X\r\nHost", "X\n", "X\0", "(X)", "X,Y", "X-Tenant "]
)
def test_a_name_is_a_token(name: str) -> None:
    assert check_header(name, "v") == "Enter a valid header name: letters, digits and hyphens, no spaces."


@pytest.mark.parametrize("value", ["a\r\nHost: evil", "a\n", "\ra", "a\0", "é", "\x7f", "a\x0b", "a\x85"])
def test_a_value_can_not_smuggle_a_line_or_an_odd_byte(value: str) -> None:
    assert check_header("X-Tenant", value) == (
        "The value of X-Tenant may hold letters, digits, signs and spaces (ASCII), and no line breaks."
    )


def test_an_empty_padded_or_long_value_is_refused() -> None:
    assert check_header("X-Tenant", "") == "Enter a value for X-Tenant."
    assert check_header("X-Tenant", " v") == "The value of X-Tenant may not begin or end with a space."
    assert check_header("X-Tenant", "v" * 4_097) == "Enter a value of at most 4,096 characters for X-Tenant."
    assert check_header("N" * 101, "v") == "Enter a header name of at most 100 characters."


@given(st.text(max_size=30), st.text(max_size=30))
def test_what_passes_is_one_line_of_a_request(name: str, value: str) -> None:
    if check_header(name, value) is None:
        line = f"{name}: {value}".encode("ascii")
        assert len(line.splitlines()) == 1
        assert line.partition(b":")[0].decode() == name


def test_a_list_is_right_when_each_one_is() -> None:
    assert check_headers([]) == ()
    assert check_headers([("X-Tenant", "luma"), ("X-Stage", "live")], token_header="X-Token") == ()


def test_a_header_twice_and_the_one_of_the_token_are_named() -> None:
    headers = [("X-Tenant", "luma"), ("x-tenant", "other"), ("X-Token", "t"), ("Host", "evil")]
    assert check_headers(headers, token_header="x-token") == (
        (1, "x-tenant is already in the list."),
        (2, "X-Token carries the JWT and can't be set here."),
        (3, "Host is set by the service and can't be changed here."),
    )


def test_too_many_or_too_long_together_are_told_at_the_last_one() -> None:
    many = [(f"X-{number}", "v") for number in range(21)]
    assert check_headers(many) == ((20, "At most 20 headers are allowed."),)
    long = [(f"X-{number}", "v" * 4_096) for number in range(4)]
    assert check_headers(long) == ((3, "All headers together may have at most 16,384 characters."),)
