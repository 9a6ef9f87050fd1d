"""Changing a secret without a failed verification: for a while, the overlap, both the old one and the new one are good.

Requests carry a signature of each. A JWT can be signed by one key only: at first by the old one, so that the new one
can become known, then by the new one. When the overlap ends, the old one is gone.
"""

from __future__ import annotations

import msgspec
import structlog

from retour import checks, ids, limits, proofs, signing
from retour.audit import Deed
from retour.catalog.inputs import OVERLAP_HOURS, ROTATED, AuthenticationInput, RotationInput
from retour.catalog.jwt_keys import BOTH, TAKEN, check_key, fresh_key, secret_name, secret_of
from retour.catalog.webhooks import Made, Webhooks
from retour.model import COMMAND_LINE, Actor, JwtAuthentication, RetiringSecret, Sandbox, Sealed, Webhook
from retour.proofs import Place
from retour.sealing import Keys

SIGN_AFTER = 10 * limits.MINUTE  # whoever fetched the JWKS may keep it for 5 minutes: twice that
RETIRING = 3  # old ones that are good at once: a header of signatures has to end somewhere
TITLE = "The secret can't be changed like this."
NO_JWT = "This webhook has No Authentication: there is no key to change."
KNOWN = "This one is in use already. Enter another one."
log = structlog.get_logger()


class Rotations:
    """Rotates the signing secret and the key of the JWT."""

    def __init__(self, webhooks: Webhooks, keys: Keys) -> None:
        self._webhooks = webhooks
        self._keys = keys

    async def rotate(
        self,
        sandbox: Sandbox,
        webhook_id: str,
        given: RotationInput,
        by: Actor = COMMAND_LINE,
        version: int | None = None,
    ) -> Made:
        """Put a new one in the place of the one there is. version: the one that was read; None takes the newest.

        Raises NotFound, Invalid, Changed.
        """
        stored, now = await self._webhooks.get(sandbox, webhook_id), ids.now()
        if version not in (None, stored.version):
            raise checks.stale("feedback webhook", stored.version)
        self._check(given, stored, now)
        until = now + given.overlap_hours * limits.HOUR
        if given.what == "jwt" and stored.authentication is not None:
            made = await self._with_key(stored, stored.authentication, given, now, until)
        else:
            made = self._with_secret(stored, given, until)
        newest = await self._webhooks.replace(sandbox, stored, made.webhook, Deed.ROTATED, by)
        log.info("secret_rotated", sandbox=sandbox.id, what=given.what, by=by.id, until=ids.iso(until))
        return msgspec.structs.replace(made, webhook=newest)

    # --- checks ---

    def _check(self, given: RotationInput, stored: Webhook, now: int) -> None:
        problems = checks.Problems()
        problems.add("what", checks.one_of(given.what, ROTATED, "What to change"))
        low, high = OVERLAP_HOURS
        problems.need("overlapHours", low <= given.overlap_hours <= high, f"Use {low} to {high} hours.")
        if given.what == "jwt":
            self._check_jwt(given, stored, problems, now)
        elif given.what == "signingSecret":
            self._check_signing_secret(given, stored, problems, now)
        problems.refuse(TITLE)

    def _check_signing_secret(
        self, given: RotationInput, stored: Webhook, problems: checks.Problems, now: int
    ) -> None:
        problems.add("overlapHours", _crowded(given, len(stored.retiring_secrets)))
        if not given.secret:
            return
        known = proofs.open_proofs(self._keys, stored, now).good_secrets(now)
        problems.need("generate", not given.generate, BOTH)
        trouble = signing.check_signing_secret(given.secret)
        problems.add("secret", trouble or (KNOWN if given.secret in known else None))

    def _check_jwt(self, given: RotationInput, stored: Webhook, problems: checks.Problems, now: int) -> None:
        jwt = stored.authentication
        if jwt is None:
            problems.add("what", NO_JWT)
            return
        wanted = _wanted(given, jwt)
        check_key(wanted, None, "", problems)
        problems.add("overlapHours", _crowded(given, len(jwt.retiring)))
        problems.add("signAfterMinutes", _start_trouble(given))
        names = [key.key_id for key in jwt.keys if key.key_id]
        problems.need("keyId", given.key_id not in names, TAKEN)
        known = proofs.open_proofs(self._keys, stored, now).key_secrets
        problems.need(secret_name(wanted.algorithm), secret_of(wanted) not in known, KNOWN)

    # --- the webhook as it will be ---

    def _with_secret(self, stored: Webhook, given: RotationInput, until: int) -> Made:
        secret = given.secret or signing.new_signing_secret()
        retiring = stored.retiring_secrets
        if stored.signing_secret is not None:
            old = self._moved(stored, stored.signing_secret, Place.SIGNING, Place.RETIRING_SIGNING)
            retiring = (RetiringSecret(secret=old, until=until), *retiring)
        webhook = msgspec.structs.replace(
            stored,
            signing_secret=proofs.seal_secret(self._keys, stored.sandbox, stored.id, Place.SIGNING, secret),
            retiring_secrets=retiring if given.overlap_hours else (),
        )
        return Made(webhook=webhook, signing_secret=None if given.secret else secret)

    async def _with_key(
        self, stored: Webhook, jwt: JwtAuthentication, given: RotationInput, now: int, until: int
    ) -> Made:
        wanted = _wanted(given, jwt)
        key = await fresh_key(wanted)
        assert key is not None  # noqa: S101 - the checks ask for one
        old = self._moved(stored, jwt.secret, Place.JWT, Place.RETIRING_JWT)
        newest = msgspec.structs.replace(jwt.keys[0], secret=old, until=until)
        changed = msgspec.structs.replace(
            jwt,
            algorithm=wanted.algorithm,
            secret=proofs.seal_secret(self._keys, stored.sandbox, stored.id, Place.JWT, key.plain),
            key_id=given.key_id or None,
            public=key.public,
            signs_from=min(now + _wait(given, wanted.algorithm), until),
            retiring=(newest, *jwt.retiring) if given.overlap_hours else (),
        )
        webhook = msgspec.structs.replace(stored, authentication=changed)
        return Made(webhook=webhook, jwt_secret=key.shown)

    def _moved(self, stored: Webhook, sealed: Sealed, place: Place, to: Place) -> Sealed:
        """The same secret, sealed for another place."""
        plain = proofs.open_secret(self._keys, stored, sealed, place)
        return proofs.seal_secret(self._keys, stored.sandbox, stored.id, to, plain)


def _wanted(given: RotationInput, jwt: JwtAuthentication) -> AuthenticationInput:
    return AuthenticationInput(
        type="jwt",
        algorithm=given.algorithm or jwt.algorithm,
        secret=given.secret,
        private_key=given.private_key,
        generate=given.generate,
        key_id=given.key_id,
    )


def _crowded(given: RotationInput, retiring: int) -> str | None:
    if given.overlap_hours == 0 or retiring < RETIRING:
        return None
    return f"{RETIRING} older ones are still good. Wait until one has ended, or use 0 hours, which ends them all."


def _start_trouble(given: RotationInput) -> str | None:
    minutes = given.sign_after_minutes
    if minutes is None or 0 <= minutes <= given.overlap_hours * 60:
        return None
    return "The new key has to begin to sign before the old one ends: use minutes within the overlap."


def _wait(given: RotationInput, algorithm: str) -> int:
    """How long the old key goes on signing. What receivers can't know yet gets time to become known."""
    if given.sign_after_minutes is not None:
        return given.sign_after_minutes * limits.MINUTE
    entered = signing.is_shared(algorithm) and not given.generate
    return 0 if entered else SIGN_AFTER
