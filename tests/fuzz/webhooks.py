"""Feedback webhooks: addresses, header sets, claims and keys by the API; what was taken must be able to post.

Names are asked of a name server on this machine that knows few; whatever may be dialled is dialled, and nobody listens.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

from cast import House, a_house
from fuzz import spoiling
from fuzz.asgi import Door, Said
from fuzz.running import Broken
from outside.nameserver import naming
from retour import signing
from retour.config import MOST_RATE
from retour.outbound.names import DnsResolver

PATH = "/ajo/config/feedback-webhooks"
NAMES = {
    "hooks.test": [["127.0.0.1"]],
    "inside.test": [["169.254.169.254"]],
    "two.test": [["127.0.0.1", "10.0.0.1"]],
}
URL = "https://127.0.0.1:8443/feedback"
HERE = {"127.0.0.1", "::1", "localhost", *NAMES}
SILENT_PORT = 8443  # nothing listens there
URLS = (
    URL, URL + "?a=b&c=%20;d", "https://hooks.test:8443/", "https://inside.test/", "https://two.test/x",
    "https://nowhere.test/", "https://[::1]:8443/", "https://2130706433:8443/", "https://0x7f.1:9443",
    "http://127.0.0.1:8080/", "https://[::ffff:127.0.0.1]/", "HTTPS://LOCALHOST:8443/", "https://bücher.test/ä?ö",
    "https://a:b@hooks.test/", "https://hooks.test:22/", "ftp://hooks.test/",
)  # fmt: skip
URL_PIECES = (
    "@", "#", "?", "\\", "//", ":", "%", "%00", "%0d%0a", "\r\n", "\t", " ", "\x00", "[", "]", "..", "。", "①",
    "\u202e", "\u200b", "xn--", ":99999", ":0", ":-1", "0x7f", "a" * 64, "a" * 3_000, "．", "127.1", "ß", "\U0001f600",
    "file://", "127.0.0.1@",
)  # fmt: skip
NAMES_OF_HEADERS = (
    "X-Tenant", "x-tenant", "Authorization", "Host", "Content-Length", "Transfer-Encoding", "webhook-id",
    "Proxy-Auth", "Cookie", "X Y", "X:Y", "X\r\nY", "", ":", "X-" + "a" * 98, "X-" + "a" * 99, "Ä", "X_Y",
    "!#$%&'*+.^_`|~", "\x00", "User-Agent", "Accept",
)  # fmt: skip
VALUES_OF_HEADERS = (
    "luma", "", " ", "a b", " a", "a\t", "a\r\nX-Evil: 1", "a\nb", "\x00", "\x7f", "ä", "x" * 4_096, "x" * 4_097, '"',
    ";,=", "Basic YTpi",
)  # fmt: skip
CLAIMS: tuple[Any, ...] = (
    {"iss": "retour", "aud": "hooks"}, {"iat": 1}, {"exp": 0}, {"jti": "x"}, {"aud": ["a", 1, None]}, {"iss": None},
    {"sub": 5}, {"a": {"b": {"c": [1, 2.5, True]}}}, {"": ""}, {"x": "y" * 4_096}, {"\u202e": "\x00"}, {"n": 2**63},
    {"n": 1e308}, [], "{}", 5,
)  # fmt: skip
WAYS = ("url", "headers", "key", "claims", "place", "data", "bytes")
PREFIXES = ("Bearer ", "", "Token", " ", "x" * 101, "Bearer\r\n", "ä")


class Webhooks:
    """See Kind."""

    name = "webhooks"

    def __init__(self, door: Door) -> None:
        self._door = door
        self._keys = {algorithm: signing.generate(algorithm) for algorithm in signing.ALGORITHMS}

    async def one(self, chance: Random, trail: list[Any]) -> str:
        """Create it; what was taken is put back, tried, rotated and deleted. See Kind."""
        body = self._bytes(chance)
        trail += [len(body), body]
        said = await self._door.ask("POST", PATH, body)
        if said.status != 201:
            return str(said.status)
        made = json.loads(said.body)
        place = f"{PATH}/{made['id']}"
        try:
            trouble = await self._used(place, made, chance, trail)
        finally:
            await self._door.ask("DELETE", place)
        return f"taken, then {trouble}"

    async def _used(self, place: str, made: dict[str, Any], chance: Random, trail: list[Any]) -> str:
        """Put back as it was read, tried, changed, its key rotated; the attempt's trouble."""
        again = json.dumps(made).encode()
        version = (b"if-match", str(made["version"]).encode())
        _need(await self._door.ask("PUT", place, again, [version]), 200)
        tried = await self._tried(place, made["url"])
        other = self._bytes(chance)
        trail.append(other)
        await self._door.ask("PUT", place, other, [(b"if-match", b"2")])
        rotation = spoiling.data(
            {"what": "jwt", "overlapHours": 1, "generate": True, "algorithm": "ES256"}, chance
        )
        if not _makes_rsa(rotation):
            trail.append(rotation)
            await self._door.ask("POST", place + "/rotate", spoiling.json_bytes(rotation, chance))
        await self._tried(place, json.loads(_need(await self._door.ask("GET", place), 200).body)["url"])
        return tried

    async def _tried(self, place: str, url: str) -> str:
        """The trouble of a try, which nobody may take and which goes no further than this machine's silent port."""
        parts = urlsplit(url)
        if parts.hostname not in HERE or parts.port != SILENT_PORT:
            return "not tried"
        tried = json.loads(_need(await self._door.ask("POST", place + "/test"), 200).body)
        if tried["trouble"] in (None, "invalid_header", "invalid_url"):
            raise Broken(f"a webhook that was taken can't post: {tried}")
        return str(tried["trouble"])

    def _bytes(self, chance: Random) -> bytes:
        """Odd in one or two ways."""
        odd = set(chance.sample(WAYS, chance.randint(1, 2)))
        body: Any = {
            "name": "Order status",
            "channels": ["email", "sms"],
            "url": _spoilt(chance.choice(URLS), chance, 0.7) if "url" in odd else chance.choice(URLS[:3]),
            "authentication": self._authentication(chance, odd=odd & {"key", "claims", "place"}),
            "headers": _headers(chance) if "headers" in odd else [{"name": "X-Tenant", "value": "luma"}],
            "format": chance.choice(("extended", "ajo")),
            "events": ["sent", "bounce"],
            "orderWaitSeconds": chance.choice((60, 0, "strict")),
            "deadlineSeconds": chance.choice((1, 10, 30)),
        }
        if "data" in odd:
            body = spoiling.data(body, chance, chance.randint(1, 2))
        if isinstance(body, dict) and _makes_rsa(body.get("authentication")):
            body["authentication"]["generate"] = False
        good = spoiling.json_bytes(body, chance)
        if "bytes" not in odd:
            return good
        return (spoiling.raw if chance.random() < 0.5 else spoiling.json_of_no_sort)(good, chance)

    def _authentication(self, chance: Random, odd: set[str]) -> dict[str, Any]:
        if chance.random() < 0.1:
            return {"type": "none"}
        algorithm = chance.choice(sorted(self._keys))
        key = self._keys[algorithm]
        if "key" in odd:
            key = _spoilt(self._keys[chance.choice(sorted(self._keys))], chance, 0.6)
        made: dict[str, Any] = {
            "type": "jwt",
            "algorithm": algorithm,
            "secret" if algorithm.startswith("HS") else "privateKey": key,
            "claims": chance.choice(CLAIMS) if "claims" in odd else CLAIMS[0],
            "lifetimeSeconds": chance.choice((300, 60)),
            "perRequest": chance.random() < 0.5,
        }
        if "place" in odd:
            made |= {"header": chance.choice(NAMES_OF_HEADERS), "prefix": chance.choice(PREFIXES)}
            made |= {"keyId": spoiling.text(chance)} if chance.random() < 0.5 else {}
        return made


def _spoilt(text: str, chance: Random, share: float) -> str:
    """So many of them with a piece put in, or cut out."""
    if chance.random() > share:
        return text
    first, last = sorted(chance.randint(0, len(text)) for _ in range(2))
    piece = chance.choice(URL_PIECES) if chance.random() < 0.8 else ""
    return text[:first] + piece + text[chance.choice((first, first, last)) :]


def _headers(chance: Random) -> list[dict[str, Any]]:
    return [_header(chance) for _ in range(chance.choice((1, 1, 2, 3, 20, 21)))]


def _header(chance: Random) -> dict[str, Any]:
    """Odd in its name or in its value, or right."""
    kind = chance.random()
    return {
        "name": chance.choice(NAMES_OF_HEADERS) if kind < 0.3 else f"X-{chance.randrange(1_000)}",
        "value": chance.choice(VALUES_OF_HEADERS) if 0.2 < kind < 0.5 else "luma",
        "secret": chance.random() < 0.5,
    }


def _makes_rsa(given: Any) -> bool:
    """Left out: looking for primes takes as long as it takes, in a thread."""
    return isinstance(given, dict) and bool(given.get("generate")) and given.get("algorithm") == "RS256"


def _need(said: Said, status: int) -> Said:
    if said.status != status:
        raise Broken(f"{said.status} in the place of {status}: {said.body!r}")
    return said


@asynccontextmanager
async def webhooks(folder: Path) -> AsyncIterator[Webhooks]:
    """A house whose names are looked up on this machine."""
    async with naming(NAMES) as server, a_house(folder, intake_rate=MOST_RATE) as house:
        _ask(house, server.address)
        door = Door(house)
        await door.open()
        yield Webhooks(door)


def _ask(house: House, server: str) -> None:
    """The name server that the house asks."""
    house.retour.outbound._resolver = DnsResolver((server,))
