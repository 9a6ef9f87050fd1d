"""sealing: what is sealed opens at its own place with its own key, and nowhere else."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from retour.errors import ConfigError
from retour.sealing import Keys, WrongKey

OLD = "the key of last year, long enough to be one"
NEW = "the key of this year, long enough to be one"
HERE = {"sandbox": "acme-prod", "row": "webhook-1", "column": "secret"}
ELSEWHERE = [
    {**HERE, "sandbox": "other-prod"},
    {**HERE, "row": "webhook-2"},
    {**HERE, "column": "header"},
    {"sandbox": "acme-prod", "row": "webhook-1secret", "column": ""},
    {"sandbox": "acme-prodwebhook-1", "row": "", "column": "secret"},
]


@given(st.binary(max_size=300), st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_what_is_sealed_opens_again(plain: bytes, sandbox: str, row: str, column: str) -> None:
    place = {"sandbox": sandbox, "row": row, "column": column}
    keys = Keys(NEW)
    assert keys.open(keys.seal(plain, **place), **place) == plain
    assert keys.open_bytes(keys.seal_bytes(plain, **place), **place) == plain


def test_a_sealed_text_names_its_key_and_hides_its_content() -> None:
    keys = Keys(NEW)
    first, second = keys.seal(b"hush", **HERE), keys.seal(b"hush", **HERE)
    assert first.startswith(f"v1.{keys.key_id}.")
    assert first != second
    assert b"hush" not in keys.seal_bytes(b"hush", **HERE)
    assert len(keys.seal_bytes(b"hush", **HERE)) == len(b"hush") + 33


def test_the_form_is_the_documented_one() -> None:
    """Made without our code: the sandbox's own key by HKDF, then AES-256-GCM over the place."""
    info = b"retour v1 seal acme-prod"
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(NEW.encode())
    place = b"9:acme-prod9:webhook-16:secret"
    content = AESGCM(key).encrypt(b"n" * 12, b"hush", place)
    sealed = b"\x01" + bytes.fromhex(Keys(NEW).key_id) + b"n" * 12 + content
    assert Keys(NEW).open_bytes(sealed, **HERE) == b"hush"


@pytest.mark.parametrize("place", ELSEWHERE)
def test_a_value_copied_elsewhere_does_not_open(place: dict[str, str]) -> None:
    keys = Keys(NEW)
    with pytest.raises(WrongKey, match="does not belong to this place"):
        keys.open(keys.seal(b"hush", **HERE), **place)
    with pytest.raises(WrongKey, match="does not belong to this place"):
        keys.open_bytes(keys.seal_bytes(b"hush", **HERE), **place)


def test_another_key_is_refused_with_what_to_do() -> None:
    sealed = Keys(OLD).seal(b"hush", **HERE)
    with pytest.raises(
        ConfigError, match="Set RETOUR_SECRET_KEY to the key that this database was made with"
    ):
        Keys(NEW).open(sealed, **HERE)
    with pytest.raises(WrongKey, match=Keys(OLD).key_id):
        Keys(NEW).open_bytes(Keys(OLD).seal_bytes(b"hush", **HERE), **HERE)


def test_both_keys_open_while_the_new_one_seals() -> None:
    both = Keys(NEW, OLD)
    assert both.open(Keys(OLD).seal(b"hush", **HERE), **HERE) == b"hush"
    assert Keys(NEW).open(both.seal(b"hush", **HERE), **HERE) == b"hush"


@pytest.mark.parametrize("sealed", ["", "v1", "v2.00.AA==", "v1.zz.AA==", "v1.00.%%%", "v1.0.0.0", "hush"])
def test_what_was_never_sealed_does_not_open(sealed: str) -> None:
    with pytest.raises(WrongKey):
        Keys(NEW).open(sealed, **HERE)
    with pytest.raises(WrongKey):
        Keys(NEW).open_bytes(sealed.encode(), **HERE)


@given(st.binary(max_size=60))
def test_no_bytes_break_opening(sealed: bytes) -> None:
    keys = Keys(NEW)
    for content in (sealed, b"\x01" + bytes.fromhex(keys.key_id) + sealed):
        with pytest.raises(WrongKey):
            keys.open_bytes(content, **HERE)


@given(st.integers(min_value=0, max_value=10_000), st.integers(min_value=1, max_value=255))
def test_a_changed_byte_anywhere_is_noticed(place: int, change: int) -> None:
    keys = Keys(NEW)
    sealed = bytearray(keys.seal_bytes(b"some personal content", **HERE))
    sealed[place % len(sealed)] ^= change
    with pytest.raises(WrongKey):
        keys.open_bytes(bytes(sealed), **HERE)


def test_a_store_made_with_another_key_is_noticed_at_the_start() -> None:
    assert Keys(NEW).verify_check(Keys(NEW).check_value()) is True
    assert Keys(NEW, OLD).verify_check(Keys(OLD).check_value()) is False
    with pytest.raises(WrongKey, match="RETOUR_SECRET_KEY"):
        Keys(NEW).verify_check(Keys(OLD).check_value())


def test_each_purpose_has_a_key_of_its_own() -> None:
    keys = Keys(NEW)
    derived = {keys.derive("session"), keys.derive("token"), Keys(OLD).derive("session")}
    assert len(derived) == 3
    assert keys.derive("session") == Keys(NEW, OLD).derive("session")
    assert {len(key) for key in derived} == {32}


def test_an_empty_key_is_refused() -> None:
    with pytest.raises(WrongKey, match="32 characters"):
        Keys("")
