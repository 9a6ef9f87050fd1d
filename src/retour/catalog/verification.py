"""Looks at a request that somebody received, by default with the secrets of the sandbox's webhook. It tells none."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from retour import checks, ids, proofs, receiver, signing
from retour.catalog.inputs import VerificationInput
from retour.catalog.webhooks import Webhooks
from retour.model import JwtAuthentication, Sandbox
from retour.proofs import Proofs
from retour.receiver import Finding, JwtRule, Outcome, Step
from retour.sealing import Keys

BODY_CHARACTERS = (
    64 * 1024
)  # an event has some 2 kB, and a body that does not match is hashed in hundreds of ways
HEADERS = 100
TITLE = "This can't be verified."
NO_WEBHOOK = "This sandbox has no feedback webhook. Enter the secret to verify with."


class Verification:
    """The steps of a receiver, taken here."""

    def __init__(self, webhooks: Webhooks, keys: Keys) -> None:
        self._webhooks = webhooks
        self._keys = keys

    async def explain(self, sandbox: Sandbox, given: VerificationInput) -> list[Finding]:
        """A finding for each step. Without a secret the webhook's own are tried, the JWT's too. Raises Invalid."""
        secrets, rules = await self._expected(sandbox, given)
        at = _check(given, secrets)
        body = given.body.encode(errors="surrogatepass")
        return await asyncio.to_thread(_explain, given, body, secrets or (), rules, at)

    async def _expected(
        self, sandbox: Sandbox, given: VerificationInput
    ) -> tuple[Sequence[str] | None, list[JwtRule]]:
        """Signing secrets and rules for the JWT; None when there is nothing to verify with."""
        if given.secret is not None:
            return [given.secret], []
        webhook = await self._webhooks.find(sandbox)
        if webhook is None:
            return None, []
        now = ids.now()
        opened = proofs.open_proofs(self._keys, webhook, now)
        return opened.good_secrets(now) if webhook.signed else [], _rules(webhook.authentication, opened)


def _rules(jwt: JwtAuthentication | None, opened: Proofs) -> list[JwtRule]:
    """One for each key, the newest first."""
    if jwt is None:
        return []
    return [
        JwtRule(
            key=secret if key.public is None else signing.published(key.algorithm, key.key_id, key.public),
            algorithm=key.algorithm,
            claims=jwt.claims,
            header=jwt.header,
            prefix=jwt.prefix,
        )
        for key, secret in zip(opened.keys, opened.key_secrets, strict=True)
    ]


def _check(given: VerificationInput, secrets: Sequence[str] | None) -> int:
    """When it came, in microseconds. Raises Invalid."""
    problems = checks.Problems()
    problems.need("body", len(given.body) <= BODY_CHARACTERS, f"Use at most {BODY_CHARACTERS:,} characters.")
    problems.need("headers", len(given.headers) <= HEADERS, f"Use at most {HEADERS} headers.")
    problems.need("secret", secrets is not None, NO_WEBHOOK)
    at = _moment(given.at)
    problems.need("at", at is not None, "Enter a time as in 2026-11-24T04:41:04Z.")
    problems.refuse(TITLE)
    return at or 0


def _moment(text: str | None) -> int | None:
    try:
        return ids.now() if text is None else ids.parse_iso(text)
    except (ValueError, OverflowError):
        return None


def _explain(
    given: VerificationInput, body: bytes, secrets: Sequence[str], rules: Sequence[JwtRule], at: int
) -> list[Finding]:
    """By the first rule whose token fits, while there are several keys; else by the newest one's."""
    tried: Sequence[JwtRule | None] = rules or [None]
    findings = [receiver.explain(given.headers, body, secrets, jwt=rule, now=at) for rule in tried]
    return next((found for found in findings if _has_token(found)), findings[0])


def _has_token(findings: list[Finding]) -> bool:
    return any(found.step is Step.TOKEN and found.outcome is Outcome.OK for found in findings)
