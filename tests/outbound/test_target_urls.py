"""Webhook URLs: what is taken, what is refused with which words, and addresses in disguise."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retour.outbound.addresses import Problem, Target, Trouble, parse_allowed, parse_target
from retour.outbound.hosts import parse_host

INCOMPLETE = "This is not a complete URL. Example: https://hooks.example.com/feedback"
HTTPS = "Use an HTTPS address. The URL must start with https://."


def _target(url: str, allow: str = "") -> Target:
    target = parse_target(url, "acme", parse_allowed(allow))
    assert isinstance(target, Target), target
    return target


def _problem(url: str, allow: str = "") -> Problem:
    problem = parse_target(url, "acme", parse_allowed(allow))
    assert isinstance(problem, Problem), problem
    return problem


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://hooks.example.com/feedback", "https://hooks.example.com/feedback"),
        ("HTTPS://Hooks.Example.COM", "https://hooks.example.com/"),
        ("https://hooks.example.com.:443?a=b", "https://hooks.example.com/?a=b"),
        ("https://hooks.example.com:8443/a/../b?q=%20;x", "https://hooks.example.com:8443/a/../b?q=%20;x"),
        ("https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4"),
        ("https://faß。de/", "https://xn--fa-hia.de/"),
        ("https://my_host.example:1024/", "https://my_host.example:1024/"),
        ("https://[2606:4700:0:0::1111]/", "https://[2606:4700::1111]/"),
        ("https://[::ffff:8.8.8.8]/", "https://8.8.8.8/"),
        ("https://134744072/", "https://8.8.8.8/"),
    ],
)
def test_a_good_url_is_asked_for_in_plain_ascii(url: str, asked: str) -> None:
    assert _target(url).url == asked


def test_a_target_is_taken_apart_once() -> None:
    target = _target("https://hooks.example.com:8443/x")
    assert (target.scheme, target.host, target.port) == ("https", "hooks.example.com", 8443)
    assert target.address is None
    assert not target.listed_only
    assert _target("https://[2606:4700::1111]/").address == "2606:4700::1111"


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "Enter the webhook URL."),
        ("hooks.example.com/feedback", INCOMPLETE),
        ("https://", INCOMPLETE),
        ("https:///feedback", INCOMPLETE),
        ("https:hooks.example.com", INCOMPLETE),
        ("https://:443/", INCOMPLETE),
        ("https://hooks.example.com:/", INCOMPLETE),
        ("https://hooks.example.com:x/", INCOMPLETE),
        ("https://[::1/", INCOMPLETE),
        ("https://::1/", INCOMPLETE),
        (
            "https://ann:secret@hooks.example.com/",
            "The URL must not hold a user name or a password. Use an authentication or a header instead.",
        ),
        ("https://hooks.example.com/#top", "The URL must not hold a #. What follows it would never be sent."),
        ("http://hooks.example.com/", HTTPS),
        ("http://8.8.8.8/", HTTPS),
        ("ftp://hooks.example.com/", HTTPS),
        ("file:///etc/passwd", HTTPS),
        ("gopher://127.0.0.1:6379/_x", HTTPS),
        ("https://hooks.example.com:22/", "Port 22 is not allowed. Use 443, 8443 or a port from 1024 up."),
        ("https://hooks.example.com:99999/", "Port 99999 does not exist."),
        ("https://hooks.example.com:0/", "Port 0 does not exist."),
    ],
)
def test_a_wrong_url_is_refused_in_words_for_a_form(url: str, sentence: str) -> None:
    assert _problem(url) == Problem(trouble=Trouble.INVALID_URL, sentence=sentence)


@pytest.mark.parametrize(
    "url",
    [
        "https://ann:secret@hooks.example.com/",
        "https://hooks.example.com@169.254.169.254/",
        "https://hooks.example.com\\@169.254.169.254/",
        "https://hooks.example.com/#@169.254.169.254/",
        "https://hooks.example.com#/",
        "https://hooks.example.com/a b",
        "https://hooks.example.com/\r\nHost: x",
        "https://hooks.example.com/\x00",
        "https://hooks.example.com/\u202egnp.exe",
        "https://hooks\u200b.example.com/",
        " https://hooks.example.com/",
        "https://hooks.example.com/\n",
        "https://hooks.example.com/\udc80",
        "https://hooks..example.com/",
        "https://hooks.example.com../",
        "https://-hooks.example.com/",
        "https://hooks%2eexample.com/",
        "https://%31%32%37.0.0.1/",
        "https://hooks.example.com,169.254.169.254/",
        "https://hooks.example.com;169.254.169.254/",
        "https://hooks.example.com*/",
        "https://" + "a" * 64 + ".example/",
        "https://" + "a." * 127 + "example/",
        "https://hooks.example.com/" + "a" * 2_048,
        "https://[fe80::1%25eth0]/",
        "https://[::1]x/",
        "https://[127.0.0.1]/",
        "https://[v1.x]/",
        "https://1.2.3.4.5/",
        "https://256.1.1.1/",
        "https://1.2.3.256/",
        "https://4294967296/",
        "https://0x1ffffffff/",
        "https://08.0.0.1/",
        "https://1..2/",
        "https://hooks.0x/",
        "https://hooks.1/",
    ],
)
def test_tricks_with_the_spelling_of_a_url_are_refused(url: str) -> None:
    assert _problem(url).trouble == Trouble.INVALID_URL


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.0.0.1.", "127.1", "127.0.1", "2130706433", "2130706433.", "017700000001", "0x7f000001",
        "0X7F000001", "0x7f.1", "0177.0.0.1", "0177.0.0.0x1", "0000177.0.0.01", "127.0x0.0.1", "１２７.0.0.1",
        "127。0。0。1", "①②⑦.0.0.1", "[::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]", "[::ffff:0:127.0.0.1]",
    ],
)  # fmt: skip
def test_loopback_is_recognised_in_every_spelling(host: str) -> None:
    assert _problem(f"https://{host}/").trouble == Trouble.ADDRESS_FORBIDDEN


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254", "2852039166", "0xa9fea9fe", "0xA9.0xFE.0xA9.0xFE", "0251.0376.0251.0376", "169.16689662",
        "169.254.43518", "0xa9.16689662", "169.254.169.254.", "１６９.２５４.１６９.２５４", "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]", "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::1]", "[fd00:ec2::254]", "025177524776",
    ],
)  # fmt: skip
def test_the_metadata_address_is_recognised_in_every_spelling(host: str) -> None:
    assert _problem(f"https://{host}/latest/meta-data").trouble == Trouble.ADDRESS_FORBIDDEN


@given(st.ip_addresses(v=4), st.data())
def test_every_numeric_spelling_leads_to_the_same_address(address: IPv4Address, data: st.DataObject) -> None:
    parts = data.draw(st.integers(1, 4))
    number = int(address)
    leading = [number >> 8 * (3 - place) & 255 for place in range(parts - 1)]
    numbers = [*leading, number & (256 ** (5 - parts) - 1)]
    spellings = [data.draw(st.sampled_from(["{}", "0{:o}", "0x{:x}", "0X{:X}", "00{:o}"])) for _ in numbers]
    text = ".".join(how.format(value) for how, value in zip(spellings, numbers, strict=True))
    assert parse_host(text + data.draw(st.sampled_from(["", "."]))) == address


@given(st.text(max_size=80), st.text(max_size=20))
def test_no_text_makes_parsing_fail_in_another_way(host: str, rest: str) -> None:
    target = parse_target(f"https://{host}/{rest}", "acme", ())
    if isinstance(target, Target):
        assert target.url.isascii()
        assert target.url.isprintable()
        assert " " not in target.url


def test_a_private_address_comes_with_the_line_that_would_allow_it() -> None:
    problem = _problem("https://10.0.0.4:8443/feedback")
    line = "10.0.0.4/32:8443@acme"
    assert (
        problem.sentence == f"10.0.0.4 is a private address. To allow it, add {line} to RETOUR_TARGET_ALLOW."
    )
    assert _target("https://10.0.0.4:8443/feedback", line).address == "10.0.0.4"


def test_a_disguised_address_is_named_as_it_was_written_and_as_it_is() -> None:
    assert _problem("https://2130706433/").sentence.startswith(
        "2130706433 is 127.0.0.1, a loopback address. "
    )
    assert "[fd00::1]/128:443@acme" in _problem("https://[fd00:0::1]/").sentence


def test_http_is_taken_for_an_allowed_address_only() -> None:
    assert _target("http://127.0.0.1:8025/x", "127.0.0.0/8").listed_only
    assert _target("http://127.0.0.1/x", "127.0.0.0/8:80").port == 80
    assert _problem("http://127.0.0.1:8025/x", "127.0.0.0/8:80").trouble == Trouble.ADDRESS_FORBIDDEN
    assert _problem("http://127.0.0.1/x", "127.0.0.0/8@other").trouble == Trouble.ADDRESS_FORBIDDEN
    assert _problem("http://8.8.8.8/x", "127.0.0.0/8").sentence == HTTPS


def test_http_to_a_name_waits_for_its_addresses_if_the_allow_list_might_hold_them() -> None:
    assert _target("http://receiver:8080/x", "172.16.0.0/12").listed_only
    assert _problem("http://receiver:8080/x", "172.16.0.0/12:9000").sentence == HTTPS
    assert _problem("http://receiver:8080/x", "172.16.0.0/12@other").sentence == HTTPS


def test_any_port_of_an_allow_list_entry_will_do() -> None:
    assert _target("https://10.0.0.4:444/", "10.0.0.0/8:444").port == 444
    assert _target("https://receiver:444/", "10.0.0.0/8:444").listed_only
    assert _problem("https://receiver:445/", "10.0.0.0/8:444").sentence.startswith("Port 445 is not allowed.")
