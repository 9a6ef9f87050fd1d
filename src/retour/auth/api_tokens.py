"""API access: OAuth 2 client credentials for a bearer token, and the headers that every AJO call carries.

A token is a JWT of our own (HS256, a derived key). It names the secret that it was got for, and ends with it. The
credential behind it is looked up at most TOKEN_CACHE_SECONDS ago, so that a removed one ends soon; in the process
that removes it, at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import joserfc.errors
import structlog
from joserfc import jwt
from joserfc.jwk import OctKey

from retour import ids, limits
from retour.auth import Caller
from retour.errors import Busy, Code, Field, Forbidden, Invalid, NotFound, Unauthorized
from retour.kept import Kept
from retour.model import Credential
from retour.passwords import secret_fits
from retour.sealing import Keys
from retour.stores import Store
from retour.stores.handovers import Changed, Step
from retour.stores.shelves import Shelves

AUDIENCE = "retour-api"
FIRST = 1  # the number of a credential's first secret; tokens that name none are of it
log = structlog.get_logger()


class Claims(NamedTuple):
    """What a token says: whose it is, for which of its secrets."""

    client_id: str
    number: int


class ApiTokens:
    """Issues and reads bearer tokens."""

    def __init__(self, store: Store, shelves: Shelves, keys: Keys) -> None:
        self._store = store
        self._shelves = shelves
        self._key = OctKey.import_key(keys.derive("api-token"))
        self._known: Kept[tuple[Claims, int]] = Kept()
        self._credentials: Kept[tuple[Credential, int]] = Kept()

    async def issue(self, form: Mapping[str, str]) -> dict[str, Any]:
        """The answer of `POST /ims/token/v3`. Raises Invalid, Unauthorized."""
        if form.get("grant_type") != "client_credentials":
            title = "Send grant_type=client_credentials with client_id and client_secret."
            raise Invalid(Code.INVALID_FIELDS, title, (Field("grant_type", title),))
        client_id, at = form.get("client_id", ""), ids.now()
        credential = await self._shelves.credential(client_id)
        number = None if credential is None else secret_number(credential, form.get("client_secret", ""), at)
        if credential is None or number is None:
            raise Unauthorized(Code.CLIENT_REFUSED, "The client id or the client secret is wrong.")
        await self._note_use(credential, at)
        now = at // limits.SECOND
        seconds = lifetime(credential, number, at)
        claims = {"sub": client_id, "aud": AUDIENCE, "iat": now, "exp": now + seconds, "secret": number}
        token = jwt.encode({"alg": "HS256"}, claims, self._key)
        return {"access_token": token, "token_type": "bearer", "expires_in": seconds}

    async def identify(self, headers: Mapping[str, str]) -> Caller:
        """The caller in the sandbox that the headers name. Raises Unauthorized, Forbidden, NotFound."""
        credential = await self._credential(headers.get("authorization", ""))
        if headers.get("x-api-key") != credential.client_id:
            title = "Send your client id as x-api-key, the one that the token was made for."
            raise Forbidden(Code.CLIENT_REFUSED, title, (Field("x-api-key", title),))
        if headers.get("x-gw-ims-org-id") != credential.org:
            title = "Send the organization of your credential as x-gw-ims-org-id."
            raise Forbidden(Code.ORGANIZATION_MISMATCH, title, (Field("x-gw-ims-org-id", title),))
        name = headers.get("x-sandbox-name", "")
        sandbox = await self._shelves.sandbox(credential.org, name)
        if sandbox is None:
            title = "Send the name of one of your organization's sandboxes as x-sandbox-name."
            raise NotFound(Code.SANDBOX_UNKNOWN, title, (Field("x-sandbox-name", title),))
        return Caller(org=credential.org, sandbox=sandbox, by=credential.client_id, scopes=credential.scopes)

    def forget(self, client_id: str) -> None:
        """Look the credential up again at its next call: it was changed."""
        self._credentials.drop(client_id)

    async def _credential(self, authorization: str) -> Credential:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            title = "Send Authorization: Bearer with a token of /ims/token/v3."
            raise Unauthorized(Code.UNAUTHENTICATED, title, (Field("authorization", title),))
        now = ids.now()
        claims = self._claims(token, now)
        credential = await self._looked_up(claims.client_id, now)
        if not is_good(credential, claims.number, now):
            title = "The client secret of this token was changed. Get a new one from /ims/token/v3."
            raise Unauthorized(Code.UNAUTHENTICATED, title, (Field("authorization", title),))
        return credential

    def _claims(self, token: str, now: int) -> Claims:
        """Of a token that has not expired; its signature is checked once. Raises Unauthorized."""
        kept = self._known.get(token)
        if kept is None or kept[1] <= now:
            kept = self._known.keep(token, self._read(token))
        return kept[0]

    async def _looked_up(self, client_id: str, now: int) -> Credential:
        kept = self._credentials.get(client_id)
        if kept is not None and kept[1] > now:
            return kept[0]
        credential = await self._shelves.credential(client_id)
        if credential is None:
            raise Unauthorized(Code.UNAUTHENTICATED, "The credential of this token is gone.")
        await self._note_use(credential, now)
        until = now + limits.TOKEN_CACHE_SECONDS * limits.SECOND
        return self._credentials.keep(client_id, (credential, until))[0]

    async def _note_use(self, credential: Credential, now: int) -> None:
        """Once in CREDENTIAL_USE_NOTED. A call does not fail because this can't be written."""
        before = now - limits.CREDENTIAL_USE_NOTED
        if credential.last_used_at is not None and credential.last_used_at > before:
            return
        values = {"client_id": credential.client_id, "now": now, "before": before}
        try:
            await self._store.write(Changed(steps=(Step(statement="credential_used", values=values),)))
        except Busy:
            log.warning("store_busy", what="credential_used")

    def _read(self, token: str) -> tuple[Claims, int]:
        """What it says, and until when it may (microseconds). Raises Unauthorized."""
        registry = jwt.JWTClaimsRegistry(
            now=ids.now() // limits.SECOND,
            exp={"essential": True},
            aud={"essential": True, "value": AUDIENCE},
        )
        try:
            claims = jwt.decode(token, self._key, algorithms=["HS256"]).claims
            registry.validate(claims)
        except (
            joserfc.errors.JoseError,
            ValueError,
            TypeError,
        ) as error:  # TypeError: a `crit` that is no list
            title = "The token is not valid or has expired. Get a new one from /ims/token/v3."
            raise Unauthorized(Code.UNAUTHENTICATED, title, (Field("authorization", title),)) from error
        number = claims.get("secret", FIRST)
        read = Claims(str(claims["sub"]), number if isinstance(number, int) else 0)
        return read, int(claims["exp"]) * limits.SECOND


def secret_number(credential: Credential, secret: str, now: int) -> int | None:
    """Which of a credential's secrets this is: the newest, or the one before while it is good."""
    if secret_fits(secret, credential.secret_hash):
        return credential.number
    old = credential.number - 1
    fits = credential.old_secret_hash is not None and secret_fits(secret, credential.old_secret_hash)
    return old if fits and is_good(credential, old, now) else None


def is_good(credential: Credential, number: int, now: int) -> bool:
    """Whether that secret, and what was got for it, is good now."""
    if number == credential.number:
        return True
    return number == credential.number - 1 and credential.old_until is not None and now < credential.old_until


def lifetime(credential: Credential, number: int, now: int) -> int:
    """Of a token for that secret: TOKEN_SECONDS, or what is left of the secret."""
    if number == credential.number or credential.old_until is None:
        return limits.TOKEN_SECONDS
    return min(limits.TOKEN_SECONDS, (credential.old_until - now) // limits.SECOND)
