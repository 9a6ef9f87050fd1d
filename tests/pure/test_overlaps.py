"""Which secrets are good while one is changed, and which key signs: decisions without a clock of their own."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from retour import signing
from retour.model import ChannelKind, JwtAuthentication, JwtKey, RetiringSecret, Sealed, Webhook

END = 1_000
PUBLIC = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}  # RFC 8037, A.2
THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"  # RFC 8037, A.3


def key(name: str, signs_from: int = 0, until: int | None = None) -> JwtKey:
    return JwtKey(
        algorithm="EdDSA",
        secret=Sealed(sealed=name),
        key_id=name,
        public=PUBLIC,
        signs_from=signs_from,
        until=until,
    )


def webhook(*keys: JwtKey, secrets: tuple[int, ...] = ()) -> Webhook:
    """keys: the newest first. secrets: the ends of retiring signing secrets."""
    newest, *retiring = keys
    jwt = JwtAuthentication(
        algorithm=newest.algorithm,
        secret=newest.secret,
        claims={},
        key_id=newest.key_id,
        public=newest.public,
        signs_from=newest.signs_from,
        retiring=tuple(retiring),
    )
    return Webhook(
        sandbox="s",
        id="w",
        name="Order status",
        channels=(ChannelKind.EMAIL,),
        url="https://hooks.luma.example/",
        authentication=jwt,
        retiring_secrets=tuple(RetiringSecret(secret=Sealed(sealed="x"), until=until) for until in secrets),
    )


@pytest.mark.parametrize(
    ("now", "name"), [(0, "old"), (99, "old"), (100, "new"), (999, "new"), (END, "new"), (10**9, "new")]
)
def test_the_old_key_signs_until_the_new_one_begins(now: int, name: str) -> None:
    keys = (key("new", signs_from=100), key("old", until=END))
    assert keys[signing.signer(keys, now)].key_id == name


def test_of_three_keys_the_newest_that_has_begun_signs() -> None:
    keys = (key("third", 300), key("second", 100, until=END), key("first", until=END))
    signing_now = [keys[signing.signer(keys, now)].key_id for now in (50, 100, 299, 300)]
    assert signing_now == ["first", "second", "second", "third"]


def test_a_key_that_has_ended_signs_nothing_even_if_the_clock_goes_wrong() -> None:
    keys = (key("new", signs_from=5_000), key("old", until=END))
    assert keys[signing.signer(keys, END)].key_id == "new"


def test_the_set_holds_the_keys_of_tokens_that_may_come() -> None:
    jwt = webhook(key("new"), key("old", until=END)).authentication
    assert [one["kid"] for one in signing.public_keys(jwt, END - 1)] == ["new", "old"]
    assert [one["kid"] for one in signing.public_keys(jwt, END)] == ["new"]
    assert signing.public_keys(None, 0) == []


def test_a_secret_is_in_no_set() -> None:
    shared = msgspec.structs.replace(key("s"), algorithm="HS256", public=None)
    assert signing.public_keys(webhook(shared, key("old", until=END)).authentication, 0) == [
        signing.published("EdDSA", "old", PUBLIC)
    ]


def test_the_thumbprint_is_that_of_the_rfc() -> None:
    assert signing.key_name(None, PUBLIC) == THUMBPRINT
    assert signing.key_name(None, PUBLIC | {"kid": "x", "use": "sig"}) == THUMBPRINT


def test_what_has_ended_goes_and_the_rest_stays() -> None:
    full = webhook(key("new"), key("b", until=END), key("a", until=END + 5), secrets=(END, END + 9))
    assert signing.first_end(full) == END
    rest = signing.without_ended(full, END)
    assert rest.authentication is not None
    assert [one.key_id for one in rest.authentication.keys] == ["new", "a"]
    assert [one.until for one in rest.retiring_secrets] == [END + 9]
    assert signing.first_end(rest) == END + 5
    none = signing.without_ended(rest, END + 9)
    assert signing.first_end(none) is None
    assert none == webhook(key("new"))


OLD_DOCUMENT: dict[str, Any] = {
    "sandbox": "s",
    "id": "w",
    "name": "Order status",
    "channels": ["email"],
    "url": "https://hooks.luma.example/",
    "authentication": {"algorithm": "ES256", "secret": {"sealed": "v1.x.y"}, "claims": {"iss": "retour"}},
    "signing_secret": {"sealed": "v1.x.z"},
}


def test_a_webhook_stored_before_rotations_is_still_read() -> None:
    read = msgspec.json.decode(msgspec.json.encode(OLD_DOCUMENT), type=Webhook)
    assert read.authentication is not None
    assert read.authentication.keys == (JwtKey(algorithm="ES256", secret=Sealed(sealed="v1.x.y")),)
    assert (read.retiring_secrets, read.authentication.per_request) == ((), False)
    assert signing.without_ended(read, 10**18) == read
