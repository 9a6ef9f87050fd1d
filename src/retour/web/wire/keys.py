"""Public keys, as web/jwks.py answers them."""

from __future__ import annotations

from typing import Any

from retour.web.wire.shapes import Answer


class KeySet(Answer):
    """A JWK Set (RFC 7517, 5)."""

    keys: list[dict[str, Any]]
