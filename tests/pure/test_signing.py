"""signing: every signature and token is checked by somebody else's implementation."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime
from typing import Any

import jwt as pyjwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from retour import limits, signing
from retour.model import JwtAuthentication, Sealed
from retour.signing import Tokens, check_claims, check_secret

NOW = 1_791_310_961_500_000
SECRETS = {"HS256": "s" * 32, "HS384": "s" * 48, "HS512": "s" * 64}
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
PRIVATE_KEYS: dict[str, PrivateKey] = {
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "RS256": rsa.generate_private_key(65_537, 2_048),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}


def pem(key: PrivateKey, form: PrivateFormat = PrivateFormat.PKCS8) -> str:
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def public_pem(key: PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def authentication(algorithm: str = "HS256", **changes: Any) -> JwtAuthentication:
    claims = {"iss": "retour", "aud": "hooks"}
    auth = JwtAuthentication(algorithm=algorithm, secret=Sealed(sealed=""), claims=claims)
    return msgspec.structs.replace(auth, **changes)


def read(value: str, key: Any, algorithm: str, at: int = NOW) -> dict[str, Any]:
    """The claims, verified by PyJWT, which is told not to look at the clock of the machine."""
    token = value.removeprefix("Bearer ")
    claims: dict[str, Any] = pyjwt.decode(
        token,
        key,
        algorithms=[algorithm],
        audience="hooks",
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims["iat"] <= at // limits.SECOND < claims["exp"]
    return claims


# --- Standard Webhooks ---


def test_the_vector_of_the_specification_is_met() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    signature = signing.sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body)
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(
    st.text(min_size=1, max_size=40), st.integers(min_value=0, max_value=4_000_000_000), st.text(max_size=200)
)
def test_the_official_package_signs_alike(id: str, second: int, body: str) -> None:
    secret = signing.new_signing_secret()
    theirs = Webhook(secret).sign(id, datetime.fromtimestamp(second, UTC), body)
    assert signing.sign(secret, id, second, body.encode()) == theirs


def test_the_official_package_verifies_our_headers_and_refuses_a_changed_body() -> None:
    secret, body = signing.new_signing_secret(), b'{"requestId": "r-1"}'
    headers = dict(signing.webhook_headers(secret, "event-1", int(time.time()), body))
    assert Webhook(secret).verify(body, headers) == {"requestId": "r-1"}
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(secret).verify(body + b" ", headers)


def test_a_signing_secret_has_the_form_and_the_size_of_the_specification() -> None:
    first, second = signing.new_signing_secret(), signing.new_signing_secret()
    assert first != second
    assert first.startswith("whsec_")
    assert len(base64.b64decode(first.removeprefix("whsec_"), validate=True)) == 32


# --- tokens ---


@pytest.mark.parametrize("algorithm", SECRETS)
def test_a_token_of_a_shared_secret_is_verified_by_another_implementation(algorithm: str) -> None:
    value = Tokens().bearer("w1", authentication(algorithm), SECRETS[algorithm], NOW)
    claims = read(value, SECRETS[algorithm], algorithm)
    assert claims == {"iss": "retour", "aud": "hooks", "iat": 1_791_310_961, "exp": 1_791_311_261}


@pytest.mark.parametrize("algorithm", PRIVATE_KEYS)
def test_a_token_of_a_private_key_is_verified_by_another_implementation(algorithm: str) -> None:
    key = PRIVATE_KEYS[algorithm]
    value = Tokens().bearer("w1", authentication(algorithm), pem(key), NOW)
    assert read(value, key.public_key(), algorithm)["iss"] == "retour"
    assert pyjwt.get_unverified_header(value.removeprefix("Bearer "))["alg"] == algorithm


def test_a_token_of_another_secret_is_refused() -> None:
    value = Tokens().bearer("w1", authentication(), "x" * 32, NOW)
    with pytest.raises(pyjwt.InvalidSignatureError):
        read(value, SECRETS["HS256"], "HS256")


def test_key_id_prefix_and_lifetime_are_those_configured() -> None:
    auth = authentication(key_id="2026-10", prefix="Token ", lifetime_seconds=60)
    value = Tokens().bearer("w1", auth, SECRETS["HS256"], NOW)
    assert value.startswith("Token ey")
    token = value.removeprefix("Token ")
    assert pyjwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT", "kid": "2026-10"}
    claims = read(token, SECRETS["HS256"], "HS256")
    assert claims["exp"] - claims["iat"] == 60
    assert "kid" not in pyjwt.get_unverified_header(
        Tokens().bearer("w1", authentication(prefix=""), "s" * 32, NOW)
    )


def test_a_token_is_kept_until_four_fifths_of_its_life() -> None:
    tokens, secret = Tokens(), SECRETS["HS256"]
    first = tokens.bearer("w1", authentication(), secret, NOW)
    second_zero = NOW // limits.SECOND * limits.SECOND
    assert tokens.bearer("w1", authentication(), secret, second_zero + 240 * limits.SECOND - 1) == first
    later = second_zero + 240 * limits.SECOND
    renewed = tokens.bearer("w1", authentication(), secret, later)
    assert renewed != first
    assert read(renewed, secret, "HS256", at=later)["iat"] == later // limits.SECOND


def test_a_clock_set_back_does_not_send_a_token_from_the_future() -> None:
    tokens, secret = Tokens(), SECRETS["HS256"]
    tokens.bearer("w1", authentication(), secret, NOW)
    earlier = NOW - limits.HOUR
    assert read(tokens.bearer("w1", authentication(), secret, earlier), secret, "HS256", at=earlier)


def test_each_webhook_and_each_version_of_it_has_a_token_of_its_own() -> None:
    tokens = Tokens()
    acme = tokens.bearer("acme:1", authentication(), "a" * 32, NOW)
    other = tokens.bearer("other:1", authentication(), "o" * 32, NOW)
    edited = tokens.bearer("acme:2", authentication(claims={"aud": "hooks", "iss": "acme"}), "b" * 32, NOW)
    assert len({acme, other, edited}) == 3
    assert read(edited, "b" * 32, "HS256")["iss"] == "acme"
    assert read(other, "o" * 32, "HS256")["iss"] == "retour"


def test_the_cache_forgets_who_was_asked_for_longest_ago() -> None:
    tokens = Tokens(size=2)
    first = tokens.bearer("a", authentication(), "a" * 32, NOW)
    tokens.bearer("b", authentication(), "b" * 32, NOW)
    tokens.bearer("a", authentication(), "a" * 32, NOW)
    tokens.bearer("c", authentication(), "c" * 32, NOW)
    assert len(tokens) == 2
    assert tokens.bearer("a", authentication(), "never loaded again", NOW) == first
    assert read(tokens.bearer("b", authentication(), "n" * 32, NOW), "n" * 32, "HS256")


# --- what a person may enter ---


@pytest.mark.parametrize(("algorithm", "size"), [("HS256", 32), ("HS384", 48), ("HS512", 64)])
def test_a_shared_secret_is_as_long_as_its_hash(algorithm: str, size: int) -> None:
    assert check_secret(algorithm, "s" * size) is None
    assert check_secret(algorithm, "é" * (size // 2)) is None
    assert check_secret(algorithm, "s" * (size - 1)) == (
        f"Enter an API token of at least {size} characters for {algorithm}."
    )


@pytest.mark.parametrize(
    "secret", [public_pem(PRIVATE_KEYS["RS256"]), pem(PRIVATE_KEYS["ES256"]), "ssh-rsa " + "A" * 64]
)
def test_a_key_file_is_no_shared_secret(secret: str) -> None:
    assert "needs a shared secret, and this is a key file" in (check_secret("HS256", secret) or "")


@pytest.mark.parametrize("algorithm", PRIVATE_KEYS)
def test_a_private_key_fits_its_own_algorithm_only(algorithm: str) -> None:
    for other, key in PRIVATE_KEYS.items():
        trouble = check_secret(algorithm, pem(key))
        assert (trouble is None) is (other == algorithm)
        assert other == algorithm or (trouble or "").startswith(f"{algorithm} needs a")


def test_the_older_pem_forms_are_read() -> None:
    assert check_secret("ES256", pem(PRIVATE_KEYS["ES256"], PrivateFormat.TraditionalOpenSSL)) is None
    assert check_secret("RS256", pem(PRIVATE_KEYS["RS256"], PrivateFormat.TraditionalOpenSSL)) is None


def test_weak_wrong_and_unreadable_keys_are_refused_with_what_to_enter() -> None:
    weak = rsa.generate_private_key(65_537, 1_024)
    curve = ec.generate_private_key(ec.SECP384R1())
    locked = PRIVATE_KEYS["ES256"].private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"pass")
    )
    assert "at least 2,048 bits" in (check_secret("RS256", pem(weak)) or "")
    assert "on the curve P-256" in (check_secret("ES256", pem(curve)) or "")
    assert "protected by a passphrase" in (check_secret("ES256", locked.decode()) or "")
    for text in (
        "",
        "hush",
        public_pem(PRIVATE_KEYS["ES256"]),
        "-----BEGIN PRIVATE KEY-----\nAA\n-----END PRIVATE KEY-----",
    ):
        assert "in PEM form" in (check_secret("ES256", text) or "")


@pytest.mark.parametrize("algorithm", ["none", "HS1", "", "hs256"])
def test_an_unknown_algorithm_is_answered_with_the_known_ones(algorithm: str) -> None:
    assert check_secret(algorithm, "s" * 64) == "Choose one of HS256, HS384, HS512, ES256, RS256, EdDSA."


@pytest.mark.parametrize(
    "claims", ["{}", '{"iss": "retour", "aud": ["a"], "level": 3}', {"sub": "x", "deep": {"a": None}}]
)
def test_honest_claims_are_fine(claims: object) -> None:
    assert check_claims(claims) is None


@pytest.mark.parametrize("name", ["iat", "exp", "nbf", "jti"])
def test_the_claims_of_the_service_are_refused(name: str) -> None:
    assert f"Remove {name} from the JWT Payload" in (check_claims({name: 1}) or "")
    assert f"Remove {name} from the JWT Payload" in (check_claims(json.dumps({name: 1})) or "")


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ('{\n "iss": "a"\n "aud": "b"}', "line 3, a comma is missing."),
        ('{"iss" "a"}', "line 1, a colon is missing."),
        ("", "line 1, a value is missing."),
        ("{'iss': 1}", "line 1, a name in double quotes is missing."),
        ('{"iss": "a}', "line 1, a closing quote is missing."),
        ("{} {}", "line 1, there is something after the end."),
        ('{"level": NaN}', "NaN is no JSON value."),
        ("[" * 4_000, "it is nested too deep."),
    ],
)
def test_what_is_wrong_with_the_json_is_told_with_its_line(text: str, trouble: str) -> None:
    assert check_claims(text) == f"JWT Payload is not valid JSON: {trouble}"


@pytest.mark.parametrize("claims", ["[]", "1", '"iss"', "null", [], None, 3])
def test_claims_are_an_object(claims: object) -> None:
    assert check_claims(claims) == 'JWT Payload must be a JSON object, as in {"iss": "retour"}.'


def test_claims_have_a_bound() -> None:
    assert check_claims({"note": "n" * 4_000}) is None
    assert check_claims({"note": "n" * 4_096}) == "Enter a JWT Payload of at most 4,096 bytes."
    assert check_claims(" " * 4_097) == "Enter a JWT Payload of at most 4,096 bytes."


@given(st.text(max_size=100))
def test_no_text_breaks_the_checks(text: str) -> None:
    check_claims(text)
    for algorithm in signing.ALGORITHMS:
        check_secret(algorithm, text)


def test_what_is_accepted_can_be_signed() -> None:
    claims = {"iss": "ü", "big": 2**60, "list": [1, None, True]}
    assert check_claims(claims) is None
    value = Tokens().bearer("w", authentication(claims={**claims, "aud": "hooks"}), SECRETS["HS256"], NOW)
    assert read(value, SECRETS["HS256"], "HS256")["list"] == [1, None, True]
