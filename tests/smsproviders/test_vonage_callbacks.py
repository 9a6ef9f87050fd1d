"""Callbacks of Vonage: what its own library believes, and what we do."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vonage_http_client.auth import Auth
from vonage_jwt import verify_signature

from outside.vonage import FakeVonage
from retour import ids, limits
from retour.smsproviders import vonage
from retour.smsproviders.shapes import Posted, Report

METHODS = ("md5", "sha1", "sha256", "sha512")
NAMES = st.text(min_size=1, max_size=8).filter(lambda name: name not in ("sig", "timestamp"))
PARAMETERS = st.dictionaries(NAMES, st.text(max_size=20), max_size=5)
URL = "https://retour.example/callbacks/vonage/x"


@settings(max_examples=60)
@given(method=st.sampled_from(METHODS), fields=PARAMETERS, changed=PARAMETERS, by_get=st.booleans())
def test_the_library_and_we_believe_the_same(
    method: str, fields: dict[str, str], changed: dict[str, str], by_get: bool
) -> None:
    account = FakeVonage(method=method)
    auth = Auth(api_key=account.key, signature_secret=account.signature_secret, signature_method=method)
    signed = account.signed(fields)
    assert auth.check_signature(dict(signed))
    for one in (signed, changed | {name: signed[name] for name in ("timestamp", "nonce", "sig")}):
        encoded = urlencode(one)
        posted = Posted(f"{URL}?{encoded}", {}, b"") if by_get else Posted(URL, {}, encoded.encode())
        assert vonage.genuine(posted, account.settings(), ids.now()) == auth.check_signature(dict(one))


@pytest.mark.parametrize("seconds", [-limits.CALLBACK_AHEAD, limits.CALLBACK_AGE])
def test_a_signature_is_good_for_a_day_and_a_little_before_its_time(seconds: int) -> None:
    account, now = FakeVonage(), ids.now() // limits.SECOND * limits.SECOND
    posted = Posted(URL, {}, urlencode(account.signed({"status": "delivered"}, now / limits.SECOND)).encode())
    assert vonage.genuine(posted, account.settings(), now + seconds)
    further = limits.SECOND if seconds > 0 else -limits.SECOND
    assert not vonage.genuine(posted, account.settings(), now + seconds + further)


@pytest.mark.parametrize("raw", [b'{"status":"delivered"}', b"status=delivered", b'{"status":"\xc3\xa4"}'])
def test_the_library_verifies_the_token_that_we_believe(raw: bytes) -> None:
    account = FakeVonage()
    token = account.token(raw)
    assert verify_signature(token, account.signature_secret)
    assert not verify_signature(token, account.signature_secret + "x")
    headers = {"authorization": f"Bearer {token}"}
    assert vonage.genuine(Posted(URL, headers, raw), account.settings(), ids.now())
    assert not vonage.genuine(Posted(URL, headers, raw + b" "), account.settings(), ids.now())
    other = account.settings() | {"signatureSecret": account.signature_secret + "x"}
    assert not vonage.genuine(Posted(URL, headers, raw), other, ids.now())


def test_a_query_adds_nothing_to_a_body_that_was_signed() -> None:
    """Who caught a genuine callback may not lead it to another message."""
    account = FakeVonage()
    raw = urlencode(account.signed({"status": "delivered", "messageId": "1"})).encode()
    posted = Posted(f"{URL}?client-ref=another&messageId=2", {}, raw)
    assert vonage.genuine(posted, account.settings(), ids.now())
    (report,) = vonage.read(posted, account.settings())
    assert isinstance(report, Report)
    assert (report.mark, report.reference) == ("", "1")


@pytest.mark.parametrize(
    "told",
    [{"messageId": "1", "client-ref": "m"}, {"message_uuid": "1", "client_ref": "m"}],
    ids=["sms", "messages"],
)
def test_a_status_names_its_message_by_our_mark_and_by_vonage_s_id(told: dict[str, str]) -> None:
    posted = Posted(URL, {}, json.dumps(told | {"status": "delivered"}).encode())
    (report,) = vonage.read(posted, {})
    assert isinstance(report, Report)
    assert (report.mark, report.reference) == ("m", "1")
