"""The secrets with which a webhook's requests are signed, opened: for who signs, and for who explains a signature.

Each is sealed for its place: what a rotation replaces is sealed anew for another one.
"""

from __future__ import annotations

from enum import StrEnum

from retour import signing
from retour.model import JwtKey, Sealed, Value, Webhook
from retour.sealing import Keys


class Place(StrEnum):
    """Where in a webhook's row a secret is sealed."""

    JWT = "authentication.secret"
    RETIRING_JWT = "authentication.retiring"
    SIGNING = "signing_secret"
    RETIRING_SIGNING = "retiring_secrets"


class Proofs(Value):
    """Opened secrets, to be kept in memory only; each list has the newest first.

    keys, key_secrets: of the JWT, place by place. signing_secrets: each with its end, None for the one that stays.
    """

    keys: tuple[JwtKey, ...] = ()
    key_secrets: tuple[str, ...] = ()
    signing_secrets: tuple[tuple[str, int | None], ...] = ()

    def good_secrets(self, now: int) -> list[str]:
        """The signing secrets that have not ended."""
        return [
            secret for secret, until in self.signing_secrets if until is None or signing.is_good(until, now)
        ]


def open_proofs(keys: Keys, webhook: Webhook, now: int) -> Proofs:
    """All of them that are good now. Raises WrongKey."""
    good = signing.without_ended(webhook, now)
    jwt_keys = good.authentication.keys if good.authentication else ()
    places = [Place.JWT] + [Place.RETIRING_JWT] * len(jwt_keys)
    return Proofs(
        keys=jwt_keys,
        key_secrets=tuple(
            open_secret(keys, good, key.secret, place) for key, place in zip(jwt_keys, places, strict=False)
        ),
        signing_secrets=_signing_secrets(keys, good),
    )


def _signing_secrets(keys: Keys, webhook: Webhook) -> tuple[tuple[str, int | None], ...]:
    newest: list[tuple[str, int | None]] = []
    if webhook.signing_secret is not None:
        newest = [(open_secret(keys, webhook, webhook.signing_secret, Place.SIGNING), None)]
    retiring = [
        (open_secret(keys, webhook, old.secret, Place.RETIRING_SIGNING), old.until)
        for old in webhook.retiring_secrets
    ]
    return (*newest, *retiring)


def open_secret(keys: Keys, webhook: Webhook, sealed: Sealed, place: str) -> str:
    """The plain text. Raises WrongKey."""
    return keys.open(sealed.sealed, sandbox=webhook.sandbox, row=webhook.id, column=place).decode()


def seal_secret(keys: Keys, sandbox: str, row: str, place: str, plain: str) -> Sealed:
    """Sealed for that place of a webhook."""
    return Sealed(sealed=keys.seal(plain.encode(), sandbox=sandbox, row=row, column=place))
