"""Where this service may connect to: the frozen table of forbidden networks, the allow-list, webhook URLs.

Pure: nothing is looked up or dialled here. `names` and `outbound` ask these functions before every
connection. Sources: IANA's registries of special-purpose addresses (RFC 6890), RFC 4291, 5214, 6052, 9602,
9637; for URLs the WHATWG URL Standard. The table is ours and frozen, since `ipaddress.is_global` differs
from version to version.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache, partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from unicodedata import category
from urllib.parse import quote

from retour import limits
from retour.errors import ConfigError
from retour.model import Value
from retour.outbound.hosts import Address, parse_host, unmapped

Network = IPv4Network | IPv6Network
Permit = Callable[[str, int], str | None]

TARGET_ALLOW = "RETOUR_TARGET_ALLOW"
PORTS = (443, 8443)  # and everything from 1024 up: no mail, no SSH, no other service of the machine's own
WIDEST = {4: 8, 6: 7}  # 10.0.0.0/8 and fc00::/7 are the widest private networks; wider is an off switch


class Trouble(StrEnum):
    """Why a try had no answer. The words are stored with attempts and never change their meaning."""

    INVALID_URL = "invalid_url"
    INVALID_HEADER = "invalid_header"
    ADDRESS_FORBIDDEN = "address_forbidden"
    NAME_NOT_FOUND = "name_not_found"
    NAME_LOOKUP_FAILED = "name_lookup_failed"
    CONNECT_FAILED = "connect_failed"
    TLS_FAILED = "tls_failed"
    CONNECTION_LOST = "connection_lost"
    TIMEOUT = "timeout"
    RESPONSE_TOO_LARGE_HEADERS = "response_too_large_headers"
    PROTOCOL_ERROR = "protocol_error"


class Problem(Value):
    """A trouble with a sentence that a form or an attempt can show as it is."""

    trouble: Trouble
    sentence: str


class Target(Value):
    """A webhook URL, taken apart once.

    url: what is asked for, with an ASCII host and no final dot; host: without brackets; address: the host
    if it is one, in its usual spelling. listed_only: `http` or an unusual port, so that nothing but an
    address on the allow-list will do.
    """

    url: str
    scheme: str
    host: str
    port: int
    address: str | None
    listed_only: bool


class Allowed(Value, cache_hash=True):
    """One entry of an allow-list: a network, at one port or any, for one organization or all."""

    network: Network
    port: int | None = None
    org: str | None = None


LOOPBACK = (Allowed(network=IPv4Network("127.0.0.0/8")), Allowed(network=IPv6Network("::1/128")))

_FORBIDDEN: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), kind)
    for network, kind in (
        ("0.0.0.0/8", "an address of this host"),
        ("10.0.0.0/8", "a private address"),
        ("100.64.0.0/10", "a carrier's shared address"),
        ("127.0.0.0/8", "a loopback address"),
        ("168.63.129.16/32", "a cloud platform's address"),
        ("169.254.0.0/16", "a link-local address"),
        ("172.16.0.0/12", "a private address"),
        ("192.0.0.0/24", "a reserved address"),
        ("192.0.2.0/24", "a documentation address"),
        ("192.88.99.0/24", "a 6to4 relay address"),
        ("192.168.0.0/16", "a private address"),
        ("198.18.0.0/15", "a benchmarking address"),
        ("198.51.100.0/24", "a documentation address"),
        ("203.0.113.0/24", "a documentation address"),
        ("224.0.0.0/4", "a multicast address"),
        ("255.255.255.255/32", "the broadcast address"),
        ("240.0.0.0/4", "a reserved address"),
        ("::/128", "an address of this host"),
        ("::1/128", "a loopback address"),
        ("::/8", "a reserved address"),
        ("100::/64", "a discard address"),
        ("2001::/23", "a reserved address"),
        ("2001:db8::/32", "a documentation address"),
        ("2002::/16", "a 6to4 address"),
        ("3fff::/20", "a documentation address"),
        ("fc00::/7", "a private address"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "a private address"),
        ("ff00::/8", "a multicast address"),
        # Only 2000::/3 is given out as global unicast; what is left of the rest is nobody's (RFC 4291, 2.4).
        ("::/3", "a reserved address"),
        ("4000::/2", "a reserved address"),
        ("8000::/1", "a reserved address"),
    )
)

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?]*)(?P<path>[^?]*)(?P<query>(?:\?.*)?)"
)
_AUTHORITY = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]{1,5}))?")
_NOT_IN_A_URL = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs")
_DEFAULT_PORTS = {"https": 443, "http": 80}

_EMPTY = "Enter the webhook URL."
_INCOMPLETE = "This is not a complete URL. Example: https://hooks.example.com/feedback"
_HTTPS = "Use an HTTPS address. The URL must start with https://."
_LONG = f"The URL is too long. It may have {limits.URL_CHARACTERS} characters."
_USERINFO = "The URL must not hold a user name or a password. Use an authentication or a header instead."
_FRAGMENT = "The URL must not hold a #. What follows it would never be sent."
_CHARACTER = (
    "The URL holds a blank, a backslash or an invisible character. Remove it, or write it as %20, %5C."
)
_HOST = "The host of the URL is not a valid name or address. Example: https://hooks.example.com/feedback"

_MAPPED = IPv6Network("::ffff:0:0/96")
_NAT64 = IPv6Network("64:ff9b::/96")
_ISATAP = (0x00005EFE, 0x02005EFE)

_ENTRY = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<v4>[0-9.]+))(?:/(?P<bits>[0-9]{1,3}))?"
    r"(?::(?P<port>[0-9]{1,5}))?(?:@(?P<org>\S+))?"
)


def permit(org: str, allowed: tuple[Allowed, ...], listed_only: bool) -> Permit:
    """What asks `forbidden` of an address and a port, for what stays the same in a request."""
    return partial(_forbidden, org, allowed, listed_only)


@lru_cache(maxsize=8192)  # asked before each request
def _forbidden(
    org: str, allowed: tuple[Allowed, ...], listed_only: bool, address: str, port: int
) -> str | None:
    return forbidden(address, port, org, allowed, listed_only=listed_only)


def forbidden(
    address: str, port: int, org: str, allowed: tuple[Allowed, ...], *, listed_only: bool = False
) -> str | None:
    """Why this address may not be dialled for this organization, as a sentence; None if it may."""
    kind = why_not(address, port, org, allowed, listed_only)
    return None if kind is None else f"{address} is {kind}."


@lru_cache(maxsize=8192)
def why_not(address: str, port: int, org: str, allowed: tuple[Allowed, ...], listed_only: bool) -> str | None:
    """What this address is that it may not be dialled, as `a private address`. listed_only: nor may a public one."""
    if listed(address, port, org, allowed):
        return None
    return kind_of(address) or ("not on the list of allowed addresses" if listed_only else None)


def kind_of(address: str) -> str | None:
    """What keeps this address off limits, as `a private address`; None for a public one."""
    try:
        at = unmapped(ip_address(address))
    except ValueError:
        return "not an address"
    if isinstance(at, IPv4Address):
        return _kind(at)
    if at.scope_id is not None:
        return "an address with a zone"
    inner = IPv4Address(int(at) & 0xFFFFFFFF)
    if _leads_on(at) and _kind(inner) is not None:
        return f"{_kind(inner)} ({inner}) in another spelling"
    return None if at in _NAT64 else _kind(at)


def _kind(at: Address) -> str | None:
    return next((kind for network, kind in _FORBIDDEN if at in network), None)


def _leads_on(at: IPv6Address) -> bool:
    """Whether packets to it go on to the IPv4 address at its end: NAT64 (RFC 6052) and ISATAP (RFC 5214).

    The other ways to write IPv4 in IPv6 (compatible, translated, 6to4, Teredo) are forbidden as a whole.
    """
    return at in _NAT64 or (int(at) >> 32 & 0xFFFFFFFF) in _ISATAP


def listed(address: str, port: int, org: str, allowed: tuple[Allowed, ...]) -> bool:
    """Whether an entry of the allow-list names this address, at this port, for this organization."""
    try:
        at = unmapped(ip_address(address))
    except ValueError:
        return False
    return any(at in entry.network and _fits(entry, port, org) for entry in allowed)


def _fits(entry: Allowed, port: int, org: str) -> bool:
    return entry.port in (None, port) and entry.org in (None, org)


def line_for(address: str, port: int, org: str) -> str:
    """The narrowest entry that would allow this, as it is written in a setting."""
    at = unmapped(ip_address(address))
    network = f"{at}/32" if isinstance(at, IPv4Address) else f"[{at}]/128"
    return f"{network}:{port}" + (f"@{org}" if org else "")


def how_to_allow(address: str, port: int, org: str, setting: str = TARGET_ALLOW) -> str:
    """The sentence for an administrator that goes with a refusal."""
    return f"To allow it, add {line_for(address, port, org)} to {setting}."


def parse_allowed(text: str, setting: str = TARGET_ALLOW) -> tuple[Allowed, ...]:
    """Entries `cidr[:port][@org]`, separated by commas or blanks. Raises ConfigError naming the wrong one."""
    return tuple(_entry(word, setting) for word in re.split(r"[,\s]+", text) if word)


def _entry(word: str, setting: str) -> Allowed:
    found = _ENTRY.fullmatch(word)
    if found is None:
        raise ConfigError(
            f"{setting}: {word} is not cidr[:port][@org], as in 10.0.0.0/8:8443 or [fd00::1]/128."
        )
    port = int(found["port"]) if found["port"] else None
    if port is not None and not 0 < port < 65536:
        raise ConfigError(f"{setting}: {word} has a port that does not exist.")
    return Allowed(network=_network(found, word, setting), port=port, org=found["org"])


def _network(found: re.Match[str], word: str, setting: str) -> Network:
    text = (found["v6"] or found["v4"]) + (f"/{found['bits']}" if found["bits"] else "")
    try:
        network = ip_network(text)
    except ValueError as error:
        raise ConfigError(f"{setting}: {word}: {error}.") from error
    if network.prefixlen < WIDEST[network.version]:
        widest = WIDEST[network.version]
        raise ConfigError(f"{setting}: {word} is too wide. A network may be /{widest} at most.")
    if isinstance(network, IPv6Network) and network.overlaps(_MAPPED):
        raise ConfigError(f"{setting}: {word} is IPv4 in another spelling. Write it as IPv4.")
    return network


@lru_cache(maxsize=8192)
def parse_target(url: str, org: str = "", allowed: tuple[Allowed, ...] = ()) -> Target | Problem:
    """Take a webhook URL apart, more strictly than a browser: its validation errors are errors here.

    An address in it is checked here; the addresses of a name must be checked by `names.vet` before dialling.
    """
    found = _URL.fullmatch(url)
    if sentence := _misspelled(url) or (_INCOMPLETE if found is None else None):
        return _invalid(sentence)
    assert found is not None  # noqa: S101 - told by the sentence above
    scheme = found["scheme"].lower()
    where = _authority(found["authority"], scheme)
    if isinstance(where, Problem):
        return where
    host, port = where
    target = _target(scheme, host, port, _ascii_path(found["path"], found["query"]))
    return _refused(target, _written(found["authority"]), org, allowed) or target


def _invalid(sentence: str) -> Problem:
    return Problem(trouble=Trouble.INVALID_URL, sentence=sentence)


def _misspelled(url: str) -> str | None:
    if not url:
        return _EMPTY
    if len(url) > limits.URL_CHARACTERS:
        return _LONG
    if "\\" in url or any(category(character) in _NOT_IN_A_URL for character in url):
        return _CHARACTER
    return _FRAGMENT if "#" in url else None


def _authority(text: str, scheme: str) -> tuple[str | Address, int] | Problem:
    """Host and port, or what is wrong with them."""
    if scheme not in _DEFAULT_PORTS:
        return _invalid(_HTTPS)
    if "@" in text:
        return _invalid(_USERINFO)
    found = _AUTHORITY.fullmatch(text)
    if found is None or not found["host"]:
        return _invalid(_INCOMPLETE)
    host = parse_host(found["host"])
    port = int(found["port"]) if found["port"] else _DEFAULT_PORTS[scheme]
    if host is None:
        return _invalid(_HOST)
    if not 0 < port < 65536:
        return _invalid(f"Port {port} does not exist.")
    return host, port


def _written(authority: str) -> str:
    found = _AUTHORITY.fullmatch(authority)
    return found["host"].strip("[]") if found is not None else authority


def _ascii_path(path: str, query: str) -> str:
    """Letters beyond ASCII percent-encoded as UTF-8; what is ASCII goes out as it was written."""
    return quote((path or "/") + query, safe="".join(map(chr, range(0x21, 0x7F))))


def _target(scheme: str, host: str | Address, port: int, path: str) -> Target:
    name = str(host)
    authority = f"[{name}]" if isinstance(host, IPv6Address) else name
    if port != _DEFAULT_PORTS[scheme]:
        authority += f":{port}"
    return Target(
        url=f"{scheme}://{authority}{path}",
        scheme=scheme,
        host=name,
        port=port,
        address=None if isinstance(host, str) else name,
        listed_only=scheme == "http" or not (port in PORTS or port >= 1024),
    )


def _refused(target: Target, written: str, org: str, allowed: tuple[Allowed, ...]) -> Problem | None:
    """What the rules for addresses, schemes and ports say, as far as it can be told without a look-up."""
    if target.address is not None:
        if listed(target.address, target.port, org, allowed):
            return None
        if kind := kind_of(target.address):
            return _off_limits(target, written, kind, org)
    elif any(_fits(entry, target.port, org) for entry in allowed):
        return None
    return _invalid(unlisted(target)) if target.listed_only else None


def _off_limits(target: Target, written: str, kind: str, org: str) -> Problem:
    address = target.host
    what = f"{address} is {kind}." if written == address else f"{written} is {address}, {kind}."
    sentence = f"{what} {how_to_allow(address, target.port, org)}"
    return Problem(trouble=Trouble.ADDRESS_FORBIDDEN, sentence=sentence)


def unlisted(target: Target) -> str:
    """What to say of a target that needs an entry in the allow-list and has none."""
    if target.scheme == "http":
        return _HTTPS
    return f"Port {target.port} is not allowed. Use 443, 8443 or a port from 1024 up."
