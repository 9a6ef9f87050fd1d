"""The address table, the allow-list and its lines. Sources as in retour.outbound.addresses."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retour.errors import ConfigError
from retour.outbound.addresses import LOOPBACK, Allowed, forbidden, kind_of, line_for, listed, parse_allowed

# Written down here once more, apart from the code, from IANA's registries as of 2026-11.
NOT_GLOBAL_V4 = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
]
NOT_GLOBAL_V6 = [
    "::/8",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
]
EMBEDDINGS = (
    "::ffff:{}",
    "::{}",
    "::ffff:0:{}",
    "64:ff9b::{}",
    "64:ff9b:1::{}",
    "2a00:1450::5efe:{}",
    "2a00:1450::200:5efe:{}",
)

v4_bad = st.sampled_from(NOT_GLOBAL_V4).flatmap(lambda network: st.ip_addresses(network=network))
v6_bad = st.sampled_from(NOT_GLOBAL_V6).flatmap(lambda network: st.ip_addresses(network=network))
v4_any = st.ip_addresses(v=4)


@given(v4_bad)
def test_every_address_of_a_special_network_is_forbidden(address: IPv4Address) -> None:
    assert forbidden(str(address), 443, "acme", ()) is not None


@given(v6_bad.filter(lambda address: address not in IPv6Network("64:ff9b::/96")))
def test_every_ipv6_address_of_a_special_network_is_forbidden(address: IPv6Address) -> None:
    public = address.ipv4_mapped is not None and address.ipv4_mapped.is_global
    assert public or forbidden(str(address), 443, "acme", ()) is not None


@given(v4_bad, st.sampled_from(EMBEDDINGS))
def test_a_forbidden_ipv4_address_is_forbidden_in_every_ipv6_spelling(address: IPv4Address, how: str) -> None:
    assert forbidden(how.format(address), 443, "acme", ()) is not None


@given(v4_bad)
def test_a_forbidden_ipv4_address_is_forbidden_as_6to4_and_teredo(address: IPv4Address) -> None:
    six_to_four = IPv6Address((0x2002 << 112) | int(address) << 80 | 1)
    teredo = IPv6Address((0x20010000 << 96) | (int(address) ^ 0xFFFFFFFF))
    assert forbidden(str(six_to_four), 443, "acme", ()) is not None
    assert forbidden(str(teredo), 443, "acme", ()) is not None


@given(st.integers(0x4000 << 112, (1 << 128) - 1))
def test_nothing_beyond_the_global_unicast_space_is_public(number: int) -> None:
    assert kind_of(str(IPv6Address(number))) is not None


@given(v4_any)
def test_a_public_address_stays_public_when_mapped_or_behind_nat64(address: IPv4Address) -> None:
    if kind_of(str(address)) is None:
        assert kind_of(f"::ffff:{address}") is None
        assert kind_of(f"64:ff9b::{address}") is None


@given(v4_any)
def test_the_table_is_at_least_as_strict_as_the_standard_library(address: IPv4Address) -> None:
    assert address.is_global or kind_of(str(address)) is not None


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001::1"]
)
def test_public_addresses_are_not_forbidden(address: str) -> None:
    assert forbidden(address, 443, "acme", ()) is None


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "fd00:ec2::254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "metadata",
        "",
        "127.0.0.1\x00",
        "fe80::1%eth0",
        "2a00:1450::1%1",
        "::",
        "255.255.255.255",
        "010.0.0.1",
    ],
)
def test_metadata_services_and_what_is_no_address_are_forbidden(address: str) -> None:
    assert forbidden(address, 443, "acme", ()) is not None


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("10.0.0.4", "10.0.0.4 is a private address."),
        ("169.254.169.254", "169.254.169.254 is a link-local address."),
        ("::1", "::1 is a loopback address."),
        ("64:ff9b::7f00:1", "64:ff9b::7f00:1 is a loopback address (127.0.0.1) in another spelling."),
    ],
)
def test_the_sentence_says_what_the_address_is(address: str, sentence: str) -> None:
    assert forbidden(address, 443, "acme", ()) == sentence


def test_an_allow_list_names_networks_ports_and_organizations() -> None:
    assert parse_allowed("10.0.0.0/8:8443@ACME@AdobeOrg, [fd00::1]/128\n127.0.0.1") == (
        Allowed(network=IPv4Network("10.0.0.0/8"), port=8443, org="ACME@AdobeOrg"),
        Allowed(network=IPv6Network("fd00::1/128")),
        Allowed(network=IPv4Network("127.0.0.1/32")),
    )
    assert parse_allowed("") == ()


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0/0",
        "10.0.0.0/7",
        "[::]/0",
        "10.0.0.4/8",
        "hooks.internal",
        "10.0.0.4:0",
        "10.0.0.4:65536",
        "::1",
        "10.0.0.4/33",
        "[::ffff:10.0.0.0]/104",
        "10.0.0.0/8@",
        "[fe80::1%eth0]/128",
        "10.0.0.4/32:x",
    ],
)
def test_a_wrong_or_too_wide_entry_is_refused_with_its_name(text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_allowed(text, "RETOUR_RELAY_ALLOW")
    assert "RETOUR_RELAY_ALLOW" in str(refused.value)
    assert text in str(refused.value)


def test_an_entry_holds_for_its_port_and_its_organization_only() -> None:
    allowed = parse_allowed("10.0.0.0/8:8443@acme")
    assert forbidden("10.1.2.3", 8443, "acme", allowed) is None
    assert forbidden("10.1.2.3", 9443, "acme", allowed) is not None
    assert forbidden("10.1.2.3", 8443, "other", allowed) is not None
    assert forbidden("11.1.2.3", 8443, "acme", allowed) is None
    assert not listed("11.1.2.3", 8443, "acme", allowed)


def test_a_public_address_needs_an_entry_where_only_listed_ones_will_do() -> None:
    allowed = parse_allowed("93.184.216.0/24:8080")
    reason = forbidden("93.184.217.34", 8080, "acme", allowed, listed_only=True)
    assert reason == "93.184.217.34 is not on the list of allowed addresses."
    assert forbidden("93.184.216.34", 8080, "acme", allowed, listed_only=True) is None
    assert forbidden("93.184.217.34", 8080, "acme", allowed) is None


def test_an_entry_holds_for_the_mapped_spelling_too() -> None:
    assert forbidden("::ffff:127.0.0.1", 443, "acme", LOOPBACK) is None


@given(st.one_of(v4_bad, v6_bad), st.integers(1, 65535), st.sampled_from(["", "acme", "ACME@AdobeOrg"]))
def test_the_line_that_is_offered_allows_just_what_was_refused(
    address: IPv4Address | IPv6Address, port: int, org: str
) -> None:
    allowed = parse_allowed(line_for(str(address), port, org))
    assert forbidden(str(address), port, org, allowed) is None
    assert not listed("10.255.255.254", port, org, allowed) or str(address) == "10.255.255.254"
    assert not listed(str(address), port % 65535 + 1, org, allowed)
