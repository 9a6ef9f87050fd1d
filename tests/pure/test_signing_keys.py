"""Keys made here, their names and public halves: checked by PyJWT."""

from __future__ import annotations

import time
from typing import Any

import jwt as pyjwt
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from retour import signing
from retour.model import JwtAuthentication, Sealed
from retour.signing import Tokens

NOW = 1_791_310_961_500_000
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}  # RFC 7518, 6: what no public key holds
MADE = {algorithm: signing.generate(algorithm) for algorithm in signing.ALGORITHMS}
ASYMMETRIC = [algorithm for algorithm in signing.ALGORITHMS if not signing.is_shared(algorithm)]


def authentication(algorithm: str, **more: Any) -> JwtAuthentication:
    claims = {"iss": "retour"}
    return JwtAuthentication(algorithm=algorithm, secret=Sealed(sealed=""), claims=claims, **more)


def read(token: str, algorithm: str, secret: str) -> dict[str, Any]:
    """The claims, by PyJWT and with the published half of the key."""
    public = signing.public_part(algorithm, secret)
    key: Any = secret
    if public is not None:
        key = pyjwt.PyJWK(signing.published(algorithm, None, public))
    options: Any = {"verify_exp": False, "verify_iat": False}
    claims: dict[str, Any] = pyjwt.decode(
        token.removeprefix("Bearer "), key, algorithms=[algorithm], options=options
    )
    return claims


@pytest.mark.parametrize("algorithm", signing.ALGORITHMS)
def test_what_is_made_here_fits_and_signs_what_another_implementation_verifies(algorithm: str) -> None:
    secret = MADE[algorithm]
    assert signing.check_secret(algorithm, secret) is None
    assert secret != signing.generate(algorithm)
    token = Tokens().bearer("w", authentication(algorithm), secret, NOW)
    assert read(token, algorithm, secret)["iss"] == "retour"


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_secret_made_here_fits_every_shared_algorithm(algorithm: str) -> None:
    assert signing.check_secret(algorithm, MADE["HS256"]) is None


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_the_published_key_holds_nothing_private(algorithm: str) -> None:
    public = signing.public_part(algorithm, MADE[algorithm])
    assert public is not None
    shown = signing.published(algorithm, None, public)
    assert not PRIVATE & set(shown)
    assert (shown["alg"], shown["use"]) == (algorithm, "sig")
    assert "kid" not in public


def test_a_shared_secret_has_no_public_half_and_no_name_of_its_own() -> None:
    assert signing.public_part("HS256", MADE["HS256"]) is None
    assert signing.key_name(None, None) is None
    assert signing.key_name("k1", None) == "k1"


def test_a_key_is_named_by_its_thumbprint_unless_it_has_an_id() -> None:
    first, second = (signing.public_part("ES256", signing.generate("ES256")) for _ in range(2))
    assert first is not None
    assert signing.published("ES256", "2026-11", first)["kid"] == "2026-11"
    assert signing.key_name(None, first) != signing.key_name(None, second)
    assert len(signing.key_name(None, first) or "") == 43  # SHA-256 in base64url


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_the_kid_of_a_token_is_the_kid_of_the_published_key(algorithm: str) -> None:
    public = signing.public_part(algorithm, MADE[algorithm])
    assert public is not None
    for key_id in (None, "k1"):
        token = Tokens().bearer(
            "w", authentication(algorithm, key_id=key_id, prefix=""), MADE[algorithm], NOW
        )
        kid = pyjwt.get_unverified_header(token)["kid"]
        assert kid == signing.published(algorithm, key_id, public)["kid"]


def test_a_token_for_each_request_has_another_jti_and_a_kept_one_has_none() -> None:
    tokens, secret = Tokens(), MADE["HS256"]
    each = [tokens.bearer("a", authentication("HS256", per_request=True), secret, NOW) for _ in range(50)]
    assert len({read(token, "HS256", secret)["jti"] for token in each}) == 50
    kept = {tokens.bearer("b", authentication("HS256"), secret, NOW) for _ in range(50)}
    (token,) = kept
    assert "jti" not in read(token, "HS256", secret)


# --- signing secrets ---


def test_each_of_several_signatures_is_verified_by_the_official_package() -> None:
    new, old, other = (signing.new_signing_secret() for _ in range(3))
    body = b'{"requestId": "r-1"}'
    headers = dict(signing.webhook_headers([new, old], "event-1", int(time.time()), body))
    assert headers["webhook-signature"].split(" ")[0] == signing.sign(
        new, "event-1", int(headers["webhook-timestamp"]), body
    )
    for secret in (new, old):
        assert Webhook(secret).verify(body, headers) == {"requestId": "r-1"}
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(body, headers)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_",
        "hush",
        "whsec_####",
        "whsec_QUJD",
        "QUJD" * 8,
        "whsec_" + "QUJD" * 30,
        "whsk_" + "QUJD" * 8,
    ],
)
def test_a_signing_secret_brought_along_has_the_form_of_the_specification(text: str) -> None:
    assert (signing.check_signing_secret(text) or "").startswith("Enter whsec_ and 24 to 64 random bytes")
    assert signing.check_signing_secret(signing.new_signing_secret()) is None
