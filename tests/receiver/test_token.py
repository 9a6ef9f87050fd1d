"""The JWT, as who receives it checks it: every algorithm of a webhook, every form of key, nothing else."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from typing import Any

import jwt as pyjwt
import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from receiver.genuine import (
    BODY,
    CLAIMS,
    NOW,
    PRIVATE_KEYS,
    SECOND,
    SECRET,
    SECRETS,
    bearer,
    headers,
    public_pem,
    rule,
)
from retour import limits
from retour.receiver import ALGORITHMS, JwtRule, Step, first_trouble
from retour.signing import ALGORITHMS as SIGNED

KINDS: dict[str, Any] = {"ES256": ECKey, "RS256": RSAKey, "EdDSA": OKPKey}


def trouble(asked: JwtRule, value: str, now: int = NOW) -> str | None:
    """The sentence about the token; None if it passes."""
    found = first_trouble({**headers(), asked.header.lower(): value}, BODY, now, secrets=[SECRET], jwt=asked)
    assert found is None or found.step is Step.TOKEN
    return found.sentence if found else None


def jwk(algorithm: str, **more: str) -> dict[str, Any]:
    """The public key; of a shared secret the secret."""
    if algorithm in SECRETS:
        return {**OctKey.import_key(SECRETS[algorithm]).as_dict(), **more}
    made: dict[str, Any] = KINDS[algorithm].import_key(public_pem(algorithm)).as_dict(private=False)
    return made | more


def another(algorithm: str) -> dict[str, Any]:
    """A public key that signed nothing here."""
    size = {"ES256": "P-256", "RS256": 2048, "EdDSA": "Ed25519"}[algorithm]
    made: dict[str, Any] = KINDS[algorithm].generate_key(size).as_dict(private=False)
    return made


def by_pyjwt(claims: dict[str, Any], **more: Any) -> str:
    return "Bearer " + pyjwt.encode({"exp": SECOND + 60, **CLAIMS, **claims}, SECRETS["HS256"], **more)


def test_every_algorithm_of_a_webhook_can_be_verified_and_no_other() -> None:
    assert set(ALGORITHMS) == set(SIGNED)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_the_product_signs_verifies_by_secret_or_pem(algorithm: str) -> None:
    assert trouble(rule(algorithm), bearer(algorithm)) is None


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_pyjwt_signs_verifies_too(algorithm: str) -> None:
    key: Any = SECRETS.get(algorithm) or PRIVATE_KEYS[algorithm]
    value = pyjwt.encode({**CLAIMS, "exp": SECOND + 60}, key, algorithm=algorithm)
    assert trouble(rule(algorithm), f"Bearer {value}") is None


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_key_can_be_a_jwk(algorithm: str) -> None:
    assert trouble(rule(algorithm, key=jwk(algorithm)), bearer(algorithm)) is None


@pytest.mark.parametrize("algorithm", list(PRIVATE_KEYS))
def test_of_a_set_the_key_with_the_token_s_id_is_taken(algorithm: str) -> None:
    other = another(algorithm)
    keys = [{**other, "kid": "old"}, *(jwk(name, kid="new") for name in PRIVATE_KEYS)]
    asked = rule(algorithm, key={"keys": keys})
    assert trouble(asked, bearer(algorithm, key_id="new")) is None
    nameless = pyjwt.encode({**CLAIMS, "exp": SECOND + 60}, PRIVATE_KEYS[algorithm], algorithm=algorithm)
    assert trouble(asked, f"Bearer {nameless}") is None, "without an id every fitting key is tried"
    assert "another secret or key" in str(trouble(asked, bearer(algorithm, key_id="old")))
    assert "fetch the JWKS again" in str(trouble(asked, bearer(algorithm, key_id="gone")))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_another_key_does_not_verify(algorithm: str) -> None:
    asked = rule(algorithm, key="t" * 64 if algorithm in SECRETS else another(algorithm))
    assert "another secret or key" in str(trouble(asked, bearer(algorithm)))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_by_another_algorithm_is_refused(algorithm: str) -> None:
    for other in set(ALGORITHMS) - {algorithm}:
        assert f"{algorithm} is expected" in str(trouble(rule(algorithm), bearer(other)))


def test_an_unsigned_token_is_refused_whatever_the_rule_says() -> None:
    value = "Bearer " + pyjwt.encode({**CLAIMS, "exp": SECOND + 60}, "", algorithm="none")
    assert "signed by none" in str(trouble(rule(), value))
    asked = JwtRule(key=SECRETS["HS256"], algorithm="none")
    assert "not an algorithm of a webhook" in str(trouble(asked, value))


def test_a_public_key_can_not_be_used_as_a_shared_secret() -> None:
    asked = JwtRule(key=public_pem("RS256"), algorithm="HS256")
    assert "this is a key file" in str(trouble(asked, bearer()))


@pytest.mark.parametrize("key", ["", "short", {"kty": "oct"}, {"kty": "EC"}, {"keys": []}])
def test_a_key_that_is_none_is_told_from_one_that_does_not_match(key: Any) -> None:
    said = str(trouble(rule(key=key), bearer()))
    assert "another secret or key" not in said
    assert "secret" in said or "key" in said


@pytest.mark.parametrize("algorithm", list(PRIVATE_KEYS))
def test_a_pem_of_another_kind_is_told(algorithm: str) -> None:
    other = next(name for name in PRIVATE_KEYS if name != algorithm)
    assert "can't be read" in str(trouble(rule(algorithm, key=public_pem(other)), bearer(algorithm)))
    assert "can't be read" in str(trouble(rule(algorithm, key="no key"), bearer(algorithm)))


# --- what it says ---


def test_it_is_good_until_it_expires_and_both_clocks_are_shown() -> None:
    asked = rule()
    token = bearer(now=NOW - 299 * limits.SECOND)
    assert trouble(asked, token) is None
    said = str(trouble(asked, bearer(now=NOW - 300 * limits.SECOND)))
    assert "expired 0 s ago: exp is 2026-10-06T18:22:41.000Z, our clock says 2026-10-06T18:22:41.500Z" in said


@pytest.mark.parametrize("exp", ["soon", True, None, [1]])
def test_a_token_without_an_end_is_refused(exp: Any) -> None:
    value = pyjwt.api_jws.encode(json.dumps({**CLAIMS, "exp": exp}).encode(), SECRETS["HS256"], "HS256")
    assert "no time of expiry" in str(trouble(rule(), f"Bearer {value}"))


def test_a_token_is_not_good_before_its_time() -> None:
    assert trouble(rule(), by_pyjwt({"nbf": SECOND})) is None
    assert "not good before" in str(trouble(rule(), by_pyjwt({"nbf": SECOND + 1})))


def test_a_claim_that_is_missing_or_different_is_named() -> None:
    asked = rule(claims=CLAIMS | {"sub": "acme"})
    assert str(trouble(asked, bearer())) == 'The claim sub of the JWT is missing; expected "acme".'
    assert 'is "other"; expected "acme"' in str(trouble(asked, by_pyjwt({"sub": "other"})))


def test_of_several_audiences_one_has_to_be_ours() -> None:
    assert trouble(rule(), by_pyjwt({"aud": ["others", "hooks"]})) is None
    assert "claim aud" in str(trouble(rule(), by_pyjwt({"aud": ["others"]})))
    assert "claim sub" in str(trouble(rule(claims={"sub": "a"}), bearer(claims={"sub": ["a", "b"]})))


def test_header_and_prefix_are_those_of_the_webhook() -> None:
    asked = rule(header="X-Token", prefix="")
    assert trouble(asked, bearer(prefix="")) is None
    assert "in the header X-Token" in str(trouble(asked, "x"))


@pytest.mark.parametrize(
    "value", ["", "Basic eDp5", "Bearer", "Bearer ", "Bearer a.b.c", "Bearer ü", "Bearer ...."]
)
def test_what_is_no_token_is_refused(value: str) -> None:
    assert "no JWT in the header Authorization" in str(trouble(rule(), value))


def test_a_token_that_holds_no_object_is_refused() -> None:
    head, _, _ = bearer().removeprefix("Bearer ").split(".")
    for content in (b"[]", b"\xff", b"1"):
        middle = base64.urlsafe_b64encode(content).rstrip(b"=").decode()
        assert trouble(rule(), f"Bearer {head}.{middle}.AAAA")


def test_eddsa_is_verified_without_a_warning_from_a_process_that_never_signs() -> None:
    """Warnings are errors here; the side that signs silences its own."""
    code = (
        "import sys, warnings; warnings.simplefilter('error'); from retour.receiver import JwtRule, verify;"
        "verify({'webhook-id': 'event-2', 'webhook-timestamp': sys.argv[1], 'webhook-signature': sys.argv[2],"
        " 'authorization': sys.argv[3]}, sys.stdin.buffer.read(), secret=sys.argv[4], now=int(sys.argv[5]),"
        " jwt=JwtRule(key=sys.argv[6], algorithm='EdDSA'))"
    )
    sent = headers(algorithm="EdDSA")
    given = [
        str(SECOND),
        sent["webhook-signature"],
        sent["Authorization"],
        SECRET,
        str(NOW),
        public_pem("EdDSA"),
    ]
    run = subprocess.run([sys.executable, "-c", code, *given], input=BODY, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()
