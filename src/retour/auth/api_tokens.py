"""API access: OAuth 2 client credentials for a bearer token, and the headers that every AJO call carries.

A token is a JWT of our own (HS256, a derived key). The credential behind it is looked up at most TOKEN_CACHE_SECONDS
ago, so that a removed one ends soon.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import joserfc.errors
from joserfc import jwt
from joserfc.jwk import OctKey

from retour import ids, limits
from retour.auth import Caller
from retour.errors import Code, Field, Forbidden, Invalid, NotFound, Unauthorized
from retour.kept import Kept
from retour.model import Credential
from retour.passwords import secret_fits
from retour.sealing import Keys
from retour.stores.shelves import Shelves

AUDIENCE = "retour-api"


class ApiTokens:
    """Issues and reads bearer tokens."""

    def __init__(self, shelves: Shelves, keys: Keys) -> None:
        self._shelves = shelves
        self._key = OctKey.import_key(keys.derive("api-token"))
        self._known: Kept[tuple[Credential, int]] = Kept()

    async def issue(self, form: Mapping[str, str]) -> dict[str, Any]:
        """The answer of `POST /ims/token/v3`. Raises Invalid, Unauthorized."""
        if form.get("grant_type") != "client_credentials":
            title = "Send grant_type=client_credentials with client_id and client_secret."
            raise Invalid(Code.INVALID_FIELDS, title, (Field("grant_type", title),))
        client_id = form.get("client_id", "")
        credential = await self._shelves.credential(client_id)
        if credential is None or not secret_fits(form.get("client_secret", ""), credential.secret_hash):
            raise Unauthorized(Code.CLIENT_REFUSED, "The client id or the client secret is wrong.")
        now = ids.now() // limits.SECOND
        claims = {"sub": client_id, "aud": AUDIENCE, "iat": now, "exp": now + limits.TOKEN_SECONDS}
        token = jwt.encode({"alg": "HS256"}, claims, self._key)
        return {"access_token": token, "token_type": "bearer", "expires_in": limits.TOKEN_SECONDS}

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

    async def _credential(self, authorization: str) -> Credential:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            title = "Send Authorization: Bearer with a token of /ims/token/v3."
            raise Unauthorized(Code.UNAUTHENTICATED, title, (Field("authorization", title),))
        now = ids.now()
        kept = self._known.get(token)
        if kept is not None and kept[1] > now:
            return kept[0]
        client_id, expires_at = self._read(token)
        credential = await self._shelves.credential(client_id)
        if credential is None:
            raise Unauthorized(Code.UNAUTHENTICATED, "The credential of this token is gone.")
        until = min(expires_at, now + limits.TOKEN_CACHE_SECONDS * limits.SECOND)
        self._known.keep(token, (credential, until))
        return credential

    def _read(self, token: str) -> tuple[str, int]:
        """Whose it is and until when (microseconds). Raises Unauthorized."""
        registry = jwt.JWTClaimsRegistry(exp={"essential": True}, aud={"essential": True, "value": AUDIENCE})
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
        return str(claims["sub"]), int(claims["exp"]) * limits.SECOND
