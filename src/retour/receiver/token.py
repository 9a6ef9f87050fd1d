"""The JWT that comes along with JWT Authentication, from the side that verifies (RFC 7519, RFC 7518)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey
from joserfc.jws import CompactSignature, JWSRegistry

from retour import ids, limits
from retour.model import Value
from retour.receiver.signature import moment

KINDS: Final[Mapping[str, type[Key]]] = {
    "HS256": OctKey,
    "HS384": OctKey,
    "HS512": OctKey,
    "ES256": ECKey,
    "RS256": RSAKey,
    "EdDSA": OKPKey,
}
ALGORITHMS: Final = tuple(KINDS)
SECRET_BYTES: Final = {
    "HS256": 32,
    "HS384": 48,
    "HS512": 64,
}  # RFC 7518, 3.2; the service takes no shorter one
KEY_TROUBLES = (
    JoseError,
    ValueError,
    TypeError,
    RecursionError,
)  # what joserfc says of a key or token that is none


class JwtRule(Value):
    """The JWT that has to come along.

    algorithm: HS256, HS384, HS512, ES256, RS256 or EdDSA, as the webhook has it; a token by another is refused.
    key: the secret of HS…; else the public key, as PEM, as a JWK or as a JWKS (a dict). claims: those that
    have to be in it with these values; of `aud` (RFC 7519, 4.1.3) it is enough that it is among them.
    """

    key: str | Mapping[str, Any]
    algorithm: str = "HS256"
    claims: Mapping[str, Any] = {}
    header: str = "Authorization"
    prefix: str = "Bearer "


class _Registry(JWSRegistry):
    """joserfc warns at each EdDSA token (RFC 9864 renames it Ed25519), which who receives one can't change."""

    def get_alg(self, name: str) -> JWSAlgModel:
        if name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError(f"Algorithm of '{name}' is not allowed")
        return self.algorithms[name]


def token_troubles(rule: JwtRule, headers: Mapping[str, str], now: int) -> tuple[str, ...]:
    """Everything that is wrong with the token, the worst first; empty if nothing is. now: microseconds."""
    name = rule.header.lower()
    value = headers.get(name)
    if value is None:
        return (f"There is no JWT in the header {rule.header}. Has the webhook JWT Authentication?",)
    if not value.startswith(rule.prefix):
        return (f"There is no JWT in the header {rule.header}: it does not start with {rule.prefix!r}.",)
    token = _read(value.removeprefix(rule.prefix))
    if token is None:
        return (f"There is no JWT in the header {rule.header}: three parts with full stops between are one.",)
    return _proof_troubles(rule, token) + _claims_troubles(rule, _claims(token), now)


def _read(text: str) -> CompactSignature | None:
    try:
        return jws.extract_compact(text.strip().encode())
    except KEY_TROUBLES:
        return None


def _claims(token: CompactSignature) -> dict[str, Any]:
    """What it says, verified or not."""
    try:
        return msgspec.json.decode(token.payload or b"", type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}


# --- who made it ---


def _proof_troubles(rule: JwtRule, token: CompactSignature) -> tuple[str, ...]:
    given = token.headers().get("alg")
    if given != rule.algorithm:
        return (
            f"The JWT is signed by {given}, and {rule.algorithm} is expected: compare the webhook's algorithm.",
        )
    trouble = _rule_trouble(rule)
    return (trouble,) if trouble else _match_troubles(rule, token)


def _rule_trouble(rule: JwtRule) -> str | None:
    if rule.algorithm not in KINDS:
        return f"{rule.algorithm} is not an algorithm of a webhook. Choose one of {', '.join(ALGORITHMS)}."
    return _secret_trouble(rule.algorithm, rule.key) if isinstance(rule.key, str) else None


def _secret_trouble(algorithm: str, secret: str) -> str | None:
    """Of a secret that can't be right; joserfc would warn of it at each token."""
    size, found = SECRET_BYTES.get(algorithm, 0), len(secret.encode())
    if size and "BEGIN " in secret:
        return f"{algorithm} needs the shared secret, and this is a key file: a rule for ES256 or RS256?"
    if found < size:
        return (
            f"The JWT secret is not whole: it has {found} bytes, and {algorithm} needs {size}. Is the setting or "
            "environment variable right?"
        )
    return None


def _match_troubles(rule: JwtRule, token: CompactSignature) -> tuple[str, ...]:
    kid = token.headers().get("kid")
    try:
        keys = _keys(rule, kid)
    except KEY_TROUBLES:
        return (f"The key of the rule can't be read. {rule.algorithm} needs {_wanted(rule)}.",)
    if not keys:
        return (f"The rule has no key for {rule.algorithm} with the key id {kid!r}: fetch the JWKS again.",)
    if any(_matches(rule, token, key) for key in keys):
        return ()
    return (f"The JWT does not verify by {rule.algorithm}: it was signed with another secret or key.",)


def _wanted(rule: JwtRule) -> str:
    return "a secret" if rule.algorithm in SECRET_BYTES else "the public key as PEM, JWK or JWKS"


def _keys(rule: JwtRule, kid: str | None) -> list[Key]:
    """The keys to try; of a set those with the token's key id, if it names one."""
    kind = KINDS[rule.algorithm]
    if isinstance(rule.key, str):
        return [kind.import_key(rule.key)]
    one_of_many = "keys" in rule.key and kid is not None
    members: list[Mapping[str, Any]] = rule.key.get("keys", [rule.key])
    fitting = [jwk for jwk in members if jwk.get("kty") == kind.key_type]
    return [kind.import_key(dict(jwk)) for jwk in fitting if not one_of_many or jwk.get("kid") == kid]


def _matches(rule: JwtRule, token: CompactSignature, key: Key) -> bool:
    try:
        return jws.validate_compact(token, key, registry=_Registry(algorithms=[rule.algorithm]))
    except KEY_TROUBLES:
        return False


# --- what it says ---


def _claims_troubles(rule: JwtRule, claims: Mapping[str, Any], now: int) -> tuple[str, ...]:
    found = [_time_trouble(claims, now)]
    found += [_claim_trouble(name, claims.get(name), value) for name, value in rule.claims.items()]
    return tuple(sentence for sentence in found if sentence)


def _time_trouble(claims: Mapping[str, Any], now: int) -> str | None:
    second = now // limits.SECOND
    expires, starts = _seconds(claims.get("exp")), _seconds(claims.get("nbf", 0))
    if expires is None or starts is None:
        return "The JWT has no time of expiry (exp)." if expires is None else "The JWT's nbf is no time."
    if expires <= second:
        clocks = f"exp is {moment(expires)}, our clock says {ids.iso(now)}"
        return f"The JWT expired {second - expires} s ago: {clocks}. Set the clock by NTP, or it is an old request."
    if starts > second:
        return f"The JWT is not good before {moment(starts)} (nbf); our clock says {ids.iso(now)}."
    return None


def _seconds(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _claim_trouble(name: str, found: object, expected: object) -> str | None:
    if found == expected or (name == "aud" and isinstance(found, list) and expected in found):
        return None
    shown = "is missing" if found is None else f"is {_json(found)}"
    return f"The claim {name} of the JWT {shown}; expected {_json(expected)}."


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()[:200]
