"""Spoils what was right: data, text and bytes. Everything comes from the `Random` that is handed in."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

ODD_TEXTS = (
    "", " ", "\x00", "a\x00b", "\r\n", "\r\nX-Evil: 1", "\u202egnp.exe", "\ufeff", "\u2028", "ä" * 300, "x" * 5_000,
    "x" * 200_000, "𝒳" * 2_000, "\U0010ffff", "e\u0301" * 50, "-1", "0x7f", "null", "true", "1e999", "{{profile.a}}",
    "{% for x in y %}", "<script>alert(1)</script>", "'; DROP TABLE message; --", "../../etc/passwd", "%00", "%s%n",
    "__class__", "a@b", "@", "a@b@c", "ann@xn--nxasmq6b.example", "jürgen@bücher.example", "ann@[127.0.0.1]",
    '"a b"@c.example', "a" * 64 + "@" + "b" * 63 + ".example", "+15550100", "+1", "+" + "9" * 40, "Ann <a@b.example>",
    "delivered@example.com", "bounce@example.com", "down@example.com", "deferred@example.com",
)  # fmt: skip
ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**53 + 1, 2**63, -(2**64), 10**300, 0.0, -0.0, 0.1, 1e308, -1e-308, [], {},
    [[]], [None], {"": None}, {"a": {"b": [1, {"c": None}]}}, [1, "2", None, 3.5] * 5, {"clear": True},
)  # fmt: skip
RAW_NUMBERS = (
    b"1e999", b"-1e999", b"NaN", b"Infinity", b"-", b"01", b"1.", b".5", b"+1", b"0x1f", b"1e", b"9" * 5_000,
    b"0." + b"1" * 5_000, b"1e-999999999", b"-0",
)  # fmt: skip
RAW_PIECES = (
    b"\xff", b"\x80", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xef\xbb\xbf", b"\x00", b'"\\ud800"',
    b'"\\udc00\\ud800"', b'"\\u0000"', b"\\", b'"', b"{", b"}", b"[", b"]", b",", b":", b"//", b"/* */", b"'", b"\n",
    b"\x1f", b"\x7f", b"\xe2\x80\xa8", b"NaN", b"\\u12", b"\\x41",
)  # fmt: skip
DEPTHS = (31, 32, 33, 200, 2_000, 100_000)
DEEPEST_DATA = 200  # as json.dumps goes down by calls


def text(chance: Random) -> str:
    """Some text; often an odd one."""
    if chance.random() < 0.6:
        return chance.choice(ODD_TEXTS)
    return "".join(chr(_character(chance)) for _ in range(chance.randrange(12)))


def _character(chance: Random) -> int:
    """Of anywhere but the surrogates, which are no characters."""
    found = chance.choice((chance.randrange(128), chance.randrange(0x3000), chance.randrange(0x110000)))
    return 0x41 if 0xD800 <= found < 0xE000 else found


def value(chance: Random) -> Any:
    """Some data."""
    kind = chance.random()
    if kind < 0.45:
        return text(chance)
    if kind < 0.9:
        return chance.choice(ODD_VALUES)
    return nested(chance.choice(DEPTHS), chance)


def nested(depth: int, chance: Random) -> Any:
    """Lists or objects in each other."""
    made: Any = None
    for _ in range(min(depth, DEEPEST_DATA)):
        made = [made] if chance.random() < 0.5 else {"a": made}
    return made


def data(body: Any, chance: Random, times: int = 1) -> Any:
    """A body with some places of it replaced, left out, renamed or said twice."""
    for _ in range(times):
        body = _changed(body, chance.choice(places(body)), chance)
    return body


def places(body: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of everything in a body."""
    items: list[tuple[Any, Any]] = []
    if isinstance(body, dict):
        items = list(body.items())
    elif isinstance(body, list):
        items = list(enumerate(body))
    return [path] + [place for key, inner in items for place in places(inner, (*path, key))]


def _changed(body: Any, path: tuple[Any, ...], chance: Random) -> Any:
    if not path:
        return value(chance)
    key, *rest = path
    copy: Any = dict(body) if isinstance(body, dict) else list(body)
    if rest:
        copy[key] = _changed(body[key], tuple(rest), chance)
        return copy
    deed = chance.random()
    if deed < 0.2:
        del copy[key]
    elif deed < 0.35 and isinstance(copy, list):
        copy *= chance.choice((2, 5, 25))
    elif deed < 0.35:
        copy[text(chance)] = copy.pop(key)
    else:
        copy[key] = value(chance)
    return copy


def json_bytes(body: Any, chance: Random) -> bytes:
    """JSON of it, with or without escapes."""
    made = json.dumps(body, ensure_ascii=chance.random() < 0.5, separators=(",", ":"))
    return made.encode("utf-8", "surrogatepass")


def raw(good: bytes, chance: Random, pieces: Sequence[bytes] = RAW_PIECES) -> bytes:
    """The bytes, spoilt in one to three places."""
    for _ in range(chance.randint(1, 3)):
        good = chance.choice(DEEDS)(good, chance, pieces)
    return good


def _insert(good: bytes, chance: Random, pieces: Sequence[bytes]) -> bytes:
    at = chance.randint(0, len(good))
    return good[:at] + chance.choice(pieces) + good[at:]


def _overwrite(good: bytes, chance: Random, pieces: Sequence[bytes]) -> bytes:
    at = chance.randint(0, len(good))
    return good[:at] + bytes([chance.randrange(256)]) + good[at + 1 :]


def _cut_off(good: bytes, chance: Random, pieces: Sequence[bytes]) -> bytes:
    return good[: chance.randint(0, len(good))]


def _cut_out(good: bytes, chance: Random, pieces: Sequence[bytes]) -> bytes:
    first, last = sorted(chance.randint(0, len(good)) for _ in range(2))
    return good[:first] + good[last:]


def _repeat(good: bytes, chance: Random, pieces: Sequence[bytes]) -> bytes:
    first, last = sorted(chance.randint(0, len(good)) for _ in range(2))
    return good[:last] + good[first:last] * chance.choice((1, 2, 20)) + good[last:]


DEEDS: tuple[Callable[[bytes, Random, Sequence[bytes]], bytes], ...] = (
    _insert,
    _insert,
    _overwrite,
    _cut_off,
    _cut_out,
    _repeat,
)


def json_of_no_sort(good: bytes, chance: Random) -> bytes:
    """What no encoder of ours would write: keys twice, numbers beyond measure, abysses, other encodings."""
    kind = chance.randrange(6)
    if kind == 0:
        return _said_twice(good, chance)
    if kind == 1:
        return _replaced(good, chance.choice(RAW_NUMBERS), chance)
    if kind == 2:
        depth = chance.choice(DEPTHS)
        opening, closing = chance.choice(((b"[", b"]"), (b'{"a":', b"}")))
        return _replaced(
            good, opening * depth + b"1" + closing * (depth if chance.random() < 0.7 else 0), chance
        )
    if kind == 3:
        return good.decode("utf-8", "replace").encode(
            chance.choice(("utf-16", "utf-16-le", "utf-32", "utf-7"))
        )
    if kind == 4:
        return good + chance.choice((b" ", b"{}", b"\x00", good, b",", b"\n" * 10_000))
    return b" " * chance.choice((1, 100_000)) + good


def _said_twice(good: bytes, chance: Random) -> bytes:
    """A key of it, with another value, before it."""
    keys = [part.split(b'"')[-1] for part in good.split(b'":')[:-1]]
    if not keys:
        return good
    key = chance.choice(keys)
    odd = json_bytes(chance.choice(ODD_VALUES), chance)
    return good.replace(b'"' + key + b'":', b'"' + key + b'":' + odd + b',"' + key + b'":', 1)


def _replaced(good: bytes, piece: bytes, chance: Random) -> bytes:
    """The piece in the place of some value."""
    parts = good.split(b'":')
    at = chance.randrange(len(parts))
    rest = parts[at].partition(b",")
    parts[at] = piece + rest[1] + rest[2]
    return b'":'.join(parts)
