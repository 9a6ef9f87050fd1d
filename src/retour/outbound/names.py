"""Names become addresses, and every address is vetted before anybody dials it, for webhooks and relays alike.

Names are resolved by c-ares, which never blocks: libcurl's own resolver is a pool of a few threads, and ten
names whose servers are silent would stop every delivery. c-ares honours the hosts file, keeps answers
for their TTL, and serves all its sockets from one thread of its own. An answer that it would give again is
kept here as well, since asking c-ares costs more than the rest of a request; vetting is never spared.
"""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Protocol
from weakref import WeakValueDictionary

import aiodns
import pycares

from retour import limits
from retour.kept import Kept
from retour.model import Value
from retour.outbound.addresses import TARGET_ALLOW, Allowed, Problem, Trouble, how_to_allow, why_not
from retour.outbound.hosts import parse_host

QUERY_SECONDS = 0.8  # a lost datagram is asked again once within the budget of 2 s
KEPT_SECONDS = 30  # an answer is kept no longer, however long its TTL
NOT_THERE = (aiodns.error.ARES_ENOTFOUND, aiodns.error.ARES_ENODATA, aiodns.error.ARES_EBADNAME)
SEARCH_NOTHING = pycares.ARES_FLAG_NOSEARCH | pycares.ARES_FLAG_NOALIASES


class Vetted(Value):
    """Addresses that may be dialled for this host and port, in the order to try them."""

    host: str
    port: int
    addresses: tuple[str, ...]


class Resolver(Protocol):
    """Whoever can turn a name into addresses."""

    def kept(self, host: str) -> tuple[str, ...] | None:
        """The addresses of a name, if they can be told without asking anybody."""

    async def resolve(self, host: str) -> tuple[str, ...] | Problem:
        """All addresses of a name, IPv4 and IPv6; or NAME_NOT_FOUND or NAME_LOOKUP_FAILED."""

    async def exchangers(self, domain: str) -> tuple[str, ...] | Problem:
        """The hosts that take mail for a domain, the first one first; or a Problem as above."""

    async def close(self) -> None:
        """Give back what it holds."""


class DnsResolver:
    """The system's name servers and hosts file, by c-ares. `servers`: others instead, as `address:port`.

    Names are taken as they are written: no search list, no HOSTALIASES file.
    """

    def __init__(self, servers: tuple[str, ...] = ()) -> None:
        self._servers = servers
        self._dns: aiodns.DNSResolver | None = None
        self._kept: Kept[tuple[tuple[str, ...], float]] = Kept()

    def kept(self, host: str) -> tuple[str, ...] | None:
        """Those of an answer that is still good; see Resolver."""
        kept = self._kept.get(host)
        return kept[0] if kept is not None and time.monotonic() < kept[1] else None

    async def resolve(self, host: str) -> tuple[str, ...] | Problem:
        """All addresses of a name; see Resolver."""
        return self.kept(host) or await self._ask(host)

    async def _ask(self, host: str) -> tuple[str, ...] | Problem:
        """What c-ares says now. A TTL of 0, which the hosts file has too, is kept by nobody (RFC 1035, 3.2.1)."""
        try:
            found = await self._open().getaddrinfo(host, type=socket.SOCK_STREAM)
        except aiodns.error.DNSError as error:
            return _not_found(host) if error.args[0] in NOT_THERE else _silent(host)
        addresses = tuple(dict.fromkeys(node.addr[0].decode() for node in found.nodes))
        seconds = min((node.ttl for node in found.nodes), default=0)
        if seconds > 0:
            self._kept.keep(host, (addresses, time.monotonic() + min(seconds, KEPT_SECONDS)))
        return addresses or _not_found(host)

    async def exchangers(self, domain: str) -> tuple[str, ...] | Problem:
        """Those of its MX records; of a domain without any, itself (RFC 5321 5.1). None with a null MX (RFC 7505)."""
        try:
            found = await self._open().query_dns(domain, "MX")
        except aiodns.error.DNSError as error:
            if error.args[0] == aiodns.error.ARES_ENODATA:
                addresses = await self.resolve(domain)
                return addresses if isinstance(addresses, Problem) else (domain,)
            return _not_found(domain) if error.args[0] in NOT_THERE else _silent(domain)
        records = (record.data for record in found.answer)
        hosts = sorted((mx.priority, mx.exchange) for mx in records if isinstance(mx, pycares.MXRecordData))
        return tuple(host.rstrip(".") for _, host in hosts if host.rstrip("."))

    def _open(self) -> aiodns.DNSResolver:
        """Opened at the first look-up, because c-ares belongs to a running loop."""
        if self._dns is None:
            servers = list(self._servers) or None
            self._dns = aiodns.DNSResolver(servers, timeout=QUERY_SECONDS, tries=2, flags=SEARCH_NOTHING)
        return self._dns

    async def close(self) -> None:
        """Give up what is being looked up and close the sockets."""
        if self._dns is not None:
            await self._dns.close()
            self._dns = None


class Turns:
    """At most two look-ups at once for each sandbox: its slow names make itself wait and nobody else."""

    def __init__(self, at_once: int = limits.NAME_LOOKUPS_PER_SANDBOX) -> None:
        self._at_once = at_once
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    def of(self, sandbox: str) -> asyncio.Semaphore:
        """Hold it while looking up for this sandbox."""
        turn = self._turns.get(sandbox)
        if turn is None:
            turn = self._turns[sandbox] = asyncio.Semaphore(self._at_once)
        return turn


async def mail_hosts(domain: str, resolver: Resolver) -> tuple[str, ...] | Problem:
    """Where mail for a domain goes, within 2 s; see DnsResolver.exchangers."""
    name = parse_host(domain)
    if not isinstance(name, str):
        return _not_found(domain)
    try:
        async with asyncio.timeout(limits.NAME_LOOKUP_SECONDS):
            return await resolver.exchangers(name)
    except TimeoutError:
        return _silent(domain)


async def vet(
    host: str,
    port: int,
    org: str,
    allowed: tuple[Allowed, ...],
    resolver: Resolver,
    *,
    listed_only: bool = False,
    setting: str = TARGET_ALLOW,
) -> Vetted | Problem:
    """Resolve a host within 2 s and refuse it if any of its addresses is forbidden.

    listed_only: public addresses need an entry in the allow-list as well. setting: the allow-list's name,
    for the sentence. Dial only the addresses of the answer: looking the name up again may give others.
    """
    addresses = await _addresses(host, resolver)
    if isinstance(addresses, Problem):
        return addresses
    return vetted(host, port, org, allowed, addresses, listed_only=listed_only, setting=setting)


def vetted(
    host: str,
    port: int,
    org: str,
    allowed: tuple[Allowed, ...],
    addresses: tuple[str, ...],
    *,
    listed_only: bool = False,
    setting: str = TARGET_ALLOW,
) -> Vetted | Problem:
    """The same when the addresses are known."""
    for address in addresses:
        if problem := _refused(host, address, port, org, allowed, listed_only, setting):
            return problem
    return Vetted(host=host, port=port, addresses=addresses)


async def _addresses(host: str, resolver: Resolver) -> tuple[str, ...] | Problem:
    """An address in any spelling is its own answer; c-ares must not read `127.1` its own way."""
    name = parse_host(f"[{host}]" if ":" in host else host)
    if name is None:
        return _not_found(host)
    if not isinstance(name, str):
        return (str(name),)
    try:
        async with asyncio.timeout(limits.NAME_LOOKUP_SECONDS):
            return await resolver.resolve(name) or _not_found(host)
    except TimeoutError:
        return _silent(host)


def _refused(
    host: str,
    address: str,
    port: int,
    org: str,
    allowed: tuple[Allowed, ...],
    listed_only: bool,
    setting: str,
) -> Problem | None:
    kind = why_not(address, port, org, allowed, listed_only)
    if kind is None:
        return None
    what = f"{address} is {kind}." if host == address else f"{host} resolves to {address}, {kind}."
    sentence = f"{what} {how_to_allow(address, port, org, setting)}"
    return Problem(trouble=Trouble.ADDRESS_FORBIDDEN, sentence=sentence)


def _not_found(host: str) -> Problem:
    return Problem(trouble=Trouble.NAME_NOT_FOUND, sentence=f"{host} can't be found.")


def _silent(host: str) -> Problem:
    sentence = f"{host} could not be looked up: no answer from its name servers."
    return Problem(trouble=Trouble.NAME_LOOKUP_FAILED, sentence=sentence)
