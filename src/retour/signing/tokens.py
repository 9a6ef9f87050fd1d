"""JWTs (RFC 7519). A key object is loaded once: handing PEM text to the signer costs RS256 forty times as much."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from joserfc import jwt

from retour import ids, limits
from retour.model import JwtAuthentication
from retour.signing.keys import Key, key_name, load, public_part_of

TOKENS = 10_000  # webhooks whose key and token are kept: some 20 MB; more are signed anew


@dataclass(slots=True)
class _Entry:
    """The key of a webhook, what names it, and its newest token, good from made_at to renew_at."""

    key: Key
    header: dict[str, str]
    value: str = ""
    made_at: int = 0
    renew_at: int = 0


class Tokens:
    """Signs JWTs and keeps each until TOKEN_REUSE of its life is over. For one event loop."""

    def __init__(self, size: int = TOKENS) -> None:
        self._size = size
        self._entries: OrderedDict[str, _Entry] = OrderedDict()

    def bearer(self, cache_key: str, auth: JwtAuthentication, secret_plain: str, now: int) -> str:
        """The value of the header `auth.header`: prefix and token.

        cache_key: names the key and the version of its webhook, so that an edit is another one. secret_plain: of
        the newest key of `auth`, checked by check_secret when it was entered. now: microseconds.
        """
        entry = self._entry(cache_key, auth, secret_plain)
        if auth.per_request:
            return auth.prefix + _token(auth, entry, now // limits.SECOND, {"jti": ids.new_id()})
        if not entry.made_at <= now < entry.renew_at:
            entry.value = auth.prefix + _token(auth, entry, now // limits.SECOND, {})
            entry.made_at = now // limits.SECOND * limits.SECOND
            entry.renew_at = entry.made_at + round(auth.lifetime_seconds * limits.TOKEN_REUSE * limits.SECOND)
        return entry.value

    def _entry(self, cache_key: str, auth: JwtAuthentication, secret_plain: str) -> _Entry:
        if cache_key in self._entries:
            self._entries.move_to_end(cache_key)
            return self._entries[cache_key]
        if len(self._entries) >= self._size:
            self._entries.popitem(last=False)
        entry = _new_entry(auth, secret_plain)
        self._entries[cache_key] = entry
        return entry

    def __len__(self) -> int:
        return len(self._entries)


def _new_entry(auth: JwtAuthentication, secret_plain: str) -> _Entry:
    key = load(auth.algorithm, secret_plain)
    name = key_name(auth.key_id, public_part_of(key))
    return _Entry(key, {"alg": auth.algorithm, **({"kid": name} if name else {})})


def _token(auth: JwtAuthentication, entry: _Entry, second: int, own: dict[str, Any]) -> str:
    claims = {**auth.claims, "iat": second, "exp": second + auth.lifetime_seconds, **own}
    return jwt.encode(entry.header, claims, entry.key, algorithms=[auth.algorithm])
